"""Calls to another service: service token, tenant, trace, remaining deadline, circuit breaker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from opentelemetry.trace import SpanKind

from chassis import descriptors, telemetry
from chassis.clock import monotonic
from chassis.errors import DeadlineExceeded, Error, Remote, Unavailable, from_rpc_error
from chassis.tls import Certificates, Line

if TYPE_CHECKING:
    from chassis.call import Call

duration = telemetry.histogram("rpc.client.duration", "s", "time a call to another service took, by its outcome")
# Shaved off the remaining time before it is passed on, so that the caller can still answer.
MARGIN_SECONDS = 0.15
LONGEST_SECONDS = 10.0
BREAKER_FAILURES = 5
BREAKER_SECONDS = 3.0
# A refused connection costs nothing and is no reason to stop trying; waiting for an answer that does not come is.
SLOW_SECONDS = 0.5
# A service's token is asked for anew when this part of its life is over: asking takes so long at most, and is tried again after
# a pause. A call takes LONGEST_SECONDS at most, so a token that lives no longer than that is not handed out any more.
RENEWED_AFTER = 0.7
RENEWAL_SECONDS = 3.0
RENEWAL_PAUSE_SECONDS = 5.0
CHANNEL_OPTIONS = [
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_http_proxy", 0),
]


class Breaker:
    """Opens after several slow failures in a row and lets one call try again after a while: who hangs takes no threads."""

    def __init__(self) -> None:
        self._failures = 0
        self._opened_at = 0.0
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raises Unavailable while it is open."""
        with self._lock:
            if self._failures < BREAKER_FAILURES:
                return
            if monotonic() - self._opened_at < BREAKER_SECONDS:
                raise Unavailable(BREAKER_SECONDS, internal="circuit breaker is open")
            self._opened_at = monotonic()  # half open: this one call may try

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._opened_at = monotonic()


class Peer:
    """Another service, reached at `address`. The channel is made at the first call (never before a fork)."""

    def __init__(
        self,
        name: str,
        service: ServiceDescriptor,
        address: str,
        token: Callable[[], str] | None,
        certificates: Certificates | None = None,
    ) -> None:
        self.name = name
        self._service = service
        self._line = Line(address, CHANNEL_OPTIONS, certificates) if address else None
        self._token = token
        self._breaker = Breaker()
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._methods: dict[str, grpc.UnaryUnaryMultiCallable] = {}

    @property
    def configured(self) -> bool:
        """Whether this process has been told where it is (identity is not told where identity is)."""
        return self._line is not None

    def call(
        self, method: str, request: Message, call: Call | None = None, *, seconds: float = LONGEST_SECONDS
    ) -> Message:
        """Calls `method` within the remaining time of `call`, in its tenant, as this service.

        Raises Unavailable (breaker open, not reachable), DeadlineExceeded, or Remote with the callee's reason.
        """
        if call is not None:
            seconds = min(seconds, call.deadline_remaining() - MARGIN_SECONDS)
        if seconds <= 0:
            raise DeadlineExceeded(internal=f"no time left to call {self.name}")
        self._breaker.check()
        metadata: list[tuple[str, str]] = []
        if self._token is not None:
            metadata.append(("authorization", f"Bearer {self._token()}"))
        if call is not None:
            metadata += [("x-tenant-id", str(call.tenant_id)), ("x-request-id", call.request_id)]
        name, outcome, started = f"{self._service.full_name}/{method}", "OK", monotonic()
        with telemetry.span(name, SpanKind.CLIENT, None, **{"peer.service": self.name}) as span:
            metadata += telemetry.carrier().items()
            try:
                answer: Message = self._method(method)(request, timeout=seconds, metadata=metadata)
            except grpc.RpcError as error:
                ours = from_rpc_error(error)
                outcome = ours.reason
                telemetry.mark_error(span, outcome)
                self._note(ours, monotonic() - started)
                raise ours from error
            finally:
                duration.record(monotonic() - started, {"rpc": name, "outcome": outcome})
        self._breaker.succeeded()
        return answer

    def _note(self, error: Error, seconds: float) -> None:
        if isinstance(error, Remote):
            self._breaker.succeeded()
        elif seconds >= SLOW_SECONDS:
            self._breaker.failed()

    def _method(self, name: str) -> grpc.UnaryUnaryMultiCallable:
        if self._line is None:
            raise Unavailable(internal=f"no address is configured for {self.name}")
        channel = self._line.channel()
        with self._lock:
            if channel is not self._channel:
                self._channel = channel
                self._methods.clear()
            if name not in self._methods:
                rpc = descriptors.rpc(self._service.methods_by_name[name])
                self._methods[name] = channel.unary_unary(
                    f"/{rpc.full_name}",
                    request_serializer=rpc.request_class.SerializeToString,
                    response_deserializer=rpc.response_class.FromString,
                )
            return self._methods[name]

    def close(self) -> None:
        if self._line is not None:
            self._line.close()


class ServiceToken:
    """This service's own token, got from identity by client credentials and renewed before it expires.

    While identity is away the old one serves until it runs out.
    """

    def __init__(self, identity: Peer, client_id: str, secret: str) -> None:
        self._identity = identity
        self._client_id = client_id
        self._secret = secret
        self._token = ""
        self._renew_at = 0.0
        self._runs_out_at = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """The token. Raises what asking identity raises (Unavailable, DeadlineExceeded, Remote) when the old one has run out."""
        with self._lock:
            if monotonic() >= self._renew_at:
                try:
                    self._renew()
                except Error:
                    if monotonic() >= self._runs_out_at:
                        raise
                    self._renew_at = monotonic() + RENEWAL_PAUSE_SECONDS
            return self._token

    def _renew(self) -> None:
        from polyclinic.identity.v1 import identity_pb2

        request = identity_pb2.IssueServiceTokenRequest(client_id=self._client_id, client_secret=self._secret)
        asked = monotonic()
        answer: Any = self._identity.call("IssueServiceToken", request, seconds=RENEWAL_SECONDS)
        self._token = answer.access_token
        self._renew_at = asked + answer.expires_in_seconds * RENEWED_AFTER
        self._runs_out_at = asked + answer.expires_in_seconds - LONGEST_SECONDS
