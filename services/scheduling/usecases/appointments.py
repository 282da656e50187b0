"""Changing, cancelling, confirming and reading appointments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from scheduling import published
from scheduling.domain import visits, zones
from scheduling.domain.cells import instant_at
from scheduling.domain.visits import Status, Step
from scheduling.store import Store
from scheduling.stores.visits import AppointmentFilter
from scheduling.tables import Appointment, LocationCopy
from scheduling.usecases import guards, moving, policies
from scheduling.usecases.booking import note_step
from scheduling.usecases.errors import WrongStatus
from scheduling.usecases.freed import time_freed, time_of
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.placing import Wanted


@dataclass(frozen=True)
class Move:
    """Another time, practitioner or location; None: as before."""

    appointment_id: UUID
    start: datetime
    practitioner_id: UUID | None
    location_id: UUID | None
    version: int


@dataclass(frozen=True)
class Cancel:
    """Why, as the proto's CancellationReason, and a note."""

    appointment_id: UUID
    reason: int
    note: str
    version: int


def move(call: Call, command: Move) -> AppointmentView:
    """Moves a visit that has not begun. Raises WrongStatus, CutoffPassed, SeatOfAGroup and what booking raises."""
    store = Store(call.session)
    row = guards.locked_appointment(call, store, command.appointment_id, command.version)
    if visits.after(Status(row.status), Step.MOVE) is None:
        raise WrongStatus(internal=Status(row.status).name)
    policies.refuse_late_change(call, store, row)
    wanted = Wanted(
        row.appointment_type_id,
        command.practitioner_id or row.practitioner_id,
        command.location_id or row.location_id,
        command.start,
    )
    if (wanted.start, wanted.practitioner_id, wanted.location_id) != (
        row.start_time,
        row.practitioner_id,
        row.location_id,
    ):
        row.occurrence_changed = True if row.series_id else None
        moving.move_to(call, store, row, wanted)
    return guards.describe_one(store, row)


def cancel(call: Call, command: Cancel) -> AppointmentView:
    """Cancels a visit that has not begun and frees its time. Raises WrongStatus, CutoffPassed, NotFound, StaleVersion."""
    store = Store(call.session)
    row = guards.locked_appointment(call, store, command.appointment_id, command.version)
    if Status(row.status) is not Status.CANCELLED:
        policies.refuse_late_change(call, store, row)
        cancel_row(call, store, row, command.reason, command.note)
    return guards.describe_one(store, row)


def cancel_row(call: Call, store: Store, row: Appointment, reason: int, note: str) -> None:
    """Cancels a locked visit. Raises WrongStatus."""
    before = Status(row.status)
    if visits.after(before, Step.CANCEL) is None:
        raise WrongStatus(internal=before.name)
    row.status, row.cancelled_at = Status.CANCELLED.value, call.now
    row.cancellation_reason, row.cancellation_note = reason, note
    policies.note_late_cancellation(call, store, row, reason)
    store.give_back([row.id])
    note_step(call, store, row, Step.CANCEL, before, Status.CANCELLED, {})
    store.close_requests(row.id, call.now)
    call.emit(published.of_status(row))
    if row.group_visit_id is None:
        time_freed(call, store, time_of(row))


def confirm(call: Call, appointment_id: UUID, version: int) -> AppointmentView:
    """The patient will come. Raises WrongStatus, NotFound, StaleVersion."""
    store = Store(call.session)
    row = guards.locked_appointment(call, store, appointment_id, version)
    if Status(row.status) is not Status.CONFIRMED:
        confirm_row(call, store, row)
    return guards.describe_one(store, row)


def confirm_row(call: Call, store: Store, row: Appointment) -> None:
    """Confirms a locked visit. Raises WrongStatus."""
    before = Status(row.status)
    if visits.after(before, Step.CONFIRM) is None:
        raise WrongStatus(internal=before.name)
    row.status, row.confirmed_at = Status.CONFIRMED.value, call.now
    note_step(call, store, row, Step.CONFIRM, before, Status.CONFIRMED, {})
    call.emit(published.of_status(row))


def get(call: Call, appointment_id: UUID) -> AppointmentView:
    """One appointment. Raises NotFound."""
    store = Store(call.session)
    return guards.describe_one(store, guards.seen_appointment(call, store, appointment_id))


def batch_get(call: Call, ids: Sequence[UUID]) -> list[AppointmentView]:
    """Those that exist and may be seen."""
    store = Store(call.session)
    return guards.describe(store, store.appointments(ids, call.principal))


def list_appointments(
    call: Call, wanted: AppointmentFilter, day: date | None, page_size: int, page_token: str
) -> tuple[list[AppointmentView], str]:
    """A page of appointments. Raises InvalidInput when nothing narrows the list, NotFound for a day of an unknown location."""
    store = Store(call.session)
    if not (wanted.location_id or wanted.practitioner_id or wanted.patient_id or guards.is_patient(call)):
        raise InvalidInput([Violation("location_id", "a location, a practitioner or a patient is required")])
    if day is not None:
        if wanted.location_id is None:
            raise InvalidInput([Violation("location_id", "is required with a date")])
        span = zones.day_span(store.need(LocationCopy, wanted.location_id, "location").time_zone, day)
        wanted = replace(wanted, start_from=instant_at(span.first), start_to=instant_at(span.end))
    rows, token = store.list_appointments(wanted, call.principal, page_size, page_token)
    return guards.describe(store, rows), token


def snapshot(call: Call, page_size: int, page_token: str) -> tuple[list[Appointment], str]:
    """A page of every appointment of the tenant, for projections."""
    return Store(call.session).page_of_all(page_size, page_token)
