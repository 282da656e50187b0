"""A restored database counts on above everything it had told before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from infra.local.servers import EmbeddedPostgres

from chassis import cli
from chassis.epochs import VERSIONS, versioned_tables
from tests.cluster.shell import run
from tests.identity import cases

COPY = "identity_epoch"
FORCED = "SELECT count(*) FROM pg_class WHERE relname = ANY(%s) AND relkind IN ('r', 'p') AND relrowsecurity AND relforcerowsecurity"


@pytest.fixture
def restored(
    service_harness: Any, postgres: EmbeddedPostgres, shell: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection]:
    """A copy of identity's database with an organisation in it, and the operator's environment for it."""
    identity = service_harness("identity")
    cases.world(identity, identity.tenant())
    postgres.drop_database(COPY)
    made = run(shell, "sh", "-c", f"createdb {COPY} && pg_dump identity | psql --quiet --set ON_ERROR_STOP=1 {COPY}")
    assert made.returncode == 0, made.stderr
    for kind, role in (("", "app"), ("WORKER_", "worker"), ("OWNER_", "owner")):
        monkeypatch.setenv(f"POLYCLINIC_DATABASE_{kind}URL", postgres.url(f"identity_{role}", COPY))
    with psycopg.connect(postgres.admin_url(COPY), autocommit=True) as connection:
        yield connection
    postgres.drop_database(COPY)


def versions(connection: psycopg.Connection) -> list[int]:
    rows = connection.execute("SELECT version FROM billing_entity ORDER BY id").fetchall()
    return [row[0] for row in rows]


def test_a_new_epoch_lies_above_the_old_one(restored: psycopg.Connection, capsys: pytest.CaptureFixture[str]) -> None:
    """Each row keeps its count within the epoch; twice is the epoch after; row-level security is forced as before."""
    before = versions(restored)
    assert before
    tables = versioned_tables("identity")
    forced = restored.execute(FORCED, [tables]).fetchone()
    assert cli.main(["new-epoch", "identity"]) == 0
    assert versions(restored) == [VERSIONS + version for version in before]
    assert "rows" in capsys.readouterr().out
    assert cli.main(["new-epoch", "identity"]) == 0
    assert versions(restored) == [2 * VERSIONS + version for version in before]
    assert restored.execute(FORCED, [tables]).fetchone() == forced == (len(tables),)


def test_without_the_owner_it_is_refused_in_a_line(
    restored: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The app's role owns nothing, and nothing is changed."""
    before = versions(restored)
    monkeypatch.setenv("POLYCLINIC_DATABASE_OWNER_URL", os.environ["POLYCLINIC_DATABASE_URL"])
    assert cli.main(["new-epoch", "identity"]) == 1
    assert capsys.readouterr().err.startswith("polyclinic: identity: no new epoch was begun")
    assert versions(restored) == before
