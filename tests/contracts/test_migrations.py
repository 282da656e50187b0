"""The migrations build just what the models say, and every table is protected."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from chassis import migrating
from tests.contracts import registry

every_service = pytest.mark.parametrize("service", registry.SERVICES)


@pytest.fixture
def owner(service, service_harness, postgres):
    """A connection of the service's owner role to its migrated database."""
    module = __import__(f"tests.{service}.cases", fromlist=["ENVIRONMENT"])
    service_harness(service, **getattr(module, "ENVIRONMENT", {}))
    engine = create_engine(
        postgres.url(f"{service}_owner", service).replace("postgresql://", "postgresql+psycopg://", 1)
    )
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@every_service
def test_models_and_migrations_agree(service, owner):
    """A changed model without its migration fails here."""
    assert migrating.differences(service, owner) == []


@every_service
def test_every_table_forces_row_level_security_with_a_policy(service, owner):
    """No table of a service is readable across tenants by forgetting a line in a migration (partitions follow their parent)."""
    query = text(
        "select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'"
        " and relkind in ('r', 'p') and not relispartition and relname <> 'alembic_version'"
        " and not (relrowsecurity and relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))"
    )
    assert list(owner.scalars(query)) == []


@every_service
def test_app_and_worker_own_nothing_and_bypass_nothing(service, owner):
    """Their rights are only what the migrations granted."""
    query = text(
        "select rolname from pg_roles where rolname in (:app, :worker) and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole)"
    )
    names = {"app": f"{service}_app", "worker": f"{service}_worker"}
    assert list(owner.scalars(query, names)) == []
    owned = text(
        "select relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname in (:app, :worker)"
    )
    assert list(owner.scalars(owned, names)) == []


@every_service
def test_indexes_and_keys_begin_with_the_tenant(service, owner):
    """Every primary key and foreign key starts with tenant_id, so that no lookup crosses tenants."""
    query = text(
        "select c.conrelid::regclass::text from pg_constraint c join pg_class t on t.oid = c.conrelid"
        " join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]"
        " where c.contype in ('p', 'f') and not t.relispartition and t.relnamespace = 'public'::regnamespace"
        " and t.relname not in ('outbox', 'alembic_version')"
        " and a.attname <> 'tenant_id'"
    )
    assert list(owner.scalars(query)) == []
