"""What a service has left to do, and how full it is: read for the gauges and for `polyclinic status`, by one query each.

Backlogs are in the database, so every replica reads the same numbers: dashboards take the maximum over replicas. Pools
and memory are each process's own.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, text
from sqlalchemy.pool import QueuePool

from chassis import telemetry
from chassis.clock import BusinessClock, monotonic
from chassis.database import Database, translated
from chassis.pools import MeasuredPool
from chassis.telemetry import Reading

# Enough to know that it is bad; counting a million rows four times a minute would make it worse.
COUNT_LIMIT = 10_000
_BACKLOG = text("""
    select (select count(*) from (select from outbox where published_at is null limit :most) as unpublished)
           as unpublished,
           (select coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float
              from (select created_at from outbox where published_at is null order by id limit 1) as first)
           as oldest_seconds,
           (select count(*) from (select from due where due_at <= :now limit :most) as overdue) as overdue,
           (select coalesce(extract(epoch from :now - min(due_at)), 0)::float from due where due_at <= :now)
           as overdue_seconds,
           (select count(*) from (select from due limit :most) as planned) as planned,
           (select count(*) from (select from due where attempts > 1 limit :most) as retrying) as retrying,
           (select count(*) from (select from dead_letter where replayed_at is null limit :most) as dead) as dead
""")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Backlog:
    """Rows of the whole installation, every tenant together; none counted beyond COUNT_LIMIT.

    `oldest_seconds`: real seconds since the oldest unpublished event was written. `overdue_seconds`: business seconds
    since the oldest due work was due.
    """

    unpublished: int
    oldest_seconds: float
    overdue: int
    overdue_seconds: float
    planned: int
    retrying: int
    dead_letters: int


@dataclass(frozen=True)
class Consumption:
    """What a durable consumer has left: `pending` not delivered yet, `unacknowledged` in somebody's hands."""

    consumer: str
    pending: int
    unacknowledged: int
    redelivered: int


def read(worker_engine: Engine, now: datetime) -> Backlog:
    """The service's backlog at the business instant `now`. Raises Unavailable when the database is away."""
    with translated(), worker_engine.connect() as connection:
        row = connection.execute(_BACKLOG, {"now": now, "most": COUNT_LIMIT}).one()
    return Backlog(
        unpublished=row.unpublished,
        oldest_seconds=max(0.0, row.oldest_seconds),
        overdue=row.overdue,
        overdue_seconds=row.overdue_seconds,
        planned=row.planned,
        retrying=row.retrying,
        dead_letters=row.dead,
    )


unpublished = telemetry.gauge("polyclinic.outbox.unpublished", "{event}", "events written and not yet published")
oldest = telemetry.gauge("polyclinic.outbox.oldest.age", "s", "age of the oldest event that is not yet published")
overdue = telemetry.gauge("polyclinic.due.overdue", "{item}", "due items whose time has come and that are not done")
overdue_age = telemetry.gauge("polyclinic.due.overdue.age", "s", "business seconds since the oldest of them was due")
retrying = telemetry.gauge("polyclinic.due.retrying", "{item}", "due items that have failed at least once")
dead = telemetry.gauge("polyclinic.dead_letters.waiting", "{letter}", "dead letters that nobody has replayed")
pending = telemetry.gauge("polyclinic.consumer.pending", "{message}", "messages that a consumer has not been given yet")
unacknowledged = telemetry.gauge(
    "polyclinic.consumer.unacknowledged", "{message}", "messages given out and not yet done"
)
connections = telemetry.gauge("polyclinic.database.connections", "{connection}", "connections of a pool in use")
connections_limit = telemetry.gauge(
    "polyclinic.database.connections.limit", "{connection}", "connections that a pool may have"
)
busy = telemetry.gauge("polyclinic.pool.busy", "{thread}", "threads of a pool that run a task")
waiting = telemetry.gauge("polyclinic.pool.waiting", "{task}", "tasks that wait for a thread of a pool")
threads = telemetry.gauge("polyclinic.pool.threads", "{thread}", "threads that a pool may have")
ready = telemetry.gauge("polyclinic.ready", "{process}", "1 when the process serves, 0 when it is alive but not ready")
connected = telemetry.gauge("polyclinic.bus.connected", "{process}", "1 when the process is connected to NATS")
memory = telemetry.gauge("process.memory.usage", "By", "resident memory")
cpu = telemetry.total("process.cpu.time", "s", "processor time used since the process began")


