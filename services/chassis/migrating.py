"""Migrations: Alembic, run as their own step by the owner role; the chassis's tables are a branch of their own.

`protect` is what every table gets: row-level security, forced, with the tenant (and patient) policy for the app role.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alembic import command, context, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, pool, text
from sqlalchemy.exc import SQLAlchemyError

HERE = Path(__file__).parent / "migrations"
LOCK_KEY = 4900
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"


class MigrationError(Exception):
    """Migrating did not go through; the message is one clear line."""


def config_for(service: str) -> Config:
    """Alembic's configuration of one service: the chassis's branch and the service's own."""
    package = importlib.import_module(service)
    versions = Path(str(package.__file__)).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{HERE / 'versions'}\n{versions}")
    return config


def migrate(
    service: str, owner_url: str, app_role: str, worker_role: str, connect_args: Mapping[str, object] | None = None
) -> None:
    """Brings the database of `service` to the newest schema, holding an advisory lock. Raises MigrationError.

    `connect_args` are libpq's options beside the URL's (TLS).
    """
    config = config_for(service)
    config.attributes.update(app_role=app_role, worker_role=worker_role)
    engine = plain_engine(owner_url, connect_args)
    try:
        with engine.connect() as connection:
            # Session-level, so that it holds across the revisions, each of which is a transaction of its own.
            connection.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK_KEY})
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")
            connection.commit()
    except SQLAlchemyError as error:
        raise MigrationError(f"{service}: the database could not be migrated: {str(error).splitlines()[0]}") from error
    finally:
        engine.dispose()


def plain_engine(url: str, connect_args: Mapping[str, object] | None = None) -> Engine:
    """An engine without a pool, for steps that end."""
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        poolclass=pool.NullPool,
        connect_args={"connect_timeout": 5, **(connect_args or {})},
        hide_parameters=True,
    )


def role_of(url: str) -> str:
    """The role a database URL signs in as."""
    return urlsplit(url).username or ""


def code_heads(service: str) -> set[str]:
    """The newest revisions that the code knows."""
    return set(ScriptDirectory.from_config(config_for(service)).get_heads())


@cache
def _script(service: str) -> ScriptDirectory:
    """The service's migrations, read once: readiness is asked for every few seconds."""
    return ScriptDirectory.from_config(config_for(service))


@cache
def _known(service: str) -> frozenset[str]:
    return frozenset(revision.revision for revision in _script(service).walk_revisions())


def schema_is_current(service: str, engine: Engine) -> bool:
    """Whether the database answers and its schema is at least the code's (a newer one is fine)."""
    try:
        with engine.connect() as connection:
            present = set(connection.scalars(text("select version_num from alembic_version")))
    except SQLAlchemyError:
        return False
    if present - _known(service):
        return True  # newer than this code: the old release runs on the new schema
    # A revision that another one depends on is not listed by itself, so ask for all that `present` implies.
    script = _script(service)
    reached = {revision.revision for revision in script.get_all_current(tuple(present))} if present else set()
    return bool(present) and set(script.get_heads()) <= reached


# --- used inside migrations -----------------------------------------------------------------------------------------


def protect(
    table: str,
    *,
    patient_column: str | None = None,
    worker: bool = False,
    append_only: bool = False,
    directory: bool = False,
) -> None:
    """Grants and row-level security for a new table.

    `patient_column`: a patient's token sees only rows of its patients. `worker`: the worker role may touch it across
    tenants (outbox, inbox, due and the like). `append_only`: the app may insert and read, never change or delete.
    `directory`: readable before the tenant is known (slug → tenant); written within the tenant only.
    """
    app, worker_role = _roles()
    tenant = "tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid)"
    condition = tenant
    if patient_column:
        condition += (
            " and ((select nullif(current_setting('app.patients', true), '')) is null or "
            f"{patient_column} = any ((select string_to_array(current_setting('app.patients', true), ',')::uuid[])::uuid[]))"
        )
    op.execute(f'alter table "{table}" enable row level security')
    op.execute(f'alter table "{table}" force row level security')
    op.execute(f'create policy tenant on "{table}" to "{app}" using ({condition}) with check ({condition})')
    if directory:
        op.execute(f'create policy directory on "{table}" for select to "{app}" using (true)')
    rights = "select, insert" if append_only else "select, insert, update, delete"
    op.execute(f'grant {rights} on "{table}" to "{app}"')
    if worker:
        op.execute(f'create policy worker on "{table}" to "{worker_role}" using (true) with check (true)')
        op.execute(f'grant select, insert, update, delete on "{table}" to "{worker_role}"')


