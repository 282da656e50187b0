"""One screen of health for people without Grafana: what every process answers, and what needs somebody's attention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.backlog import COUNT_LIMIT
from chassis.status import Report

# Beyond these somebody should look (as the alerts in infra/observability say).
OUTBOX_SECONDS = 60
OVERDUE_SECONDS = 600
PENDING = 2_000
COLUMNS = ("SERVICE", "PROCESSES", "VERSION", "SCHEMA", "OUTBOX", "DUE", "CONSUMERS", "DEAD", "MEMORY", "CPU", "UP")


@dataclass(frozen=True)
class Gateway:
    """What was found of the gateway, which has neither a database nor a line to NATS: whether it would serve, and its answer."""

    url: str
    ready: bool
    answer: str


@dataclass(frozen=True)
class Seen:
    """What was found: the reports, the services that should have answered, and the gateway (None when it was not asked)."""

    reports: Sequence[Report]
    expected: Sequence[str]
    gateway: Gateway | None = None

    def attention(self) -> list[str]:
        """What somebody should look at, one line each."""
        by_service = _by_service(self.reports)
        lines = [f"{name}: no process answers" for name in sorted(set(self.expected) - set(by_service))]
        if self.gateway is not None and not self.gateway.ready:
            lines.append(f"gateway: not ready at {self.gateway.url} ({self.gateway.answer})")
        for name, processes in sorted(by_service.items()):
            lines += [f"{name}: {line}" for line in (*_of_processes(name, processes), *_of_work(name, processes[0]))]
        return lines

    def drawn(self, now: datetime) -> str:
        """The whole screen as text. `now` is real time."""
        lines = [_title(self.reports, now), ""]
        by_service = sorted(_by_service(self.reports).items())
        lines += _table([COLUMNS, *(_row(name, processes, now) for name, processes in by_service)])
        if self.gateway is not None:
            lines += ["", f"gateway at {self.gateway.url}: {'ready' if self.gateway.ready else self.gateway.answer}"]
        wrong = self.attention()
        lines += ["", "Needs attention:" if wrong else "Nothing needs attention.", *(f"  {line}" for line in wrong)]
        firsts = [processes[0] for _, processes in by_service]
        told = [
            (one.service, each.event, str(each.count), f"last {_clock(each.last_at)}")
            for one in firsts
            for each in one.told
        ]
        if told:
            lines += ["", "Told in the last 24 hours (UTC):", *(f"  {line}" for line in _table(told, numbers={2}))]
        planned = [
            (one.service, each.kind, str(each.planned), f"next {each.next_at[:16].replace('T', ' ')}")
            for one in firsts
            for each in one.planned
        ]
        if planned:
            lines += ["", "Planned (business time, UTC):", *(f"  {line}" for line in _table(planned, numbers={2}))]
        return "\n".join(lines)


def _of_processes(name: str, processes: Sequence[Report]) -> list[str]:
    lines = [f"{one.instance or 'a process'} is not ready" for one in processes if not one.ready]
    lines += sorted({trouble for one in processes for trouble in one.trouble})
    if processes[0].schema != "current":
        lines.append(f"the schema is older than the code: polyclinic migrate {name}")
    if len(versions := {one.version for one in processes}) > 1:
        lines.append(f"{' and '.join(sorted(versions))} run side by side")
    return lines


def _of_work(name: str, report: Report) -> list[str]:
    backlog = report.backlog
    lines = []
    if backlog is not None and backlog.oldest_seconds > OUTBOX_SECONDS:
        age = _span(backlog.oldest_seconds)
        lines.append(f"{_counted(backlog.unpublished, 'event')} not published, the oldest for {age}")
    if backlog is not None and backlog.overdue_seconds > OVERDUE_SECONDS:
        age = _span(backlog.overdue_seconds)
        lines.append(f"{_counted(backlog.overdue, 'due item')} overdue, the oldest by {age}")
    if backlog is not None and backlog.dead_letters:
        lines.append(f"{_counted(backlog.dead_letters, 'dead letter')}: polyclinic dead-letters list {name}")
    lines += [f"{one.consumer} is {one.pending} messages behind" for one in report.consumers if one.pending > PENDING]
    lines += [f"{one.retrying} × {one.kind} failed and will be tried again" for one in report.planned if one.retrying]
    return lines


def _title(reports: Sequence[Report], now: datetime) -> str:
    title = f"Polyclinic at {now:%Y-%m-%d %H:%M:%S} UTC"
    simulated = sorted({one.business_time for one in reports if one.clock == "simulated"})
    return f"{title}, business time {simulated[-1][:16].replace('T', ' ')} (simulated)" if simulated else title


def _row(name: str, processes: Sequence[Report], now: datetime) -> tuple[str, ...]:
    first, backlog = processes[0], processes[0].backlog
    ready = sum(one.ready for one in processes)
    pending = sum(one.pending + one.unacknowledged for one in first.consumers)
    started = min(datetime.fromisoformat(one.started_at) for one in processes)
    return (
        name,
        f"{ready} of {len(processes)} ready",
        " ".join(sorted({one.version or "?" for one in processes})),
        first.schema,
        "?" if backlog is None else f"{backlog.unpublished}",
        "?" if backlog is None else f"{backlog.overdue} of {backlog.planned}",
        f"{pending} left",
        "?" if backlog is None else f"{backlog.dead_letters}",
        f"{sum(one.memory_bytes for one in processes) / 2**20:.0f} MB",
        _span(sum(one.cpu_seconds for one in processes)),
        _span((now - started).total_seconds()),
    )


def _by_service(reports: Iterable[Report]) -> dict[str, list[Report]]:
    found: dict[str, list[Report]] = {}
    for report in sorted(reports, key=lambda one: one.instance):
        found.setdefault(report.service, []).append(report)
    return found


def _table(rows: Sequence[Sequence[str]], numbers: set[int] | None = None) -> list[str]:
    """Columns side by side; those in `numbers` end on the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    right = numbers or set()
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _counted(count: int, thing: str) -> str:
    """ "1 event", "2 events", and "10000 or more" where counting stopped."""
    number = f"{count} or more" if count >= COUNT_LIMIT else f"{count}"
    return f"{number} {thing}{'' if count == 1 else 's'}"


def _span(seconds: float) -> str:
    """A length of time, in its largest unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _clock(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(UTC).strftime("%H:%M:%S")
