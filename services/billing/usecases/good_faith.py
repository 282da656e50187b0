"""Good-faith estimates for people without insurance: on paper, delivered in time, compared with the bill (45 CFR 149.610, 149.620)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.adapters.estimate_paper import EstimatePaper, render_estimate
from billing.adapters.registry import Registry
from billing.domain import estimates as rules
from billing.domain.business_days import add_business_days
from billing.store import Store
from billing.tables_estimates import Estimate, EstimateDelivery
from billing.tables_money import Encounter
from billing.usecases import estimates, journals, owed_estimates, work_items
from billing.usecases.estimates import GOOD_FAITH
from chassis import files
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound
from chassis.files import StoredFile

COMPARE_DUE = "estimate.compare"
COMPARED_AT = time(12, 0)
# A bill that has not been made by then is compared when somebody asks.
COMPARED_FOR = timedelta(days=60)
EXCEEDED_KIND = "estimate_exceeded"
# 45 CFR 149.620(c)(2): the patient may start a dispute within 120 days after the bill.
DISPUTE_DAYS = timedelta(days=120)
MOST_SWEPT = 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """An estimate that is handed over: how, and to what address or whom."""

    estimate_id: UUID
    method: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Owed:
    """A visit whose patient must be given a good-faith estimate, and by when."""

    encounter: Encounter
    due_on: date
    estimate_id: UUID | None
    overdue: bool


def paper(call: Call, estimate_id: UUID, registry: Registry) -> UUID:
    """Renders an estimate once and keeps it; returns the file. Raises NotFound, Unavailable (registry)."""
    store = Store(call.session)
    row = store.lock(Estimate, estimate_id, "estimate")
    if row.file_id is not None:
        return row.file_id
    profile = registry.profiles(call, [row.patient_id]).get(row.patient_id)
    location = store.location(row.location_id)
    if profile is None or location is None:
        raise FailedPrecondition("The patient or the location is not on file.")
    pdf = render_estimate(
        EstimatePaper(
            estimate=row,
            services=tuple(estimates.services_of(row)),
            patient_name=f"{profile.person.first} {profile.person.last}",
            birth_date=profile.person.birth_date,
            location=location,
            biller=store.billing_entity(location.billing_entity_id),
            practitioner=store.practitioner(row.practitioner_id) if row.practitioner_id else None,
            made_on=journals.day_at(row.created_at, location),
        )
    )
    row.file_id = files.put(call, f"estimate-{row.id}.pdf", "application/pdf", pdf)
    store.session.flush()
    return row.file_id


def get_paper(call: Call, estimate_id: UUID) -> StoredFile:
    """The estimate as it was rendered. Raises NotFound."""
    row = Store(call.session).need(Estimate, estimate_id, "estimate")
    if row.file_id is None:
        raise NotFound("the estimate on paper")
    return files.get(call, row.file_id)


def deliver(call: Call, delivery: Delivery, registry: Registry) -> Estimate:
    """Records that an estimate was handed over, with the hash of what was handed over. The first delivery counts for the deadline.

    Raises NotFound, FailedPrecondition (a later estimate has taken its place), Unavailable (registry).
    """
    store = Store(call.session)
    row = store.lock(Estimate, delivery.estimate_id, "estimate")
    if row.superseded:
        raise FailedPrecondition("A later estimate has taken its place; deliver that one.")
    file = files.get(call, paper(call, row.id, registry))
    store.add(
        EstimateDelivery(
            estimate_id=row.id,
            number=store.next_delivery(row.id),
            patient_id=row.patient_id,
            method=delivery.method,
            recipient=delivery.recipient,
            delivered_at=call.now,
            delivered_by=call.principal.id,
            sha256=file.sha256.hex(),
        )
    )
    row.delivered_at = row.delivered_at or call.now
    owed_estimates.delivered(call, store, row)
    store.session.flush()
    if row.encounter_id is not None and row.kind == GOOD_FAITH:
        _compare_after(call, store, row, row.service_date)
    return row


def deliveries_of(call: Call, estimate_id: UUID) -> list[EstimateDelivery]:
    """Every time it was handed over, in order."""
    return Store(call.session).deliveries_of(estimate_id)


def owed(call: Call, limit: int = MOST_SWEPT) -> list[Owed]:
    """Booked visits without insurance whose good-faith estimate has not been delivered, the soonest due first."""
    store = Store(call.session)
    today = journals.local_day(call, store, None)
    found = []
    for visit in store.uninsured_visits(today - timedelta(days=1), limit):
        due_on = estimates.scene_of(call, visit.encounter, requested=False).due_on
        if due_on is not None:
            found.append(Owed(visit.encounter, due_on, visit.estimate_id, overdue=due_on < today))
    return sorted(found, key=lambda one: (one.due_on, one.encounter.id))


def compare_due(call: Call, estimate_id: UUID) -> None:
    """Due work after the visit: compares the bill with the estimate once it has been made; asks again until then."""
    store = Store(call.session)
    row = store.lock(Estimate, estimate_id, "estimate")
    encounter = store.get(Encounter, row.encounter_id) if row.encounter_id else None
    if (
        encounter is None
        or row.superseded
        or row.compared_at is not None
        or encounter.state in ("cancelled", "no_charge")
    ):
        return
    if encounter.state != "signed":
        today = journals.local_day(call, store, row.location_id)
        if encounter.service_date + COMPARED_FOR > today:
            _compare_after(call, store, row, max(encounter.service_date, today))
        return
    lines = store.charges_of_encounters([encounter.id])
    balances = journals.line_balances(store, [line.id for line in lines])
    row.billed_minor = sum(balances[line.id].charge_minor - balances[line.id].written_off_minor for line in lines)
    row.compared_at = call.now
    store.session.flush()
    if rules.substantially_exceeds(row.billed_minor, row.patient_minor):
        work_items.open_item(
            call,
            store,
            kind=EXCEEDED_KIND,
            key=str(row.id),
            title="The bill exceeds the good-faith estimate by $400 or more",
            patient_id=row.patient_id,
            amount_minor=row.billed_minor - row.patient_minor,
            due_on=journals.local_day(call, store, row.location_id) + DISPUTE_DAYS,
            detail={
                "estimate_id": str(row.id),
                "encounter_id": str(encounter.id),
                "estimated_minor": str(row.patient_minor),
                "billed_minor": str(row.billed_minor),
                "rule": "45 CFR 149.620(b)(1)",
            },
        )


def _compare_after(call: Call, store: Store, row: Estimate, day: date) -> None:
    location = store.location(row.location_id)
    zone = ZoneInfo(location.time_zone) if location else ZoneInfo("UTC")
    call.due.at(COMPARE_DUE, row.id, datetime.combine(add_business_days(day, 1), COMPARED_AT, zone))
