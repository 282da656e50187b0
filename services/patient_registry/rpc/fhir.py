"""RPCs that speak FHIR R4."""

from __future__ import annotations

import json
from typing import Any

from google.api import httpbody_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier
from patient_registry.domain import fhir_import as rules
from patient_registry.domain.fhir_import import Entry, Outcome, Status
from patient_registry.domain.problems import Problem
from patient_registry.fhir_edge import without_nulls
from patient_registry.usecases import fhir_import, fhir_read

CONTENT_TYPE = "application/fhir+json"
STATUSES: dict[Status, Any] = {one: pb.FhirOutcomeStatus.Value(f"FHIR_OUTCOME_STATUS_{one.name}") for one in Status}


class FhirRpc:
    """FHIR import, read and search."""

    def ImportFhir(self, request: pb.ImportFhirRequest, call: Call) -> pb.ImportFhirResponse:
        read = [_entry(one) for one in request.entries]
        entries = [one for one in read if isinstance(one, Entry)]
        unreadable = [one for one in read if isinstance(one, Outcome)]
        outcomes = fhir_import.import_bundle(call, request.bundle_type, entries, unreadable)
        counts = [
            pb.FhirTypeCount(resource_type=kind, **{status.value: count for status, count in one.by_status.items()})
            for kind, one in rules.count(outcomes).items()
        ]
        return pb.ImportFhirResponse(outcomes=map(_outcome, outcomes), counts=counts)

    def GetFhirPatient(self, request: pb.GetFhirPatientRequest, call: Call) -> pb.FhirResource:
        found = fhir_read.one(call, identifier(request.patient_id))
        return pb.FhirResource(patient_id=request.patient_id, body=_body(found.body), version=found.version)

    def SearchFhirPatients(self, request: pb.SearchFhirPatientsRequest, call: Call) -> pb.FhirSearchset:
        parameters = [(one.name, one.value) for one in request.parameters]
        found = fhir_read.found(call, parameters, request.base_url)
        return pb.FhirSearchset(patient_ids=map(str, found.patient_ids), body=_body(found.body))


def _entry(message: pb.FhirEntry) -> Entry | Outcome:
    """An entry; or, when its resource is not a JSON object of some type, the outcome that says so."""
    resource = _parsed(message.resource)
    if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
        return Entry(message.index, message.full_url, resource, message.if_none_exist)
    problem = Problem("", "must be a JSON object with a resourceType, in UTF-8, without NUL characters")
    return rules.outcome(Entry(message.index, message.full_url, {}), Status.REFUSED, issues=[problem])


def _parsed(data: bytes) -> object:
    """The JSON value; None for what is none, is nested without end, or holds characters that no text may hold."""
    try:
        value = json.loads(data)
        # Escapes can smuggle in what UTF-8 cannot carry: halves of surrogate pairs, and NUL.
        text = json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return None if b"\\u0000" in text else without_nulls(value)


def _outcome(one: Outcome) -> pb.FhirOutcome:
    return pb.FhirOutcome(
        index=one.index,
        full_url=one.full_url,
        resource_type=one.resource_type,
        status=STATUSES[one.status],
        resource_id=str(one.record_id or ""),
        patient_id=str(one.patient_id or ""),
        issues=[pb.FhirIssue(expression=issue.field, message=issue.message) for issue in one.issues],
        lacking=one.lacking,
    )


def _body(data: bytes) -> httpbody_pb2.HttpBody:
    return httpbody_pb2.HttpBody(content_type=CONTENT_TYPE, data=data)
