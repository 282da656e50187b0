"""What runs, on which port, with which environment: the table that the stack starts from."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra.local.passwords import Secrets
from infra.local.process import LOOPBACK, free_ports, port_is_taken
from infra.local.servers import SERVICES, EmbeddedNats, EmbeddedPostgres

ROOT: Final = Path(__file__).resolve().parent.parent.parent
SIMULATORS: Final = ("clearinghouse", "sms", "smtp", "cards")
# Offsets from the port base; the gateway itself listens on the base.
OFFSETS: Final = {
    "gateway": 0,
    "postgres": 1,
    "nats": 2,
    # Kept free for a TURN server of the operator's; the system itself starts none.
    "turn": 3,
    **{service: 11 + index for index, service in enumerate(SERVICES)},
    **{f"{name}-simulator": 21 + index for index, name in enumerate(SIMULATORS)},
    "smtp-simulator-http": 31,
}
CLEARINGHOUSE_SUBMITTER: Final = "POLYCLINIC"
# Nothing of the caller's own environment reaches a child but what a program needs to run at all.
INHERITED: Final = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "VIRTUAL_ENV",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "POLYCLINIC_OTLP_ENDPOINT",  # the operator's collector, where there is one
    # How soon a silent participant of a video visit counts as dropped: tests do not wait a minute and a half.
    "POLYCLINIC_HEARTBEAT_SECONDS",
    "POLYCLINIC_PRESENCE_TIMEOUT_SECONDS",
)


@dataclass(frozen=True)
class Ports:
    """The TCP port of every part by name (the keys of ``OFFSETS``)."""

    by_name: Mapping[str, int]

    @classmethod
    def choose(cls, base: int | None) -> Ports:
        """Ports from ``base`` on (the gateway is the base itself), or free ones when it is None."""
        if base is None:
            return cls(dict(zip(OFFSETS, free_ports(len(OFFSETS)), strict=True)))
        return cls({name: base + offset for name, offset in OFFSETS.items()})

    def __getitem__(self, name: str) -> int:
        return self.by_name[name]

    def taken(self) -> list[tuple[str, int]]:
        """The (name, port) of those that somebody else listens on already; an operator's TURN server may."""
        return [(name, port) for name, port in self.by_name.items() if name != "turn" and port_is_taken(port)]

    def address(self, name: str) -> str:
        """``127.0.0.1:<port>``."""
        return f"{LOOPBACK}:{self[name]}"

    def url(self, name: str) -> str:
        """``http://127.0.0.1:<port>``."""
        return f"http://{self.address(name)}"


