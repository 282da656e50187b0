"""From 835 claims to posting decisions."""

import io
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.adjustment_rules import AdjustmentRule, AdjustmentTable, Treatment
from billing.domain.line_matching import ClaimLine, allocate, match_lines
from billing.domain.posting import (
    ClaimPosting,
    ClaimToPost,
    EarlierPosting,
    LineState,
    Outcome,
    Poster,
    PostingKind,
    underpaid_minor,
)
from billing.domain.provider_level import provider_level
from billing.domain.x12.elements import amount
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.remittance import Remittance
from billing.domain.x12.remittance_reader import read_remittance
from tests.billing.domain.x12.texts import remittance

PAYER, NEXT = uuid4(), uuid4()
VISIT = date(2026, 3, 2)
LINE1 = ClaimLine(uuid4(), "LN1", "99214", (), 1, 15000, VISIT)
LINE2 = ClaimLine(uuid4(), "LN2", "36415", (), 1, 5000, VISIT)
CLAIM = ClaimToPost(uuid4(), "PC1", PAYER, uuid4(), uuid4(), uuid4(), None, True, (LINE1, LINE2))
TABLE = AdjustmentTable()


def read(*segments: str, payment: str = "0") -> Remittance:
    """The set with these claim segments (the proof is tested elsewhere)."""
    [found] = [read_remittance(t) for t in X12Reader(io.BytesIO(remittance(payment, segments).encode())).sets()]
    return found


def post(*segments: str, claim: ClaimToPost = CLAIM, states: dict[UUID, LineState] | None = None) -> ClaimPosting:
    """What is decided for the one claim of a set."""
    [said] = read(*segments).claims
    return Poster(TABLE, states or {}).post(said, claim, [])


def lines(posting: ClaimPosting) -> list[tuple[str, int, str]]:
    """The decisions as (kind, cents, share or CARC), in order."""
    return [(d.kind.value, d.amount_minor, d.share or d.carc) for d in posting.decisions]


CLP = "CLP*PC1*{status}*{charge}*{paid}*{patient}*12*ICN1*11*1"


def test_payment_share_and_write_off():
    """An ordinary line: paid, deductible and coinsurance to the patient, the rest written off."""
    posting = post(
        "CLP*PC1*1*150*72*38*MB*ICN1", "SVC*HC:99214*150*72", "CAS*CO*45*38**253*2", "CAS*PR*1*20**2*18", "REF*6R*LN1"
    )
    assert lines(posting) == [
        ("payment", 7200, ""),
        ("sequestration", 200, "253"),
        ("patient_share", 2000, "deductible"),
        ("patient_share", 1800, "coinsurance"),
        ("contractual", 3800, "45"),
    ]
    assert posting.outcome is Outcome.PAID
    assert posting.allowed_minor == {LINE1.charge_line_id: 11200}
    assert all(d.to_payer_id is None for d in posting.decisions)


def test_a_share_goes_to_the_next_payer_first():
    """With a second coverage the patient's part is owed by it first."""
    posting = post(
        "CLP*PC1*1*150*112*38*MB*ICN1",
        "SVC*HC:99214*150*112",
        "CAS*PR*1*38",
        "REF*6R*LN1",
        claim=replace(CLAIM, next_payer_id=NEXT),
    )
    assert [d.to_payer_id for d in posting.decisions if d.kind is PostingKind.PATIENT_SHARE] == [NEXT]


def test_co_45_on_an_unpaid_line_is_a_denial():
    """Nothing on an unpaid line is written off unless the table says so."""
    posting = post("CLP*PC1*1*150*0*0*12*ICN1", "SVC*HC:99214*150*0", "CAS*CO*45*150", "REF*6R*LN1")
    assert lines(posting) == [("denial", 15000, "45")]
    assert posting.outcome is Outcome.DENIED
    assert [(d.carc, d.amount_minor, d.category) for d in posting.denials] == [("45", 15000, "unpaid")]


def test_a_line_left_to_the_deductible_is_not_denied():
    """Paid nothing and allowed something: the write-off stands."""
    posting = post("CLP*PC1*1*150*0*110*12*ICN1", "SVC*HC:99214*150*0", "CAS*CO*45*40", "CAS*PR*1*110", "REF*6R*LN1")
    assert lines(posting) == [("patient_share", 11000, "deductible"), ("contractual", 4000, "45")]


def test_a_duplicate_comes_as_oa_18():
    """The group does not decide: OA-18 is a denial."""
    posting = post("CLP*PC1*1*150*0*0*12*ICN1", "SVC*HC:99214*150*0", "CAS*OA*18*150", "REF*6R*LN1")
    assert [(d.group, d.carc, d.category) for d in posting.denials] == [("OA", "18", "duplicate")]


