"""Properties of adjudication as a pure function: whatever the claim and the plan, the sums hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from infra.simulators.clearinghouse.adjudicate import Decision, Fate, Left, adjudicate, reversal_of
from infra.simulators.clearinghouse.claims import Adjustment, Claim, EarlierResult, Line, OtherPayer, from_json
from infra.simulators.clearinghouse.config import DENIALS, Payer
from infra.simulators.clearinghouse.members import Benefits
from infra.simulators.clearinghouse.store import decision_from_json, decision_to_json

cents = st.integers(min_value=0, max_value=500_000)
ratios = st.floats(min_value=0, max_value=1)


@st.composite
def lines(draw: st.DrawFn, number: int, shared: bool) -> Line:
    """A line, with an earlier payer's balanced result when `shared`."""
    charge = draw(cents)
    earlier: tuple[EarlierResult, ...] = ()
    if shared:
        paid = draw(st.integers(min_value=0, max_value=charge))
        written_off = draw(st.integers(min_value=0, max_value=charge - paid))
        left = Adjustment("PR", draw(st.sampled_from("123")), charge - paid - written_off)
        earlier = (EarlierResult("FIRST", paid, (Adjustment("CO", "45", written_off), left)),)
    code = draw(st.sampled_from(("99213", "36415", "97110", "J3490")))
    return Line(number, code, (), charge, draw(st.sampled_from(("1", "2", "0.5"))), ("1",), "20260302", "", earlier)


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    """A primary or secondary claim of one to five lines."""
    secondary = draw(st.booleans())
    size = draw(st.integers(min_value=1, max_value=5))
    made = tuple(draw(lines(number, secondary)) for number in range(1, size + 1))
    paid = sum(result.paid for line in made for result in line.earlier)
    others = (OtherPayer("P", "FIRST", "", "", paid, None, (), ""),) if secondary else ()
    person = ("DOE", "JANE")
    return Claim(
        number="C1",
        charge=sum(line.charge for line in made),
        place="11",
        frequency="1",
        sequence="S" if secondary else "P",
        payer="P1",
        payer_name="PAYER",
        member="M1",
        subscriber=person,
        patient=person,
        patient_is_subscriber=True,
        birth_date="19800101",
        billing_npi="1234567893",
        billing_name="CLINIC",
        billing_tax_id="123456789",
        billing_address=("", "", "", "", ""),
        rendering_npi="",
        rendering_name=("", ""),
        diagnoses=("I10",),
        original_reference="",
        authorization="",
        batch="B",
        lines=made,
        others=others,
    )


payers = st.builds(
    Payer,
    id=st.just("P1"),
    name=st.just("PAYER"),
    allowed_ratio=ratios,
    fees=st.dictionaries(st.sampled_from(("99213", "97110")), cents, max_size=2),
    sequestration=st.sampled_from((0.0, 0.02, 0.0333)),
    secondary_rule=st.sampled_from(("patient_share", "lesser_of")),
)
plans = st.builds(
    Benefits,
    known=st.just(True),
    active=st.booleans(),
    plan=st.just(""),
    copay=cents,
    deductible=cents,
    deductible_met=st.just(0),
    coinsurance=ratios,
    out_of_pocket=cents,
    out_of_pocket_met=st.just(0),
)
lefts = st.builds(Left, deductible=cents, out_of_pocket=st.none() | cents)
fates = st.builds(
    Fate,
    denied=st.dictionaries(st.integers(min_value=1, max_value=5), st.sampled_from(DENIALS), max_size=2),
    factor=st.sampled_from((0.85, 1.0, 1.15)),
)


def balanced(decision: Decision) -> bool:
    """Charge less adjustments is the payment, for every line."""
    return all(
        line.charge - sum(adjustment.amount for adjustment in line.adjustments) == line.paid for line in decision.lines
    )


@given(claims(), payers, plans, lefts, fates)
def test_every_decision_balances(claim: Claim, payer: Payer, plan: Benefits, left: Left, fate: Fate) -> None:
    """Lines balance, nothing is paid beyond the charge or below zero, and no limit of the patient is passed."""
    decision = adjudicate(claim, payer, plan, left, fate)
    assert balanced(decision)
    assert decision.charge == claim.charge
    for line in decision.lines:
        assert 0 <= line.paid <= line.charge
        assert all(adjustment.amount > 0 for adjustment in line.adjustments)
    if claim.sequence == "P":
        assert decision.deductible_used <= left.deductible
        assert left.out_of_pocket is None or decision.cost_share <= left.out_of_pocket


@given(claims(), payers, plans, lefts, fates)
def test_a_reversal_undoes_a_decision(claim: Claim, payer: Payer, plan: Benefits, left: Left, fate: Fate) -> None:
    """The reversal balances by itself, and together with the decision everything is zero."""
    decision = adjudicate(claim, payer, plan, left, fate)
    reversal = reversal_of(decision)
    assert balanced(reversal)
    assert (decision.charge + reversal.charge, decision.paid + reversal.paid) == (0, 0)


@given(claims(), payers, plans, lefts, fates)
def test_claims_and_decisions_survive_the_database(
    claim: Claim, payer: Payer, plan: Benefits, left: Left, fate: Fate
) -> None:
    """What is kept as text comes back equal."""
    decision = adjudicate(claim, payer, plan, left, fate)
    assert from_json(claim.to_json()) == claim
    assert decision_from_json(decision_to_json(decision)) == decision
