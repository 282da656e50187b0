"""Events consumed, and due work; published ones are built in `published.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from polyclinic.identity.v1 import events_pb2 as identity_events
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.types.v1 import types_pb2

from chassis.call import Call
from chassis.due import DueItem
from chassis.processor import Subscription
from chassis.protos import instant, optional_date
from telehealth.usecases import being_in, ending, visits
from telehealth.usecases.ending import CLOSE, DROP
from telehealth.usecases.room import Rooms
from telehealth.usecases.visits import AppointmentFacts, PractitionerFacts


def on_appointment(rooms: Rooms, call: Call, event: Any) -> None:
    """Any event of an appointment: each carries its whole state."""
    state: scheduling_events.AppointmentState = event.appointment
    facts = AppointmentFacts(
        id=UUID(state.appointment_id),
        patient_id=UUID(state.patient_id),
        practitioner_id=UUID(state.practitioner_id),
        location_id=UUID(state.location_id),
        start_time=instant(state.start_time),
        end_time=instant(state.end_time),
        time_zone=state.time_zone,
        by_video=state.modality == types_pb2.MODALITY_VIDEO,
        status=scheduling_events.AppointmentStatus.Name(state.status).removeprefix("APPOINTMENT_STATUS_").lower(),
        version=state.version,
    )
    visits.follow_appointment(call, rooms, facts)


def on_practitioner_changed(call: Call, event: identity_events.PractitionerChanged) -> None:
    name = f"{event.name.given} {event.name.family}"
    facts = PractitionerFacts(
        id=UUID(event.practitioner_id),
        account_id=event.account_id,
        display_name=f"{name}, {event.credential}" if event.credential else name,
        licences=[_licence(licence) for licence in event.licences],
        active=event.active,
        version=event.version,
    )
    visits.follow_practitioner(call, facts)


def on_door_closes(rooms: Rooms, call: Call, item: DueItem) -> None:
    ending.close_session(call, rooms, UUID(item.key))


def on_presence_due(rooms: Rooms, call: Call, item: DueItem) -> None:
    being_in.drop(call, rooms, UUID(item.key))


def _licence(licence: identity_events.Licence) -> dict[str, str | None]:
    start, end = optional_date(licence.valid_from), optional_date(licence.valid_to)
    return {
        "state": licence.state,
        "valid_from": start.isoformat() if start else None,
        "valid_to": end.isoformat() if end else None,
    }


APPOINTMENT_EVENTS = (
    scheduling_events.AppointmentBooked,
    scheduling_events.AppointmentConfirmed,
    scheduling_events.AppointmentMoved,
    scheduling_events.AppointmentCancelled,
    scheduling_events.VisitNoShow,
    scheduling_events.VisitLeft,
)


def subscriptions(rooms: Rooms) -> tuple[Subscription, ...]:
    """Subject → handler."""
    return (
        Subscription(identity_events.PractitionerChanged, on_practitioner_changed, purpose="mirror"),
        *(Subscription(event, partial(on_appointment, rooms), purpose="rooms") for event in APPOINTMENT_EVENTS),
    )


def due(rooms: Rooms) -> Mapping[str, Callable[[Call, DueItem], None]]:
    """Kind of due work → handler."""
    return {CLOSE: partial(on_door_closes, rooms), DROP: partial(on_presence_due, rooms)}
