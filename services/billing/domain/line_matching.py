"""Which of our lines an 835 line speaks of, when payers drop or change modifiers, codes and units.

REF*6R settles it. Without it the line is looked for by what was billed (SVC06 when the payer paid another code) and
charged, from strict to loose; an answer that fits two of our lines is taken in order only when they are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.x12.remittance import RemittanceLine


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A service line as we sent it; `line_control` is REF*6R; the charge is in minor units."""

    charge_line_id: UUID
    line_control: str
    procedure: str
    modifiers: tuple[str, ...]
    units: int
    charge_minor: int
    service_date: date


_Key = Callable[[ClaimLine, RemittanceLine], bool]


def _billed(theirs: RemittanceLine) -> tuple[str, tuple[str, ...]]:
    billed = theirs.billed or theirs.procedure
    return billed.code, billed.modifiers


_STEPS: tuple[_Key, ...] = (
    lambda ours, theirs: (
        (ours.procedure, frozenset(ours.modifiers)) == (_billed(theirs)[0], frozenset(_billed(theirs)[1]))
        and ours.charge_minor == theirs.charge_minor
    ),
    lambda ours, theirs: ours.procedure == _billed(theirs)[0] and ours.charge_minor == theirs.charge_minor,
    lambda ours, theirs: ours.procedure == theirs.procedure.code and ours.charge_minor == theirs.charge_minor,
    lambda ours, theirs: ours.charge_minor == theirs.charge_minor,
)


def match_lines(
    theirs: Sequence[RemittanceLine], ours: Sequence[ClaimLine]
) -> list[tuple[ClaimLine, RemittanceLine]] | None:
    """Pairs of our line and theirs, in their order; None when one cannot be placed with certainty.

    By REF*6R several of theirs may speak of one of ours (the payer split it); otherwise each of ours is used once.
    """
    by_control = {line.line_control: line for line in ours}
    found: dict[int, ClaimLine] = {}
    for at, line in enumerate(theirs):
        named = by_control.get(line.line_control) if line.line_control else None
        if named is not None:
            found[at] = named
    taken = {line.charge_line_id for line in found.values()}
    for step in _STEPS:
        for at, line in enumerate(theirs):
            if at in found:
                continue
            fitting = [
                own
                for own in ours
                if own.charge_line_id not in taken
                and step(own, line)
                and (line.service_from is None or line.service_from == own.service_date)
            ]
            if fitting and _alike(fitting):
                found[at] = fitting[0]
                taken.add(fitting[0].charge_line_id)
    if len(found) != len(theirs):
        return None
    return [(found[at], line) for at, line in enumerate(theirs)]


def _alike(lines: Sequence[ClaimLine]) -> bool:
    """Whether it makes no difference which of them is meant."""
    return len({(line.procedure, line.modifiers, line.charge_minor) for line in lines}) == 1


def allocate(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """`amount_minor` in parts proportional to the weights, exact to the cent (largest remainder, earlier first)."""
    total = sum(weights)
    if not weights:
        return []
    if total == 0:
        return [amount_minor, *([0] * (len(weights) - 1))]
    sign, size = (-1, -amount_minor) if amount_minor < 0 else (1, amount_minor)
    parts = [size * weight // total for weight in weights]
    rest = size - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(size * weights[at] % total), at))
    for at in by_remainder[:rest]:
        parts[at] += 1
    return [sign * part for part in parts]
