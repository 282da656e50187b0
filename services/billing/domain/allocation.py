"""Using unapplied patient money on what patients owe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Credit:
    """Unapplied money of one payment, minor units (> 0). `encounter_id`: taken for that visit, so kept for it while a
    payer still has it.
    """

    payment_id: UUID
    patient_id: UUID
    amount_minor: int
    received_at: datetime
    encounter_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What the patient owes on a charge line, minor units (> 0)."""

    charge_line_id: UUID
    patient_id: UUID
    encounter_id: UUID
    due_minor: int
    service_date: date
    line_number: int = 1


@dataclass(frozen=True, slots=True)
class Allocation:
    """So much of a payment goes to a charge line."""

    payment_id: UUID
    charge_line_id: UUID
    amount_minor: int


def allocate(
    unapplied: Iterable[Credit], items: Iterable[OpenItem], unsettled_encounters: frozenset[UUID] = frozenset()
) -> tuple[Allocation, ...]:
    """Decides which money pays what.

    Each payment, the oldest first, pays the visit it was taken for, then the same patient's other items, then the
    family's, the oldest
    service first. Money taken for a visit that is not settled yet (`unsettled_encounters`: not signed, or still with a
    payer) goes to no
    other visit: the copay must be there when the payer's answer comes.
    """
    left = {item.charge_line_id: item.due_minor for item in items}
    ordered = sorted(items, key=lambda item: (item.service_date, item.encounter_id, item.line_number))
    result: list[Allocation] = []
    for credit in sorted(unapplied, key=lambda credit: (credit.received_at, credit.payment_id)):
        money = credit.amount_minor
        for item in sorted(ordered, key=lambda item: _preference(credit, item)):
            if money == 0:
                break
            if credit.encounter_id in unsettled_encounters and item.encounter_id != credit.encounter_id:
                continue
            used = min(money, left[item.charge_line_id])
            if used > 0:
                result.append(Allocation(credit.payment_id, item.charge_line_id, used))
                left[item.charge_line_id] -= used
                money -= used
    return tuple(result)


def _preference(credit: Credit, item: OpenItem) -> tuple[bool, bool]:
    return item.encounter_id != credit.encounter_id, item.patient_id != credit.patient_id


@dataclass(frozen=True, slots=True)
class Used:
    """What lowered a patient's part of a charge line: money of a payment, or (`payment_id` None) a write-off; minor units (> 0)."""

    payment_id: UUID | None
    # Whose payment it is; of a write-off the patient's.
    patient_id: UUID
    # The write-off's account; "" of a payment.
    account: str
    amount_minor: int


def freed(over_minor: int, used: Iterable[Used]) -> tuple[tuple[Used, int], ...]:
    """What is taken off a line on which the patient has paid `over_minor` too much: money first, the latest payment before the
    others, then what was given up. Minor units by use; together at most `over_minor`.
    """
    left, found = over_minor, []
    for use in sorted(
        used, key=lambda use: (use.payment_id is not None, use.payment_id or use.patient_id), reverse=True
    ):
        amount = min(left, use.amount_minor)
        if amount > 0:
            found.append((use, amount))
            left -= amount
    return tuple(found)
