"""Prior authorisations and referrals, with what is left of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain import procedure_ranges
from billing.domain.authorisations import Authorisation as Agreed
from billing.domain.authorisations import AuthorisationKind, Ledger, Measure, count_down
from billing.store import Store
from billing.tables_authorisations import Authorisation
from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation

APPROVED = "approved"
NUMBERED = frozenset({APPROVED, "ended"})


@dataclass(frozen=True, slots=True)
class PutAuthorisation:
    """An authorisation as it shall be; no id: a new one, `version` 0: whatever there is."""

    authorisation_id: UUID | None
    kind: AuthorisationKind
    state: str
    patient_id: UUID
    coverage_id: UUID
    number: str
    procedures: tuple[str, ...]
    measure: Measure
    limit: int | None
    start: date
    end: date | None
    practitioner_id: UUID | None
    location_id: UUID | None
    referring_npi: str
    referring_name: str
    note: str
    version: int


@dataclass(frozen=True, slots=True)
class AuthorisationView:
    """An authorisation with what charges have used of it and how many visits are booked; None: not counted (a long list)."""

    row: Authorisation
    used: int = 0
    booked_visits: int = 0


def put_authorisation(call: Call, command: PutAuthorisation) -> AuthorisationView:
    """Adds or replaces an authorisation. Raises InvalidInput, NotFound, StaleVersion."""
    store = Store(call.session)
    if store.patient(command.patient_id) is None:
        raise NotFound("patient")
    payer_id = _check(store, command)
    if command.authorisation_id is None:
        row = Authorisation(id=call.new_id(), created_at=call.now, created_by=call.principal.id)
    else:
        row = store.lock(Authorisation, command.authorisation_id, "authorisation")
        call.expect_version(row.version, command.version)
        if row.patient_id != command.patient_id:
            raise InvalidInput([Violation("patient_id", "an authorisation stays its patient's")])
    row.kind, row.state, row.number = command.kind.value, command.state, command.number
    row.patient_id, row.coverage_id, row.payer_id = command.patient_id, command.coverage_id, payer_id
    row.procedures, row.measure, row.limit_count = list(command.procedures), command.measure.value, command.limit
    row.start_date, row.end_date = command.start, command.end
    row.practitioner_id, row.location_id = command.practitioner_id, command.location_id
    row.referring_npi, row.referring_name, row.note = command.referring_npi, command.referring_name, command.note
    store.add(row)
    return _counted(store, command.patient_id, [row])[0]


def get_authorisation(call: Call, authorisation_id: UUID) -> AuthorisationView:
    """One authorisation, counted down. Raises NotFound."""
    store = Store(call.session)
    row = store.need(Authorisation, authorisation_id, "authorisation")
    return _counted(store, row.patient_id, [row])[0]


def list_authorisations(
    call: Call, patient_id: UUID | None, state: str, page_size: int, page_token: str
) -> tuple[list[AuthorisationView], str]:
    """Authorisations, the newest first; a patient's are counted down."""
    store = Store(call.session)
    rows, token = store.authorisation_page(
        patient_id=patient_id, state=state, page_size=page_size, page_token=page_token
    )
    if patient_id is None or not rows:
        return [AuthorisationView(row) for row in rows], token
    return _counted(store, patient_id, rows), token


def agreed(row: Authorisation) -> Agreed:
    """A kept authorisation as the domain sees it."""
    return Agreed(
        authorisation_id=row.id,
        kind=AuthorisationKind(row.kind),
        number=row.number,
        start=row.start_date,
        end=row.end_date,
        procedures=tuple(row.procedures),
        practitioner_id=row.practitioner_id,
        location_id=row.location_id,
        measure=Measure(row.measure),
        limit=row.limit_count,
    )


def _counted(store: Store, patient_id: UUID, rows: Sequence[Authorisation]) -> list[AuthorisationView]:
    """Each with what was used of it. All approved ones of its payer are counted: they share the charges out among themselves."""
    payer_ids = {row.payer_id for row in rows}
    all_approved = store.approved_authorisations(patient_id, payer_ids)
    spans = [(row.start_date, row.end_date or date.max) for row in (*all_approved, *rows)]
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    uses = store.authorised_uses(patient_id, payer_ids, first, last) if all_approved else []
    days = store.booked_days(patient_id, first, last)
    ledgers: dict[tuple[UUID, str], Ledger] = {
        (payer_id, kind.value): count_down(
            [agreed(one) for one in all_approved if (one.payer_id, one.kind) == (payer_id, kind.value)],
            [use for payer, use in uses if payer == payer_id],
        )
        for payer_id in payer_ids
        for kind in AuthorisationKind
    }
    return [
        AuthorisationView(
            row,
            used=ledgers[row.payer_id, row.kind].used.get(row.id, 0),
            booked_visits=sum(row.start_date <= day <= (row.end_date or date.max) for day in days),
        )
        for row in rows
    ]


def _check(store: Store, command: PutAuthorisation) -> UUID:
    violations = [
        Violation(f"procedures[{index}]", message) for index, message in procedure_ranges.faults_of(command.procedures)
    ]
    coverage = next((row for row in store.coverages_of(command.patient_id) if row.id == command.coverage_id), None)
    payer = store.payer_row(coverage.payer_code) if coverage is not None and coverage.payer_code else None
    if coverage is None:
        violations.append(Violation("coverage_id", "is not a coverage of this patient"))
    elif payer is None:
        violations.append(Violation("coverage_id", "the coverage's payer is not known"))
    if command.end is not None and command.end < command.start:
        violations.append(Violation("effective.end", "must not be before the start"))
    if command.state in NUMBERED and not command.number:
        violations.append(Violation("number", "what was approved has the payer's number"))
    if command.practitioner_id is not None and store.practitioner(command.practitioner_id) is None:
        violations.append(Violation("practitioner_id", "is not a practitioner"))
    if command.location_id is not None and store.location(command.location_id) is None:
        violations.append(Violation("location_id", "is not a location"))
    if violations or payer is None:
        raise InvalidInput(violations)
    return payer.id
