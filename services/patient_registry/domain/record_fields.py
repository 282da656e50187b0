"""What of a patient's record a form may show and change, as text: who may change it, how it is read, how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum

from patient_registry.domain import contact_points
from patient_registry.domain.contact_points import ContactKind, ContactPoint
from patient_registry.domain.coverage import Coverage
from patient_registry.domain.people import Address, AddressUse, Demographics, home_address


class RecordField(StrEnum):
    """A fact of the record that a form asks for."""

    PREFERRED_NAME = "preferred_name"
    LANGUAGE = "language"
    MOBILE = "mobile"
    EMAIL = "email"
    ADDRESS_LINE = "address_line"
    ADDRESS_CITY = "address_city"
    ADDRESS_STATE = "address_state"
    ADDRESS_POSTAL_CODE = "address_postal_code"
    INTERPRETER_NEEDED = "interpreter_needed"
    FAMILY_NAME = "family_name"
    GIVEN_NAME = "given_name"
    BIRTH_DATE = "birth_date"
    PAYER_NAME = "payer_name"
    MEMBER_ID = "member_id"
    GROUP_NUMBER = "group_number"


# What a patient may say of themselves; the rest is changed by staff, who look at a paper first.
OWN = frozenset(
    {
        RecordField.PREFERRED_NAME,
        RecordField.LANGUAGE,
        RecordField.MOBILE,
        RecordField.EMAIL,
        RecordField.ADDRESS_LINE,
        RecordField.ADDRESS_CITY,
        RecordField.ADDRESS_STATE,
        RecordField.ADDRESS_POSTAL_CODE,
        RecordField.INTERPRETER_NEEDED,
    }
)
OF_COVERAGE = frozenset({RecordField.PAYER_NAME, RecordField.MEMBER_ID, RecordField.GROUP_NUMBER})


def read(person: Demographics, coverage: Coverage | None) -> dict[RecordField, str]:
    """Every field as text; `coverage` is the one that pays first today."""
    home = home_address(person.addresses) or Address()
    mobile = [one.value for one in person.contact_points if one.kind is ContactKind.MOBILE]
    return {
        RecordField.PREFERRED_NAME: person.preferred_name,
        RecordField.LANGUAGE: person.language[:2],
        RecordField.MOBILE: mobile[0] if mobile else "",
        RecordField.EMAIL: next(iter(contact_points.emails(person.contact_points)), ""),
        RecordField.ADDRESS_LINE: ", ".join(home.lines),
        RecordField.ADDRESS_CITY: home.city,
        RecordField.ADDRESS_STATE: home.state,
        RecordField.ADDRESS_POSTAL_CODE: home.postal_code,
        RecordField.INTERPRETER_NEEDED: "yes" if person.interpreter_needed else "no",
        RecordField.FAMILY_NAME: person.name.family,
        RecordField.GIVEN_NAME: person.name.given,
        RecordField.BIRTH_DATE: person.birth_date.isoformat(),
        RecordField.PAYER_NAME: coverage.payer_name if coverage else "",
        RecordField.MEMBER_ID: coverage.member_id if coverage else "",
        RecordField.GROUP_NUMBER: coverage.group_number if coverage else "",
    }


def written(person: Demographics, values: Mapping[RecordField, str]) -> Demographics:
    """The person with these fields changed; those of a coverage are left alone (`with_coverage`)."""
    for field, value in values.items():
        person = _written(person, field, value)
    return person


def with_coverage(coverage: Coverage, values: Mapping[RecordField, str]) -> Coverage:
    """The coverage with these fields changed. Another payer's name takes the payer's code with it: staff say which it is."""
    payer_name = values.get(RecordField.PAYER_NAME, coverage.payer_name)
    return replace(
        coverage,
        payer_name=payer_name,
        payer_code=coverage.payer_code if payer_name == coverage.payer_name else "",
        member_id=values.get(RecordField.MEMBER_ID, coverage.member_id),
        group_number=values.get(RecordField.GROUP_NUMBER, coverage.group_number),
    )


def _written(person: Demographics, field: RecordField, value: str) -> Demographics:
    match field:
        case RecordField.PREFERRED_NAME:
            return replace(person, preferred_name=value)
        case RecordField.LANGUAGE:
            return replace(person, language=value)
        case RecordField.INTERPRETER_NEEDED:
            return replace(person, interpreter_needed=value == "yes")
        case RecordField.FAMILY_NAME:
            return replace(person, name=replace(person.name, family=value))
        case RecordField.GIVEN_NAME:
            return replace(person, name=replace(person.name, given=value))
        case RecordField.BIRTH_DATE:
            return replace(person, birth_date=date.fromisoformat(value))
        case RecordField.MOBILE:
            return _with_point(person, ContactKind.MOBILE, value)
        case RecordField.EMAIL:
            return _with_point(person, ContactKind.EMAIL, value)
        case RecordField.ADDRESS_LINE:
            return _with_home(person, lambda home: replace(home, lines=(value,)))
        case RecordField.ADDRESS_CITY:
            return _with_home(person, lambda home: replace(home, city=value))
        case RecordField.ADDRESS_STATE:
            return _with_home(person, lambda home: replace(home, state=value))
        case RecordField.ADDRESS_POSTAL_CODE:
            return _with_home(person, lambda home: replace(home, postal_code=value))
        case _:
            return person


def _with_point(person: Demographics, kind: ContactKind, value: str) -> Demographics:
    """The first of its kind is replaced; others stay behind it."""
    same = [one for one in person.contact_points if one.kind is kind]
    others = [one for one in person.contact_points if one.kind is not kind]
    first = replace(same[0], value=value) if same else ContactPoint(kind, value)
    return replace(person, contact_points=(first, *(one for one in same[1:] if one.value != value), *others))


def _with_home(person: Demographics, change: Callable[[Address], Address]) -> Demographics:
    home = home_address(person.addresses)
    changed = change(home or Address(use=AddressUse.HOME))
    kept = [one for one in person.addresses if one is not home]
    return replace(person, addresses=(changed, *kept))
