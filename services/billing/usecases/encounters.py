"""Coding and signing visits: from codes to priced, placed and posted charge lines."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from billing import published
from billing.domain import fees
from billing.domain.charges import (
    ChargeLine,
    CodedLine,
    CodingFault,
    Modality,
    TelehealthFacts,
    charge_lines,
    coding_faults,
    normalised,
    place_of_service,
    plain_diagnosis,
)
from billing.domain.fees import FeeScheduleKind
from billing.domain.ledger import Entry, LineBalance, charge_entries
from billing.domain.payers import TelehealthTable
from billing.errors import NoPrice, TelehealthFactsMissing
from billing.store import Store
from billing.store_encounters import visit_of
from billing.store_ledger import line_dimensions
from billing.tables_directory import Location
from billing.tables_money import ChargeLine as ChargeLineRow
from billing.tables_money import Encounter
from billing.usecases import accounts, charge_holds, claims, discounts, eligibility, journals
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, Violation


@dataclass(frozen=True, slots=True)
class SaveCodes:
    """A visit's codes as the clinician gives them; `facts` are plain texts by the names of ClaimFacts."""

    encounter_id: UUID
    diagnoses: tuple[str, ...]
    lines: tuple[CodedLine, ...]
    facts: Mapping[str, str]
    telehealth: TelehealthFacts | None
    version: int


@dataclass(frozen=True, slots=True)
class EncounterView:
    """A visit with its charge lines, their balances, and who owes them."""

    encounter: Encounter
    charges: Sequence[ChargeLineRow] = ()
    balances: Mapping[UUID, LineBalance] = field(default_factory=dict)
    payer_codes: Mapping[UUID, str] = field(default_factory=dict)


def get_encounter(call: Call, encounter_id: UUID) -> EncounterView:
    """One visit with its charges. Raises NotFound."""
    store = Store(call.session)
    encounter = store.need(Encounter, encounter_id, "encounter")
    if call.principal.location_ids and encounter.location_id not in call.principal.location_ids:
        raise NotFound("encounter")
    return view(store, encounter)


def list_encounters(
    call: Call,
    *,
    appointment_ids: Sequence[UUID],
    patient_id: UUID | None,
    location_id: UUID | None,
    practitioner_id: UUID | None,
    states: Sequence[str],
    first_day: date | None,
    last_day: date | None,
    page_size: int,
    page_token: str,
) -> tuple[list[Encounter], str]:
    """Visits by start, of the locations the caller may see."""
    return Store(call.session).encounter_page(
        appointment_ids=appointment_ids,
        patient_id=patient_id,
        location_id=location_id,
        practitioner_id=practitioner_id,
        states=states,
        first_day=first_day,
        last_day=last_day,
        location_ids=call.principal.location_ids,
        page_size=page_size,
        page_token=page_token,
    )


def list_missing_charges(
    call: Call,
    *,
    location_id: UUID | None,
    practitioner_id: UUID | None,
    up_to: date | None,
    page_size: int,
    page_token: str,
) -> tuple[list[Encounter], str]:
    """Visits that were seen and are neither signed nor without charge, the oldest first."""
    return Store(call.session).missing_charges(
        location_id=location_id,
        practitioner_id=practitioner_id,
        up_to=up_to,
        location_ids=call.principal.location_ids,
        page_size=page_size,
        page_token=page_token,
    )


def view(store: Store, encounter: Encounter) -> EncounterView:
    """The visit with its charge lines as they stand in the ledger now."""
    charges = store.charges_of_encounters([encounter.id])
    return EncounterView(
        encounter, charges, journals.line_balances(store, [line.id for line in charges]), store.payer_codes()
    )


def save_codes(call: Call, command: SaveCodes, billable: Container[str]) -> EncounterView:
    """Replaces an open visit's codes. Raises InvalidInput (every fault), FailedPrecondition, StaleVersion, NotFound."""
    store = Store(call.session)
    encounter = _open(call, store, command.encounter_id, command.version)
    lines = tuple(normalised(line) for line in command.lines)
    _refuse(coding_faults(command.diagnoses, lines, billable, complete=False))
    encounter.diagnoses = [plain_diagnosis(code) for code in command.diagnoses]
    encounter.lines = [line_to_json(line) for line in lines]
    encounter.facts = dict(command.facts)
    recorded = bool(encounter.telehealth and encounter.telehealth.get("recorded"))
    if command.telehealth is not None and not recorded:
        encounter.telehealth = {
            "patient_at_home": command.telehealth.patient_at_home,
            "audio_only": command.telehealth.audio_only,
            "seconds_together": 0,
            "recorded": False,
        }
    store.session.flush()
    return EncounterView(encounter)


