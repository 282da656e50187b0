"""Coverages of another system: tried, proved by control totals, taken in whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.call import Call
from chassis.csv_files import BadRow, error_file
from chassis.errors import InvalidInput, Unprocessable, Violation
from patient_registry import rows as table_rows
from patient_registry.domain import coverage as rules
from patient_registry.domain import coverage_files as files
from patient_registry.domain.coverage import Coverage
from patient_registry.domain.coverage_files import Row
from patient_registry.domain.names import normalise
from patient_registry.store import MOST_COVERAGES, Store
from patient_registry.tables import Patient
from patient_registry.tables_coverage_files import CoverageFile, CoverageFileRow
from patient_registry.usecases import coverages

MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class Command:
    """A file and how many rows of each payer it must come to."""

    name: str
    content: bytes
    control: Mapping[str, int]
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file, or would: `file` is None after a dry run."""

    file: CoverageFile | None
    known_already: bool
    rows: int
    totals: Mapping[str, int]
    differences: tuple[str, ...]
    bad: tuple[BadRow, ...]
    error_file: bytes


@dataclass(frozen=True, slots=True)
class Fitting:
    """A row with its patient, and its coverage with its place in the order of payment."""

    row: Row
    patient: Patient
    coverage: Coverage


def import_file(call: Call, command: Command) -> Outcome:
    """Tries a file, or takes it in. Raises InvalidInput (rows, totals); nothing is kept then."""
    store = Store(call.session)
    digest = hashlib.sha256(command.content).hexdigest()
    if not command.dry_run:
        store.one_file_at_a_time()
    known = store.coverage_file(digest)
    if known is not None:
        return Outcome(known, True, known.rows, known.totals, (), (), b"")
    read = files.read(command.content)
    good, unfit = _judged(store, read.rows, lock=not command.dry_run)
    bad = sorted((*read.bad, *unfit), key=lambda row: row.line)
    totals = files.totals_of(one.row for one in good)
    differences = tuple(files.differences(command.control, totals))
    call.touch(*{one.patient.id for one in good[:500]})
    file = None
    if not command.dry_run:
        _refuse(bad, differences)
        file = _take_in(call, store, command, digest, good, totals)
    told = error_file(read.heading, bad).encode() if bad else b""
    return Outcome(file, False, len(good), totals, differences, tuple(bad), told)


def list_files(call: Call, page_size: int, page_token: str) -> tuple[list[CoverageFile], str]:
    """Files that were taken in, the newest first."""
    return Store(call.session).coverage_files(page_size, page_token)


def _judged(store: Store, rows: Sequence[Row], *, lock: bool) -> tuple[list[Fitting], list[BadRow]]:
    """The rows that fit what is on file and one another, and the others with everything that does not."""
    patients = store.patients_of_numbers({row.mrn for row in rows}, lock=lock)
    taken = store.coverage_rows_taken({row.key for row in rows})
    on_file = store.coverages(patient.id for patient in patients.values())
    held = {patient_id: [table_rows.coverage(one) for one in found] for patient_id, found in on_file.items()}
    good: list[Fitting] = []
    bad: list[BadRow] = []
    # Rows that name their place come first, so that those that take the next free one leave it to them.
    for at, row in enumerate(sorted(rows, key=lambda one: (one.coverage.priority == 0, one.line)), start=1):
        patient = patients.get(row.mrn)
        problems = [f"the row {row.key} was taken in before"] if row.key in taken else []
        if patient is None:
            bad.append(
                BadRow(
                    row.line, row.cells, "; ".join([*problems, f"there is no patient with the record number {row.mrn}"])
                )
            )
            continue
        others = held[patient.id]
        # Rows of one file are told apart while their places are found; each gets its own id when it is taken in.
        entered = replace(row.coverage, coverage_id=UUID(int=at))
        coverage = replace(entered, priority=entered.priority or rules.next_free_priority(entered, others))
        problems += _problems(coverage, others)
        if problems:
            bad.append(BadRow(row.line, row.cells, "; ".join(problems)))
            continue
        others.append(coverage)
        good.append(Fitting(row, patient, coverage))
    return sorted(good, key=lambda one: one.row.line), bad


def _problems(coverage: Coverage, others: Sequence[Coverage]) -> list[str]:
    problems = []
    if any(_same(coverage, other) for other in others):
        problems.append("the patient has this coverage already")
    elif rules.clashes(coverage, others):
        problems.append(f"priority: another coverage of the patient is number {coverage.priority} on a common day")
    if coverage.priority > rules.HIGHEST_PRIORITY_NUMBER or len(others) >= MOST_COVERAGES:
        problems.append("the patient has as many coverages as can be kept")
    return problems


def _same(one: Coverage, other: Coverage) -> bool:
    """The same policy of the same payer, on a common day."""
    return (
        other.active
        and (one.payer_code or one.payer_name, normalise(one.member_id))
        == (other.payer_code or other.payer_name, normalise(other.member_id))
        and rules.overlap(one, other)
    )


def _refuse(bad: Sequence[BadRow], differences: Sequence[str]) -> None:
    violations = [Violation("content", f"line {row.line}: {row.problem}") for row in bad[:MOST_TOLD]]
    violations += [Violation("control_totals", one) for one in differences[: MOST_TOLD - len(violations)]]
    if violations:
        raise InvalidInput(violations)


def _take_in(
    call: Call, store: Store, command: Command, digest: str, good: Sequence[Fitting], totals: Mapping[str, int]
) -> CoverageFile:
    file = CoverageFile(
        id=call.new_id(),
        digest=digest,
        name=command.name,
        rows=len(good),
        totals=dict(totals),
        imported_at=call.now,
        imported_by=call.principal.id,
    )
    store.add(file)
    for one in good:
        made = coverages.add_to(call, store, one.patient, one.coverage)
        store.add(CoverageFileRow(row_key=one.row.key, file_id=file.id, line=one.row.line, coverage_id=made.id))
    store.session.flush()
    stands = store.payers_of_file(file.id)
    if stands != dict(totals):
        raise Unprocessable(internal=f"on file are {stands}, the file says {dict(totals)}")
    return file
