"""iCalendar (RFC 5545) through the library `icalendar`: feeds written, outside calendars read with their recurrences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Event

PRODUCT = "-//Polyclinic//Scheduling//EN"
REFRESH = timedelta(minutes=15)
# An outside calendar of more is refused: nobody is busy so often within the horizon.
MOST_BUSY = 5_000
# Unrolling costs time for each occurrence since the beginning: nobody's rota recurs by the minute, or hundreds of times over.
MOST_RECURRING = 100
TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
# What never blocks anybody out.
FREE_STATUSES = frozenset({"CANCELLED"})


class NotACalendar(ValueError):
    """What was given is not iCalendar, or too much of it; the text says which and quotes nothing."""


@dataclass(frozen=True)
class Entry:
    """A visit in a feed: UTC instants, and its version as SEQUENCE. ``where`` is shown as it is, "" for nothing."""

    uid: str
    start: datetime
    end: datetime
    sequence: int
    summary: str
    where: str
    changed_at: datetime


def write_feed(name: str, entries: Iterable[Entry]) -> bytes:
    """A feed of these visits as text/calendar; programs are asked to come again every quarter of an hour."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", REFRESH)
    for one in entries:
        event = Event()
        event.add("uid", one.uid)
        event.add("dtstamp", one.changed_at)
        event.add("dtstart", one.start)
        event.add("dtend", one.end)
        event.add("sequence", one.sequence)
        event.add("summary", one.summary)
        if one.where:
            event.add("location", one.where)
        event.add("status", "CONFIRMED")
        event.add("class", "PRIVATE")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def read_busy(content: bytes, zone: str, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """When an iCalendar file says that its owner is busy within [begin, end): UTC instants, recurrences unrolled, exceptions kept.

    Transparent and cancelled events leave their time free. What names no zone (all-day events, floating times) is in ``zone``.
    Raises NotACalendar.
    """
    try:
        calendar: Any = Calendar.from_ical(content)
        if calendar.name != "VCALENDAR":
            raise NotACalendar("is no VCALENDAR")
        _refuse_endless(calendar)
        found: list[tuple[datetime, datetime]] = []
        for event in recurring_ical_events.of(calendar).between(begin, end):
            if len(found) >= MOST_BUSY:
                raise NotACalendar(f"says busy more than {MOST_BUSY} times")
            found.extend(_period(event, ZoneInfo(zone)))
    except NotACalendar:
        raise
    except Exception as error:  # the library raises whatever its parsers do; none of it may be quoted
        raise NotACalendar("cannot be read as iCalendar") from error
    return sorted({(max(first, begin), min(last, end)) for first, last in found if first < end and last > begin})


def _refuse_endless(calendar: Any) -> None:
    """Refuses what would take minutes to unroll, before it is."""
    events = calendar.walk("VEVENT")
    if len(events) > MOST_BUSY:
        raise NotACalendar(f"has more than {MOST_BUSY} events")
    rules = [rule for event in events if "rrule" in event for rule in _listed(event["rrule"])]
    if len(rules) > MOST_RECURRING:
        raise NotACalendar(f"has more than {MOST_RECURRING} recurring events")
    if any(str(freq).upper() in TOO_OFTEN for rule in rules for freq in _listed(rule.get("freq", ()))):
        raise NotACalendar("recurs more often than daily")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _period(event: Any, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    if str(event.get("transp", "OPAQUE")).upper() == "TRANSPARENT":
        return
    if str(event.get("status", "")).upper() in FREE_STATUSES:
        return
    first, last = _instant(event.start, zone), _instant(event.end, zone)
    if first < last:
        yield first, last


def _instant(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(), zone)
    elif value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return value.astimezone(UTC)
