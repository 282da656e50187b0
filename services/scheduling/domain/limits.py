"""How many visits may be booked: of a practitioner, at a location, of a type, for a patient, in a local day or week.

A limit is a resource with as many lanes as visits are allowed, taken for one cell: the day's, or the Monday's of the week. So the
database's primary key enforces it in the same statement as the time itself, and a search sees it in the same bitmaps.

The cell is that of the LOCAL date at the visit's location (``day_cell``): a visit counts on the day that its wall clock shows, wherever
the visit is, and a practitioner who works in two zones has one count a date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from uuid import UUID, uuid5

from scheduling.domain import zones
from scheduling.domain.bitmaps import Occupancy
from scheduling.domain.cells import CELLS_PER_DAY, Span, day_cell, day_of_cell

# Names of counters (RFC 9562, version 5) are made in this name space; it never changes, or what is booked would not be counted.
COUNTERS = UUID("6b0f8f5c-6a0f-5d0e-9d43-1d9a4f0f3c11")


class Period(Enum):
    """What is counted together; the value is its length in cells."""

    DAY = CELLS_PER_DAY
    WEEK = 7 * CELLS_PER_DAY


@dataclass(frozen=True)
class VisitLimits:
    """At most so many visits in a local day, and in a local week from Monday to Sunday; 0: any number."""

    per_day: int = 0
    per_week: int = 0

    def __bool__(self) -> bool:
        return bool(self.per_day or self.per_week)


NO_LIMITS = VisitLimits()


@dataclass(frozen=True)
class Counter:
    """A limit of a subject: the resource that counts, how many it allows, and over which period."""

    id: UUID
    allowed: int
    period: Period

    def cell(self, day: date) -> int:
        """The cell that counts visits of this local day."""
        return day_cell(day if self.period is Period.DAY else day - timedelta(days=day.weekday()))

    def span(self, day: date) -> Span:
        """The same as a span."""
        cell = self.cell(day)
        return Span(cell, cell + 1)


@dataclass(frozen=True)
class ResourceRule:
    """What a clinic sets for one practitioner, room, device or location: minutes of buffers around each of its visits (the longest
    of these and the type's count) and how many visits it takes (practitioners and locations)."""

    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    limits: VisitLimits = NO_LIMITS


def counters(limits: VisitLimits, *subject: UUID) -> Iterator[Counter]:
    """The counters of a subject: a practitioner, a location, (type, practitioner) or (type, patient)."""
    name = " ".join(map(str, subject))
    if limits.per_day:
        yield Counter(uuid5(COUNTERS, f"day {name}"), limits.per_day, Period.DAY)
    if limits.per_week:
        yield Counter(uuid5(COUNTERS, f"week {name}"), limits.per_week, Period.WEEK)


def counter_ids(subject: Iterable[UUID]) -> tuple[UUID, UUID]:
    """The ids of the subject's counters of the day and of the week, whatever is allowed."""
    both = list(counters(VisitLimits(1, 1), *subject))
    return both[0].id, both[1].id


def full_time(full: int, period: Period) -> int:
    """Local bitmap of the periods whose first cell is set in ``full``: the whole of each day or week that can take no more."""
    return full * ((1 << period.value) - 1)


def full_cells(counted: Occupancy, period: Period, zone: str, block: Span) -> int:
    """The UTC cells of the block that lie in a local day or week which takes no more; bit 0 is the block's first cell."""
    first_day = day_of_cell(block.first) - timedelta(days=1)
    local = Span(day_cell(first_day - timedelta(days=first_day.weekday())), block.end + 2 * CELLS_PER_DAY)
    full = counted.busy(local)
    return zones.to_utc(full_time(full, period), local.first, zone, block) if full else 0


def practitioner_counters(
    of_type: VisitLimits,
    type_id: UUID,
    practitioner_id: UUID,
    own: ResourceRule,
    location_id: UUID,
    place: ResourceRule,
) -> Iterator[Counter]:
    """The limits that a visit counts for, whoever the patient is: the practitioner's, the type's of one practitioner, the location's."""
    yield from counters(own.limits, practitioner_id)
    yield from counters(of_type, type_id, practitioner_id)
    yield from counters(place.limits, location_id)
