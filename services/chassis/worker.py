"""The due worker: claims due items in batches (SKIP LOCKED) as the worker role, does each in a transaction of its tenant."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from opentelemetry.trace import SpanKind
from sqlalchemy import Row, delete, or_, select, tuple_, update

from chassis import telemetry
from chassis.call import Call
from chassis.clock import BusinessClock, real_now
from chassis.consumers import DELIVERY_LIMIT, backoff_seconds
from chassis.database import Database, Retry, Scope, translated
from chassis.deadletters import DeadLetters
from chassis.due import DueItem
from chassis.errors import Unavailable, Unprocessable
from chassis.ids import uuid7
from chassis.tables import Due
from chassis.units import Units

log = telemetry.logger(__name__)
BATCH = 100
POLL_SECONDS = 1.0
Handler = Callable[[Call, DueItem], None]
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
        # Items of one instant run side by side, later ones wait: what is due first happens first.
        start = 0
        while start < len(items):
            end = start
            while end < len(items) and items[end].due_at == items[start].due_at:
                end += 1
            list(self._pool.map(self._do, items[start:end]))
            start = end
        return len(items)

    def _claim(self) -> list[Row[Any]]:
        now = real_now()
        with translated(), self._database.worker_engine.begin() as connection:
            ready = (
                select(Due.tenant_id, Due.kind, Due.key)
                .where(
                    Due.due_at <= self._clock.now(),
                    or_(Due.not_before.is_(None), Due.not_before <= now),
                    Due.kind.in_(self._handlers),
                )
                .order_by(Due.due_at)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
            keys = [tuple(row) for row in connection.execute(ready)]
            if not keys:
                return []
            rows = connection.execute(
                update(Due)
                .where(tuple_(Due.tenant_id, Due.kind, Due.key).in_(keys))
                .values(not_before=now + self._lease, attempts=Due.attempts + 1)
                .returning(Due)
            ).all()
        return sorted(rows, key=lambda row: row.due_at)

    def _do(self, row: Row[Any]) -> None:
        item = DueItem(kind=row.kind, key=row.key, due_at=row.due_at, payload=row.payload, attempts=row.attempts)
        headers = {"traceparent": row.traceparent} if row.traceparent else None
        with telemetry.span(f"due {row.kind}", SpanKind.CONSUMER, headers) as span:
            try:
                with self._units.system_call(row.tenant_id) as call:
                    call.session.info["doing"] = row.kind
                    # Taken back or rescheduled since it was claimed: then it is not ours to do.
                    mine = delete(Due).where(
                        Due.tenant_id == row.tenant_id,
                        Due.kind == row.kind,
                        Due.key == row.key,
                        Due.generation == row.generation,
                    )
                    if call.session.scalar(mine.returning(Due.key)) is None:
                        return
                    self._handlers[row.kind](call, item)
                done.add(1, {"kind": row.kind})
                lateness.record(max(0.0, (self._clock.now() - row.due_at).total_seconds()), {"kind": row.kind})
            except Exception as error:
                telemetry.mark_error(span, type(error).__name__)
                self._failed(row, item, error)

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
        mine = (
            Due.tenant_id == row.tenant_id,
            Due.kind == row.kind,
            Due.key == row.key,
            Due.generation == row.generation,
        )
        try:
            if isinstance(error, Unprocessable) or (item.attempts >= DELIVERY_LIMIT and not passing):
                with self._database.transaction(Scope(row.tenant_id)) as session:
                    session.execute(delete(Due).where(*mine))
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
                with translated(), self._database.worker_engine.begin() as connection:
                    delay = timedelta(seconds=backoff_seconds(min(item.attempts, 6) if passing else item.attempts))
                    connection.execute(update(Due).where(*mine).values(not_before=real_now() + delay))
        except Exception as failure:  # the lease runs out by itself
            log.error("due failure not recorded", exception=failure, kind=item.kind)
