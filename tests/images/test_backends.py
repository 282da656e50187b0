"""The tests themselves run on containers and on servers that are there already, not only on embedded ones."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from infra.images import __main__ as builder
from infra.images import servers
from infra.local.plan import ROOT

from tests.images.house import Engine

pytestmark = [pytest.mark.images, pytest.mark.slow]
# Real databases, migrations, row-level security, NATS with its permissions, whole services.
SAMPLE = ("tests/chassis/test_transactions.py", "tests/chassis/test_messages.py", "tests/identity")


@pytest.fixture(scope="module")
def server_images(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """PostgreSQL and NATS as images, from the wheels of this environment."""
    if builder.LOCAL_BASE not in engine("images", "--format={{.Repository}}:{{.Tag}}").split():
        builder.make_base(engine.program)
    for name, context in servers.write_contexts(tmp_path_factory.mktemp("servers")).items():
        engine(
            "build",
            f"--file={servers.CONTAINERFILE}",
            f"--build-arg=BASE={builder.LOCAL_BASE}",
            "--network=none",
            f"--tag={name}",
            str(context),
            seconds=300,
        )
    return {"POLYCLINIC_TEST_POSTGRES_IMAGE": servers.POSTGRES, "POLYCLINIC_TEST_NATS_IMAGE": servers.NATS}


@pytest.fixture(scope="module")
def socket(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """podman's socket, which speaks docker's language."""
    path = tmp_path_factory.mktemp("podman") / "podman.sock"
    serving = subprocess.Popen([engine.program, "system", "service", "--time=0", f"unix://{path}"])
    pause = threading.Event()
    for _ in range(100):
        if path.exists():
            break
        pause.wait(0.1)
    yield f"unix://{path}"
    serving.terminate()
    serving.wait(20)


def run_sample(folder: Path, **environment: str) -> str:
    """pytest's last lines for the sample of tests; AssertionError when any fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder}", *SAMPLE]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout[-200:]


def test_the_tests_run_on_containers(
    engine: Engine, server_images: dict[str, str], socket: str, tmp_path: Path
) -> None:
    """POLYCLINIC_TEST_BACKEND=containers: testcontainers starts both servers, and takes them away again."""
    said = run_sample(
        tmp_path / "run",
        POLYCLINIC_TEST_BACKEND="containers",
        DOCKER_HOST=socket,
        TESTCONTAINERS_RYUK_DISABLED="true",
        TESTCONTAINERS_CONNECTION_MODE="docker_host",
        **server_images,
    )
    assert "passed" in said
    assert not set(engine("ps", "--all", "--format={{.Image}}").split()) & set(server_images.values())


@pytest.fixture
def running_servers(engine: Engine, server_images: dict[str, str]) -> Iterator[dict[str, str]]:
    """Servers that somebody else has started: their URLs."""
    names = {"polyclinic-external-postgres": 5432, "polyclinic-external-nats": 4222}
    for name in names:
        engine("rm", "--force", "--ignore", name)
    postgres, nats = server_images.values()
    database = ["--publish=127.0.0.1::5432", "--env=POSTGRES_PASSWORD=outside", postgres, "postgres"]
    database += ["-c", "max_connections=200", "-c", "fsync=off"]
    broker = ["--publish=127.0.0.1::4222", nats, "nats-server", "--jetstream", "--store_dir=/tmp/jetstream"]
    engine("run", "--detach", "--name=polyclinic-external-postgres", *database)
    engine("run", "--detach", "--name=polyclinic-external-nats", *broker)
    ports = {name: engine("port", name, str(port)).strip().rsplit(":", 1)[1] for name, port in names.items()}
    yield {
        "POLYCLINIC_TEST_POSTGRES_URL": f"postgresql://postgres:outside@127.0.0.1:{ports['polyclinic-external-postgres']}/postgres",
        "POLYCLINIC_TEST_NATS_URL": f"nats://127.0.0.1:{ports['polyclinic-external-nats']}",
    }
    for name in names:
        engine("rm", "--force", "--time=0", name)


def test_the_tests_run_on_servers_that_are_there(
    engine: Engine, running_servers: dict[str, str], tmp_path: Path
) -> None:
    """POLYCLINIC_TEST_BACKEND=external: databases of the run's own are made and dropped; the servers go on."""
    said = run_sample(tmp_path / "run", POLYCLINIC_TEST_BACKEND="external", **running_servers)
    assert "passed" in said
    question = "SELECT datname FROM pg_database WHERE NOT datistemplate"
    command = ["psql", "-U", "postgres", "-h", "127.0.0.1", "-Atc", question]
    databases = engine("exec", "--env=PGPASSWORD=outside", "polyclinic-external-postgres", *command).split()
    assert databases == ["postgres"]
