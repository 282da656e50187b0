"""Kills things while the day goes on: each service, the gateway, NATS and PostgreSQL, at named points, by the day's
seed.

A strike happens in the middle of whatever the named point is about (a wave of bookings, an hour of the clinic, a
remittance), a moment after the point was reached; the victim is started again at once, as a supervisor would. The
day's clients only see calls that take longer.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

from infra.day.context import Day, Strike
from infra.day.invariants.kills import VICTIMS

# Each at least twice; the servers that everybody depends on once more.
ROUNDS = (*VICTIMS, *VICTIMS, "NATS", "PostgreSQL", "scheduling", "billing")
# How many strikes fall into which part of the day (the first word of a point's name); what is left over falls into the last.
QUOTAS = {"booking": 6, "reminders": 2, "clinic": 7, "money": len(ROUNDS)}
# Every how many points of a part somebody is struck, so that its end has strikes as well as its beginning.
SPACING = {"booking": 2, "clinic": 2, "money": 6}
# Real seconds between reaching a point and the strike.
LONGEST_FUSE = 0.4


class Rota:
    """Whom to strike at which point, by the seed alone."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"{seed}/chaos")
        self._queue = list(ROUNDS)
        self._random.shuffle(self._queue)
        self._left = dict(QUOTAS)
        self._reached: Counter[str] = Counter()

    def next_at(self, point: str) -> tuple[str, float] | None:
        """The victim, and the real seconds between the point and the strike; None when this point is spared."""
        part = point.partition(",")[0].split()[0]
        number = self._reached[part]
        self._reached[part] += 1
        if not self._queue or not self._left[part] or number % SPACING.get(part, 1):
            return None
        self._left[part] -= 1
        return self._queue.pop(), self._random.uniform(0, LONGEST_FUSE)


class Chaos:
    """Strikes at the points that the day reaches until all rounds are done."""

    def __init__(self, day: Day) -> None:
        self._stack = day.stack
        self._rota = Rota(day.options.seed)
        self._strikes = day.strikes
        self._under_way: threading.Thread | None = None
        self._failure: Exception | None = None
        day.progress.say(f"chaos: {len(ROUNDS)} SIGKILLs will come, seed {day.options.seed}")

    def figures(self) -> dict[str, object]:
        """What was killed how often, and every strike in order."""
        return {
            "kills": len(self._strikes),
            "victims": dict(Counter(strike.victim for strike in self._strikes)),
            "slowest_restart_seconds": round(max((strike.seconds for strike in self._strikes), default=0), 1),
            "strikes": [f"{strike.victim} at {strike.point}" for strike in self._strikes],
        }

    def reach(self, point: str) -> None:
        """The day has reached a named point: strike, unless the last victim is still getting up."""
        if self._failure is not None:
            raise self._failure
        if self._under_way is not None and self._under_way.is_alive():
            return
        strike = self._rota.next_at(point)
        if strike is not None:
            self._under_way = threading.Thread(target=self._strike, args=(point, *strike), name="chaos")
            self._under_way.start()

    def finish(self) -> None:
        """Wait until the last victim is up again; raises what went wrong with a restart."""
        if self._under_way is not None:
            self._under_way.join()
        if self._failure is not None:
            raise self._failure

    def _strike(self, point: str, victim: str, fuse: float) -> None:
        time.sleep(fuse)
        began = time.monotonic()
        try:
            process = self._stack.processes().get(victim)
            self._stack.kill(victim)
            self._stack.restart(victim)
        except Exception as error:  # noqa: BLE001 (raised again in the day's own thread)
            error.add_note(f"{victim} was killed at {point!r} and did not get up again")
            self._failure = error
            return
        self._strikes.append(Strike(point, victim, process, time.monotonic() - began))