def test_capitation_is_written_off_though_unpaid():
    """The table may say that an unpaid line is settled: CO-24."""
    posting = post("CLP*PC1*1*150*0*0*12*ICN1", "SVC*HC:99214*150*0", "CAS*CO*24*150", "REF*6R*LN1")
    assert lines(posting) == [("contractual", 15000, "24")]


def test_status_4_never_writes_off_and_never_bills_the_patient():
    """CLP02 4: the patient is not recognised; all of it is a denial."""
    posting = post("CLP*PC1*4*150*0*20*12*ICN1", "SVC*HC:99214*150*0", "CAS*CO*24*130", "CAS*PR*3*20", "REF*6R*LN1")
    assert {kind for kind, _, _ in lines(posting)} == {"denial"}


def test_part_of_a_claim_may_be_denied():
    """Denial is decided per line."""
    posting = post(
        "CLP*PC1*1*200*100*0*12*ICN1",
        "SVC*HC:99214*150*100",
        "CAS*CO*45*50",
        "REF*6R*LN1",
        "SVC*HC:36415*50*0",
        "CAS*CO*97*50",
        "LQ*HE*M15",
        "REF*6R*LN2",
    )
    assert posting.outcome is Outcome.PAID
    assert [(d.charge_line_id, d.category, d.rarcs) for d in posting.denials] == [
        (LINE2.charge_line_id, "bundled", ("M15",))
    ]


AFTER_MEDICARE = {LINE1.charge_line_id: LineState(7200, 4000, 3800)}
SECONDARY = replace(CLAIM, first_payer=False, lines=(LINE1,))


@pytest.mark.parametrize(
    ("adjustments", "paid", "expected"),
    [
        # OA-23 explains all that the primary did; the secondary pays the rest.
        (["CAS*OA*23*112"], "38", [("payment", 3800, "")]),
        # The secondary restates the primary's write-off: it is written off already.
        (["CAS*OA*23*72", "CAS*CO*45*40"], "38", [("payment", 3800, "")]),
        # A write-off of its own on top of the primary's.
        (["CAS*OA*23*112", "CAS*CO*45*18"], "20", [("payment", 2000, ""), ("contractual", 1800, "45")]),
        # It pays nothing because the primary paid more than it allows.
        (["CAS*OA*23*112", "CAS*CO*45*38"], "0", [("contractual", 3800, "45")]),
        # It leaves a copay.
        (["CAS*OA*23*112", "CAS*PR*3*8"], "30", [("payment", 3000, ""), ("patient_share", 800, "copay")]),
    ],
)
def test_a_secondary_posts_only_what_is_not_written_off_yet(adjustments, paid, expected):
    """OA-23 is never money; CO-45 takes what is left, never below zero."""
    posting = post(
        f"CLP*PC1*2*150*{paid}**CI*ICN2",
        f"SVC*HC:99214*150*{paid}",
        *adjustments,
        "REF*6R*LN1",
        claim=SECONDARY,
        states=AFTER_MEDICARE,
    )
    assert lines(posting) == expected


def test_a_reversal_undoes_exactly_what_was_posted_and_the_correction_posts_anew():
    """22 and the corrected claim in one set: the earlier decisions come back negated, then the new ones."""
    claim = replace(CLAIM, lines=(LINE1,))
    first = post(
        "CLP*PC1*1*150*100*20*12*ICN1", "SVC*HC:99214*150*100", "CAS*CO*45*30", "CAS*PR*3*20", "REF*6R*LN1", claim=claim
    )
    earlier = EarlierPosting(uuid4(), "ICN1", 15000, 10000, {uuid4(): decision for decision in first.decisions})
    poster = Poster(TABLE, {LINE1.charge_line_id: LineState(10000, 3000, 0)})
    reversal, correction = read(
        "CLP*PC1*22*-150*-100**12*ICN1",
        "SVC*HC:99214*-150*-100",
        "CAS*CO*45*-30",
        "CAS*PR*3*-20",
        "CLP*PC1*1*150*120*0*12*ICN1R",
        "SVC*HC:99214*150*120",
        "CAS*CO*45*30",
        "REF*6R*LN1",
    ).claims
    undone = poster.post(reversal, claim, [earlier])
    assert undone.outcome is Outcome.REVERSED
    assert undone.reverses == earlier.posted_claim_id
    assert sorted(lines(undone)) == sorted((kind, -minor, what) for kind, minor, what in lines(first))
    assert {d.reverses for d in undone.decisions} == set(earlier.decisions)
    assert lines(poster.post(correction, claim, [])) == [("payment", 12000, ""), ("contractual", 3000, "45")]


