"""What happens around every RPC, in this order: trace, authenticate, authorise, validate, de-duplicate, transaction,
the servicer's method, idempotency record, audit, commit, reply. An exception anywhere rolls all of it back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any
from uuid import UUID

import grpc
import protovalidate
from google.protobuf.message import Message
from opentelemetry.trace import SpanKind
from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis import audit, descriptors, errors, telemetry, times
from chassis.audit import Auditor
from chassis.call import Call
from chassis.clock import BusinessClock, monotonic, real_now
from chassis.database import Database, Retry, Scope
from chassis.ids import NIL, uuid7
from chassis.principal import Principal
from chassis.tables import IdempotencyKey
from chassis.tokens import TokenVerifier
from chassis.violations import told

log = telemetry.logger(__name__)
duration = telemetry.histogram("rpc.server.duration", "s", "time from the request's arrival to its answer")
ANONYMOUS = Principal(kind="anonymous", id="")
# Work that cannot be finished in this time is refused at once.
LEAST_SECONDS = 0.02
# Deadlock victims are run again this often.
ATTEMPTS = 4
MAX_KEY_LENGTH = 200


@dataclass(frozen=True)
class Incoming:
    """What came with a request besides its message."""

    token: str
    tenant_id: str
    idempotency_key: str
    request_id: str
    client_address: str
    trace: dict[str, str]
    deadline: float

    @classmethod
    def of(cls, metadata: Iterable[Any], remaining: float | None, default_seconds: float) -> Incoming:
        headers = {key: value for key, value in metadata if isinstance(value, str)}
        seconds = default_seconds if remaining is None else min(remaining, default_seconds)
        return cls(
            token=headers.get("authorization", "").removeprefix("Bearer "),
            tenant_id=headers.get("x-tenant-id", ""),
            idempotency_key=headers.get("idempotency-key", ""),
            request_id=headers.get("x-request-id") or str(uuid7()),
            client_address=headers.get("x-client-address", ""),
            trace={key: headers[key] for key in ("traceparent", "tracestate") if key in headers},
            deadline=monotonic() + seconds,
        )


class Pipeline:
    """Runs the RPCs of one service."""

    def __init__(
        self,
        service: str,
        database: Database,
        clock: BusinessClock,
        verifier: TokenVerifier,
        auditor: Auditor,
        wake: Callable[[Session], None],
        default_seconds: float,
    ) -> None:
        self._service = service
        self._database = database
        self._clock = clock
        self._verifier = verifier
        self._auditor = auditor
        self._wake = wake
        self._default_seconds = default_seconds
        self._validator = protovalidate.Validator()

    def handler(
        self, rpc: descriptors.Rpc, method: Callable[[Any, Call], Message]
    ) -> Callable[[Any, grpc.ServicerContext], Message]:
        """Wraps a servicer's method into what gRPC calls."""

        def behaviour(request: Message, context: grpc.ServicerContext) -> Message:
            incoming = Incoming.of(context.invocation_metadata(), context.time_remaining(), self._default_seconds)
            started = perf_counter()
            outcome = "OK"
            with telemetry.span(rpc.full_name, SpanKind.SERVER, incoming.trace) as span:
                try:
                    return self.run(rpc, method, request, incoming)
                except errors.Error as error:
                    outcome = error.reason
                    telemetry.mark_error(span, outcome)
                    self._log_refusal(rpc, error, incoming)
                    context.abort_with_status(errors.to_status(error))
                except Exception as error:
                    outcome = "INTERNAL"
                    telemetry.mark_error(span, outcome)
                    log.error("rpc failed", exception=error, rpc=rpc.full_name, incident=incoming.request_id)
                    incident = errors.Error(f"Something went wrong on our side (incident {incoming.request_id}).")
                    context.abort_with_status(errors.to_status(incident))
                finally:
                    duration.record(perf_counter() - started, {"rpc": rpc.full_name, "outcome": outcome})
            raise AssertionError("abort returns never")

        return behaviour

    def run(
        self, rpc: descriptors.Rpc, method: Callable[[Any, Call], Message], request: Message, incoming: Incoming
    ) -> Message:
        """One call. Raises the house's errors only, or a bug's exception."""
        if incoming.deadline - monotonic() < LEAST_SECONDS:
            raise errors.DeadlineExceeded(internal="no time left on arrival")
        principal = self._authenticate(rpc, incoming)
        try:
            self._authorise(rpc, principal)
            self._validate(request)
            if rpc.key_required and not incoming.idempotency_key:
                raise errors.IdempotencyKeyRequired
            return self._transact(rpc, method, request, principal, incoming)
        except errors.Error as error:
            if audit.audited(rpc):
                self._audit_now(rpc, principal, request, None, incoming, error.reason)
            raise

    # --- steps ------------------------------------------------------------------------------------------------------

    def _authenticate(self, rpc: descriptors.Rpc, incoming: Incoming) -> Principal:
        if rpc.public:
            return ANONYMOUS
        if not incoming.token:
            raise errors.Unauthenticated
        principal = self._verifier.verify(incoming.token)
        if principal.kind == "service" and incoming.tenant_id:
            # Only a service says which tenant it works for; everybody else's is in the token.
            principal = replace(principal, tenant_id=UUID(incoming.tenant_id))
        return principal

    @staticmethod
    def _authorise(rpc: descriptors.Rpc, principal: Principal) -> None:
        if rpc.public:
            return
        if principal.kind == "patient":
            if not rpc.patient_self:
                raise errors.PermissionDenied(internal="not for patients")
            return
        if not principal.may(rpc.permission):
            raise errors.PermissionDenied(
                f"This needs the permission {rpc.permission}.",
                internal=rpc.permission,
                metadata={"permission": rpc.permission},
            )

    def _validate(self, request: Message) -> None:
        violations = [told(each) for each in self._validator.collect_violations(request)]
        violations += times.violations(request)
        if violations:
            raise errors.InvalidInput(violations)

    def _transact(
        self,
        rpc: descriptors.Rpc,
        method: Callable[[Any, Call], Message],
        request: Message,
        principal: Principal,
        incoming: Incoming,
    ) -> Message:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._transaction(rpc, method, request, principal, incoming)
            except Retry as retry:
                log.warning("transaction runs again", rpc=rpc.full_name, attempt=attempt, cause=retry)
        raise errors.Unavailable(0.5, internal="deadlock victim too often")

    def _transaction(
        self,
        rpc: descriptors.Rpc,
        method: Callable[[Any, Call], Message],
        request: Message,
        principal: Principal,
        incoming: Incoming,
    ) -> Message:
        read_only = rpc.read_only
        remaining = incoming.deadline - monotonic()
        if remaining <= 0:
            raise errors.DeadlineExceeded(internal="no time left")
        scope = Scope(principal.tenant_id, principal.patient_scope, read_only, remaining)
        keyed = bool(incoming.idempotency_key) and rpc.key_accepted and not read_only
        with self._database.transaction(scope) as session:
            call = Call(
                session=session,
                principal=principal,
                clock=self._clock,
                service=self._service,
                deadline=incoming.deadline,
                request_id=incoming.request_id,
                client_address=incoming.client_address,
            )
            if keyed:
                earlier = _claim_key(call, rpc, request, incoming.idempotency_key)
                if earlier is not None:
                    response = rpc.response_class.FromString(earlier)
                    if audit.audited(rpc):
                        self._auditor.write_with(
                            session, self._entry(rpc, principal, request, response, call, incoming, "OK")
                        )
                    return response
            try:
                response = method(request, call)
            except errors.Error as refusal:
                if refusal.commits:
                    session.commit()
                raise
            if keyed:
                _record_answer(call, rpc, response, incoming.idempotency_key)
            if audit.audited(rpc) and not read_only:
                session.flush()
                self._auditor.write_with(session, self._entry(rpc, principal, request, response, call, incoming, "OK"))
        call.run_after_commit()
        if not read_only:
            self._wake(session)
        elif audit.audited(rpc):
            self._audit_now(rpc, principal, request, response, incoming, "OK", call)
        return response

    # --- audit ------------------------------------------------------------------------------------------------------

    def _entry(
        self,
        rpc: descriptors.Rpc,
        principal: Principal,
        request: Message,
        response: Message | None,
        call: Call | None,
        incoming: Incoming,
        outcome: str,
    ) -> Any:
        return self._auditor.entry(
            rpc,
            principal,
            request,
            response,
            call=call,
            outcome=outcome,
            request_id=incoming.request_id,
            client_address=incoming.client_address,
        )

    def _audit_now(
        self,
        rpc: descriptors.Rpc,
        principal: Principal,
        request: Message,
        response: Message | None,
        incoming: Incoming,
        outcome: str,
        call: Call | None = None,
    ) -> None:
        self._auditor.write_now(self._entry(rpc, principal, request, response, call, incoming, outcome))

    @staticmethod
    def _log_refusal(rpc: descriptors.Rpc, error: errors.Error, incoming: Incoming) -> None:
        if error.code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            log.warning(
                "rpc refused",
                rpc=rpc.full_name,
                reason=error.reason,
                internal=error.internal,
                request_id=incoming.request_id,
            )


