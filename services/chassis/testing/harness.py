"""One service, in this process, as it runs in production: migrations, roles, row-level security, pipeline, outbox.

Each test takes a new tenant, so tests are isolated by the very mechanism that isolates tenants in production, and
commits are real. Tokens are signed by a key pair of the harness's own.
"""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message
from jwt.algorithms import OKPAlgorithm
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chassis import descriptors, errors, tokens
from chassis.clock import SimulatedClock
from chassis.database import Scope
from chassis.ids import uuid7
from chassis.peers import Peer
from chassis.principal import Principal
from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.store import among
from chassis.tables import DeadLetter, Due, Outbox
from chassis.tokens import TokenVerifier

E = TypeVar("E", bound=Message)
START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
KEY_ID = "test"


class RpcClient:
    """Calls the service's RPCs by name over gRPC with one principal's token."""

    def __init__(self, harness: Harness, principal: Principal | None, tenant_id: UUID | None) -> None:
        self._harness = harness
        self._principal = principal
        self._tenant_id = tenant_id

    def call(
        self, method: str, request: Message, *, key: str | None = None, seconds: float = 15.0, request_id: str = ""
    ) -> Any:
        """The answer. Raises `errors.Remote` (or Unavailable, DeadlineExceeded) with the service's reason.

        An idempotency key is made up unless `key` is given; `key=""` sends none.
        """
        rpc = self._harness.rpc(method, request)
        metadata = [("x-request-id", request_id or str(uuid7()))]
        if self._principal is not None:
            metadata.append(("authorization", f"Bearer {self._harness.token(self._principal)}"))
        if self._tenant_id is not None:
            metadata.append(("x-tenant-id", str(self._tenant_id)))
        key = str(uuid7()) if key is None else key
        if key:
            metadata.append(("idempotency-key", key))
        call = self._harness.channel.unary_unary(
            f"/{rpc.full_name}",
            request_serializer=rpc.request_class.SerializeToString,
            response_deserializer=rpc.response_class.FromString,
        )
        try:
            return call(request, timeout=seconds, metadata=metadata)
        except grpc.RpcError as error:
            raise errors.from_rpc_error(error) from None


