"""CMS's National Correct Coding Initiative: which services exclude each other, and how many units of one are plausible.

Two public tables, new each quarter: procedure-to-procedure edits (PTP, the practitioner file) and medically unlikely edits
(MUE). Source of the rules: CMS, "NCCI Policy Manual for Medicare Services", chapter I (modifiers: I.E; MUE: I.V).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum

from billing.domain.x12.professional_claim import ProfessionalClaim, ServiceLine

# Modifiers that say why two services of one encounter are both due (NCCI Policy Manual, I.E.1).
ASSOCIATED = frozenset(
    [
        *("E1", "E2", "E3", "E4", "FA", *(f"F{n}" for n in range(1, 10)), "TA", *(f"T{n}" for n in range(1, 10))),
        *("LT", "RT", "LC", "LD", "RC", "LM", "RI", "24", "25", "57", "58", "78", "79", "27", "59", "91"),
        *("XE", "XS", "XP", "XU"),
    ]
)


class TableKind(StrEnum):
    """Which of the two tables."""

    PTP = "ptp"
    MUE = "mue"


class Adjudication(IntEnum):
    """How an MUE is applied (MUE adjudication indicator)."""

    LINE = 1  # the units of one line; another line with a fitting modifier may carry more
    DAY_POLICY = 2  # all of a day; no more is ever paid
    DAY_CLINICAL = 3  # all of a day; more is paid where the records show that it was necessary


@dataclass(frozen=True, slots=True)
class Pair:
    """A PTP edit: of services of one day only `column_one` is paid, unless a modifier is allowed and there. `last` None:
    still in force."""

    column_one: str
    column_two: str
    first: date
    last: date | None
    modifier_allowed: bool

    def in_force(self, day: date) -> bool:
        """Whether it holds for services of `day`."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Limit:
    """An MUE: the most units of a code that are plausible for one patient, and how that is applied."""

    procedure: str
    units: int
    adjudication: Adjudication


@dataclass(frozen=True, slots=True)
class CodingEdits:
    """The edits that concern one claim's codes."""

    pairs: tuple[Pair, ...] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)


Found = Iterator[tuple[str, str]]  # (field, message)


def exclusions(claim: ProfessionalClaim, edits: CodingEdits) -> Found:
    """Lines of which a payer pays only the other one of the same day."""
    if not edits.pairs:
        return
    by_code: dict[str, list[ServiceLine]] = defaultdict(list)
    for line in claim.lines:
        by_code[line.procedure].append(line)
    for pair in edits.pairs:
        for one in by_code.get(pair.column_one, ()):
            for two in by_code.get(pair.column_two, ()):
                if one is two or one.service_from != two.service_from or not pair.in_force(one.service_from):
                    continue
                if not pair.modifier_allowed:
                    yield (
                        _name(two, "procedure"),
                        f"{two.procedure} is never paid beside {one.procedure} of the same day",
                    )
                elif not ASSOCIATED & {*one.modifiers, *two.modifiers}:
                    yield (
                        _name(two, "modifiers"),
                        f"{two.procedure} is part of {one.procedure} of the same day unless a modifier says why it is not",
                    )


def too_many(claim: ProfessionalClaim, edits: CodingEdits, *adjudications: Adjudication) -> Found:
    """Lines, or days, with more units than are plausible, by edits that are applied in one of these ways."""
    days: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for line in claim.lines:
        limit = edits.limits.get(line.procedure)
        if limit is None or limit.adjudication not in adjudications:
            continue
        if limit.adjudication is Adjudication.LINE:
            if line.units > limit.units:
                yield (
                    _name(line, "units"),
                    f"{_number(line.units)} units of {line.procedure}; {limit.units} are plausible",
                )
            continue
        day = (line.procedure, line.service_from)
        before, days[day] = days[day], days[day] + line.units
        if before <= limit.units < days[day]:
            yield (
                _name(line, "units"),
                f"{_number(days[day])} units of {line.procedure} on {line.service_from}; {limit.units} are plausible",
            )


def _name(line: ServiceLine, what: str) -> str:
    return f"lines[{line.line_control}].{what}"


def _number(units: Decimal) -> str:
    return f"{units.normalize():f}"
