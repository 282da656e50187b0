"""Answers whose lines fit none of ours: a person places them, under the same balance as everything that is posted."""

import pytest
from polyclinic.billing.v1 import claims_pb2 as pb
from polyclinic.billing.v1 import keyed_remittances_pb2 as keyed

from billing.tables_claims import RemittanceClaim
from chassis.testing import expect_error
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.claims.test_remittances import era, sent  # noqa: F401 (a fixture)
from tests.billing.domain.x12.texts import remittance_set


@pytest.fixture
def waiting(clinic: InsuredClinic, sent: pb.Claim) -> pb.RemittanceClaim:  # noqa: F811
    """One line under a code that nobody billed, for both of ours: 175.00 charged, 100.00 paid."""
    segments = [
        f"CLP*{sent.control}*1*175*100*0*12*ICN1*11*1",
        "SVC*HC:G9999*175*100**1",
        "CAS*CO*45*75",
    ]
    clinic.upload(era(remittance_set("100", segments)))
    [answer] = clinic.remittances()[0].claims
    assert answer.outcome == "unmatched"
    return answer


def place(clinic: InsuredClinic, answer: pb.RemittanceClaim, claim: pb.Claim, *lines: pb.PlacedLine) -> pb.Remittance:
    """Matches the answer to the claim with these lines placed."""
    request = pb.MatchRemittanceClaimRequest(
        remittance_claim_id=answer.remittance_claim_id, claim_id=claim.claim_id, lines=lines
    )
    return clinic.staff.call("MatchRemittanceClaim", request)


def both(claim: pb.Claim) -> pb.PlacedLine:
    """The first line of the answer, for all lines of the claim."""
    return pb.PlacedLine(number=1, charge_line_ids=[line.charge_line_id for line in claim.lines])


def test_an_answer_that_waits_shows_the_payers_lines(waiting: pb.RemittanceClaim):
    """Who places a line sees its code, charge, payment and reasons."""
    [line] = waiting.service_lines
    assert (line.number, line.procedure, line.charge.minor_units, line.paid.minor_units) == (1, "G9999", 17_500, 10_000)
    assert [(a.group, a.reason_code, a.amount.minor_units) for a in line.adjustments] == [("CO", "45", 7_500)]


def test_a_placed_line_is_posted_to_the_cent_and_undone_whole(
    clinic: InsuredClinic,
    sent: pb.Claim,  # noqa: F811
    waiting: pb.RemittanceClaim,
):
    """Without a person it does not fit; placed it closes both lines; undone it waits again as the payer sent it."""
    with expect_error("FAILED_PRECONDITION"):
        place(clinic, waiting, sent)
    posted = place(clinic, waiting, sent, both(sent))
    assert [(one.outcome, len(one.service_lines)) for one in posted.claims] == [("paid", 0)]
    claim = clinic.claim(sent.claim_id)
    assert (claim.state, [line.open.minor_units for line in claim.lines]) == ("paid", [0, 0])
    books = clinic.ledger()
    assert (books["insurance_deposits"], books.get("unapplied_insurance", 0), sum(books.values())) == (10_000, 0, 0)
    assert clinic.work("unmatched_remittance") == []
    with expect_error("FAILED_PRECONDITION"):
        place(clinic, waiting, sent, both(sent))
    undone = clinic.staff.call(
        "UndoRemittanceClaim",
        keyed.UndoRemittanceClaimRequest(remittance_claim_id=waiting.remittance_claim_id, reason="wrong lines"),
    )
    assert list(undone.claims[0].service_lines) == list(waiting.service_lines)
    assert clinic.ledger()["unapplied_insurance"] == -10_000
    place(clinic, waiting, sent, both(sent))
    assert clinic.ledger() == books


def test_what_was_placed_is_kept_beside_what_the_payer_sent(
    clinic: InsuredClinic,
    sent: pb.Claim,  # noqa: F811
    waiting: pb.RemittanceClaim,
):
    """The claim to the next payer reads the lines as they were posted; the payer's own are not lost."""
    place(clinic, waiting, sent, both(sent))
    with clinic.harness.session(clinic.tenant) as session:
        [said] = [row.said for row in session.query(RemittanceClaim)]
    assert [line["line_control"] for line in said["lines"]] == [line.line_control for line in sent.lines]
    assert [line["procedure"]["code"] for line in said["lines_as_sent"]] == ["G9999"]


def test_lines_are_not_placed_where_the_charges_differ(
    clinic: InsuredClinic,
    sent: pb.Claim,  # noqa: F811
    waiting: pb.RemittanceClaim,
):
    """175.00 on the line of 150.00 alone, a line of nobody's, and one line placed twice are refused by field; the money goes on waiting."""
    first = sent.lines[0].charge_line_id
    with expect_error("INVALID_INPUT", field="lines[0].charge_line_ids"):
        place(clinic, waiting, sent, pb.PlacedLine(number=1, charge_line_ids=[first]))
    with expect_error("INVALID_INPUT", field="lines[0].charge_line_ids"):
        place(clinic, waiting, sent, pb.PlacedLine(number=2, charge_line_ids=[first]))
    with expect_error("INVALID_INPUT", field="lines"):
        place(clinic, waiting, sent, both(sent), both(sent))
    assert clinic.ledger()["unapplied_insurance"] == -10_000
