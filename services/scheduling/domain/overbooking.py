"""How many visits a practitioner's working time takes at once, as its templates plan it."""

from __future__ import annotations

from dataclasses import replace

from scheduling.domain import availability, bitmaps
from scheduling.domain.availability import WorkingRules
from scheduling.domain.cells import Span


def levels(rules: WorkingRules) -> list[int]:
    """The different numbers of further visits that templates plan, ascending; empty for most practitioners."""
    return sorted({template.overbooking for template in rules.templates if template.overbooking})


def bits_of(rules: WorkingRules, level: int, span: Span) -> int:
    """The cells of the span that take at least ``level`` visits more; bit 0 is its first cell."""
    planned = tuple(template for template in rules.templates if template.overbooking >= level)
    return availability.working_bits(replace(rules, templates=planned), span) & availability.working_bits(rules, span)


def further(rules: WorkingRules, span: Span) -> int:
    """How many more visits than one may be anywhere in the span: what its least generous cell takes."""
    whole = (1 << len(span)) - 1
    return max((level for level in levels(rules) if bits_of(rules, level, span) & whole == whole), default=0)


def planned_levels(rules: WorkingRules, span: Span) -> tuple[tuple[int, int], ...]:
    """(further visits, cells that take at least so many) where no risk has a say: what a search may offer beside other visits."""
    planned = tuple(t for t in rules.templates if t.overbooking and not t.overbooking_by_risk)
    if not planned:
        return ()
    risky = tuple(t for t in rules.templates if t.overbooking and t.overbooking_by_risk)
    left_to_risk = bits_of(replace(rules, templates=risky), 1, span) if risky else 0
    sure = replace(rules, templates=planned)
    return tuple((level, bits_of(sure, level, span) & ~left_to_risk) for level in levels(sure))


def cap(rules: WorkingRules, span: Span) -> int:
    """How many visits more than one at a time some part of the span takes."""
    return max((level for level in levels(rules) if bits_of(rules, level, span)), default=0)


def by_risk(rules: WorkingRules, span: Span) -> bool:
    """Whether a template of this time leaves it to the risks how many of them there are."""
    risky = tuple(t for t in rules.templates if t.overbooking and t.overbooking_by_risk)
    return bool(risky) and bool(bitmaps.mask(0, len(span)) & bits_of(replace(rules, templates=risky), 1, span))
