"""Payment plans: their instalments, and how they stand when so much has been paid."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

MOST_INSTALMENTS = 36
SMALLEST_INSTALMENT_MINOR = 1_000
FIRST_DUE_WITHIN_DAYS = 45
# An instalment counts as missed so many days after its day: time for three tries of a card, or for a letter.
GRACE_DAYS = 10
RETRY_DAYS = 3
MOST_ATTEMPTS = 3
# The plan is broken by as many missed instalments.
BROKEN_BY = 3


class Every(StrEnum):
    """How far apart instalments are."""

    WEEK = "week"
    TWO_WEEKS = "two_weeks"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Instalment:
    """So much on a day; minor units."""

    number: int
    due_on: date
    amount_minor: int


class InstalmentState(StrEnum):
    """Whether it is paid; if not, whether its day has come, and whether it is late."""

    PAID = "paid"
    DUE = "due"
    MISSED = "missed"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan on a day: each instalment's state, in order, what is left, what should have been paid by now; minor units."""

    states: tuple[InstalmentState, ...]
    left_minor: int
    behind_minor: int
    # The first that is not paid.
    next: Instalment | None

    @property
    def missed(self) -> int:
        """How many instalments are late."""
        return sum(1 for state in self.states if state is InstalmentState.MISSED)


def size_of(total_minor: int, count: int) -> int:
    """The instalment that pays a total in so many, minor units: rounded up, so that the last is the smallest."""
    return -(-total_minor // count)


def schedule(total_minor: int, instalment_minor: int, every: Every, first_due: date) -> tuple[Instalment, ...]:
    """The instalments; the last is what is left. A month's instalment is on the same day, or the month's last."""
    found: list[Instalment] = []
    left = total_minor
    while left > 0:
        amount = min(left, instalment_minor)
        found.append(Instalment(len(found) + 1, _day(first_due, every, len(found)), amount))
        left -= amount
    return tuple(found)


def _day(first: date, every: Every, steps: int) -> date:
    if every is Every.MONTH:
        months = first.month - 1 + steps
        year, month = first.year + months // 12, months % 12 + 1
        return date(year, month, min(first.day, calendar.monthrange(year, month)[1]))
    return first + timedelta(weeks=steps * (2 if every is Every.TWO_WEEKS else 1))


def objections(total_minor: int, instalment_minor: int, first_due: date, today: date) -> list[tuple[str, str]]:
    """(field, why) for each rule that a proposed plan breaks."""
    found = []
    if instalment_minor < min(SMALLEST_INSTALMENT_MINOR, total_minor):
        found.append(("instalment", f"must be at least {SMALLEST_INSTALMENT_MINOR} cents"))
    elif -(-total_minor // instalment_minor) > MOST_INSTALMENTS:
        found.append(("instalment", f"would take more than {MOST_INSTALMENTS} instalments"))
    if not today <= first_due <= today + timedelta(days=FIRST_DUE_WITHIN_DAYS):
        found.append(("first_due", f"must be within {FIRST_DUE_WITHIN_DAYS} days from today"))
    return found


def standing(instalments: Sequence[Instalment], paid_minor: int, today: date) -> Standing:
    """How a plan stands: money pays the instalments in their order, whenever and however it came."""
    states: list[InstalmentState] = []
    upcoming: Instalment | None = None
    covered = behind = 0
    for one in instalments:
        covered += one.amount_minor
        if one.due_on <= today:
            behind = max(0, covered - paid_minor)
        if covered <= paid_minor:
            states.append(InstalmentState.PAID)
            continue
        upcoming = upcoming or one
        if one.due_on + timedelta(days=GRACE_DAYS) < today:
            states.append(InstalmentState.MISSED)
        else:
            states.append(InstalmentState.DUE if one.due_on <= today else InstalmentState.SCHEDULED)
    return Standing(tuple(states), max(0, covered - paid_minor), behind, upcoming)


def current(instalments: Sequence[Instalment], standing_: Standing, today: date) -> Instalment | None:
    """The latest instalment whose day has come and that is not paid: its tries of the card are counted."""
    due = (InstalmentState.DUE, InstalmentState.MISSED)
    found = [
        one for one, state in zip(instalments, standing_.states, strict=True) if state in due and one.due_on <= today
    ]
    return found[-1] if found else None


def next_look(instalments: Sequence[Instalment], standing_: Standing, today: date) -> date:
    """The next day on which something changes without anybody doing anything: an instalment's day, or the end of its grace."""
    late = timedelta(days=GRACE_DAYS + 1)
    days = [
        day
        for one, state in zip(instalments, standing_.states, strict=True)
        if state is not InstalmentState.PAID
        for day in (one.due_on, one.due_on + late)
        if day > today
    ]
    return min(days, default=today + timedelta(days=1))
