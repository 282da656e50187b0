"""Due work: things to be done when business time comes, kept in a table, done once, in a transaction of their tenant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis import telemetry
from chassis.tables import Due


@dataclass(frozen=True)
class DueItem:
    """One piece of due work as its handler sees it."""

    kind: str
    key: str
    due_at: datetime
    payload: dict[str, Any]
    attempts: int


@dataclass(frozen=True)
class Bulk:
    """A handler of many pieces of work at once: a list of one kind and one tenant in the order of their instants, in one
    transaction.

    For work that is cheap and comes in crowds. When it raises, each piece is done by itself, by the same handler.
    """

    handle: Callable[[Any, list[DueItem]], None]


# Built once: appointments alone schedule several items each.
_WRITE = insert(Due.__table__)
_SCHEDULE = _WRITE.on_conflict_do_update(
    index_elements=["tenant_id", "kind", "key"],
    set_={
        **{name: _WRITE.excluded[name] for name in ("due_at", "payload", "attempts", "not_before", "traceparent")},
        "generation": Due.__table__.c.generation + 1,
    },
)
_SCHEDULE_ALL = text(
    """
    insert into due (tenant_id, kind, key, generation, due_at, payload, attempts, not_before, traceparent)
    select :tenant_id, :kind, asked.key, 1, asked.at, '{}', 0, null, :traceparent
    from unnest(cast(:keys as text[]), cast(:times as timestamptz[])) as asked(key, at)
    on conflict (tenant_id, kind, key) do update set
        due_at = excluded.due_at, payload = excluded.payload, attempts = excluded.attempts,
        not_before = excluded.not_before, traceparent = excluded.traceparent, generation = due.generation + 1
    """
)


class DueWork:
    """Schedules due work in the transaction of a call."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def at(self, kind: str, key: str | UUID, when: datetime, payload: dict[str, Any] | None = None) -> None:
        """(Re)schedules the work `kind`/`key` of this tenant for `when` (aware business instant)."""
        if when.tzinfo is None:
            raise ValueError("a naive datetime has no place here")
        values = {
            "tenant_id": self._session.info["tenant_id"],
            "kind": kind,
            "key": str(key),
            "generation": 1,
            "due_at": when,
            "payload": payload or {},
            "attempts": 0,
            "not_before": None,
            # Work that plans its own next time (a daily batch) begins a new trace each time; else one would never end.
            "traceparent": None if self._session.info.get("doing") == kind else telemetry.carrier().get("traceparent"),
        }
        self._session.flush()
        self._session.execute(_SCHEDULE, values)
        self._session.info["due"] = True

    def all_at(self, kind: str, times: Mapping[UUID, datetime]) -> None:
        """As `at` for many pieces of work without payloads, by key: one statement, however many."""
        if not times:
            return
        if any(when.tzinfo is None for when in times.values()):
            raise ValueError("a naive datetime has no place here")
        doing = self._session.info.get("doing") == kind
        values = {
            "tenant_id": self._session.info["tenant_id"],
            "kind": kind,
            "keys": [str(key) for key in times],
            "times": list(times.values()),
            "traceparent": None if doing else telemetry.carrier().get("traceparent"),
        }
        self._session.flush()
        self._session.execute(_SCHEDULE_ALL, values)
        self._session.info["due"] = True

    def under_way(self, kind: str, key: str | UUID) -> bool:
        """Whether somebody is doing this very work now. Whoever plans it anew would wait for them; who only wants it soon need not."""
        named = (Due.tenant_id == self._session.info["tenant_id"], Due.kind == kind, Due.key == str(key))
        if self._session.scalar(select(literal(1)).where(*named).with_for_update(skip_locked=True, of=Due)) is not None:
            return False
        return self._session.scalar(select(literal(1)).select_from(Due).where(*named)) is not None

    def cancel(self, kind: str, key: str | UUID) -> None:
        """Takes the work back; nothing happens when there is none."""
        self._session.execute(
            delete(Due).where(Due.tenant_id == self._session.info["tenant_id"], Due.kind == kind, Due.key == str(key))
        )
