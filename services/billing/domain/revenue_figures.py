"""Key figures of the revenue cycle: what the industry divides by what (HFMA MAP keys), in whole numbers."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

# Days in receivables look at the average daily charges of so many months.
CHARGE_MONTHS = 3
MOST_MONTHS = 36


@dataclass(frozen=True, slots=True)
class MonthSums:
    """What the books say of one month and key; minor units and counts."""

    charges_minor: int = 0
    payments_minor: int = 0
    contractual_minor: int = 0
    write_offs_minor: int = 0
    # Change of what payers and patients owe.
    receivables_minor: int = 0
    claims_answered: int = 0
    first_pass_paid: int = 0
    denied: int = 0
    visits_signed: int = 0
    # Days from service to signature, of all visits signed.
    lag_days: int = 0


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """A month's figures of one key; `receivables_minor` is the balance at its end."""

    month: date
    key: str
    sums: MonthSums
    receivables_minor: int
    days_in_receivables_tenths: int
    first_pass_basis_points: int
    denial_basis_points: int
    net_collection_basis_points: int
    charge_lag_tenths: int


def first_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def later(month: date, by: int) -> date:
    """The first day of the month `by` months later (negative: earlier)."""
    months = month.year * 12 + month.month - 1 + by
    return date(months // 12, months % 12 + 1, 1)


def months_between(first: date, last: date) -> Iterator[date]:
    """The first days of the months from `first` to `last`, both included."""
    month = first_of(first)
    while month <= last:
        yield month
        month = later(month, 1)


def ratio(part: int, whole: int, times: int) -> int:
    """part ÷ whole × times, rounded half up; 0 when there is nothing to divide by."""
    return 0 if whole <= 0 else (2 * part * times + whole) // (2 * whole)


def figures_of(month: date, key: str, sums: Mapping[date, MonthSums], opening_minor: int) -> MonthFigures:
    """A key's figures of a month. `sums`: the key's months from CHARGE_MONTHS before the period on; `opening_minor`: what was
    owed before the first of them.
    """
    own = sums.get(month, MonthSums())
    owed = opening_minor + sum(one.receivables_minor for at, one in sums.items() if at <= month)
    window = [later(month, -back) for back in range(CHARGE_MONTHS)]
    charged = sum(sums[at].charges_minor for at in window if at in sums)
    days = sum(calendar.monthrange(at.year, at.month)[1] for at in window)
    return MonthFigures(
        month=month,
        key=key,
        sums=own,
        receivables_minor=owed,
        days_in_receivables_tenths=max(0, ratio(owed * days, charged, 10)),
        first_pass_basis_points=ratio(own.first_pass_paid, own.claims_answered, 10_000),
        denial_basis_points=ratio(own.denied, own.claims_answered, 10_000),
        net_collection_basis_points=max(
            0, ratio(own.payments_minor, own.charges_minor - own.contractual_minor, 10_000)
        ),
        charge_lag_tenths=max(0, ratio(own.lag_days, own.visits_signed, 10)),
    )
