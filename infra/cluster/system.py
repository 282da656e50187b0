"""An installed release in the shape in which the clinic day knows the laptop's stack."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra.cluster.kubectl import Cluster
from infra.local.process import LOOPBACK
from infra.local.servers import SERVICES

# The day's names of secrets → Secret and key in the release.
SECRETS: Final = {
    "operator": ("identity-credentials", "operator-secret"),
    "clearinghouse": ("billing-credentials", "clearinghouse-secret"),
    "card.webhook": ("billing-credentials", "card-webhook-secret"),
    # The cluster's simulator takes any publishable key.
    "card.publishable": ("billing-credentials", "card-secret-key"),
}
SIMULATOR_PORTS: Final = {"clearinghouse": 4201, "sms": 4301, "smtp": 4402, "cards": 4501}


class ClusterSecrets:
    """The release's secrets under the day's names."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def get(self, name: str) -> str:
        """The secret. Raises KeyError for a name that the day does not use."""
        secret, key = SECRETS[name]
        return self._cluster.secret(secret, key)


class ClusterPorts:
    """Local ends of the forwarded ports."""

    def __init__(self, cluster: Cluster) -> None:
        self.simulators = {name: cluster.forward(f"{name}-simulator", port) for name, port in SIMULATOR_PORTS.items()}

    def url(self, name: str) -> str:
        """``http://127.0.0.1:<port>`` of ``<simulator>-simulator``."""
        return f"http://{LOOPBACK}:{self.simulators[name.removesuffix('-simulator')]}"


@dataclass
class ClusterPlan:
    """What the day asks of the stack's plan."""

    cluster: Cluster
    data: Path
    public_url: str
    secrets: ClusterSecrets = field(init=False)
    ports: ClusterPorts = field(init=False)

    def __post_init__(self) -> None:
        self.secrets = ClusterSecrets(self.cluster)
        self.ports = ClusterPorts(self.cluster)

    def simulator_control(self, name: str) -> str:
        """Base URL of a simulator's control interface."""
        return self.ports.url(name)

    @property
    def request_log(self) -> Path:
        """The gateway's request log as it is now, fetched."""
        target = self.data / "requests.jsonl"
        target.write_bytes(self.cluster.read("gateway", "/tmp/requests.jsonl"))  # noqa: S108 - the pod's scratch folder
        return target


class ClusterPostgres:
    """The trial's PostgreSQL, as its superuser."""

    def __init__(self, cluster: Cluster) -> None:
        self._port = cluster.forward("postgresql", 5432)
        self._password = cluster.secret("postgresql-credentials", "superuser")

    def admin_url(self, database: str = "postgres") -> str:
        """URL of the superuser."""
        return f"postgresql://postgres:{self._password}@{LOOPBACK}:{self._port}/{database}"


class ClusterNats:
    """The trial's NATS, as the operator."""

    def __init__(self, cluster: Cluster) -> None:
        self._port = cluster.forward("nats", 4222)
        self.monitor_port = cluster.forward("nats", 8222)
        self._cluster = cluster

    def url(self, user: str) -> str:
        """URL with the user's credentials."""
        password = self._cluster.secret("nats-credentials", f"nats-password-{user}")
        return f"nats://{user}:{password}@{LOOPBACK}:{self._port}"


class ClusterStack:
    """A release with simulators, seen as the day sees ``infra.local.stack.Stack``: it cannot be started or killed here."""

    def __init__(self, cluster: Cluster, data: Path, public_url: str) -> None:
        self.data = data
        self.services = SERVICES
        self._cluster = cluster
        self.url = f"http://{LOOPBACK}:{cluster.forward('gateway', 80)}"
        self.plan = ClusterPlan(cluster, data, public_url)
        self.postgres = ClusterPostgres(cluster)
        self.nats = ClusterNats(cluster)

    def simulator_folder(self, name: str) -> Path:
        """What a simulator keeps, fetched."""
        target = self.data / "simulators" / name
        self._cluster.folder(f"{name}-simulator", "/data", target)
        return target

    def processes(self) -> dict[str, int]:
        """No process of the release runs on this machine."""
        return {}