@pytest.mark.parametrize("known", [[], [("ICN0", 15000, 9000)], [("ICN0", 15000, 10000), ("ICN9", 15000, 10000)]])
def test_a_reversal_that_is_not_certain_waits_for_a_person(known):
    """No earlier posting, another amount, or two that fit: the money is kept apart, nothing is guessed."""
    [said] = read("CLP*PC1*22*-150*-100**12*ICN1").claims
    earlier = [EarlierPosting(uuid4(), icn, charge, paid, {}) for icn, charge, paid in known]
    posting = Poster(TABLE, {}).post(said, CLAIM, earlier)
    assert posting.outcome is Outcome.REVERSAL_UNMATCHED
    assert lines(posting) == [("unmatched", -10000, "")]


def test_claim_level_figures_are_spread_to_the_cent():
    """Claim-level CAS on a claim with lines lowers the payment of the lines; sums agree with CLP04."""
    posting = post(
        "CLP*PC1*1*200*94.99*0*12*ICN1",
        "CAS*CO*A2*.01",
        "SVC*HC:99214*150*80",
        "CAS*CO*45*70",
        "REF*6R*LN1",
        "SVC*HC:36415*50*15",
        "CAS*CO*45*35",
        "REF*6R*LN2",
    )
    assert sum(d.amount_minor for d in posting.decisions if d.kind is PostingKind.PAYMENT) == 9499
    assert sum(d.amount_minor for d in posting.decisions if d.kind is not PostingKind.PAYMENT) == 10501


def test_a_claim_without_lines_is_spread_by_charge():
    """Some payers give no service lines; the whole charge is ours, so the figures are shared by charge."""
    posting = post("CLP*PC1*1*200*100*20*12*ICN1", "CAS*CO*45*80", "CAS*PR*3*20")
    paid = {d.charge_line_id: d.amount_minor for d in posting.decisions if d.kind is PostingKind.PAYMENT}
    assert paid == {LINE1.charge_line_id: 7500, LINE2.charge_line_id: 2500}


def test_lines_that_do_not_fit_leave_the_money_unmatched():
    """A line that is none of ours: no guess."""
    posting = post("CLP*PC1*1*99*50*0*12*ICN1", "SVC*HC:99215*99*50", "CAS*CO*45*49")
    assert posting.outcome is Outcome.UNMATCHED
    assert lines(posting) == [("unmatched", 5000, "")]


@pytest.mark.parametrize("status", ["23", "25"])
def test_notes_move_no_money(status: str):
    """Not ours and forwarded, and predeterminations, are noted."""
    posting = post(f"CLP*PC1*{status}*150*0*0*12*ICN1")
    assert (posting.outcome, posting.decisions) == (Outcome.NOTED, ())


def test_forwarding_and_protection_are_told():
    """Crossover (19) and QMB remarks reach whoever decides about the secondary and the statement."""
    posting = post("CLP*PC1*19*150*112*38*MB*ICN1", "MOA***N782", "SVC*HC:99214*150*112", "CAS*PR*2*38", "REF*6R*LN1")
    assert posting.forwarded
    assert posting.protected


@pytest.mark.parametrize(
    ("svc", "extra", "expected"),
    [
        ("SVC*HC:99213*150*100**1*HC:99214", [], LINE1),  # paid another code; what was billed is told in SVC06
        ("SVC*HC:99214:25*150*100", [], LINE1),  # modifier added
        ("SVC*HC:36415*50*10**2", [], LINE2),  # units changed
        ("SVC*HC:00000*50*10", [], LINE2),  # only the charge tells
        ("SVC*HC:00000*50*10", ["REF*6R*LN1"], LINE1),  # our number settles it
        ("SVC*HC:99214*150*100", ["DTM*472*20260303"], None),  # another day
        ("SVC*HC:00000*77*10", [], None),
    ],
)
def test_lines_are_matched_from_strict_to_loose(svc: str, extra: list[str], expected):
    """Modifiers, codes and units may change on the way; the charge and the day may not."""
    [claim] = read("CLP*PC1*1*200*0", svc, *extra).claims
    found = match_lines(claim.lines, (LINE1, LINE2))
    assert (found[0][0] if found else None) == expected


def test_two_of_ours_that_fit_are_taken_only_when_alike():
    """Two equal lines may be swapped; two different ones may not."""
    twins = (LINE1, replace(LINE1, charge_line_id=uuid4(), line_control="LN3"))
    other = (LINE1, replace(LINE1, charge_line_id=uuid4(), line_control="LN3", procedure="99215"))
    [claim] = read("CLP*PC1*1*300*0", "SVC*HC:00000*150*0").claims
    assert match_lines(claim.lines, twins) is not None
    assert match_lines(claim.lines, other) is None


