"""How a process is doing, told over NATS to whoever asks (`polyclinic status`): every process of every service answers.

The answer is about the service's database (the same from each replica) and about the process. It holds counts, names of
events and kinds of work; never a tenant, an id or a person.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from chassis import backlog, loglines, migrating, telemetry
from chassis.backlog import Backlog, Consumption
from chassis.bus import Bus
from chassis.clock import real_now
from chassis.database import translated

SUBJECT = "operations.status"
# The pulse: what the service has told the others in so long a real time.
PULSE = timedelta(hours=24)
_STATEMENT_SECONDS = 3
_EVENTS = text("""
    select split_part(subject, '.', 5) || '.' || split_part(subject, '.', 6) as event, count(*) as count,
           max(published_at) as last_at
    from outbox where published_at > :since and subject like 'polyclinic.%' group by 1 order by 1
""")
_PLANNED = text("""
    select kind, count(*) as planned, min(due_at) as next_at, count(*) filter (where due_at <= :now) as overdue,
           count(*) filter (where attempts > 1) as retrying
    from due group by kind order by kind
""")


@dataclass(frozen=True)
class Told:
    """One kind of event: how often it was published within the pulse, and when last (real time)."""

    event: str
    count: int
    last_at: str


@dataclass(frozen=True)
class Planned:
    """One kind of due work: how many items, when the next one is due (business time), how many are late or failing."""

    kind: str
    planned: int
    next_at: str
    overdue: int
    retrying: int


@dataclass(frozen=True)
class Report:
    """A process's answer. `schema` is "current" or "behind"; what could not be read is None, with the reason in `trouble`."""

    service: str
    instance: str
    version: str
    started_at: str
    clock: str
    business_time: str
    ready: bool
    schema: str
    memory_bytes: int
    cpu_seconds: float
    backlog: Backlog | None = None
    consumers: list[Consumption] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Report:
        """Read back; fields that a newer process has added are left out. Raises ValueError for anything else."""
        values = json.loads(data)
        if not isinstance(values, dict):
            raise ValueError("not a report")
        try:
            known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
            if known.get("backlog") is not None:
                known["backlog"] = Backlog(**known["backlog"])
            known["consumers"] = [Consumption(**one) for one in known.get("consumers", [])]
            known["told"] = [Told(**one) for one in known.get("told", [])]
            known["planned"] = [Planned(**one) for one in known.get("planned", [])]
            return cls(**known)
        except TypeError as error:
            raise ValueError("not a report") from error


@dataclass(frozen=True)
class Process:
    """What a report is made from."""

    service: str
    instance: str
    clock: str
    app_engine: Engine
    worker_engine: Engine
    business_now: Callable[[], datetime]
    is_ready: Callable[[], bool]
    consumption: Callable[[], list[Consumption]]
    started_at: datetime


def answer(bus: Bus, process: Process) -> None:
    """Answers everybody who asks, as long as the bus lives."""
    bus.answer_core(SUBJECT, lambda _payload: report(process).to_bytes())


def report(process: Process) -> Report:
    """How the process is doing now; what cannot be read is told as trouble instead."""
    now = process.business_now()
    trouble: list[str] = []

    def attempt(what: str, get: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return get()
        except Exception as error:  # noqa: BLE001  (a screen of health shows what is broken)
            trouble.append(f"{what}: {loglines.told(error)}")
            return otherwise

    schema = "current" if migrating.schema_is_current(process.service, process.app_engine) else "behind"
    return Report(
        service=process.service,
        instance=process.instance,
        version=telemetry.version(),
        started_at=process.started_at.isoformat(timespec="seconds"),
        clock=process.clock,
        business_time=now.isoformat(timespec="seconds"),
        ready=process.is_ready(),
        schema=schema,
        memory_bytes=backlog.resident_bytes(),
        cpu_seconds=round(backlog.cpu_seconds(), 1),
        backlog=attempt("database", lambda: backlog.read(process.worker_engine, now), None),
        consumers=attempt("NATS", process.consumption, []),
        told=attempt("outbox", lambda: events_told(process.worker_engine), []),
        planned=attempt("due work", lambda: work_planned(process.worker_engine, now), []),
        trouble=trouble,
    )


def events_told(worker_engine: Engine) -> list[Told]:
    """What was published within the pulse, by event. Raises Unavailable."""
    rows = _rows(worker_engine, _EVENTS, {"since": real_now() - PULSE})
    return [Told(row.event, row.count, row.last_at.isoformat(timespec="seconds")) for row in rows]


def work_planned(worker_engine: Engine, now: datetime) -> list[Planned]:
    """The due work by kind at the business instant `now`. Raises Unavailable."""
    rows = _rows(worker_engine, _PLANNED, {"now": now})
    return [
        Planned(row.kind, row.planned, row.next_at.isoformat(timespec="seconds"), row.overdue, row.retrying)
        for row in rows
    ]


def _rows(engine: Engine, query: Any, values: dict[str, Any]) -> list[Any]:
    """Reads under a time limit: a screen of health must not become a load."""
    with translated(), engine.begin() as connection:
        connection.execute(text(f"set local statement_timeout = '{_STATEMENT_SECONDS}s'"))
        return list(connection.execute(query, values))
