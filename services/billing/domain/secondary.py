"""Whether a claim goes to the next payer, and with which coordination of benefits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from billing.domain.line_matching import ClaimLine, match_lines
from billing.domain.x12.professional_claim import (
    Insured,
    LineAdjudication,
    OtherPayer,
    Payer,
    Responsibility,
    ServiceLine,
)
from billing.domain.x12.remittance import RemittanceClaim, RemittanceLine

NEXT: Mapping[Responsibility, Responsibility] = {
    Responsibility.PRIMARY: Responsibility.SECONDARY,
    Responsibility.SECONDARY: Responsibility.TERTIARY,
}


class NextStep(StrEnum):
    """What follows a payer's answer."""

    SEND = "send"  # a claim of ours goes to the next payer
    CROSSED_OVER = "crossed_over"  # the payer has forwarded it: expect the next payer's 835, send nothing
    PATIENT = "patient"  # nobody else: the patient's share is the patient's
    DONE = "done"  # nothing is left to pay
    WAIT = "wait"  # something on it is denied or reversed: mended first


def next_step(
    *,
    responsibility: Responsibility,
    has_next_coverage: bool,
    forwarded: bool,
    left_minor: int,
    denied: bool,
) -> NextStep:
    """`left_minor`: what the payer left to others (its PR), minor units. `denied`: nothing was allowed at all.

    A denial of the whole claim is worked before anybody else is asked: the next payer would ask for a payment or a
    final denial of the first one.
    """
    if forwarded and has_next_coverage and responsibility in NEXT:
        return NextStep.CROSSED_OVER
    if denied:
        return NextStep.WAIT
    if left_minor <= 0:
        return NextStep.DONE
    return NextStep.SEND if has_next_coverage and responsibility in NEXT else NextStep.PATIENT


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """A payer's whole answer to our claim: whom it came from, as whose insured, in which order, and what it said."""

    payer: Payer
    responsibility: Responsibility
    relationship: str
    insured: Insured
    answered_on: date
    said: RemittanceClaim


class UnusableAnswer(ValueError):
    """The answer cannot be told to the next payer: it lacks our lines, or its sums do not explain the charge."""


def with_coordination(
    lines: Sequence[ServiceLine], ours: Sequence[ClaimLine], answers: Sequence[EarlierAnswer]
) -> tuple[tuple[ServiceLine, ...], tuple[OtherPayer, ...]]:
    """The claim's lines with loops 2430, and its loops 2320, out of the earlier payers' answers.

    Line-level figures go to 2430, claim-level figures to 2320, never the same money in both (RFI 1391). UnusableAnswer
    when a payer's lines cannot be told apart.
    """
    adjudications: dict[str, list[LineAdjudication]] = {line.line_control: [] for line in lines}
    others = []
    for answer in answers:
        said = answer.said
        matched = match_lines(said.lines, ours) if said.lines else []
        if matched is None or (said.lines and {line.line_control for line, _ in matched} != set(adjudications)):
            raise UnusableAnswer("the earlier payer's lines are not all of ours")
        per_line = bool(matched)
        left = sum(a.amount_minor for a in said.all_adjustments if a.group == "PR")
        for line, theirs in matched:
            _add(adjudications[line.line_control], _adjudication(line, theirs, answer))
        others.append(
            OtherPayer(
                payer=answer.payer,
                responsibility=answer.responsibility,
                relationship=answer.relationship,
                insured=answer.insured,
                paid_minor=said.paid_minor,
                payer_control=said.payer_control,
                adjustments=said.adjustments,
                patient_left_minor=None if per_line else left,
                adjudicated_on=None if per_line else answer.answered_on,
            )
        )
    told = tuple(replace(line, adjudications=tuple(adjudications[line.line_control])) for line in lines)
    return told, tuple(others)


def _adjudication(line: ClaimLine, theirs: RemittanceLine, answer: EarlierAnswer) -> LineAdjudication:
    return LineAdjudication(
        payer_id=answer.payer.identifier,
        paid_minor=theirs.paid_minor,
        procedure=theirs.procedure.code or line.procedure,
        modifiers=theirs.procedure.modifiers,
        units=theirs.units,
        adjustments=theirs.adjustments,
        adjudicated_on=answer.answered_on,
    )


def _add(told: list[LineAdjudication], more: LineAdjudication) -> None:
    """A line that the payer split into several answers is told as one."""
    if told and told[-1].payer_id == more.payer_id:
        before = told.pop()
        more = replace(
            before,
            paid_minor=before.paid_minor + more.paid_minor,
            adjustments=(*before.adjustments, *more.adjustments),
        )
    told.append(more)
