"""Taking over another system's open books: tried, proved by control totals, taken in whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.domain import cut_over as rules
from billing.domain.csv_files import BadRow, error_file
from billing.domain.cut_over import CREDIT, PATIENT, Kind, Row, Total
from billing.domain.ledger import Account, Dimensions, Entry, opening_credit_entries, opening_entries
from billing.domain.payers import PayerKind
from billing.store import Store
from billing.store_ledger import line_dimensions
from billing.tables_claims import Claim, ClaimLine
from billing.tables_cut_over import CutOverFile, CutOverRow
from billing.tables_directory import Location, PatientCopy, Payer
from billing.tables_money import ChargeLine, Encounter, Payment
from billing.usecases import accounts, claim_follow_ups, claim_life, ledger, payments
from billing.usecases.payment_order import in_force
from chassis.call import Call
from chassis.errors import InvalidInput, Unprocessable, Violation

MOST_TOLD = 100
NOON = time(12, 0)
QUEUE = "cut_over"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file, or would: `file` is None after a dry run."""

    file: CutOverFile | None
    known_already: bool
    rows: int
    totals: tuple[Total, ...]
    differences: tuple[str, ...]
    bad: tuple[BadRow, ...]
    error_file: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """A file and what it must come to. `as_of`: the day at whose end the other system's books said so."""

    kind: Kind
    name: str
    content: bytes
    as_of: date
    control: tuple[Total, ...]
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows refer to, by what the other system calls it."""

    patients: Mapping[str, PatientCopy]
    locations: Mapping[str, Location]
    practitioners: Mapping[str, UUID]
    payers: Mapping[str, Payer]
    # (patient, payer's code) → coverages as (id, first day, last day).
    coverages: Mapping[UUID, Sequence[object]]
    keys_taken: frozenset[str]
    claims_taken: frozenset[str]


def import_file(call: Call, command: Command) -> Outcome:
    """Tries a file, or takes it in. Raises InvalidInput (rows, totals); nothing is kept then."""
    store = Store(call.session)
    digest = hashlib.sha256(command.content).hexdigest()
    # Files are taken in one after the other, so that neither a file nor a row of it is taken in twice.
    if not command.dry_run:
        store.next_number("cut_over")
    known_file = store.cut_over_file(command.kind.value, digest)
    if known_file is not None:
        kept = tuple(Total(one["bucket"], one["rows"], one["amount_minor"]) for one in known_file.totals)
        return Outcome(known_file, True, known_file.rows, kept, (), (), b"")
    read = rules.read(command.kind, command.content, command.as_of)
    known = _known(store, command.kind, read.rows)
    good, bad = _judged(command.kind, read.rows, known)
    bad = [*read.bad, *bad]
    if command.kind is Kind.CLAIMS:
        claims, contradicting = rules.claims_in(good)
        bad += contradicting
        good = [row for lines in claims.values() for row in lines]
    bad.sort(key=lambda row: row.line)
    totals = rules.totals_of(good)
    differences = tuple(rules.differences(command.control, totals))
    file = None
    if not command.dry_run:
        _refuse(bad, differences)
        file = _take_in(call, store, command, digest, good, known, totals)
    call.touch(*{known.patients[row.mrn].id for row in good[:500]})
    told = error_file(read.heading, bad).encode() if bad else b""
    return Outcome(file, False, len(good), totals, differences, tuple(bad), told)


def _refuse(bad: Sequence[BadRow], differences: Sequence[str]) -> None:
    violations = [Violation("content", f"line {row.line}: {row.problem}") for row in bad[:MOST_TOLD]]
    violations += [Violation("control_totals", difference) for difference in differences[: MOST_TOLD - len(violations)]]
    if violations:
        raise InvalidInput(violations)


def _known(store: Store, kind: Kind, rows: Sequence[Row]) -> Known:
    patients = store.patients_by_mrn({row.mrn for row in rows})
    return Known(
        patients=patients,
        locations={location.name.lower(): location for location in store.locations()},
        practitioners=store.practitioners_by_npi({row.npi for row in rows}),
        payers={payer.code: payer for payer in store.all_payers()},
        coverages=store.coverages_of_many({row.id for row in patients.values()}) if kind is Kind.CLAIMS else {},
        keys_taken=store.rows_taken(kind.value, {row.key for row in rows}),
        claims_taken=store.claim_numbers_known({row.claim for row in rows if row.claim}),
    )


def _judged(kind: Kind, rows: Sequence[Row], known: Known) -> tuple[list[Row], list[BadRow]]:
    """The rows that fit what is known here, and the others with everything that does not."""
    good, bad = [], []
    for row in rows:
        problems = _problems(kind, row, known)
        if problems:
            bad.append(BadRow(row.line, row.cells, "; ".join(problems)))
        else:
            good.append(row)
    return good, bad


def _problems(kind: Kind, row: Row, known: Known) -> list[str]:
    problems = []
    patient, payer = known.patients.get(row.mrn), known.payers.get(row.owed_by)
    if row.key in known.keys_taken:
        problems.append(f"the row {row.key} was taken in before")
    if patient is None:
        problems.append(f"there is no patient with the record number {row.mrn}")
    if row.location.lower() not in known.locations:
        problems.append(f"there is no location called {row.location}")
    if row.npi not in known.practitioners:
        problems.append(f"there is no practitioner with the NPI {row.npi}")
    if row.owed_by != PATIENT and (payer is None or payer.kind == PayerKind.SELF_PAY):
        problems.append(f"{row.owed_by} is no payer's code")
    if kind is Kind.CLAIMS:
        if row.claim in known.claims_taken:
            problems.append(f"the claim {row.claim} is there already")
        if payer is not None and payer.kind == PayerKind.EMPLOYER:
            problems.append(f"{row.owed_by} takes no claims")
        if patient is not None and payer is not None and _coverage_id(known, patient, row) is None:
            problems.append(
                f"the patient has no coverage by {row.owed_by} on {row.service_date}: import coverages first"
            )
    return problems


def _coverage_id(known: Known, patient: PatientCopy, row: Row) -> UUID | None:
    for coverage in known.coverages.get(patient.id, ()):
        if coverage.payer_code == row.owed_by and in_force(coverage, row.service_date):  # type: ignore[attr-defined, arg-type]
            return coverage.id  # type: ignore[attr-defined, no-any-return]
    return None


# ---- taking in


def _take_in(
    call: Call, store: Store, command: Command, digest: str, rows: Sequence[Row], known: Known, totals: Sequence[Total]
) -> CutOverFile:
    file = CutOverFile(
        id=call.new_id(),
        kind=command.kind.value,
        digest=digest,
        name=command.name,
        as_of=command.as_of,
        rows=len(rows),
        totals=[],
        imported_at=call.now,
        imported_by=call.principal.id,
    )
    store.add(file)
    entries, kept = (_claims if command.kind is Kind.CLAIMS else _balances)(call, store, file, rows, known)
    journal = ledger.post(
        call,
        store,
        kind="opening",
        source=("cut_over", str(file.id)),
        memo=f"Taken over as of {command.as_of.isoformat()}: {command.name}",
        entries=entries,
    )
    store.add_all(kept)
    file.journal_id = journal.id
    file.totals = _proved(store, journal.id, known, totals)
    store.session.flush()
    accounts.settle_families(call, store, {known.patients[row.mrn].id for row in rows})
    return file


def _proved(store: Store, journal_id: UUID, known: Known, totals: Sequence[Total]) -> list[dict[str, object]]:
    """What the ledger holds now, read back and found equal to the totals in every bucket. Raises Unprocessable."""
    codes = {payer.id: payer.code for payer in known.payers.values()}
    found = []
    for account, payer_id, rows, amount in store.opened_by(journal_id):
        bucket = codes[payer_id] if payer_id is not None else PATIENT
        found.append(Total(CREDIT if account == Account.UNAPPLIED_PATIENT else bucket, rows, abs(amount)))
    if sorted(found, key=lambda one: one.bucket) != sorted(totals, key=lambda one: one.bucket):
        raise Unprocessable(internal=f"the ledger holds {found}, the file says {totals}")
    return [{"bucket": one.bucket, "rows": one.rows, "amount_minor": one.amount_minor} for one in totals]


def _balances(
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


def _claims(
    call: Call, store: Store, file: CutOverFile, rows: Sequence[Row], known: Known
) -> tuple[list[Entry], list[CutOverRow]]:
    """A visit, its charge lines and a claim that waits for the payer, for every open claim; their opening entries."""
    entries: list[Entry] = []
    kept = []
    by_claim, _ = rules.claims_in(rows)
    for control, asked in by_claim.items():
        first = asked[0]
        encounter = store.add(_encounter(call, known, first, first.diagnoses))
        lines = [_line(call, encounter, known, row, at) for at, row in enumerate(asked, start=1)]
        store.add_all(lines)
        claim = _claim(call, store, known, control, encounter, asked, lines)
        for row, line in zip(asked, lines, strict=True):
            entries += opening_entries(row.amount_minor, line_dimensions(line, payer_id=line.payer_id))
            kept.append(_kept(file, row, charge_line_id=line.id, claim_id=claim.id))
    return entries, kept


def _claim(
    call: Call,
    store: Store,
    known: Known,
    control: str,
    encounter: Encounter,
    asked: Sequence[Row],
    lines: Sequence[ChargeLine],
) -> Claim:
    """The other system's claim, taken in as the payer has it: its answer finds it by its number."""
    first, patient = asked[0], known.patients[asked[0].mrn]
    coverage_id = _coverage_id(known, patient, first)
    if coverage_id is None:
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
            coverage_id=coverage_id,
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
    # No 276 can be written about a claim that another system wrote: a person asks, unless the payer answers before.
    claim_follow_ups.put(
        call,
        store,
        claim,
        queue=QUEUE,
        owner_id="",
        next_action="Ask the payer about this claim of the other system",
        next_action_on=ledger.local_day(call, store, claim.location_id),
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


def list_files(call: Call, page_size: int, page_token: str) -> tuple[list[CutOverFile], str]:
    """Files that were taken in, the newest first."""
    return Store(call.session).cut_over_files(page_size, page_token)
