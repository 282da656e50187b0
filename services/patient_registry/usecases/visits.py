"""Visits of a patient, as scheduling tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from chassis.call import Call
from patient_registry.store import Store
from patient_registry.tables import Patient, Visit


@dataclass(frozen=True, slots=True)
class VisitState:
    """A visit at one version; `id` is the appointment's. Times are UTC instants, `time_zone` is the location's (IANA)."""

    id: UUID
    patient_id: UUID
    location_id: str
    practitioner_id: str
    appointment_type_code: str
    start_time: datetime
    end_time: datetime
    time_zone: str
    modality: int
    status: int
    source_version: int


def listed(call: Call, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[Visit], str]:
    """A page of a patient's visits, newest first. Raises NotFound."""
    store = Store(call.session)
    store.need(Patient, patient_id, "patient")
    return store.visits(patient_id, page_size, page_token)


def keep(call: Call, states: Sequence[VisitState]) -> None:
    """Keeps what scheduling told of visits; a state that is older than what is known changes nothing."""
    Store(call.session).keep_visits([asdict(state) for state in states])
