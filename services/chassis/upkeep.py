"""Upkeep: once an hour the worker deletes what has had its time in the chassis's tables."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Engine, delete

from chassis.database import translated
from chassis.tables import DeadLetter, IdempotencyKey, Inbox, Outbox

EVERY = timedelta(hours=1)
# Published rows stay, so that a broker that lost its disk can be refilled.
KEEP_PUBLISHED = timedelta(days=7)
# Longer than streams keep messages (14 days): no redelivery can concern an older row.
KEEP_INBOX = timedelta(days=30)
KEEP_KEYS = timedelta(hours=48)


def prune(worker_engine: Engine, now: datetime) -> int:
    """Deletes expired rows of every tenant; `now` is real time. Returns how many."""
    statements = (
        delete(Outbox).where(Outbox.published_at < now - KEEP_PUBLISHED),
        delete(Inbox).where(Inbox.received_at < now - KEEP_INBOX),
        delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEEP_KEYS),
        delete(DeadLetter).where(DeadLetter.expires_at < now),
    )
    deleted = 0
    with translated(), worker_engine.begin() as connection:
        for statement in statements:
            result: CursorResult[tuple[()]] = connection.execute(statement)
            deleted += result.rowcount
    return deleted
