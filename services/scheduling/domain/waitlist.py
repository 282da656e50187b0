"""The waitlist: who is offered a time that has become free, in which order and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from scheduling.domain import zones
from scheduling.domain.cells import CELL_MINUTES, CELLS_PER_DAY, day_of_cell

# One round: so many people are asked at once, for so long. First acceptance wins.
OFFERS_PER_ROUND = 3
ROUND = timedelta(minutes=30)
# Who is asked needs at least so long to answer, else the time is left to the desk.
SHORTEST_ROUND = timedelta(minutes=10)
# The hold outlives its round, so that between two rounds the time is not lost to a passer-by.
HOLD_MARGIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Wish:
    """What somebody on the waitlist would take."""

    entry_id: UUID
    patient_id: UUID
    type_id: UUID
    practitioner_ids: frozenset[UUID]
    location_ids: frozenset[UUID]
    first_day: date
    last_day: date
    weekdays: frozenset[int]
    earliest_minute: int
    latest_minute: int
    priority: int
    joined_at: datetime
    # Start of the visit that would be given up for an earlier one (UTC).
    instead_of: datetime | None = None


@dataclass(frozen=True)
class FreedTime:
    """A practitioner's time at a location that has become free: it starts at this UTC cell."""

    practitioner_id: UUID
    location_id: UUID
    zone: str
    cell: int
    start: datetime


def suits(wish: Wish, freed: FreedTime) -> bool:
    """Whether somebody with this wish would take a visit that starts then; days and minutes are the location's wall clock."""
    local = zones.local_cell(freed.zone, freed.cell)
    day = day_of_cell(local)
    minute = local % CELLS_PER_DAY * CELL_MINUTES
    return (
        (not wish.practitioner_ids or freed.practitioner_id in wish.practitioner_ids)
        and (not wish.location_ids or freed.location_id in wish.location_ids)
        and wish.first_day <= day <= wish.last_day
        and (not wish.weekdays or day.isoweekday() in wish.weekdays)
        and wish.earliest_minute <= minute <= (wish.latest_minute or 24 * 60)
        and (wish.instead_of is None or freed.start < wish.instead_of)
    )


def ranked(wishes: Iterable[Wish]) -> list[Wish]:
    """In the order in which they are served: priority, then who has waited longest."""
    return sorted(wishes, key=lambda wish: (-wish.priority, wish.joined_at, wish.entry_id))


def round_end(now: datetime, start: datetime, minimum_notice_minutes: int) -> datetime | None:
    """When a round that begins now ends: never past the last moment at which the visit may be booked; None: too late to ask."""
    end = min(now + ROUND, start - timedelta(minutes=minimum_notice_minutes))
    return end if end - now >= SHORTEST_ROUND else None
