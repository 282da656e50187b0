"""Recurring visits: booked, changed and cancelled together or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling import published
from scheduling.cache import AvailabilityCache
from scheduling.domain import recurrence, zones
from scheduling.domain.cells import CELL_MINUTES, CELLS_PER_DAY, cell_at, day_of_cell
from scheduling.domain.claims import Conflict
from scheduling.domain.visits import PENDING, Status
from scheduling.store import Store
from scheduling.tables import Appointment, LocationCopy
from scheduling.tables_series import AppointmentSeries
from scheduling.usecases import alternatives, appointments, booking, guards, moving, placing
from scheduling.usecases.errors import WrongStatus
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.placing import Wanted
from scheduling.usecases.slots import Slot


class Scope(Enum):
    """Which occurrences are meant; the values are the proto's."""

    THIS = 1
    THIS_AND_FOLLOWING = 2
    ALL = 3


@dataclass(frozen=True)
class BookSeries:
    """Recurring visits to be booked. ``start_minute`` is local; ``skip`` are dates of the rule that are left out."""

    patient_id: UUID
    type_id: UUID
    practitioner_id: UUID
    location_id: UUID
    first_date: date
    start_minute: int
    rule: str
    skip: frozenset[date]
    reason: str


@dataclass(frozen=True)
class ChangeSeries:
    """What changes, and for which occurrences; None: stays."""

    series_id: UUID
    scope: Scope
    appointment_id: UUID | None
    start_minute: int | None
    days_later: int
    practitioner_id: UUID | None
    location_id: UUID | None
    skip: frozenset[date]
    version: int


@dataclass(frozen=True)
class CancelSeries:
    """Which occurrences are cancelled, and why."""

    series_id: UUID
    scope: Scope
    appointment_id: UUID | None
    reason: int
    note: str
    version: int


@dataclass(frozen=True)
class Clash:
    """Why one occurrence cannot be, and what is free instead."""

    day: date
    wanted: Wanted
    conflicts: list[Conflict]
    alternatives: list[Slot]


@dataclass(frozen=True)
class SeriesView:
    """A series as it is now, or (with clashes, or when only asked about) what it would be."""

    row: AppointmentSeries | None
    occurrences: list[AppointmentView]
    clashes: list[Clash]
    dates: list[date]


def book_series(
    call: Call, cache: AvailabilityCache, command: BookSeries, *, validate_only: bool = False
) -> SeriesView:
    """Books every occurrence in this transaction, or none and says every conflict. Raises InvalidInput, NotFound, PatientNotBookable."""
    store = Store(call.session)
    guards.bookable_patient(call, store, command.patient_id)
    location = store.need(LocationCopy, command.location_id, "location")
    _refuse_off_grid(command.start_minute)
    planned = _occurrences(command, location.time_zone)
    wanted = [Wanted(command.type_id, command.practitioner_id, command.location_id, one.start) for one in planned]
    placing.lock_rules(store, wanted)
    candidates = [placing.candidate(call, store, one, call.new_id(), command.patient_id) for one in wanted]
    savepoint = call.savepoint()
    placed, conflicts = placing.place(call, store, candidates)
    days = [one.day for one in planned]
    if conflicts or validate_only:
        savepoint.rollback()
        clashes = _clashes(call, cache, list(zip(days, wanted, strict=True)), command.patient_id, conflicts)
        return SeriesView(None, [], clashes, days)
    savepoint.commit()
    row = store.add(
        AppointmentSeries(
            patient_id=command.patient_id,
            appointment_type_id=command.type_id,
            practitioner_id=command.practitioner_id,
            location_id=command.location_id,
            rule=command.rule,
            first_date=command.first_date,
            days_later=0,
            start_minute=command.start_minute,
            time_zone=location.time_zone,
            reason=command.reason,
            booked_at=call.now,
        )
    )
    booked = []
    for number, (one, got) in enumerate(zip(planned, placed, strict=True), 1):
        part = {"series_id": row.id, "occurrence_date": one.day, "series_number": number}
        visit = booking.write_appointment(call, store, got, command.patient_id, command.reason, None, **part)
        call.emit(published.of_status(visit))
        booked.append(visit)
    return SeriesView(row, guards.describe(store, booked), [], days)


