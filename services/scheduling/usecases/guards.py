"""Who may do what to whom, asked in the same way everywhere."""

from __future__ import annotations

from collections.abc import Sequence
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
    row = store.lock(Appointment, appointment_id, "appointment")
    if not store.may_see(row, call.principal):
        raise NotFound("appointment")
    call.expect_version(row.version, version)
    return row


def describe(store: Store, rows: Sequence[Appointment]) -> list[AppointmentView]:
    """The rows with their names."""
    names = store.names_beside(rows)
    views = []
    for row in rows:
        patient, mrn = names.patients.get(row.patient_id, ("", ""))
        practitioner, location = (
            names.practitioners.get(row.practitioner_id, ""),
            names.locations.get(row.location_id, ""),
        )
        views.append(AppointmentView(row, patient, mrn, practitioner, location))
    return views


def describe_one(store: Store, row: Appointment) -> AppointmentView:
    """The row with its names; what the transaction has read already is not read again."""
    patient = store.at_hand(PatientCopy, row.patient_id)
    practitioner = store.at_hand(PractitionerCopy, row.practitioner_id)
    location = store.at_hand(LocationCopy, row.location_id)
    if patient is None or practitioner is None or location is None:
        return describe(store, [row])[0]
    return AppointmentView(row, patient.name, patient.mrn, practitioner.name, location.name)
