"""What scheduling hears, and what it does when time comes. The builders of what it publishes are in `published.py`."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from polyclinic.identity.v1 import events_pb2 as identity
from polyclinic.notifications.v1 import events_pb2 as notifications
from polyclinic.patient_registry.v1 import events_pb2 as registry

from chassis.call import Call
from chassis.due import DueItem
from chassis.processor import Subscription, each
from chassis.protos import identifier, optional_date, optional_identifier
from scheduling.adapters.web_calendars import WebCalendars
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.people import Licence
from scheduling.stores.rows import stored_licences
from scheduling.usecases import booking, busy_calendars, copies, delays, reschedules, risk, rounds, upkeep, waitlist
from scheduling.usecases.copies import Told
from scheduling.usecases.freed import ROUND


def on_tenant_changed(call: Call, event: identity.TenantChanged) -> None:
    copies.keep_tenant(call, event.version, name=event.name, active=event.active)


def on_location_changed(call: Call, event: identity.LocationChanged) -> None:
    hours = [[hour.weekday, hour.opens_minute, hour.closes_minute] for hour in event.hours]
    placed = event.HasField("latitude") and event.HasField("longitude")
    columns = {
        "name": event.name,
        "time_zone": event.time_zone,
        "hours": hours,
        "latitude": event.latitude if placed else None,
        "longitude": event.longitude if placed else None,
        "active": event.active,
    }
    copies.keep_location(call, Told(identifier(event.location_id), event.version, columns))


def on_practitioner_changed(call: Call, event: identity.PractitionerChanged) -> None:
    name = f"{event.name.family}, {event.name.given}"
    columns = {
        "name": f"{name}, {event.credential}" if event.credential else name,
        "specialties": list(event.specialties),
        "languages": list(event.languages),
        "sex": event.sex,
        "location_ids": list(event.location_ids),
        "licences": stored_licences(
            Licence(one.state, optional_date(one.valid_from, "valid_from"), optional_date(one.valid_to, "valid_to"))
            for one in event.licences
        ),
        "active": event.active,
    }
    copies.keep_practitioner(call, Told(identifier(event.practitioner_id), event.version, columns))


def on_room_changed(call: Call, event: identity.RoomChanged) -> None:
    told = _resource(event.room_id, event, event.room_class)
    copies.keep_resource(call, ResourceKind.ROOM, told)


def on_equipment_changed(call: Call, event: identity.EquipmentChanged) -> None:
    told = _resource(event.equipment_id, event, event.equipment_class)
    copies.keep_resource(call, ResourceKind.EQUIPMENT, told)


def on_patient_changed(call: Call, event: registry.PatientRegistered | registry.PatientChanged) -> None:
    patient = event.patient
    columns = {
        "name": f"{patient.name.family}, {patient.name.given}",
        "mrn": patient.mrn,
        "birth_date": optional_date(patient.birth_date, "birth_date"),
        "language": patient.language,
        "state": patient.state,
        "merged_into": optional_identifier(patient.merged_into),
        "active": patient.active and not patient.deceased,
    }
    copies.keep_patient(call, Told(identifier(patient.patient_id), patient.version, columns))


def on_coverage_changed(call: Call, event: registry.CoverageChanged) -> None:
    columns = {
        "patient_id": identifier(event.patient_id),
        "payer_code": event.payer_code,
        "first_day": optional_date(event.period.start, "period.start"),
        "last_day": optional_date(event.period.end, "period.end"),
        "active": event.active,
    }
    copies.keep_coverage(call, Told(identifier(event.coverage_id), event.version, columns))


def on_reply(call: Call, event: notifications.AppointmentReplyReceived) -> None:
    if event.intent == notifications.REPLY_INTENT_UNSPECIFIED:
        return
    reschedules.apply_reply(
        call, identifier(event.appointment_id), identifier(event.patient_id), reschedules.Reply(event.intent)
    )


def on_hold_due(call: Call, item: DueItem) -> None:
    booking.expire(call, UUID(item.key))


def on_round_due(call: Call, item: DueItem) -> None:
    rounds.next_round(call, UUID(item.key))


def on_lapse_due(call: Call, item: DueItem) -> None:
    waitlist.lapse(call, UUID(item.key))


def on_delays_due(call: Call, item: DueItem) -> None:
    delays.look(call, UUID(item.key))


def on_training_due(call: Call, _item: DueItem) -> None:
    risk.train(call)


def on_upkeep_due(call: Call, item: DueItem) -> None:
    upkeep.run(call, item.payload)


def on_drop_due(call: Call, _item: DueItem) -> None:
    upkeep.drop_past(call)


def _resource(resource_id: str, event: identity.RoomChanged | identity.EquipmentChanged, resource_class: str) -> Told:
    columns = {
        "location_id": identifier(event.location_id),
        "name": event.name,
        "resource_class": resource_class,
        "capacity": max(event.capacity, 1),
        "active": event.active,
    }
    return Told(identifier(resource_id), event.version, columns)


SUBSCRIPTIONS = (
    Subscription(identity.TenantChanged, on_tenant_changed, purpose="mirror"),
    Subscription(identity.LocationChanged, on_location_changed, purpose="mirror"),
    Subscription(identity.PractitionerChanged, on_practitioner_changed, purpose="mirror"),
    Subscription(identity.RoomChanged, on_room_changed, purpose="mirror"),
    Subscription(identity.EquipmentChanged, on_equipment_changed, purpose="mirror"),
    Subscription(registry.PatientRegistered, each(on_patient_changed), purpose="patients", bulk=True),
    Subscription(registry.PatientChanged, each(on_patient_changed), purpose="patients", bulk=True),
    Subscription(registry.CoverageChanged, each(on_coverage_changed), purpose="coverages", bulk=True),
    Subscription(notifications.AppointmentReplyReceived, on_reply, purpose="replies"),
)


def due(web: WebCalendars) -> dict[str, Callable[[Call, DueItem], None]]:
    """What is done when its time comes, by kind."""

    def on_calendar_due(call: Call, item: DueItem) -> None:
        busy_calendars.fetch(call, web, UUID(item.key))

    return DUE | {busy_calendars.READ: on_calendar_due}


DUE: dict[str, Callable[[Call, DueItem], None]] = {
    risk.TRAIN: on_training_due,
    delays.LOOK: on_delays_due,
    booking.HOLD_EXPIRE: on_hold_due,
    ROUND: on_round_due,
    waitlist.LAPSE: on_lapse_due,
    upkeep.UPKEEP: on_upkeep_due,
    upkeep.DROP: on_drop_due,
}
