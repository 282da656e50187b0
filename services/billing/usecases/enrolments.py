"""Enrolments of practitioners and locations with payers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.enrolments import EnrolmentState, Transaction
from billing.store import Store
from billing.tables_enrolments import Enrolment
from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation


@dataclass(frozen=True, slots=True)
class PutEnrolment:
    """An enrolment as it shall be; no id: a new one, `version` 0: whatever there is."""

    enrolment_id: UUID | None
    payer_code: str
    practitioner_id: UUID | None
    location_id: UUID | None
    transaction: Transaction
    state: EnrolmentState
    provider_number: str
    start: date
    end: date | None
    note: str
    version: int


def put_enrolment(call: Call, command: PutEnrolment) -> Enrolment:
    """Adds or replaces an enrolment. Raises InvalidInput, NotFound, StaleVersion."""
    store = Store(call.session)
    payer_id = _check(store, command)
    if command.enrolment_id is None:
        row = Enrolment(id=call.new_id())
    else:
        row = store.lock(Enrolment, command.enrolment_id, "enrolment")
        call.expect_version(row.version, command.version)
    row.payer_id, row.practitioner_id, row.location_id = payer_id, command.practitioner_id, command.location_id
    row.transaction, row.state = command.transaction.value, command.state.value
    row.provider_number, row.note = command.provider_number, command.note
    row.start_date, row.end_date = command.start, command.end
    return store.add(row)


def get_enrolment(call: Call, enrolment_id: UUID) -> Enrolment:
    """One enrolment. Raises NotFound."""
    return Store(call.session).need(Enrolment, enrolment_id, "enrolment")


def list_enrolments(
    call: Call,
    *,
    payer_code: str,
    practitioner_id: UUID | None,
    location_id: UUID | None,
    state: str,
    page_size: int,
    page_token: str,
) -> tuple[list[Enrolment], str]:
    """Enrolments, the newest first. Raises NotFound (payer)."""
    store = Store(call.session)
    payer = store.payer_row(payer_code) if payer_code else None
    if payer_code and payer is None:
        raise NotFound("payer")
    return store.enrolment_page(
        payer_id=payer.id if payer else None,
        practitioner_id=practitioner_id,
        location_id=location_id,
        state=state,
        page_size=page_size,
        page_token=page_token,
    )


def _check(store: Store, command: PutEnrolment) -> UUID:
    violations = []
    payer = store.payer_row(command.payer_code)
    if payer is None:
        violations.append(Violation("payer_code", "is not a payer's code"))
    if command.practitioner_id is not None and store.practitioner(command.practitioner_id) is None:
        violations.append(Violation("practitioner_id", "is not a practitioner"))
    if command.location_id is not None and store.location(command.location_id) is None:
        violations.append(Violation("location_id", "is not a location"))
    if command.end is not None and command.end < command.start:
        violations.append(Violation("effective.end", "must not be before the start"))
    if violations or payer is None:
        raise InvalidInput(violations)
    return payer.id
