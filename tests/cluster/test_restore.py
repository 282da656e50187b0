"""A tenant is put back out of a restored copy, and nobody else is touched."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from infra.local.plan import ROOT
from infra.local.servers import EmbeddedPostgres

from tests.cluster.shell import run

SCRIPT = ROOT / "infra" / "cluster" / "restore-tenant.sh"
COPY = "billing_restored"


@pytest.fixture
def damaged(service_harness: Any, postgres: EmbeddedPostgres, shell: dict[str, str]) -> Any:
    """Two tenants with a ledger; a copy of it; then both go on, and the first one's data are damaged."""
    billing = service_harness("billing")
    tenants = [str(billing.tenant()), str(billing.tenant())]
    with psycopg.connect(postgres.admin_url("billing"), autocommit=True) as connection:
        for tenant in tenants:
            book(connection, tenant, 1000)
        postgres.drop_database(COPY)
        made = run(shell, "sh", "-c", f"createdb {COPY} && pg_dump billing | psql --quiet --set ON_ERROR_STOP=1 {COPY}")
        assert made.returncode == 0, made.stderr
        for tenant in tenants:
            book(connection, tenant, 77)
        # What no role of the service may do: a superuser with the triggers off, by mistake.
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE ledger_entry SET amount_minor = amount_minor * 2 WHERE tenant_id = %s", [tenants[0]])
    yield tenants
    postgres.drop_database(COPY)


def book(connection: psycopg.Connection, tenant: str, cents: int) -> None:
    """One balanced journal of two entries, written by one statement as the ledger's law asks."""
    with connection.transaction():
        journal = insert(connection, "journal", tenant_id=tenant, source_key=f"payment {cents}")
        connection.execute(
            "INSERT INTO ledger_entry (tenant_id, journal_id, number, account, amount_minor, kind, posted_on) VALUES"
            " (%(t)s, %(j)s, 1, 'cash_drawer', %(c)s, 'payment', '2026-03-02'),"
            " (%(t)s, %(j)s, 2, 'patient_receivable', -%(c)s, 'payment', '2026-03-02')",
            {"t": tenant, "j": journal, "c": cents},
        )


def insert(connection: psycopg.Connection, table: str, **values: Any) -> str:
    """A row of a table: columns that are needed and not given get a value of their type. Answers its id."""
    columns = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
        " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'",
        [table],
    ).fetchall()
    made_up = {
        "uuid": "uuidv7()",
        "text": "'x'",
        "bigint": "1",
        "timestamp with time zone": "clock_timestamp()",
        "date": "current_date",
        "jsonb": "'{}'",
        "boolean": "false",
        "bytea": "''",
    }
    names = [name for name, _ in columns]
    expressions = ["%s" if name in values else made_up[kind] for name, kind in columns]
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(expressions)}) RETURNING id"
    row = connection.execute(statement.encode(), [values[name] for name in names if name in values]).fetchone()
    assert row is not None
    return str(row[0])


def amounts(postgres: EmbeddedPostgres, database: str, tenant: str) -> list[int]:
    with psycopg.connect(postgres.admin_url(database)) as connection:
        rows = connection.execute("SELECT amount_minor FROM ledger_entry WHERE tenant_id = %s ORDER BY 1", [tenant])
        return [row[0] for row in rows]


def test_one_tenant_goes_back_and_the_other_stays(
    postgres: EmbeddedPostgres, shell: dict[str, str], damaged: list[str]
) -> None:
    """The restored tenant's books are the copy's to the cent; another tenant keeps what it has done since."""
    first, second = damaged
    assert amounts(postgres, "billing", first) == [-2000, -154, 154, 2000]
    done = run(shell, "sh", str(SCRIPT), "billing", COPY, first)
    assert done.returncode == 0, done.stderr
    assert "ledger_entry: 2 rows" in done.stdout
    assert amounts(postgres, "billing", first) == amounts(postgres, COPY, first) == [-1000, 1000]
    assert amounts(postgres, "billing", second) == [-1000, -77, 77, 1000]
    with (
        psycopg.connect(postgres.admin_url("billing")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("UPDATE ledger_entry SET amount_minor = 0 WHERE tenant_id = %s", [first])


def test_what_cannot_be_right_is_refused(shell: dict[str, str], damaged: list[str]) -> None:
    """A tenant id that is none, and a copy with another schema, change nothing."""
    refused = run(shell, "sh", str(SCRIPT), "billing", COPY, "'; drop table journal; --")
    assert refused.returncode == 1
    assert "not a tenant id" in refused.stderr
    older = run(shell, "psql", COPY, "--command", "DELETE FROM alembic_version WHERE version_num LIKE 'billing%'")
    assert older.returncode == 0
    refused = run(shell, "sh", str(SCRIPT), "billing", COPY, damaged[0])
    assert refused.returncode == 1
    assert "another schema" in refused.stderr
