"""Every error of the house → one ``application/problem+json`` (RFC 9457), rendered here and nowhere else."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from http import HTTPStatus

import grpc
from flask import Response
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from chassis import errors, telemetry
from gateway.transcoding.json_out import dumps

log = telemetry.logger(__name__)
PROBLEM_JSON = "application/problem+json"
PROBLEM_TYPES = "/api/problems/"
_DETAILS = "grpc-status-details-bin"

_BY_CODE = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.CANCELLED: 503,
    grpc.StatusCode.UNAVAILABLE: 503,
    # Not 504: whoever calls does the same in both cases, waits a moment and asks again under the same key.
    grpc.StatusCode.DEADLINE_EXCEEDED: 503,
    grpc.StatusCode.UNIMPLEMENTED: 501,
}
# Reasons for which HTTP has a better word than their gRPC code has.
_BY_REASON = {
    "STALE_VERSION": 412,
    "IF_MATCH_REQUIRED": 428,
    "VERSION_REQUIRED": 428,
    "IDEMPOTENCY_KEY_REQUIRED": 400,
    "IDEMPOTENCY_KEY_REUSED": 409,
    "BODY_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "NOT_ACCEPTABLE": 406,
    "UNPROCESSABLE": 422,
}
_HTTP = {
    400: ("BAD_REQUEST", "The request is not valid HTTP."),
    404: ("NO_SUCH_PATH", "There is nothing at this path."),
    405: ("METHOD_NOT_ALLOWED", "This path takes {allowed}."),
    413: ("BODY_TOO_LARGE", "The body is too large."),
}
_RETRY_STATUSES = (429, 503)


@dataclass(frozen=True)
class Problem:
    """What the caller is told: nothing in it comes from an unexpected exception's text."""

    status: int
    reason: str
    detail: str
    violations: tuple[errors.Violation, ...] = ()
    # Whole seconds; 0: not said.
    retry_after: int = 0
    # Stable facts about the error (ErrorInfo.metadata), e.g. {"resource": "appointment"}.
    metadata: tuple[tuple[str, str], ...] = ()
    # The methods a path takes, for 405.
    allow: str = ""

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase


# The body broke off, or its chunks are none: the server says so while it is read.
BROKEN_BODY = Problem(400, "MALFORMED_REQUEST", "The body is broken off, or its chunks are not well-formed.")


def from_error(error: errors.Error) -> Problem:
    """A problem raised in the gateway itself."""
    if error.internal:
        log.info("refused", reason=error.reason, internal=error.internal)
    status = _BY_REASON.get(error.reason, _BY_CODE.get(error.code, 500))
    retry = math.ceil(error.retry_after) if error.retry_after else 0
    return Problem(status, error.reason, error.message, tuple(error.violations), retry, tuple(error.metadata.items()))


def from_rpc(error: grpc.RpcError) -> Problem:
    """The error of a call to a service. What is not one of the family becomes an incident without detail."""
    code: grpc.StatusCode = error.code()
    status = _status_details(error)
    if status is not None:
        problem = _from_status(code, status)
        if problem is not None:
            return problem
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        return from_error(errors.Unavailable(internal=error.details() or ""))
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return from_error(errors.DeadlineExceeded(internal=error.details() or ""))
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        # gRPC's own answers: a message over its size limit, or a server that has all hands full.
        if "larger than max" in (error.details() or ""):
            return Problem(413, "BODY_TOO_LARGE", "The request or its answer is too large.")
        return from_error(errors.Unavailable(internal=error.details() or ""))
    return incident(error, cause=code.name)


def incident(exception: BaseException, *, cause: str = "") -> Problem:
    """Something nobody foresaw: what it was and where goes to the log, the caller gets the number to quote."""
    number = uuid.uuid4().hex[:12]
    log.error("incident", exception=exception, incident=number, cause=cause or type(exception).__name__)
    return Problem(500, "INTERNAL", f"Something went wrong on our side (incident {number}).")


def from_http(error: HTTPException) -> Problem:
    """A problem of HTTP itself: no such path, method not allowed, a body over the limit."""
    status = error.code or 500
    reason, detail = _HTTP.get(status, (HTTPStatus(status).name, HTTPStatus(status).phrase + "."))
    allowed = (
        ", ".join(sorted(error.valid_methods)) if isinstance(error, MethodNotAllowed) and error.valid_methods else ""
    )
    return Problem(status, reason, detail.format(allowed=allowed), allow=allowed)


def respond(problem: Problem, request_id: str) -> Response:
    """The HTTP answer of a problem."""
    body: dict[str, object] = {
        "type": PROBLEM_TYPES + problem.reason,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "reason": problem.reason,
        "request_id": request_id,
    }
    if problem.violations:
        body["violations"] = [{"field": each.field, "description": each.message} for each in problem.violations]
    if problem.metadata:
        body["metadata"] = dict(problem.metadata)
    response = Response(dumps(body), status=problem.status, content_type=PROBLEM_JSON)
    add_error_headers(response, problem)
    return response


def add_error_headers(response: Response, problem: Problem) -> None:
    """Retry-After and WWW-Authenticate where the status asks for them."""
    if problem.status in _RETRY_STATUSES:
        response.headers["Retry-After"] = str(problem.retry_after or 1)
    elif problem.status == 405 and problem.allow:
        response.headers["Allow"] = problem.allow
    elif problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="polyclinic"'


def _status_details(error: grpc.RpcError) -> status_pb2.Status | None:
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS:
            return status_pb2.Status.FromString(value)
    return None


def _from_status(code: grpc.StatusCode, status: status_pb2.Status) -> Problem | None:
    """Reads google.rpc.Status; None without an ErrorInfo of ours."""
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        for kind in (info, bad, retry):
            if detail.Is(kind.DESCRIPTOR):
                detail.Unpack(kind)
    if info.domain != errors.DOMAIN:
        return None
    http_status = _BY_REASON.get(info.reason, _BY_CODE.get(code, 500))
    return Problem(
        status=http_status,
        reason=info.reason,
        detail=status.message,
        violations=tuple(errors.Violation(each.field, each.description) for each in bad.field_violations),
        retry_after=math.ceil(_seconds(retry.retry_delay)),
        metadata=tuple(sorted(info.metadata.items())),
    )


def _seconds(duration: duration_pb2.Duration) -> float:
    return float(duration.seconds) + duration.nanos / 1e9
