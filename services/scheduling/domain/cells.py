"""Five-minute cells: the grain of all planned time.

A cell is the number of whole five-minute stretches since 1970-01-01T00:00Z. Spans are half-open: ``[first, end)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

CELL_MINUTES = 5
CELL_SECONDS = CELL_MINUTES * 60
CELLS_PER_DAY = 24 * 60 // CELL_MINUTES
# Cells are stored in weekly partitions; weeks are counted from the epoch too (they begin on a Thursday, which nobody sees).
CELLS_PER_WEEK = 7 * CELLS_PER_DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class NotOnGrid(ValueError):
    """A planned time that is no multiple of five minutes."""


@dataclass(frozen=True, order=True)
class Span:
    """Cells ``first`` (included) to ``end`` (not included)."""

    first: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.first:
            raise ValueError("a span ends before it begins")

    def __len__(self) -> int:
        return self.end - self.first

    def __contains__(self, cell: object) -> bool:
        return isinstance(cell, int) and self.first <= cell < self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two have a cell in common."""
        return self.first < other.end and other.first < self.end

    def widened(self, before: int, after: int) -> Span:
        """The span with so many cells more before and after."""
        return Span(self.first - before, self.end + after)


def cell_at(instant: datetime) -> int:
    """The cell that begins at this instant (aware). Raises NotOnGrid unless it is a multiple of five minutes."""
    delta = instant - _EPOCH
    if delta.microseconds or delta.seconds % CELL_SECONDS:
        raise NotOnGrid("must be a multiple of 5 minutes")
    return delta.days * CELLS_PER_DAY + delta.seconds // CELL_SECONDS


def cell_containing(instant: datetime) -> int:
    """The cell in which this instant (aware) lies."""
    delta = instant - _EPOCH
    return delta.days * CELLS_PER_DAY + delta.seconds // CELL_SECONDS


def first_cell_from(instant: datetime) -> int:
    """The first cell that begins at or after this instant (aware)."""
    cell = cell_containing(instant)
    return cell if instant_at(cell) == instant else cell + 1


def instant_at(cell: int) -> datetime:
    """The UTC instant at which a cell begins."""
    return _EPOCH + timedelta(seconds=cell * CELL_SECONDS)


def cells_of(minutes: int) -> int:
    """Minutes → cells. Raises NotOnGrid unless they are a multiple of five."""
    if minutes % CELL_MINUTES:
        raise NotOnGrid("must be a multiple of 5 minutes")
    return minutes // CELL_MINUTES


def day_cell(day: date) -> int:
    """The number of the cell that begins at midnight of this date on a wall clock that shows UTC.

    Local wall clocks are counted in the same way: local cell = day_cell(local date) + minutes after midnight / 5.
    """
    return (day.toordinal() - _EPOCH_ORDINAL) * CELLS_PER_DAY


def day_of_cell(cell: int) -> date:
    """The date of a cell on the clock in which it is counted."""
    return date.fromordinal(cell // CELLS_PER_DAY + _EPOCH_ORDINAL)
