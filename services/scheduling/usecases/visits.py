"""The flow of a visit, and the board of a location's day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis.call import Call
from chassis.errors import NotFound
from scheduling import figures, published
from scheduling.domain import availability, policy, visits, zones
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.cells import CELL_MINUTES, cell_containing, day_of_cell, instant_at
from scheduling.domain.visits import IN_ROOM, LIVE, UNDOABLE, Status, Step, Times, Waits
from scheduling.store import Store
from scheduling.stores.visits import AppointmentFilter
from scheduling.tables import Appointment, LocationCopy, PractitionerCopy, ResourceCopy
from scheduling.usecases import delays, guards, recalls
from scheduling.usecases.booking import note_step
from scheduling.usecases.errors import NothingToUndo, NotToday, TooEarly, WrongStatus
from scheduling.usecases.guards import AppointmentView

# The column that keeps when a step was taken.
STAMPS: dict[Step, str] = {
    Step.ARRIVE: "arrived_at",
    Step.CHECK_IN: "checked_in_at",
    Step.ROOM: "roomed_at",
    Step.SEE: "seen_at",
    Step.CHECK_OUT: "checked_out_at",
    Step.NO_SHOW: "no_show_at",
    Step.LEAVE: "left_at",
}


@dataclass(frozen=True)
class DayVisit:
    """A visit on the board."""

    view: AppointmentView
    waits: Waits


@dataclass(frozen=True)
class DayRoom:
    """A room on the board and whose patients are in it."""

    room: ResourceCopy
    appointment_ids: list[UUID]


@dataclass(frozen=True)
class DayPractitioner:
    """A practitioner's day at the location, in minutes."""

    id: UUID
    name: str
    open_minutes: int
    booked_minutes: int
    visits: int


@dataclass(frozen=True)
class Day:
    """The board of a location's day."""

    location: LocationCopy
    date: date
    as_of: datetime
    visits: list[DayVisit]
    rooms: list[DayRoom]
    practitioners: list[DayPractitioner]


def take_step(
    call: Call, step: Step, appointment_id: UUID, version: int, room_id: UUID | None = None
) -> AppointmentView:
    """Takes a step of the flow. Raises WrongStatus, NotToday, TooEarly, NotFound, StaleVersion."""
    store = Store(call.session)
    row = guards.locked_appointment(call, store, appointment_id, version)
    before = Status(row.status)
    after = visits.after(before, step)
    if after is None:
        raise WrongStatus(internal=f"{before.name} {step.value}")
    if step in (Step.ARRIVE, Step.CHECK_IN) and not visits.may_arrive(call.now, row.start_time):
        raise NotToday
    if guards.is_patient(call) and not visits.may_say_here(call.now, row.start_time):
        raise NotToday(internal="too early or too late for a patient's own word")
    if step is Step.NO_SHOW and call.now < policy.no_show_from(store.policy(row.location_id), row.start_time):
        raise TooEarly
    changed = _changed_by(row, step)
    if step is Step.ROOM:
        row.actual_room_id = _room(store, row, room_id)
    if step is Step.CHECK_IN and row.arrived_at is None:
        row.arrived_at = call.now
    setattr(row, STAMPS[step], call.now)
    row.status = after.value
    note_step(call, store, row, step, before, after, changed)
    call.emit(published.of_status(row))
    if step is Step.CHECK_OUT:
        recalls.after_visit(call, store, row)
    delays.after_step(call, row, row.end_time if step is Step.CHECK_OUT else row.start_time)
    figures.stepped(call, step.value, row.arrived_at if step is Step.ROOM else None)
    return guards.describe_one(store, row)


