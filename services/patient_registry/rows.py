"""Between rows and domain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from patient_registry import tables
from patient_registry.domain import consent
from patient_registry.domain.contact_points import ContactKind, ContactPoint
from patient_registry.domain.coverage import Case, Coverage, CoverageKind, Subscriber, SubscriberRelation
from patient_registry.domain.people import Address, AddressUse, Demographics, Identifier, Name, QuietHours, Sex
from patient_registry.domain.relations import RelatedPerson


def demographics(row: tables.Patient) -> Demographics:
    """What a patient's row says of the person."""
    return Demographics(
        name=Name(row.family, row.given, row.middle, row.prefix, row.suffix),
        preferred_name=row.preferred_name,
        former_names=tuple(name(one) for one in row.former_names),
        birth_date=row.birth_date,
        sex=Sex(row.sex),
        language=row.language,
        interpreter_needed=row.interpreter_needed,
        time_zone=row.time_zone,
        quiet_hours=_quiet_hours(row),
        addresses=tuple(address(one) for one in row.addresses),
        contact_points=tuple(
            ContactPoint(ContactKind(one["kind"]), one["value"], one["preferred"]) for one in row.contact_points
        ),
        identifiers=tuple(Identifier(one["system"], one["value"]) for one in row.identifiers),
        ssn_last_four=row.ssn_last_four,
        payer_hint=row.payer_hint,
        deceased=row.deceased,
        deceased_on=row.deceased_on,
        active=row.active,
    )


def _quiet_hours(row: tables.Patient) -> QuietHours | None:
    if row.quiet_from_minute is None or row.quiet_until_minute is None:
        return None
    return QuietHours(row.quiet_from_minute, row.quiet_until_minute)


def put_demographics(row: tables.Patient, person: Demographics) -> None:
    """Writes what is known of the person into the row."""
    row.family, row.given, row.middle = person.name.family, person.name.given, person.name.middle
    row.prefix, row.suffix = person.name.prefix, person.name.suffix
    row.preferred_name = person.preferred_name
    row.former_names = [name_json(one) for one in person.former_names]
    row.birth_date = person.birth_date
    row.sex = person.sex.value
    row.language = person.language
    row.interpreter_needed = person.interpreter_needed
    row.time_zone = person.time_zone
    quiet = person.quiet_hours
    row.quiet_from_minute, row.quiet_until_minute = (quiet.from_minute, quiet.until_minute) if quiet else (None, None)
    row.addresses = [address_json(one) for one in person.addresses]
    row.contact_points = [
        {"kind": one.kind.value, "value": one.value, "preferred": one.preferred} for one in person.contact_points
    ]
    row.identifiers = [{"system": one.system, "value": one.value} for one in person.identifiers]
    row.ssn_last_four = person.ssn_last_four
    row.payer_hint = person.payer_hint
    row.deceased = person.deceased
    row.deceased_on = person.deceased_on
    row.active = person.active


def coverage(row: tables.Coverage) -> Coverage:
    """The coverage of a row, without its benefits."""
    return Coverage(
        coverage_id=row.id,
        kind=CoverageKind(row.kind),
        priority=row.priority,
        payer_code=row.payer_code,
        payer_name=row.payer_name,
        plan_name=row.plan_name,
        member_id=row.member_id,
        group_number=row.group_number,
        subscriber_relation=SubscriberRelation(row.subscriber_relation),
        subscriber=_subscriber(row.subscriber) if row.subscriber else None,
        start=row.start_date,
        end=row.end_date,
        case=_case(row.case_number, row.case_details) if row.case_details is not None else None,
        insurance_type_code=row.insurance_type_code,
        active=row.active,
    )


def put_coverage(row: tables.Coverage, entered: Coverage) -> None:
    """Writes a coverage into its row; benefits stay as they are."""
    row.kind = entered.kind.value
    row.priority = entered.priority
    row.payer_code, row.payer_name, row.plan_name = entered.payer_code, entered.payer_name, entered.plan_name
    row.member_id, row.group_number = entered.member_id, entered.group_number
    row.subscriber_relation = entered.subscriber_relation.value
    row.subscriber = _subscriber_json(entered.subscriber) if entered.subscriber else None
    row.start_date, row.end_date = entered.start, entered.end
    row.case_number = entered.case_number
    row.case_details = _case_json(entered.case) if entered.case else None
    row.insurance_type_code = entered.insurance_type_code
    row.active = entered.active


def related_person(row: tables.Relation) -> RelatedPerson | None:
    """The related person of a row; None when it is another patient."""
    if row.related_patient_id is not None:
        return None
    held = row.person
    return RelatedPerson(
        name=name(held["name"]),
        phone=row.phone,
        email=row.email,
        address=address(held["address"]) if held.get("address") else None,
        birth_date=_day(held.get("birth_date")),
        sex=Sex(held.get("sex", Sex.UNKNOWN.value)),
    )


def related_person_json(person: RelatedPerson) -> dict[str, Any]:
    """The part of a related person that is kept as JSON (all but phone and e-mail)."""
    return {
        "name": name_json(person.name),
        "address": address_json(person.address) if person.address else None,
        "birth_date": person.birth_date.isoformat() if person.birth_date else None,
        "sex": person.sex.value,
    }


def consent_change(row: tables.ConsentChange) -> consent.Change:
    """One thing said about being written to."""
    return consent.Change(
        consent.Channel(row.channel),
        consent.Purpose(row.purpose),
        row.granted,
        row.changed_at,
        consent.Source(row.source),
    )


def name(held: Mapping[str, str]) -> Name:
    """A name kept as JSON."""
    return Name(held["family"], held["given"], held["middle"], held["prefix"], held["suffix"])


def name_json(one: Name) -> dict[str, str]:
    """A name as it is kept in JSON."""
    return {
        "family": one.family,
        "given": one.given,
        "middle": one.middle,
        "prefix": one.prefix,
        "suffix": one.suffix,
    }


def address(held: Mapping[str, Any]) -> Address:
    """An address kept as JSON."""
    return Address(tuple(held["lines"]), held["city"], held["state"], held["postal_code"], AddressUse(held["use"]))


def address_json(one: Address) -> dict[str, Any]:
    """An address as it is kept in JSON."""
    return {
        "lines": list(one.lines),
        "city": one.city,
        "state": one.state,
        "postal_code": one.postal_code,
        "use": one.use.value,
    }


def _subscriber(held: Mapping[str, Any]) -> Subscriber:
    return Subscriber(
        name=name(held["name"]),
        birth_date=_day(held["birth_date"]),
        sex=Sex(held["sex"]),
        address=address(held["address"]) if held["address"] else None,
        patient_id=UUID(held["patient_id"]) if held["patient_id"] else None,
    )


def _subscriber_json(one: Subscriber) -> dict[str, Any]:
    return {
        "name": name_json(one.name),
        "birth_date": one.birth_date.isoformat() if one.birth_date else None,
        "sex": one.sex.value,
        "address": address_json(one.address) if one.address else None,
        "patient_id": str(one.patient_id) if one.patient_id else None,
    }


def _case(number: str, held: Mapping[str, Any]) -> Case:
    return Case(number, _day(held["accident_date"]), held["accident_state"], held["employer_name"])


def _case_json(one: Case) -> dict[str, Any]:
    return {
        "accident_date": one.accident_date.isoformat() if one.accident_date else None,
        "accident_state": one.accident_state,
        "employer_name": one.employer_name,
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
