"""Estimates: what care will cost a patient, worked out and kept before it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.domain import estimates as rules
from billing.domain import fees
from billing.domain.benefits import CostShare, cost_share
from billing.domain.codec import from_json, to_json
from billing.domain.estimates import EstimatedService, PricedService
from billing.domain.fees import FeeScheduleKind
from billing.domain.payers import PayerProfile
from billing.domain.x12.eligibility import OFFICE_VISIT, Benefit
from billing.errors import NoPrice
from billing.store import Store
from billing.tables_claims import Coverage, EligibilityCheck
from billing.tables_estimates import Estimate
from billing.tables_money import Encounter
from billing.usecases import discounts, journals
from billing.usecases.payment_order import PaymentOrder
from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation

INSURED, GOOD_FAITH = "insured", "good_faith"


@dataclass(frozen=True, slots=True)
class AskedService:
    """A service that is expected."""

    procedure: str
    modifiers: tuple[str, ...]
    units: int


@dataclass(frozen=True, slots=True)
class AskEstimate:
    """What is to be estimated: for a booked visit (then people, place and day are the visit's), or for what is given."""

    encounter_id: UUID | None
    patient_id: UUID | None
    location_id: UUID | None
    practitioner_id: UUID | None
    service_date: date | None
    services: tuple[AskedService, ...]
    diagnoses: tuple[str, ...]
    self_pay: bool
    requested: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """An estimate that is not kept (yet); minor units."""

    kind: str
    patient_id: UUID
    encounter_id: UUID | None
    location_id: UUID
    practitioner_id: UUID | None
    service_date: date
    asked_on: date
    due_on: date | None
    diagnoses: tuple[str, ...]
    services: tuple[EstimatedService, ...]
    coverage: Coverage | None = None
    payer: PayerProfile | None = None
    basis: dict[str, str] = field(default_factory=dict)

    @property
    def charge_minor(self) -> int:
        """Before anything is taken off."""
        return sum(service.charge_minor for service in self.services)

    @property
    def patient_minor(self) -> int:
        """What the patient will pay."""
        return sum(service.patient_minor for service in self.services)


def draw(call: Call, asked: AskEstimate) -> Drawn:
    """Works an estimate out from prices, contract, benefits and discounts of the day. Raises NotFound, InvalidInput, NoPrice."""
    store = Store(call.session)
    return drawn_for(call, store, _scene(call, store, asked), asked.services, self_pay=asked.self_pay)


def drawn_for(
    call: Call, store: Store, scene: Drawn, services: Sequence[AskedService], *, self_pay: bool = False
) -> Drawn:
    """The estimate of a scene (people, place and day). Raises NoPrice."""
    order = [] if self_pay else PaymentOrder(store).of(scene.patient_id, scene.service_date)
    coverage, payer = order[0] if order else (None, None)
    priced = _priced(store, scene, services, payer)
    if coverage is None or payer is None:
        charges = [service.charge_minor for service in priced]
        found = discounts.discount_on(store, scene.patient_id, charges, scene.service_date, insured=False)
        names = {"discount": discounts.NAMES[found.kind]} if found.kind in discounts.NAMES else {}
        parts = rules.self_pay_shares(priced, found.pays_minor)
        return replace(scene, kind=GOOD_FAITH, services=parts, basis=names)
    answer = store.last_answer(coverage.id)
    share = share_of(answer, scene.service_date) if answer else CostShare(OFFICE_VISIT)
    protected = bool(answer and answer.protected)
    return replace(
        scene,
        kind=INSURED,
        due_on=None,
        services=rules.insured_shares(priced, share, protected=protected),
        coverage=coverage,
        payer=payer,
        basis=_basis(priced, answer, protected=protected),
    )


def create(call: Call, asked: AskEstimate) -> Estimate:
    """Works an estimate out and keeps it; earlier ones of the same visit hold no more. Raises as `draw`."""
    return keep(call, Store(call.session), draw(call, asked))


def keep(call: Call, store: Store, drawn: Drawn) -> Estimate:
    """Keeps an estimate that was worked out."""
    if drawn.encounter_id is not None:
        store.supersede_estimates(drawn.encounter_id)
    return store.add(
        Estimate(
            id=call.new_id(),
            kind=drawn.kind,
            patient_id=drawn.patient_id,
            encounter_id=drawn.encounter_id,
            location_id=drawn.location_id,
            practitioner_id=drawn.practitioner_id,
            coverage_id=drawn.coverage.id if drawn.coverage else None,
            payer_id=drawn.payer.payer_id if drawn.payer else None,
            service_date=drawn.service_date,
            asked_on=drawn.asked_on,
            due_on=drawn.due_on,
            diagnoses=list(drawn.diagnoses),
            services=to_json(list(drawn.services)),
            charge_minor=drawn.charge_minor,
            patient_minor=drawn.patient_minor,
            basis=drawn.basis,
            created_at=call.now,
            created_by=call.principal.id,
            file_id=None,
            delivered_at=None,
            superseded=False,
            compared_at=None,
            billed_minor=None,
        )
    )


def get_estimate(call: Call, estimate_id: UUID) -> Estimate:
    """One estimate. Raises NotFound."""
    return Store(call.session).need(Estimate, estimate_id, "estimate")


def list_estimates(
    call: Call, patient_id: UUID | None, encounter_id: UUID | None, page_size: int, page_token: str
) -> tuple[list[Estimate], str]:
    """Estimates, the newest first."""
    return Store(call.session).estimate_page(
        patient_id=patient_id, encounter_id=encounter_id, page_size=page_size, page_token=page_token
    )


def services_of(row: Estimate) -> list[EstimatedService]:
    """A kept estimate's services."""
    return [from_json(EstimatedService, service) for service in row.services]


def share_of(answer: EligibilityCheck, on: date, service_type: str = OFFICE_VISIT) -> CostShare:
    """What the last good answer says about a kind of service on a day."""
    return cost_share([from_json(Benefit, kept) for kept in answer.benefits], service_type, on)


def scene_of(call: Call, encounter: Encounter, *, requested: bool, diagnoses: Sequence[str] = ()) -> Drawn:
    """Who, where and when of a booked visit; it was asked for on the day it was booked, or today when the patient asks."""
    zone = ZoneInfo(encounter.time_zone)
    asked_on = (call.now if requested or encounter.booked_at is None else encounter.booked_at).astimezone(zone).date()
    return Drawn(
        kind="",
        patient_id=encounter.patient_id,
        encounter_id=encounter.id,
        location_id=encounter.location_id,
        practitioner_id=encounter.practitioner_id,
        service_date=encounter.service_date,
        asked_on=asked_on,
        due_on=rules.good_faith_due(asked_on, encounter.service_date, requested=requested),
        diagnoses=tuple(diagnoses),
        services=(),
    )


def _scene(call: Call, store: Store, asked: AskEstimate) -> Drawn:
    if asked.encounter_id is not None:
        encounter = store.need(Encounter, asked.encounter_id, "encounter")
        if call.principal.location_ids and encounter.location_id not in call.principal.location_ids:
            raise NotFound("encounter")
        return scene_of(call, encounter, requested=asked.requested, diagnoses=asked.diagnoses)
    if asked.patient_id is None or asked.location_id is None:
        raise InvalidInput([Violation("encounter_id", "or patient_id and location_id")])
    if store.patient(asked.patient_id) is None:
        raise NotFound("patient")
    location = store.location(asked.location_id)
    if location is None:
        raise InvalidInput([Violation("location_id", "is not a location")])
    today = journals.day_at(call.now, location)
    day = asked.service_date or today
    return Drawn(
        kind="",
        patient_id=asked.patient_id,
        encounter_id=None,
        location_id=location.id,
        practitioner_id=asked.practitioner_id,
        service_date=day,
        asked_on=today,
        due_on=rules.good_faith_due(today, day, requested=asked.requested),
        diagnoses=asked.diagnoses,
        services=(),
    )


def _priced(
    store: Store, scene: Drawn, services: Sequence[AskedService], payer: PayerProfile | None
) -> list[PricedService]:
    codes = [service.procedure for service in services]
    charges = store.fees_for(FeeScheduleKind.CHARGE_MASTER, None, codes, scene.service_date)
    contract = store.fees_for(FeeScheduleKind.CONTRACT, payer.payer_id, codes, scene.service_date) if payer else []
    priced, violations = [], []
    for index, service in enumerate(services):
        values = {
            "procedure": service.procedure,
            "modifiers": service.modifiers,
            "location_id": scene.location_id,
            "service_date": scene.service_date,
        }
        charge = fees.choose(charges, **values)  # type: ignore[arg-type]
        if charge is None:
            violations.append(
                Violation(f"services[{index}].procedure", f"{service.procedure} has no price on that day")
            )
            continue
        allowed = fees.choose(contract, payer_id=payer.payer_id, **values) if payer else None  # type: ignore[arg-type]
        priced.append(
            PricedService(
                service.procedure,
                service.modifiers,
                service.units,
                charge.amount_minor * service.units,
                None if allowed is None else allowed.amount_minor * service.units,
            )
        )
    if violations:
        raise NoPrice(violations=violations)
    return priced


def _basis(priced: Sequence[PricedService], answer: EligibilityCheck | None, *, protected: bool) -> dict[str, str]:
    """What the estimate rests on, so that who reads it knows how far to trust it."""
    known = sum(service.allowed_minor is not None for service in priced)
    basis = {"contract": "all" if known == len(priced) else "some" if known else "none"}
    if answer is None or answer.answered_at is None:
        return {**basis, "benefits": "none"}
    return {**basis, "benefits": answer.answered_at.isoformat(), **({"protected": "yes"} if protected else {})}
