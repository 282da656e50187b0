"""The walk-in queue: who is next, and how long they wait until somebody has time for them between the booked visits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from scheduling.domain import bitmaps


class QueueStatus(Enum):
    """Where somebody stands; the values are the proto's."""

    WAITING = 1
    CALLED = 2
    SERVED = 3
    LEFT = 4


@dataclass(frozen=True)
class Waiting:
    """Somebody in the queue: how urgent, which token, and how many cells each practitioner who may take them needs."""

    id: UUID
    priority: int
    number: int
    cells: Mapping[UUID, int]


def ranked(queue: Iterable[Waiting]) -> list[Waiting]:
    """In the order in which they are called: the urgent first, then who came first."""
    return sorted(queue, key=lambda one: (-one.priority, one.number))


def estimates(queue: Sequence[Waiting], free: Mapping[UUID, int]) -> dict[UUID, int | None]:
    """In how many cells from now each will be seen; None: not with the time that there is.

    :param queue: ranked; :param free: each practitioner's free working time from now on, bit 0 is the running cell. Each in turn takes
        the earliest time that is left, as they would be called.
    """
    left = dict(free)
    found: dict[UUID, int | None] = {}
    for one in queue:
        options = [
            (bitmaps.lowest(runs), practitioner)
            for practitioner, length in sorted(one.cells.items())
            if practitioner in left and (runs := bitmaps.runs(left[practitioner], length))
        ]
        best = min(options, default=None)
        found[one.id] = None if best is None else best[0]
        if best is not None:
            first, practitioner = best
            left[practitioner] &= ~bitmaps.mask(first, first + one.cells[practitioner])
    return found


def token(number: int) -> str:
    """What is called out and shown on the board, e.g. "W007"."""
    return f"W{number:03d}"


def minutes_until(start: datetime, now: datetime) -> int:
    """Whole minutes from now, never negative, rounded up to five: what a patient is told."""
    minutes = max(int((start - now).total_seconds() + 59) // 60, 0)
    return -(-minutes // 5) * 5
