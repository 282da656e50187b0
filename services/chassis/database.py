"""Engines, and the one way to open a transaction: tenant, patient scope and deadline set in one statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from chassis import driver, errors, loglines, telemetry
from chassis.orm import Reference
from chassis.settings import ServiceSettings

# What a transaction may take at most when nobody set a deadline (milliseconds).
DEFAULT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 2_000

_ENTER_TENANT = text("select set_config('app.tenant', :tenant, true)")


@dataclass(frozen=True)
class Scope:
    """Whose rows a transaction may see. ``patient_ids`` None: all patients of the tenant."""

    tenant_id: UUID | None
    patient_ids: tuple[UUID, ...] | None = None
    read_only: bool = False
    timeout_seconds: float | None = None


class Database:
    """A service's database as its app role (tenant-scoped) and its worker role (outbox, inbox, due work)."""

    def __init__(self, settings: ServiceSettings) -> None:
        threads = settings.database_pool_size
        self.engine = _engine(settings.database_url, threads, settings)
        self.worker_engine = _engine(settings.database_worker_url, settings.database_worker_pool_size, settings)
        # The same connections for what is one statement: it is its own transaction, in one round trip instead of three.
        self.worker_statements = self.worker_engine.execution_options(isolation_level="AUTOCOMMIT")
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, autoflush=True)
        event.listen(self._sessions, "loaded_as_persistent", _keep_at_hand)
        event.listen(self._sessions, "after_flush", _forget_if_changed)

    @contextmanager
    def transaction(self, scope: Scope) -> Iterator[Session]:
        """One transaction of the app role: commits at the end, rolls back on any exception.

        Only the chassis calls this. Raises the house's errors for what PostgreSQL refuses (see `translated`).
        """
        session = self._sessions()
        session.info["tenant_id"] = scope.tenant_id
        session.info["read_only"] = scope.read_only
        session.info["at_hand"], session.info["memory"] = [], {}
        telemetry.belongs_to(scope.tenant_id)
        try:
            with translated():
                _begin(session, scope)
                yield session
                _commit(session, scope)
        except BaseException:
            # A connection that PostgreSQL dropped cannot roll back; the error that matters is the first one.
            with _suppressed():
                session.rollback()
            raise
        finally:
            with _suppressed():
                session.close()

    @staticmethod
    def enter_tenant(session: Session, tenant_id: UUID) -> None:
        """Gives a transaction that began without a tenant its tenant; it cannot be changed afterwards."""
        if session.info.get("tenant_id") not in (None, tenant_id):
            raise RuntimeError("a transaction belongs to one tenant")
        session.info["tenant_id"] = tenant_id
        telemetry.belongs_to(tenant_id)
        session.execute(_ENTER_TENANT, {"tenant": str(tenant_id)})

    def dispose(self) -> None:
        """Closes all pooled connections."""
        self.engine.dispose()
        self.worker_engine.dispose()


def _keep_at_hand(session: Session, row: object) -> None:
    """A session refers to its rows weakly, so a row that is asked for, dropped and asked for again is read twice."""
    if isinstance(row, Reference):
        session.info["at_hand"].append(row)


def _forget_if_changed(session: Session, context: object) -> None:
    """What a transaction remembers of reference rows (`chassis.store.remembered`) ends with the first that it writes itself."""
    if session.info["memory"] and any(
        isinstance(row, Reference) for rows in (session.new, session.dirty, session.deleted) for row in rows
    ):
        session.info["memory"].clear()


def _begin(session: Session, scope: Scope) -> None:
    """Begins the transaction and sets tenant, patients and deadline, all in one round trip.

    psycopg would send BEGIN by itself and SET after it: two round trips of the four that a simple read costs. So this
    goes to libpq directly; psycopg sees a transaction under way and sends no BEGIN of its own. The texts are safe to
    put together: UUIDs and integers only.

    A connection that the server closed while it lay in the pool (a restart, an operator) is thrown away and the next one
    taken: nothing has been asked yet, so nobody need hear of it.
    """
    timeout = DEFAULT_TIMEOUT_MS if scope.timeout_seconds is None else max(1, int(scope.timeout_seconds * 1000))
    patients = ",".join(map(str, scope.patient_ids)) if scope.patient_ids is not None else ""
    while True:
        connection = session.connection()
        raw = connection.connection.driver_connection
        if raw is None:
            raise errors.Unavailable(internal="the connection is gone")
        # PostgreSQL 16 limits each statement only; between statements the chassis looks at the clock.
        limit = "transaction_timeout" if raw.pgconn.server_version >= 170000 else "statement_timeout"
        statement = (
            f"begin {'read only' if scope.read_only else 'read write'};"
            f" select set_config('app.tenant', '{scope.tenant_id or ''}', true),"
            f" set_config('app.patients', '{patients}', true), set_config('{limit}', '{timeout}', true),"
            f" set_config('lock_timeout', '{min(timeout, LOCK_TIMEOUT_MS)}', true)"
        )
        reason = driver.execute(raw.pgconn, statement)
        if not reason:
            connection.info["used"] = True
            session.info["raw"] = raw
            return
        pooled = driver.is_gone(raw.pgconn) and "used" in connection.info
        connection.invalidate()
        if not pooled:
            raise errors.Unavailable(internal=f"no transaction could begin: {reason}")
        session.rollback()


