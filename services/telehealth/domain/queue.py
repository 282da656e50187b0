"""How long somebody waits: the same clinician's visits that come before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Ahead:
    """A visit that comes before: its planned time (aware UTC), and whether it is under way."""

    start: datetime
    end: datetime
    under_way: bool


def expected_start(planned: datetime, now: datetime, ahead: Iterable[Ahead]) -> datetime:
    """When a visit planned for `planned` can begin: never before that, and after those ahead, each as long as planned.

    A visit under way is taken to end when it was to end, or now when it is over its time.
    """
    free = now
    for one in sorted(ahead, key=lambda each: (not each.under_way, each.start)):
        free = max(free, one.end) if one.under_way else max(free, one.start) + (one.end - one.start)
    return max(planned, free)
