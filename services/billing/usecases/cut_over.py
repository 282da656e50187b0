"""Taking over another system's open books: tried, proved by control totals, taken in whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain import cut_over as rules
from billing.domain.cut_over import CREDIT, PATIENT, Kind, Row, Total
from billing.domain.ledger import Account
from billing.domain.payers import PayerKind
from billing.store import Store
from billing.tables_cut_over import CutOverFile
from billing.usecases import accounts, cut_over_rows, journals
from billing.usecases.cut_over_rows import Known, coverage_id
from chassis.call import Call
from chassis.csv_files import BadRow, error_file
from chassis.errors import InvalidInput, Unprocessable, Violation

MOST_TOLD = 100


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
        if patient is not None and payer is not None and coverage_id(known, patient, row) is None:
            problems.append(
                f"the patient has no coverage by {row.owed_by} on {row.service_date}: import coverages first"
            )
    return problems


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
    made_of = cut_over_rows.claims if command.kind is Kind.CLAIMS else cut_over_rows.balances
    entries, kept = made_of(call, store, file, rows, known)
    journal = journals.post(
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


def list_files(call: Call, page_size: int, page_token: str) -> tuple[list[CutOverFile], str]:
    """Files that were taken in, the newest first."""
    return Store(call.session).cut_over_files(page_size, page_token)
