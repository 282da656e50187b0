"""Dates as people at a desk type them: ``t``, ``t+14``, ``3w``, ``mon``, ``040570``, ``4/5/70``, ``2026-03-02``."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

_RELATIVE = re.compile(r"(?:t(?:oday)?|hoy)?\s*([+-]?\d{1,4})?\s*([dwmy]?)", re.ASCII)
_SEPARATED = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})(?:[/.\- ](\d{2}|\d{4}))?", re.ASCII)
_WEEKDAYS = (
    ("mon", "lun"), ("tue", "mar"), ("wed", "mie", "mié"), ("thu", "jue"), ("fri", "vie"), ("sat", "sab", "sáb"), ("sun", "dom"),
)  # fmt: skip


def read_date(text: str, today: date, *, past: bool = False) -> date | None:
    """The day that a person means, None when it is none.

    Words count from ``today``: ``t+14`` and ``14d`` are days, ``3w`` weeks, ``2m`` months, ``mon`` the next Monday (not
    today). Digits are month first, as in the United States; two digits of a year are the nearest such year, or with
    ``past`` (birth dates) the last one not after today.
    """
    text = text.strip().lower()
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
        if re.fullmatch(r"\d{6}|\d{8}", text, re.ASCII):
            return _day(text[:2], text[2:4], text[4:], today, past)
        if match := _SEPARATED.fullmatch(text):
            return _day(match[1], match[2], match[3] or "", today, past)
    except ValueError:
        return None
    return _word(text, today)


def _word(text: str, today: date) -> date | None:
    for number, names in enumerate(_WEEKDAYS):
        if any(text.startswith(name) for name in names):
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    match = _RELATIVE.fullmatch(text)
    if not text or match is None or (match[1] and not match[2] and not text.startswith(("t", "h"))):
        return None
    count, unit = int(match[1] or (1 if match[2] else 0)), match[2] or "d"
    try:
        if unit == "d":
            return today + timedelta(days=count)
        return today + timedelta(weeks=count) if unit == "w" else _months_on(today, count * (12 if unit == "y" else 1))
    except (OverflowError, ValueError):
        return None


def _day(month: str, day: str, year: str, today: date, past: bool) -> date:
    if len(year) == 4:
        return date(int(year), int(month), int(day))
    if not year:
        near = [today.year - 1, today.year] if past else [today.year, today.year + 1]
    else:
        near = [today.year // 100 * 100 + century + int(year) for century in (-100, 0, 100)]
    found = [date(each, int(month), int(day)) for each in near if int(day) <= calendar.monthrange(each, int(month))[1]]
    if past:
        return max(each for each in found if each <= today)
    if not year:
        return min((each for each in found if each >= today), default=found[-1])
    return min(found, key=lambda each: abs(each - today))


def _months_on(start: date, count: int) -> date:
    years, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    return date(years, month + 1, min(start.day, calendar.monthrange(years, month + 1)[1]))
