"""What the gateway itself asks of identity: the key set for tokens, and the tokens of browser sessions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from chassis import descriptors, errors
from chassis.clock import monotonic, real_now
from chassis.errors import Unavailable
from chassis.tokens import TokenVerifier
from gateway.transcoding.call import Backends

SERVICE = "identity"
FULL_NAME = "polyclinic.identity.v1.Identity"
KEY_SET_SECONDS = 3.0
PAUSE_SECONDS = 2.0


class Identity:
    """Identity's RPCs by name. Without identity's contract every use answers Unavailable (and tokens go unverified
    to services)."""

    def __init__(self, services: Sequence[ServiceDescriptor], backends: Backends) -> None:
        self._service = next((service for service in services if service.full_name == FULL_NAME), None)
        self._backends = backends
        self._ask_again_at = 0.0
        self.verifier = TokenVerifier(self.key_set)

    def rpc(self, method: str) -> descriptors.Rpc:
        """One of identity's RPCs. Raises Unavailable when this installation has none of that name."""
        descriptor = self._service.methods_by_name.get(method) if self._service is not None else None
        if descriptor is None:
            raise Unavailable(internal=f"identity has no {method}")
        return descriptors.rpc(descriptor)

    def call(
        self, method: str, request: Message, metadata: Sequence[tuple[str, str]], seconds: float | None = None
    ) -> Any:
        """The answer of one RPC. Raises errors of the family (Remote with identity's own reason, Unavailable)."""
        try:
            return self._backends.call(SERVICE, self.rpc(method), request, metadata, seconds)
        except grpc.RpcError as error:
            raise errors.from_rpc_error(error) from None

    def key_set(self) -> dict[str, Any]:
        """The public keys that tokens are signed with (JWKS). Raises Unavailable, and then at once for a while.

        The verifier asks for one request at a time: without the pause an identity that hangs would make all wait in turn.
        """
        if monotonic() < self._ask_again_at:
            raise Unavailable(internal="identity did not give its keys a moment ago")
        rpc = self.rpc("GetKeySet")
        try:
            answer = self.call("GetKeySet", rpc.request_class(), (), KEY_SET_SECONDS)
        except errors.Error as error:
            self._ask_again_at = monotonic() + PAUSE_SECONDS
            raise Unavailable(internal=f"no key set: {error.reason}") from None
        return json.loads(answer.jwks_json)  # type: ignore[no-any-return]

    def refresh(self, refresh_token: str, address: str, request_id: str) -> tuple[str, str, int]:
        """New tokens for a refresh token: (access, refresh, expiry in Unix seconds).

        The refresh token is "" when another replica has just exchanged this one: the newer cookie stays.

        Raises Unauthenticated when identity ended the session, Unavailable when it cannot be asked.
        """
        rpc = self.rpc("RefreshSession")
        request = rpc.request_class(refresh_token=refresh_token)
        metadata = [("x-request-id", request_id), ("x-client-address", address)]
        try:
            answer = self.call("RefreshSession", request, metadata)
        except errors.Remote as error:
            raise errors.Unauthenticated("The session has ended; sign in again.", internal=error.reason) from None
        return answer.access_token, answer.refresh_token, expiry(answer)


def expiry(answer: Any) -> int:
    """When the tokens of an answer run out, in real Unix seconds."""
    return int(real_now().timestamp()) + int(answer.expires_in_seconds)
