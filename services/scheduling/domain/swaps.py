"""Whom to see first when somebody is late: a bounded search through other orders of a practitioner's next visits.

Nobody is seen before the time they were promised, whatever it would save.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

# So many of the next visits are looked at, and one may be drawn forward past so many.
LOOK_AHEAD = 8
MOST_PASSED = 4
WORTH_MINUTES = 5
BEST = 3


@dataclass(frozen=True)
class Next:
    """A visit that has not begun: when it was promised, when its patient is (or will be) there, how long it takes."""

    id: UUID
    promised: datetime
    there: datetime
    minutes: int


@dataclass(frozen=True)
class Swap:
    """One visit is seen before others: what it saves in all, and when each visit begins before and after."""

    first: UUID
    passes: tuple[UUID, ...]
    saves_minutes: int
    before: dict[UUID, datetime]
    after: dict[UUID, datetime]


def starts(order: Sequence[Next], free_at: datetime) -> dict[UUID, datetime]:
    """When each visit begins in this order: not before it was promised, its patient is there, and the one before is over."""
    begins = {}
    for one in order:
        begins[one.id] = max(free_at, one.promised, one.there)
        free_at = begins[one.id] + timedelta(minutes=one.minutes)
    return begins


def waiting(order: Sequence[Next], begins: dict[UUID, datetime]) -> timedelta:
    """How long the patients wait in all: from when they were promised and there, until they are seen."""
    return sum((begins[one.id] - max(one.promised, one.there) for one in order), timedelta())


def proposals(order: Sequence[Next], free_at: datetime) -> list[Swap]:
    """The best orders that save at least five minutes in all, the best first; never more than three.

    :param order: the practitioner's next visits as planned; :param free_at: when the practitioner can begin the first
    """
    looked_at = list(order[:LOOK_AHEAD])
    before = starts(looked_at, free_at)
    waited = waiting(looked_at, before)
    found = []
    for first, passes, other in _orders(looked_at):
        after = starts(other, free_at)
        saved = int((waited - waiting(other, after)).total_seconds()) // 60
        if saved >= WORTH_MINUTES:
            found.append(Swap(first, passes, saved, before, after))
    return sorted(found, key=lambda swap: (-swap.saves_minutes, len(swap.passes), swap.first))[:BEST]


def _orders(order: list[Next]) -> Iterator[tuple[UUID, tuple[UUID, ...], list[Next]]]:
    """Every order in which one visit is drawn forward past up to four others."""
    for index in range(1, len(order)):
        for to in range(max(0, index - MOST_PASSED), index):
            other = [*order[:to], order[index], *order[to:index], *order[index + 1 :]]
            yield order[index].id, tuple(one.id for one in order[to:index]), other
