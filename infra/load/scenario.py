"""A morning at the front desks: who asks what how often, and the requests for it.

The shares are those of a clinic's morning: records are opened, people looked for, the day's board looked at; one request in
seven writes. Every booking is of a time and a person of its own, every check-in of a visit that waits, so that what is
refused is a fault.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, product
from uuid import UUID
from zoneinfo import ZoneInfo

from infra.day.world import day_message
from infra.load.driver import Calls, request
from infra.load.names import FAMILIES, GIVENS
from infra.load.network import CLOSES, OPENS, VISIT_MINUTES, Organisation, zone_of
from infra.load.people import Person

# name → how many of a hundred requests
SHARES = {
    "open a record": 26,
    "open a visit": 12,
    "look for somebody": 12,
    "visits of a patient": 6,
    "the day's board": 8,
    "free times": 6,
    "a patient's account": 5,
    "coverages": 5,
    "messages of a patient": 3,
    "check for duplicates": 3,
    "book": 6,
    "check in": 5,
    "register": 3,
}
WRITES = frozenset({"book", "check in", "register"})
# Requests of one kind that are made at a time; a writing kind is never sent twice.
READS_EACH = 200


@dataclass
class Desk:
    """One tenant's front desks: what they know, and what of it is used up."""

    organisation: Organisation
    people: int
    todays: list[tuple[int, str]]
    _waiting: Iterator[tuple[int, str]] = field(init=False)
    _free: Iterator[tuple[int, datetime]] = field(init=False)
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.expect(self.todays)
        self._free = self._bookable()
        self._dice = random.Random(self.organisation.slug)

    def expect(self, todays: list[tuple[int, str]]) -> None:
        """Takes note of the visits of today."""
        self.todays, self._waiting = todays, iter(todays)

    def requests(self, name: str, token: str, count: int) -> list[str]:
        """`count` requests of a kind (fewer when nobody is left to check in)."""
        make: dict[str, Callable[[str], str]] = {
            "open a record": self._record,
            "look for somebody": self._search,
            "visits of a patient": self._visits,
            "the day's board": self._board,
            "free times": self._free_times,
            "a patient's account": self._account,
            "coverages": self._coverages,
            "messages of a patient": self._messages,
            "check for duplicates": self._duplicates,
            "register": self._register,
        }
        match name:
            case "book":
                return [self._book(token, *time) for time in islice(self._free, count)]
            case "check in":
                waiting = islice(self._waiting, count)
                path = "/api/v1/appointments/{}:checkIn"
                return [request("POST", path.format(visit), token, {}, key=True) for _, visit in waiting]
            case "open a visit":
                chosen = [self._dice.choice(self.todays)[1] for _ in range(count)]
                return [request("GET", f"/api/v1/appointments/{visit}", token) for visit in chosen]
        return [make[name](token) for _ in range(count)]

    def calls(self, token: str, expected: int) -> list[Calls]:
        """The whole mix for about `expected` requests."""
        found = []
        for name, share in SHARES.items():
            wanted = int(expected * share / 100 * 1.3) + (8 if expected > 100 else 1)
            texts = self.requests(name, token, wanted if name in WRITES else min(wanted, READS_EACH))
            found.append(Calls(name, texts, share))
        return found

    def _somebody(self) -> Person:
        return Person(UUID(self.organisation.tenant_id), self._dice.randrange(self.people))

    def _record(self, token: str) -> str:
        return request("GET", f"/api/v1/patients/{self._somebody().id}", token)

    def _search(self, token: str) -> str:
        """By the beginnings of both names, as it is typed; one in four by birth date, one in eight by phone."""
        who = self._somebody()
        kind = self._dice.randrange(8)
        query = f"{who.family[:4]},{who.given[:2]}".lower()
        if kind == 0:
            query = who.phone
        elif kind <= 2:
            query = f"{who.family[:3].lower()} {who.birth_date:%m/%d/%Y}"
        return request("POST", "/api/v1/patients:search", token, {"query": query, "page_size": 20})

    def _visits(self, token: str) -> str:
        return request("GET", f"/api/v1/patients/{self._somebody().id}/visits?page_size=20", token)

    def _board(self, token: str) -> str:
        location = self._dice.choice(self.organisation.location_ids)
        return request("GET", f"/api/v1/locations/{location}/day", token)

    def _free_times(self, token: str) -> str:
        """The soonest times of one clinic in the next two weeks."""
        first = datetime.now(UTC).date() + timedelta(days=1)
        body = {
            "appointment_type_ids": [self.organisation.appointment_type_id],
            "location_ids": [self._dice.choice(self.organisation.location_ids)],
            "dates": {"start": day_message(first), "end": day_message(first + timedelta(days=14))},
            "limit": 20,
        }
        return request("POST", "/api/v1/slots:search", token, body)

    def _account(self, token: str) -> str:
        return request("GET", f"/api/v1/accounts/{self._somebody().id}", token)

    def _coverages(self, token: str) -> str:
        return request("GET", f"/api/v1/patients/{self._somebody().id}/coverages", token)

    def _messages(self, token: str) -> str:
        return request("GET", f"/api/v1/messages?patient_id={self._somebody().id}&page_size=20", token)

    def _duplicates(self, token: str) -> str:
        who = self._somebody()
        person = {"name": {"family": who.family, "given": who.given}, "birth_date": day_message(who.birth_date)}
        return request("POST", "/api/v1/patients:checkDuplicates", token, {"patient": person})

    def _register(self, token: str) -> str:
        """Somebody new: a phone number of their own, a birth date that others have."""
        body = {
            "name": {"family": f"{self._dice.choice(FAMILIES)}{{n}}", "given": self._dice.choice(GIVENS)},
            "birth_date": day_message(self._somebody().birth_date),
            "phone": f"+1910{self._dice.randrange(2_000_000, 9_999_999)}",
            "accept_duplicates": True,
        }
        return request("POST", "/api/v1/patients:quickRegister", token, body, key=True)

    def _book(self, token: str, practitioner: int, start: datetime) -> str:
        organisation = self.organisation
        body = {
            "patient_id": str(self._somebody().id),
            "appointment_type_id": organisation.appointment_type_id,
            "practitioner_id": organisation.practitioner_ids[practitioner],
            "location_id": organisation.location_of(practitioner),
            "start_time": start.isoformat().replace("+00:00", "Z"),
        }
        return request("POST", "/api/v1/appointments", token, body, key=True)

    def _bookable(self) -> Iterator[tuple[int, datetime]]:
        """Every practitioner's times of the coming months, once each: day by day, all practitioners at one time of day."""
        first = datetime.now(UTC).date() + timedelta(days=2)
        minutes = range(OPENS, CLOSES - VISIT_MINUTES, VISIT_MINUTES)
        for day, minute in product(range(90), minutes):
            for practitioner in range(len(self.organisation.practitioner_ids)):
                zone = ZoneInfo(zone_of(practitioner % len(self.organisation.location_ids)))
                yield practitioner, _instant(first + timedelta(days=day), minute, zone)


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)
