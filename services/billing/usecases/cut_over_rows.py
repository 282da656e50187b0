"""What rows of another system become here: charge lines, visits, claims and payments with their opening entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.domain import cut_over as rules
from billing.domain.cut_over import Row
from billing.domain.ledger import Dimensions, Entry, opening_credit_entries, opening_entries
from billing.store import Store
from billing.store_ledger import line_dimensions
from billing.tables_claims import Claim, ClaimLine, Coverage
from billing.tables_cut_over import CutOverFile, CutOverRow
from billing.tables_directory import Location, PatientCopy, Payer
from billing.tables_money import ChargeLine, Encounter, Payment
from billing.usecases import acknowledgements, claim_follow_ups, claim_life, journals, payments
from billing.usecases.payment_order import in_force
from chassis.call import Call
from chassis.errors import Unprocessable

NOON = time(12, 0)
QUEUE = "cut_over"
# Payers are asked about claims that are overdue when they are taken over: after so long, so far apart.
ASKED_SOONEST, ASKED_APART = timedelta(hours=1), timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows refer to, by what the other system calls it."""

    patients: Mapping[str, PatientCopy]
    locations: Mapping[str, Location]
    practitioners: Mapping[str, UUID]
    payers: Mapping[str, Payer]
    # By patient; of files of claims only.
    coverages: Mapping[UUID, Sequence[Coverage]]
    keys_taken: frozenset[str]
    claims_taken: frozenset[str]


def coverage_id(known: Known, patient: PatientCopy, row: Row) -> UUID | None:
    """The patient's coverage by the row's payer on its day."""
    for coverage in known.coverages.get(patient.id, ()):
        if coverage.payer_code == row.owed_by and in_force(coverage, row.service_date):
            return coverage.id
    return None


def balances(
    call: Call, store: Store, file: CutOverFile, rows: Sequence[Row], known: Known
) -> tuple[list[Entry], list[CutOverRow]]:
    """A charge line for every open balance, a payment for every credit, and their opening entries."""
    entries: list[Entry] = []
    kept = []
    made: list[object] = []
    lines: list[tuple[Row, ChargeLine]] = []
    for row in rows:
        patient = known.patients[row.mrn]
        if row.amount_minor < 0:
            payment = _payment(call, patient, row)
            made.append(payment)
            entries += opening_credit_entries(
                -row.amount_minor, Dimensions(patient_id=patient.id, payment_id=payment.id)
            )
            kept.append(_kept(file, row, payment_id=payment.id))
            continue
        encounter = _encounter(call, known, row, ())
        made.append(encounter)
        lines.append((row, _line(call, encounter, known, row, 1)))
    # Each table's rows go in together, those that others refer to first.
    store.add_all(made)
    store.add_all(line for _, line in lines)
    for row, line in lines:
        entries += opening_entries(row.amount_minor, line_dimensions(line, payer_id=line.payer_id))
        kept.append(_kept(file, row, charge_line_id=line.id))
    return entries, kept


def claims(
    call: Call, store: Store, file: CutOverFile, rows: Sequence[Row], known: Known
) -> tuple[list[Entry], list[CutOverRow]]:
    """A visit, its charge lines and a claim that waits for the payer, for every open claim; their opening entries."""
    entries: list[Entry] = []
    kept = []
    by_claim, _ = rules.claims_in(rows)
    for place, (control, asked) in enumerate(by_claim.items()):
        first = asked[0]
        encounter = store.add(_encounter(call, known, first, first.diagnoses))
        lines = [_line(call, encounter, known, row, at) for at, row in enumerate(asked, start=1)]
        store.add_all(lines)
        claim = _claim(call, store, known, control, place, encounter, asked, lines)
        for row, line in zip(asked, lines, strict=True):
            entries += opening_entries(row.amount_minor, line_dimensions(line, payer_id=line.payer_id))
            kept.append(_kept(file, row, charge_line_id=line.id, claim_id=claim.id))
    return entries, kept


