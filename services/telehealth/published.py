"""Builders of the events that this service publishes."""

from __future__ import annotations

from uuid import UUID

from polyclinic.telehealth.v1 import events_pb2

from chassis.protos import timestamp
from telehealth.domain.presence import Together


def session_ended(
    session_id: UUID, appointment_id: UUID, patient_id: UUID, together: Together, *, at_home: bool, state: str
) -> events_pb2.SessionEnded:
    """The video visit is over: what billing takes modifier and place of service from."""
    return events_pb2.SessionEnded(
        session_id=str(session_id),
        appointment_id=str(appointment_id),
        patient_id=str(patient_id),
        joined_from=timestamp(together.joined_from),
        joined_to=timestamp(together.joined_to),
        seconds_together=together.seconds,
        audio_only=together.audio_only,
        patient_at_home=at_home,
        patient_state=state,
    )
