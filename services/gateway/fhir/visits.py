"""Scheduling's messages ⇄ FHIR R4 Schedule, Slot and Appointment (https://hl7.org/fhir/R4/appointment.html)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.fhir.references import ScheduleId, SlotId

TYPE_SYSTEM = "urn:polyclinic:appointment-type"
CANCELLATION_SYSTEM = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
APPOINTMENT_PROFILE = "https://profiles.ihe.net/ITI/Scheduling/StructureDefinition/ihe-sched-appt"

# Our status → FHIR's, and back to all of ours that it stands for.
STATUSES = {
    "BOOKED": "booked",
    "CONFIRMED": "booked",
    "ARRIVED": "arrived",
    "CHECKED_IN": "checked-in",
    "ROOMED": "checked-in",
    "SEEN": "checked-in",
    "CHECKED_OUT": "fulfilled",
    "CANCELLED": "cancelled",
    "LEFT": "cancelled",
    "NO_SHOW": "noshow",
}
# Our reasons → the codes of HL7's code system.
CANCELLATIONS = {
    "PATIENT": "pat",
    "PRACTITIONER": "prov",
    "LOCATION": "oth-room",
    "WEATHER": "oth-weath",
    "INSURANCE": "oth-fin",
    "DUPLICATE": "oth-err",
    "DECEASED": "pat-dec",
    "OTHER": "other",
}


def schedule(found: ScheduleId) -> dict[str, Any]:
    """A practitioner at a location, as a Schedule."""
    return {
        "resourceType": "Schedule",
        "id": str(found),
        "active": True,
        "actor": [
            {"reference": f"Practitioner/{found.practitioner_id}"},
            {"reference": f"Location/{found.location_id}"},
        ],
    }


def slot(one: Any, code: str, name: str) -> dict[str, Any]:
    """An offered start, as a free Slot; ``code`` and ``name`` are its type's."""
    found = slot_id(one)
    return {
        "resourceType": "Slot",
        "id": str(found),
        "serviceType": [_type(code, name)],
        "schedule": {"reference": f"Schedule/{found.schedule}"},
        "status": "free",
        "start": _instant(one.start_time),
        "end": _instant(one.end_time),
    }


def slot_id(one: Any) -> SlotId:
    """The id of an offered start."""
    start = one.start_time.ToDatetime(tzinfo=UTC)
    return SlotId.of(one.appointment_type_id, one.practitioner_id, one.location_id, start)


def proposed(one: Any, code: str, name: str, patient_id: str = "") -> dict[str, Any]:
    """An offered start as a proposed Appointment (ITI-115); its id is the slot's."""
    found = slot_id(one)
    return {
        "resourceType": "Appointment",
        "id": str(found),
        "meta": {"profile": [APPOINTMENT_PROFILE]},
        "status": "proposed",
        "serviceType": [_type(code, name)],
        "start": _instant(one.start_time),
        "end": _instant(one.end_time),
        "minutesDuration": (one.end_time.seconds - one.start_time.seconds) // 60,
        "slot": [{"reference": f"Slot/{found}"}],
        "participant": _participants(
            patient_id,
            "needs-action",
            (one.practitioner_id, one.practitioner_name),
            (one.location_id, one.location_name),
        ),
    }


def held(hold: Any, code: str, name: str) -> dict[str, Any]:
    """A hold as a pending Appointment (ITI-116); its id becomes the appointment's."""
    return {
        "resourceType": "Appointment",
        "id": hold.hold_id,
        "meta": {"profile": [APPOINTMENT_PROFILE]},
        "status": "pending",
        "serviceType": [_type(code, name)],
        "start": _instant(hold.start_time),
        "end": _instant(hold.end_time),
        "minutesDuration": (hold.end_time.seconds - hold.start_time.seconds) // 60,
        "participant": _participants(
            hold.patient_id, "needs-action", (hold.practitioner_id, ""), (hold.location_id, ""), hold.helper_ids
        ),
    }


def appointment(row: Any, status: str, cancellation: str) -> dict[str, Any]:
    """A visit as an Appointment. ``status`` and ``cancellation`` are the names of our enums without their prefix."""
    resource: dict[str, Any] = {
        "resourceType": "Appointment",
        "id": row.appointment_id,
        "meta": {"versionId": str(row.version), "profile": [APPOINTMENT_PROFILE]},
        "status": STATUSES[status],
        "serviceType": [_type(row.appointment_type_code, row.appointment_type_name)],
        "start": _instant(row.start_time),
        "end": _instant(row.end_time),
        "minutesDuration": (row.end_time.seconds - row.start_time.seconds) // 60,
        "created": _instant(row.booked_at),
        "participant": _participants(
            row.patient_id,
            "needs-action" if status == "BOOKED" else "accepted",
            (row.practitioner_id, row.practitioner_name),
            (row.location_id, row.location_name),
            row.helper_ids,
        ),
    }
    if row.reason:
        resource["reasonCode"] = [{"text": row.reason}]
    if status == "CANCELLED" and cancellation in CANCELLATIONS:
        resource["cancelationReason"] = _cancellation(CANCELLATIONS[cancellation])
    elif status == "LEFT":
        resource["cancelationReason"] = {"text": "left before being seen"}
    return resource


def rejected(resource: dict[str, Any]) -> dict[str, Any]:
    """An Appointment that could not be held or booked (ITI-116, ITI-117)."""
    return resource | {"status": "cancelled"}


def bundle(
    resources: list[dict[str, Any]],
    base: str,
    links: dict[str, str],
    *,
    total: int | None = None,
    outcome: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A searchset of these resources, and what there is to say about them."""
    entries: list[dict[str, Any]] = [
        {
            "fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}",
            "resource": resource,
            "search": {"mode": "match"},
        }
        for resource in resources
    ]
    if outcome is not None:
        entries.append({"resource": outcome, "search": {"mode": "outcome"}})
    made: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    if total is not None:
        made["total"] = total
    made["link"] = [{"relation": relation, "url": url} for relation, url in links.items()]
    if entries:
        made["entry"] = entries
    return made


def _participants(
    patient_id: str, patient_status: str, practitioner: tuple[str, str], location: tuple[str, str], helpers: Any = ()
) -> list[dict[str, Any]]:
    found = [_participant("Patient", patient_id, "", patient_status)] if patient_id else []
    found.append(_participant("Practitioner", *practitioner, "accepted"))
    found += [_participant("Practitioner", helper, "", "accepted") for helper in helpers]
    found.append(_participant("Location", *location, "accepted"))
    return found


def _participant(kind: str, resource_id: str, name: str, status: str) -> dict[str, Any]:
    actor = {"reference": f"{kind}/{resource_id}"}
    if name:
        actor["display"] = name
    return {"actor": actor, "required": "required", "status": status}


def _type(code: str, name: str) -> dict[str, Any]:
    coding = {"system": TYPE_SYSTEM, "code": code}
    if name:
        coding["display"] = name
    return {"coding": [coding]}


def _cancellation(code: str) -> dict[str, Any]:
    return {"coding": [{"system": CANCELLATION_SYSTEM, "code": code}]}


def _instant(value: Timestamp) -> str:
    return value.ToDatetime(tzinfo=UTC).isoformat().replace("+00:00", "Z")


def to_timestamp(value: datetime) -> Timestamp:
    """An aware instant as protobuf writes it."""
    made = Timestamp()
    made.FromDatetime(value.astimezone(UTC))
    return made
