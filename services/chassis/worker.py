"""The due worker: claims due items in batches (SKIP LOCKED) as the worker role, does each in a transaction of its tenant."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from opentelemetry.trace import SpanKind
from sqlalchemy import ARRAY, BigInteger, Row, Text, and_, any_, bindparam, delete, func, or_, select, update

from chassis import telemetry
from chassis.call import Call
from chassis.clock import BusinessClock, real_now
from chassis.consumers import DELIVERY_LIMIT, backoff_seconds
from chassis.database import Database, Retry, Scope, translated
from chassis.deadletters import DeadLetters
from chassis.due import Bulk, DueItem
from chassis.errors import Unavailable, Unprocessable
from chassis.ids import uuid7
from chassis.tables import Due
from chassis.units import Units

log = telemetry.logger(__name__)
BATCH = 100
# How many pieces of work share a transaction where their handler takes lists: their locks are held together.
BULK_SIZE = 16
POLL_SECONDS = 1.0
Handler = Callable[[Call, DueItem], None] | Bulk
# Built once: each process asks this at every wake.
_DUE = Due.__table__
_READY = (
    select(_DUE.c.tenant_id, _DUE.c.kind, _DUE.c.key)
    .where(
        _DUE.c.due_at <= bindparam("business_now"),
        or_(_DUE.c.not_before.is_(None), _DUE.c.not_before <= bindparam("now")),
        _DUE.c.kind == any_(bindparam("kinds", type_=ARRAY(Text))),
    )
    .order_by(_DUE.c.due_at)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
    .cte("ready")
)
_CLAIM = (
    update(_DUE)
    .where(and_(*(_DUE.c[name] == _READY.c[name] for name in ("tenant_id", "kind", "key"))))
    .values(not_before=bindparam("until"), attempts=_DUE.c.attempts + 1)
    .returning(_DUE)
)
# Taken back or rescheduled since it was claimed: then it is not ours to do.
_MINE = and_(*(_DUE.c[name] == bindparam(f"the_{name}") for name in ("tenant_id", "kind", "key", "generation")))
_TAKE = delete(_DUE).where(_MINE).returning(_DUE.c.key)
_CLAIMED = (
    func.unnest(bindparam("keys", type_=ARRAY(Text)), bindparam("generations", type_=ARRAY(BigInteger)))
    .table_valued("key", "generation", name="claimed")
    .render_derived()
)
_TAKE_MANY = (
    delete(_DUE)
    .where(_DUE.c.tenant_id == bindparam("the_tenant_id"), _DUE.c.kind == bindparam("the_kind"))
    .where(_DUE.c.key == _CLAIMED.c.key, _DUE.c.generation == _CLAIMED.c.generation)
    .returning(_DUE.c.key)
)
_RELEASE = update(_DUE).where(_MINE).values(not_before=bindparam("until"))
done = telemetry.counter("polyclinic.due.done", description="due items done")
failed = telemetry.counter("polyclinic.due.failed", description="attempts at due items that failed")
lateness = telemetry.histogram(
    "polyclinic.due.lateness", "s", "business time from an item's due instant to its doing", telemetry.LATENESS_SECONDS
)


class DueWorker:
    """Runs a service's due work."""

    def __init__(
        self,
        service: str,
        database: Database,
        clock: BusinessClock,
        units: Units,
        dead_letters: DeadLetters,
        pool: ThreadPoolExecutor,
        redelivery_seconds: float = 40.0,
    ) -> None:
        self._service = service
        self._lease = timedelta(seconds=redelivery_seconds)
        self._database = database
        self._clock = clock
        self._units = units
        self._dead_letters = dead_letters
        self._pool = pool
        self._handlers: dict[str, Handler] = {}
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="due", daemon=True)

    def add(self, handlers: Mapping[str, Handler]) -> None:
        if twice := self._handlers.keys() & handlers.keys():
            raise ValueError(f"due kinds with two handlers: {sorted(twice)}")
        self._handlers.update(handlers)

    def start(self) -> None:
        if self._handlers:
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def wake(self) -> None:
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            try:
                while not self._stop.is_set() and self.run_batch():
                    continue
            except Unavailable as error:
                log.warning("due worker waits", error=error.internal)
                self._stop.wait(POLL_SECONDS)
            except Exception as error:
                log.error("due worker failed", exception=error)
                self._stop.wait(POLL_SECONDS)

    def run_batch(self) -> int:
        """Claims and does up to BATCH items that are due now; returns how many were claimed."""
        items = self._claim()
        # What is due first happens first: a stretch waits for the one before it.
        for _, stretch in groupby(items, self._stretch):
            list(self._pool.map(self._do_in_order, self._lines(list(stretch))))
        return len(items)

    def _stretch(self, row: Row[Any]) -> object:
        """Neighbours in the order of their instants that are begun together have the same one: those of one instant, and those
        of a kind whose handler takes lists, whatever their instants."""
        return row.kind if isinstance(self._handlers[row.kind], Bulk) else row.due_at

    def _lines(self, items: list[Row[Any]]) -> Iterator[list[Sequence[Row[Any]]]]:
        """What may run side by side of a stretch: lines of bulks, each bulk a transaction. A tenant's pieces of one kind that
        are due one after another are one line; what is due at one instant has no order."""

        def whose(row: Row[Any]) -> tuple[str, UUID]:
            return row.kind, row.tenant_id

        in_order = items[0].due_at != items[-1].due_at
        for (kind, _), group in groupby(sorted(items, key=whose), whose):
            rows = list(group)
            size = BULK_SIZE if isinstance(self._handlers[kind], Bulk) else 1
            bulks: list[Sequence[Row[Any]]] = [rows[start : start + size] for start in range(0, len(rows), size)]
            yield from [bulks] if in_order else ([bulk] for bulk in bulks)

    def _do_in_order(self, bulks: list[Sequence[Row[Any]]]) -> None:
        for bulk in bulks:
            self._do_bulk(bulk)

    def _claim(self) -> list[Row[Any]]:
        now = real_now()
        values = {
            "business_now": self._clock.now(),
            "now": now,
            "until": now + self._lease,
            "kinds": list(self._handlers),
        }
        with translated(), self._database.worker_statements.connect() as connection:
            rows = connection.execute(_CLAIM, values).all()
        return sorted(rows, key=lambda row: (row.due_at, row.kind))

    def _do_bulk(self, rows: Sequence[Row[Any]]) -> None:
        if len(rows) == 1 or not self._do_together(rows):
            for row in rows:
                self._do(row)

    def _do_together(self, rows: Sequence[Row[Any]]) -> bool:
        """Does them in one transaction; returns False, with nothing done, when they must go piece by piece."""
        kind, tenant_id = rows[0].kind, rows[0].tenant_id
        claimed = {
            "the_tenant_id": tenant_id,
            "the_kind": kind,
            "keys": [row.key for row in rows],
            "generations": [row.generation for row in rows],
        }
        # Work of many traces: a trace of its own, begun by none of them.
        with telemetry.span(f"due {kind} bulk", SpanKind.CONSUMER) as span:
            try:
                with self._units.system_call(tenant_id) as call:
                    call.session.info["doing"] = kind
                    mine = set(call.session.scalars(_TAKE_MANY, claimed))
                    taken = [row for row in rows if row.key in mine]
                    self._handle(call, taken)
            except Unavailable as error:  # none of them would fare better alone
                telemetry.mark_error(span, type(error).__name__)
                for row in rows:
                    self._failed(row, _item(row), error)
                return True
            except Exception as error:
                log.warning("due work goes piece by piece", kind=kind, error=error)
                return False
        self._count(taken)
        return True

    def _do(self, row: Row[Any]) -> None:
        headers = {"traceparent": row.traceparent} if row.traceparent else None
        with telemetry.span(f"due {row.kind}", SpanKind.CONSUMER, headers) as span:
            try:
                with self._units.system_call(row.tenant_id) as call:
                    call.session.info["doing"] = row.kind
                    if call.session.scalar(_TAKE, _named(row)) is None:
                        return
                    self._handle(call, [row])
                self._count([row])
            except Exception as error:
                telemetry.mark_error(span, type(error).__name__)
                self._failed(row, _item(row), error)

    def _handle(self, call: Call, rows: Sequence[Row[Any]]) -> None:
        """Hands pieces of one kind to their handler."""
        if not rows:
            return
        handler = self._handlers[rows[0].kind]
        items = [_item(row) for row in rows]
        if isinstance(handler, Bulk):
            handler.handle(call, items)
        else:
            for item in items:
                handler(call, item)

    def _count(self, rows: Sequence[Row[Any]]) -> None:
        now = self._clock.now()
        for row in rows:
            done.add(1, {"kind": row.kind})
            lateness.record(max(0.0, (now - row.due_at).total_seconds()), {"kind": row.kind})

    def _failed(self, row: Row[Any], item: DueItem, error: Exception) -> None:
        passing = isinstance(error, Unavailable | Retry)
        failed.add(1, {"kind": item.kind, "error": type(error).__name__})
        log.error(
            "due work failed",
            exception=None if passing else error,
            kind=item.kind,
            attempts=item.attempts,
            error=error,
        )
        try:
            if isinstance(error, Unprocessable) or (item.attempts >= DELIVERY_LIMIT and not passing):
                with self._database.transaction(Scope(row.tenant_id)) as session:
                    session.execute(_TAKE, _named(row))
                    kept = {
                        "kind": item.kind,
                        "key": item.key,
                        "payload": item.payload,
                        "due_at": item.due_at.isoformat(),
                    }
                    payload = json.dumps(kept).encode()
                    self._dead_letters.write(
                        session,
                        tenant_id=row.tenant_id,
                        source="due",
                        consumer=f"{self._service}-due",
                        subject=item.kind,
                        message_id=uuid7(),
                        payload=payload,
                        headers={},
                        error=error,
                        attempts=item.attempts,
                    )
            else:
                delay = timedelta(seconds=backoff_seconds(min(item.attempts, 6) if passing else item.attempts))
                with translated(), self._database.worker_statements.connect() as connection:
                    connection.execute(_RELEASE, {**_named(row), "until": real_now() + delay})
        except Exception as failure:  # the lease runs out by itself
            log.error("due failure not recorded", exception=failure, kind=item.kind)


def _item(row: Row[Any]) -> DueItem:
    return DueItem(kind=row.kind, key=row.key, due_at=row.due_at, payload=row.payload, attempts=row.attempts)


def _named(row: Row[Any]) -> dict[str, Any]:
    """Which generation of which item, for the statements above."""
    return {f"the_{name}": getattr(row, name) for name in ("tenant_id", "kind", "key", "generation")}
