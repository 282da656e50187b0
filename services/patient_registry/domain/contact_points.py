"""Phone numbers and e-mail addresses: the one form each is kept in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import phonenumbers

from patient_registry.domain.problems import Problem

REGION = "US"
_LENGTH_IN_NORTH_AMERICA = 10
# One @, a dot in the domain, none of the characters that would make it two headers or two addresses.
_EMAIL = re.compile(r"[^@\s<>\"(),:;\[\]\\\x00-\x1f\x7f]+@[a-z0-9-]+(\.[a-z0-9-]+)+")


class ContactKind(StrEnum):
    MOBILE = "mobile"
    LANDLINE = "landline"
    WORK_PHONE = "work_phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """One way to reach somebody: a phone (E.164 once settled) or an e-mail address (lower case once settled)."""

    kind: ContactKind
    value: str
    preferred: bool = False


def e164(text: str, region: str = REGION) -> str | None:
    """A phone number in any usual notation as E.164 (``+12125550123``); None when it cannot be one.

    Only the length is judged, not whether the exchange is in use: numbering plans change faster than libraries do.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    national = phonenumbers.national_significant_number(number)
    if not phonenumbers.is_possible_number(number):
        return None
    if number.country_code == 1 and len(national) != _LENGTH_IN_NORTH_AMERICA:
        return None  # seven digits are possible within an area, but nobody could dial them from here
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email(text: str) -> str | None:
    """An e-mail address in lower case; None when it is not one."""
    lowered = text.strip().lower()
    return lowered if _EMAIL.fullmatch(lowered) else None


def canonical(kind: ContactKind, value: str) -> str | None:
    """The form a value of this kind is kept in; None when it is not one."""
    return email(value) if kind is ContactKind.EMAIL else e164(value)


def settle(points: Sequence[ContactPoint]) -> tuple[tuple[ContactPoint, ...], list[Problem]]:
    """The contact points as they are kept, each value once for its kind, and what is wrong with them."""
    kept: dict[tuple[ContactKind, str], ContactPoint] = {}
    problems = []
    for index, point in enumerate(points):
        value = canonical(point.kind, point.value)
        if value is None:
            wanted = "an e-mail address" if point.kind is ContactKind.EMAIL else "a phone number with its area code"
            problems.append(Problem(f"contact_points[{index}].value", f"must be {wanted}"))
            continue
        known = kept.get((point.kind, value))
        preferred = point.preferred or (known is not None and known.preferred)
        kept[point.kind, value] = replace(point, value=value, preferred=preferred)
    return tuple(kept.values()), problems


def phones(points: Sequence[ContactPoint]) -> tuple[str, ...]:
    """All phone numbers, preferred and mobile ones first."""
    numbers = [point for point in points if point.kind is not ContactKind.EMAIL]
    numbers.sort(key=lambda point: (not point.preferred, point.kind is not ContactKind.MOBILE))
    return tuple(dict.fromkeys(point.value for point in numbers))


def emails(points: Sequence[ContactPoint]) -> tuple[str, ...]:
    """All e-mail addresses, preferred ones first."""
    addresses = [point for point in points if point.kind is ContactKind.EMAIL]
    addresses.sort(key=lambda point: not point.preferred)
    return tuple(dict.fromkeys(point.value for point in addresses))
