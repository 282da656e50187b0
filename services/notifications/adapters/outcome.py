"""What every carrier of messages looks like to the use cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from notifications.domain.delivery import HandOver


@dataclass(frozen=True)
class CalendarEntry:
    """What a calendar program takes over from an e-mail: iCalendar text, and its method ("PUBLISH" or "CANCEL")."""

    content: bytes
    method: str


@dataclass(frozen=True)
class Parcel:
    """A finished message. ``reference`` is its Message-ID or ClientReference; ``callback_url`` is for receipts."""

    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    reference: str
    language: str
    callback_url: str = ""
    # E-mail: who sends it, as people read it, and when (business time, aware).
    sender_name: str = ""
    at: datetime | None = None
    # E-mail: the visit as a calendar entry.
    calendar: CalendarEntry | None = None


class Carrier(Protocol):
    """Hands a parcel over, once per call; what the network or the other side does is an outcome, no exception."""

    def hand_over(self, parcel: Parcel) -> HandOver: ...
