"""The next payer: whether, and with which coordination of benefits."""

import io
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from billing.domain.acknowledgements import word_for, words_of
from billing.domain.claims import ClaimEvent
from billing.domain.line_matching import ClaimLine
from billing.domain.secondary import EarlierAnswer, NextStep, UnusableAnswer, next_step, with_coordination
from billing.domain.x12.claim_status import read_status
from billing.domain.x12.professional_claim import Responsibility
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.remittance import RemittanceClaim
from billing.domain.x12.remittance_reader import read_remittance
from tests.billing.domain.x12.test_acknowledgements import CLAIMS, V277CA
from tests.billing.domain.x12.test_professional_claim import COINSURED, MEDICARE, PRIMARY, VISIT, line, write
from tests.billing.domain.x12.texts import envelope, remittance
from tests.judges.pyx12_judge import judge


@pytest.mark.parametrize(
    ("responsibility", "has_next", "forwarded", "left", "denied", "step"),
    [
        ("P", True, False, 3800, False, NextStep.SEND),
        ("P", True, True, 3800, False, NextStep.CROSSED_OVER),
        ("P", True, True, 0, False, NextStep.CROSSED_OVER),
        ("P", False, True, 3800, False, NextStep.PATIENT),
        ("P", False, False, 3800, False, NextStep.PATIENT),
        ("P", True, False, 0, False, NextStep.DONE),
        ("P", True, False, 0, True, NextStep.WAIT),
        ("S", True, False, 800, False, NextStep.SEND),
        ("T", True, False, 800, False, NextStep.PATIENT),
    ],
)
def test_what_follows_a_payers_answer(responsibility, has_next, forwarded, left, denied, step):
    """A crossover is never sent again; nothing left needs nobody; a denial is worked first."""
    found = next_step(
        responsibility=Responsibility(responsibility),
        has_next_coverage=has_next,
        forwarded=forwarded,
        left_minor=left,
        denied=denied,
    )
    assert found is step


OURS = (
    ClaimLine(uuid4(), "LN1", "99214", (), 1, 15000, VISIT),
    ClaimLine(uuid4(), "LN2", "36415", (), 1, 5000, VISIT),
)
LINES = (line(1, 15000, procedure="99214"), line(2, 5000, procedure="36415"))


def answer(*segments: str) -> EarlierAnswer:
    """Medicare's answer with these segments."""
    text = remittance("0", segments)
    [set_] = [read_remittance(t) for t in X12Reader(io.BytesIO(text.encode())).sets()]
    said: RemittanceClaim = set_.claims[0]
    return EarlierAnswer(MEDICARE, Responsibility.PRIMARY, "18", COINSURED, date(2026, 3, 16), said)


LINE_LEVEL = [
    "CLP*PC1*1*200*72*38*MB*ICN1",
    "SVC*HC:99214*150*72",
    "CAS*CO*45*40",
    "CAS*PR*1*20**2*18",
    "REF*6R*LN1",
    "SVC*HC:36415*50*0",
    "CAS*CO*97*50",
    "REF*6R*LN2",
]


def secondary_claim(lines, others):
    """The claim to the second payer."""
    return replace(PRIMARY, responsibility=Responsibility.SECONDARY, lines=lines, other_payers=others)


def test_line_level_answers_go_into_2430():
    """Every line tells what the earlier payer did; the claim level tells only the sum; pyx12 accepts it."""
    lines, others = with_coordination(LINES, OURS, [answer(*LINE_LEVEL)])
    assert [a.paid_minor for one in lines for a in one.adjudications] == [7200, 0]
    assert (others[0].paid_minor, others[0].payer_control, others[0].adjudicated_on) == (7200, "ICN1", None)
    assert judge(write(secondary_claim(lines, others))) == []


def test_claim_level_answers_go_into_2320():
    """A payer that gave no lines is told at the claim level, with its date; pyx12 accepts it."""
    lines, others = with_coordination(
        LINES, OURS, [answer("CLP*PC1*1*200*100*20*MB*ICN1", "CAS*CO*45*80", "CAS*PR*3*20")]
    )
    assert all(not one.adjudications for one in lines)
    assert (others[0].patient_left_minor, others[0].adjudicated_on) == (2000, date(2026, 3, 16))
    assert judge(write(secondary_claim(lines, others))) == []


def test_a_line_the_payer_split_is_told_as_one():
    """Two answers to one line of ours: one SVD with both."""
    split = [
        *LINE_LEVEL[:1],
        "SVC*HC:99214*100*50",
        "CAS*CO*45*50",
        "REF*6R*LN1",
        "SVC*HC:99214*50*22",
        "CAS*PR*2*28",
        "REF*6R*LN1",
        *LINE_LEVEL[5:],
    ]
    lines, others = with_coordination(LINES, OURS, [answer(*split)])
    assert [(a.paid_minor, len(a.adjustments)) for a in lines[0].adjudications] == [(7200, 2)]
    assert judge(write(secondary_claim(lines, others))) == []


def test_an_answer_that_lacks_lines_of_ours_cannot_be_told():
    """Half an answer would not balance at the next payer."""
    with pytest.raises(UnusableAnswer):
        with_coordination(LINES, OURS, [answer("CLP*PC1*1*150*72*38*MB*ICN1", *LINE_LEVEL[1:5])])


def test_a_277ca_becomes_words_about_claims():
    """Accepted with the payer's number, rejected with a work item; a received batch says nothing about claims."""
    text = envelope("HN", V277CA, [("277", CLAIMS)])
    [found] = [read_status(t) for t in X12Reader(io.BytesIO(text.encode())).sets()]
    claims, batches = words_of(found)
    assert [(w.control, w.event, w.work, w.payer_control) for w in claims] == [
        ("PC1", ClaimEvent.ACCEPT, "", "ICN1"),
        ("PC2", ClaimEvent.REJECT, "rejection", ""),
    ]
    assert claims[1].statuses == ("A7:562:85", "A7:164:IL", "A7:454")
    assert claims[1].text == "MEMBER ID NOT ON FILE"
    assert batches == []


def test_a_rejected_level_speaks_of_the_whole_batch():
    """Rejected at the receiver: every claim of BHT03."""
    segments = [s.replace("STC*A1:20*", "STC*A8:746:40*") for s in CLAIMS[:10]]
    text = envelope("HN", V277CA, [("277", segments)])
    [found] = [read_status(t) for t in X12Reader(io.BytesIO(text.encode())).sets()]
    claims, [batch] = words_of(found)
    assert claims == []
    assert (batch.reference, batch.level, batch.statuses) == ("B5", "21", ("A8:746:40",))


@pytest.mark.parametrize(
    ("category", "event", "work"),
    [
        ("A0", ClaimEvent.ACKNOWLEDGED, ""),
        ("A2", ClaimEvent.ACCEPT, ""),
        ("A6", ClaimEvent.REJECT, "rejection"),
        ("P3", ClaimEvent.PEND, "payer_request"),
        ("P4", ClaimEvent.PEND, "patient_request"),
        ("R3", ClaimEvent.PEND, "payer_request"),
        ("F2", None, ""),
        ("D0", None, "not_on_file"),
        ("E1", None, ""),
        ("Z9", None, ""),
    ],
)
def test_status_categories(category: str, event, work: str):
    """Each category of list 507 has its meaning; final ones leave the decision to the 835."""
    assert (word_for(category).event, word_for(category).work) == (event, work)
