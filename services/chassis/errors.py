"""The one family of errors. A class gives the stable public reason, the gRPC code and a public message.

What was meant for the log (``internal``) is a different field and never leaves the process. Crosses gRPC as
google.rpc.Status with ErrorInfo and BadRequest; the gateway renders it once as problem+json.
"""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

DOMAIN = "polyclinic"
MAX_VIOLATIONS = 100
# gRPC metadata is limited to 64 KiB in all; violations beyond this are counted, not listed.
MAX_DETAIL_BYTES = 6_000


@dataclass(frozen=True)
class Violation:
    """One thing wrong with the input: the field's path (e.g. ``lines[2].units``) and what it must be."""

    field: str
    message: str


class Error(Exception):
    """Base of all errors that a caller may be told about."""

    reason = "INTERNAL"
    code = grpc.StatusCode.INTERNAL
    message = "Something went wrong on our side."
    retry_after: float | None = None
    # The transaction is committed although the call is refused: failed sign-ins are counted, stolen sessions ended.
    commits = False

    def __init__(
        self,
        message: str | None = None,
        *,
        internal: str = "",
        metadata: dict[str, str] | None = None,
        violations: list[Violation] | None = None,
    ) -> None:
        if message is not None:
            self.message = message
        super().__init__(self.message)
        self.internal = internal
        self.metadata = metadata or {}
        self.violations = violations or []


class InvalidInput(Error):
    """The request is malformed. Carries every violation."""

    reason = "INVALID_INPUT"
    code = grpc.StatusCode.INVALID_ARGUMENT
    message = "The request is not valid."

    def __init__(self, violations: list[Violation], *, internal: str = "") -> None:
        super().__init__(internal=internal, violations=violations)


class NotFound(Error):
    """There is no such thing, or it is not the caller's to see: both answer the same."""

    reason = "NOT_FOUND"
    code = grpc.StatusCode.NOT_FOUND

    def __init__(self, what: str = "resource", *, internal: str = "") -> None:
        super().__init__(f"There is no such {what}.", internal=internal, metadata={"resource": what})


class Conflict(Error):
    """Someone else's change came first."""

    reason = "CONFLICT"
    code = grpc.StatusCode.ABORTED
    message = "The request conflicts with the present state."


class AlreadyExists(Error):
    reason = "ALREADY_EXISTS"
    code = grpc.StatusCode.ALREADY_EXISTS
    message = "It exists already."


class FailedPrecondition(Error):
    """The thing is not in a state in which this can be done."""

    reason = "FAILED_PRECONDITION"
    code = grpc.StatusCode.FAILED_PRECONDITION
    message = "This cannot be done in the present state."


class StaleVersion(Conflict):
    """The caller saw an older version. The gateway answers 412."""

    reason = "STALE_VERSION"
    message = "It was changed by someone else in the meantime; read it again."


class Unauthenticated(Error):
    reason = "UNAUTHENTICATED"
    code = grpc.StatusCode.UNAUTHENTICATED
    message = "Sign in first."


class PermissionDenied(Error):
    reason = "PERMISSION_DENIED"
    code = grpc.StatusCode.PERMISSION_DENIED
    message = "You may not do this."


class IdempotencyKeyRequired(Error):
    reason = "IDEMPOTENCY_KEY_REQUIRED"
    code = grpc.StatusCode.INVALID_ARGUMENT
    message = "Send an Idempotency-Key with this request."


class IdempotencyKeyReused(Error):
    reason = "IDEMPOTENCY_KEY_REUSED"
    code = grpc.StatusCode.ALREADY_EXISTS
    message = "This Idempotency-Key was used for a different request."


class RateLimited(Error):
    reason = "RATE_LIMITED"
    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    message = "Too many requests; slow down."

    def __init__(self, retry_after: float = 1.0, *, internal: str = "") -> None:
        super().__init__(internal=internal)
        self.retry_after = retry_after


class Unavailable(Error):
    """A part we need does not answer now; trying again later will help."""

    reason = "UNAVAILABLE"
    code = grpc.StatusCode.UNAVAILABLE
    message = "The service is busy or restarting; try again."

    def __init__(self, retry_after: float = 1.0, *, internal: str = "") -> None:
        super().__init__(internal=internal)
        self.retry_after = retry_after


class DeadlineExceeded(Error):
    reason = "DEADLINE_EXCEEDED"
    code = grpc.StatusCode.DEADLINE_EXCEEDED
    message = "It could not be finished in the time given."


class Unprocessable(Error):
    """A message or due item that can never succeed: it becomes a dead letter at once."""

    reason = "UNPROCESSABLE"
    code = grpc.StatusCode.FAILED_PRECONDITION
    message = "This cannot be processed."


class Remote(Error):
    """Another service refused; its reason, code and message are passed on."""

    def __init__(self, reason: str, code: grpc.StatusCode, message: str, violations: list[Violation]) -> None:
        super().__init__(message, violations=violations)
        self.reason = reason
        self.code = code


def to_status(error: Error) -> grpc.Status:
    """Renders an error as the gRPC status that the caller receives."""
    status = status_pb2.Status(code=error.code.value[0], message=error.message)
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    _pack(status, info)
    if error.violations:
        _pack(status, _bad_request(error.violations))
    if error.retry_after is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(int(error.retry_after * 1000))
        _pack(status, error_details_pb2.RetryInfo(retry_delay=delay))
    return rpc_status.to_status(status)


def from_rpc_error(error: grpc.RpcError) -> Error:
    """Reads the error of a call to another service back into our family."""
    code = error.code()
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        return Unavailable(internal=error.details() or "")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded(internal=error.details() or "")
    status = rpc_status.from_call(error)
    reason, violations = code.name, []
    if status is not None:
        for detail in status.details:
            if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                info = error_details_pb2.ErrorInfo()
                detail.Unpack(info)
                reason = info.reason
            elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                bad = error_details_pb2.BadRequest()
                detail.Unpack(bad)
                violations = [Violation(v.field, v.description) for v in bad.field_violations]
    return Remote(reason, code, error.details() or "", violations)


def _bad_request(violations: list[Violation]) -> error_details_pb2.BadRequest:
    bad = error_details_pb2.BadRequest()
    size = 0
    for index, violation in enumerate(violations):
        size += len(violation.field) + len(violation.message) + 8
        if index >= MAX_VIOLATIONS or size > MAX_DETAIL_BYTES:
            bad.field_violations.add(field="", description=f"and {len(violations) - index} more")
            break
        bad.field_violations.add(field=violation.field[:300], description=violation.message[:300])
    return bad


def _pack(status: status_pb2.Status, detail: object) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)  # type: ignore[arg-type]
    status.details.append(packed)
