"""FHIR's scheduling paths of the document: Schedule, Slot, Appointment and the operations of IHE ITI-115 to 117."""

from __future__ import annotations

from typing import Any

_FHIR = "application/fhir+json"
_TOKEN: list[dict[str, list[str]]] = [{"bearer": []}, {"session": [], "csrf": []}]
_RESOURCE = {"schema": {"type": "object"}}
_ANSWERS: dict[str, Any] = {
    "200": {"description": "Done.", "content": {_FHIR: _RESOURCE}},
    "default": {"description": "An OperationOutcome.", "content": {_FHIR: _RESOURCE}},
}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
_KEY = {"$ref": "#/components/parameters/IdempotencyKey"}
_VERSION = {"$ref": "#/components/parameters/IfMatch"}
_BODY = {"required": True, "content": {_FHIR: _RESOURCE}}
_FORM = {"required": True, "content": {"application/x-www-form-urlencoded": _RESOURCE}}


def _operation(name: str, summary: str, **more: Any) -> dict[str, Any]:
    return {
        "tags": ["FHIR"],
        "operationId": f"Fhir.{name}",
        "summary": summary,
        "responses": _ANSWERS,
        "security": _TOKEN,
        **more,
    }


def _query(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]


_SLOTS = _query("service-type", "schedule", "schedule.actor", "practitioner", "location", "start", "status", "_count")
_VISITS = _query("_id", "patient", "practitioner", "location", "actor", "date", "status", "_count", "_page_token")
_FIND = _query(
    "start", "end", "visit-type", "specialty", "practitioner", "location-reference", "patient-reference", "_count"
)

FHIR_SCHEDULING_PATHS: dict[str, Any] = {
    "/fhir/R4/Schedule": {
        "get": _operation("SearchSchedules", "Who has hours where", parameters=_query("_id", "actor", "_count"))
    },
    "/fhir/R4/Schedule/_search": {
        "post": _operation("SearchSchedulesByForm", "Who has hours where, asked by form", requestBody=_FORM)
    },
    "/fhir/R4/Schedule/{id}": {
        "get": _operation("ReadSchedule", "A practitioner's time at a location", parameters=[_ID])
    },
    "/fhir/R4/Slot": {"get": _operation("SearchSlots", "Free starts of types of visit", parameters=_SLOTS)},
    "/fhir/R4/Slot/_search": {
        "post": _operation("SearchSlotsByForm", "Free starts of types of visit, asked by form", requestBody=_FORM)
    },
    "/fhir/R4/Appointment": {
        "get": _operation("SearchAppointments", "Finds visits", parameters=_VISITS),
        "post": _operation("CreateAppointment", "Books a visit", parameters=[_KEY], requestBody=_BODY),
    },
    "/fhir/R4/Appointment/_search": {
        "post": _operation("SearchAppointmentsByForm", "Finds visits, asked by form", requestBody=_FORM)
    },
    "/fhir/R4/Appointment/{id}": {
        "get": _operation("ReadAppointment", "One visit", parameters=[_ID]),
        "put": _operation(
            "UpdateAppointment",
            "Moves, confirms, steps or cancels a visit",
            parameters=[_ID, _VERSION],
            requestBody=_BODY,
        ),
    },
    "/fhir/R4/Appointment/$find": {
        "get": _operation("FindAppointments", "Proposes visits (IHE ITI-115)", parameters=_FIND),
        "post": _operation(
            "FindAppointmentsByParameters", "Proposes visits, asked by Parameters (IHE ITI-115)", requestBody=_BODY
        ),
    },
    "/fhir/R4/Appointment/$hold": {
        "post": _operation(
            "HoldAppointment", "Holds a proposed visit (IHE ITI-116)", parameters=[_KEY], requestBody=_BODY
        )
    },
    "/fhir/R4/Appointment/$book": {
        "post": _operation(
            "BookAppointment", "Books a proposed or held visit (IHE ITI-117)", parameters=[_KEY], requestBody=_BODY
        )
    },
}
