"""Requests the tests of the registry have in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.types.v1 import types_pb2

from chassis.ids import uuid7

NINE = datetime(2026, 3, 2, 16, tzinfo=UTC)


def day(text: str) -> Date:
    """``"1970-04-05"`` as a message."""
    year, month, number = map(int, text.split("-"))
    return Date(year=year, month=month, day=number)


def name(family: str, given: str, **more: str) -> types_pb2.HumanName:
    """A name."""
    return types_pb2.HumanName(family=family, given=given, **more)


def home(line: str, city: str = "Denver", state: str = "CO", postal_code: str = "80202") -> pb.PatientAddress:
    """A home address."""
    address = types_pb2.Address(lines=[line], city=city, state=state, postal_code=postal_code)
    return pb.PatientAddress(use=pb.ADDRESS_USE_HOME, address=address)


def mobile(number: str, *, preferred: bool = False) -> pb.ContactPoint:
    """A mobile phone."""
    return pb.ContactPoint(kind=pb.CONTACT_KIND_MOBILE, value=number, preferred=preferred)


def email(address: str) -> pb.ContactPoint:
    """An e-mail address."""
    return pb.ContactPoint(kind=pb.CONTACT_KIND_EMAIL, value=address)


def person(family: str = "Ortega", given: str = "Lucia", born: str = "1988-03-09", **more: Any) -> pb.PatientInput:
    """Somebody to register."""
    return pb.PatientInput(
        name=name(family, given), birth_date=day(born), sex=more.pop("sex", types_pb2.SEX_FEMALE), **more
    )


def register(client: Any, who: pb.PatientInput | None = None, **more: Any) -> pb.Patient:
    """Registers somebody whatever the duplicate check says."""
    request = pb.RegisterPatientRequest(patient=who or person(**more), accept_duplicates=True)
    return client.call("RegisterPatient", request).patient


def coverage(payer_code: str = "COMM1", member_id: str = "W1234567", **more: Any) -> pb.CoverageInput:
    """A health coverage of one's own."""
    return pb.CoverageInput(
        kind=more.pop("kind", 1),
        payer_code=payer_code,
        payer_name=more.pop("payer_name", "Blue Ridge Health Plan"),
        member_id=member_id,
        subscriber_relation=more.pop("subscriber_relation", pb.SUBSCRIBER_RELATION_SELF),
        **more,
    )


def add_coverage(client: Any, patient_id: str, **more: Any) -> pb.Coverage:
    """Adds a coverage to a patient."""
    return client.call("AddCoverage", pb.AddCoverageRequest(patient_id=patient_id, coverage=coverage(**more)))


def stamp(moment: datetime) -> Timestamp:
    """An instant as a message."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def appointment(
    patient_id: str, version: int = 1, status: int = 1, start: datetime = NINE, appointment_id: str | None = None
) -> scheduling_events.AppointmentState:
    """A visit as scheduling tells of it."""
    return scheduling_events.AppointmentState(
        appointment_id=appointment_id or str(uuid7()),
        patient_id=patient_id,
        location_id=str(uuid7()),
        practitioner_id=str(uuid7()),
        appointment_type_code="follow-up",
        start_time=stamp(start),
        end_time=stamp(start + timedelta(minutes=20)),
        time_zone="America/Denver",
        modality=types_pb2.MODALITY_IN_PERSON,
        status=status,
        version=version,
    )
