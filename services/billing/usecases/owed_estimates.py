"""Good-faith estimates that are owed: each is a work item until it was handed over, or is owed no more (45 CFR 149.610(b)(1))."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from billing.store import Store
from billing.tables_claims import WorkItem
from billing.tables_estimates import Estimate
from billing.tables_money import Encounter
from billing.usecases import eligibility, estimates, journals, work_items
from billing.usecases.estimates import GOOD_FAITH, AskEstimate
from chassis.call import Call

OWED_DUE = "estimate.owed"
OWED_KIND = "estimate_owed"
# Who books a visit enters the coverage just after: until then nobody is troubled.
COVERAGE_ENTERED = timedelta(hours=2)


def follow_visit(call: Call, store: Store, encounter: Encounter) -> None:
    """A visit was booked, moved or cancelled: whether its estimate is owed is looked at (again)."""
    if encounter.state != "expected":
        if store.work_item_by_key(OWED_KIND, str(encounter.id)) is not None:
            call.due.at(OWED_DUE, encounter.id, call.now)
    elif not eligibility.coverages_on(store, encounter.patient_id, encounter.service_date):
        call.due.at(OWED_DUE, encounter.id, call.now + COVERAGE_ENTERED)


def follow_coverage(call: Call, store: Store, patient_id: UUID) -> None:
    """A patient's coverage changed: estimates that are owed to them may be owed no more."""
    for item in store.open_items_of_patient(patient_id, [OWED_KIND]):
        if "encounter_id" in item.detail:
            call.due.at(OWED_DUE, item.detail["encounter_id"], call.now)


def look_at(call: Call, encounter_id: UUID) -> None:
    """Opens the work item of a visit whose estimate is owed; resolves that of one whose is not any more."""
    store = Store(call.session)
    visit = next(iter(store.uninsured_visits(call.now.date() - timedelta(days=1), 1, encounter_id)), None)
    due_on = estimates.scene_of(call, visit.encounter, requested=False).due_on if visit is not None else None
    if visit is None or due_on is None:
        _settle(call, store, encounter_id, "No estimate is owed any more.")
        return
    today = journals.local_day(call, store, visit.encounter.location_id)
    detail = {"encounter_id": str(encounter_id), "estimate_id": str(visit.estimate_id or "")}
    work_items.open_item(
        call,
        store,
        kind=OWED_KIND,
        key=str(encounter_id),
        title="A good-faith estimate must be handed over" + (": it is late" if due_on < today else ""),
        patient_id=visit.encounter.patient_id,
        due_on=due_on,
        detail={**detail, "rule": "45 CFR 149.610(b)(1)(vi)"},
    )


def create(call: Call, asked: AskEstimate) -> Estimate:
    """Makes and keeps an estimate; a good-faith one that must be handed over by a day is work until it was. Raises as `estimates.draw`."""
    row = estimates.create(call, asked)
    if row.kind == GOOD_FAITH and row.due_on is not None:
        store = Store(call.session)
        visit = {"encounter_id": str(row.encounter_id)} if row.encounter_id else {}
        work_items.open_item(
            call,
            store,
            kind=OWED_KIND,
            key=str(row.encounter_id or row.id),
            title="A good-faith estimate must be handed over",
            patient_id=row.patient_id,
            amount_minor=row.patient_minor,
            due_on=row.due_on,
            detail={**visit, "estimate_id": str(row.id), "rule": "45 CFR 149.610(b)(1)(vi)"},
        )
    return row


def delivered(call: Call, store: Store, row: Estimate) -> None:
    """An estimate was handed over: nothing is owed."""
    _settle(call, store, row.encounter_id or row.id, "The estimate was handed over.")


def _settle(call: Call, store: Store, key: UUID, resolution: str) -> None:
    item = store.work_item_by_key(OWED_KIND, str(key))
    open_items: list[WorkItem] = [item] if item is not None and item.state == work_items.OPEN else []
    work_items.settle(call, open_items, resolution)
