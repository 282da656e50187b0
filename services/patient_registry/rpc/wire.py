"""Between protobuf and domain values of people."""

from __future__ import annotations

from collections.abc import Iterable

from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.protos import date_message, optional_date, timestamp, to_date
from patient_registry import rows
from patient_registry.domain import contact_points
from patient_registry.domain.contact_points import ContactKind, ContactPoint
from patient_registry.domain.matching import Grade, Match
from patient_registry.domain.people import (
    Address,
    AddressUse,
    Demographics,
    Identifier,
    Name,
    QuietHours,
    Sex,
    home_address,
)
from patient_registry.tables import Patient

SEXES = {
    Sex.FEMALE: types_pb2.SEX_FEMALE,
    Sex.MALE: types_pb2.SEX_MALE,
    Sex.OTHER: types_pb2.SEX_OTHER,
    Sex.UNKNOWN: types_pb2.SEX_UNKNOWN,
}
_SEXES: dict[int, Sex] = {int(number): sex for sex, number in SEXES.items()}
ADDRESS_USES = {
    AddressUse.HOME: pb.ADDRESS_USE_HOME,
    AddressUse.MAILING: pb.ADDRESS_USE_MAILING,
    AddressUse.WORK: pb.ADDRESS_USE_WORK,
    AddressUse.TEMPORARY: pb.ADDRESS_USE_TEMPORARY,
    AddressUse.OLD: pb.ADDRESS_USE_OLD,
}
_ADDRESS_USES = {number: use for use, number in ADDRESS_USES.items()}
CONTACT_KINDS = {
    ContactKind.MOBILE: pb.CONTACT_KIND_MOBILE,
    ContactKind.LANDLINE: pb.CONTACT_KIND_LANDLINE,
    ContactKind.WORK_PHONE: pb.CONTACT_KIND_WORK_PHONE,
    ContactKind.EMAIL: pb.CONTACT_KIND_EMAIL,
}
_CONTACT_KINDS = {number: kind for kind, number in CONTACT_KINDS.items()}
GRADES = {
    Grade.CERTAIN: pb.MATCH_GRADE_CERTAIN,
    Grade.LIKELY: pb.MATCH_GRADE_LIKELY,
    Grade.POSSIBLE: pb.MATCH_GRADE_POSSIBLE,
    Grade.UNLIKELY: pb.MATCH_GRADE_UNLIKELY,
}


def sex(number: int) -> Sex:
    """The sex a message states; unspecified is unknown."""
    return _SEXES.get(number, Sex.UNKNOWN)


def name(message: types_pb2.HumanName) -> Name:
    """A name from its message."""
    return Name(message.family, message.given, message.middle, message.prefix, message.suffix)


def name_message(one: Name) -> types_pb2.HumanName:
    """The message of a name."""
    return types_pb2.HumanName(
        family=one.family, given=one.given, middle=one.middle, prefix=one.prefix, suffix=one.suffix
    )


def address(message: types_pb2.Address, use: AddressUse = AddressUse.HOME) -> Address:
    """An address from its message."""
    return Address(tuple(message.lines), message.city, message.state, message.postal_code, use)


def address_message(one: Address | None) -> types_pb2.Address | None:
    """The message of an address; None stays None."""
    if one is None:
        return None
    return types_pb2.Address(lines=one.lines, city=one.city, state=one.state, postal_code=one.postal_code)


def demographics(message: pb.PatientInput) -> Demographics:
    """What is said of a person at registration. Raises InvalidInput for a day that does not exist."""
    return Demographics(
        name=name(message.name),
        preferred_name=message.preferred_name,
        former_names=tuple(map(name, message.former_names)),
        birth_date=to_date(message.birth_date, "patient.birth_date"),
        sex=sex(message.sex),
        language=message.language or "en",
        interpreter_needed=message.interpreter_needed,
        time_zone=message.time_zone,
        addresses=_addresses(message.addresses),
        contact_points=_contact_points(message.contact_points),
        ssn_last_four=message.ssn_last_four,
        deceased=message.deceased,
        deceased_on=optional_date(message.deceased_on, "patient.deceased_on"),
        identifiers=tuple(Identifier(one.system, one.value) for one in message.identifiers),
        payer_hint=message.payer_hint,
    )


def quiet_hours_message(held: QuietHours | None) -> pb.QuietHours | None:
    """The message of quiet hours; None stays None."""
    return pb.QuietHours(from_minute=held.from_minute, until_minute=held.until_minute) if held else None


