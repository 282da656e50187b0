"""When payers are asked ahead of visits, and for how long their answers are good."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.eligibility_policy import Answer, EligibilityPolicy
from billing.usecases.eligibility_batches import next_file_at

NOW = datetime(2026, 3, 2, 15, 20, tzinfo=UTC)
VISIT = date(2026, 3, 20)
DAYS = timedelta(days=1)


def answer(days_old: float = 1, *, active: bool = True, asked_for: date = VISIT, ends: date | None = None) -> Answer:
    """What the payer said some days ago."""
    return Answer(NOW - timedelta(days=days_old), asked_for, active, ends)


@pytest.mark.parametrize(
    ("policy", "known", "fresh"),
    [
        (EligibilityPolicy(), None, False),
        (EligibilityPolicy(), answer(6.9), True),
        (EligibilityPolicy(), answer(7), False),
        (EligibilityPolicy(fresh_days=0), answer(0), False),
        (EligibilityPolicy(), answer(active=False), False),
        (EligibilityPolicy(), answer(ends=date(2026, 3, 19)), False),
        (EligibilityPolicy(), answer(ends=VISIT), True),
        (EligibilityPolicy(), answer(asked_for=date(2026, 2, 27)), True),
        (EligibilityPolicy(again_each_month=True), answer(asked_for=date(2026, 2, 27)), False),
        (EligibilityPolicy(again_each_month=True), answer(asked_for=date(2026, 3, 1)), True),
    ],
)
def test_an_answer_is_fresh(policy: EligibilityPolicy, known: Answer | None, fresh: bool) -> None:
    """Active, within the days, not of a plan that ends before the visit, of the same month where that is asked."""
    assert policy.fresh(known, VISIT, NOW) is fresh


def test_asked_in_the_morning_so_many_days_ahead_or_at_once() -> None:
    """Six in the morning (UTC); a visit that is nearer is asked about now."""
    policy = EligibilityPolicy(days_ahead=5)
    assert policy.asks_at(VISIT, NOW) == datetime(2026, 3, 15, 6, tzinfo=UTC)
    assert policy.asks_at(NOW.date() + 2 * DAYS, NOW) == NOW


@given(st.integers(0, 366 * 24 * 3600))
def test_files_go_at_full_and_half_hours(seconds: int) -> None:
    """Always later than now, by half an hour at most."""
    now = NOW + timedelta(seconds=seconds)
    at = next_file_at(now)
    assert (at.minute % 30, at.second, at.microsecond) == (0, 0, 0)
    assert timedelta(0) < at - now <= timedelta(minutes=30)
