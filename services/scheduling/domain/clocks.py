"""What a change of a zone's rules moves: visits are kept as instants, and were promised at a time of the wall clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scheduling.domain.cells import Span
from scheduling.domain.zones import Segment


@dataclass(frozen=True)
class Shift:
    """A start (UTC cell) whose local cell is no more what it was, and the UTC cell at which the promised local time comes now."""

    start: int
    promised: int
    shown: int
    proposed: int


def offset_in(segments: Sequence[Segment], cell: int) -> int | None:
    """The offset in force at a UTC cell; None outside of the segments."""
    return next((one.offset for one in segments if cell in one.span), None)


def differ(before: Sequence[Segment], now: Sequence[Segment]) -> bool:
    """Whether the two disagree anywhere where both say something."""
    return any(one.offset != other.offset and one.span.overlaps(other.span) for one in before for other in now)


def shift_of(start: int, before: Sequence[Segment], now: Sequence[Segment]) -> Shift | None:
    """What the change did to a visit that starts at this UTC cell; None when its wall clock shows what it showed.

    A promised time that the new rules jump over comes with the first moment after the jump; one that comes twice is the earlier.
    """
    old, new = offset_in(before, start), offset_in(now, start)
    if old is None or new is None or old == new:
        return None
    promised = start + old
    return Shift(start, promised, start + new, _instant_of(promised, now))


def _instant_of(local: int, segments: Sequence[Segment]) -> int:
    for segment in segments:
        candidate = max(local - segment.offset, segment.span.first)
        if candidate < segment.span.end and candidate + segment.offset >= local:
            return candidate
    return local - segments[-1].offset


def stored(segments: Sequence[Segment]) -> list[list[int]]:
    """Segments as JSON: [[first cell, end cell, offset in cells]]."""
    return [[one.span.first, one.span.end, one.offset] for one in segments]


def read(rows: Sequence[Sequence[int]]) -> list[Segment]:
    """Segments from JSON."""
    return [Segment(Span(first, end), offset) for first, end, offset in rows]
