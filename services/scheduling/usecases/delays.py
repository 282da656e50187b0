"""Running late: the rest of a location's day is looked at after each step, and patients are told when it matters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import NotFound
from scheduling import published
from scheduling.domain import running_late, swaps, zones
from scheduling.domain.cells import cell_containing, instant_at
from scheduling.domain.running_late import WAITING, Expected, Stage
from scheduling.domain.swaps import Next, Swap
from scheduling.domain.visits import Status
from scheduling.store import Store
from scheduling.tables import Appointment, LocationCopy
from scheduling.tables_day import DelayNotice
from scheduling.usecases import guards
from scheduling.usecases.errors import WrongStatus

LOOK = "delays.look"
# Steps of one moment are looked at together; while somebody is late the day is looked at again and again.
SOON = timedelta(minutes=2)
AGAIN = timedelta(minutes=5)
# A step that is less off its time than this tells nothing new about the rest of the day.
WORTH_A_LOOK = timedelta(minutes=5)
# When nothing is known about a late patient.
UNKNOWN_ARRIVAL = timedelta(minutes=15)


@dataclass(frozen=True)
class ExpectedView:
    """A visit, when it will begin, and what its patient was told (minutes)."""

    row: Appointment
    expected: Expected
    told_minutes: int


@dataclass(frozen=True)
class SwapView:
    """A proposal with the visits it is about."""

    swap: Swap
    explanation: str
    visits: dict[UUID, Appointment]


def after_step(call: Call, row: Appointment, planned: datetime) -> None:
    """A step was taken: when it is off its plan the rest of the location's day is looked at, soon."""
    if call.now - planned >= WORTH_A_LOOK:
        call.due.at(LOOK, row.location_id, call.now + SOON)


def look(call: Call, location_id: UUID) -> None:
    """Works out the expected starts of a location's day, tells patients what is new to them, and looks again while somebody is late."""
    store = Store(call.session)
    location = store.get(LocationCopy, location_id)
    if location is None:
        return
    rows, notices, expected = expected_today(call, store, location)
    policy = store.policy(location.id)
    waiting = [one for one in expected if Status(rows[one.id].status) in WAITING]
    for one in waiting:
        notice = notices.get(one.id)
        told = notice.told_minutes if notice else 0
        row = rows[one.id]
        if running_late.is_awaited(_stage(row, told), call.now):
            continue  # whom the clinic waits for is not told to wait; who was told to come later may come later
        tell = running_late.to_tell(told, one.delay_minutes, policy)
        if tell is None:
            continue
        _write_notice(call, store, notice, row, one, tell)
        call.emit(published.delayed(row, row.start_time + timedelta(minutes=tell), tell))
    if any(one.delay_minutes >= policy.late_clear_minutes for one in waiting):
        call.due.at(LOOK, location.id, call.now + AGAIN)


def list_expected(call: Call, location_id: UUID) -> list[ExpectedView]:
    """Today's visits of a location that have not begun, with when they will. Raises NotFound."""
    store = Store(call.session)
    location = store.need(LocationCopy, location_id, "location")
    if call.principal.location_ids and location.id not in call.principal.location_ids:
        raise NotFound("location")
    rows, notices, expected = expected_today(call, store, location)
    return [
        ExpectedView(rows[one.id], one, notices[one.id].told_minutes if one.id in notices else 0) for one in expected
    ]


def get_expected(call: Call, appointment_id: UUID) -> ExpectedView:
    """What the patient of a visit was told last. Raises NotFound."""
    store = Store(call.session)
    row = guards.seen_appointment(call, store, appointment_id)
    notice = store.notices([row.id]).get(row.id)
    told = notice.told_minutes if notice else 0
    return ExpectedView(row, Expected(row.id, row.start_time + timedelta(minutes=told), told), told)


def propose_swaps(call: Call, appointment_id: UUID, expected_arrival: datetime | None) -> list[SwapView]:
    """Whom to see before a late patient. Raises NotFound, WrongStatus."""
    store = Store(call.session)
    late = guards.seen_appointment(call, store, appointment_id)
    if Status(late.status) not in WAITING:
        raise WrongStatus(internal=Status(late.status).name)
    start, end = _day(call, late.time_zone)
    rows = store.next_of_practitioner(late.practitioner_id, start, end)
    stages = [_stage(row) for row in rows]
    free_at = max((_done(one, call.now) for one in stages), default=call.now)
    there = expected_arrival or call.now + UNKNOWN_ARRIVAL
    order = [
        _next(row, call.now, there if row.id == late.id else None) for row in rows if Status(row.status) in WAITING
    ]
    visits = {row.id: row for row in rows}
    return [SwapView(swap, _explained(swap, visits), visits) for swap in swaps.proposals(order, max(free_at, call.now))]


def expected_today(
    call: Call, store: Store, location: LocationCopy
) -> tuple[dict[UUID, Appointment], dict[UUID, DelayNotice], list[Expected]]:
    """Today's visits of a location by id, what their patients were told, and when those that have not begun will."""
    start, end = _day(call, location.time_zone)
    rows = store.visits_of_day(location.id, start, end)
    notices = store.notices(row.id for row in rows)
    stages = [_stage(row, notices[row.id].told_minutes if row.id in notices else 0) for row in rows]
    return {row.id: row for row in rows}, notices, running_late.expected_starts(stages, call.now)


# ---- inside ----------------------------------------------------------------------------------------------------------


def _day(call: Call, zone: str) -> tuple[datetime, datetime]:
    today: date = zones.local_date(zone, cell_containing(call.now))
    span = zones.day_span(zone, today)
    return instant_at(span.first), instant_at(span.end)


def _stage(row: Appointment, told_minutes: int = 0) -> Stage:
    # A seat of a group does not stand in line: the group begins when it begins.
    practitioner = row.id if row.group_visit_id else row.practitioner_id
    minutes = int((row.end_time - row.start_time).total_seconds()) // 60
    room = row.actual_room_id or row.room_id
    return Stage(
        row.id, practitioner, row.start_time, minutes, Status(row.status), None if row.group_visit_id else room,
        row.seen_at, told_minutes,
    )  # fmt: skip


def _done(one: Stage, now: datetime) -> datetime:
    """When the practitioner is done with a visit that is under way; now when it is not."""
    if one.status is Status.SEEN and one.seen is not None:
        return max(one.seen + timedelta(minutes=one.minutes), now)
    return now


def _next(row: Appointment, now: datetime, there: datetime | None) -> Next:
    minutes = int((row.end_time - row.start_time).total_seconds()) // 60
    # Who has not come yet is thought to come in time, and not in the past.
    ready = there or row.arrived_at or max(row.start_time, now)
    return Next(row.id, row.start_time, ready, minutes)


def _explained(swap: Swap, visits: dict[UUID, Appointment]) -> str:
    """In the words of the desk, by the wall clock of the place."""
    row = visits[swap.first]
    local = zones.local_cell(row.time_zone, cell_containing(row.start_time)) * 5 % (24 * 60)
    return f"See {local // 60}:{local % 60:02d} first: saves {swap.saves_minutes} minutes of waiting in all"


def _write_notice(
    call: Call, store: Store, notice: DelayNotice | None, row: Appointment, one: Expected, tell: int
) -> None:
    if notice is None:
        store.add(
            DelayNotice(
                id=row.id, patient_id=row.patient_id, told_minutes=tell, told_at=call.now, expected_start=one.start
            )
        )
        return
    notice.told_minutes, notice.told_at, notice.expected_start = tell, call.now, one.start
