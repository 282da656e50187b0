"""Puts a service together: settings → telemetry, database, bus, clock → servicers, consumers, due work → serve."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from sqlalchemy.orm import Session

from chassis import backlog, descriptors, garbage, migrating, status, telemetry
from chassis.audit import Auditor
from chassis.bus import Bus
from chassis.clock import CLOCK_SUBJECT, BusinessClock, SimulatedClock, SystemClock, real_now
from chassis.consumers import Consumers
from chassis.database import Database
from chassis.deadletters import DeadLetters
from chassis.keysets import KeySetSource
from chassis.outbox import Relay
from chassis.peers import Peer, ServiceToken
from chassis.pipeline import Pipeline
from chassis.pools import MeasuredPool
from chassis.processor import Subscription
from chassis.settings import ServiceSettings
from chassis.tls import Certificates
from chassis.tokens import TokenVerifier
from chassis.units import Units
from chassis.worker import DueWorker, Handler

log = telemetry.logger(__name__)
SERVER_OPTIONS = [
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    ("grpc.max_send_message_length", 16 * 1024 * 1024),
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.so_reuseport", 0),
]
# Asked of the health service: "" is readiness; this is whether the process still answers at all.
LIVENESS = "liveness"
# How often the token keys are looked at again when no unknown one has come up meanwhile.
KEYS_SECONDS = 600.0
# Before any step is known a simulated process stands at the beginning of time.
SIMULATION_START = datetime(2000, 1, 1, tzinfo=UTC)
# Kubernetes first takes the pod out of its endpoints; calls still arrive for a moment.
DRAIN_SECONDS = 20.0


class Service:
    """One deployable. Nothing connects until `start` (or `run`)."""

    def __init__(self, name: str, settings: ServiceSettings, verifier: TokenVerifier | None = None) -> None:
        self.name = name
        self.settings = settings
        telemetry.start(
            name,
            settings.otlp_endpoint,
            settings.instance,
            sample_ratio=settings.trace_sample_ratio,
            interval_seconds=settings.otlp_interval_seconds,
        )
        self.clock: BusinessClock = SimulatedClock(SIMULATION_START) if settings.clock == "simulated" else SystemClock()
        self.database = Database(settings)
        self.bus = Bus(name, settings)
        self.relay = Relay(self.database.worker_engine, self.bus)
        self.dead_letters = DeadLetters(settings.key_encryption_key)
        self.units = Units(name, self.database, self.clock, self._committed)
        self._pool = MeasuredPool("work", settings.worker_threads)
        self._rpc_pool = MeasuredPool("rpc", settings.rpc_threads)
        self.consumers = Consumers(
            name, self.bus, self.units, self.database, self.dead_letters, self._pool, settings.redelivery_seconds
        )
        self.due_worker = DueWorker(
            name, self.database, self.clock, self.units, self.dead_letters, self._pool, settings.redelivery_seconds
        )
        self._certificates = Certificates.of(settings)
        self._peers: dict[str, Peer] = {}
        self._service_token: ServiceToken | None = None
        self.verifier = verifier or TokenVerifier(KeySetSource(self._identity(), self.database))
        self.auditor = Auditor(name, self.database, self.bus, self.clock)
        self.pipeline = Pipeline(
            name,
            self.database,
            self.clock,
            self.verifier,
            self.auditor,
            self._committed,
            settings.default_deadline_seconds,
        )
        self._followed: list[tuple[type[Message], Callable[[UUID, Any], None], float]] = []
        self._rpcs: dict[str, dict[str, grpc.RpcMethodHandler]] = {}
        self._server: grpc.Server | None = None
        self._health_server: grpc.Server | None = None
        self._health = health.HealthServicer()
        self._stopped = threading.Event()
        self._before_ready: list[Callable[[], None]] = []
        self.ready = threading.Event()
        self.port = 0
        self.health_port = 0

    # --- wiring -------------------------------------------------------------------------------------------------------

    def serve(self, service: ServiceDescriptor, servicer: object) -> None:
        """Serves every RPC of `service` with the method of the same name. Raises AttributeError when one is missing."""
        handlers = {}
        for method in service.methods:
            rpc = descriptors.rpc(method)
            behaviour = self.pipeline.handler(rpc, getattr(servicer, method.name))
            handlers[method.name] = grpc.unary_unary_rpc_method_handler(
                behaviour,
                request_deserializer=rpc.request_class.FromString,
                response_serializer=rpc.response_class.SerializeToString,
            )
        self._rpcs[service.full_name] = handlers

    def verify_with(self, fetch_keys: Callable[[], dict[str, Any]]) -> None:
        """Takes the token keys from `fetch_keys` instead of asking identity (identity itself does)."""
        self.verifier.add_keys(fetch_keys)

    def before_ready(self, action: Callable[[], None]) -> None:
        """Runs `action` once, when the database is there and before the service says that it is ready."""
        self._before_ready.append(action)

    def consume(self, subscriptions: Sequence[Subscription]) -> None:
        """Consumes events: the literal table at the foot of the service's events.py."""
        self.consumers.add(subscriptions)

    def due(self, handlers: Mapping[str, Handler]) -> None:
        """Does due work: kind → handler (of one piece, or a `Bulk`)."""
        self.due_worker.add(handlers)

    def follow(self, event: type[Message], handler: Callable[[UUID, Any], None], *, since_seconds: float = 0.0) -> None:
        """Hears an event on every process of the service: for caches. `handler(tenant_id, event)` must be quick."""
        self._followed.append((event, handler, since_seconds))

    def peer(self, name: str, service: ServiceDescriptor) -> Peer:
        """Another service, called with this service's own token."""
        # One deployable may serve several gRPC services.
        key = f"{name}/{service.full_name}"
        if key not in self._peers:
            self._peers[key] = Peer(
                name, service, self.settings.addresses.get(name, ""), self._token, self._certificates
            )
        return self._peers[key]

    def served(self) -> list[str]:
        """Full names of the gRPC services it serves."""
        return list(self._rpcs)

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts everything; the server listens when it returns (`port`), ready or not."""
        self.bus.start()
        self._follow_clock()
        self._start_following()
        self.relay.start()
        self._server = grpc.server(
            self._rpc_pool,
            options=SERVER_OPTIONS,
            maximum_concurrent_rpcs=self.settings.rpc_threads * 16,
        )
        for full_name, handlers in self._rpcs.items():
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(full_name, handlers),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        self._health.set(LIVENESS, health_pb2.HealthCheckResponse.SERVING)
        self.port = self._listen(self._server, self.settings.listen, self._certificates)
        self._server.start()
        if self.settings.health_listen:
            self._serve_health()
        self.consumers.start()
        self.due_worker.start()
        threading.Thread(target=self._watch_readiness, name="readiness", daemon=True).start()
        threading.Thread(target=self._learn_keys, name="keys", daemon=True).start()
        self._watch()
        log.info("started", listen=f"port {self.port}", clock=self.settings.clock)

    def stop(self) -> None:
        """Unready first, a pause until callers have noticed, then drains calls and messages, then closes."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._health.enter_graceful_shutdown()
        self.consumers.drain()
        time.sleep(self.settings.drain_delay_seconds)
        if self._server is not None:
            self._server.stop(DRAIN_SECONDS).wait(DRAIN_SECONDS + 1)
        self.due_worker.stop()
        self.consumers.stop()
        self.relay.stop()
        self._pool.shutdown(wait=True)
        if self._health_server is not None:
            self._health_server.stop(0)
        self.bus.stop()
        for peer in self._peers.values():
            peer.close()
        self.database.dispose()

    def run(self) -> None:
        """Starts, serves until SIGTERM or SIGINT, stops cleanly."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.start()
        garbage.settle()
        stop.wait()
        log.info("stopping")
        self.stop()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _listen(self, server: grpc.Server, address: str, certificates: Certificates | None) -> int:
        """Makes `server` listen, with mutual TLS when there is a certificate; answers the port. SystemExit when taken."""
        try:
            if certificates is None:
                port: int = server.add_insecure_port(address)
            else:
                port = server.add_secure_port(address, certificates.server_credentials())
        except RuntimeError:
            port = 0
        if not port:
            raise SystemExit(f"{self.name}: cannot listen on {address}: the address is taken")
        return port

    def _serve_health(self) -> None:
        """Health on a port of its own: probers show no certificate, and wait for no worker thread."""
        self._health_server = grpc.server(ThreadPoolExecutor(2, thread_name_prefix="health"), options=SERVER_OPTIONS)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._health_server)
        self.health_port = self._listen(self._health_server, self.settings.health_listen, None)
        self._health_server.start()

    def _watch(self) -> None:
        """Gauges of what is left to do and how full the process is; the same for whoever asks for the status."""
        backlog.watch_backlog(self.database, self.clock)
        backlog.watch_consumers(self.consumers.consumption)
        backlog.watch_pools(self.database, [self._rpc_pool, self._pool])
        backlog.watch_bus(lambda: self.bus.connected)
        backlog.watch_process(self.ready.is_set)
        status.answer(
            self.bus,
            status.Process(
                service=self.name,
                instance=self.settings.instance,
                clock=self.settings.clock,
                app_engine=self.database.engine,
                worker_engine=self.database.worker_engine,
                business_now=self.clock.now,
                is_ready=self.ready.is_set,
                consumption=self.consumers.consumption,
                started_at=real_now(),
            ),
        )

    def _watch_readiness(self) -> None:
        """Ready: our own database answers, at a schema that is at least the code's; nothing else is asked for."""
        while not self._stopped.is_set():
            now_ready = migrating.schema_is_current(self.name, self.database.engine) and self._prepared()
            if now_ready != self.ready.is_set() and not self._stopped.is_set():
                state = (
                    health_pb2.HealthCheckResponse.SERVING if now_ready else health_pb2.HealthCheckResponse.NOT_SERVING
                )
                self._health.set("", state)
                log.info("readiness", ready=now_ready)
                self.ready.set() if now_ready else self.ready.clear()
            self._stopped.wait(5.0 if now_ready else 0.2)

    def _learn_keys(self) -> None:
        """Knows the token keys before anybody calls: a service that nobody has asked yet must serve while identity is away."""
        while not self._stopped.is_set():
            if not self.ready.wait(1.0):
                continue
            try:
                self.verifier.learn()
                pause = KEYS_SECONDS
            except Exception as error:  # identity is away: tried again in a moment
                log.info("no token keys yet", error=error)
                pause = 5.0
            self._stopped.wait(pause)

    def _prepared(self) -> bool:
        try:
            while self._before_ready:
                self._before_ready[0]()
                self._before_ready.pop(0)
        except Exception as error:  # tried again in a moment
            log.warning("not prepared", error=error)
            return False
        return True

    def _follow_clock(self) -> None:
        clock = self.clock
        if not isinstance(clock, SimulatedClock):
            return
        clock.on_step(self.due_worker.wake)

        def on_step(_subject: str, payload: bytes, reply: Any) -> None:
            clock.set(datetime.fromisoformat(payload.decode()))
            reply(json.dumps({"process": self.settings.instance or self.name}).encode())

        listening = self.bus.subscribe_core(CLOCK_SUBJECT, on_step)

        def catch_up() -> None:
            """Not ready before it knows the time: first listens, then reads the last step, so that none is missed."""
            listening.result(30)
            last = self.bus.last_clock()
            if last is not None:
                clock.set(datetime.fromisoformat(last.decode()))

        self._before_ready.insert(0, catch_up)

    def _start_following(self) -> None:
        """Revoked accounts first: tokens live for minutes, so minutes of history are enough."""
        from polyclinic.identity.v1 import events_pb2 as identity_events

        def on_disabled(_tenant_id: UUID, event: Any) -> None:
            self.verifier.revoke(event.account_id, event.not_before.seconds)

        followed: list[tuple[Any, Callable[[UUID, Any], None], float]] = [
            (identity_events.AccountDisabled, on_disabled, 900.0)
        ]
        for event_class, handler, since in [*followed, *self._followed]:
            kind = descriptors.event_kind(event_class.DESCRIPTOR)

            def on_message(message: Any, event_class: Any = event_class, handler: Any = handler) -> None:
                handler(UUID(message.subject.split(".")[3]), event_class.FromString(message.data))

            self.bus.follow(kind.stream, kind.filter, on_message, since_seconds=since)

    def _committed(self, session: Session) -> None:
        """Wakes whoever has got something to do by a transaction."""
        if session.info.get("emitted"):
            self.relay.wake()
        if session.info.get("due"):
            self.due_worker.wake()

    def _identity(self) -> Peer:
        from polyclinic.identity.v1 import identity_pb2

        if "identity:anonymous" not in self._peers:
            service = identity_pb2.DESCRIPTOR.services_by_name["Identity"]
            self._peers["identity:anonymous"] = Peer(
                "identity", service, self.settings.addresses.get("identity", ""), None, self._certificates
            )
        return self._peers["identity:anonymous"]

    def _token(self) -> str:
        if self._service_token is None:
            self._service_token = ServiceToken(self._identity(), self.name, self.settings.service_client_secret)
        return self._service_token()
