"""What the system costs the machine: processor time and memory by part, statements in the database."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psutil
import psycopg

from infra.local.stack import Stack

# Whoever plays an outside party is no part of the system.
OUTSIDE = "-simulator"
# Going through a table of more rows than this for one request is a defect.
LARGE = 20_000


@dataclass(frozen=True)
class Used:
    """Processor seconds by part over a stretch of time."""

    seconds: float
    cpu: Mapping[str, float]

    @property
    def system(self) -> float:
        """Of all parts but the outside parties."""
        return sum(spent for name, spent in self.cpu.items() if not name.endswith(OUTSIDE))

    def beyond(self, idle: Used) -> Used:
        """Without what the parts spend when nobody asks anything."""
        spent = {
            name: max(0.0, used - idle.cpu.get(name, 0.0) * self.seconds / idle.seconds)
            for name, used in self.cpu.items()
        }
        return Used(self.seconds, spent)

    def per_request(self, requests: int) -> dict[str, float]:
        """CPU milliseconds a request by part; those that used next to nothing are left out."""
        shares = {name: spent * 1000 / max(1, requests) for name, spent in self.cpu.items()}
        return {name: ms for name, ms in sorted(shares.items(), key=lambda item: -item[1]) if ms >= 0.005}


class Meter:
    """Reads the clocks of every process of a stack: `used()` is what was spent since it was made."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._began = time.monotonic()
        self._before = _clocks(stack)

    def used(self) -> Used:
        """What each part has spent since."""
        after = _clocks(self._stack)
        spent = {name: after[name] - self._before.get(name, 0.0) for name in after}
        return Used(time.monotonic() - self._began, spent)


def memory(stack: Stack) -> dict[str, int]:
    """Proportional memory (PSS, bytes) of every part with its children, the largest first."""
    held = {
        name: sum(_pss(one) for one in (process, *process.children(recursive=True)))
        for name, process in _processes(stack).items()
    }
    return dict(sorted(held.items(), key=lambda item: -item[1]))


def sequential_scans(stack: Stack) -> dict[str, int]:
    """How often each table of more than LARGE rows has been read from end to end, by "service.table"."""
    query = "select relname, seq_scan from pg_stat_user_tables where n_live_tup > %s"
    found = {}
    for service in stack.services:
        with psycopg.connect(stack.postgres.admin_url(service), autocommit=True) as connection:
            found.update({f"{service}.{table}": int(scans) for table, scans in connection.execute(query, (LARGE,))})
    return found


@contextlib.contextmanager
def statements(stack: Stack) -> Iterator[list[str]]:
    """PostgreSQL logs every statement meanwhile; the list is filled at the end. For a few requests: it costs time.

    The texts are without parameters.
    """
    found: list[str] = []
    log = stack.data / "postgres" / "postgres.log"
    _log_statements(stack, "all")
    start = log.stat().st_size
    try:
        yield found
    finally:
        _log_statements(stack, "none")
        with log.open(errors="replace") as lines:
            lines.seek(start)
            found += [line for line in lines if "  execute " in line or "  statement: " in line]


def _log_statements(stack: Stack, which: str) -> None:
    with psycopg.connect(stack.postgres.admin_url("postgres"), autocommit=True) as connection:
        connection.execute(f"alter system set log_statement = '{which}'".encode())
        connection.execute("select pg_reload_conf()")
    time.sleep(0.3)  # each backend reads its settings before its next statement


def _processes(stack: Stack) -> dict[str, psutil.Process]:
    return {name: psutil.Process(pid) for name, pid in stack.processes().items()}


def _clocks(stack: Stack) -> dict[str, float]:
    return {name: _seconds(process) for name, process in _processes(stack).items()}


def _seconds(process: psutil.Process) -> float:
    """Of the process, of its children that live (gunicorn's workers, PostgreSQL's backends) and of those that have ended."""
    spent = 0.0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
    return spent


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0
