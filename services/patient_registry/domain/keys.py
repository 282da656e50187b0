"""Everything a person can be found by except the name, as lines of text.

One table holds the keys of all people: an exact search is a look-up of one key, the duplicate check a look-up of a dozen.
A prefix tells the kinds apart. Keys for matching come in pairs that fail in different ways (a wrong year, a wrong day, a
changed name), so that no single slip hides a duplicate.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from patient_registry.domain import contact_points
from patient_registry.domain.names import normalise, parts, soundex
from patient_registry.domain.people import Demographics, Identifier

LAST_FOUR = 4
LAST_SEVEN = 7


def birth_date_key(day: date) -> str:
    """Born on this day."""
    return f"b:{day:%Y%m%d}"


def phone_keys(e164: str) -> tuple[str, str, str]:
    """The whole number, its last seven and its last four digits."""
    return f"p:{e164}", f"p7:{e164[-LAST_SEVEN:]}", f"p4:{e164[-LAST_FOUR:]}"


def email_key(address: str) -> str:
    """An e-mail address in lower case."""
    return f"e:{address}"


def mrn_key(mrn: str) -> str:
    """A medical record number."""
    return f"m:{mrn}"


def member_key(member_id: str) -> str:
    """A payer's member id without punctuation and case; a prefix of it is a prefix of the key."""
    return f"i:{normalise(member_id)}"


def identifier_key(identifier: Identifier) -> str:
    """A number that another system knows the person by."""
    return f"x:{identifier.system}|{identifier.value}"


def sound_and_year_key(family: str, day: date) -> str:
    """Sounds like this family name, born in this year (survives a wrong day or month and any given name)."""
    return f"sy:{soundex(family) or normalise(family)[:4]}:{day:%Y}"


def sound_and_birthday_key(family: str, day: date) -> str:
    """Sounds like this family name, born on this day of some year (survives a wrong year)."""
    return f"sd:{soundex(family) or normalise(family)[:4]}:{day:%m%d}"


def searchable(person: Demographics, mrn: str, member_ids: Iterable[str]) -> frozenset[str]:
    """The keys a person is found by at the front desk."""
    found = {mrn_key(mrn), birth_date_key(person.birth_date)}
    for number in contact_points.phones(person.contact_points):
        found.update(phone_keys(number))
    found.update(map(email_key, contact_points.emails(person.contact_points)))
    found.update(member_key(member_id) for member_id in member_ids if normalise(member_id))
    return frozenset(found)


def blocking(person: Demographics, member_ids: Iterable[str] = ()) -> frozenset[str]:
    """The keys of which two records of one person are likely to share at least one."""
    found = {birth_date_key(person.birth_date)}
    swapped = swap_day_and_month(person.birth_date)
    if swapped is not None:
        found.add(birth_date_key(swapped))
    for family in families(person):
        found.add(sound_and_year_key(family, person.birth_date))
        found.add(sound_and_birthday_key(family, person.birth_date))
    found.update(phone_keys(number)[0] for number in contact_points.phones(person.contact_points))
    found.update(map(email_key, contact_points.emails(person.contact_points)))
    found.update(member_key(member_id) for member_id in member_ids if normalise(member_id))
    found.update(map(identifier_key, person.identifiers))
    return frozenset(found)


def all_keys(person: Demographics, mrn: str, member_ids: Iterable[str]) -> frozenset[str]:
    """Every key that is kept for a person."""
    members = tuple(member_ids)
    kept = {key for key in blocking(person, members) if not key.startswith("b:")}
    # Of the birth date only the true one is kept; the swapped one is looked up, else it would be found by searches.
    return frozenset(kept) | searchable(person, mrn, members)


def families(person: Demographics) -> tuple[str, ...]:
    """The family names that a person goes or went by."""
    return tuple(dict.fromkeys([person.name.family, *(name.family for name in person.former_names)]))


def swap_day_and_month(day: date) -> date | None:
    """The date with day and month exchanged, when that is another date: 3 April ↔ 4 March."""
    if day.day > 12 or day.day == day.month:
        return None
    return day.replace(month=day.day, day=day.month)


def name_keys(person: Demographics) -> dict[tuple[str, str], bool]:
    """(family, given) in the form names are searched in → whether it is the name in use.

    A double family name is also found by its later parts, a person also by preferred and former names.
    """
    family, given = normalise(person.name.family), normalise(person.name.given)
    found = {(family, given): True}
    calls = [given, normalise(person.preferred_name)]
    for called in filter(None, calls):
        for part in (family, *parts(person.name.family)[1:]):
            found.setdefault((part, called), False)
    for former in person.former_names:
        found.setdefault((normalise(former.family), normalise(former.given) or given), False)
    return found
