"""The transactional outbox: events are written with their effect, and one relay per service publishes them in order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson
from google.protobuf.message import Message
from sqlalchemy import ARRAY, BigInteger, Engine, Row, Select, any_, bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from chassis import descriptors, telemetry, upkeep
from chassis.bus import Bus
from chassis.clock import real_now
from chassis.database import translated
from chassis.errors import Unavailable
from chassis.ids import uuid7
from chassis.tables import Outbox

log = telemetry.logger(__name__)
BATCH = 500
POLL_SECONDS = 1.0
# One relay at a time: the lock lives in the transaction that reads.
_LOCK = text("select pg_try_advisory_xact_lock(4901)")
# Built once: putting a statement together anew each time costs more than running it.
_TABLE = Outbox.__table__
_WRITE = insert(_TABLE)
# Many at once go as one document; the driver would send them one by one.
_WRITE_ALL = text(
    """
    insert into outbox (tenant_id, message_id, subject, aggregate, payload, headers, created_at)
    select tenant_id, message_id, subject, aggregate, decode(payload, 'hex'), headers, created_at
    from json_to_recordset(cast(:rows as json)) as r(place bigint, tenant_id uuid, message_id uuid, subject text,
        aggregate text, payload text, headers jsonb, created_at timestamptz)
    order by place
    """
)
_UNPUBLISHED: Select[Any] = (
    select(_TABLE.c.id, _TABLE.c.subject, _TABLE.c.aggregate, _TABLE.c.payload, _TABLE.c.headers, _TABLE.c.created_at)
    .where(_TABLE.c.published_at.is_(None))
    .order_by(_TABLE.c.id)
    .limit(BATCH)
)
_MARK = update(_TABLE).where(_TABLE.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))
published = telemetry.counter("polyclinic.outbox.published", description="events published")
delay = telemetry.histogram("polyclinic.outbox.delay", "s", "time from an event's writing to its publication")


def emit(session: Session, tenant_id: UUID, event: Message) -> UUID:
    """Writes `event` to the outbox in the session's transaction; returns its message id."""
    return emit_all(session, tenant_id, [event])[0]


def emit_all(session: Session, tenant_id: UUID, events: Sequence[Message]) -> list[UUID]:
    """Writes many events by one statement, in their order; returns their message ids."""
    rows = []
    for event in events:
        kind = descriptors.event_kind(event.DESCRIPTOR)
        rows.append(
            _row(
                tenant_id=tenant_id,
                subject=kind.full_subject(tenant_id),
                aggregate=f"{kind.subject.split('.')[0]}:{kind.aggregate_id(event)}",
                payload=event.SerializeToString(),
                event_type=kind.full_name,
                source=kind.service,
                message_id=uuid7(),
            )
        )
    if rows:
        _write(session, rows)
    return [row["message_id"] for row in rows]


def enqueue(
    session: Session,
    *,
    tenant_id: UUID | None,
    subject: str,
    aggregate: str,
    payload: bytes,
    event_type: str,
    source: str,
    message_id: UUID | None = None,
) -> UUID:
    """Writes any message to the outbox. Headers follow the CloudEvents NATS binding plus W3C trace context."""
    message_id = message_id or uuid7()
    row = _row(
        tenant_id=tenant_id,
        subject=subject,
        aggregate=aggregate,
        payload=payload,
        event_type=event_type,
        source=source,
        message_id=message_id,
    )
    _write(session, [row])
    return message_id


def _write(session: Session, rows: list[dict[str, Any]]) -> None:
    # The effect first: an event's place in the order is drawn while its aggregate's row is locked.
    session.flush()
    if len(rows) == 1:
        session.execute(_WRITE, rows)
    else:
        document = [{**row, "place": place, "payload": row["payload"].hex()} for place, row in enumerate(rows)]
        session.execute(_WRITE_ALL, {"rows": orjson.dumps(document).decode()})
    session.info["emitted"] = True


def _row(
    *,
    tenant_id: UUID | None,
    subject: str,
    aggregate: str,
    payload: bytes,
    event_type: str,
    source: str,
    message_id: UUID,
) -> dict[str, Any]:
    now = real_now()
    headers = {
        "Nats-Msg-Id": str(message_id),
        "ce-specversion": "1.0",
        "ce-id": str(message_id),
        "ce-type": event_type,
        "ce-source": f"polyclinic/{source}",
        "ce-time": now.isoformat(),
        "content-type": "application/protobuf",
        **telemetry.carrier(),
    }
    return {
        "tenant_id": tenant_id,
        "message_id": message_id,
        "subject": subject,
        "aggregate": aggregate,
        "payload": payload,
        "headers": headers,
        "created_at": now,
        "published_at": None,
    }


def waves(rows: Iterable[Row[Any]]) -> list[list[Row[Any]]]:
    """Splits rows (in id order) into waves: within a wave no two rows share an aggregate, and order within one is kept."""
    result: list[list[Row[Any]]] = []
    depth: dict[str, int] = {}
    for row in rows:
        level = depth.get(row.aggregate, 0)
        depth[row.aggregate] = level + 1
        if level == len(result):
            result.append([])
        result[level].append(row)
    return result


def _count(rows: Sequence[Row[Any]]) -> None:
    """Counts what was published, by event: the house's business in figures."""
    now = real_now()
    for row in rows:
        delay.record(max(0.0, (now - row.created_at).total_seconds()))
    # polyclinic.<service>.v1.<tenant>.<aggregate>.<event>: never the tenant, so that the figures stay few.
    for event, count in Counter(".".join(row.subject.split(".")[4:]) for row in rows).items():
        published.add(count, {"event": event})


class Relay:
    """Publishes the outbox. Woken after each commit, polls each second as a safety net."""

    def __init__(self, engine: Engine, bus: Bus) -> None:
        self._engine = engine
        self._bus = bus
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._upkept_at = real_now()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def wake(self) -> None:
        """Says that something was committed."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            if not self._bus.connected:
                continue
            try:
                while not self._stop.is_set() and self.publish_batch() == BATCH:
                    continue
                self._upkeep()
            except Unavailable as error:
                log.warning("relay waits", error=error.internal)
                self._stop.wait(0.2)
                self._wake.set()
            except Exception as error:
                log.error("relay failed", exception=error)
                self._stop.wait(POLL_SECONDS)

    def publish_batch(self) -> int:
        """Publishes up to BATCH events in order and marks them; returns how many. Raises Unavailable.

        What was acknowledged by the broker but not marked (a crash in between) is published again under the
        same Nats-Msg-Id, and dropped by the broker or by the consumer's inbox.
        """
        done: list[Row[Any]] = []
        with translated(), self._engine.begin() as connection:
            if not connection.scalar(_LOCK):
                return 0
            rows = connection.execute(_UNPUBLISHED).all()
            failure: Unavailable | None = None
            for wave in waves(rows):
                try:
                    self._bus.publish_all([(row.subject, row.payload, row.headers) for row in wave])
                except Unavailable as error:
                    failure = error
                    break
                done.extend(wave)
            if done:
                connection.execute(_MARK, {"ids": [row.id for row in done], "published_at": real_now()})
        _count(done)
        if failure is not None:
            raise failure
        return len(rows)

    def _upkeep(self) -> None:
        now = real_now()
        if now - self._upkept_at >= upkeep.EVERY:
            self._upkept_at = now
            upkeep.prune(self._engine, now)
