"""Images made here, and the whole house in containers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from infra.cluster import charts
from infra.images import __main__ as builder
from infra.images.context import Image, images
from infra.local.servers import EmbeddedPostgres

from tests.charts.broker import Broker
from tests.charts.rendering import NAMESPACE, RELEASE, Installer
from tests.chassis.authority import Authority
from tests.images.house import Engine, House

TAG = "test"
PREFIX = "localhost/polyclinic-"
# Where no systemd runs (a container, a sandbox) podman's defaults do not fit.
PLAIN_HOST = """
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
"""


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """podman, told about a machine without systemd where it is one."""
    with pytest.MonkeyPatch.context() as patched:
        if not Path("/run/systemd/system").exists():
            conf = tmp_path_factory.mktemp("podman") / "containers.conf"
            conf.write_text(PLAIN_HOST)
            patched.setenv("CONTAINERS_CONF", str(conf))
        yield Engine(builder.engine("podman"), {})


@pytest.fixture(scope="session")
def built(engine: Engine) -> dict[str, str]:
    """Every image of the code, on a base made from Debian's packages (a base that is here already is used again).

    With POLYCLINIC_TEST_IMAGES=keep the images of the last run are tried again instead of being built.
    """
    known = engine("images", "--format={{.Repository}}:{{.Tag}}").split()
    again = {image.name: f"{PREFIX}{image.name}:{TAG}" for image in images()}
    if os.environ.get("POLYCLINIC_TEST_IMAGES") == "keep" and set(again.values()) <= set(known):
        return again
    if builder.LOCAL_BASE not in known:
        builder.make_base(engine.program)

    def build(image: Image) -> str:
        return builder.build(
            engine.program,
            image,
            tag=TAG,
            prefix=PREFIX,
            base=builder.LOCAL_BASE,
            revision="0" * 40,
            created="2026-01-01T00:00:00Z",
        )

    return {image.name: build(image) for image in images()}


@pytest.fixture(scope="session")
def house(
    engine: Engine, built: dict[str, str], postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The chart as a trial with mTLS, its databases provisioned and migrated, every service ready."""
    folder = tmp_path_factory.mktemp("house")
    folder.chmod(0o755)
    installer = Installer(charts.assemble(folder / "charts"))
    values = {"global": {"tls": {"enabled": True}, "image": {"tag": TAG}}}
    installed = installer.render(values)
    provision(postgres, installed.one("ConfigMap", "postgresql-provision")["data"], installed.secrets, folder)
    authority = Authority()
    broker = Broker(
        installed,
        folder / "nats",
        certificates=authority.issue(folder / "nats-tls", in_cluster("nats")),
    )
    made = House(engine, built, installed, folder, postgres.port, broker.port, authority)
    try:
        made.migrate()
        for component in installed.services:
            made.start(component)
        for component in installed.services:
            made.wait_ready(component)
        yield made
    finally:
        made.close()
        broker.child.stop()
        installer.close()


def in_cluster(server: str) -> str:
    """What the cluster's DNS would call it."""
    return f"{RELEASE}-{server}.{NAMESPACE}.svc.cluster.local"


def provision(
    postgres: EmbeddedPostgres, scripts: dict[str, str], secrets: dict[str, dict[str, str]], folder: Path
) -> None:
    """Runs the chart's provisioning Job against the test's PostgreSQL."""
    passwords = folder / "passwords"
    passwords.mkdir()
    for name, value in secrets["polyclinic-postgresql-credentials"].items():
        (passwords / name).write_text(value)
    for name, text in scripts.items():
        (folder / name).write_text(text)
    services = sorted(path.name.removesuffix("_app") for path in passwords.glob("*_app"))
    environment = {
        "PATH": f"{postgres.programs}:/usr/bin:/bin",
        "PGHOST": str(postgres._socket_dir),
        "PGPORT": str(postgres.port),
        "PGUSER": "postgres",
        "PASSWORDS": str(passwords),
    }
    command = ["sh", str(folder / "provision.sh"), *[f"{service}:50" for service in services]]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
