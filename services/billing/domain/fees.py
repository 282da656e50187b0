"""Price lists: the charge master and payers' contracts, in versions with dates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID


class FeeScheduleKind(StrEnum):
    """What a list says: what everybody is charged, or what one payer allows."""

    CHARGE_MASTER = "charge_master"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Fee:
    """One price of a list: minor units for one unit of a code, with or without a pricing modifier, at all locations or
    at one.
    """

    fee_schedule_id: UUID
    kind: FeeScheduleKind
    payer_id: UUID | None
    location_id: UUID | None
    start: date
    end: date | None
    procedure: str
    modifier: str
    amount_minor: int

    def covers(self, day: date) -> bool:
        """Whether it holds for a service on `day`."""
        return self.start <= day and (self.end is None or day <= self.end)


def choose(
    fees: Iterable[Fee],
    *,
    procedure: str,
    modifiers: Sequence[str],
    location_id: UUID,
    service_date: date,
    payer_id: UUID | None = None,
) -> Fee | None:
    """The fee of one unit on that day, or None.

    With `payer_id` the payer's contract is asked, without it the charge master. The most particular fee wins: one with
    the line's modifier
    before the bare code, one of the location before one of all, a later version before an earlier one.
    """
    fitting = [
        fee
        for fee in fees
        if fee.procedure == procedure
        and fee.covers(service_date)
        and fee.payer_id == payer_id
        and fee.location_id in (None, location_id)
        and (not fee.modifier or fee.modifier in modifiers)
    ]
    return max(fitting, key=lambda fee: (bool(fee.modifier), fee.location_id is not None, fee.start), default=None)


def end_before(successor_start: date) -> date:
    """The last day of the version that a new one replaces."""
    return successor_start - timedelta(days=1)
