"""What has happened in the fortnight so far, counted by whoever did it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Visit:
    """A visit that is to come, as its desk knows it."""

    id: str
    practitioner: int
    start: datetime


@dataclass
class Tally:
    """Counts, and the visits to come; many threads write it."""

    counts: Counter[str] = field(default_factory=Counter)
    # Days until the third free time of a practitioner, one for each that was asked for.
    third_next_days: list[float] = field(default_factory=list)
    open_minutes: int = 0
    booked_minutes: int = 0
    _visits: dict[str, Visit] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, many: int = 1) -> None:
        """So many more of these."""
        with self._lock:
            self.counts[what] += many

    def booked(self, visit: Visit) -> None:
        """A visit was booked, or is now elsewhere."""
        with self._lock:
            self._visits[visit.id] = visit

    def gone(self, visit_id: str) -> None:
        """A visit will not be."""
        with self._lock:
            self._visits.pop(visit_id, None)

    def coming(self, after: datetime) -> list[Visit]:
        """Visits that start after this instant, in the order in which they were booked."""
        with self._lock:
            return [visit for visit in self._visits.values() if visit.start > after]
