"""Errors and remarks as FHIR says them: OperationOutcome (https://hl7.org/fhir/R4/operationoutcome.html)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response

from gateway.errors import Problem, add_error_headers
from gateway.transcoding.json_out import dumps

FHIR_JSON = "application/fhir+json"

# HTTP status → IssueType code (https://hl7.org/fhir/R4/valueset-issue-type.html)
_CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    412: "conflict",
    413: "too-costly",
    415: "not-supported",
    422: "processing",
    428: "required",
    429: "throttled",
    503: "transient",
}


def issue(severity: str, code: str, diagnostics: str, expression: str = "", text: str = "") -> dict[str, Any]:
    """One issue. ``severity``: error, warning, information; ``expression`` is a FHIRPath into the request."""
    made: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": diagnostics}
    if text:
        made["details"] = {"text": text}
    if expression:
        made["expression"] = [expression]
    return made


def operation_outcome(issues: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """An OperationOutcome of these issues (at least one)."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def outcome_of(problem: Problem, request_id: str) -> dict[str, Any]:
    """A problem as an OperationOutcome: one issue per violation, the reason and the request's id in the text."""
    code = _CODES.get(problem.status, "exception")
    text = f"{problem.reason} (request {request_id})"
    issues = [issue("error", code, each.message, each.field, text) for each in problem.violations]
    return operation_outcome(issues or [issue("error", code, problem.detail, "", text)])


def respond(problem: Problem, request_id: str) -> Response:
    """The FHIR answer of a problem."""
    response = fhir_response(outcome_of(problem, request_id), problem.status)
    add_error_headers(response, problem)
    return response


def fhir_response(resource: dict[str, Any], status: int = 200) -> Response:
    """A resource as application/fhir+json."""
    return Response(dumps(resource), status=status, content_type=FHIR_JSON)
