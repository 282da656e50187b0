"""Years of patients in a minute: rows as registering and booking write them, by COPY into the services' databases.

For measuring only: COPY goes past row-level security as the superuser, and nobody is told by event. A test compares the rows
with those of people registered over the API.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from itertools import islice
from uuid import UUID

import psycopg
from psycopg import sql

from infra.load.names import FAMILIES, GIVENS
from infra.load.network import VISIT_MINUTES, Organisation, zone_of
from patient_registry.domain import keys
from patient_registry.domain.names import normalise

# Every second person has a family name that few share, as in a telephone book.
_ENDINGS = [a + b for a in ("", "ber", "dal", "fos", "gar", "len", "mor", "ton") for b in ("", "ak", "en", "ov", "son")]
_FIRST_BIRTHDAY, _BIRTHDAYS = date(1930, 1, 1), 33_000
_BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
LINES_A_WRITE = 2_000
BOOKED, CHECKED_OUT, IN_PERSON = 1, 7, 1


@dataclass(frozen=True)
class Person:
    """Somebody of a tenant, by number."""

    tenant: UUID
    number: int

    @cached_property
    def id(self) -> UUID:
        """UUIDv7 of the day of registration, so that index pages fill as they would; the same in each run."""
        milliseconds = int(_BEGAN.timestamp() * 1000) + self.number * 150_000
        scattered = (self.number * 2_654_435_761 + (self.tenant.int & 0xFFFFFFFF)) % 2**32
        return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | (self.tenant.int & 0x3FFFFFFF) << 32 | scattered)

    @property
    def mrn(self) -> str:
        return f"L{self.number:08d}"

    @property
    def family(self) -> str:
        name = FAMILIES[self.number % len(FAMILIES)]
        rare = self.number // len(FAMILIES)
        return (name + _ENDINGS[rare // 2 % len(_ENDINGS)] if rare % 2 else name).capitalize()

    @property
    def given(self) -> str:
        return GIVENS[self.number // 7 % len(GIVENS)].capitalize()

    @property
    def birth_date(self) -> date:
        return _FIRST_BIRTHDAY + timedelta(days=self.number * 13 % _BIRTHDAYS)

    @property
    def phone(self) -> str:
        return f"+1{200 + self.number // 7_000_000 % 700}{2_000_000 + self.number % 7_000_000:07d}"

    @property
    def email(self) -> str:
        """Every second person has one."""
        return "" if self.number % 2 else f"{self.given}.{self.family}.{self.number}@example.org".lower()

    @property
    def registered_at(self) -> datetime:
        return _BEGAN + timedelta(seconds=self.number * 150)


def people(organisation: Organisation, first: int, end: int) -> Iterator[Person]:
    """The people of these numbers."""
    tenant = UUID(organisation.tenant_id)
    return (Person(tenant, number) for number in range(first, end))


@cache
def _sound(family: str) -> tuple[str, str]:
    """(sound and year, sound and birthday) of a name with a placeholder for the date."""
    day = date(1999, 1, 2)
    return keys.sound_and_year_key(family, day)[:-4], keys.sound_and_birthday_key(family, day)[:-4]


def keys_of(person: Person) -> list[str]:
    """Everything the registry finds the person by."""
    year, birthday = _sound(person.family)
    born = person.birth_date
    found = [keys.mrn_key(person.mrn), keys.birth_date_key(born), *keys.phone_keys(person.phone)]
    if person.email:
        found.append(keys.email_key(person.email))
    return [*found, f"{year}{born.year:04d}", f"{birthday}{born.month:02d}{born.day:02d}"]


class Loader:
    """Writes into the services' databases of one installation."""

    def __init__(self, url_of: Callable[[str], str]) -> None:
        self._url_of = url_of

    def register(self, organisation: Organisation, first: int, end: int) -> None:
        """The people of these numbers, in the registry and in the copies that other services keep."""
        tenant = organisation.tenant_id
        crowd = list(people(organisation, first, end))
        self._copy("patient_registry", "patient", _patients(tenant, crowd))
        self._copy("patient_registry", "patient_name", _names(tenant, crowd))
        self._copy("patient_registry", "patient_key", _keys(tenant, crowd))
        self._copy("scheduling", "patient_copy", _scheduling_copies(tenant, crowd))
        self._copy("billing", "patient_copy", _billing_copies(tenant, crowd))

    def past_visits(self, organisation: Organisation, first: int, end: int) -> None:
        """One visit of each of these people, over and done, spread over two years."""
        crowd = people(organisation, first, end)
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        visits = [(one, one.number, now - timedelta(days=1 + one.number % 730)) for one in crowd]
        self._visits(organisation, visits, CHECKED_OUT)

    def todays_visits(self, organisation: Organisation, each: int) -> list[tuple[int, str]]:
        """`each` visits at every location around now, booked and not yet arrived; (number of the location, id)."""
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        now -= timedelta(minutes=now.minute % 5)
        count = len(organisation.location_ids)
        crowd = people(organisation, 0, count * each)
        visits = [(one, one.number % count, now + timedelta(minutes=20 * (one.number // count))) for one in crowd]
        ids = self._visits(organisation, visits, BOOKED)
        return [(number, visit_id) for (_, number, _), visit_id in zip(visits, ids, strict=True)]

    def analyze(self) -> None:
        """What autovacuum would have done by the next minute."""
        for service in ("patient_registry", "scheduling", "billing"):
            with psycopg.connect(self._url_of(service), autocommit=True) as connection:
                connection.execute("vacuum analyze")

    def _visits(self, organisation: Organisation, visits: list[tuple[Person, int, datetime]], status: int) -> list[str]:
        made = [_Visit(organisation, who, number, start, status) for who, number, start in visits]
        self._copy("scheduling", "appointment", (one.appointment() for one in made))
        self._copy("patient_registry", "visit", (one.history() for one in made))
        return [one.id for one in made]

    def _copy(self, service: str, table: str, rows: Iterable[dict[str, object]]) -> None:
        rows = iter(rows)
        first = next(rows, None)
        if first is None:
            return
        columns = sql.SQL(", ").join(map(sql.Identifier, first))
        statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), columns)
        with psycopg.connect(self._url_of(service)) as connection, connection.cursor().copy(statement) as copy:
            copy.write(_line(first))
            while lines := [_line(row) for row in islice(rows, LINES_A_WRITE)]:
                copy.write("".join(lines))


def _line(row: dict[str, object]) -> str:
    """A row in COPY's text format; no value of ours has a tab, a newline or a backslash in it."""
    return "\t".join("\\N" if value is None else str(value) for value in row.values()) + "\n"


def _patients(tenant: str, crowd: Iterable[Person]) -> Iterator[dict[str, object]]:
    for one in crowd:
        yield {
            "tenant_id": tenant,
            "id": one.id,
            "mrn": one.mrn,
            "family": one.family,
            "given": one.given,
            **dict.fromkeys(
                ("middle", "prefix", "suffix", "preferred_name", "ssn_last_four", "payer_hint", "time_zone"), ""
            ),
            **dict.fromkeys(("former_names", "addresses", "identifiers"), "[]"),
            "contact_points": json.dumps([{"kind": k, "value": v, "preferred": False} for k, v in _reached(one)]),
            "birth_date": one.birth_date,
            "sex": "female" if one.number % 2 else "male",
            "language": "en",
            "interpreter_needed": "f",
            "deceased": "f",
            "active": "t",
            "guarantor_id": one.id,
            "registered_at": one.registered_at,
            "updated_at": one.registered_at,
            "version": 1,
        }


def _reached(one: Person) -> list[tuple[str, str]]:
    return [("mobile", one.phone), *([("email", one.email)] if one.email else [])]


def _names(tenant: str, crowd: Iterable[Person]) -> Iterator[dict[str, object]]:
    for one in crowd:
        name = {"family_key": normalise(one.family), "given_key": normalise(one.given)}
        yield {"tenant_id": tenant, **name, "patient_id": one.id, "in_use": "t"}


def _keys(tenant: str, crowd: Iterable[Person]) -> Iterator[dict[str, object]]:
    for one in crowd:
        for key in keys_of(one):
            yield {"tenant_id": tenant, "key": key, "patient_id": one.id}


def _scheduling_copies(tenant: str, crowd: Iterable[Person]) -> Iterator[dict[str, object]]:
    for one in crowd:
        name = f"{one.family}, {one.given}"
        yield {"tenant_id": tenant, "id": one.id, "name": name, "mrn": one.mrn, "active": "t", "source_version": 1}


def _billing_copies(tenant: str, crowd: Iterable[Person]) -> Iterator[dict[str, object]]:
    for one in crowd:
        yield {
            "tenant_id": tenant,
            "id": one.id,
            "mrn": one.mrn,
            "last": one.family,
            "first": one.given,
            "guarantor_id": one.id,
            "deceased": "f",
            "source_version": 1,
        }


@dataclass(frozen=True)
class _Visit:
    """A visit of a person at a location (by number) of the organisation."""

    organisation: Organisation
    who: Person
    number: int
    start: datetime
    status: int

    @cached_property
    def id(self) -> str:
        when = int(self.start.timestamp() * 1000) & 0xFFFFFFFFFFFF
        return str(UUID(int=when << 80 | 7 << 76 | 2 << 62 | (self.who.id.int & 0x3FFFFFFFFFFFFFFF)))

    def _where(self) -> dict[str, object]:
        """The person's location is the number modulo the locations, the practitioner one of those who work there."""
        organisation = self.organisation
        practitioner = self.number % len(organisation.practitioner_ids)
        return {
            "tenant_id": organisation.tenant_id,
            "id": self.id,
            "patient_id": self.who.id,
            "location_id": organisation.location_of(practitioner),
            "practitioner_id": organisation.practitioner_ids[practitioner],
            "appointment_type_code": "visit",
            "start_time": self.start,
            "end_time": self.start + timedelta(minutes=VISIT_MINUTES),
            "time_zone": zone_of(practitioner % len(organisation.location_ids)),
            "modality": IN_PERSON,
            "status": self.status,
        }

    def appointment(self) -> dict[str, object]:
        """As scheduling keeps it."""
        return self._where() | {
            "appointment_type_id": self.organisation.appointment_type_id,
            "appointment_type_name": "Visit",
            "reason": "",
            "equipment_ids": "[]",
            "booked_at": self.start - timedelta(days=7),
            "cancellation_reason": 0,
            "cancellation_note": "",
            "reschedule_count": 0,
            "version": 1,
        }

    def history(self) -> dict[str, object]:
        """As the registry keeps it."""
        return self._where() | {"source_version": 1}
