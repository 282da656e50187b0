"""Business time that goes on by itself while the clinics work, and stands still while they are proved."""

from __future__ import annotations

import http.client
import threading
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from infra.day.clock import BusinessTime, ClockError, Simulator
from infra.day.world import PLACES

# Real seconds between two instants, and how far apart they lie.
TICK_SECONDS: Final = 0.3
STEP: Final = timedelta(minutes=5)
EVENING_STEP: Final = timedelta(hours=1)
# The day's first and last instant, wall clock at the first place. Claims go out at 20:00.
OPENS: Final = (7, 0)
EVENING: Final = 18
CLOSES: Final = (21, 0)
# A step that has not been heard by everybody after so many ticks is given up: the next one says it all.
PATIENCE_TICKS: Final = 3


def next_instant(now: datetime) -> datetime:
    """Five minutes later while the clinics work, an hour later in the evening, else the next working morning."""
    zone = ZoneInfo(PLACES[0].time_zone)
    later = (now + (STEP if now.astimezone(zone).hour < EVENING else EVENING_STEP)).astimezone(zone)
    if later.isoweekday() <= 5 and OPENS <= (later.hour, later.minute) <= CLOSES:
        return later.astimezone(UTC)
    morning = later.replace(hour=OPENS[0], minute=OPENS[1])
    while morning <= now or morning.isoweekday() > 5:
        morning += timedelta(days=1)
    return morning.astimezone(UTC)


class FlowingTime(BusinessTime):
    """Business time with a current. ``hold`` before ``settle``: only what stands still can come to rest."""

    _current: threading.Thread | None = None
    _telling: Future[set[str]] | None = None
    _ticks_told = 0

    def flow(self) -> None:
        """Let it go on: a working day in some forty real seconds."""
        self._held = threading.Event()
        self._current = threading.Thread(target=self._go_on, name="business time", daemon=True)
        self._current.start()

    def hold(self) -> None:
        """Let it stand still."""
        if self._current is not None:
            self._held.set()
            self._current.join()
            self._current = None

    def leap(self, by: timedelta) -> None:
        """Business time jumps for everybody at once."""
        self._now += by

    def _go_on(self) -> None:
        while not self._held.wait(TICK_SECONDS):
            self._now = next_instant(self._now)
            self.steps += 1
            self._tell()

    def _tell(self) -> None:
        """Says the instant to whoever hears it; who is away hears a later one."""
        self._ticks_told += 1
        if self._telling is None or self._telling.done() or self._ticks_told >= PATIENCE_TICKS:
            if self._telling is not None:
                self._telling.cancel()
            self._telling, self._ticks_told = self._tell_services(self._now), 0
        try:
            self._tell_simulators(self._now)
        except (OSError, http.client.HTTPException, ClockError):
            # An outside party that is being hurt; its connection begins anew.
            self._simulators = [Simulator(simulator.url) for simulator in self._simulators]