def watch_backlog(database: Database, clock: BusinessClock) -> None:
    """Gauges of outbox, due work and dead letters; the database is asked once a collection."""

    def now_read(take: Callable[[Backlog], float]) -> Callable[[], Iterable[Reading]]:
        return lambda: [(take(latest()), {})]

    latest = _once_a_collection(lambda: read(database.worker_engine, clock.now()))
    unpublished.watch(now_read(lambda backlog: backlog.unpublished))
    oldest.watch(now_read(lambda backlog: backlog.oldest_seconds))
    overdue.watch(now_read(lambda backlog: backlog.overdue))
    overdue_age.watch(now_read(lambda backlog: backlog.overdue_seconds))
    retrying.watch(now_read(lambda backlog: backlog.retrying))
    dead.watch(now_read(lambda backlog: backlog.dead_letters))


def watch_consumers(consumption: Callable[[], Sequence[Consumption]]) -> None:
    """Gauges of each durable consumer; the broker is asked once a collection."""
    latest = _once_a_collection(consumption)
    pending.watch(lambda: [(one.pending, {"consumer": one.consumer}) for one in latest()])
    unacknowledged.watch(lambda: [(one.unacknowledged, {"consumer": one.consumer}) for one in latest()])


def watch_pools(database: Database, pools: Sequence[MeasuredPool]) -> None:
    """Gauges of connections and threads."""
    engines = {"app": database.engine, "worker": database.worker_engine}
    sized = {name: engine.pool for name, engine in engines.items() if isinstance(engine.pool, QueuePool)}
    connections.watch(lambda: [(pool.checkedout(), {"pool": name}) for name, pool in sized.items()])
    connections_limit.watch(lambda: [(pool.size(), {"pool": name}) for name, pool in sized.items()])
    busy.watch(lambda: [(pool.busy, {"pool": pool.name}) for pool in pools])
    waiting.watch(lambda: [(pool.waiting, {"pool": pool.name}) for pool in pools])
    threads.watch(lambda: [(pool.threads, {"pool": pool.name}) for pool in pools])


def watch_bus(is_connected: Callable[[], bool]) -> None:
    """Whether the process is connected to NATS."""
    connected.watch(lambda: [(int(is_connected()), {})])


def watch_process(is_ready: Callable[[], bool]) -> None:
    """Gauges of the process itself."""
    ready.watch(lambda: [(int(is_ready()), {})])
    memory.watch(lambda: [(resident_bytes(), {})])
    cpu.watch(lambda: [(cpu_seconds(), {})])


T = TypeVar("T")
# Gauges of one reading are collected one after the other, within this many real seconds.
_COLLECTION_SECONDS = 0.5


def _once_a_collection(get: Callable[[], T]) -> Callable[[], T]:
    """Asks once for all the gauges that show parts of one answer; what failed is not asked again for each of them."""
    kept: list[tuple[float, T | Exception]] = []

    def latest() -> T:
        if not kept or monotonic() - kept[0][0] > _COLLECTION_SECONDS:
            try:
                answer: T | Exception = get()
            except Exception as error:  # noqa: BLE001  (raised below, for each gauge)
                answer = error
            kept[:] = [(monotonic(), answer)]
        found = kept[0][1]
        if isinstance(found, Exception):
            raise found
        return found

    return latest


def resident_bytes() -> int:
    """Memory of this process that is in RAM; its greatest extent so far where the system has no /proc."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * _PAGE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def cpu_seconds() -> float:
    """Processor time of this process, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
