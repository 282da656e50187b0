"""The day's own view of the running system, past its APIs: SQL in every service's database and NATS's status page.

Used for two things only: to know when the system has nothing left to do, and to prove the invariants at the end.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import urllib3
from psycopg.rows import dict_row

from infra.local.process import LOOPBACK
from infra.local.stack import Stack

Row = dict[str, Any]
# Real seconds after which a system that still works on one business instant is called stuck.
STUCK_AFTER_SECONDS: Final = 90.0
LONGEST_PAUSE_SECONDS: Final = 0.015
AUDIT_STREAM: Final = "AUDIT"

BACKLOG_QUERY: Final = """
    SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS unpublished,
           (SELECT count(*) FROM due WHERE due_at <= %(now)s) AS overdue,
           (SELECT min(due_at) FROM due WHERE due_at > %(now)s) AS next_due
"""


class Stuck(Exception):
    """The system did not come to rest at one business instant; the message names what is left and where."""


class Databases:
    """Read access to every service's database as the superuser, past row-level security; reconnects after a kill."""

    def __init__(self, url_of: Callable[[str], str]) -> None:
        self._url_of = url_of
        self._connections: dict[str, psycopg.Connection[Row]] = {}
        self._lock = threading.RLock()

    def rows(self, database: str, query: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> list[Row]:
        """All rows of a query in one service's database."""
        with self._lock:
            for attempt in (1, 2):
                try:
                    return self._connection(database).execute(query.encode(), values).fetchall()
                except psycopg.OperationalError:
                    self._forget(database)
                    if attempt == 2:
                        raise
        raise AssertionError("unreachable")

    def one(self, database: str, query: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> Row:
        """The one row of a query."""
        (row,) = self.rows(database, query, values)
        return row

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for database in list(self._connections):
                self._forget(database)

    def _connection(self, database: str) -> psycopg.Connection[Row]:
        if database not in self._connections:
            made = psycopg.connect(self._url_of(database), autocommit=True, row_factory=dict_row)
            self._connections[database] = made
        return self._connections[database]

    def _forget(self, database: str) -> None:
        connection = self._connections.pop(database, None)
        if connection is not None:
            connection.close()


@dataclass(frozen=True)
class Backlog:
    """What is left to do at one business instant, by place; empty when the system is at rest."""

    left: Mapping[str, int]
    next_due: datetime | None
    stream_messages: int = 0

    @property
    def quiet(self) -> bool:
        return not self.left


@dataclass
class Observer:
    """Looks at outboxes, due tables and consumers until all are empty."""

    stack: Stack
    databases: Databases = field(init=False)
    _http: urllib3.PoolManager = field(init=False, default_factory=lambda: urllib3.PoolManager(retries=False))
    # Whoever was found at work last is asked first: most looks then end with one question.
    _order: list[str] = field(init=False)
    # Every durable consumer seen so far, with its stream.
    _consumers: set[tuple[str, str]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.databases = Databases(self.stack.postgres.admin_url)
        self._order = list(self.stack.services)

    def settle(
        self,
        now: datetime,
        *,
        timeout: float = STUCK_AFTER_SECONDS,
        pause: float = LONGEST_PAUSE_SECONDS,
        trail: bool = True,
    ) -> datetime | None:
        """Wait until nothing is left to do at ``now``; returns the next instant at which a service plans work.

        At rest means: twice in a row no consumer has a message pending or unacknowledged, no outbox row is
        unpublished, no work is due, and no stream has grown between the two looks (an effect commits its own events
        before its message is acknowledged, so nothing can hide between them). Without ``trail``, the audit trail may still
        be on its way to where it is kept: nothing that happens waits for it. Looks again after ``pause`` real seconds at
        most; raises Stuck after ``timeout``.
        """
        deadline = time.monotonic() + timeout
        before: Backlog | None = None
        wait = min(0.004, pause)
        while True:
            after = self._look(now, trail=trail)
            if before and before.quiet and after.quiet and before.stream_messages == after.stream_messages:
                return after.next_due
            if time.monotonic() > deadline:
                after = self._look(now, thorough=True)
                left = ", ".join(f"{count} {place}" for place, count in sorted(after.left.items()))
                overdue = self._overdue(now)
                raise Stuck(f"at {now:%Y-%m-%d %H:%M} UTC the system does not come to rest: {left} {overdue}".rstrip())
            if not after.quiet:
                time.sleep(wait)
                wait = min(wait * 1.5, pause)
            before = after

    def _overdue(self, now: datetime) -> str:
        """What kinds of work are overdue, and how often they have been tried."""
        query = "SELECT kind, count(*) AS n, max(attempts) AS tries FROM due WHERE due_at <= %s GROUP BY kind"
        kinds = [
            f"{row['n']} × {row['kind']} in {service} (tried {row['tries']} times)"
            for service in self.stack.services
            for row in self.databases.rows(service, query, [now])
        ]
        return f"({'; '.join(kinds)})" if kinds else ""

    def _look(self, now: datetime, *, trail: bool = True, thorough: bool = False) -> Backlog:
        """What is left at ``now``; stops at the first service that is not at rest unless all is to be told."""
        left: dict[str, int] = {}
        next_due: datetime | None = None
        messages = 0
        try:
            for service in list(self._order):
                row = self.databases.one(service, BACKLOG_QUERY, {"now": now})
                for kind in ("unpublished", "overdue"):
                    if row[kind]:
                        left[f"{kind} in {service}"] = row[kind]
                if left and not thorough:
                    self._order.remove(service)
                    self._order.insert(0, service)
                    return Backlog(left, None)
                if row["next_due"] is not None:
                    soonest = row["next_due"].astimezone(UTC)
                    next_due = soonest if next_due is None else min(next_due, soonest)
            messages = self._count_consumers(left, trail)
        except (psycopg.OperationalError, urllib3.exceptions.HTTPError, json.JSONDecodeError) as error:
            # A server that is being restarted is not at rest.
            return Backlog({f"unreachable: {error}": 1}, None)
        return Backlog(left, next_due, messages)

    def _count_consumers(self, left: dict[str, int], trail: bool) -> int:
        """Add each durable consumer's open messages to ``left``; returns how many messages the streams ever had. Without
        ``trail``, those of the audit trail do not count."""
        total = 0
        found: set[tuple[str, str]] = set()
        for stream in self.streams():
            counts = trail or stream["name"] != AUDIT_STREAM
            total += int(stream["state"]["last_seq"]) if counts else 0
            for consumer in stream.get("consumer_detail") or []:
                # Consumers without a durable name are the caches of one process; they hold nobody up.
                if not consumer["config"].get("durable_name"):
                    continue
                found.add((stream["name"], consumer["name"]))
                open_messages = consumer["num_pending"] + consumer["num_ack_pending"]
                if open_messages and counts:
                    left[f"messages for {consumer['name']} in {stream['name']}"] = open_messages
        # The status page answers before a restarted broker has found its streams again.
        if unrecovered := self._consumers - found:
            left["consumers that NATS has not recovered"] = len(unrecovered)
        self._consumers |= found
        return total

    def streams(self) -> list[Row]:
        """Every stream with its state and consumers, from NATS's status page."""
        url = f"http://{LOOPBACK}:{self.stack.nats.monitor_port}/jsz?streams=1&consumers=1&config=1"
        page = self._http.request("GET", url, timeout=5).json()
        accounts = page.get("account_details") or []
        return [stream for account in accounts for stream in account.get("stream_detail") or []]
