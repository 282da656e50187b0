"""Wall clocks: from the local time people write down to UTC cells, right on the days when clocks change.

A stretch of a zone's time with one offset is a segment. Within a segment local time is UTC plus a constant; a local bitmap is
therefore carried over segment by segment. Local minutes that no segment shows (the clocks jump over them) vanish; local minutes
that two segments show (the clocks go back) come twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scheduling.domain.bitmaps import section
from scheduling.domain.cells import CELL_SECONDS, CELLS_PER_DAY, Span, day_cell, day_of_cell, instant_at


@dataclass(frozen=True)
class Segment:
    """UTC cells during which the zone's clocks are ``offset`` cells ahead of UTC."""

    span: Span
    offset: int


def known_zone(name: str) -> bool:
    """Whether this is the name of an IANA zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def offset_at(zone: str, cell: int) -> int:
    """How many cells the zone's clocks are ahead of UTC when this UTC cell begins (zones in use keep to quarter hours)."""
    offset = instant_at(cell).astimezone(ZoneInfo(zone)).utcoffset()
    return int((offset or timedelta()).total_seconds()) // CELL_SECONDS


@lru_cache(maxsize=4096)
def segments(zone: str, first: int, end: int) -> tuple[Segment, ...]:
    """The segments of the UTC cells [first, end). A change of the clocks is found by halving between two days that differ."""
    found: list[Segment] = []
    begin, offset = first, offset_at(zone, first)
    cell = first
    while cell < end:
        following = min(cell + CELLS_PER_DAY, end)
        if offset_at(zone, following) != offset:
            low, high = cell, following
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_at(zone, middle) == offset else (low, middle)
            if high < end:
                found.append(Segment(Span(begin, high), offset))
                begin, offset = high, offset_at(zone, high)
        cell = following
    found.append(Segment(Span(begin, end), offset))
    return tuple(found)


def local_cell(zone: str, cell: int) -> int:
    """The cell that the zone's wall clocks show when this UTC cell begins."""
    return cell + offset_at(zone, cell)


def local_date(zone: str, cell: int) -> date:
    """The date on the zone's wall clocks when this UTC cell begins."""
    return day_of_cell(local_cell(zone, cell))


def day_span(zone: str, day: date) -> Span:
    """The UTC cells of a local day: 23, 24 or 25 hours."""
    first = day_cell(day)
    return Span(_first_cell_of(zone, first), _first_cell_of(zone, first + CELLS_PER_DAY))


def to_utc(local_bits: int, local_base: int, zone: str, span: Span) -> int:
    """A bitmap of local cells (bit 0 = ``local_base``) as one of the UTC cells of ``span``."""
    bits = 0
    for segment in segments(zone, span.first, span.end):
        here = section(local_bits, segment.span.first + segment.offset - local_base, len(segment.span))
        bits |= here << (segment.span.first - span.first)
    return bits


def _first_cell_of(zone: str, midnight: int) -> int:
    """The first UTC cell at which the wall clock shows this local midnight or, where it is jumped over, a later time."""
    # No zone is more than 15 hours from UTC; local dates never run backwards across midnight by more than the change itself.
    for segment in segments(zone, midnight - 2 * CELLS_PER_DAY, midnight + 2 * CELLS_PER_DAY):
        candidate = max(midnight - segment.offset, segment.span.first)
        if candidate < segment.span.end:
            return candidate
    raise AssertionError("every local midnight comes")
