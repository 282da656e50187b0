"""Builders of the events that this service publishes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from polyclinic.notifications.v1 import events_pb2

from chassis.protos import timestamp
from notifications.domain.vocabulary import Channel, Meaning

CHANNELS = {Channel.EMAIL: events_pb2.CHANNEL_EMAIL, Channel.SMS: events_pb2.CHANNEL_SMS}
INTENTS = {
    Meaning.CONFIRM: events_pb2.REPLY_INTENT_CONFIRM,
    Meaning.RESCHEDULE: events_pb2.REPLY_INTENT_RESCHEDULE,
    Meaning.CANCEL_VISIT: events_pb2.REPLY_INTENT_CANCEL,
}


def message_settled(
    message_id: UUID, patient_id: UUID, channel: Channel, outcome: str, at: datetime
) -> events_pb2.MessageSettled:
    """What has become of a message: sent, delivered, failed or suppressed."""
    return events_pb2.MessageSettled(
        message_id=str(message_id),
        patient_id=str(patient_id),
        channel=CHANNELS[channel],
        outcome=outcome,
        settled_at=timestamp(at),
    )


def consent_changed(
    reply_id: UUID, patient_ids: Iterable[UUID], channel: Channel, at: datetime, *, granted: bool
) -> events_pb2.ContactConsentChanged:
    """The holder of an address opted out or in, for all patients behind it."""
    return events_pb2.ContactConsentChanged(
        reply_id=str(reply_id),
        patient_ids=sorted(map(str, patient_ids)),
        channel=CHANNELS[channel],
        granted=granted,
        changed_at=timestamp(at),
    )


def reply_received(
    reply_id: UUID, appointment_id: UUID, patient_id: UUID, meaning: Meaning, at: datetime
) -> events_pb2.AppointmentReplyReceived:
    """A patient's answer about one appointment (CONFIRM, RESCHEDULE or CANCEL_VISIT)."""
    return events_pb2.AppointmentReplyReceived(
        reply_id=str(reply_id),
        appointment_id=str(appointment_id),
        patient_id=str(patient_id),
        intent=INTENTS[meaning],
        received_at=timestamp(at),
    )
