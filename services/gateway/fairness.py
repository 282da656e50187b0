"""Fair turns: one tenant's flood does not stand in front of everybody else's requests.

A process serves a few requests at once well (its places); more only share the same processors. A tenant that asks for more than
these by itself, and for several times what is usual among those who are there, has these places and no more for as long as
it does so, and its further requests wait in its own line. That costs a large organisation next to nothing, since more at once
would not be served faster. A tenant that is alone, and all who ask as others do, are never bounded.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import exp
from statistics import median_low

from chassis.errors import RateLimited

# How long what was asked counts: seconds after which a third of it is left.
MEMORY_SECONDS = 1.0
# Who had fewer requests here than this, on average over that time, is not there.
PRESENT = 0.02
LOOK_AROUND_SECONDS = 0.25
# So many times the usual is a flood.
FLOOD = 3.0
# A request waits for its turn so long, and so many of one tenant do; then they are told to come again.
LONGEST_WAIT_SECONDS = 2.0
LONGEST_LINE = 64
COME_AGAIN_SECONDS = 1.0


class _Place:
    """What a waiting request holds: it is given a place, or gives up."""

    __slots__ = ("called", "given")

    def __init__(self) -> None:
        self.given = False
        self.called = threading.Event()


class _Line:
    """One tenant's requests: how many are here, of these being served, and how many there were on average lately."""

    __slots__ = ("at", "here", "mean", "served", "waiting")

    def __init__(self, now: float) -> None:
        self.here = self.served = 0
        self.mean, self.at = 0.0, now
        self.waiting: deque[_Place] = deque()

    def change(self, by: int, now: float) -> None:
        """So many more or fewer are here."""
        left = exp((self.at - now) / MEMORY_SECONDS)
        self.mean = self.mean * left + self.here * (1.0 - left)
        self.at = now
        self.here += by


class Turns:
    """The places of one process. ``places`` 0: everybody is served at once."""

    def __init__(self, places: int, monotonic: Callable[[], float]) -> None:
        self._places = places
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        # Of all tenants, those who wait.
        self._in_line = 0
        # How many tenants are there, and how many requests of one are usually under way.
        self._present, self._usual, self._looked_at = 1, 0.0, monotonic()

    @contextmanager
    def turn(self, tenant_id: str) -> Iterator[None]:
        """The time in which a request of a tenant is served ('': nobody's). Raises RateLimited when its line is too long or
        does not move."""
        if not self._places or not tenant_id:
            yield
            return
        line = self._enter(tenant_id)
        try:
            yield
        finally:
            with self._lock:
                line.served -= 1
                self._gone(line)

    def _enter(self, tenant_id: str) -> _Line:
        now = self._monotonic()
        with self._lock:
            line = self._lines.get(tenant_id)
            if line is None:
                line = self._lines[tenant_id] = _Line(now)
            line.change(1, now)
            if now - self._looked_at > LOOK_AROUND_SECONDS:
                self._look_around(now)
            if not line.waiting and line.served < self._part(line):
                line.served += 1
                return line
            if len(line.waiting) >= LONGEST_LINE:
                self._gone(line)
                raise RateLimited(retry_after=COME_AGAIN_SECONDS)
            place = _Place()
            line.waiting.append(place)
            self._in_line += 1
        place.called.wait(LONGEST_WAIT_SECONDS)
        with self._lock:
            if not place.given:
                line.waiting.remove(place)
                self._in_line -= 1
                self._gone(line)
                raise RateLimited(retry_after=COME_AGAIN_SECONDS)
        return line

    def _gone(self, line: _Line) -> None:
        """One request less; whoever may be served now is."""
        now = self._monotonic()
        line.change(-1, now)
        if not self._in_line:
            return
        for one in self._lines.values():
            while one.waiting and one.served < self._part(one):
                place = one.waiting.popleft()
                place.given = True
                self._in_line -= 1
                one.served += 1
                place.called.set()

    def _part(self, line: _Line) -> int:
        """How many requests of this tenant may be served at once now."""
        asked = max(line.mean, float(line.here))
        if self._present < 2 or asked <= self._places or asked <= FLOOD * self._usual:
            return line.served + len(line.waiting) + 1
        return self._places

    def _look_around(self, now: float) -> None:
        """Counts who is there and what they ask, and forgets who has gone."""
        self._looked_at = now
        for tenant_id, line in list(self._lines.items()):
            line.change(0, now)
            if not line.here and line.mean < PRESENT:
                del self._lines[tenant_id]
        asked = [line.mean for line in self._lines.values() if line.mean >= PRESENT]
        self._present, self._usual = len(asked), median_low(asked) if asked else 0.0