def undo(call: Call, appointment_id: UUID, version: int) -> AppointmentView:
    """Takes the last step back and publishes the status that the visit has again. Raises NothingToUndo, NotFound, StaleVersion."""
    store = Store(call.session)
    row = guards.locked_appointment(call, store, appointment_id, version)
    last = store.last_step(row.id)
    if last is None or last.step not in {step.value for step in UNDOABLE} or last.to_status != row.status:
        raise NothingToUndo
    for column, value in last.before.items():
        setattr(row, column, _restored(column, value))
    row.status = last.from_status
    if last.step == Step.CHECK_OUT.value:
        store.drop_recalls_after(row.id)
    last.undone_at, last.undone_by = call.now, call.principal.id
    store.session.flush()
    call.emit(published.of_status(row))
    return guards.describe_one(store, row)


def get_day(call: Call, location_id: UUID, day: date | None) -> Day:
    """The board of a local day (None: today there). Raises NotFound."""
    store = Store(call.session)
    location = store.need(LocationCopy, location_id, "location")
    if call.principal.location_ids and location.id not in call.principal.location_ids:
        raise NotFound("location")
    day = day or zones.local_date(location.time_zone, cell_containing(call.now))
    span = zones.day_span(location.time_zone, day)
    rows = store.all_appointments(
        AppointmentFilter(
            location_id=location.id,
            start_from=instant_at(span.first),
            start_to=instant_at(span.end),
            statuses=frozenset(status.value for status in Status if status is not Status.CANCELLED),
        ),
        call.principal,
    )
    return Day(
        location=location,
        date=day,
        as_of=call.now,
        visits=[DayVisit(view, _waits(view.row, call.now)) for view in guards.describe(store, rows)],
        rooms=[
            DayRoom(room, [row.id for row in rows if row.actual_room_id == room.id and Status(row.status) in IN_ROOM])
            for room in store.rooms(location.id)
        ],
        practitioners=_practitioners(store, location, day, rows),
    )


def _room(store: Store, row: Appointment, room_id: UUID | None) -> UUID | None:
    """The room the patient is brought to: the one named, which must be of the location, else the booked one."""
    if room_id is None:
        return row.room_id
    room = store.need(ResourceCopy, room_id, "room")
    if room.kind != ResourceKind.ROOM.value or room.location_id != row.location_id or not room.active:
        raise NotFound("room")
    return room.id


def _changed_by(row: Appointment, step: Step) -> dict[str, str | None]:
    """The columns that a step is about to change, as they are, in JSON's types."""
    columns = [STAMPS[step]]
    if step is Step.CHECK_IN:
        columns.append("arrived_at")
    if step is Step.ROOM:
        columns.append("actual_room_id")
    values = {column: getattr(row, column) for column in columns}
    return {
        column: value.isoformat() if isinstance(value, datetime) else str(value) if value is not None else None
        for column, value in values.items()
    }


def _restored(column: str, value: str | None) -> datetime | UUID | None:
    if value is None:
        return None
    return UUID(value) if column.endswith("_id") else datetime.fromisoformat(value)


def _waits(row: Appointment, now: datetime) -> Waits:
    times = Times(row.start_time, row.arrived_at, row.checked_in_at, row.roomed_at, row.seen_at)
    return visits.waits(Status(row.status), times, now)


def _practitioners(store: Store, location: LocationCopy, day: date, rows: list[Appointment]) -> list[DayPractitioner]:
    span = zones.day_span(location.time_zone, day)
    booked: dict[UUID, list[Appointment]] = {}
    for row in rows:
        if Status(row.status) in LIVE | {Status.CHECKED_OUT}:
            booked.setdefault(row.practitioner_id, []).append(row)
    rules = store.working_rules_at(location, day_of_cell(span.first))
    people = {*rules, *booked}
    names = store.names(PractitionerCopy, people)
    board = []
    for practitioner_id in sorted(people, key=lambda p: (names.get(p, ""), p)):
        known, own = rules.get(practitioner_id), booked.get(practitioner_id, [])
        minutes = availability.working_bits(known, span).bit_count() * CELL_MINUTES if known else 0
        if minutes or own:
            taken = sum(int((row.end_time - row.start_time).total_seconds()) // 60 for row in own)
            board.append(DayPractitioner(practitioner_id, names.get(practitioner_id, ""), minutes, taken, len(own)))
    return board
