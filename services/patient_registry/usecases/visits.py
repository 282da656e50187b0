"""Visits of a patient, as scheduling tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.call import Call
from patient_registry.store import Store
from patient_registry.tables import Patient, Visit


@dataclass(frozen=True, slots=True)
class VisitState:
    """A visit at one version. Times are UTC instants, `time_zone` is the location's (IANA)."""

    appointment_id: UUID
    patient_id: UUID
    location_id: str
    practitioner_id: str
    appointment_type_code: str
    start_time: datetime
    end_time: datetime
    time_zone: str
    modality: int
    status: int
    version: int


def listed(call: Call, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[Visit], str]:
    """A page of a patient's visits, newest first. Raises NotFound."""
    store = Store(call.session)
    store.need(Patient, patient_id, "patient")
    return store.visits(patient_id, page_size, page_token)


def keep(call: Call, state: VisitState) -> bool:
    """Keeps what scheduling told of a visit, unless something newer is known; answers whether it was kept."""
    store = Store(call.session)
    row = store.get(Visit, state.appointment_id)
    if row is not None and row.source_version >= state.version:
        return False
    if row is None:
        row = Visit(id=state.appointment_id)
        call.session.add(row)
    row.patient_id = state.patient_id
    row.location_id = state.location_id
    row.practitioner_id = state.practitioner_id
    row.appointment_type_code = state.appointment_type_code
    row.start_time = state.start_time
    row.end_time = state.end_time
    row.time_zone = state.time_zone
    row.modality = state.modality
    row.status = state.status
    row.source_version = state.version
    call.session.flush()
    return True
