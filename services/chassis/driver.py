"""psycopg as the chassis uses it: without what it does for each transaction and each statement although nobody looks at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import psycopg
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn


class Columns(Sequence[psycopg.Column]):
    """The columns of a result, described when somebody looks: SQLAlchemy asks after each statement whether there are any,
    and reads them after the first of its kind only. A patient's row has thirty."""

    def __init__(self, cursor: Cursor, count: int) -> None:
        self._cursor = cursor
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> psycopg.Column: ...

    @overload
    def __getitem__(self, index: slice) -> list[psycopg.Column]: ...

    def __getitem__(self, index: int | slice) -> psycopg.Column | list[psycopg.Column]:
        return self._described()[index]

    def __iter__(self) -> Iterator[psycopg.Column]:
        return iter(self._described())

    def _described(self) -> list[psycopg.Column]:
        return self._cursor.described() or []


class Cursor(psycopg.Cursor[Any]):
    """A cursor that describes its columns when they are looked at."""

    @property
    def description(self) -> Columns | None:  # type: ignore[override]  # a sequence is what DB-API asks for
        """The columns of the result; None without one."""
        result = self.pgresult
        if result is None or (not result.nfields and super().description is None):
            return None
        return Columns(self, result.nfields)

    def described(self) -> list[psycopg.Column] | None:
        """The columns as psycopg itself describes them."""
        return super().description


def execute(connection: PGconn, statement: str) -> str:
    """Runs a statement without parameters, past all that psycopg does around one. Returns what went wrong, "" when nothing did."""
    try:
        result = connection.exec_(statement.encode())
    except psycopg.OperationalError as error:  # it has been closed on our side
        return type(error).__name__
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return ""
    return connection.error_message.decode(errors="replace").strip() or "no reason was given"


def is_gone(connection: PGconn) -> bool:
    """Whether the server has closed this connection."""
    return bool(connection.status == ConnStatus.BAD)