def _commit(session: Session, scope: Scope) -> None:
    """Commits. Where nothing could have been written one round trip ends the transaction, which psycopg then finds ended; it would
    roll it back otherwise, and forget the statements that it has prepared."""
    if not scope.read_only:
        session.commit()
        return
    session.flush()  # whoever writes here is told so
    reason = driver.execute(session.info["raw"].pgconn, "commit")
    if reason:
        raise errors.Unavailable(internal=f"the transaction did not end: {reason}")


@contextmanager
def _suppressed() -> Iterator[None]:
    try:
        yield
    except DBAPIError:
        return


def _engine(url: str, size: int, settings: ServiceSettings) -> Engine:
    connect_args: dict[str, object] = {"connect_timeout": 5, "cursor_factory": driver.Cursor, **tls_options(settings)}
    if not settings.database_prepared_statements:
        connect_args["prepare_threshold"] = None
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=size,
        max_overflow=0,
        pool_timeout=5,
        pool_use_lifo=True,
        connect_args=connect_args,
        json_serializer=_json,
        json_deserializer=orjson.loads,
        hide_parameters=True,  # they may hold PHI, and exceptions end up in logs
    )


def _json(value: object) -> str:
    """How a JSON column is written: a remittance writes ten thousand of them in one transaction."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def tls_options(settings: ServiceSettings) -> dict[str, str]:
    """libpq's options for the TLS that the settings ask for (empty: as the URL says)."""
    if not settings.database_sslmode:
        return {}
    options = {"sslmode": settings.database_sslmode}
    if settings.database_sslmode.startswith("verify"):
        options["sslrootcert"] = settings.database_ca_file or "system"
    return options


class Retry(Exception):
    """PostgreSQL chose this transaction as a victim (deadlock, serialisation): running it again will help."""

    def __init__(self, internal: str = "") -> None:
        super().__init__(internal)
        self.internal = internal


@contextmanager
def translated() -> Iterator[None]:
    """Turns what SQLAlchemy and PostgreSQL raise into the house's errors."""
    try:
        yield
    except StaleDataError as error:
        raise errors.StaleVersion(internal=str(error)) from error
    except PoolTimeout as error:
        raise errors.Unavailable(internal="no database connection is free") from error
    except DBAPIError as error:
        if (translation := _translate(error)) is None:
            raise
        raise translation from error


def _translate(error: DBAPIError) -> Exception | None:
    """The house's word for it; None for what has none (a bug)."""
    state = getattr(error.orig, "sqlstate", None)
    internal = loglines.of_postgres(error.orig) if isinstance(error.orig, psycopg.Error) else type(error).__name__
    if state in ("40P01", "40001"):
        return Retry(internal)
    if state == "55P03":
        return errors.Unavailable(0.2, internal=internal)
    if state in ("57014", "25P04"):
        return errors.DeadlineExceeded(internal=internal)
    if (
        isinstance(error, OperationalError)
        or error.connection_invalidated
        or isinstance(error.orig, psycopg.OperationalError)
    ):
        return errors.Unavailable(internal=internal)
    if isinstance(error, IntegrityError) and state == "23505":
        return errors.Conflict(internal=internal)
    if isinstance(error, IntegrityError) and state == "23503":
        return errors.FailedPrecondition("It refers to something that does not exist.", internal=internal)
    if isinstance(error, DataError):
        return errors.InvalidInput(
            [errors.Violation("", "holds a character or a number that cannot be stored")], internal=internal
        )
    return None
