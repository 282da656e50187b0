"""Payment plans: instalments add up, money pays them in order, days are the month's."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.domain import payment_plans as rules
from billing.domain.payment_plans import Every, InstalmentState

TOTALS = st.integers(1_000, 1_000_000)
DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@given(TOTALS, st.integers(1, 36), st.sampled_from(Every), DAYS)
def test_instalments_add_up_to_the_total(total, count, every, first):
    """Not a cent more or less, at most so many, none larger than the first, on days that only go forward."""
    made = rules.schedule(total, rules.size_of(total, count), every, first)
    assert sum(one.amount_minor for one in made) == total
    assert len(made) <= count
    assert all(0 < one.amount_minor <= made[0].amount_minor for one in made)
    assert [one.due_on for one in made] == sorted({one.due_on for one in made})


@given(TOTALS, st.integers(1, 36), st.sampled_from(Every), DAYS, st.integers(0, 1_200_000), st.integers(-40, 1_500))
def test_a_standing_explains_every_cent(total, count, every, first, paid, later):
    """Paid instalments come before unpaid ones; what is left is the total less what was paid; nothing is behind before its day."""
    made, today = rules.schedule(total, rules.size_of(total, count), every, first), first + timedelta(days=later)
    seen = rules.standing(made, paid, today)
    unpaid = [state is not InstalmentState.PAID for state in seen.states]
    assert unpaid == sorted(unpaid)
    assert seen.left_minor == max(0, total - paid)
    assert 0 <= seen.behind_minor <= seen.left_minor
    assert (seen.behind_minor > 0) == any(
        state in (InstalmentState.DUE, InstalmentState.MISSED) for state in seen.states
    )
    assert rules.next_look(made, seen, today) > today
    current = rules.current(made, seen, today)
    assert (current is not None) == (seen.behind_minor > 0)


def test_a_month_without_the_day_takes_its_last():
    """January 31 → February 28 → March 31."""
    made = rules.schedule(3_000, 1_000, Every.MONTH, date(2027, 1, 31))
    assert [one.due_on for one in made] == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]


def test_too_small_too_many_too_late_are_objected_to():
    """The rules name the field."""
    today = date(2026, 3, 2)
    assert rules.objections(50_000, 500, today, today) == [("instalment", "must be at least 1000 cents")]
    assert rules.objections(50_000, 1_000, today, today) == [("instalment", "would take more than 36 instalments")]
    assert [field for field, _ in rules.objections(50_000, 5_000, date(2026, 6, 1), today)] == ["first_due"]
    assert rules.objections(700, 700, today, today) == []
