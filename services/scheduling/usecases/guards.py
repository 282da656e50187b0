"""Who may do what to whom, asked in the same way everywhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.call import Call
from chassis.errors import NotFound
from scheduling.store import Store
from scheduling.tables import Appointment, LocationCopy, PatientCopy, PractitionerCopy
from scheduling.usecases.errors import PatientNotBookable


@dataclass(frozen=True)
class AppointmentView:
    """A visit with the names a person reads."""

    row: Appointment
    patient_name: str
    patient_mrn: str
    practitioner_name: str
    location_name: str


def is_patient(call: Call) -> bool:
    """Whether the caller is a patient (or their proxy)."""
    return call.principal.kind == "patient"


def own_patient(call: Call, patient_id: UUID | None) -> None:
    """A patient's token acts for its own patients only. Raises NotFound."""
    if is_patient(call) and patient_id not in call.principal.patient_ids:
        raise NotFound("patient")


def bookable_patient(call: Call, store: Store, patient_id: UUID) -> PatientCopy:
    """The patient to be booked. Raises NotFound, PatientNotBookable."""
    own_patient(call, patient_id)
    patient = store.need(PatientCopy, patient_id, "patient")
    if patient.merged_into is not None or not patient.active:
        raise PatientNotBookable
    return patient


def seen_appointment(call: Call, store: Store, appointment_id: UUID) -> Appointment:
    """The appointment, as far as the caller may see it. Raises NotFound."""
    row = store.appointment(appointment_id, call.principal)
    if row is None:
        raise NotFound("appointment")
    return row


def locked_appointment(call: Call, store: Store, appointment_id: UUID, version: int = 0) -> Appointment:
    """The appointment, locked and of the version the caller saw. Raises NotFound, StaleVersion."""
    seen_appointment(call, store, appointment_id)
    row = store.lock(Appointment, appointment_id, "appointment")
    call.expect_version(row.version, version)
    return row


def describe(store: Store, rows: Sequence[Appointment]) -> list[AppointmentView]:
    """The rows with their names."""
    patients, practitioners, locations = _names(store, rows)
    return [
        AppointmentView(
            row=row,
            patient_name=patients[row.patient_id].name if row.patient_id in patients else "",
            patient_mrn=patients[row.patient_id].mrn if row.patient_id in patients else "",
            practitioner_name=practitioners.get(row.practitioner_id, ""),
            location_name=locations.get(row.location_id, ""),
        )
        for row in rows
    ]


def describe_one(store: Store, row: Appointment) -> AppointmentView:
    """The row with its names; what the transaction has read already is not read again."""
    patient = store.get(PatientCopy, row.patient_id)
    practitioner = store.get(PractitionerCopy, row.practitioner_id)
    location = store.get(LocationCopy, row.location_id)
    return AppointmentView(
        row=row,
        patient_name=patient.name if patient else "",
        patient_mrn=patient.mrn if patient else "",
        practitioner_name=practitioner.name if practitioner else "",
        location_name=location.name if location else "",
    )


def _names(
    store: Store, rows: Collection[Appointment]
) -> tuple[dict[UUID, PatientCopy], dict[UUID, str], dict[UUID, str]]:
    return (
        store.patients(row.patient_id for row in rows),
        store.names(PractitionerCopy, (row.practitioner_id for row in rows)),
        store.names(LocationCopy, (row.location_id for row in rows)),
    )
