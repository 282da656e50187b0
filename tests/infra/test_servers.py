"""The embedded servers: real ones, with the rights production gives, and nothing lost by a kill."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from infra.local.process import StartError, free_port
from infra.local.servers import EmbeddedNats, EmbeddedPostgres


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server of its own with billing's database."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False).start()
    server.provision("billing")
    yield server
    server.destroy()


def test_only_the_owner_owns(postgres: EmbeddedPostgres) -> None:
    """The app and worker roles own nothing and cannot read what they were not granted."""
    with psycopg.connect(postgres.url("billing_owner", "billing")) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS secret (id int)")
    for role in ("billing_app", "billing_worker"):
        with (
            psycopg.connect(postgres.url(role, "billing")) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SELECT * FROM secret")


def test_a_role_cannot_make_tables(postgres: EmbeddedPostgres) -> None:
    """The app role cannot change the schema."""
    with (
        psycopg.connect(postgres.url("billing_app", "billing")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE mine (id int)")


def test_a_service_cannot_enter_another_database(postgres: EmbeddedPostgres) -> None:
    """A service's roles may connect to their own database only."""
    postgres.provision("identity")
    for database in ("identity", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(postgres.url("billing_app", database))


def test_no_role_sees_past_row_level_security(postgres: EmbeddedPostgres) -> None:
    """None of a service's roles is a superuser or bypasses row-level security."""
    with psycopg.connect(postgres.admin_url()) as connection:
        rows = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'billing_%' AND (rolsuper OR rolbypassrls OR rolcreaterole)"
        ).fetchall()
    assert rows == []


def test_committed_rows_survive_a_kill(postgres: EmbeddedPostgres) -> None:
    """What was committed is there after SIGKILL and restart, on the same port."""
    url = postgres.url("billing_owner", "billing")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    postgres.kill()
    assert not postgres.alive()
    postgres.restart()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_provisioning_twice_changes_nothing(postgres: EmbeddedPostgres) -> None:
    """A second provisioning keeps the database and the passwords."""
    before = postgres.url("billing_app", "billing")
    postgres.provision("billing")
    assert postgres.url("billing_app", "billing") == before


def test_a_taken_port_is_said_in_one_line(tmp_path: Path, postgres: EmbeddedPostgres) -> None:
    """Starting on a port in use names the port and the part."""
    with pytest.raises(StartError, match=f"port {postgres.port} for PostgreSQL is already taken"):
        EmbeddedPostgres(tmp_path, postgres.port).start()


def test_nats_users_are_kept_apart(tmp_path: Path) -> None:
    """The server's configuration lets a service publish its own subjects and no other service's, and lose no stream."""
    server = EmbeddedNats(tmp_path, free_port()).start()
    try:
        text = (tmp_path / "nats.conf").read_text()
        assert text.count('"polyclinic.billing.>"') == 1
        assert '"$JS.API.STREAM.DELETE.>"' in text
        assert (tmp_path / "nats.conf").stat().st_mode & 0o077 == 0
    finally:
        server.stop()
    assert not server.alive()


@pytest.mark.parametrize("name", ["with a space", "a,b", "qu'ote", "späße", "100%"])
def test_the_data_may_lie_in_any_folder(tmp_path: Path, name: str) -> None:
    """Spaces and other signs that a list of folders or a URL would read as more than a name do no harm, nor does a strict umask."""
    before = os.umask(0o077)
    try:
        server = EmbeddedPostgres(tmp_path / name / "postgres", durable=False).start()
    finally:
        os.umask(before)
    try:
        with psycopg.connect(server.admin_url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.destroy()
