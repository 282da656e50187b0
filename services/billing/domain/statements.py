"""When a guarantor gets a statement, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from billing.domain.business_days import add_business_days
from billing.domain.receivables import Owed, aged

# First statement so many business days after the balance fell to the patient; later ones every CYCLE_DAYS; due
# DUE_DAYS after the date.
FIRST_AFTER_BUSINESS_DAYS = 1
CYCLE_DAYS = 30
DUE_DAYS = 25
# After so many unanswered statements a person decides (payment plan, collections).
LAST_CYCLE = 4
# Below this a statement costs more than it brings (minor units).
SMALL_BALANCE_MINOR = 200


class Skip(StrEnum):
    """Why a guarantor gets no statement now."""

    ZERO = "zero"
    CREDIT = "credit"
    PROTECTED = "protected"
    SMALL_BALANCE = "small_balance"
    TOO_SOON = "too_soon"
    # Paid in instalments.
    PAYMENT_PLAN = "payment_plan"
    # Somebody wants none sent now.
    HELD = "held"
    # An invoice asks for all of it and is not overdue.
    INVOICED = "invoiced"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One service on a statement; amounts in minor units, `due` is what the patient owes on it now."""

    charge_line_id: UUID
    patient_id: UUID
    patient_name: str
    service_date: date
    description: str
    charge_minor: int
    payer_paid_minor: int
    adjustments_minor: int
    patient_paid_minor: int
    with_payer_minor: int
    due_minor: int
    # The day the patient began to owe it.
    due_since: date
    # Waits for a person's look, or may not be asked for (protected patient).
    withheld: bool = False
    # Where, with whom, and the CPT or HCPCS code; "" where it is not known.
    place: str = ""
    practitioner: str = ""
    procedure: str = ""
    # Why the payer left it to the patient: (share as in `adjustment_rules`, minor units); empty when that is not the whole story.
    shares: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class StatementDraft:
    """A statement's figures: lines add up to the balance, which less unapplied money is the amount due."""

    lines: tuple[StatementLine, ...]
    unapplied_minor: int
    amount_due_minor: int
    # By `receivables.BUCKETS`.
    aging_minor: tuple[int, ...]


def draft(
    lines: Sequence[StatementLine], unapplied_minor: int, on: date, minimum_minor: int = SMALL_BALANCE_MINOR
) -> StatementDraft | Skip:
    """The statement of a guarantor, or why there is none. `lines` are all of the family's services on which anything
    is due; below `minimum_minor` none is sent.
    """
    asked = tuple(line for line in lines if line.due_minor != 0 and not line.withheld)
    withheld = any(line.withheld and line.due_minor for line in lines)
    balance = sum(line.due_minor for line in asked)
    due = balance - unapplied_minor
    if due <= 0:
        if withheld:
            return Skip.PROTECTED
        return Skip.ZERO if due == 0 else Skip.CREDIT
    if due < minimum_minor:
        return Skip.SMALL_BALANCE
    ordered = tuple(sorted(asked, key=_by_visit))
    buckets = aged((Owed(line.due_minor, line.due_since) for line in asked), on)
    return StatementDraft(ordered, unapplied_minor, due, buckets)


def shares_told(said: Mapping[str, int], patient_share_minor: int) -> tuple[tuple[str, int], ...]:
    """What payers said the patient owes, by share, the largest first: told only when it explains the patient's whole share,
    else (a person has moved money since) it would puzzle.
    """
    if sum(said.values()) != patient_share_minor:
        return ()
    return tuple(sorted(said.items(), key=lambda item: (-item[1], item[0])))


def _by_visit(line: StatementLine) -> tuple[object, ...]:
    """Person by person, visit by visit, as they were charged."""
    return (line.patient_name, line.service_date, line.place, line.practitioner, line.charge_line_id)


def first_statement_on(fell_due: date) -> date:
    """The day of the first statement after a balance fell to the patient."""
    return add_business_days(fell_due, FIRST_AFTER_BUSINESS_DAYS)


def next_statement_on(last: date) -> date:
    """The day of the statement after one of `last`, when the balance is still owed."""
    return add_business_days(last + timedelta(days=CYCLE_DAYS), 0)


def due_date(statement_date: date) -> date:
    """Until when the amount should be paid."""
    return add_business_days(statement_date + timedelta(days=DUE_DAYS), 0)
