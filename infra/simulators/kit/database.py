"""Durable state of a simulator: one SQLite file, so that a SIGKILL loses nothing that was acknowledged."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SHARED_TABLES = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS webhook (
  id INTEGER PRIMARY KEY, lane TEXT NOT NULL, due_at TEXT NOT NULL, url TEXT NOT NULL, body BLOB NOT NULL,
  content_type TEXT NOT NULL, secret TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  retry_at REAL NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS webhook_pending ON webhook (due_at, id) WHERE delivered = 0;
"""


class Database:
    """One SQLite connection shared by the threads of a process under one lock.

    Write-ahead logging with `synchronous=NORMAL`: a committed transaction survives the death of the process (only a
    power cut could lose the last ones), and a commit costs tens of microseconds.
    """

    def __init__(self, path: Path, tables: str) -> None:
        """Opens (and creates, when absent) the file at `path` with the simulator's own `tables` (idempotent SQL)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SHARED_TABLES + tables)
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; a nested use joins the outer transaction."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._connection
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Every row of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self._lock:
            row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return row

    def setting(self, name: str, default: Any = None) -> Any:
        """A value kept by `save_setting`, else `default`."""
        row = self.one("SELECT value FROM setting WHERE name = ?", name)
        return default if row is None else json.loads(row["value"])

    def save_setting(self, name: str, value: Any) -> None:
        """Keeps a JSON value by name."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, json.dumps(value)),
            )

    def next_number(self, counter: str) -> int:
        """1, 2, 3 … for the named counter; never given twice, also after a restart."""
        with self.transaction():
            number = int(self.setting(f"counter:{counter}", 0)) + 1
            self.save_setting(f"counter:{counter}", number)
            return number

    def close(self) -> None:
        """Closes the file; no method may be used afterwards."""
        with self._lock:
            self._connection.close()