def _claim(
    call: Call,
    store: Store,
    known: Known,
    control: str,
    place: int,
    encounter: Encounter,
    asked: Sequence[Row],
    lines: Sequence[ChargeLine],
) -> Claim:
    """The other system's claim, taken in as the payer has it: its answer finds it by its number."""
    first, patient = asked[0], known.patients[asked[0].mrn]
    covered_by = coverage_id(known, patient, first)
    if covered_by is None:
        raise Unprocessable(internal="a judged claim has no coverage")
    payer = known.payers[first.owed_by]
    claim = store.add(
        Claim(
            id=call.new_id(),
            control=control,
            state="accepted",
            encounter_id=encounter.id,
            appointment_id=None,
            patient_id=patient.id,
            coverage_id=covered_by,
            payer_id=payer.id,
            responsibility="P",
            frequency="1",
            crossed_over=False,
            billing_entity_id=lines[0].billing_entity_id,
            location_id=lines[0].location_id,
            service_date=first.service_date,
            charge_minor=sum(line.charge_minor for line in lines),
            paid_minor=0,
            patient_minor=0,
            payer_control=first.payer_control,
            hold_reason="",
            content=None,
            findings=[],
            sent_on=first.filed_on,
            happenings=0,
            created_at=call.now,
            changed_at=call.now,
        )
    )
    store.add_all(
        ClaimLine(
            claim_id=claim.id,
            number=at,
            charge_line_id=line.id,
            line_control=f"{control}{at:02d}",
            responsibility="P",
            live=True,
        )
        for at, line in enumerate(lines, start=1)
    )
    claim_life.note(call, store, claim, "taken_over", "", f"filed on {first.filed_on} by another system")
    claim_life.tell(call, store, claim)
    # The payer is asked (276) by its schedule, counted from the filing; those that are overdue one after the other.
    profile = store.payer(payer.id, claim.service_date)
    since = first.filed_on or first.service_date
    wait = timedelta(days=acknowledgements.first_question_after(profile))
    filed = datetime.combine(since, NOON, ZoneInfo(known.locations[first.location.lower()].time_zone))
    soonest = call.now + ASKED_SOONEST + ASKED_APART * place
    call.due.at(acknowledgements.SILENCE_DUE, claim.id, max(filed + wait, soonest))
    # Whoever files by paper or says nothing is asked by a person, unless the payer answers before.
    claim_follow_ups.put(
        call,
        store,
        claim,
        queue=QUEUE,
        owner_id="",
        next_action="Ask the payer about this claim of the other system",
        next_action_on=journals.local_day(call, store, claim.location_id),
    )
    return claim


def _encounter(call: Call, known: Known, row: Row, diagnoses: Sequence[str]) -> Encounter:
    """The visit that a row is about, as far as the other system tells: charged and signed there, on its own day."""
    location = known.locations[row.location.lower()]
    noon = datetime.combine(row.service_date, NOON, ZoneInfo(location.time_zone))
    encounter_id = call.new_id()
    return Encounter(
        id=encounter_id,
        appointment_id=encounter_id,
        patient_id=known.patients[row.mrn].id,
        location_id=location.id,
        practitioner_id=known.practitioners[row.npi],
        appointment_type_code="",
        modality="in_person",
        start_time=noon,
        time_zone=location.time_zone,
        service_date=row.service_date,
        state="signed",
        source_version=0,
        diagnoses=list(diagnoses),
        lines=[],
        facts={},
        signed_at=noon,
        signed_by=call.principal.id,
        no_charge_reason="",
    )


def _line(call: Call, encounter: Encounter, known: Known, row: Row, number: int) -> ChargeLine:
    location = known.locations[row.location.lower()]
    payer = known.payers.get(row.owed_by)
    return ChargeLine(
        id=call.new_id(),
        encounter_id=encounter.id,
        patient_id=encounter.patient_id,
        location_id=location.id,
        billing_entity_id=location.billing_entity_id,
        line_number=number,
        procedure=row.procedure,
        modifiers=list(row.modifiers),
        diagnosis_pointers=list(range(1, min(len(row.diagnoses), 4) + 1)),
        units=row.units,
        charge_minor=row.amount_minor,
        service_date=row.service_date,
        place_of_service=location.place_of_service,
        ndc="",
        ndc_quantity="",
        ndc_unit="",
        fee_schedule_id=None,
        payer_id=payer.id if payer else None,
        held_reason="" if row.claim or payer is None else "taken over from another system",
    )


def _payment(call: Call, patient: PatientCopy, row: Row) -> Payment:
    """Money of a patient's that the other system had not used."""
    return Payment(
        id=call.new_id(),
        patient_id=patient.id,
        method="other_system",
        state="received",
        amount_minor=-row.amount_minor,
        currency=payments.CURRENCY,
        receipt_number="",
        created_at=call.now,
        received_at=call.now,
        taken_by=call.principal.id,
        check_number=row.key,
        card_token="",
        intent_id="",
        decline_code="",
    )


def _kept(
    file: CutOverFile,
    row: Row,
    *,
    charge_line_id: UUID | None = None,
    payment_id: UUID | None = None,
    claim_id: UUID | None = None,
) -> CutOverRow:
    return CutOverRow(
        kind=file.kind,
        row_key=row.key,
        file_id=file.id,
        line=row.line,
        charge_line_id=charge_line_id,
        payment_id=payment_id,
        claim_id=claim_id,
    )
