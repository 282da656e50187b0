"""Recurrence rules (RFC 5545 §3.3.10): which dates a series falls on, and at which instants, by the wall clock of its zone.

The rule is read and counted by python-dateutil, on dates alone; the time of day is put on afterwards, date by date, so that a
visit at ten is at ten before and after the clocks change.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

MOST_OCCURRENCES = 104
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY")
PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"})


class BadRule(ValueError):
    """A rule that cannot be followed; the text says what it must be."""


@dataclass(frozen=True)
class Occurrence:
    """One date of a rule and the UTC instant at which its visit begins; ``number`` counts from 1."""

    number: int
    day: date
    start: datetime


def dates_of(rule: str, first: date) -> list[date]:
    """The dates of a rule counted from ``first``, ascending. Raises BadRule.

    :param rule: RFC 5545, DAILY, WEEKLY or MONTHLY, ended by COUNT or by UNTIL (a date, included), at most 104 occurrences.
    """
    text = _checked(rule)
    midnight = datetime.combine(first, time())
    try:
        counted = list(islice(rrulestr(text, dtstart=midnight, ignoretz=True), MOST_OCCURRENCES + 1))
    except (ValueError, TypeError, OverflowError) as error:
        raise BadRule(f"is no recurrence rule: {error}") from None
    if len(counted) > MOST_OCCURRENCES:
        raise BadRule(f"must name at most {MOST_OCCURRENCES} dates")
    if not counted:
        raise BadRule("must name at least one date")
    return [moment.date() for moment in counted]


def occurrences(
    rule: str, first: date, start_minute: int, zone: str, skip: Collection[date] = frozenset()
) -> list[Occurrence]:
    """The occurrences of a rule without the dates of ``skip``. Raises BadRule, also for a skipped date that the rule does not name."""
    days = dates_of(rule, first)
    unknown = sorted(set(skip) - set(days))
    if unknown:
        raise BadRule(f"does not name {unknown[0].isoformat()}, which is to be skipped")
    return [
        Occurrence(number, day, wall_clock(day, start_minute, zone))
        for number, day in enumerate(days, 1)
        if day not in skip
    ]


def wall_clock(day: date, minute: int, zone: str) -> datetime:
    """The UTC instant of a local wall-clock time. A time that comes twice is its first; one that the clocks jump over is read with
    the offset before the change, as RFC 5545 §3.3.5 says."""
    return datetime.combine(day, time(minute // 60, minute % 60), ZoneInfo(zone)).astimezone(UTC)


def ended_before(rule: str, day: date) -> str:
    """The same rule, ended on the day before ``day``: what is left of a series when "this and following" go their own way."""
    return _with_end(rule, f"UNTIL={(day - timedelta(days=1)):%Y%m%d}")


def with_count(rule: str, count: int) -> str:
    """The same rule, ended after so many dates."""
    return _with_end(rule, f"COUNT={count}")


def _with_end(rule: str, end: str) -> str:
    parts = _checked(rule).split(";")
    return ";".join([*(part for part in parts if not part.startswith(("COUNT=", "UNTIL="))), end])


def _checked(rule: str) -> str:
    text = rule.strip().upper().removeprefix("RRULE:")
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if not value or name in parts:
            raise BadRule("must be NAME=VALUE parts separated by semicolons, each once")
        parts[name] = value
    foreign = sorted(set(parts) - PARTS)
    if foreign:
        raise BadRule(f"must not have {foreign[0]}")
    if parts.get("FREQ") not in FREQUENCIES:
        raise BadRule("must have FREQ=DAILY, WEEKLY or MONTHLY")
    if ("COUNT" in parts) == ("UNTIL" in parts):
        raise BadRule("must end by COUNT or by UNTIL, and not by both")
    if "UNTIL" in parts and not re.fullmatch(r"\d{8}", parts["UNTIL"]):
        raise BadRule("must have a date as UNTIL, like 20261231")
    for name in ("COUNT", "INTERVAL"):
        if name in parts and not re.fullmatch(r"[1-9]\d{0,3}", parts[name]):
            raise BadRule(f"must have a positive number as {name}")
    return text
