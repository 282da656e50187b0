"""Years of history in seconds: every row of a tenant's history is copied in the database, as if it had happened again and again.

A copy is a day older than the one before it, has ids of its own, refers to the copies of what its model refers to, and belongs
to the same patient (every other one to a patient of its own, with the same name and birth date: the tenant grows as well as the
patient). What describes the network rather than its history (`SETTLED` in a service's cases) stays as it is. A new table is
copied by itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Date, DateTime, Integer, LargeBinary, String, Table, UniqueConstraint, Uuid, event

from chassis.ids import NIL
from chassis.testing import Harness

# Dates that are facts about a person and not moments of their history.
TIMELESS = {"birth_date"}
# Rows that the transaction's sequential and index scans came by, in the service's own tables.
_VISITED = "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0) from pg_stat_xact_user_tables"
# Seven hundred rows are so few that going through them all is right. The question is whether another way exists for millions.
_AS_IF_LARGE = "set local enable_seqscan = off; set local enable_bitmapscan = off"


@dataclass(frozen=True)
class Bound:
    """What one read may cost on a long history when it may not cost the same as on a short one, and why."""

    reason: str
    # Rows that are returned at most; None: as many as on the short history.
    rows: int | None = None
    # Whether the rows it comes by on the way grow with the history.
    visits_all: bool = False
    # Whether that depends on the hour at which it is asked: what of the day is still to come.
    by_hour: bool = False


@dataclass
class Cost:
    """What a call asked of its database: statements, rows they returned, rows that were visited to find those."""

    statements: int = 0
    rows: int = 0
    visited: int = 0
    texts: list[str] = field(default_factory=list, repr=False)


@contextmanager
def counted(harness: Harness) -> Iterator[Cost]:
    """Counts what the service's app role does meanwhile."""
    cost, engine = Cost(), harness.service.database.engine
    before: dict[int, int] = {}

    def visited(driver: Any) -> int:
        return int(driver.execute(_VISITED).fetchone()[0])

    def executing(connection: Any, *_rest: Any) -> None:
        driver = connection.connection.driver_connection
        driver.execute(_AS_IF_LARGE)
        before[id(driver)] = visited(driver)  # what the session has not told the statistics yet is counted as well

    def executed(connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        # Statement by statement: a read's transaction ends without a word to the engine, and its figures with it.
        driver = connection.connection.driver_connection
        cost.visited += visited(driver) - before.pop(id(driver))
        if "alembic_version" in statement:
            return  # readiness asks in the background
        cost.statements += 1
        cost.rows += max(cursor.rowcount, 0)
        cost.texts.append(f"{cursor.rowcount:>6} rows: {' '.join(statement.split())}")

    listeners = {"before_cursor_execute": executing, "after_cursor_execute": executed}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield cost
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)


