"""Reversals, corrections, replacements, voids, takebacks, forward balances, interest: the later life of a payment."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.judges.pyx12_judge import judge
from tests.simulators.balances import SetSum, faults, read_sets
from tests.simulators.conftest import House, segments
from tests.simulators.populations import SampleClaim, SampleLine

THERAPY = SampleLine("97110", 10_000, reference="LN1")
PLAIN = {"copay": 0, "deductible": 0, "coinsurance": 0.0, "out_of_pocket": 0, "reversal_days": [5, 5]}
CLAIM = SampleClaim("C1", "COMM1", "W1", (THERAPY,))


def paid(house: House, *claims: SampleClaim) -> list[SetSum]:
    """Sends claims and returns the sets of their payment day."""
    house.send(*claims)
    house.clock(days=14)
    return sets(house)


def sets(house: House) -> list[SetSum]:
    """New remittance sets, proved."""
    found: list[SetSum] = []
    for text in house.new_files("835"):
        assert judge(text) == []
        assert faults(text) == []
        found += read_sets(text)
    return found


def rows(payment: SetSum) -> list[tuple[str, str, Decimal]]:
    """Claim number, status and payment of each CLP."""
    return [(claim.number, claim.status, claim.paid) for claim in payment.claims]


def test_a_correction_reverses_and_pays_anew(house: House) -> None:
    """Five days later: 22 with the payment negated, then the claim under a new payer number at 85 % of the rate."""
    house.configure(payers={"COMM1": PLAIN}, claims={"C1": {"reverse": "reduce"}})
    (first,) = paid(house, CLAIM)
    assert rows(first) == [("C1", "1", Decimal(72))]
    house.clock(days=5)
    (second,) = sets(house)
    assert rows(second) == [("C1", "22", Decimal(-72)), ("C1", "1", Decimal("61.2"))]
    assert second.claims[0].control_number == first.claims[0].control_number
    assert second.claims[1].control_number != first.claims[0].control_number


def test_a_negative_set_is_carried_forward_and_taken_later(house: House) -> None:
    """Net recovery: BPR02 is 0 with FB minus, and the next payment is lower by FB plus of the same reference."""
    house.configure(payers={"COMM1": PLAIN}, claims={"C1": {"reverse": "reduce"}})
    paid(house, CLAIM)
    house.clock(days=5)
    (negative,) = sets(house)
    assert (negative.payment, negative.method) == (Decimal(0), "NON")
    assert negative.provider_adjustments == [("FB", negative.trace, Decimal("-10.8"))]
    (later,) = paid(house, replace(CLAIM, number="C2", member="W2"))
    assert later.provider_adjustments == [("FB", negative.trace, Decimal("10.8"))]
    assert later.payment == Decimal("61.2")
    assert [takeback["outstanding"] for takeback in house.state()["takebacks"]] == [0]


def test_a_deferred_takeback_is_shown_then_taken_as_far_as_payments_reach(house: House) -> None:
    """WO minus when the reversal is shown, WO plus later, in parts when a payment is too small for all of it."""
    options = {**PLAIN, "recovery": "deferred", "deferral_days": 3, "fees": {"36415": 500}}
    house.configure(payers={"COMM1": options}, claims={"C1": {"reverse": "deny"}})
    paid(house, CLAIM)
    house.clock(days=5)
    (shown,) = sets(house)
    reference = shown.claims[0].control_number
    assert rows(shown) == [("C1", "22", Decimal(-72)), ("C1", "1", Decimal(0))]
    assert shown.provider_adjustments == [("WO", reference, Decimal(-72))]
    assert shown.payment == 0
    (small,) = paid(house, replace(CLAIM, number="C2", member="W2", lines=(SampleLine("36415", 2_000),)))
    assert small.provider_adjustments == [("WO", reference, Decimal(5))]
    assert small.payment == 0
    (large,) = paid(house, replace(CLAIM, number="C3", member="W3", lines=(replace(THERAPY, charge=20_000),)))
    assert large.provider_adjustments == [("WO", reference, Decimal(67))]
    assert large.payment == Decimal(77)


def test_takeback_references_follow_the_payers_habit(house: House) -> None:
    """PLB names the payer's number, ours, or both, as the payer does."""
    for habit, expected in (("payer", "{icn}"), ("provider", "{number}"), ("both", "{icn} {number}")):
        options = {**PLAIN, "recovery": "deferred", "recovery_reference": habit}
        number = f"C-{habit}"
        house.configure(payers={"COMM1": options}, claims={number: {"reverse": "deny"}})
        paid(house, replace(CLAIM, number=number, member=f"W-{habit}"))
        house.clock(days=5)
        shown = sets(house)[-1]
        ((_, reference, _),) = shown.provider_adjustments
        assert reference == expected.format(icn=shown.claims[0].control_number, number=number)
        house.clock(days=30)
        sets(house)


