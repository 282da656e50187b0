"""Business days in the United States: Monday to Friday without federal holidays (5 U.S.C. 6103)."""

from __future__ import annotations

from datetime import date, timedelta

SATURDAY = 5
# (month, day): fixed holidays.
FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
# (month, weekday with Monday = 0, which one; -1 = the last).
FLOATING = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))


def federal_holidays(year: int) -> frozenset[date]:
    """The days on which federal holidays of `year` are observed: a Saturday's on the Friday before, a Sunday's on the
    Monday after.

    New Year's Day of the next year may be observed on December 31st of this one; it is included.
    """
    days = {_observed(date(year, month, day)) for month, day in FIXED}
    days |= {_nth_weekday(year, month, weekday, nth) for month, weekday, nth in FLOATING}
    days.add(_observed(date(year + 1, 1, 1)))
    return frozenset(day for day in days if day.year == year)


def is_business_day(day: date) -> bool:
    """Whether offices and banks work on `day`."""
    return day.weekday() < SATURDAY and day not in federal_holidays(day.year)


def add_business_days(day: date, count: int) -> date:
    """The `count`-th business day after `day` (count 0: `day` itself, or the next business day when it is none)."""
    while not is_business_day(day):
        day += timedelta(days=1)
    for _ in range(count):
        day += timedelta(days=1)
        while not is_business_day(day):
            day += timedelta(days=1)
    return day


def _observed(day: date) -> date:
    if day.weekday() == SATURDAY:
        return day - timedelta(days=1)
    return day + timedelta(days=1) if day.weekday() == SATURDAY + 1 else day


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    if nth < 0:
        first_of_next = date(year + month // 12, month % 12 + 1, 1)
        day = first_of_next - timedelta(days=1)
        return day - timedelta(days=(day.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