def sign_encounter(call: Call, encounter_id: UUID, version: int, billable: Container[str]) -> EncounterView:
    """The clinician's signature: prices, places and posts the charges and drafts the claims, unless a rule wants them looked at first.

    Works on any day after the visit; prices and rules are those of the day of service. Raises InvalidInput, NoPrice,
    TelehealthFactsMissing, FailedPrecondition, StaleVersion, NotFound.
    """
    store = Store(call.session)
    encounter = _open(call, store, encounter_id, version)
    coded = [line_from_json(line) for line in encounter.lines]
    _refuse(coding_faults(encounter.diagnoses, coded, billable, complete=True))
    location = _location(store, encounter)
    lines, schedules = _charged(call, store, encounter, location, coded)

    encounter.signed_at, encounter.signed_by = call.now, call.principal.id
    if charge_holds.hold(call, store, encounter, lines):
        return EncounterView(encounter)
    _post(call, store, encounter, location, lines, schedules)
    return view(store, encounter)


def charge_signed(call: Call, store: Store, encounter: Encounter) -> EncounterView:
    """Charges a signed visit that was held for review. Raises NoPrice, TelehealthFactsMissing, FailedPrecondition."""
    location = _location(store, encounter)
    coded = [line_from_json(line) for line in encounter.lines]
    lines, schedules = _charged(call, store, encounter, location, coded)
    _post(call, store, encounter, location, lines, schedules)
    return view(store, encounter)


def _location(store: Store, encounter: Encounter) -> Location:
    location = store.location(encounter.location_id)
    if location is None:
        raise FailedPrecondition("The location is not known to billing yet; try again.")
    return location


def _post(
    call: Call,
    store: Store,
    encounter: Encounter,
    location: Location,
    lines: Sequence[ChargeLine],
    schedules: Sequence[UUID],
) -> None:
    """Posts the charges of a signed visit and drafts its claims."""
    encounter.state = "signed"
    rows = {
        line.charge_line_id: _row(encounter, location, line, schedule)
        for line, schedule in zip(lines, schedules, strict=True)
    }
    for row in rows.values():
        store.session.add(row)
    store.session.flush()

    plan = claims.build_for_visit(call, store, visit_of(encounter, location, lines))
    for line_id, row in rows.items():
        row.payer_id = plan.responsible.get(line_id)
        row.held_reason = plan.held.get(line_id, "")
    store.session.flush()
    journals.post(
        call,
        store,
        kind="charge",
        source=("charge", str(encounter.id)),
        memo="Charges",
        entries=_charge_entries(rows.values()),
        patient_id=encounter.patient_id,
    )
    if any(row.payer_id is None for row in rows.values()):
        discounts.at_signature(call, store, encounter)
    call.emit(
        published.visit_signed(
            encounter_id=encounter.id,
            appointment_id=encounter.appointment_id,
            patient_id=encounter.patient_id,
            signed_at=encounter.signed_at or call.now,
        )
    )
    # A copay taken for the visit pays what falls to the patient at once (self-pay).
    accounts.settle_families(call, store, [encounter.patient_id])


def no_charge(call: Call, encounter_id: UUID, reason: str, version: int) -> EncounterView:
    """Says that nothing is charged, and why; money taken for the visit becomes free. Raises as `save_codes`."""
    store = Store(call.session)
    encounter = _open(call, store, encounter_id, version)
    charge_holds.settle_returned(call, store, encounter, "Nothing is charged.")
    encounter.state, encounter.no_charge_reason = "no_charge", reason
    encounter.signed_at, encounter.signed_by = call.now, call.principal.id
    store.session.flush()
    accounts.settle_families(call, store, [encounter.patient_id])
    return EncounterView(encounter)


def _open(call: Call, store: Store, encounter_id: UUID, version: int) -> Encounter:
    encounter = store.lock(Encounter, encounter_id, "encounter")
    if call.principal.location_ids and encounter.location_id not in call.principal.location_ids:
        raise NotFound("encounter")
    call.expect_version(encounter.version, version)
    if encounter.state != "open":
        reasons = {
            "expected": "The patient has not checked in.",
            "signed": "The visit is signed.",
            "in_review": "The visit is signed, and its charges are being reviewed.",
            "no_charge": "The visit is marked as without charge.",
            "cancelled": "The visit did not take place.",
        }
        raise FailedPrecondition(reasons[encounter.state])
    return encounter