def test_a_correction_may_come_apart_and_a_reversal_without_lines(house: House) -> None:
    """The reversal comes alone, with its adjustments at claim level; the corrected claim three days later."""
    options = {**PLAIN, "correction_apart_days": 3, "reversal_has_lines": False}
    house.configure(payers={"COMM1": options}, claims={"C1": {"reverse": "increase"}})
    paid(house, CLAIM)
    house.clock(days=5)
    (alone,) = sets(house)
    assert rows(alone) == [("C1", "22", Decimal(-72))]
    assert alone.claims[0].line_charges == []
    house.clock(days=3)
    (corrected,) = sets(house)
    assert rows(corrected) == [("C1", "1", Decimal("82.8"))]
    assert corrected.payment == Decimal("10.8")  # 82.80 less the balance carried forward


def test_a_reversal_gives_the_deductible_back(house: House) -> None:
    """When a claim that used the deductible is reversed and denied, the member owes the deductible again."""
    house.configure(
        payers={"COMM1": PLAIN},
        claims={"C1": {"reverse": "deny"}},
        members={"W1": {"deductible": 5_000, "deductible_left": 5_000}},
    )
    (first,) = paid(house, CLAIM)
    assert first.claims[0].patient == Decimal(50)
    house.clock(days=5)
    sets(house)
    (again,) = paid(house, replace(CLAIM, number="C2", service_date="20260301"))
    assert again.claims[0].patient == Decimal(50)


def test_a_replacement_reverses_the_original(house: House) -> None:
    """Frequency 7 with REF*F8: the original is reversed in the same set and the new charge decided; no duplicate."""
    house.configure(payers={"COMM1": PLAIN})
    (first,) = paid(house, CLAIM)
    new = replace(CLAIM, number="C1R", frequency="7", original_reference=first.claims[0].control_number)
    (second,) = paid(house, replace(new, lines=(replace(THERAPY, charge=20_000, units=2),)))
    assert rows(second) == [("C1", "22", Decimal(-72)), ("C1R", "1", Decimal(144))]


def test_a_void_takes_the_payment_back(house: House) -> None:
    """Frequency 8: the original is reversed and nothing comes in its place."""
    house.configure(payers={"COMM1": PLAIN})
    (first,) = paid(house, CLAIM)
    void = replace(CLAIM, number="C1V", frequency="8", original_reference=first.claims[0].control_number)
    (second,) = paid(house, void)
    assert rows(second) == [("C1", "22", Decimal(-72))]
    assert second.payment == 0


def test_a_replacement_of_a_pending_claim_is_returned(house: House) -> None:
    """While the original is not decided, its replacement is rejected at the 277CA."""
    house.send(CLAIM)
    house.clock(days=1)
    (accepted,) = house.new_files("277CA")
    number = segments(accepted, "REF")[0].split("*")[2]
    house.send(replace(CLAIM, number="C1R", frequency="7", original_reference=number))
    house.clock(days=1)
    (returned,) = house.new_files("277CA")
    assert segments(returned, "STC")[-1].startswith("STC*A3:54*")


def test_late_payment_bears_interest(house: House) -> None:
    """Four days late at 12 % a year: AMT*I tells it, PLB L6 pays it on top of the claims."""
    house.configure(payers={"COMM1": {**PLAIN, "interest_after_days": 10}})
    big = replace(CLAIM, lines=(replace(THERAPY, charge=1_000_000),))
    (payment,) = paid(house, big)
    assert payment.claims[0].paid == Decimal(7200)
    assert payment.provider_adjustments == [("L6", payment.claims[0].control_number, Decimal("-9.47"))]
    assert payment.payment == Decimal("7209.47")


def test_what_was_paid_too_much_is_what_is_owed(house: House) -> None:
    """Twelve reversals, net then deferred: no set pays less than nothing, and Σ BPR02 = Σ CLP04 + what is owed."""
    claims = [replace(CLAIM, number=f"C{n}", member=f"W{n}") for n in range(12)]
    all_sets: list[SetSum] = []
    for recovery, day in (("net", "20260301"), ("deferred", "20260302")):
        fates = {claim.number: {"reverse": "deny"} for claim in claims}
        house.configure(payers={"COMM1": {**PLAIN, "recovery": recovery}}, claims=fates)
        all_sets += paid(house, *(replace(claim, service_date=day) for claim in claims))
        house.clock(days=20)
        all_sets += sets(house)
    assert min(payment.payment for payment in all_sets) == 0
    owed = sum(takeback["outstanding"] for takeback in house.state()["takebacks"])
    claims_paid = sum(claim.paid for payment in all_sets for claim in payment.claims)
    assert sum(payment.payment for payment in all_sets) == claims_paid + Decimal(owed) / 100
    assert owed > 0