class History:
    """One tenant's history in one service's database, and how it is made longer."""

    def __init__(self, service: str, dsn: str, tenant_id: UUID, settled: frozenset[str], few: frozenset[str]) -> None:
        metadata = importlib.import_module(f"{service}.tables").Base.metadata
        unknown = (settled | few) - set(metadata.tables)
        if unknown:
            raise LookupError(f"{service} has no tables {sorted(unknown)}")
        self._tables: list[Table] = [table for name, table in metadata.tables.items() if name not in settled]
        self._few = few
        self._connection = psycopg.connect(dsn, autocommit=True)
        # The copies are consistent by their making; triggers and foreign keys have proved the models.
        self._connection.execute("set session_replication_role = replica")
        self._tenant = tenant_id
        self._times = 1
        self._fixed = [NIL]
        for name in settled & {name for name, table in metadata.tables.items() if "id" in table.columns}:
            self._fixed += self._column(metadata.tables[name], "id")
        for table in self._tables:
            models = sql.SQL("create temp table {} as select * from {} where tenant_id = {}")
            self._connection.execute(models.format(_models(table), sql.Identifier(table.name), sql.Literal(tenant_id)))
        self._patients = sorted({p for table in self._tables for p in self._column(table, "patient_id")})
        for table in self._tables:
            if table.name in ("patient", "patient_copy"):
                self._patients += self._column(table, "id")

    def grow(self, times: int) -> None:
        """Makes the history `times` as long as it was at first."""
        for table in self._tables:
            self._connection.execute(self._copies(table), {"first": self._times, "last": times - 1})
        self._times = times
        self._connection.execute("analyze")

    def patient_with_most(self) -> UUID | None:
        """The patient who has the most rows."""
        tally: dict[UUID, int] = {}
        for table in self._tables:
            for patient in self._column(table, "patient_id"):
                tally[patient] = tally.get(patient, 0) + 1
        return max(tally, key=lambda one: (tally[one], one)) if tally else None

    def nothing_to_copy(self) -> list[str]:
        """Tables about patients of which the tenant has no row."""
        query = sql.SQL("select count(*) from {}")
        about_patients = [table for table in self._tables if "patient_id" in table.columns]
        tables = [table for table in about_patients if not self._scalar(query.format(_models(table)))]
        return [table.name for table in tables]

    def close(self) -> None:
        self._connection.close()

    def _scalar(self, query: sql.Composed) -> Any:
        row = self._connection.execute(query).fetchone()
        return row[0] if row else None

    def _column(self, table: Table, name: str) -> list[UUID]:
        if name not in table.columns:
            return []
        query = sql.SQL("select {} from {} where tenant_id = {} and {} is not null").format(
            sql.Identifier(name), sql.Identifier(table.name), sql.Literal(self._tenant), sql.Identifier(name)
        )
        return [row[0] for row in self._connection.execute(query)]

    def _copies(self, table: Table) -> sql.Composed:
        unique = _unique_texts(table)
        names = [column.name for column in table.columns if column.name != "tenant_id" and not column.computed]
        values = [self._value(table, name, name in unique) for name in names]
        return sql.SQL(
            "insert into {} (tenant_id, {}) select tenant_id, {} from {}, generate_series(%(first)s::int, %(last)s::int) n"
            " where {} on conflict do nothing"
        ).format(
            sql.Identifier(table.name),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join(values),
            _models(table),
            sql.SQL("mod(n, 2) = 0" if table.name in self._few else "true"),
        )

    def _value(self, table: Table, name: str, unique: bool) -> sql.Composable:
        column, kind = sql.Identifier(name), table.columns[name].type
        if isinstance(kind, Uuid):
            return sql.SQL(
                "case when {c} = any({fixed}) or {c} = any({patients}) and mod(n, 2) = 1 then {c}"
                " else md5({c}::text || n)::uuid end"
            ).format(c=column, fixed=sql.Literal(self._fixed), patients=sql.Literal(self._patients))
        if isinstance(kind, Date) and name not in TIMELESS:
            return sql.SQL("{} - n").format(column)
        if isinstance(kind, DateTime):
            return sql.SQL("{} - n * interval '1 day'").format(column)
        if unique and isinstance(kind, Integer):
            return sql.SQL("{} + n * 100000").format(column)
        if unique and isinstance(kind, LargeBinary):
            return sql.SQL("{} || n::text::bytea").format(column)
        if unique and isinstance(kind, String):
            return sql.SQL("{} || '-' || n").format(column)
        return column


def _models(table: Table) -> sql.Identifier:
    return sql.Identifier(f"model_{table.name}")


def _unique_texts(table: Table) -> set[str]:
    """Columns that tell apart what no id of its own does: the last of each unique key that has no other id in it."""
    keys = [list(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
    keys += [list(index.columns) for index in table.indexes if index.unique] + [list(table.primary_key)]
    found = set()
    for key in keys:
        own = [column for column in key if column.name != "tenant_id"]
        if own and not any(isinstance(column.type, Uuid | Date | DateTime) for column in own):
            found.add(own[-1].name)
    return found
