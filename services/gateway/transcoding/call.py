"""Calls to the services: one lazily made gRPC channel per service and process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
from google.protobuf.message import Message

from chassis import descriptors
from chassis.errors import Unavailable
from chassis.tls import Certificates, Line

# Answers may hold files and whole days; requests stay under the servers' 4 MB.
MAX_ANSWER_BYTES = 32 * 1024 * 1024
KEEPALIVE_MS = 30_000
# Calls are spread over all replicas. No retries beyond gRPC's own transparent one (the call never reached a server):
# each
# attempt that reaches a service is audited there, and one request is one audit entry.
SERVICE_CONFIG = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})

CHANNEL_OPTIONS = [
    ("grpc.service_config", SERVICE_CONFIG),
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    ("grpc.max_metadata_size", 64 * 1024),
    ("grpc.enable_http_proxy", 0),
    # A restarted service is found again within a second, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]


class Backends:
    """The services behind the gateway. Nothing is opened before the first call, so it is safe across a fork."""

    def __init__(
        self, addresses: Mapping[str, str], deadline_seconds: float, certificates: Certificates | None = None
    ) -> None:
        self._addresses = addresses
        self._deadline = deadline_seconds
        self._certificates = certificates
        self._lines: dict[str, Line] = {}
        # By RPC: the channel it belongs to, and the call.
        self._stubs: dict[str, tuple[grpc.Channel, Callable[..., Any]]] = {}
        self._lock = threading.Lock()

    def call(
        self,
        service: str,
        rpc: descriptors.Rpc,
        request: Message,
        metadata: Sequence[tuple[str, str]],
        deadline_seconds: float | None = None,
    ) -> Message:
        """The answer of one unary RPC within the deadline (seconds). Raises grpc.RpcError and Unavailable (no
        address)."""
        stub = self._stub(service, rpc)
        return stub(request, timeout=deadline_seconds or self._deadline, metadata=metadata)  # type: ignore[no-any-return]

    def begin(
        self, service: str, rpc: descriptors.Rpc, request: Message, metadata: Sequence[tuple[str, str]]
    ) -> grpc.Future:
        """Begins one unary RPC and does not wait. Raises Unavailable (no address)."""
        stub: Any = self._stub(service, rpc)
        return stub.future(request, timeout=self._deadline, metadata=metadata)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Ends all channels; calls under way are cancelled."""
        with self._lock:
            for line in self._lines.values():
                line.close()
            self._lines.clear()
            self._stubs.clear()

    def _stub(self, service: str, rpc: descriptors.Rpc) -> Callable[..., Any]:
        channel = (self._lines.get(service) or self._line(service)).channel()
        known = self._stubs.get(rpc.full_name)
        if known is not None and known[0] is channel:
            return known[1]
        stub: Callable[..., Any] = channel.unary_unary(
            f"/{rpc.full_name}",
            request_serializer=rpc.request_class.SerializeToString,
            response_deserializer=rpc.response_class.FromString,
        )
        self._stubs[rpc.full_name] = (channel, stub)
        return stub

    def _line(self, service: str) -> Line:
        address = self._addresses.get(service)
        if not address:
            raise Unavailable(retry_after=5, internal=f"POLYCLINIC_{service.upper()}_ADDRESS is not set")
        with self._lock:
            return self._lines.setdefault(service, Line(address, CHANNEL_OPTIONS, self._certificates))
