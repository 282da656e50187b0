"""A person says which of our lines a payer's lines are about, when codes, charges and REF*6R leave it open.

What is placed is written into the answer as REF*6R, our own number of the line, so that posting, undoing and the claim to
the next payer read one truth. A payer's line that bundles several of ours is taken apart by their charges; every part
balances as the whole did (SVC02 − Σ CAS = SVC03), and what is said of a line must come to what was charged for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from billing.domain.line_matching import ClaimLine, allocate
from billing.domain.x12.remittance import Adjustment, RemittanceLine


class LinesDoNotFit(ValueError):
    """What a person chose cannot be: `problems` are (number of the payer's line, what is wrong)."""

    def __init__(self, problems: Sequence[tuple[int, str]]) -> None:
        super().__init__("; ".join(f"line {number} {what}" for number, what in problems))
        self.problems = tuple(problems)


def place_lines(
    theirs: Sequence[RemittanceLine], ours: Sequence[ClaimLine], chosen: Mapping[int, Sequence[UUID]]
) -> tuple[RemittanceLine, ...]:
    """The payer's lines with those that were chosen named as ours, in order; the others as they came.

    `chosen`: number of the payer's line (from 1) → the charge lines that it is about. Raises LinesDoNotFit with every
    problem at once: no such line, a charge line of another claim, or charges that differ.
    """
    by_id = {line.charge_line_id: line for line in ours}
    problems = [
        (number, "is not in the answer")
        if not 1 <= number <= len(theirs)
        else (number, "is about no line of the claim")
        for number, ids in chosen.items()
        if not 1 <= number <= len(theirs) or any(each not in by_id for each in ids)
    ]
    if problems:
        raise LinesDoNotFit(problems)
    told: list[RemittanceLine] = []
    said_minor: dict[UUID, int] = {}
    for number, line in enumerate(theirs, 1):
        mine = [by_id[each] for each in chosen.get(number, ())]
        parts = _parts(line, mine) if mine else [line]
        told.extend(parts)
        for own, part in zip(mine, parts, strict=False):
            said_minor[own.charge_line_id] = said_minor.get(own.charge_line_id, 0) + part.charge_minor
    problems = [
        (number, f"comes to {said_minor[each]} cents for {own.procedure}, which was charged {own.charge_minor}")
        for number, ids in sorted(chosen.items())
        for each in ids
        if said_minor[each] != (own := by_id[each]).charge_minor
    ]
    if problems:
        raise LinesDoNotFit(problems)
    return tuple(told)


def _parts(line: RemittanceLine, mine: Sequence[ClaimLine]) -> list[RemittanceLine]:
    """One part of the payer's line for each of ours, by their charges, exact to the cent."""
    weights = [own.charge_minor for own in mine]
    charges = allocate(line.charge_minor, weights)
    taken = [allocate(adjustment.amount_minor, weights) for adjustment in line.adjustments]
    allowed = allocate(line.allowed_minor, weights) if line.allowed_minor is not None else None
    parts = []
    for at, own in enumerate(mine):
        adjustments = tuple(
            Adjustment(one.group, one.reason, amounts[at], one.quantity)
            for one, amounts in zip(line.adjustments, taken, strict=True)
            if amounts[at]
        )
        parts.append(
            replace(
                line,
                line_control=own.line_control,
                charge_minor=charges[at],
                # What is not taken off is paid: the cents of rounding stay on one side of the part's own balance.
                paid_minor=charges[at] - sum(one.amount_minor for one in adjustments),
                adjustments=adjustments,
                allowed_minor=allowed[at] if allowed is not None else None,
            )
        )
    return parts
