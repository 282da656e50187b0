"""How likely it is that nobody comes: what is looked at, and how a learned model is read. Learning is in `scheduling.training`.

What is looked at is about the booking and the patient's own record of coming; nothing about who the patient is. Age, sex, language,
address, payer, diagnosis, and what stands for them (the location, the type of visit, the name) are left out on purpose. The risk is
for reminding people and for how many more a whole session can take; it decides about nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from scheduling.domain.appointment_types import Modality

FEATURES = (
    "lead_days_log",
    "same_day",
    "first_visit",
    "earlier_visits_log",
    "missed_rate",
    "missed_last",
    "rescheduled",
    "long_visit",
    "remote",
    "early_in_the_day",
    "late_in_the_day",
    "monday",
    "friday",
)
# A patient's own rate leans on everybody's until there are so many visits.
LEAN_ON = 4.0
ADVANCE = timedelta(days=1)
# Less than this, and the base rate is all that can be said.
FEWEST_VISITS = 400
FEWEST_NO_SHOWS = 30


@dataclass(frozen=True)
class Record:
    """A patient's record of coming before a visit: how many were due, how many missed, and whether the last was."""

    due: int = 0
    missed: int = 0
    missed_last: bool = False

    def after(self, *, missed: bool) -> Record:
        """The record once another visit was due."""
        return Record(self.due + 1, self.missed + missed, missed)


@dataclass(frozen=True)
class Facts:
    """What is known of a visit before it begins. Instants aware."""

    start: datetime
    booked_at: datetime
    zone: str
    minutes: int
    modality: Modality
    reschedules: int
    record: Record


@dataclass(frozen=True)
class NoShowModel:
    """A logistic model with its calibration, or (no weights) the base rate.

    ``calibration`` is a rising curve from the raw probability to the true one, as (raw, true) points with lines between.
    """

    base_rate: float
    weights: tuple[float, ...] = ()
    intercept: float = 0.0
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    calibration: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Reason:
    """One thing that raises the risk of a visit, and by how much (log odds against the average visit)."""

    feature: str
    weight: float


def booked_in_advance(facts: Facts) -> bool:
    """Whether the visit was booked a day ahead or more. Who books for today comes: figures over all visits flatter a model."""
    return facts.start - facts.booked_at >= ADVANCE


def features(facts: Facts, base_rate: float) -> list[float]:
    """The values of FEATURES for a visit."""
    lead = max((facts.start - facts.booked_at).total_seconds() / 86_400, 0.0)
    local = facts.start.astimezone(ZoneInfo(facts.zone))
    record = facts.record
    values = {
        "lead_days_log": math.log1p(lead),
        "same_day": lead < 1,
        "first_visit": record.due == 0,
        "earlier_visits_log": math.log1p(record.due),
        "missed_rate": (record.missed + LEAN_ON * base_rate) / (record.due + LEAN_ON),
        "missed_last": record.missed_last,
        "rescheduled": min(facts.reschedules, 3),
        "long_visit": facts.minutes >= 45,
        "remote": facts.modality is not Modality.IN_PERSON,
        "early_in_the_day": local.hour < 9,
        "late_in_the_day": local.hour >= 16,
        "monday": local.isoweekday() == 1,
        "friday": local.isoweekday() == 5,
    }
    return [float(values[name]) for name in FEATURES]


def probability(model: NoShowModel, values: Sequence[float]) -> float:
    """How likely nobody comes, between 0 and 1."""
    if not model.weights:
        return model.base_rate
    raw = 1 / (1 + math.exp(-(model.intercept + sum(_contributions(model, values)))))
    return _calibrated(model.calibration, raw)


def reasons(model: NoShowModel, values: Sequence[float], most: int = 3) -> list[Reason]:
    """What raises the risk most, the strongest first; empty for the base rate."""
    if not model.weights:
        return []
    parts = [
        Reason(name, part) for name, part in zip(FEATURES, _contributions(model, values), strict=True) if part > 0.05
    ]
    return sorted(parts, key=lambda reason: -reason.weight)[:most]


def expected_no_shows(risks: Iterable[float]) -> tuple[float, float]:
    """(mean, standard deviation) of how many of these visits nobody comes to."""
    listed = list(risks)
    return sum(listed), math.sqrt(sum(p * (1 - p) for p in listed))


def extra_visits(risks: Iterable[float], cap: int) -> int:
    """How many more visits a session can take: as many as are likely not to come, a deviation on the safe side, never above the cap."""
    mean, deviation = expected_no_shows(risks)
    return max(min(math.floor(mean - deviation / 2), cap), 0)


def brier(pairs: Iterable[tuple[float, bool]]) -> float:
    """The mean squared distance of (probability, missed); 0 is perfect."""
    listed = list(pairs)
    return sum((p - missed) ** 2 for p, missed in listed) / len(listed) if listed else 0.0


def _contributions(model: NoShowModel, values: Sequence[float]) -> list[float]:
    return [
        weight * (value - mean) / scale
        for weight, value, mean, scale in zip(model.weights, values, model.means, model.scales, strict=True)
    ]


def _calibrated(points: Sequence[tuple[float, float]], raw: float) -> float:
    if not points:
        return raw
    if raw <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if raw <= x1:
            return y0 + (y1 - y0) * (raw - x0) / (x1 - x0) if x1 > x0 else y1
    return points[-1][1]
