"""When the visits of a day will really begin, and when a patient is told that theirs is late.

Every visit begins when it was promised, or once its practitioner is done with what comes before and a room is free, or now, whichever is
latest. Delays therefore run on through a practitioner's day and through the rooms that practitioners share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from scheduling.domain.policy import BookingPolicy
from scheduling.domain.visits import Status

# Patients are told multiples of this: nobody believes "23 minutes".
TOLD_IN_STEPS_OF = 5
# So long the time of somebody who is late is kept; then they hold nobody up any more. Shorter than any delay that is told: that
# somebody does not come is no news for the others.
KEPT = timedelta(minutes=10)
# Whoever is in a room already sees for themselves.
WAITING = frozenset({Status.BOOKED, Status.CONFIRMED, Status.ARRIVED, Status.CHECKED_IN})
OVER = frozenset({Status.CHECKED_OUT, Status.CANCELLED, Status.NO_SHOW, Status.LEFT})


@dataclass(frozen=True)
class Stage:
    """A visit of the day as it stands: planned start and length, who and where, and when it really began."""

    id: UUID
    practitioner_id: UUID
    start: datetime
    minutes: int
    status: Status
    room_id: UUID | None = None
    seen: datetime | None = None
    # How late the patient was told that it will be.
    told_minutes: int = 0


@dataclass(frozen=True)
class Expected:
    """When a visit will begin, as far as can be said now."""

    id: UUID
    start: datetime
    delay_minutes: int


def expected_starts(day: Sequence[Stage], now: datetime) -> list[Expected]:
    """The visits that have not begun, in the order in which they will, with their delays in whole minutes.

    Whoever is there goes before somebody who is late. Whoever is not in a room yet takes the
    planned one or, when that is not free in time, the first that is: rooms are planned to be sure of one, not to wait for it.

    :param day: all visits of a location's day (its practitioners share its rooms), in any order
    """
    free: dict[UUID, datetime] = {}
    rooms = {one.room_id for one in day if one.room_id is not None}
    for one in day:
        # What is over keeps nobody, least of all a time that was cancelled and is still to come.
        if one.status not in OVER and one.seen is not None:
            _busy_until(free, one, max(one.seen + timedelta(minutes=one.minutes), now))
    found = []
    for one in sorted((s for s in day if s.status not in OVER and s.seen is None), key=lambda s: _turn(s, now)):
        begins = max(one.start, now, free.get(one.practitioner_id, now))
        room = (
            one.room_id
            if one.room_id is None or one.status is Status.ROOMED
            else _room(one.room_id, rooms, free, begins)
        )
        if room is not None and one.status is not Status.ROOMED:
            begins = max(begins, free.get(room, begins))
        if not is_awaited(one, now - KEPT):
            _busy_until(free, replace(one, room_id=room), begins + timedelta(minutes=one.minutes))
        found.append(Expected(one.id, begins, int((begins - one.start).total_seconds()) // 60))
    return found


def is_awaited(one: Stage, now: datetime) -> bool:
    """Whether by then the clinic waited for the patient, not the patient for the clinic: they had not come at the time they know of."""
    return one.status in (Status.BOOKED, Status.CONFIRMED) and one.start + timedelta(minutes=one.told_minutes) <= now


def to_tell(told_minutes: int, delay_minutes: int, policy: BookingPolicy) -> int | None:
    """What a patient is to be told now, in minutes; 0: on time after all; None: nothing new.

    With hysteresis: a delay is told when it reaches the first threshold, again when it has changed by the second since it was told, and
    taken back when it falls below the third; between the thresholds nothing is said.
    """
    rounded = delay_minutes - delay_minutes % TOLD_IN_STEPS_OF
    if told_minutes == 0:
        return rounded if rounded and delay_minutes >= policy.late_tell_minutes else None
    if delay_minutes < policy.late_clear_minutes:
        return 0
    return rounded if rounded and abs(rounded - told_minutes) >= policy.late_again_minutes else None


def _turn(one: Stage, now: datetime) -> tuple[datetime, bool, UUID]:
    awaited = is_awaited(one, now)
    return (now if awaited else one.start), awaited, one.id


def _room(planned: UUID, rooms: set[UUID], free: dict[UUID, datetime], begins: datetime) -> UUID:
    """The planned room when it is free by then, or else the one that is free first."""
    if free.get(planned, begins) <= begins:
        return planned
    return min(rooms, key=lambda room: (max(free.get(room, begins), begins), room))


def _busy_until(free: dict[UUID, datetime], one: Stage, until: datetime) -> None:
    for key in (one.practitioner_id, one.room_id):
        if key is not None:
            free[key] = max(free.get(key, until), until)
