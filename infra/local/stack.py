"""Starts, watches and stops the whole system on this machine.

``Stack.start`` brings up PostgreSQL and NATS, migrates the databases (a new system begins as a copy of one that was migrated
before), then starts, side by side, each service, the simulators and the gateway, and waits until they are healthy.
``Stack.stop`` ends them in the reverse order. Whatever goes wrong is a ``StartError`` of one line.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO

import grpc
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc

from infra.local.passwords import Secrets
from infra.local.plan import ROOT, SIMULATORS, Part, Plan, Ports
from infra.local.process import Child, StartError, wait_until
from infra.local.servers import SERVICES, EmbeddedNats, EmbeddedPostgres
from infra.local.template import ClusterTemplate

# Of a machine that is busy with other things; who dies is noticed at once, whatever this is.
READY_SECONDS = 240.0
MIGRATION_SECONDS = 120.0
# What killed processes may take to end, all of them.
LEFT_OVER_SECONDS = 10.0


class Stack:
    """One running system whose data lie in ``data``.

    ``port_base`` None takes free ports; ``clock`` is "system" or "simulated"; ``durable`` False trades safety against a
    power cut (not against kills) for speed; ``services`` leaves out the others; ``tell`` gets a line for a person
    whenever something has come up.
    """

    def __init__(
        self,
        data: Path,
        *,
        port_base: int | None = None,
        clock: str = "system",
        durable: bool = True,
        seed: int = 7,
        telemetry_endpoint: str = "",
        services: Sequence[str] = SERVICES,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.data = data.resolve()
        self.data.mkdir(parents=True, exist_ok=True)
        self._tell = tell
        self.services = tuple(services)
        self._lock_file: IO[str] | None = None
        self._children: dict[str, Child] = {}
        self._registry = threading.Lock()
        self._stopping = threading.Event()
        ports = Ports.choose(port_base)
        self._template = ClusterTemplate.of_this_code()
        self.postgres = EmbeddedPostgres(
            self.data / "postgres", ports["postgres"], durable=durable, template=self._template
        )
        self.nats = EmbeddedNats(self.data / "nats", ports["nats"])
        self.plan = Plan(
            data=self.data,
            ports=ports,
            postgres=self.postgres,
            nats=self.nats,
            secrets=Secrets(self.data / "secrets.json"),
            clock=clock,
            seed=seed,
            telemetry_endpoint=telemetry_endpoint,
        )

    @property
    def url(self) -> str:
        """The gateway's URL."""
        return self.plan.public_url

    def simulator_folder(self, name: str) -> Path:
        """Where a simulator keeps what it has got and given."""
        return self.data / "simulators" / name

    @property
    def names(self) -> list[str]:
        """Every process that ``kill`` and ``restart`` know."""
        return ["PostgreSQL", "NATS", *self._children]

    def start(self) -> None:
        """Bring everything up. On a StartError all that had come up is stopped again."""
        self._claim_data_folder()
        try:
            self._refuse_taken_ports()
            with ThreadPoolExecutor(max_workers=16, thread_name_prefix="start") as pool:
                try:
                    self._start_side_by_side(pool)
                except BaseException:
                    # The others are waited for: ended now, they are not waited for long.
                    self.stop()
                    raise
        except BaseException:
            self.stop()
            raise
        self._remember_children()

    def _start_side_by_side(self, pool: ThreadPoolExecutor) -> None:
        fresh = not self.postgres.exists
        servers: list[Future[object]] = [pool.submit(self.postgres.start), pool.submit(self.nats.start)]
        outside = [pool.submit(self._start_simulator, name) for name in SIMULATORS]
        for server in servers:
            server.result()
        self._tell(f"PostgreSQL on port {self.postgres.port}, NATS on port {self.nats.port}")
        if fresh and not self._template.made:
            list(pool.map(self._prepare_database, SERVICES))
            self.postgres.become(self._template)
        elif not fresh:
            list(pool.map(self._prepare_database, self.services))
        waiting = [pool.submit(self._start_service, name) for name in self.services]
        waiting += [pool.submit(self._start_gateway), *outside]
        for started in waiting:
            started.result()

    def stop(self) -> None:
        """End everything in the reverse order: gateway, services, simulators, NATS, PostgreSQL."""
        self._stopping.set()
        with self._registry:
            children = list(self._children.values())
        for group in self._stop_order(children):
            with ThreadPoolExecutor(max_workers=8, thread_name_prefix="stop") as pool:
                list(pool.map(Child.stop, group))
        self.nats.stop()
        self.postgres.stop()
        (self.data / "children.json").unlink(missing_ok=True)
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    def kill_everything(self) -> None:
        """SIGKILL all that runs, at once; who waits for it to end goes on. Takes no lock and waits for nothing: for a signal's handler."""
        servers = [server.child for server in (self.postgres, self.nats) if server.child is not None]
        for child in [*servers, *self._children.values()]:
            child.signal_group(signal.SIGKILL)

    def kill(self, name: str) -> None:
        """SIGKILL one process (a name of ``names``)."""
        if name in ("PostgreSQL", "NATS"):
            (self.postgres if name == "PostgreSQL" else self.nats).kill()
        else:
            self._children[name].kill()

    def restart(self, name: str, *, wait: bool = True) -> None:
        """Start a killed process again on its old port and data; with ``wait`` until it is ready."""
        if name in ("PostgreSQL", "NATS"):
            (self.postgres if name == "PostgreSQL" else self.nats).restart()
        else:
            child = self._children[name]
            child.start()
            if wait:
                wait_until(self._probe(name), child, timeout=READY_SECONDS)
        self._remember_children()

    def watch(self, poll: float = 0.5) -> None:
        """Return when ``stop`` was asked for; StartError with one line as soon as a process has died by itself."""
        # Not Event.wait: an interrupt while it takes its lock leaves it taken, and ``stop`` would wait for it for ever.
        while not self._stopping.is_set():
            time.sleep(poll)
            for child in self._everyone():
                if not child.alive():
                    raise StartError(child.death_notice())

    def processes(self) -> dict[str, int]:
        """The process id of everything that runs, by name."""
        return {child.name: child.pid for child in self._everyone() if child.pid is not None}

    def _everyone(self) -> Iterator[Child]:
        for server in (self.postgres, self.nats):
            if server.child is not None:
                yield server.child
        with self._registry:
            yield from list(self._children.values())

    def _prepare_database(self, name: str) -> None:
        self.postgres.provision(name)
        self._migrate(name)

    def _start_service(self, name: str) -> None:
        self._start_part(self.plan.service(name))
        self._tell(f"{name} on port {self.plan.ports[name]}")

    def _start_gateway(self) -> None:
        self._start_part(self.plan.service("gateway"))
        self._tell(f"gateway on {self.url}")

    def _start_simulator(self, name: str) -> None:
        (self.data / "simulators" / name).mkdir(parents=True, exist_ok=True)
        self._start_part(self.plan.simulator(name))

    def _migrate(self, service: str) -> None:
        part = self.plan.migration(service)
        child = self._child(part)
        child.start()
        deadline = time.monotonic() + MIGRATION_SECONDS
        while child.alive():
            if time.monotonic() > deadline or self._stopping.is_set():
                child.kill()
                raise StartError(
                    f"{service}'s database was not migrated in {MIGRATION_SECONDS:.0f} s (log: {child.log})"
                )
            time.sleep(0.02)
        if child.exit_code != 0:
            reason = child.last_words() or f"exit code {child.exit_code}"
            raise StartError(f"{service}'s database is only half migrated: {reason} (log: {child.log})")

    def _start_part(self, part: Part) -> None:
        child = self._child(part)
        with self._registry:
            if self._stopping.is_set():
                return
            self._children[part.name] = child
            child.start()
        wait_until(self._probe(part.name), child, timeout=READY_SECONDS)

    def _child(self, part: Part) -> Child:
        log = self.data / "logs" / f"{part.name}.log"
        return Child(part.name, part.command, log=log, environment=part.environment, cwd=ROOT)

    def _probe(self, name: str) -> Callable[[], bool]:
        if name in SERVICES:
            return lambda: _grpc_healthy(self.plan.ports.address(name))
        if name == "gateway":
            return lambda: _http_ok(f"{self.url}/readyz")
        simulator = name.removesuffix("-simulator")
        return lambda: _http_ok(f"{self.plan.simulator_control(simulator)}/_sim/health")

    @staticmethod
    def _stop_order(children: list[Child]) -> list[list[Child]]:
        gateway = [child for child in children if child.name == "gateway"]
        services = [child for child in children if child.name in SERVICES]
        rest = [child for child in children if child not in gateway and child not in services]
        return [group for group in (gateway, services, rest) if group]

    def _claim_data_folder(self) -> None:
        """One stack per data folder; what an earlier one left running after it was killed itself is ended first."""
        self._lock_file = (self.data / "stack.lock").open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock_file.close()
            self._lock_file = None
            raise StartError(f"another stack is already running on the data in {self.data}") from None
        end_left_overs(self.data)

    def _remember_children(self) -> None:
        kept = [[pid, psutil.Process(pid).create_time()] for pid in self.processes().values()]
        (self.data / "children.json").write_text(json.dumps(kept))

    def _refuse_taken_ports(self) -> None:
        taken = self.plan.ports.taken()
        if taken:
            listing = ", ".join(f"{port} (for {name})" for name, port in taken)
            plural = "s are" if len(taken) > 1 else " is"
            raise StartError(
                f"port{plural} already taken by another program: {listing}; choose others: make run PORT=9000"
            )


