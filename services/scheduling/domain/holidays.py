"""Days on which a location is closed, by the year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from scheduling.domain.cells import CELL_MINUTES


@dataclass(frozen=True, order=True)
class Holiday:
    """A day with its name; closed within [starts, ends) minutes after local midnight, both 0: all day."""

    day: date
    name: str
    starts_minute: int = 0
    ends_minute: int = 0


def defects(found: Sequence[Holiday], year: int) -> list[tuple[int, str, str]]:
    """What is wrong with a year's holidays: (index, field, what)."""
    problems = []
    seen: set[tuple[date, int]] = set()
    for index, one in enumerate(found):
        if one.day.year != year:
            problems.append((index, "date", f"must be in {year}"))
        if (one.day, one.starts_minute) in seen:
            problems.append((index, "date", "is named twice"))
        seen.add((one.day, one.starts_minute))
        if one.starts_minute % CELL_MINUTES or one.ends_minute % CELL_MINUTES:
            problems.append((index, "starts_minute", "must be multiples of 5 minutes"))
        if (one.starts_minute or one.ends_minute) and one.ends_minute <= one.starts_minute:
            problems.append((index, "ends_minute", "must be after starts_minute"))
    return problems
