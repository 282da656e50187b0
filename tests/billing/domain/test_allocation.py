"""Which unapplied money pays what."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.allocation import Allocation, Credit, OpenItem, allocate

VISITS = [UUID(int=n) for n in range(100, 104)]
PEOPLE = [UUID(int=n) for n in range(200, 203)]
DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

money = st.integers(min_value=1, max_value=50_000)
credits_of_a_family = st.lists(
    st.builds(
        Credit,
        st.uuids(),
        st.sampled_from(PEOPLE),
        money,
        st.integers(0, 100).map(lambda days: NOON + timedelta(days=days)),
        st.sampled_from([None, *VISITS]),
    ),
    max_size=6,
    unique_by=lambda credit: credit.payment_id,
)
items_of_a_family = st.lists(
    st.builds(
        OpenItem,
        st.uuids(),
        st.sampled_from(PEOPLE),
        st.sampled_from(VISITS),
        money,
        st.integers(0, 100).map(lambda days: DAY + timedelta(days=days)),
    ),
    max_size=6,
    unique_by=lambda item: item.charge_line_id,
)
unsettled_visits = st.sets(st.sampled_from(VISITS)).map(frozenset)


@given(credits_of_a_family, items_of_a_family, unsettled_visits)
def test_nothing_is_used_twice_and_nothing_is_overpaid(
    unapplied: list[Credit], items: list[OpenItem], unsettled: frozenset[UUID]
) -> None:
    """No payment gives more than it has, no item takes more than it needs, and every allocation is more than zero."""
    given_by, taken_by = defaultdict(int), defaultdict(int)
    for allocation in allocate(unapplied, items, unsettled):
        assert allocation.amount_minor > 0
        given_by[allocation.payment_id] += allocation.amount_minor
        taken_by[allocation.charge_line_id] += allocation.amount_minor
    assert all(given_by[credit.payment_id] <= credit.amount_minor for credit in unapplied)
    assert all(taken_by[item.charge_line_id] <= item.due_minor for item in items)


@given(credits_of_a_family, items_of_a_family)
def test_money_and_need_do_not_stay_side_by_side(unapplied: list[Credit], items: list[OpenItem]) -> None:
    """When no visit waits, either all money is used or all needs are met."""
    used = sum(allocation.amount_minor for allocation in allocate(unapplied, items))
    assert used == min(sum(c.amount_minor for c in unapplied), sum(i.due_minor for i in items))


@given(credits_of_a_family, items_of_a_family, unsettled_visits)
def test_money_for_an_unsettled_visit_pays_no_other(
    unapplied: list[Credit], items: list[OpenItem], unsettled: frozenset[UUID]
) -> None:
    """A copay stays with its visit until the payer has answered."""
    visit_of = {item.charge_line_id: item.encounter_id for item in items}
    taken_for = {credit.payment_id: credit.encounter_id for credit in unapplied}
    for allocation in allocate(unapplied, items, unsettled):
        visit = taken_for[allocation.payment_id]
        assert visit not in unsettled or visit_of[allocation.charge_line_id] == visit


def test_the_visit_first_then_the_patient_then_the_family_oldest_first() -> None:
    """A copay pays its own visit although an older balance is open; what is left goes to the same patient before the family."""
    me, sister = PEOPLE[0], PEOPLE[1]
    visit = OpenItem(UUID(int=1), me, VISITS[0], 2000, DAY)
    older = OpenItem(UUID(int=2), me, VISITS[1], 1500, DAY - timedelta(days=40))
    oldest_of_sister = OpenItem(UUID(int=3), sister, VISITS[2], 900, DAY - timedelta(days=90))
    copay = Credit(UUID(int=9), me, 4000, NOON, VISITS[0])
    assert allocate([copay], [oldest_of_sister, older, visit]) == (
        Allocation(copay.payment_id, visit.charge_line_id, 2000),
        Allocation(copay.payment_id, older.charge_line_id, 1500),
        Allocation(copay.payment_id, oldest_of_sister.charge_line_id, 500),
    )
