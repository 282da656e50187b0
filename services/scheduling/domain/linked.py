"""Visits one after the other: rows of free times that follow each other at one place on one day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID


@dataclass(frozen=True)
class Free:
    """A free time of one visit: where, with whom, on which local day, and from when to when (UTC); ``key`` is the caller's.

    ``before`` and ``after``: minutes that the practitioner needs around it.
    """

    key: int
    location_id: UUID
    practitioner_id: UUID
    day: date
    start: datetime
    end: datetime
    before: int = 0
    after: int = 0


@dataclass(frozen=True)
class Following:
    """How visits follow each other: minutes between the end of one and the start of the next (most 0: any)."""

    least: int = 0
    most: int = 0
    same_practitioner: bool = False

    def fits(self, earlier: Free, later: Free) -> bool:
        """Whether the later time may follow the earlier one."""
        gap = later.start - earlier.end
        same = earlier.practitioner_id == later.practitioner_id
        least = max(self.least, earlier.after + later.before) if same else self.least
        return (
            earlier.location_id == later.location_id
            and earlier.day == later.day
            and gap >= timedelta(minutes=least)
            and (not self.most or gap <= timedelta(minutes=self.most))
            and (not self.same_practitioner or same)
        )


def rows(free: Sequence[Sequence[Free]], following: Following) -> Iterator[list[Free]]:
    """Every row, the soonest beginning first and each as short as it can be: of a beginning only the rows that end soonest with each
    choice of practitioners are told, not every way to wait longer."""
    later = [sorted(one, key=lambda f: (f.end, f.start, f.key)) for one in free[1:]]
    for first in sorted(free[0], key=lambda f: (f.start, f.end, f.key)) if free else ():
        yield from _continued([first], later, following)


def _continued(row: list[Free], rest: Sequence[Sequence[Free]], following: Following) -> Iterator[list[Free]]:
    if not rest:
        yield row
        return
    tried: set[UUID] = set()
    for option in rest[0]:
        if option.practitioner_id not in tried and following.fits(row[-1], option):
            tried.add(option.practitioner_id)
            yield from _continued([*row, option], rest[1:], following)