class StubPeer(Peer):
    """Answers of another service, given by the test."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.answers: dict[str, Callable[[Any], Message]] = {}
        self.calls: list[tuple[str, Message]] = []

    def call(self, method: str, request: Message, call: Any = None, *, seconds: float = 10.0) -> Message:
        self.calls.append((method, request))
        if method not in self.answers:
            raise errors.Unavailable(internal=f"no stubbed answer for {self.name}.{method}")
        return self.answers[method](request)

    def close(self) -> None:
        self.calls.clear()


class Harness:
    """The service under test and what a test does to it."""

    def __init__(self, name: str, environment: dict[str, str]) -> None:
        self.name = name
        settings_class = importlib.import_module(f"{name}.settings").Settings
        self.settings: ServiceSettings = settings_class.from_environment(environment)
        self._private_key = Ed25519PrivateKey.generate()
        self._stubs: dict[str, StubPeer] = {}
        self._clients: dict[Principal, str] = {}
        # Every tenant that a test has asked for, in order.
        self.tenants: list[UUID] = []
        module = importlib.import_module(f"{name}.__main__")
        with self._patched():
            self.service: Service = module.build(self.settings)
        clock = self.service.clock
        if not isinstance(clock, SimulatedClock):
            raise TypeError("the harness runs services with POLYCLINIC_CLOCK=simulated")
        self.clock = clock
        self.clock.set(START)
        self.service.start()
        if not self.service.ready.wait(20):
            raise RuntimeError(f"{name} did not become ready")
        # The tests run due work and deliver events themselves, so that they know when it is done.
        self.service.due_worker.stop()
        self.service.consumers.stop()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.service.port}", options=[("grpc.enable_http_proxy", 0)])
        methods = list(self._all_methods())
        self._methods = {method.name: descriptors.rpc(method) for method in methods}
        # By what each takes as well: two services of the package may share a name.
        self._by_request = {(one.name, one.input_type.full_name): descriptors.rpc(one) for one in reversed(methods)}

    def close(self) -> None:
        self.channel.close()
        self.service.stop()

    # --- who ----------------------------------------------------------------------------------------------------------

    def tenant(self) -> UUID:
        """A new tenant's id. Mirrors are empty: deliver the events that the test needs."""
        tenant_id = uuid7()
        self.tenants.append(tenant_id)
        return tenant_id

    def retire(self, tenants: Sequence[UUID]) -> None:
        """Their tests are over: what is still due of them is done by nobody, least of all in the tests that follow."""
        with self.service.database.worker_statements.connect() as connection:
            connection.execute(delete(Due).where(among(Due.tenant_id, tenants)))

    def client(
        self,
        tenant_id: UUID | None,
        permissions: Sequence[str] = ("*",),
        *,
        patient_ids: Sequence[UUID | str] = (),
        location_ids: Sequence[UUID] = (),
        principal_id: str | None = None,
        service: str | None = None,
        name: str = "Test User",
    ) -> RpcClient:
        """A client: a user with permissions; a patient when `patient_ids` is given; a service when `service` is."""
        if service is not None:
            principal = Principal(kind="service", id=service, name=service, permissions=frozenset(permissions))
            return RpcClient(self, principal, tenant_id)
        kind = "patient" if patient_ids else "user"
        principal = Principal(
            kind=kind,
            id=principal_id or str(uuid7()),
            name=name,
            tenant_id=tenant_id,
            permissions=frozenset() if patient_ids else frozenset(permissions),
            location_ids=frozenset(location_ids),
            patient_ids=tuple(UUID(str(patient)) for patient in patient_ids),
        )
        return RpcClient(self, principal, None)

    def anonymous(self) -> RpcClient:
        """A client without a token."""
        return RpcClient(self, None, None)

    def token(self, principal: Principal) -> str:
        """A signed token of the principal (kept, so that signing does not slow the tests)."""
        if principal not in self._clients:
            self._clients[principal] = tokens.sign(tokens.claims_of(principal), self._private_key, KEY_ID, 3600)
        return self._clients[principal]

    # --- what happens -------------------------------------------------------------------------------------------------

    def deliver(self, tenant_id: UUID, event: Message, *, message_id: UUID | None = None) -> int:
        """Delivers an event through the inbox to every consumer that takes it; returns how many applied it now.

        Raises what the handler raises.
        """
        kind = descriptors.event_kind(event.DESCRIPTOR)
        return self.receive(tenant_id, message_id or uuid7(), kind.full_name, event.SerializeToString())

    def receive(self, tenant_id: UUID, message_id: UUID, event_type: str, payload: bytes) -> int:
        """Delivers a message as the broker does, to the consumers that filter for its type; returns how many applied it now.

        Raises what the handler raises.
        """
        message: dict[str, Any] = {
            "tenant_id": tenant_id,
            "message_id": message_id,
            "event_type": event_type,
            "payload": payload,
        }
        takers = [processor for processor in self.service.consumers.processors() if processor.takes(event_type)]
        return sum(processor.apply(**message) for processor in takers)

    def run_due(self, until: datetime | None = None) -> int:
        """Steps business time to `until` (if given) and does all work that is due; returns how many items."""
        if until is not None:
            self.clock.set(until)
        done = 0
        while claimed := self.service.due_worker.run_batch():
            done += claimed
        return done

    def due(self, tenant_id: UUID, kind: str | None = None) -> list[Due]:
        """The due items of a tenant, soonest first."""
        with self.session(tenant_id) as session:
            query = select(Due).where(Due.tenant_id == tenant_id).order_by(Due.due_at)
            return [row for row in session.scalars(query) if kind in (None, row.kind)]

    def events(self, tenant_id: UUID, event_class: type[E]) -> list[E]:
        """The tenant's events of one class that were committed, in order."""
        subject = descriptors.event_kind(event_class.DESCRIPTOR).full_subject(tenant_id)
        with self.session(tenant_id) as session:
            rows = session.scalars(select(Outbox.payload).where(Outbox.subject == subject).order_by(Outbox.id))
            return [event_class.FromString(payload) for payload in rows]

    def dead_letters(self, tenant_id: UUID) -> list[DeadLetter]:
        """What could not be processed."""
        with self.session(tenant_id) as session:
            return list(session.scalars(select(DeadLetter).where(DeadLetter.tenant_id == tenant_id)))

    @contextlib.contextmanager
    def session(self, tenant_id: UUID | None, patient_ids: tuple[UUID, ...] | None = None) -> Iterator[Session]:
        """A transaction of the app role in the tenant; commits at the end."""
        with self.service.database.transaction(Scope(tenant_id, patient_ids)) as session:
            yield session

    @contextlib.contextmanager
    def call(self, tenant_id: UUID) -> Iterator[Any]:
        """A system Call in the tenant, to run a use case directly; commits at the end."""
        with self.service.units.system_call(tenant_id) as call:
            yield call

    def stub_peer(self, peer: str, method: str, answer: Callable[[Any], Message]) -> StubPeer:
        """Gives the answer of another service's RPC."""
        stub = self._stubs.setdefault(peer, StubPeer(peer))
        stub.answers[method] = answer
        return stub

    def advance(self, **delta: float) -> None:
        """Steps business time forward by a timedelta's keyword arguments."""
        self.clock.set(self.clock.now() + timedelta(**delta))

    @contextlib.contextmanager
    def from_start(self) -> Iterator[None]:
        """Business time begins at START, however far other tests of the process have stepped it, and is theirs again afterwards."""
        before = self.clock.now()
        self.clock.restart(START)
        try:
            yield
        finally:
            self.clock.restart(before)

    # --- inside -------------------------------------------------------------------------------------------------------

    def rpc(self, method: str, request: Message) -> descriptors.Rpc:
        """The RPC of this name (that takes this request, where two services of the package share a name)."""
        if found := self._by_request.get((method, request.DESCRIPTOR.full_name)):
            return found
        raise LookupError(f"{self.name} has no RPC {method} that takes {request.DESCRIPTOR.full_name}")

    def rpcs(self) -> dict[str, descriptors.Rpc]:
        """Every RPC the service serves, by name."""
        return self._methods

    def _all_methods(self) -> Iterator[Any]:
        from google.protobuf import descriptor_pool

        pool = descriptor_pool.Default()
        for full_name in self.service.served():
            yield from pool.FindServiceByName(full_name).methods

    @contextlib.contextmanager
    def _patched(self) -> Iterator[None]:
        """While `build` runs: peers are stubs, and tokens are verified with the harness's key."""
        original_peer, original_init = Service.peer, Service.__init__
        key = json.loads(OKPAlgorithm.to_jwk(self._private_key.public_key()))
        verifier = TokenVerifier(lambda: {"keys": [{**key, "kid": KEY_ID}]})
        stubs = self._stubs

        def peer(_self: Service, name: str, _service: Any) -> Peer:
            return stubs.setdefault(name, StubPeer(name))

        def init(self: Service, name: str, settings: ServiceSettings, given: TokenVerifier | None = None) -> None:
            original_init(self, name, settings, given or verifier)

        setattr(Service, "peer", peer)  # noqa: B010 - mypy knows that methods are not assigned
        setattr(Service, "__init__", init)  # noqa: B010
        try:
            yield
        finally:
            setattr(Service, "peer", original_peer)  # noqa: B010
            setattr(Service, "__init__", original_init)  # noqa: B010


@contextlib.contextmanager
def expect_error(reason: str, *, field: str | None = None) -> Iterator[None]:
    """Asserts that the block raises a house error with this reason (and a violation of this field)."""
    try:
        yield
    except errors.Error as error:
        assert error.reason == reason, f"expected {reason}, got {error.reason}: {error.message} {error.violations}"
        if field is not None:
            fields = [violation.field for violation in error.violations]
            assert any(f == field or f.startswith(field) for f in fields), f"no violation of {field} in {fields}"
        return
    raise AssertionError(f"expected {reason}, and nothing was raised")
