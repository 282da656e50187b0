"""The federal poverty guidelines (HHS, 42 U.S.C. 9902(2)), built in as far as they were published; tenants add later years.

Sources: 90 FR 5917 (2025), 91 FR 1797 (2026). Minor units a year.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Region(StrEnum):
    """Where the household lives."""

    CONTIGUOUS = "contiguous"
    ALASKA = "alaska"
    HAWAII = "hawaii"


@dataclass(frozen=True, slots=True)
class Guideline:
    """What a household of one needs a year, and each person more."""

    region: Region
    start: date
    first_person_minor: int
    each_more_minor: int

    def of(self, household_size: int) -> int:
        """The guideline of a household, minor units a year. Raises ValueError for nobody."""
        if household_size < 1:
            raise ValueError("a household has at least one person")
        return self.first_person_minor + (household_size - 1) * self.each_more_minor


BUILT_IN: tuple[Guideline, ...] = (
    Guideline(Region.CONTIGUOUS, date(2025, 1, 15), 1_565_000, 550_000),
    Guideline(Region.ALASKA, date(2025, 1, 15), 1_955_000, 688_000),
    Guideline(Region.HAWAII, date(2025, 1, 15), 1_799_000, 633_000),
    Guideline(Region.CONTIGUOUS, date(2026, 1, 13), 1_596_000, 568_000),
    Guideline(Region.ALASKA, date(2026, 1, 13), 1_995_000, 710_000),
    Guideline(Region.HAWAII, date(2026, 1, 13), 1_836_000, 653_000),
)


def guideline_on(own: Iterable[Guideline], region: Region, day: date) -> Guideline | None:
    """The guideline in force on a day: the last that had begun, the tenant's own before a built-in one of the same day; None before
    the first."""
    known = [*BUILT_IN, *own]
    begun = [(one.start, at) for at, one in enumerate(known) if one.region is region and one.start <= day]
    return known[max(begun)[1]] if begun else None
