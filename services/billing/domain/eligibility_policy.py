"""When a payer is asked ahead of a visit, and how long its answer is good for: each organisation's rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

MORNING = time(6, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """A payer's last good answer about a coverage: when it came, for which day it was asked, and when the plan ends."""

    answered_at: datetime
    service_date: date
    active: bool
    plan_ends: date | None


@dataclass(frozen=True, slots=True)
class EligibilityPolicy:
    """Asked `days_ahead` days before a visit; a coverage that was active is not asked about again within `fresh_days` (0: always).

    With `again_each_month` an answer about another calendar month is not fresh: Medicaid and many plans end with a month.
    """

    days_ahead: int = 3
    fresh_days: int = 7
    again_each_month: bool = False

    def asks_at(self, service_date: date, now: datetime) -> datetime:
        """When to ask about a visit's day: that morning (UTC instant), or now when it is over."""
        return max(now, datetime.combine(service_date - timedelta(days=self.days_ahead), MORNING))

    def fresh(self, answer: Answer | None, service_date: date, now: datetime) -> bool:
        """Whether the answer is good enough for a visit on `service_date`."""
        if answer is None or not answer.active:
            return False
        if answer.plan_ends is not None and answer.plan_ends < service_date:
            return False
        asked, wanted = answer.service_date, service_date
        if self.again_each_month and (asked.year, asked.month) != (wanted.year, wanted.month):
            return False
        return now - answer.answered_at < timedelta(days=self.fresh_days)
