"""What the patient pays is bounded by what is allowed and by what is left out of pocket; discounts add up to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.benefits import CostShare
from billing.domain.discounts import Policy, PromptPay, Reduction, Step, discount, faults_of, poverty_level, prompt_pay
from billing.domain.estimates import PricedService, good_faith_due, insured_shares, spread, substantially_exceeds
from billing.domain.poverty_guidelines import Region, guideline_on

MONEY = st.integers(0, 100_000)
MAYBE = st.one_of(st.none(), MONEY)
SERVICES = st.lists(
    st.builds(
        PricedService,
        procedure=st.sampled_from(["99213", "85025", "20610"]),
        modifiers=st.just(()),
        units=st.integers(1, 3),
        charge_minor=MONEY,
        allowed_minor=MAYBE,
    ),
    max_size=5,
)
SHARES = st.builds(
    CostShare,
    service_type=st.just("98"),
    covered=st.sampled_from([None, True, False]),
    copay_minor=MAYBE,
    coinsurance_basis_points=st.one_of(st.none(), st.integers(0, 10_000)),
    deductible_left_minor=MAYBE,
    out_of_pocket_left_minor=MAYBE,
)


@given(SERVICES, SHARES)
def test_a_patient_never_pays_more_than_is_allowed_or_left(services, share):
    """Each line: copay + deductible + coinsurance = the patient's part ≤ what is allowed ≤ the charge; all: ≤ what is left."""
    lines = insured_shares(services, share)
    for line in lines:
        assert line.patient_minor == line.copay_minor + line.deductible_minor + line.coinsurance_minor
        assert 0 <= line.patient_minor <= line.expected_minor <= line.charge_minor
    if share.out_of_pocket_left_minor is not None and share.covered is not False:
        assert sum(line.patient_minor for line in lines) <= share.out_of_pocket_left_minor


@given(SERVICES, SHARES)
def test_who_is_protected_pays_nothing(services, share):
    """A Qualified Medicare Beneficiary owes no cost sharing."""
    assert sum(line.patient_minor for line in insured_shares(services, share, protected=True)) == 0


def test_deductible_comes_before_coinsurance():
    """$100 allowed, $30 of the deductible left, 20 %: $30 and a fifth of $70; the office visit costs its copay."""
    share = CostShare("98", True, copay_minor=2_500, coinsurance_basis_points=2_000, deductible_left_minor=3_000)
    visit, test = PricedService("99213", (), 1, 15_000, 8_000), PricedService("85025", (), 1, 20_000, 10_000)
    lines = insured_shares([visit, test], share)
    assert [line.patient_minor for line in lines] == [2_500, 3_000 + 1_400]
    bounded = insured_shares([visit, test], replace(share, out_of_pocket_left_minor=4_000))
    assert [line.patient_minor for line in bounded] == [2_500, 1_500]


@given(st.lists(MONEY, max_size=6), st.integers(0, 10_000))
def test_parts_add_up_to_the_cent(weights, basis_points):
    """However an amount is shared out, nothing is lost and no part exceeds its weight."""
    total = sum(weights) * basis_points // 10_000
    parts = spread(total, weights)
    assert sum(parts) == total
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


@pytest.mark.parametrize(
    ("asked", "visit", "requested", "due"),
    [
        (date(2026, 3, 2), date(2026, 3, 20), False, date(2026, 3, 5)),
        (date(2026, 3, 2), date(2026, 3, 5), False, date(2026, 3, 3)),
        (date(2026, 3, 6), date(2026, 3, 11), False, date(2026, 3, 9)),
        (date(2026, 3, 2), date(2026, 3, 4), False, None),
        (date(2026, 3, 2), date(2026, 3, 4), True, date(2026, 3, 5)),
    ],
    ids=["ten-days", "three-days", "over-a-weekend", "too-near", "asked-for"],
)
def test_when_a_good_faith_estimate_is_due(asked, visit, requested, due):
    """Business days after scheduling: one, three from ten days ahead, three when it is asked for (45 CFR 149.610(b)(1)(vi))."""
    assert good_faith_due(asked, visit, requested=requested) == due


def test_400_dollars_are_substantial():
    """Exactly $400 above may be disputed, a cent less may not."""
    assert [substantially_exceeds(billed, 10_000) for billed in (49_999, 50_000)] == [False, True]


POLICY = Policy(
    steps=(Step(10_000, Reduction.NOMINAL, 2_000), Step(20_000, Reduction.SHARE, 5_000)),
    self_pay_basis_points=1_000,
    prompt_pay=PromptPay(1_000, 10),
)


@given(st.lists(MONEY, max_size=5), st.one_of(st.none(), st.integers(0, 30_000)), st.booleans())
def test_nothing_is_let_off_twice_or_beyond_what_is_owed(owed, level, insured):
    """What is let off and what is paid add up to what is owed, line by line never more than the line."""
    found = discount(owed, POLICY, level, insured=insured)
    assert found.total_minor + found.pays_minor == sum(owed)
    assert all(0 <= off <= due for off, due in zip(found.let_off, owed, strict=True))


def test_a_household_with_less_pays_no_more():
    """At, below and above the guideline; without a determination the self-pay discount; with insurance nothing."""
    levels = [
        discount([17_500], POLICY, level, insured=False).pays_minor for level in (0, 10_000, 10_001, 20_001, None)
    ]
    assert levels == [2_000, 2_000, 8_750, 15_750, 15_750]
    assert discount([17_500], POLICY, None, insured=True).pays_minor == 17_500


def test_prompt_pay_covers_the_rest_or_nothing():
    """10 % of $175 is let off once no more than that is owed."""
    assert prompt_pay([1_750], 17_500, POLICY).total_minor == 1_750
    assert prompt_pay([1_751], 17_500, POLICY).total_minor == 0


def test_the_guideline_of_the_day_counts():
    """2026's from 13 January on; three people at $27,320 are at 100 %; before the first there is none."""
    before, after = (guideline_on([], Region.CONTIGUOUS, day) for day in (date(2026, 1, 12), date(2026, 1, 13)))
    assert before is not None
    assert after is not None
    assert (before.of(1), after.of(3)) == (1_565_000, 2_732_000)
    assert poverty_level(2_732_000, 3, after) == 10_000
    # A trillion dollars: no step reaches it, and it can be kept.
    assert poverty_level(10**14, 1, after) == 10_000_000
    assert guideline_on([], Region.CONTIGUOUS, date(2020, 1, 1)) is None


def test_steps_must_be_in_order():
    """Less income never pays more."""
    wrong = replace(POLICY, steps=(Step(20_000, Reduction.SHARE, 5_000), Step(10_000, Reduction.SHARE, 2_000)))
    assert [field for field, _ in faults_of(wrong)] == ["steps[1].up_to_basis_points", "steps[1].value"]