def _charged(
    call: Call, store: Store, encounter: Encounter, location: Location, coded: Sequence[CodedLine]
) -> tuple[tuple[ChargeLine, ...], list[UUID]]:
    """The priced lines, and in their order the price list version each came from."""
    table = _telehealth_table(store, encounter.patient_id, encounter.service_date)
    modality = Modality(encounter.modality)
    facts = _facts(encounter)
    if modality is not Modality.IN_PERSON and facts is None:
        raise TelehealthFactsMissing()
    candidates = store.fees_for(
        FeeScheduleKind.CHARGE_MASTER, None, [line.procedure for line in coded], encounter.service_date
    )
    schedules: list[UUID] = []

    def price(procedure: str, modifiers: tuple[str, ...]) -> int | None:
        fee = fees.choose(
            candidates,
            procedure=procedure,
            modifiers=modifiers,
            location_id=encounter.location_id,
            service_date=encounter.service_date,
        )
        if fee is None:
            return None
        schedules.append(fee.fee_schedule_id)
        return fee.amount_minor

    lines, faults = charge_lines(
        coded,
        new_id=call.new_id,
        service_date=encounter.service_date,
        place=place_of_service(modality, location.place_of_service, facts, table),
        modality=modality,
        facts=facts,
        table=table,
        price=price,
    )
    if faults:
        raise NoPrice(violations=[Violation(fault.field, fault.message) for fault in faults])
    return lines, schedules


def _telehealth_table(store: Store, patient_id: UUID, service_date: date) -> TelehealthTable:
    """The telehealth rules of whoever pays first on that day; the general ones when nobody but the patient does."""
    for coverage in eligibility.coverages_on(store, patient_id, service_date):
        payer = store.payer_by_code(coverage.payer_code, service_date)
        if payer is not None:
            return payer.telehealth
    return TelehealthTable()


def _facts(encounter: Encounter) -> TelehealthFacts | None:
    known = encounter.telehealth
    if known is None:
        return None
    return TelehealthFacts(known["patient_at_home"], known["audio_only"], known["seconds_together"])


def _row(encounter: Encounter, location: Location, line: ChargeLine, fee_schedule_id: UUID) -> ChargeLineRow:
    return ChargeLineRow(
        id=line.charge_line_id,
        encounter_id=encounter.id,
        patient_id=encounter.patient_id,
        location_id=location.id,
        billing_entity_id=location.billing_entity_id,
        line_number=line.line_number,
        procedure=line.procedure,
        modifiers=list(line.modifiers),
        diagnosis_pointers=list(line.diagnosis_pointers),
        units=line.units,
        charge_minor=line.charge_minor,
        service_date=line.service_date,
        place_of_service=line.place_of_service,
        ndc=line.ndc,
        ndc_quantity=line.ndc_quantity,
        ndc_unit=line.ndc_unit,
        fee_schedule_id=fee_schedule_id,
        payer_id=None,
        held_reason="",
    )


def _charge_entries(rows: Iterable[ChargeLineRow]) -> list[Entry]:
    entries: list[Entry] = []
    for row in rows:
        entries += charge_entries(row.charge_minor, line_dimensions(row, payer_id=row.payer_id))
    return entries


def _refuse(faults: Sequence[CodingFault]) -> None:
    if faults:
        raise InvalidInput([Violation(fault.field, fault.message) for fault in faults])


def line_to_json(line: CodedLine) -> dict[str, object]:
    """A coded line as it is stored."""
    return {
        "procedure": line.procedure,
        "units": line.units,
        "pointers": list(line.diagnosis_pointers),
        "modifiers": list(line.modifiers),
        "ndc": line.ndc,
        "ndc_quantity": line.ndc_quantity,
        "ndc_unit": line.ndc_unit,
    }


def line_from_json(stored: Mapping[str, object]) -> CodedLine:
    """A stored coded line."""
    return CodedLine(
        procedure=str(stored["procedure"]),
        units=int(stored["units"]),  # type: ignore[call-overload]
        diagnosis_pointers=tuple(stored["pointers"]),  # type: ignore[arg-type]
        modifiers=tuple(stored["modifiers"]),  # type: ignore[arg-type]
        ndc=str(stored["ndc"]),
        ndc_quantity=str(stored["ndc_quantity"]),
        ndc_unit=str(stored["ndc_unit"]),
    )
