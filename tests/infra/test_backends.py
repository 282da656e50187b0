"""The choice of the tests' servers: what is said wrong is one clear line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from infra.local.backends import ExternalPostgres, nats_for_tests, postgres_for_tests
from infra.local.process import StartError
from infra.local.servers import EmbeddedPostgres


def test_an_unknown_backend_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A misspelt choice is told, not silently the default."""
    monkeypatch.setenv("POLYCLINIC_TEST_BACKEND", "container")
    with pytest.raises(StartError, match="embedded, containers, external"):
        postgres_for_tests(tmp_path)


@pytest.mark.parametrize("variable", ["POLYCLINIC_TEST_POSTGRES_URL", "POLYCLINIC_TEST_NATS_URL"])
def test_an_external_backend_needs_its_urls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str) -> None:
    """Without the URL the variable is named."""
    monkeypatch.setenv("POLYCLINIC_TEST_BACKEND", "external")
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(StartError, match=variable):
        (postgres_for_tests if "POSTGRES" in variable else nats_for_tests)(tmp_path)


@pytest.fixture
def both(postgres: EmbeddedPostgres) -> Any:
    """Two test processes on one server."""
    url = postgres.admin_url().replace(f"postgres@/postgres?host={postgres._socket_dir}&port={postgres.port}", "")
    assert url == "postgresql://"
    with psycopg.connect(postgres.admin_url(), autocommit=True) as connection:
        connection.execute("ALTER ROLE postgres PASSWORD 'known'")
    place = f"postgresql://postgres:known@127.0.0.1:{postgres.port}/postgres"
    made = [ExternalPostgres(place, suffix).start() for suffix in ("_gw0_1", "_gw1_2")]
    yield made
    for each in made:
        each.destroy()


def test_processes_on_one_server_have_databases_of_their_own(both: list[ExternalPostgres]) -> None:
    """The same service is provisioned for each, under the same roles, and each sees its own database; both end with them."""
    first, second = both
    for each in both:
        each.provision("shared")
        each.provision("shared")
    with psycopg.connect(first.url("shared_owner", "shared"), autocommit=True) as connection:
        connection.execute("CREATE TABLE mine ()")
    with psycopg.connect(second.url("shared_owner", "shared")) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
    first.destroy()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(first.admin_url("shared"))
    assert second.alive()