@dataclass(frozen=True)
class Part:
    """One process of the stack: its name, its command and its environment."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Plan:
    """Everything the parts are told: ports, secrets, clock, where data lies."""

    data: Path
    ports: Ports
    postgres: EmbeddedPostgres
    nats: EmbeddedNats
    secrets: Secrets
    clock: str
    seed: int
    telemetry_endpoint: str

    @property
    def request_log(self) -> Path:
        """Where the gateway writes a line for each request it has answered."""
        return self.data / "logs" / "requests.jsonl"

    @property
    def public_url(self) -> str:
        """Where browsers and clients reach the gateway."""
        return self.ports.url("gateway")

    def simulator(self, name: str) -> Part:
        """The process that stands in for an outside party, speaking its wire protocol."""
        command = [sys.executable, "-m", f"infra.simulators.{name}", "--port", str(self.ports[f"{name}-simulator"])]
        if name == "smtp":
            command += ["--http-port", str(self.ports["smtp-simulator-http"])]
        command += ["--data", str(self.data / "simulators" / name), "--seed", str(self.seed)]
        return Part(f"{name}-simulator", tuple(command), {**_inherited(), **self._outside_parties()})

    def simulator_control(self, name: str) -> str:
        """Base URL of a simulator's control interface (``/_sim/…``)."""
        return self.ports.url("smtp-simulator-http" if name == "smtp" else f"{name}-simulator")

    def migration(self, service: str) -> Part:
        """The step that brings a service's database to the code's schema; runs as the owner and ends."""
        command = (sys.executable, "-m", "chassis.cli", "migrate", service)
        return Part(f"{service}-migrate", command, self.environment(service))

    def service(self, service: str) -> Part:
        """A service, or the gateway."""
        return Part(service, (sys.executable, "-m", service), self.environment(service))

    def environment(self, service: str) -> dict[str, str]:
        """The whole environment of a service's process."""
        made = {
            **_inherited(),
            "POLYCLINIC_LISTEN": self.ports.address(service),
            "POLYCLINIC_NATS_URL": self.nats.address,
            "POLYCLINIC_NATS_USER": service,
            "POLYCLINIC_NATS_PASSWORD": self.nats.password(service),
            "POLYCLINIC_CLOCK": self.clock,
            # Handlers take milliseconds here, and nobody wants to wait for what a killed process had in hand.
            "POLYCLINIC_REDELIVERY_SECONDS": "4" if self.clock == "simulated" else "40",
            "POLYCLINIC_DEMO": "1",
            "POLYCLINIC_INSTANCE": f"{service}-1",
            "POLYCLINIC_PUBLIC_URL": self.public_url,
            "POLYCLINIC_SERVICE_CLIENT_SECRET": self.secrets.get(f"client.{service}"),
            "POLYCLINIC_KEY_ENCRYPTION_KEY": self._key(service),
        }
        for name in SERVICES:
            made[f"POLYCLINIC_{name.upper()}_ADDRESS"] = self.ports.address(name)
        if service in SERVICES:
            made["POLYCLINIC_DATABASE_URL"] = self.postgres.url(f"{service}_app", service)
            made["POLYCLINIC_DATABASE_WORKER_URL"] = self.postgres.url(f"{service}_worker", service)
            made["POLYCLINIC_DATABASE_OWNER_URL"] = self.postgres.url(f"{service}_owner", service)
        if self.telemetry_endpoint:
            made["POLYCLINIC_OTLP_ENDPOINT"] = self.telemetry_endpoint
            # Weeks pass in a minute when time is simulated; figures of each fifteenth second would show none of it.
            made["POLYCLINIC_OTLP_INTERVAL_SECONDS"] = "2" if self.clock == "simulated" else "15"
        return made | self._specific(service)

    def _specific(self, service: str) -> dict[str, str]:
        """What only one service is told; the names are in that service's README."""
        match service:
            case "identity":
                clients = [f"{name}={self.secrets.get(f'client.{name}')}" for name in (*SERVICES, "gateway")]
                return {
                    "POLYCLINIC_SERVICE_CLIENT_SECRETS": ",".join(clients),
                    "POLYCLINIC_OPERATOR_SECRET": self.secrets.get("operator"),
                }
            case "billing" if self.clock == "simulated":
                # Each look for files is an instant that the whole system lives through: twice a day will do.
                return self._outside_parties() | {"POLYCLINIC_CLEARINGHOUSE_POLL_HOURS": "12"}
            case "billing" | "notifications":
                return self._outside_parties()
            case "telehealth":
                relay = self.ports.address("turn")
                return {
                    "POLYCLINIC_TURN_SECRET": self.secrets.get("turn"),
                    "POLYCLINIC_TURN_URLS": f"turn:{relay}?transport=udp,turn:{relay}?transport=tcp",
                }
            case "gateway":
                return {
                    "POLYCLINIC_SESSION_KEY": self._key("session"),
                    "POLYCLINIC_REQUEST_LOG": str(self.request_log),
                    "POLYCLINIC_CARD_BROWSER_URL": self.ports.url("cards-simulator"),
                    "POLYCLINIC_CARD_PUBLISHABLE_KEY": self.secrets.get("card.publishable"),
                    # Everybody comes from one address here: webhooks, sign-ins, sixteen booking clients.
                    "POLYCLINIC_LIMIT_ADDRESS_PER_SECOND": "2000",
                    "POLYCLINIC_LIMIT_PRINCIPAL_PER_SECOND": "2000",
                }
            case _:
                return {}

    def _outside_parties(self) -> dict[str, str]:
        """Addresses and credentials of the outside parties, the same for the service and for its simulator."""
        return {
            "POLYCLINIC_CLEARINGHOUSE_URL": self.ports.url("clearinghouse-simulator"),
            "POLYCLINIC_CLEARINGHOUSE_SUBMITTER": CLEARINGHOUSE_SUBMITTER,
            "POLYCLINIC_CLEARINGHOUSE_SECRET": self.secrets.get("clearinghouse"),
            "POLYCLINIC_CLEARINGHOUSE_RECEIVER": "MERIDIANCH",
            "POLYCLINIC_SMTP_HOST": LOOPBACK,
            "POLYCLINIC_SMTP_PORT": str(self.ports["smtp-simulator"]),
            "POLYCLINIC_SMS_URL": self.ports.url("sms-simulator"),
            "POLYCLINIC_SMS_ACCOUNT": "AC00000000000000000000000000000001",
            "POLYCLINIC_SMS_TOKEN": self.secrets.get("sms"),
            "POLYCLINIC_CARD_URL": self.ports.url("cards-simulator"),
            "POLYCLINIC_CARD_SECRET_KEY": self.secrets.get("card.secret"),
            "POLYCLINIC_CARD_PUBLISHABLE_KEY": self.secrets.get("card.publishable"),
            "POLYCLINIC_CARD_WEBHOOK_SECRET": self.secrets.get("card.webhook"),
            "POLYCLINIC_PUBLIC_URL": self.public_url,
        }

    def _key(self, name: str) -> str:
        """Base64 of 32 bytes derived from a kept secret."""
        return base64.b64encode(hashlib.sha256(self.secrets.get(f"key.{name}").encode()).digest()).decode()


def operators_environment(data: Path, ports: Ports) -> dict[str, str]:
    """What an operator's shell needs to ask a stack on ``data`` how it is doing."""
    nats = EmbeddedNats(data / "nats", ports["nats"])
    addresses = {f"POLYCLINIC_{name.upper()}_ADDRESS": ports.address(name) for name in SERVICES}
    return {
        **_inherited(),
        **addresses,
        "POLYCLINIC_NATS_URL": nats.address,
        "POLYCLINIC_NATS_USER": "ops",
        "POLYCLINIC_NATS_PASSWORD": nats.password("ops"),
        "POLYCLINIC_PUBLIC_URL": ports.url("gateway"),
    }


def _inherited() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in INHERITED}
    return kept | {"PYTHONUNBUFFERED": "1", "TZ": "UTC"}
