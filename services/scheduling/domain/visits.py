"""The visit's flow: which step leads from which status to which, and how long people wait.

The transition table is the rule; there is no other place that knows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


class Status(Enum):
    """Where a visit stands; the values are the proto's."""

    BOOKED = 1
    CONFIRMED = 2
    ARRIVED = 3
    CHECKED_IN = 4
    ROOMED = 5
    SEEN = 6
    CHECKED_OUT = 7
    CANCELLED = 8
    NO_SHOW = 9
    LEFT = 10


class Step(Enum):
    """What can be done to a visit."""

    CONFIRM = "confirm"
    MOVE = "move"
    CANCEL = "cancel"
    ARRIVE = "arrive"
    CHECK_IN = "check_in"
    ROOM = "room"
    SEE = "seen"
    CHECK_OUT = "check_out"
    NO_SHOW = "no_show"
    LEAVE = "left"


TRANSITIONS: Mapping[tuple[Status, Step], Status] = {
    (Status.BOOKED, Step.CONFIRM): Status.CONFIRMED,
    (Status.BOOKED, Step.MOVE): Status.BOOKED,
    (Status.CONFIRMED, Step.MOVE): Status.BOOKED,
    (Status.BOOKED, Step.CANCEL): Status.CANCELLED,
    (Status.CONFIRMED, Step.CANCEL): Status.CANCELLED,
    (Status.BOOKED, Step.ARRIVE): Status.ARRIVED,
    (Status.CONFIRMED, Step.ARRIVE): Status.ARRIVED,
    (Status.NO_SHOW, Step.ARRIVE): Status.ARRIVED,
    (Status.BOOKED, Step.CHECK_IN): Status.CHECKED_IN,
    (Status.CONFIRMED, Step.CHECK_IN): Status.CHECKED_IN,
    (Status.ARRIVED, Step.CHECK_IN): Status.CHECKED_IN,
    (Status.CHECKED_IN, Step.ROOM): Status.ROOMED,
    (Status.ROOMED, Step.ROOM): Status.ROOMED,
    (Status.CHECKED_IN, Step.SEE): Status.SEEN,
    (Status.ROOMED, Step.SEE): Status.SEEN,
    (Status.SEEN, Step.CHECK_OUT): Status.CHECKED_OUT,
    (Status.BOOKED, Step.NO_SHOW): Status.NO_SHOW,
    (Status.CONFIRMED, Step.NO_SHOW): Status.NO_SHOW,
    (Status.ARRIVED, Step.LEAVE): Status.LEFT,
    (Status.CHECKED_IN, Step.LEAVE): Status.LEFT,
    (Status.ROOMED, Step.LEAVE): Status.LEFT,
}

# Steps of the flow, the only ones that can be undone: a cancelled time may have gone to somebody else.
UNDOABLE = frozenset({Step.ARRIVE, Step.CHECK_IN, Step.ROOM, Step.SEE, Step.CHECK_OUT, Step.NO_SHOW, Step.LEAVE})

# Visits that still are to come or are under way.
LIVE = frozenset({Status.BOOKED, Status.CONFIRMED, Status.ARRIVED, Status.CHECKED_IN, Status.ROOMED, Status.SEEN})
PENDING = frozenset({Status.BOOKED, Status.CONFIRMED})
IN_ROOM = frozenset({Status.ROOMED, Status.SEEN})

ARRIVAL_WINDOW = timedelta(hours=12)
SAYS_HERE_BEFORE, SAYS_HERE_AFTER = timedelta(hours=2), timedelta(hours=4)


@dataclass(frozen=True)
class Times:
    """When a visit reached its stages; None where it has not (business time, aware)."""

    start: datetime
    arrived: datetime | None = None
    checked_in: datetime | None = None
    roomed: datetime | None = None
    seen: datetime | None = None


@dataclass(frozen=True)
class Waits:
    """Whole minutes, as the flow board shows them."""

    in_stage: int
    waited: int
    late: int


def after(status: Status, step: Step) -> Status | None:
    """The status that a step leads to; None when it cannot be taken from here."""
    return TRANSITIONS.get((status, step))


def may_arrive(now: datetime, start: datetime) -> bool:
    """Whether an arrival now belongs to a visit that starts then: within 12 hours of it."""
    return abs(now - start) <= ARRIVAL_WINDOW


def may_say_here(now: datetime, start: datetime) -> bool:
    """Whether a patient may say by themselves that they have come: not on the way from home, nor after everybody has left."""
    return start - SAYS_HERE_BEFORE <= now <= start + SAYS_HERE_AFTER


def waits(status: Status, times: Times, now: datetime) -> Waits:
    """How long the patient has waited until ``now``.

    Waiting begins with the arrival, or with the visit's start for who came early, and ends when the clinician is there.
    Late is how long after the start the patient came, or has not come while the visit is still expected.
    """
    entered = {
        Status.ARRIVED: times.arrived,
        Status.CHECKED_IN: times.checked_in,
        Status.ROOMED: times.roomed,
        Status.SEEN: times.seen,
    }.get(status)
    waited = 0
    if times.arrived is not None and status in LIVE | {Status.CHECKED_OUT}:
        waited = _minutes(max(times.arrived, times.start), times.seen or now)
    came = times.arrived or (now if status in PENDING else None)
    return Waits(
        in_stage=_minutes(entered, now) if entered else 0,
        waited=waited,
        late=_minutes(times.start, came) if came else 0,
    )


def _minutes(begin: datetime, end: datetime) -> int:
    return max(int((end - begin).total_seconds()) // 60, 0)
