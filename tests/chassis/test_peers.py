"""Calls to another service that goes away: refused at once, found again soon, left alone when it hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from infra.local.process import free_port
from polyclinic.identity.v1 import identity_pb2 as pb

from chassis import errors, peers
from chassis.clock import monotonic
from chassis.peers import Peer, ServiceToken

SERVICE = pb.DESCRIPTOR.services_by_name["Identity"]


@contextmanager
def serving(port: int, behaviour: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Identity's key set and tokens (of five minutes), served on a port as long as the block runs."""

    def key_set(_request: pb.GetKeySetRequest, _context: grpc.ServicerContext) -> pb.KeySet:
        behaviour()
        return pb.KeySet(jwks_json="{}")

    def token(request: pb.IssueServiceTokenRequest, _context: grpc.ServicerContext) -> pb.TokenResponse:
        return pb.TokenResponse(access_token=f"token of {request.client_id}", expires_in_seconds=300)

    handlers = {
        "GetKeySet": grpc.unary_unary_rpc_method_handler(
            key_set,
            request_deserializer=pb.GetKeySetRequest.FromString,
            response_serializer=pb.KeySet.SerializeToString,
        ),
        "IssueServiceToken": grpc.unary_unary_rpc_method_handler(
            token,
            request_deserializer=pb.IssueServiceTokenRequest.FromString,
            response_serializer=pb.TokenResponse.SerializeToString,
        ),
    }
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield
    finally:
        server.stop(None).wait()


def wait(event: threading.Event) -> None:
    """Answers only when the test lets it."""
    event.wait(10)


# Far above the second that it takes here, for a machine that has other things to do.
SOON = 20.0


@pytest.fixture
def port() -> int:
    """Where the other service is, when it is there."""
    return free_port()


@pytest.fixture
def peer(port: int) -> Iterator[Peer]:
    """The other service, as its caller sees it."""
    made = Peer("identity", SERVICE, f"127.0.0.1:{port}", None)
    yield made
    made.close()


def test_a_service_that_was_restarted_is_found_again_soon(peer: Peer, port: int) -> None:
    """However often it was refused meanwhile, a caller gets through about a second after the service is back."""
    for _ in range(20):
        with pytest.raises(errors.Unavailable):
            peer.call("GetKeySet", pb.GetKeySetRequest())
    with serving(port):
        began = monotonic()
        answer = None
        while answer is None and monotonic() - began < SOON:
            try:
                answer = peer.call("GetKeySet", pb.GetKeySetRequest())
            except errors.Unavailable:
                threading.Event().wait(0.05)
        assert answer == pb.KeySet(jwks_json="{}")


def test_a_service_that_hangs_is_left_alone(peer: Peer, port: int) -> None:
    """After several calls that ran out of time the next ones are refused without waiting."""
    awake = threading.Event()
    with serving(port, lambda: wait(awake)):
        for _ in range(peers.BREAKER_FAILURES):
            with pytest.raises(errors.DeadlineExceeded):
                peer.call("GetKeySet", pb.GetKeySetRequest(), seconds=peers.SLOW_SECONDS + 0.1)
        began = monotonic()
        with pytest.raises(errors.Unavailable) as refused:
            peer.call("GetKeySet", pb.GetKeySetRequest())
        assert refused.value.internal == "circuit breaker is open"
        # Far below the ten seconds that a call may take, and enough for a machine that has other things to do.
        assert monotonic() - began < 5
        awake.set()


def test_a_token_serves_until_it_runs_out_while_identity_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is to be renewed after 210 of its 300 seconds; that identity is away then is noticed by nobody until it has run out."""
    clock = [0.0]
    monkeypatch.setattr(peers, "monotonic", lambda: clock[0])
    port = free_port()
    identity = Peer("identity", SERVICE, f"127.0.0.1:{port}", None)
    token = ServiceToken(identity, "billing", "secret")
    try:
        with serving(port):
            assert token() == "token of billing"
        for clock[0] in (209.0, 211.0, 289.0):
            assert token() == "token of billing"
        clock[0] = 296.0
        with pytest.raises(errors.Unavailable):
            token()
    finally:
        identity.close()