def change_series(
    call: Call, cache: AvailabilityCache, command: ChangeSeries, *, validate_only: bool = False
) -> SeriesView:
    """Moves the occurrences meant that are still to come, all or none. Raises InvalidInput, NotFound, StaleVersion, WrongStatus."""
    store = Store(call.session)
    row, members = _locked(call, store, command.series_id, command.version)
    if command.start_minute is not None:
        _refuse_off_grid(command.start_minute)
    anchor = _anchor(members, command.scope, command.appointment_id)
    chosen = _meant(members, command.scope, anchor)
    moves = [(one, _target(store, one, command)) for one in chosen if one.occurrence_date not in command.skip]
    wanted = [(_occurrence_date(one), target) for one, target in moves]
    days, patient_id = [day for day, _ in wanted], row.patient_id
    savepoint = call.savepoint()
    row = _regrouped(call, store, row, members, chosen, command)
    conflicts = moving.move_all(call, store, moves) if moves else []
    if conflicts or validate_only:
        savepoint.rollback()
        return SeriesView(None, [], _clashes(call, cache, wanted, patient_id, conflicts), days)
    savepoint.commit()
    moved = [one for one, _ in moves]
    for one in members:
        if one not in moved and one in call.session.dirty:
            call.session.flush([one])
            call.emit(published.of_status(one))
    store.session.flush()
    return SeriesView(row, guards.describe(store, moved), [], days)


def cancel_series(call: Call, command: CancelSeries) -> SeriesView:
    """Cancels the occurrences meant that are still to come. Raises InvalidInput, NotFound, StaleVersion, WrongStatus."""
    store = Store(call.session)
    row, members = _locked(call, store, command.series_id, command.version)
    anchor = _anchor(members, command.scope, command.appointment_id)
    chosen = _meant(members, command.scope, anchor, also_changed=True)
    for one in chosen:
        appointments.cancel_row(call, store, one, command.reason, command.note)
    if command.scope is not Scope.THIS and not any(Status(one.status) in PENDING for one in members):
        row.cancelled_at = row.cancelled_at or call.now
    store.session.flush()
    return SeriesView(row, guards.describe(store, chosen), [], [_occurrence_date(one) for one in chosen])


def get_series(call: Call, series_id: UUID) -> SeriesView:
    """A series with those of its occurrences that the caller may see. Raises NotFound."""
    store = Store(call.session)
    row = store.need(AppointmentSeries, series_id, "series")
    rows = store.seen_occurrences(row.id, call.principal)
    if not rows and call.principal.location_ids:
        raise NotFound("series")
    return SeriesView(row, guards.describe(store, rows), [], [_occurrence_date(one) for one in rows])


def list_series(call: Call, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[AppointmentSeries], str]:
    """A page of a patient's series, newest first. Raises NotFound for somebody else's patient."""
    guards.own_patient(call, patient_id)
    return Store(call.session).list_series(patient_id, call.principal, page_size, page_token)


# ---- inside ----------------------------------------------------------------------------------------------------------


def _occurrences(command: BookSeries, zone: str) -> list[recurrence.Occurrence]:
    try:
        planned = recurrence.occurrences(command.rule, command.first_date, command.start_minute, zone, command.skip)
    except recurrence.BadRule as error:
        raise InvalidInput([Violation("rule", str(error))]) from None
    if not planned:
        raise InvalidInput([Violation("skip_dates", "leave no date to be booked")])
    return planned


def _refuse_off_grid(minute: int) -> None:
    if minute % CELL_MINUTES:
        raise InvalidInput([Violation("start_minute", "must be a multiple of 5")])


def _clashes(
    call: Call,
    cache: AvailabilityCache,
    wanted: Sequence[tuple[date, Wanted]],
    patient_id: UUID,
    conflicts: Sequence[tuple[int, Conflict]],
) -> list[Clash]:
    by_index: dict[int, list[Conflict]] = {}
    for index, conflict in conflicts:
        by_index.setdefault(index, []).append(conflict)
    return [
        Clash(*wanted[index], found, alternatives.nearest(call, cache, wanted[index][1], patient_id))
        for index, found in sorted(by_index.items())
    ]


def _locked(call: Call, store: Store, series_id: UUID, version: int) -> tuple[AppointmentSeries, list[Appointment]]:
    row = store.lock(AppointmentSeries, series_id, "series")
    call.expect_version(row.version, version)
    members = store.occurrences(row.id)
    confined = call.principal.location_ids
    if confined and any(one.location_id not in confined for one in members):
        raise NotFound("series")
    return row, members


