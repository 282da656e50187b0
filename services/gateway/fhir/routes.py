"""The routes below ``/fhir/R4``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from flask import Flask, Request, Response
from google.protobuf.descriptor import ServiceDescriptor

from chassis import descriptors
from chassis.errors import Error, InvalidInput, NotFound, Unavailable
from gateway.about import package_version
from gateway.edge import Edge, Exchange, Handler, idempotency_key
from gateway.fhir.appointments import Appointments
from gateway.fhir.bundle import read_bundle
from gateway.fhir.capability import PATIENT_SEARCH, capability_statement
from gateway.fhir.clinic import Clinic, parameters_of
from gateway.fhir.importing import Import, refuse_when_empty
from gateway.fhir.outcome import FHIR_JSON, fhir_response, respond
from gateway.fhir.search import PRESENTATION, ignored_outcome, lenient, shown
from gateway.fhir.slots import Slots
from gateway.transcoding.problems import Problems, UnsupportedMediaType

PREFIX = "/fhir/R4"
REGISTRY = "polyclinic.patient_registry.v1.PatientRegistry"
SERVICE = "patient_registry"
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
# Of one parameter of a search for patients.
LONGEST_VALUE = 255
_BUNDLE_KINDS = ("application/fhir+json", "application/json")


class NotAcceptable(Error):
    """The client wants another format than JSON. Answered with 406."""

    reason = "NOT_ACCEPTABLE"
    code = InvalidInput.code
    message = "This endpoint speaks application/fhir+json only."


class Fhir:
    """The handlers. Raises errors of the family; the edge renders them as OperationOutcome."""

    def __init__(self, services: Iterable[ServiceDescriptor], public_url: str) -> None:
        registry = next((service for service in services if service.full_name == REGISTRY), None)
        self._methods = dict(registry.methods_by_name) if registry is not None else {}
        self._public_url = public_url
        self._version = package_version()
        clinic = Clinic(services, self._base)
        self.slots, self.appointments = Slots(clinic), Appointments(clinic)

    def metadata(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """The CapabilityStatement; public."""
        return fhir_response(capability_statement(self._base(exchange.request), self._version))

    def bundle(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Takes in a bundle: read whole first, then sent, then answered in pieces."""
        incoming = exchange.request
        kind = (incoming.content_type or "").split(";", 1)[0].strip().lower()
        if kind not in _BUNDLE_KINDS:
            raise UnsupportedMediaType("Send the bundle as application/fhir+json.")
        if incoming.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise UnsupportedMediaType("Send the bundle uncompressed, without Content-Encoding.")
        key = idempotency_key(incoming.headers)
        job = Import(read_bundle(incoming.stream), self._rpc("ImportFhir"), exchange, key)
        try:
            refuse_when_empty(job.bundle)
            job.run()
        except BaseException:
            job.close()
            raise
        response = Response(job.response(), content_type=FHIR_JSON)
        response.call_on_close(job.close)
        return response

    def read(self, exchange: Exchange, values: dict[str, str]) -> Response:
        """One Patient by id, with its version as ETag."""
        if not _UUID.fullmatch(values["id"]):
            raise NotFound("patient")
        rpc = self._rpc("GetFhirPatient")
        answer = exchange.call(SERVICE, rpc, rpc.request_class(patient_id=values["id"].lower()))
        response = Response(answer.body.data, content_type=FHIR_JSON)
        if answer.version:
            response.headers["ETag"] = f'W/"{answer.version}"'
        return response

    def search(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Patients by the parameters of the query, or of a form (POST _search, so that no name is in a URL)."""
        incoming = exchange.request
        pairs = [(name, value) for name, value in parameters_of(incoming) if name not in PRESENTATION]
        ignored = [name for name, _ in pairs if name not in PATIENT_SEARCH] if lenient(incoming) else []
        rpc = self._rpc("SearchFhirPatients")
        request: Any = rpc.request_class(base_url=self._base(incoming))
        problems = Problems()
        for name, value in pairs:
            if len(value) > LONGEST_VALUE:
                problems.add(shown(name), f"must be at most {LONGEST_VALUE} characters")
            elif name not in ignored:
                request.parameters.add(name=name, value=value)
        problems.refuse()
        answer = exchange.call(SERVICE, rpc, request)
        outcome = ignored_outcome(map(shown, ignored))
        if outcome is None:
            return Response(answer.body.data, content_type=FHIR_JSON)
        bundle = json.loads(answer.body.data)
        bundle.setdefault("entry", []).append({"resource": outcome, "search": {"mode": "outcome"}})
        return fhir_response(bundle)

    def _rpc(self, method: str) -> descriptors.Rpc:
        if method not in self._methods:
            raise Unavailable(internal=f"the registry's contract has no {method}")
        return descriptors.rpc(self._methods[method])

    def _base(self, incoming: Request) -> str:
        return (self._public_url or incoming.host_url.rstrip("/")) + PREFIX


def add_fhir(app: Flask, edge: Edge, fhir: Fhir) -> None:
    """Adds the routes; whatever goes wrong below ``/fhir`` is told as an OperationOutcome."""
    routes: tuple[tuple[str, str, Handler, bool], ...] = (
        ("GET", "/metadata", fhir.metadata, True),
        ("POST", "", fhir.bundle, False),
        ("POST", "/", fhir.bundle, False),
        ("GET", "/Patient", fhir.search, False),
        ("POST", "/Patient/_search", fhir.search, False),
        ("GET", "/Patient/{id}", fhir.read, False),
        ("GET", "/Schedule", fhir.slots.schedules, False),
        ("POST", "/Schedule/_search", fhir.slots.schedules, False),
        ("GET", "/Schedule/{id}", fhir.slots.schedule, False),
        ("GET", "/Slot", fhir.slots.slots, False),
        ("POST", "/Slot/_search", fhir.slots.slots, False),
        ("GET", "/Appointment", fhir.appointments.search, False),
        ("POST", "/Appointment/_search", fhir.appointments.search, False),
        ("POST", "/Appointment", fhir.appointments.create, False),
        ("GET", "/Appointment/{id}", fhir.appointments.read, False),
        ("PUT", "/Appointment/{id}", fhir.appointments.update, False),
        ("GET", "/Appointment/$find", fhir.slots.find, False),
        ("POST", "/Appointment/$find", fhir.slots.find, False),
        ("POST", "/Appointment/$hold", fhir.appointments.hold, False),
        ("POST", "/Appointment/$book", fhir.appointments.book, False),
    )
    for verb, path, handler, public in routes:
        label = PREFIX + path
        app.add_url_rule(
            label.replace("{id}", "<segment:id>"),
            f"{verb} {label}",
            edge.view(accepted(handler), label, public=public, render=respond),
            methods=[verb],
            provide_automatic_options=False,
        )


def accepted(handler: Handler) -> Handler:
    """A handler that is asked for JSON only. Raises NotAcceptable."""

    def handle(exchange: Exchange, values: dict[str, str]) -> Response:
        _acceptable(exchange.request)
        return handler(exchange, values)

    return handle


def _acceptable(incoming: Request) -> None:
    """Refuses a client that wants XML. Raises NotAcceptable."""
    wanted = incoming.args.get("_format") or incoming.headers.get("Accept", "")
    kinds = [kind.split(";", 1)[0].strip().lower() for kind in wanted.split(",") if kind.strip()]
    if kinds and not any("json" in kind or kind in ("*/*", "application/*") for kind in kinds):
        raise NotAcceptable