# --- idempotency ------------------------------------------------------------------------------------------------------


# Built once: every write runs the first and the last of them.
_KEYS = IdempotencyKey.__table__
_THE_KEY = and_(*(_KEYS.c[name] == bindparam(f"the_{name}") for name in ("tenant_id", "principal_id", "rpc", "key")))
_CLAIM = insert(_KEYS).on_conflict_do_nothing().returning(_KEYS.c.key)
_EARLIER = select(_KEYS.c.request_hash, _KEYS.c.response).where(_THE_KEY)
_ANSWER = update(_KEYS).where(_THE_KEY).values(response=bindparam("answer"))


def _key(call: Call, rpc: descriptors.Rpc, key: str) -> dict[str, Any]:
    return {
        "tenant_id": call.session.info["tenant_id"] or NIL,
        "principal_id": call.principal.id,
        "rpc": rpc.full_name,
        "key": key,
    }


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {f"the_{name}": value for name, value in values.items()}


def _claim_key(call: Call, rpc: descriptors.Rpc, request: Message, key: str) -> bytes | None:
    """Claims the key in this transaction; returns the earlier answer when there is one.

    A concurrent call with the same key waits here for the first one's commit. Raises IdempotencyKeyReused.
    """
    if len(key) > MAX_KEY_LENGTH:
        raise errors.InvalidInput([errors.Violation("Idempotency-Key", f"must be at most {MAX_KEY_LENGTH} characters")])
    tenant_id = call.session.info["tenant_id"]
    if tenant_id is None:
        return None  # platform-wide calls are idempotent by their own names
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
    row = _key(call, rpc, key)
    made = {"request_hash": digest, "response": None, "created_at": real_now()}
    if call.session.scalar(_CLAIM, {**row, **made}) is not None:
        return None
    earlier = call.session.execute(_EARLIER, _named(row)).one()
    if bytes(earlier.request_hash) != digest:
        raise errors.IdempotencyKeyReused
    return bytes(earlier.response)


def _record_answer(call: Call, rpc: descriptors.Rpc, response: Message, key: str) -> None:
    call.session.flush()
    call.session.execute(_ANSWER, {**_named(_key(call, rpc, key)), "answer": response.SerializeToString()})
