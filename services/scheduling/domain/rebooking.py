"""Where a visit goes that cannot stay: which free times are tried first, and why, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from scheduling.domain import bitmaps, zones
from scheduling.domain.cells import CELL_MINUTES, CELLS_PER_DAY, instant_at

# What is dear to patients, as minutes of shift: another person; coming earlier than they were told; another time of day.
ANOTHER_PRACTITIONER = 36 * 60
EARLIER_THAN_TOLD = 18 * 60
TIME_OF_DAY_WEIGHT = 2
# Nobody is asked to come sooner than a day from now, unless their visit was to be sooner.
SHORTEST_WARNING = timedelta(days=1)


@dataclass(frozen=True)
class Displaced:
    """A visit that cannot stay where it is: its practitioner, first UTC cell and zone."""

    appointment_id: UUID
    practitioner_id: UUID
    cell: int
    zone: str


@dataclass(frozen=True)
class Opening:
    """Where one practitioner could start the visit: bit 0 is the cell ``base``."""

    practitioner_id: UUID
    base: int
    bits: int


@dataclass(frozen=True)
class Place:
    """One place to try, with what it costs the patient (minutes, the less the better)."""

    practitioner_id: UUID
    cell: int
    penalty: int


def earliest_start(now: datetime, start: datetime) -> datetime:
    """The earliest start a displaced visit may be given: a day's warning, or its own start when that is sooner."""
    return max(now, min(start, now + SHORTEST_WARNING))


def places(visit: Displaced, openings: Iterable[Opening]) -> list[Place]:
    """All openings, the best first: near in time, at the same time of day, with the same practitioner, not earlier than told."""
    found = [
        Place(opening.practitioner_id, cell, _penalty(visit, opening.practitioner_id, cell))
        for opening in openings
        for cell in (opening.base + index for index in bitmaps.indexes(opening.bits))
    ]
    return sorted(found, key=lambda place: (place.penalty, place.cell, place.practitioner_id))


def explanation(visit: Displaced, place: Place) -> str:
    """Why this place, as a scheduler reads it: who, how many days away, how far off in the day."""
    who = "same practitioner" if place.practitioner_id == visit.practitioner_id else "another practitioner"
    days, minutes = _difference(visit, place.cell)
    when = {0: "same day", 1: "next day", -1: "the day before"}.get(
        days, f"{abs(days)} days {'later' if days > 0 else 'earlier'}"
    )
    off = f"{abs(minutes)} minutes {'later' if minutes > 0 else 'earlier'}" if minutes else "same time of day"
    return f"{who}, {when}, {off}"


def _penalty(visit: Displaced, practitioner_id: UUID, cell: int) -> int:
    _, off = _difference(visit, cell)
    return (
        abs(cell - visit.cell) * CELL_MINUTES
        + TIME_OF_DAY_WEIGHT * abs(off)
        + (ANOTHER_PRACTITIONER if practitioner_id != visit.practitioner_id else 0)
        + (EARLIER_THAN_TOLD if cell < visit.cell else 0)
    )


def _difference(visit: Displaced, cell: int) -> tuple[int, int]:
    """(days, minutes of the day) from the visit to the cell, on the wall clock."""
    before, after = zones.local_cell(visit.zone, visit.cell), zones.local_cell(visit.zone, cell)
    days = after // CELLS_PER_DAY - before // CELLS_PER_DAY
    return days, (after % CELLS_PER_DAY - before % CELLS_PER_DAY) * CELL_MINUTES


def start_of(place: Place) -> datetime:
    """The UTC instant at which the visit would begin."""
    return instant_at(place.cell)
