"""What the chart gives to NATS and PostgreSQL is tried on the real servers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import psycopg
import pytest
from infra.local import servers
from infra.local.process import free_ports
from infra.local.servers import EmbeddedPostgres

from tests.charts.broker import Broker
from tests.charts.rendering import Installer, Rendered, kebab
from tests.depth import deep


def authorization(installed: Rendered) -> str:
    return str(installed.one("ConfigMap", "nats-config")["data"]["authorization.conf"])


@pytest.fixture
def broker(installer: Installer, tmp_path: Path) -> Iterator[Broker]:
    """A trial's one server."""
    made = Broker(installer.file("values"), tmp_path / "0")
    yield made
    made.child.stop()


@pytest.fixture
def brokers(installer: Installer, tmp_path: Path) -> Iterator[list[Broker]]:
    """Three servers that find each other."""
    installed = installer.render({"nats": {"replicas": 3}, "global": {"nats": {"streamReplicas": 3}}})
    routes = tuple(free_ports(3))
    made = [Broker(installed, tmp_path / str(index), index, routes) for index in range(3)]
    yield made
    for each in made:
        each.child.stop()


def eventually(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs ``work`` until the servers are there (a connection or JetStream may be refused before that)."""
    pause = threading.Event()
    for attempt in range(40):
        try:
            asyncio.run(work())
            return
        except (OSError, nats.errors.Error):
            if attempt == 39:
                raise
            pause.wait(0.2)


@asynccontextmanager
async def connected(installed: Rendered, port: int, user: str, refusals: list[str]) -> AsyncIterator[Any]:
    """A client of the server at ``port``; what the server refuses it lands in ``refusals``."""

    async def note(error: Exception) -> None:
        refusals.append(str(error))

    client = await nats.connect(
        f"nats://127.0.0.1:{port}",
        user=user,
        password=installed.secrets["polyclinic-nats-credentials"][f"nats-password-{user}"],
        error_cb=note,
        connect_timeout=5,
        allow_reconnect=False,
    )
    try:
        yield client
    finally:
        await client.close()


def test_nats_takes_the_configuration_and_keeps_services_apart(installer: Installer, broker: Broker) -> None:
    """Each user publishes its own events only; JetStream works; streams lie encrypted on the disk."""
    installed, refusals = installer.file("values"), list[str]()

    async def go() -> None:
        async with connected(installed, broker.port, "billing", refusals) as billing:
            # Asked before it is ready, it does not answer.
            stream = billing.jetstream(timeout=1)
            await stream.add_stream(name="BILLING", subjects=["polyclinic.billing.v1.>"])
            await stream.publish("polyclinic.billing.v1.t.claim.filed", b"a secret diagnosis")
            await billing.publish("polyclinic.scheduling.v1.t.appointment.booked", b"forged")
            await billing.flush()
            with pytest.raises(nats.errors.Error):
                await stream.delete_stream("BILLING")

    async def delete() -> None:
        async with connected(installed, broker.port, "ops", refusals) as operator:
            assert await operator.jetstream().delete_stream("BILLING")

    eventually(go)
    assert any("polyclinic.scheduling.v1" in refusal for refusal in refusals)
    blocks = list((broker.folder / "store").rglob("*.blk"))
    assert blocks
    assert not [path for path in blocks if b"a secret diagnosis" in path.read_bytes()]
    asyncio.run(delete())


@deep
def test_three_servers_keep_three_copies(installer: Installer, brokers: list[Broker]) -> None:
    """With three replicas the servers form a cluster, and a stream of three copies survives one of them."""
    installed = installer.file("values")

    async def write() -> None:
        async with connected(installed, brokers[0].port, "billing", []) as client:
            stream = client.jetstream(timeout=10)
            await stream.add_stream(name="BILLING", subjects=["polyclinic.billing.v1.>"], num_replicas=3)
            await stream.publish("polyclinic.billing.v1.t.claim.filed", b"kept")

    async def read() -> None:
        async with connected(installed, brokers[1].port, "billing", []) as client:
            message = await client.jetstream(timeout=10).get_msg("BILLING", 1)
            assert message.data == b"kept"

    eventually(write)
    brokers[0].child.kill()
    eventually(read)


def test_the_laptops_nats_has_the_same_permissions(installer: Installer) -> None:
    """What a service may publish is one table, in the cluster as on the laptop."""
    text = authorization(installer.file("values"))
    for package in servers.SERVICES:
        allowed = [f"polyclinic.{package}.>", *servers.JETSTREAM_SUBJECTS, *servers.SHARED_SUBJECTS]
        block = text.split(f"user: {package}\n")[1].split("user: ")[0]
        listed = [part.strip(' "') for part in block.split("allow: [")[1].split("]")[0].split(",")]
        denied = [part.strip(' "') for part in block.split("deny: [")[1].split("]")[0].split(",")]
        assert sorted(listed) == sorted(allowed)
        assert sorted(denied) == sorted(servers.DESTRUCTIVE_SUBJECTS)
        assert f"password: $NATS_PASSWORD_{package.upper()}" in block


def test_an_operators_nats_is_told_the_same(installed: Rendered) -> None:
    """The authorization file is rendered for the operator's own NATS too, with no password in it."""
    text = authorization(installed)
    packages = {installed.values[each]["package"] for each in installed.services}
    assert {line.split()[1] for line in text.splitlines() if line.strip().startswith("user: ")} == packages
    for secret in installed.of("Secret"):
        assert not [value for value in secret["stringData"].values() if len(value) > 8 and value in text]


def test_postgresql_is_provisioned_as_services_need_it(
    installer: Installer, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    """The chart's script makes databases, roles and limits, twice without harm; and the roles are as on the laptop."""
    scripts = installer.file("values").one("ConfigMap", "postgresql-provision")["data"]
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
    passwords = tmp_path / "passwords"
    passwords.mkdir()
    for role in servers.ROLES:
        (passwords / f"chartbilling_{role}").write_text(f"p'{role}\"$x")
    programs = postgres.programs
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PGHOST": str(postgres._socket_dir),
        "PGPORT": str(postgres.port),
        "PGUSER": "postgres",
        "PASSWORDS": str(passwords),
    }
    for _ in range(2):
        done = subprocess.run(
            ["sh", str(tmp_path / "provision.sh"), "chartbilling:57"],  # noqa: S607
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == "chartbilling is provisioned\n"
    postgres.provision("laptopbilling")

    def shape(service: str) -> list[Any]:
        with psycopg.connect(postgres.admin_url(service)) as connection:
            roles = connection.execute(
                "SELECT replace(rolname, %s, ''), rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolcanlogin"
                " FROM pg_roles WHERE rolname LIKE %s ORDER BY 1",
                [service, f"{service}\\_%"],
            ).fetchall()
            rights = connection.execute(
                "SELECT replace(datacl::text, %(s)s, ''), pg_get_userbyid(datdba) = %(s)s || '_owner' FROM pg_database"
                " WHERE datname = %(s)s",
                {"s": service},
            ).fetchall()
            schema = connection.execute(
                "SELECT replace(nspacl::text, %(s)s, ''), pg_get_userbyid(nspowner) = %(s)s || '_owner'"
                " FROM pg_namespace WHERE nspname = 'public'",
                {"s": service},
            ).fetchall()
        return [roles, rights, schema]

    assert shape("chartbilling") == shape("laptopbilling")
    with psycopg.connect(postgres.admin_url()) as connection:
        limit = connection.execute("SELECT datconnlimit FROM pg_database WHERE datname = 'chartbilling'").fetchone()
    assert limit == (57,)
    with psycopg.connect(
        host="127.0.0.1", port=postgres.port, dbname="chartbilling", user="chartbilling_app", password="p'app\"$x"
    ) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("chartbilling_app",)


def test_the_trials_server_is_provisioned_for_every_service(installer: Installer) -> None:
    """The Job names each service's database with its limit, and every password it reads is in the Secret."""
    installed = installer.file("values")
    (job,) = [each for each in installed.of("Job") if "-provision-" in each["metadata"]["name"]]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    asked = dict(each.split(":") for each in container["args"])
    assert set(asked) == set(servers.SERVICES)
    secret = installed.one("Secret", "postgresql-credentials")["stringData"]
    assert {f"{service}_{role}" for service in asked for role in servers.ROLES} <= set(secret)
    for service, limit in asked.items():
        assert int(limit) == installed.values[service]["database"]["connectionLimit"]
        assert installed.one("Secret", f"{kebab(service)}-database")["stringData"]["app-url"].endswith(
            f":5432/{service}"
        )