def app_role() -> str:
    """The app role's name, inside a migration (for grants on functions)."""
    return _roles()[0]


def worker_role() -> str:
    """The worker role's name, inside a migration."""
    return _roles()[1]


def _roles() -> tuple[str, str]:
    attributes = context.config.attributes
    return attributes["app_role"], attributes["worker_role"]


# --- used while developing ------------------------------------------------------------------------------------------


def differences(service: str, connection: Any) -> list[Any]:
    """What differs between the models and the migrated database (empty when they agree)."""
    from alembic.autogenerate import compare_metadata

    found: list[Any] = compare_metadata(
        _migration_context(connection), importlib.import_module(f"{service}.tables").Base.metadata
    )
    return found


def render_revision(service: str, connection: Any, revision: str, down: str | None, message: str) -> str:
    """The text of a migration that brings the connected database to the models, with `protect` for each new table."""
    from alembic.autogenerate import produce_migrations, render_python_code

    metadata = importlib.import_module(f"{service}.tables").Base.metadata
    script = produce_migrations(_migration_context(connection), metadata)
    assert script.upgrade_ops is not None  # noqa: S101 - produce_migrations always makes it
    body = render_python_code(script.upgrade_ops, alembic_module_prefix="op.", sqlalchemy_module_prefix="sa.")
    body = re.sub(r",?\s*info=\{[^}]*\}|astext_type=Text\(\)|# ### .* ###\n?\s*", "", body).strip()
    present = set(inspect(connection).get_table_names())
    calls = [_protect_call(table) for table in metadata.sorted_tables if table.name not in present]
    indent = "\n    "
    label = f"({service!r},)" if down is None else "None"
    depends = "'chassis_0001'" if down is None else "None"
    return (
        f'"""{message}."""\n\nimport sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n\n'
        f"from chassis.migrating import protect\n\n"
        f"revision = {revision!r}\ndown_revision = {down!r}\nbranch_labels = {label}\ndepends_on = {depends}\n\n\n"
        f"def upgrade() -> None:\n    {body}\n    {indent.join(calls)}\n\n\n"
        f'def downgrade() -> None:\n    raise RuntimeError("migrations only go forward: expand, migrate, contract")\n'
    )


def _protect_call(table: Any) -> str:
    info = table.info
    options = []
    if "patient_column" in info:
        options.append(f"patient_column={info['patient_column']!r}")
    if info.get("worker"):
        options.append("worker=True")
    if info.get("append_only"):
        options.append("append_only=True")
    if "directory" in info:
        options.append("directory=True")
    return f"protect({', '.join([repr(table.name), *options])})"


def _migration_context(connection: Any) -> MigrationContext:
    from chassis.tables import Base as ChassisBase

    ours = set(ChassisBase.metadata.tables) | {"alembic_version"}

    def include(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        if kind == "table":
            return name not in ours and not _is_partition(connection, str(name))
        return True

    return MigrationContext.configure(connection, opts={"include_object": include, "compare_type": True})


def _is_partition(connection: Any, name: str) -> bool:
    return bool(
        connection.scalar(
            text("select relispartition from pg_class where relname = :name and relkind in ('r', 'p')"), {"name": name}
        )
    )