@given(
    st.integers(min_value=-(10**9), max_value=10**9),
    st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=50),
)
def test_allocation_loses_no_cent(minor: int, weights: list[int]):
    """The parts add up, and none has another sign."""
    parts = allocate(minor, weights)
    assert sum(parts) == minor
    assert all(part * minor >= 0 for part in parts)


money = st.integers(min_value=0, max_value=10**6)


@given(paid=money, contractual=money, deductible=money, copay=money, other=money, open_minor=money)
def test_a_line_never_goes_below_zero_by_adjustments(paid, contractual, deductible, copay, other, open_minor):
    """Whatever a payer says, what is written off and moved never exceeds what is open after its payment."""
    claim = replace(CLAIM, lines=(LINE1,))
    charge = amount(paid + contractual + deductible + copay + other)
    posting = post(
        f"CLP*PC1*1*{charge}*{amount(paid)}",
        f"SVC*HC:99214*{charge}*{amount(paid)}",
        f"CAS*CO*45*{amount(contractual)}**237*{amount(other)}",
        f"CAS*PR*1*{amount(deductible)}**3*{amount(copay)}",
        "REF*6R*LN1",
        claim=claim,
        states={LINE1.charge_line_id: LineState(0, 0, open_minor)},
    )
    money = {PostingKind.PAYMENT, PostingKind.UNMATCHED}
    assert sum(d.amount_minor for d in posting.decisions if d.kind in money) == paid
    moved = (d for d in posting.decisions if d.kind not in {*money, PostingKind.DENIAL})
    assert sum(d.amount_minor for d in moved) <= max(open_minor - paid, 0)
    to_line = sum(d.amount_minor for d in posting.decisions if d.kind is PostingKind.PAYMENT)
    assert to_line == min(paid, open_minor)


@pytest.mark.parametrize(
    ("code", "plb", "kind", "account", "minor"),
    [
        ("WO", "40", PostingKind.TAKEBACK, "takeback", -4000),
        ("FB", "-40", PostingKind.TAKEBACK, "takeback", 4000),
        ("L6", "-2.5", PostingKind.INTEREST, "interest", 250),
        ("CT", "-500", PostingKind.TAKEBACK, "capitation", 50000),
        ("ZZ", "1", PostingKind.TAKEBACK, "provider_adjustment", -100),
    ],
)
def test_provider_level_money_is_posted_as_it_enters_the_bank(code, plb, kind, account, minor):
    """Each PLB goes to the takeback sub-ledger or to a named account, with its reference."""
    from_file = [f"PLB*1234567893*20261231*{code}:ICN1*{plb}"]
    text = remittance("0", [], from_file)
    [set_] = [read_remittance(t) for t in X12Reader(io.BytesIO(text.encode())).sets()]
    decision = provider_level(set_.provider_adjustments[0], PAYER, None)
    assert (decision.kind, decision.account, decision.amount_minor, decision.reference) == (
        kind,
        account,
        minor,
        "ICN1",
    )


def test_rows_of_the_table_have_dates():
    """A row holds for services within its dates; the most particular row wins."""
    table = AdjustmentTable(
        [
            AdjustmentRule("CO", "", Treatment.DENIAL),
            AdjustmentRule("CO", "97", Treatment.CONTRACTUAL, start=date(2026, 1, 1), end=date(2026, 6, 30)),
            AdjustmentRule("CO", "97", Treatment.OTHER_ADJUSTMENT, rarc="M15", start=date(2026, 1, 1)),
        ]
    )
    found = [
        table.rule_for("CO", "97", rarcs, False, on).treatment
        for rarcs, on in [((), VISIT), (("M15",), VISIT), ((), date(2026, 7, 1))]
    ]
    assert found == [Treatment.CONTRACTUAL, Treatment.OTHER_ADJUSTMENT, Treatment.DENIAL]
    assert TABLE.rule_for("XX", "1", (), True, VISIT).treatment is Treatment.DENIAL


@pytest.mark.parametrize(
    ("allowed", "expected", "short"), [(11000, 11200, 200), (11200, 11200, 0), (11199, 11200, 0), (9000, None, 0)]
)
def test_underpayment_is_what_the_contract_says_less_what_was_allowed(allowed, expected, short):
    """A cent is tolerated; without a contract nothing is said."""
    assert underpaid_minor(allowed, expected) == short