def update_message(person: Demographics) -> pb.PatientUpdate:
    """What a person's record says now, in the form in which it is changed."""
    return pb.PatientUpdate(
        name=name_message(person.name),
        preferred_name=person.preferred_name,
        former_names=map(name_message, person.former_names),
        birth_date=date_message(person.birth_date),
        sex=SEXES[person.sex],
        language=person.language,
        interpreter_needed=person.interpreter_needed,
        time_zone=person.time_zone,
        quiet_hours=quiet_hours_message(person.quiet_hours),
        addresses=_address_messages(person.addresses),
        contact_points=_contact_point_messages(person.contact_points),
        ssn_last_four=person.ssn_last_four,
        deceased_on=date_message(person.deceased_on),
        deceased=person.deceased,
        active=person.active,
        payer_hint=person.payer_hint,
    )


def updated(message: pb.PatientUpdate, before: Demographics) -> Demographics:
    """A person's record after a change. Raises InvalidInput for a day that does not exist."""
    return Demographics(
        name=name(message.name),
        preferred_name=message.preferred_name,
        former_names=tuple(map(name, message.former_names)),
        birth_date=to_date(message.birth_date, "patient.birth_date"),
        sex=sex(message.sex),
        language=message.language,
        interpreter_needed=message.interpreter_needed,
        time_zone=message.time_zone,
        quiet_hours=_quiet_hours(message),
        addresses=_addresses(message.addresses),
        contact_points=_contact_points(message.contact_points),
        ssn_last_four=message.ssn_last_four,
        deceased=message.deceased,
        deceased_on=optional_date(message.deceased_on, "patient.deceased_on"),
        active=message.active,
        payer_hint=message.payer_hint,
        identifiers=before.identifiers,
    )


def patient(row: Patient) -> pb.Patient:
    """The whole patient."""
    person = rows.demographics(row)
    return pb.Patient(
        patient_id=str(row.id),
        mrn=row.mrn,
        name=name_message(person.name),
        preferred_name=person.preferred_name,
        former_names=map(name_message, person.former_names),
        birth_date=date_message(person.birth_date),
        sex=SEXES[person.sex],
        language=person.language,
        interpreter_needed=person.interpreter_needed,
        time_zone=person.time_zone,
        quiet_hours=quiet_hours_message(person.quiet_hours),
        addresses=_address_messages(person.addresses),
        contact_points=_contact_point_messages(person.contact_points),
        ssn_last_four=person.ssn_last_four,
        guarantor_id=str(row.guarantor_id),
        deceased_on=date_message(person.deceased_on),
        deceased=person.deceased,
        active=person.active,
        merged_into=str(row.merged_into or ""),
        identifiers=[pb.Identifier(system=one.system, value=one.value) for one in person.identifiers],
        payer_hint=person.payer_hint,
        version=row.version,
        registered_at=timestamp(row.registered_at),
        updated_at=timestamp(row.updated_at),
    )


def summary(row: Patient) -> pb.PatientSummary:
    """The least that tells two people apart."""
    person = rows.demographics(row)
    home = home_address(person.addresses)
    phones = contact_points.phones(person.contact_points)
    return pb.PatientSummary(
        patient_id=str(row.id),
        mrn=row.mrn,
        name=name_message(person.name),
        preferred_name=person.preferred_name,
        birth_date=date_message(person.birth_date),
        sex=SEXES[person.sex],
        phone_last_four=phones[0][-4:] if phones else "",
        city=home.city if home else "",
        deceased=person.deceased,
        active=person.active,
    )


def candidate(row: Patient, match: Match) -> pb.DuplicateCandidate:
    """Somebody on file, how likely they are the person in question, and why."""
    return pb.DuplicateCandidate(
        patient=summary(row), score=match.score, grade=GRADES[match.grade], reasons=match.reasons
    )


def _addresses(messages: Iterable[pb.PatientAddress]) -> tuple[Address, ...]:
    return tuple(address(one.address, _ADDRESS_USES.get(one.use, AddressUse.HOME)) for one in messages)


def _address_messages(held: Iterable[Address]) -> list[pb.PatientAddress]:
    return [pb.PatientAddress(use=ADDRESS_USES[one.use], address=address_message(one)) for one in held]


def _contact_points(messages: Iterable[pb.ContactPoint]) -> tuple[ContactPoint, ...]:
    return tuple(ContactPoint(_CONTACT_KINDS[one.kind], one.value, one.preferred) for one in messages)


def _contact_point_messages(held: Iterable[ContactPoint]) -> list[pb.ContactPoint]:
    return [pb.ContactPoint(kind=CONTACT_KINDS[one.kind], value=one.value, preferred=one.preferred) for one in held]


def _quiet_hours(message: pb.PatientUpdate) -> QuietHours | None:
    if not message.HasField("quiet_hours"):
        return None
    return QuietHours(message.quiet_hours.from_minute, message.quiet_hours.until_minute)
