"""The two clocks.

Business time (holds, reminders, filing limits, the visit flow) can be simulated in the demo: a driver publishes each
instant and every process acknowledges it. Real time (deadlines, tokens, leases, acks, ids) is never simulated.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

# The driver's subject; the payload is an RFC 3339 instant, the reply is the process's name.
CLOCK_SUBJECT = "clock.step"
# Last instant, kept in JetStream so that a process that starts late knows it.
CLOCK_STREAM = "CLOCK"
CLOCK_LAST_SUBJECT = "clock.last"


class BusinessClock(Protocol):
    """Tells business time as an aware UTC instant."""

    def now(self) -> datetime: ...


class SystemClock:
    """Business time is real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SimulatedClock:
    """Business time stands still until it is stepped. Steps never go back."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        return self._now

    def set(self, instant: datetime) -> None:
        """Steps to `instant` (aware); an earlier one is ignored, so that a late message does no harm."""
        if instant.tzinfo is None:
            raise ValueError("a naive datetime has no place here")
        with self._lock:
            if instant > self._now:
                self._now = instant
        for listener in self._listeners:
            listener()

    def restart(self, instant: datetime) -> None:
        """Begins anew at `instant` (aware), be it earlier: for the tests of one process, each in a time of its own.
        Nobody is told, and a running system is never set back."""
        if instant.tzinfo is None:
            raise ValueError("a naive datetime has no place here")
        with self._lock:
            self._now = instant

    def on_step(self, listener: Callable[[], None]) -> None:
        """Calls `listener` after each step (e.g. to wake the due worker)."""
        self._listeners.append(listener)


def real_now() -> datetime:
    """Real time, aware UTC: for tokens, leases, audit and ids; never for business rules."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Real seconds that never jump, for deadlines and durations."""
    return time.monotonic()
