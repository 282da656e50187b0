"""Builders of the events that scheduling publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from google.protobuf.message import Message
from polyclinic.scheduling.v1 import events_pb2 as pb

from chassis.protos import timestamp
from scheduling.domain.visits import Status
from scheduling.tables import Appointment, WaitlistOffer

# What is published when a visit has come to (or gone back to) a status. Moving has an event of its own.
EVENT_OF_STATUS: dict[Status, type[Message]] = {
    Status.BOOKED: pb.AppointmentBooked,
    Status.CONFIRMED: pb.AppointmentConfirmed,
    Status.ARRIVED: pb.VisitArrived,
    Status.CHECKED_IN: pb.VisitCheckedIn,
    Status.ROOMED: pb.VisitRoomed,
    Status.SEEN: pb.VisitSeen,
    Status.CHECKED_OUT: pb.VisitCheckedOut,
    Status.CANCELLED: pb.AppointmentCancelled,
    Status.NO_SHOW: pb.VisitNoShow,
    Status.LEFT: pb.VisitLeft,
}


def number(value: int) -> Any:
    """The number of an enum: what is stored is the contract's number, which the generated types only accept from their own."""
    return value


def state(row: Appointment) -> pb.AppointmentState:
    """The whole state of a visit. The row has to be flushed: its version is part of the state."""
    return pb.AppointmentState(
        appointment_id=str(row.id),
        patient_id=str(row.patient_id),
        location_id=str(row.location_id),
        practitioner_id=str(row.practitioner_id),
        appointment_type_id=str(row.appointment_type_id),
        appointment_type_code=row.appointment_type_code,
        start_time=timestamp(row.start_time),
        end_time=timestamp(row.end_time),
        time_zone=row.time_zone,
        modality=number(row.modality),
        status=number(row.status),
        version=row.version,
        booked_at=timestamp(row.booked_at),
        reschedule_count=row.reschedule_count,
        series_id=str(row.series_id) if row.series_id else "",
        series_number=row.series_number or 0,
    )


def of_status(row: Appointment) -> Message:
    """The event of the status that the visit now has."""
    status = Status(row.status)
    if status is Status.CANCELLED:
        return pb.AppointmentCancelled(appointment=state(row), reason=cancellation(row.cancellation_reason))
    return EVENT_OF_STATUS[status](appointment=state(row))


def moved(row: Appointment, previous_start_time: datetime) -> pb.AppointmentMoved:
    """The visit has another time or place."""
    return pb.AppointmentMoved(appointment=state(row), previous_start_time=timestamp(previous_start_time))


def cancellation(reason: int) -> str:
    """The reason as other services and messages read it, e.g. "patient"."""
    from polyclinic.scheduling.v1 import scheduling_pb2

    return scheduling_pb2.CancellationReason.Name(reason).removeprefix("CANCELLATION_REASON_").lower()


def offered(offer: WaitlistOffer, type_code: str, time_zone: str) -> pb.WaitlistOffered:
    """A freed time was offered."""
    return pb.WaitlistOffered(
        waitlist_offer_id=str(offer.id),
        waitlist_entry_id=str(offer.waitlist_entry_id),
        patient_id=str(offer.patient_id),
        location_id=str(offer.location_id),
        practitioner_id=str(offer.practitioner_id),
        appointment_type_code=type_code,
        start_time=timestamp(offer.start_time),
        time_zone=time_zone,
        expires_at=timestamp(offer.expires_at),
    )


def settled(offer: WaitlistOffer) -> pb.WaitlistOfferSettled:
    """An offer was accepted, declined or has expired."""
    return pb.WaitlistOfferSettled(
        waitlist_offer_id=str(offer.id),
        waitlist_entry_id=str(offer.waitlist_entry_id),
        patient_id=str(offer.patient_id),
        outcome=number(offer.outcome),
        appointment_id=str(offer.appointment_id) if offer.appointment_id else "",
    )


def cancelled_late(row: Appointment, at: datetime, cutoff_minutes: int) -> pb.LateCancellation:
    """A visit was cancelled within the cut-off."""
    return pb.LateCancellation(
        appointment_id=str(row.id),
        patient_id=str(row.patient_id),
        location_id=str(row.location_id),
        practitioner_id=str(row.practitioner_id),
        appointment_type_code=row.appointment_type_code,
        start_time=timestamp(row.start_time),
        time_zone=row.time_zone,
        cancelled_at=timestamp(at),
        cutoff_minutes=cutoff_minutes,
    )


def overridden(row: Appointment, rules: list[str], by: str) -> pb.BookingOverridden:
    """A visit was booked beyond these rules."""
    return pb.BookingOverridden(
        appointment_id=str(row.id),
        patient_id=str(row.patient_id),
        location_id=str(row.location_id),
        rules=rules,
        overridden_by=by,
    )


def delayed(row: Appointment, expected: datetime, minutes: int) -> pb.VisitDelayed:
    """A visit will begin later than planned, or on time after all (0)."""
    return pb.VisitDelayed(
        appointment_id=str(row.id),
        patient_id=str(row.patient_id),
        location_id=str(row.location_id),
        appointment_type_code=row.appointment_type_code,
        start_time=timestamp(row.start_time),
        expected_start=timestamp(expected),
        delay_minutes=minutes,
        time_zone=row.time_zone,
    )
