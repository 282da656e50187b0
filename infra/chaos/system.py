"""The stack that is hurt: the laptop's, with lines in front of NATS and the outside parties, and room for second replicas."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from infra.chaos.bus import Bus
from infra.chaos.disk import SmallDisk
from infra.chaos.doors import Door
from infra.chaos.lines import HTTP_500, SMTP_421, Line, Loop
from infra.local.plan import ROOT, Part, Plan
from infra.local.process import LOOPBACK, Child, StartError, free_port, wait_until
from infra.local.servers import SERVICES
from infra.local.stack import READY_SECONDS, Stack, _grpc_healthy

# The lines to outside parties: the simulator's part in the plan, and the setting that names it.
PARTIES: Final = {
    "clearinghouse": ("clearinghouse-simulator", "POLYCLINIC_CLEARINGHOUSE_URL"),
    "texts": ("sms-simulator", "POLYCLINIC_SMS_URL"),
    "cards": ("cards-simulator", "POLYCLINIC_CARD_URL"),
    "mail": ("smtp-simulator", "POLYCLINIC_SMTP_PORT"),
}


def archiving(archive: Path) -> dict[str, str]:
    """PostgreSQL's settings for keeping what a restore needs in a folder, which is made; whoever it runs as must reach it."""
    archive.mkdir(exist_ok=True)
    archive.chmod(0o777)
    command = f"test ! -f {archive}/%f && cp %p {archive}/%f"
    return {"wal_level": "replica", "max_wal_senders": "4", "archive_mode": "on", "archive_command": command}


@dataclass(frozen=True)
class RewiredPlan(Plan):
    """The plan of a stack whose services are told the lines' addresses, and two places for each other."""

    lines: Mapping[str, Line]
    door: Door
    second: Mapping[str, int]

    @property
    def public_url(self) -> str:
        """Where outside parties reach the gateway."""
        return self.door.url

    def environment(self, service: str) -> dict[str, str]:
        """As the plan's, with the lines in between."""
        made = super().environment(service)
        made["POLYCLINIC_NATS_URL"] = f"nats://{self.lines['nats'].address}"
        for name in SERVICES:
            made[f"POLYCLINIC_{name.upper()}_ADDRESS"] = (
                f"ipv4:{self.ports.address(name)},{LOOPBACK}:{self.second[name]}"
            )
        for party, (_, setting) in PARTIES.items():
            if setting in made:
                line = self.lines[party]
                made[setting] = str(line.port) if setting.endswith("_PORT") else f"http://{line.address}"
        if service == "billing":
            made["POLYCLINIC_CLEARINGHOUSE_POLL_HOURS"] = "1"
        return made


class ChaosStack(Stack):
    """A stack on free ports with simulated business time. ``lines`` by name: "nats" and the outside parties."""

    def __init__(self, data: Path, *, seed: int) -> None:
        super().__init__(data, clock="simulated", durable=False, seed=seed)
        self._loop = Loop()
        ports = self.plan.ports
        self.lines = {"nats": Line(self._loop, "nats", ports["nats"])}
        for party, (part, _) in PARTIES.items():
            failure = SMTP_421 if party == "mail" else HTTP_500
            self.lines[party] = Line(self._loop, party, ports[part], failure)
        self.door = Door(ports["gateway"])
        self.second = {name: free_port() for name in SERVICES}
        self.plan = RewiredPlan(**vars(self.plan), lines=self.lines, door=self.door, second=self.second)
        self.archive = self.data / "archive"
        self.disk = SmallDisk.make(self.nats.store_dir)
        if self.disk is not None:
            self.nats.launcher = self.disk.launcher
        self.bus = Bus(f"nats://ops:{self.nats.password('ops')}@{LOOPBACK}:{ports['nats']}")
        self._replicas: dict[str, Child] = {}

    @property
    def url(self) -> str:
        """The gateway's own address: clients do not go through the webhooks' door."""
        return self.plan.ports.url("gateway")

    def start(self) -> None:
        """As the stack's, with PostgreSQL writing its archive from the first moment."""
        self.postgres.settings |= archiving(self.archive)
        super().start()

    def stop(self) -> None:
        """Ends the second replicas, then everything else."""
        for name in list(self._replicas):
            self.end_replica(name)
        super().stop()
        self.door.close()
        for line in self.lines.values():
            line.close()
        self._loop.close()
        if self.disk is not None:
            self.disk.close()
            self.disk = None

    def operate(self, command: str, service: str, *options: str) -> str:
        """Runs a command of the operator's (``polyclinic republish …``) in a service's environment; returns what it said.

        Raises StartError when it failed.
        """
        line = [sys.executable, "-m", "chassis.cli", command, service, *options]
        environment = self.plan.environment(service)
        done = subprocess.run(line, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise StartError(f"polyclinic {command} {service}: {done.stderr.strip()}")
        return done.stdout.strip()

    def as_superuser(self, database: str, statement: str, values: Sequence[str] = ()) -> None:
        """Runs a statement in a database as PostgreSQL's superuser."""
        with psycopg.connect(self.postgres.admin_url(database), autocommit=True) as connection:
            connection.execute(statement.encode(), values or None)

    def start_replica(self, service: str, python_path: str = "", cwd: Path = ROOT) -> Child:
        """A second process of a service beside the first, on the port that the others know; returns it when it is ready.

        ``python_path`` puts other code before this repository's (an older release's).
        """
        part = self.plan.service(service)
        address = f"{LOOPBACK}:{self.second[service]}"
        environment = {
            **part.environment,
            "POLYCLINIC_LISTEN": address,
            "POLYCLINIC_INSTANCE": f"{service}-2",
            **({"PYTHONPATH": python_path} if python_path else {}),
        }
        child = self._replica(Part(f"{service}-2", part.command, environment), cwd)
        child.start()
        wait_until(lambda: _grpc_healthy(address), child, timeout=READY_SECONDS)
        return child

    def halt(self, service: str) -> None:
        """Stops the first process of a service politely."""
        self._children[service].stop()

    def roll_over(self, service: str) -> None:
        """Stops the first process of a service politely and starts it anew, as a rollout does."""
        self.halt(service)
        self.restart(service)

    def restart_with(self, service: str, more: Mapping[str, str]) -> None:
        """Stops the first process of a service politely and starts it with more in its environment."""
        self.halt(service)
        part = self.plan.service(service)
        self._children[service] = self._child(Part(part.name, part.command, {**part.environment, **more}))
        self.restart(service)

    def end_replica(self, service: str) -> None:
        """Stops a second replica politely, as a rollout does."""
        self._replicas.pop(service).stop()

    def _replica(self, part: Part, cwd: Path) -> Child:
        log = self.data / "logs" / f"{part.name}.log"
        child = Child(part.name, part.command, log=log, environment=part.environment, cwd=cwd)
        self._replicas[part.name.removesuffix("-2")] = child
        return child