def end_left_overs(data: Path) -> None:
    """SIGKILL the processes an earlier stack on ``data`` noted down and could not stop, and nothing else. StartError when one
    of them does not end."""
    noted = data / "children.json"
    if not noted.is_file():
        return
    killed = []
    for pid, created in json.loads(noted.read_text()):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            # A process id is used again sooner or later; together with the start time it is unique.
            if abs(process.create_time() - created) < 0.01:
                process.send_signal(signal.SIGKILL)
                killed.append(process)
    # A dead one that nobody has collected yet still counts as the owner of PostgreSQL's lock file, so it is waited for; where
    # nobody ever does (a container whose first process is no init), PostgreSQL itself says what is in its way.
    _, left = psutil.wait_procs(killed, timeout=LEFT_OVER_SECONDS)
    if alive := [process.pid for process in left if _runs(process)]:
        raise StartError(f"process {alive[0]} of an earlier stack on {data} does not end")
    noted.unlink()


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def empty(data: Path) -> None:
    """Delete everything a stack has kept in ``data``; StartError while it runs."""
    if not data.exists():
        return
    with (data / "stack.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(f"the stack on {data} is running; stop it first") from None
        end_left_overs(data)
        EmbeddedPostgres(data / "postgres").destroy()
        shutil.rmtree(data)


def _grpc_healthy(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=2)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _http_ok(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (always our own http:// on the loopback)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
