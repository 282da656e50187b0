"""`make cluster-test` as far as it goes without a cluster: its release, in containers, lives the clinic day."""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from infra.cluster import __main__ as cluster_test
from infra.cluster import charts
from infra.cluster.kubectl import PACK
from infra.cluster.system import ClusterStack
from infra.day.__main__ import live
from infra.day.context import Options
from infra.day.progress import Progress
from infra.local.servers import EmbeddedPostgres
from rich.console import Console

from tests.charts.broker import Broker
from tests.charts.rendering import NAMESPACE, Installer, Rendered
from tests.images.conftest import TAG, provision
from tests.images.house import Engine, House

pytestmark = [pytest.mark.images, pytest.mark.slow]
VISITS = 40


class Door:
    """A port of 127.0.0.1 that leads to another address, as `kubectl port-forward` makes one."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(self._target) as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join(60)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class PodmanCluster:
    """The release's containers, asked as kubectl would ask pods."""

    def __init__(self, house: House, postgres: EmbeddedPostgres, broker: Broker) -> None:
        self._house = house
        self._servers = {"postgresql": {5432: postgres.port}, "nats": {4222: broker.port, 8222: broker.monitor_port}}
        self._doors: list[Door] = []

    def forward(self, service: str, port: int) -> int:
        if service in self._servers:
            return self._servers[service][port]
        (target,) = [
            each["targetPort"]
            for each in self._installed.one("Service", service)["spec"]["ports"]
            if each["port"] == port
        ]
        (container,) = self._installed.deployment(service)["spec"]["template"]["spec"]["containers"]
        (listening,) = [each["containerPort"] for each in container["ports"] if each["name"] == target]
        door = Door(self._house.addresses[service], listening)
        self._doors.append(door)
        return door.port

    def secret(self, name: str, key: str) -> str:
        return self._installed.secrets[f"polyclinic-{name}"][key]

    def read(self, component: str, path: str) -> bytes:
        return self._house.engine("exec", self._house.running[component], "cat", path).encode()

    def folder(self, component: str, path: str, target: Path) -> None:
        # The pod's own program; its bytes come as text here, because that is what the engine's helper reads.
        as_text = (
            "import base64, io, sys\nbytes_of, sys.argv = io.BytesIO(), ['', sys.argv[1]]\n"
            + PACK.replace("sys.stdout.buffer", "bytes_of")
            + "print(base64.b85encode(bytes_of.getvalue()).decode())"
        )
        packed = self._house.engine("exec", self._house.running[component], "python", "-c", as_text, path)
        target.mkdir(parents=True, exist_ok=True)
        with tarfile.open(fileobj=io.BytesIO(base64.b85decode(packed.strip()))) as archive:
            archive.extractall(target, filter="data")

    def close(self) -> None:
        for door in self._doors:
            door.close()

    @property
    def _installed(self) -> Rendered:
        return self._house.installed


@pytest.fixture
def release(
    engine: Engine, built: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, PodmanCluster, str]]:
    """What `make cluster-test` installs, in containers, with a PostgreSQL and a NATS of its own."""
    folder = tmp_path_factory.mktemp("cluster")
    folder.chmod(0o755)
    installer = Installer(charts.assemble(folder / "charts"))
    values = cluster_test.values_for(NAMESPACE, "polyclinic-", TAG)
    # No Service stands before the gateway here to turn port 80 into its own.
    values["global"]["publicUrl"] += ":8080"
    installed = installer.render(values)
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False).start()
    with psycopg.connect(postgres.admin_url(), autocommit=True) as connection:
        superuser = installed.secrets["polyclinic-postgresql-credentials"]["superuser"]
        connection.execute(f"ALTER ROLE postgres PASSWORD '{superuser}'".encode())
    provision(postgres, installed.one("ConfigMap", "postgresql-provision")["data"], installed.secrets, folder)
    broker = Broker(installed, folder / "nats")
    house = House(engine, built, installed, folder, postgres.port, broker.port, network=2)
    cluster = PodmanCluster(house, postgres, broker)
    try:
        house.migrate()
        for component in house.addresses:
            house.start(component)
        for component in house.addresses:
            house.wait_ready(component)
        yield house, cluster, values["global"]["publicUrl"]
    finally:
        cluster.close()
        house.close()
        broker.child.stop()
        postgres.destroy()
        installer.close()


def test_the_clinic_day_is_lived_in_containers(release: tuple[House, PodmanCluster, str], tmp_path: Path) -> None:
    """The chart's release, with simulators and simulated time, lives a day through its gateway, and the books are proved."""
    _, cluster, public_url = release
    stack = ClusterStack(cluster, tmp_path / "data", public_url)
    stack.data.mkdir()
    options = Options(VISITS, 7, None, chaos=False, keep=False, out=tmp_path / "day")
    with Progress(Console(quiet=True)) as progress:
        report = live(options, stack, progress)  # type: ignore[arg-type]
    assert report.passed, report.summary()
