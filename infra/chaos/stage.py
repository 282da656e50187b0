"""What a trouble is given to work with: the stack, its lines, the points of the load, a clock for recovery."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.chaos.clinics import Clinic, Town
from infra.chaos.lines import Line
from infra.chaos.recovery import Recovery
from infra.chaos.system import ChaosStack
from infra.chaos.trouble import RECOVERY_BAR_SECONDS, Course

# Real seconds that a trouble waits for the load to reach a point before it goes on without.
POINT_SECONDS = 20.0


class Points:
    """The load's points by name: the RPC that a desk is about to call, the line that a service has just connected to."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._reached: dict[str, int] = {}

    def reach(self, name: str) -> None:
        """Somebody is there."""
        with self._condition:
            self._reached[name] = self._reached.get(name, 0) + 1
            self._condition.notify_all()

    def wait(self, name: str, timeout: float = POINT_SECONDS) -> bool:
        """Returns at the next time somebody reaches the point; False when nobody did in time."""
        with self._condition:
            before = self._reached.get(name, 0)
            return self._condition.wait_for(lambda: self._reached.get(name, 0) > before, timeout)


@dataclass
class Stage:
    """One trouble's stage; a new one for each."""

    town: Town
    clinics: list[Clinic]
    points: Points
    recovery: Recovery
    chance: random.Random
    course: Course = field(default_factory=Course)

    @property
    def stack(self) -> ChaosStack:
        return self.town.stack

    @property
    def lines(self) -> dict[str, Line]:
        return self.town.stack.lines

    @contextmanager
    def cause(self) -> Iterator[None]:
        """The cause is there within the block; at its end the time until all is well is measured."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        self.course.seconds_hurt += ended - began
        seconds = self.recovery.wait(ended)
        if seconds is None:
            self.course.faults.append(f"not well again: {self.recovery.left()}")
        elif seconds > RECOVERY_BAR_SECONDS:
            self.course.faults.append(f"well again only after {seconds} s")
        self.course.recoveries.append(seconds if seconds is not None else float("inf"))

    def last(self, seconds: float) -> None:
        """The cause goes on for so many real seconds."""
        time.sleep(seconds)

    def note(self, line: str) -> None:
        """Something worth telling in the report."""
        self.course.notes.append(line)

    def must(self, holds: bool, otherwise: str) -> None:
        """What a trouble's own script finds must be so; else the run fails with these words."""
        if not holds:
            self.course.faults.append(otherwise)
