"""Appointment: read, search, create, update, cancel; ``$hold`` (IHE ITI-116) and ``$book`` (ITI-117)."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import grpc
from flask import Response

from chassis.errors import InvalidInput, NotFound, Violation
from gateway import errors
from gateway.edge import Exchange, idempotency_key, if_match
from gateway.fhir import operations, visits
from gateway.fhir.clinic import Clinic, link, parameters_of, type_of, versioned
from gateway.fhir.outcome import fhir_response, outcome_of
from gateway.fhir.references import SlotId, id_in
from gateway.fhir.search import Query, ignored_outcome, lenient
from gateway.fhir.wishes import Wish, read_wish
from gateway.transcoding.problems import Problems

SEARCH_PARAMETERS = ("_id", "patient", "practitioner", "location", "actor", "date", "status", "_count", "_page_token")
HOLD_PARAMETERS = ("appointment-reference", "patient-reference")
BOOK_PARAMETERS = ("appointment-reference", "patient-reference", "comment")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
# FHIR's status asked for by an update → the step that leads there.
STEPS = {"arrived": "Arrive", "checked-in": "CheckIn", "fulfilled": "CheckOut", "noshow": "NoShow"}
REFUSED = (grpc.StatusCode.ABORTED, grpc.StatusCode.FAILED_PRECONDITION)


class Appointments:
    """The handlers of visits."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic

    def read(self, exchange: Exchange, values: dict[str, str]) -> Response:
        """One visit, with its version as ETag. Raises NotFound."""
        return versioned(self._fhir(self._get(exchange, values["id"])))

    def search(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Visits by patient, practitioner, location, date and status (ITI-118), page by page."""
        pairs = parameters_of(exchange.request)
        query = Query.of(pairs, SEARCH_PARAMETERS, lenient=lenient(exchange.request))
        ids = [one for _, one in query.uuids("_id", "Appointment")]
        actors = query.uuids("actor", "Practitioner", "Location", "Patient")
        fields: dict[str, Any] = {}
        for name, kind in (("patient", "Patient"), ("practitioner", "Practitioner"), ("location", "Location")):
            given = [one for _, one in query.uuids(name, kind)] + [one for found, one in actors if found == kind]
            if len(set(given)) > 1:
                query.problems.add(name, "may be given once")
            if given:
                fields[f"{name}_id"] = given[0]
        begin, end = query.instants("date")
        statuses = self._statuses(query)
        count = query.count()
        token = query.one("_page_token")
        query.refuse()
        base = self._clinic.base(exchange.request)
        pairs = query.used(pairs)
        links = {"self": link(base, "Appointment", pairs)}
        if ids:
            request = self._clinic.request("BatchGetAppointments", appointment_ids=ids)
            rows = self._clinic.call(exchange, "BatchGetAppointments", request).appointments
            found = [self._fhir(row) for row in rows]
            return fhir_response(
                visits.bundle(found, base, links, total=len(rows), outcome=ignored_outcome(query.ignored))
            )
        request = self._clinic.request(
            "ListAppointments", **fields, statuses=statuses, page_size=count, page_token=token
        )
        if begin is not None:
            request.start_from.CopyFrom(visits.to_timestamp(begin))
        if end is not None:
            request.start_to.CopyFrom(visits.to_timestamp(end))
        answer = self._clinic.call(exchange, "ListAppointments", request)
        if answer.next_page_token:
            following = [pair for pair in pairs if pair[0] != "_page_token"]
            links["next"] = link(base, "Appointment", [*following, ("_page_token", answer.next_page_token)])
        found = [self._fhir(row) for row in answer.appointments]
        return fhir_response(visits.bundle(found, base, links, outcome=ignored_outcome(query.ignored)))

    def create(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Books what the resource asks for: a slot, or a type, practitioner, location and start."""
        wish = read_wish(operations.resource(exchange.request, "Appointment"))
        row = self._book(exchange, wish, _key(exchange))
        response = versioned(self._fhir(row), 201)
        base = self._clinic.base(exchange.request)
        response.headers["Location"] = f"{base}/Appointment/{row.appointment_id}/_history/{row.version}"
        return response

    def update(self, exchange: Exchange, values: dict[str, str]) -> Response:
        """Brings a visit to what the resource says: another time, practitioner or location; a step; confirmed; cancelled."""
        body = operations.resource(exchange.request, "Appointment")
        if body.get("id", values["id"]) != values["id"]:
            raise InvalidInput([Violation("Appointment.id", "must be the id of the URL")])
        version = if_match(exchange.request.headers) or 0
        return versioned(self._fhir(self._update(exchange, values["id"], read_wish(body), version)))

    def hold(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Holds a proposed appointment (ITI-116): pending, or cancelled with the reason."""
        pairs, _ = operations.parameters(exchange.request)
        query = Query.of(pairs, HOLD_PARAMETERS)
        slot_id, patient_id = self._referred(query), self._patient(query)
        query.refuse()
        found = SlotId.read(slot_id)
        kind = type_of(self._clinic.types(exchange), tail=found.type_tail)
        request = self._clinic.request(
            "HoldSlot",
            appointment_type_id=kind.appointment_type_id,
            practitioner_id=str(found.schedule.practitioner_id),
            location_id=str(found.schedule.location_id),
            start_time=visits.to_timestamp(found.start),
            patient_id=patient_id,
        )
        try:
            held = self._clinic.call(exchange, "HoldSlot", request, _key(exchange))
        except grpc.RpcError as error:
            return self._rejected(exchange, error, slot_id, "$hold")
        return self._done(exchange, visits.held(held, kind.code, kind.name), "$hold")

    def book(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Books a proposed or held appointment, or changes a booked one (ITI-117)."""
        pairs, resources = operations.parameters(exchange.request)
        query = Query.of(pairs, BOOK_PARAMETERS)
        given = resources.get("appointment-resource")
        wish = read_wish(given) if given is not None else Wish()
        reference = self._referred(query, required=given is None)
        patient_id = self._patient(query) or wish.patient_id or _id_of(resources.get("patient-resource"))
        comment = query.one("comment") or wish.reason
        query.refuse()
        about = reference or wish.id or wish.slot_id
        try:
            if given is not None and wish.id and _UUID.fullmatch(wish.id) and not reference:
                row = self._update(exchange, wish.id, wish, if_match(exchange.request.headers) or 0)
            else:
                row = self._book(exchange, wish.with_(about, patient_id, comment), _key(exchange))
        except grpc.RpcError as error:
            return self._rejected(exchange, error, about, "$book")
        return self._done(exchange, self._fhir(row), "$book")

    def _book(self, exchange: Exchange, wish: Wish, key: str) -> Any:
        """The visit that was booked. Raises InvalidInput, NotFound, grpc.RpcError."""
        problems = Problems()
        if not wish.patient_id:
            problems.add("Appointment.participant", "must name the Patient")
        request = self._clinic.request("BookAppointment", patient_id=wish.patient_id, reason=wish.reason[:500])
        if wish.hold_id:
            request.hold_id = wish.hold_id
        else:
            self._place(exchange, wish, request, problems)
        problems.refuse()
        return self._clinic.call(exchange, "BookAppointment", request, key)

    def _place(self, exchange: Exchange, wish: Wish, request: Any, problems: Problems) -> None:
        """What, with whom, where and when: of the slot, else of the resource."""
        if wish.slot_id:
            found = SlotId.read(wish.slot_id)
            request.practitioner_id = str(found.schedule.practitioner_id)
            request.location_id = str(found.schedule.location_id)
            request.start_time.CopyFrom(visits.to_timestamp(found.start))
            kind = type_of(self._clinic.types(exchange), tail=found.type_tail)
            request.appointment_type_id = kind.appointment_type_id
            return
        for value, path, what in (
            (wish.practitioner_id, "Appointment.participant", "must name the Practitioner"),
            (wish.location_id, "Appointment.participant", "must name the Location"),
            (wish.type_code, "Appointment.serviceType", f"must have a coding of {visits.TYPE_SYSTEM}"),
            (wish.start, "Appointment.start", "is required"),
        ):
            if not value:
                problems.add(path, what)
        problems.refuse()
        request.practitioner_id, request.location_id = wish.practitioner_id, wish.location_id
        if wish.start is not None:
            request.start_time.CopyFrom(visits.to_timestamp(wish.start))
        kind = type_of(self._clinic.types(exchange), code=wish.type_code)
        request.appointment_type_id = kind.appointment_type_id

    def _update(self, exchange: Exchange, appointment_id: str, wish: Wish, version: int) -> Any:
        row = self._get(exchange, appointment_id)
        if wish.patient_id and wish.patient_id != row.patient_id:
            raise InvalidInput([Violation("Appointment.participant", "must not name another Patient")])
        if wish.type_code and wish.type_code != row.appointment_type_code:
            raise InvalidInput(
                [Violation("Appointment.serviceType", "cannot be changed; cancel the visit and book another")]
            )
        key = _key(exchange)
        fields: dict[str, Any] = {"appointment_id": row.appointment_id, "version": version}
        if wish.status in ("cancelled", "entered-in-error"):
            reason = self._clinic.number("CancelAppointment", "reason", wish.cancellation)
            request = self._clinic.request("CancelAppointment", **fields, reason=reason, note=wish.note[:500])
            return self._clinic.call(exchange, "CancelAppointment", request, key)
        if wish.status in STEPS and self._status(row) != wish.status:
            step = STEPS[wish.status]
            return self._clinic.call(exchange, step, self._clinic.request(step, **fields), key)
        moved = wish.start is not None and visits.to_timestamp(wish.start) != row.start_time
        if (
            moved
            or wish.practitioner_id not in ("", row.practitioner_id)
            or wish.location_id not in ("", row.location_id)
        ):
            request = self._clinic.request(
                "MoveAppointment",
                **fields,
                start_time=visits.to_timestamp(wish.start) if wish.start else row.start_time,
                practitioner_id=wish.practitioner_id,
                location_id=wish.location_id,
            )
            return self._clinic.call(exchange, "MoveAppointment", request, key)
        if wish.accepted and self._clinic.enum("GetAppointment", "status", row.status) == "BOOKED":
            request = self._clinic.request("ConfirmAppointment", **fields)
            return self._clinic.call(exchange, "ConfirmAppointment", request, key)
        return row

    def _get(self, exchange: Exchange, appointment_id: str) -> Any:
        if not _UUID.fullmatch(appointment_id):
            raise NotFound("appointment")
        request = self._clinic.request("GetAppointment", appointment_id=appointment_id.lower())
        return self._clinic.call(exchange, "GetAppointment", request)

    def _fhir(self, row: Any) -> dict[str, Any]:
        status = self._clinic.enum("GetAppointment", "status", row.status)
        reason = self._clinic.enum("GetAppointment", "cancellation_reason", row.cancellation_reason)
        return visits.appointment(row, status, reason)

    def _status(self, row: Any) -> str:
        return visits.STATUSES[self._clinic.enum("GetAppointment", "status", row.status)]

    def _statuses(self, query: Query) -> list[int]:
        wanted = set(query.any_of("status"))
        for unknown in sorted(wanted - set(visits.STATUSES.values())):
            query.problems.add("status", f"{unknown} is no status of a booked visit")
        names = [ours for ours, theirs in visits.STATUSES.items() if theirs in wanted]
        return [self._clinic.number("ListAppointments", "statuses", name) for name in names]

    def _referred(self, query: Query, *, required: bool = True) -> str:
        """The id of the Appointment that is referred to, "" without one."""
        text = query.one("appointment-reference")
        found = id_in(text if "/" in text else f"Appointment/{text}", "Appointment") if text else None
        if found is None and (required or text):
            query.problems.add("appointment-reference", "must be a reference to an Appointment")
        return found[1] if found else ""

    @staticmethod
    def _patient(query: Query) -> str:
        found: Sequence[tuple[str, str]] = query.uuids("patient-reference", "Patient")
        return found[0][1] if found else ""

    def _done(self, exchange: Exchange, resource: dict[str, Any], operation: str) -> Response:
        base = self._clinic.base(exchange.request)
        return fhir_response(visits.bundle([resource], base, {"self": f"{base}/Appointment/{operation}"}, total=1))

    def _rejected(self, exchange: Exchange, error: grpc.RpcError, about: str, operation: str) -> Response:
        """What IHE asks for when the time cannot be had: the appointment cancelled, and why. Raises any other error on."""
        if error.code() not in REFUSED:
            raise error
        base = self._clinic.base(exchange.request)
        resource = visits.rejected(
            {"resourceType": "Appointment", "id": about, "participant": [{"status": "declined"}]}
        )
        outcome = outcome_of(errors.from_rpc(error), exchange.request_id)
        links = {"self": f"{base}/Appointment/{operation}"}
        return fhir_response(visits.bundle([resource], base, links, total=1, outcome=outcome))


def _key(exchange: Exchange) -> str:
    """The caller's idempotency key; else one made from If-None-Exist, by which FHIR says the same; else a new one."""
    given = idempotency_key(exchange.request.headers)
    if given:
        return given
    condition = exchange.request.headers.get("If-None-Exist", "")
    return "fhir-" + (hashlib.sha256(condition.encode()).hexdigest() if condition else secrets.token_hex(16))


def _id_of(resource: dict[str, Any] | None) -> str:
    """The id of a resource that was sent along, when it is one of ours."""
    given = (resource or {}).get("id")
    try:
        return str(UUID(given)) if isinstance(given, str) else ""
    except ValueError:
        return ""