def _anchor(members: Sequence[Appointment], scope: Scope, appointment_id: UUID | None) -> Appointment | None:
    """The occurrence that the command names; it has to be still to come."""
    if scope is Scope.ALL:
        return None
    if appointment_id is None:
        raise InvalidInput([Violation("appointment_id", "is required unless all are meant")])
    found = next((one for one in members if one.id == appointment_id), None)
    if found is None:
        raise NotFound("appointment")
    if Status(found.status) not in PENDING:
        raise WrongStatus(internal=Status(found.status).name)
    return found


def _meant(
    members: Sequence[Appointment], scope: Scope, anchor: Appointment | None, *, also_changed: bool = False
) -> list[Appointment]:
    """The occurrences that are still to come and meant; those that went their own way are left alone unless they are named."""
    if scope is Scope.THIS and anchor is not None:
        return [anchor]
    first = _occurrence_date(anchor) if anchor is not None else date.min
    return [
        one
        for one in members
        if Status(one.status) in PENDING
        and _occurrence_date(one) >= first
        and (one is anchor or also_changed or not one.occurrence_changed)
    ]


def _occurrence_date(row: Appointment) -> date:
    if row.occurrence_date is None:
        raise NotFound("series")
    return row.occurrence_date


def _target(store: Store, row: Appointment, command: ChangeSeries) -> Wanted:
    """Where an occurrence goes: from where it is now, by the wall clock of the place it goes to."""
    location_id = command.location_id or row.location_id
    zone = store.need(LocationCopy, location_id, "location").time_zone
    local = zones.local_cell(row.time_zone, cell_at(row.start_time))
    day = day_of_cell(local) + timedelta(days=command.days_later)
    minute = local % CELLS_PER_DAY * CELL_MINUTES if command.start_minute is None else command.start_minute
    start = recurrence.wall_clock(day, minute, zone)
    return Wanted(row.appointment_type_id, command.practitioner_id or row.practitioner_id, location_id, start)


def _regrouped(
    call: Call,
    store: Store,
    row: AppointmentSeries,
    members: Sequence[Appointment],
    chosen: Sequence[Appointment],
    command: ChangeSeries,
) -> AppointmentSeries:
    """The series whose rule describes the occurrences once they are moved: this one, when it is moved from its beginning, else a new
    one that continues it while this one ends before. A single occurrence goes its own way within its series."""
    if command.scope is Scope.THIS:
        for one in chosen:
            one.occurrence_changed = True
        return row
    if not chosen:
        return row
    first = min(_occurrence_date(one) for one in chosen)
    if any(_occurrence_date(one) < first for one in members):
        row = _continued(call, store, row, members, first)
    for one in members:
        day = _occurrence_date(one)
        if day >= first:
            one.occurrence_changed = True if one.occurrence_changed or day in command.skip else None
            one.occurrence_date = day + timedelta(days=command.days_later)
    row.days_later += command.days_later
    row.start_minute = row.start_minute if command.start_minute is None else command.start_minute
    row.practitioner_id = command.practitioner_id or row.practitioner_id
    if command.location_id:
        row.location_id = command.location_id
        row.time_zone = store.need(LocationCopy, command.location_id, "location").time_zone
    return row


def _continued(
    call: Call, store: Store, row: AppointmentSeries, members: Sequence[Appointment], first: date
) -> AppointmentSeries:
    """A series from the occurrence of ``first`` on, which takes its occurrences over."""
    rule_day = first - timedelta(days=row.days_later)
    left = [day for day in recurrence.dates_of(row.rule, row.first_date) if day >= rule_day]
    following = store.add(
        AppointmentSeries(
            patient_id=row.patient_id,
            appointment_type_id=row.appointment_type_id,
            practitioner_id=row.practitioner_id,
            location_id=row.location_id,
            rule=recurrence.with_count(row.rule, len(left)),
            first_date=rule_day,
            days_later=row.days_later,
            start_minute=row.start_minute,
            time_zone=row.time_zone,
            reason=row.reason,
            booked_at=call.now,
            following_of=row.id,
        )
    )
    row.rule = recurrence.ended_before(row.rule, rule_day)
    for one in members:
        if _occurrence_date(one) >= first:
            one.series_id = following.id
    return following
