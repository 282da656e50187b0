"""A visit as a calendar entry (RFC 5545, RFC 5546), through the library `icalendar`.

The UID is the visit's in every calendar, scheduling's feeds included, and gives no id of ours away; SEQUENCE is the visit's version,
which every change raises: a calendar program replaces what it had, and takes it away when the visit is cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from icalendar import Calendar, Event

from notifications.adapters.outcome import CalendarEntry

# UIDs of visits are made in this name space, here and in scheduling's feeds (a test holds them equal); it never changes.
VISITS = UUID("0f6a9c1e-55a1-5b7d-8d5e-2a7b9f1c6e43")
PRODUCT = "-//Polyclinic//Notifications//EN"
# Calendars are shared with families and employers: what for, with whom and at which clinic stays in the message.
SUMMARY = "Appointment"


@dataclass(frozen=True)
class VisitTime:
    """What is said of a visit. Instants aware; ``where`` is a street address, "" for a visit by video."""

    id: UUID
    start: datetime
    end: datetime
    where: str
    version: int
    cancelled: bool


def calendar_entry(visit: VisitTime, now: datetime) -> CalendarEntry:
    """The entry as it is sent at the instant ``now`` (aware)."""
    method = "CANCEL" if visit.cancelled else "PUBLISH"
    event = Event()
    event.add("uid", f"{uuid5(VISITS, str(visit.id))}@polyclinic")
    event.add("dtstamp", now)
    event.add("dtstart", visit.start)
    event.add("dtend", visit.end)
    event.add("sequence", visit.version)
    event.add("summary", SUMMARY)
    if visit.where:
        event.add("location", visit.where)
    event.add("status", "CANCELLED" if visit.cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return CalendarEntry(bytes(calendar.to_ical()), method)
