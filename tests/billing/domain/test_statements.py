"""Who gets a statement, when, and that its figures agree."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.business_days import add_business_days, federal_holidays, is_business_day
from billing.domain.receivables import BUCKETS, Owed, aged, bucket_of
from billing.domain.statements import (
    SMALL_BALANCE_MINOR,
    Skip,
    StatementDraft,
    StatementLine,
    draft,
    due_date,
    first_statement_on,
    next_statement_on,
)

TODAY = date(2026, 4, 15)
days = st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 12, 31))


def line(due: int, *, since: date = TODAY, withheld: bool = False, number: int = 1) -> StatementLine:
    """A service on which the patient owes `due`."""
    return StatementLine(
        UUID(int=number), UUID(int=7), "Ann Ho", TODAY, "Visit", 20_000, 0, 0, 0, 0, due, since, withheld
    )


@given(
    st.lists(st.tuples(st.integers(1, 50_000), st.integers(0, 400), st.booleans()), min_size=1, max_size=10),
    st.integers(0, 30_000),
)
def test_a_statements_figures_agree(owed: list[tuple[int, int, bool]], unapplied: int) -> None:
    """Lines − unapplied money = amount due; the aging adds up to the lines; nothing withheld is asked for."""
    lines = [
        line(due, since=TODAY - timedelta(days=age), withheld=withheld, number=number)
        for number, (due, age, withheld) in enumerate(owed)
    ]
    drawn = draft(lines, unapplied, TODAY)
    asked = sum(due for due, _, withheld in owed if not withheld)
    if isinstance(drawn, StatementDraft):
        assert drawn.amount_due_minor == asked - unapplied >= SMALL_BALANCE_MINOR
        assert sum(drawn.aging_minor) == asked == sum(item.due_minor for item in drawn.lines)
        assert not any(item.withheld for item in drawn.lines)
    else:
        assert asked - unapplied < SMALL_BALANCE_MINOR


@pytest.mark.parametrize(
    ("lines", "unapplied", "why"),
    [
        ([], 0, Skip.ZERO),
        ([line(2500)], 2500, Skip.ZERO),
        ([line(2500)], 3000, Skip.CREDIT),
        ([line(2500, withheld=True)], 0, Skip.PROTECTED),
        ([line(SMALL_BALANCE_MINOR - 1)], 0, Skip.SMALL_BALANCE),
    ],
)
def test_who_gets_none(lines: list[StatementLine], unapplied: int, why: Skip) -> None:
    """Nothing due, a credit, a protected patient or a trifle: no statement, and the reason is said."""
    assert draft(lines, unapplied, TODAY) is why


@given(days)
def test_statements_go_out_on_business_days(day: date) -> None:
    """First, next and due dates are business days after the day they count from."""
    for found in (first_statement_on(day), next_statement_on(day), due_date(day)):
        assert found > day
        assert is_business_day(found)


def test_federal_holidays_of_2026() -> None:
    """The eleven holidays as observed in 2026 (OPM); July 4th, a Saturday, is observed on Friday the 3rd."""
    expected = {(1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (7, 3), (9, 7), (10, 12), (11, 11), (11, 26), (12, 25)}
    assert {(day.month, day.day) for day in federal_holidays(2026)} == expected


def test_new_years_day_on_a_saturday_is_observed_in_the_old_year() -> None:
    """January 1st 2028 is a Saturday: December 31st 2027 is no business day."""
    assert not is_business_day(date(2027, 12, 31))
    assert is_business_day(date(2026, 12, 31))


@given(days, st.integers(0, 15))
def test_adding_business_days_counts_each_once(day: date, count: int) -> None:
    """Between a business day and its n-th successor lie exactly n business days."""
    start = add_business_days(day, 0)
    end = add_business_days(start, count)
    between = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert sum(is_business_day(found) for found in between) == count


@given(st.lists(st.builds(Owed, st.integers(-10_000, 10_000), days), max_size=20))
def test_aging_loses_nothing(items: list[Owed]) -> None:
    """The buckets add up to what is owed."""
    assert sum(aged(items, TODAY)) == sum(item.amount_minor for item in items)


@pytest.mark.parametrize(
    ("age", "index"), [(-5, 0), (0, 0), (30, 0), (31, 1), (60, 1), (90, 2), (120, 3), (121, 4), (999, 4)]
)
def test_the_edges_of_the_buckets(age: int, index: int) -> None:
    """30 days is still the first bucket, 31 the second, and so on."""
    assert bucket_of(age) == index
    assert len(BUCKETS) == 5
