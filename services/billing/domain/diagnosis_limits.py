"""Whom a diagnosis can be about: sides, sexes and ages, as ICD-10-CM and CMS's Medicare Code Editor have them.

Sides come from the code's own words. Ages and sexes are the editor's lists by chapter and category (Medicare Code Editor v43, age
conflict: perinatal and newborn 0, pediatric 0–17, maternity 9–64, adult 15–124; sex conflict), as a table with dates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Side(StrEnum):
    """Which side of the body a code names."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"
    UNSPECIFIED = "unspecified"  # the code has sides, and this one names none


@dataclass(frozen=True, slots=True)
class DiagnosisLimits:
    """Whom a code can be about; '' and None: anybody."""

    sex: str = ""
    youngest: int | None = None
    oldest: int | None = None


@dataclass(frozen=True, slots=True)
class LimitRow:
    """Codes from `first` to `last` (prefixes, both included) and whom they can be about, for services since `start`."""

    first: str
    last: str
    sex: str = ""
    youngest: int | None = None
    oldest: int | None = None
    start: date = date(2015, 10, 1)
    end: date | None = None

    def holds(self, code: str, day: date) -> bool:
        """Whether the row is about this code (without dot) on that day."""
        in_range = self.first <= code[: len(self.first)] and code[: len(self.last)] <= self.last
        return in_range and self.start <= day and (self.end is None or day <= self.end)


FEMALE, MALE = "F", "M"
# CMS, "Definitions of Medicare Code Edits" v43 (FY 2026), sections on age and sex conflicts; by category, as far as outpatient
# clinics meet them.
LIMITS: tuple[LimitRow, ...] = (
    LimitRow("O00", "O9A", FEMALE, 9, 64),
    LimitRow("Z33", "Z34", FEMALE, 9, 64),
    LimitRow("Z36", "Z36", FEMALE, 9, 64),
    LimitRow("Z3A", "Z3A", FEMALE, 9, 64),
    LimitRow("Z39", "Z39", FEMALE, 9, 64),
    LimitRow("N70", "N77", FEMALE),
    LimitRow("N80", "N98", FEMALE),
    LimitRow("C51", "C58", FEMALE),
    LimitRow("D25", "D28", FEMALE),
    LimitRow("D06", "D06", FEMALE),
    LimitRow("Z124", "Z124", FEMALE),
    LimitRow("Z014", "Z014", FEMALE),
    LimitRow("N40", "N53", MALE),
    LimitRow("C60", "C63", MALE),
    LimitRow("D29", "D29", MALE),
    LimitRow("Z125", "Z125", MALE),
    LimitRow("P00", "P96", "", 0, 0),
    LimitRow("Z001", "Z001", "", 0, 17),
    LimitRow("Z000", "Z000", "", 15, 124),
    LimitRow("Z38", "Z38", "", 0, 0),
)
_SIDES = re.compile(r"\b(left|right|bilateral|both)\b", re.IGNORECASE)
_NO_SIDE = re.compile(
    r"\bunspecified (?:side|eye|ear|limb|breast|knee|hip|shoulder|elbow|wrist|hand|ankle|foot|leg|arm|thigh|finger|toe|eyelid|"
    r"forearm|lower leg|upper arm|lower limb|upper limb|ovary|lung|kidney|testis)\b",
    re.IGNORECASE,
)


def no_words(_code: str) -> str:
    """What is known of a code where no code list is at hand: nothing."""
    return ""


def limits_of(code: str, day: date) -> DiagnosisLimits:
    """Whom a code (without dot) can be about on a day."""
    rows = [row for row in LIMITS if row.holds(code, day)]
    return DiagnosisLimits(
        sex=next((row.sex for row in rows if row.sex), ""),
        youngest=max((row.youngest for row in rows if row.youngest is not None), default=None),
        oldest=min((row.oldest for row in rows if row.oldest is not None), default=None),
    )


def side_of(words: str) -> Side | None:
    """The side that a code's words name; None: the code has no sides.

    "Pain in right knee" is right; "Contracture, left hip" is left; "Bilateral primary osteoarthritis of knee" is both.
    """
    found = {word.lower() for word in _SIDES.findall(words)}
    if found & {"bilateral", "both"} or {"left", "right"} <= found:
        return Side.BOTH
    if found:
        return Side.LEFT if "left" in found else Side.RIGHT
    return Side.UNSPECIFIED if _NO_SIDE.search(words) else None


def age_on(born: date, day: date) -> int:
    """Whole years on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
