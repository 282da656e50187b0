"""Who pays first, on which day, for which case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from patient_registry.domain import coverage as rules
from patient_registry.domain.coverage import Case, Coverage, CoverageKind, Subscriber, SubscriberRelation
from patient_registry.domain.people import Name

START = date(2026, 1, 1)
days = st.integers(0, 400).map(lambda n: START + timedelta(days=n))
maybe_days = st.none() | days
CASES = [None, Case("A-1"), Case("W-2")]
coverages = st.builds(
    Coverage,
    coverage_id=st.uuids(),
    priority=st.integers(1, 3),
    start=maybe_days,
    end=maybe_days,
    case=st.sampled_from(CASES),
    active=st.booleans(),
)
plans = st.lists(coverages, max_size=6, unique_by=lambda c: c.coverage_id)


def plan(number, **more):
    return Coverage(UUID(int=number), payer_code="COMM1", member_id="W1", **more)


@given(coverages, coverages, days)
def test_overlap_is_a_common_day(one, other, day):
    """If both are in force on a day they overlap; overlapping is symmetric."""
    assert rules.overlap(one, other) == rules.overlap(other, one)
    if rules.in_force(one, day) and rules.in_force(other, day):
        assert rules.overlap(one, other)


@given(plans, days)
def test_without_clashes_there_is_one_primary_a_day_and_case(held, day):
    """Where no two clash, no day has two coverages of one case and priority."""
    if any(rules.clashes(one, held) for one in held):
        return
    in_force = [(one.case_number, one.priority) for one in held if rules.in_force(one, day)]
    assert len(in_force) == len(set(in_force))


@given(plans, coverages)
def test_the_next_free_priority_is_free(held, new):
    """A coverage put at the next free priority clashes with nobody, and it is the first such."""
    free = rules.next_free_priority(new, held)
    assert not rules.clashes(replace(new, priority=free), held)
    if new.active:
        assert all(rules.clashes(replace(new, priority=p), held) for p in range(1, free))


@given(plans, days, st.sampled_from(["", "A-1", "W-2", "X"]))
def test_only_coverages_in_force_of_the_case_or_health_pay(held, day, case):
    """A coverage of another accident never pays; the case's own pay before health, each group by priority."""
    paying = rules.order_of_payment(held, day, case)
    assert all(rules.in_force(one, day) and one.case_number in ("", case) for one in paying)
    order = [(one.case_number != case, one.priority) for one in paying]
    assert order == sorted(order)
    missing = [one for one in held if one not in paying and rules.in_force(one, day)]
    assert all(one.case_number not in ("", case) for one in missing)


def test_both_ends_of_a_period_are_included():
    """A coverage that ends on the day of the visit pays for it; the day after it does not."""
    held = plan(1, start=START, end=START + timedelta(days=30))
    assert rules.in_force(held, START)
    assert rules.in_force(held, START + timedelta(days=30))
    assert not rules.in_force(held, START + timedelta(days=31))
    assert not rules.in_force(held, START - timedelta(days=1))


def test_workers_compensation_pays_first_for_its_case_only():
    """An injury at work is billed to its own coverage; the cold the week after is not."""
    health = plan(1)
    work = plan(2, kind=CoverageKind.WORKERS_COMP, case=Case("W-2"))
    assert rules.order_of_payment([health, work], START, "W-2") == [work, health]
    assert rules.order_of_payment([health, work], START) == [health]


def test_what_billing_still_needs():
    """A textual coverage lacks payer and number, a dependant's the subscriber."""
    bare = Coverage(UUID(int=1), payer_name="private")
    assert rules.lacking(bare) == ("payer_code", "member_id")
    assert rules.lacking(plan(1, subscriber_relation=SubscriberRelation.CHILD)) == ("subscriber",)
    assert rules.lacking(plan(1)) == ()


def test_every_problem_is_said():
    """Periods, cases and subscribers that do not fit are named with their fields."""
    wrong = Coverage(
        UUID(int=1),
        kind=CoverageKind.AUTO,
        priority=0,
        start=date(2026, 2, 1),
        end=date(2026, 1, 1),
        subscriber_relation=SubscriberRelation.SPOUSE,
    )
    assert [p.field for p in rules.check(wrong)] == ["payer_code", "period.end", "priority", "subscriber", "case"]
    assert [p.field for p in rules.check(plan(1, case=Case("A-1")))] == ["case"]
    assert [p.field for p in rules.check(plan(1, subscriber=Subscriber(Name("A", "B"))))] == ["subscriber"]
    auto = plan(1, kind=CoverageKind.AUTO, case=Case("A-1"))
    assert [p.field for p in rules.check(auto)] == ["case.accident_state"]
    assert rules.check(auto, complete=False) == []


def test_reordering_numbers_from_one():
    """The first named is primary."""
    assert rules.reordered([plan(7), plan(3)]) == {UUID(int=7): 1, UUID(int=3): 2}
