"""Paper EOBs under the same proof, refused sets mended, postings undone, takebacks carried until zero."""

import pytest
from polyclinic.billing.v1 import claims_pb2, ledger_pb2, payments_pb2
from polyclinic.billing.v1 import keyed_remittances_pb2 as pb

from chassis.testing import expect_error
from tests.billing.cases_keyed import eob
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.claims.test_denials import send
from tests.billing.claims.test_remittances import answer, era
from tests.billing.clinic import usd
from tests.billing.domain.x12.texts import remittance_set


@pytest.fixture
def sent(clinic: InsuredClinic) -> claims_pb2.Claim:
    """A claim to COMM1 that was sent: 99213 and 85025."""
    return send(clinic)


def key(clinic: InsuredClinic, request: pb.KeyRemittanceRequest) -> pb.KeyRemittanceResponse:
    done = clinic.staff.call("KeyRemittance", request)
    clinic.harness.run_due()
    return done


def test_a_paper_eob_is_posted_like_an_835(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """Paid, written off, left to the patient: each where an 835 would have put it, and the claim is paid."""
    done = key(clinic, eob(sent))
    assert (done.unposted.minor_units, done.proof.balances, done.remittance.state) == (0, True, "proved")
    books = clinic.ledger()
    assert (books["insurance_deposits"], books["contractual"], books["patient_receivable"]) == (10_000, 5_000, 2_500)
    assert books.get("payer_receivable", 0) == 0
    claim = clinic.claim(sent.claim_id)
    assert (claim.state, claim.payer_control) == ("paid", "ICN7")
    [remittance] = clinic.remittances()
    assert (remittance.state, remittance.method, remittance.trace) == ("posted", "CHK", "CHECK 1001")


def test_what_does_not_come_to_zero_is_not_posted(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """A line that is neither paid nor explained, and a payment that is on no line, are told with their place and cents."""
    request = eob(sent)
    request.claims[0].lines[0].contractual.minor_units = 4_500
    request.payment.minor_units = 11_000
    for field in ("claims[0].lines[0]", "payment"):
        with expect_error("INVALID_INPUT", field=field):
            clinic.staff.call("KeyRemittance", request)
    assert clinic.remittances() == []


def test_validate_only_shows_what_is_left_over_and_keeps_nothing(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """The grid's running difference: payment less what the lines come to."""
    request = eob(sent)
    request.payment.minor_units, request.validate_only = 12_500, True
    done = clinic.staff.call("KeyRemittance", request)
    assert (done.unposted.minor_units, done.proof.balances) == (2_500, False)
    assert not done.HasField("remittance")
    assert clinic.remittances() == []


def test_a_payment_is_there_once_however_it_comes(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """Keyed twice it is refused; as an 835 after it was keyed it is not posted, and a person is told."""
    key(clinic, eob(sent, trace="EFT1"))
    before = clinic.ledger()
    with expect_error("REMITTANCE_KNOWN"):
        clinic.staff.call("KeyRemittance", eob(sent, trace="EFT1"))
    clinic.upload(era(remittance_set("100", answer(sent))))
    assert clinic.ledger() == before
    [refused] = clinic.remittances("refused")
    assert "keyed the payment EFT1 already" in refused.reason


def test_a_refused_set_is_keyed_and_its_waiting_deposit_used(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """The money that waited is what the keyed claims are paid from: no cent comes in twice; the work item is done."""
    wrong = answer(sent)
    wrong[3] = "CAS*CO*45*49"
    clinic.upload(era(remittance_set("100", wrong)))
    [refused] = clinic.remittances("refused")
    assert clinic.ledger()["unapplied_insurance"] == -10_000
    request = eob(sent, trace="EFT1")
    request.refused_remittance_id = refused.remittance_id
    key(clinic, request)
    books = clinic.ledger()
    assert (books["insurance_deposits"], books.get("unapplied_insurance", 0)) == (10_000, 0)
    [posted] = clinic.remittances()
    assert (posted.remittance_id, posted.state) == (refused.remittance_id, "posted")
    assert clinic.work("refused_remittance") == []


def test_a_refused_set_that_comes_again_mended_takes_its_place(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """The payer sends the same payment with figures that balance: it is posted out of the deposit that waited."""
    wrong = answer(sent)
    wrong[3] = "CAS*CO*45*49"
    clinic.upload(era(remittance_set("100", wrong)))
    clinic.upload(era(remittance_set("100", answer(sent)), control=2), "mended.edi")
    [posted] = clinic.remittances()
    assert posted.state == "posted"
    books = clinic.ledger()
    assert (books["insurance_deposits"], books.get("unapplied_insurance", 0)) == (10_000, 0)
    assert clinic.work("refused_remittance", "remittance_conflict") == []


def test_a_dismissed_refusal_leaves_no_money(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """Not our payment after all: the entry that booked it is reversed with the reason, once."""
    wrong = answer(sent)
    wrong[3] = "CAS*CO*45*49"
    clinic.upload(era(remittance_set("100", wrong)))
    [refused] = clinic.remittances("refused")
    request = pb.DismissRefusedRemittanceRequest(remittance_id=refused.remittance_id, reason="sent anew as EFT2")
    assert clinic.staff.call("DismissRefusedRemittance", request).state == "dismissed"
    assert {account: sum_ for account, sum_ in clinic.ledger().items() if sum_ and "insurance" in account} == {}
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("DismissRefusedRemittance", request)


def test_an_undone_answer_waits_and_can_be_matched_again(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """Every entry is reversed, the money waits, the claim waits for its payer; matched anew the books are as before."""
    key(clinic, eob(sent))
    before = clinic.ledger()
    [remittance] = clinic.remittances()
    request = pb.UndoRemittanceClaimRequest(
        remittance_claim_id=remittance.claims[0].remittance_claim_id, reason="wrong patient"
    )
    undone = clinic.staff.call("UndoRemittanceClaim", request)
    assert undone.claims[0].outcome == "unmatched"
    books = clinic.ledger()
    assert (books["unapplied_insurance"], books["payer_receivable"]) == (-10_000, 17_500)
    assert (books.get("contractual", 0), books.get("patient_receivable", 0)) == (0, 0)
    claim = clinic.claim(sent.claim_id)
    assert (claim.state, claim.paid.minor_units) == ("accepted", 0)
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("UndoRemittanceClaim", request)
    for _ in range(2):
        match = claims_pb2.MatchRemittanceClaimRequest(
            remittance_claim_id=request.remittance_claim_id, claim_id=sent.claim_id
        )
        clinic.staff.call("MatchRemittanceClaim", match)
        assert {name: amount for name, amount in clinic.ledger().items() if amount} == {
            name: amount for name, amount in before.items() if amount
        }
        clinic.staff.call("UndoRemittanceClaim", request)
    assert clinic.ledger()["unapplied_insurance"] == -10_000


def test_what_a_patient_paid_on_an_undone_answer_is_unapplied_again(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """The deductible was paid at the desk; when the payer's answer is undone no line is below zero and the money is there."""
    key(clinic, eob(sent))
    clinic.open_drawer(0)
    clinic.take(sent.patient_id, 2_500)
    assert clinic.ledger()["patient_receivable"] == 0
    [remittance] = clinic.remittances()
    clinic.staff.call(
        "UndoRemittanceClaim",
        pb.UndoRemittanceClaimRequest(
            remittance_claim_id=remittance.claims[0].remittance_claim_id, reason="wrong patient"
        ),
    )
    books = clinic.ledger()
    assert (books["patient_receivable"], books["unapplied_patient"]) == (0, -2_500)
    account = clinic.staff.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=sent.patient_id))
    assert (account.patient_owes.minor_units, account.unapplied.minor_units) == (0, 2_500)
    [payment] = clinic.staff.call("ListPayments", payments_pb2.ListPaymentsRequest(patient_id=sent.patient_id)).payments
    assert payment.unapplied.minor_units == 2_500


def test_a_takeback_is_carried_until_it_is_zero(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """A forward balance is open until the payer has taken it; both movements stand under one reference."""
    forward = remittance_set("50", [], ["PLB*1234567893*20261231*FB:ICN9*-50"], trace="EFT8")
    clinic.upload(era(forward), "fb.edi")
    [open_] = clinic.staff.call("ListTakebacks", pb.ListTakebacksRequest()).takebacks
    assert (open_.reference, open_.open.minor_units, open_.payer_code) == ("ICN9", 5_000, "COMM1")
    segments = remittance_set("50", answer(sent), ["PLB*1234567893*20261231*FB:ICN9*50"], trace="EFT9")
    clinic.upload(era(segments, control=2), "taken.edi")
    assert list(clinic.staff.call("ListTakebacks", pb.ListTakebacksRequest()).takebacks) == []
    [settled] = clinic.staff.call("ListTakebacks", pb.ListTakebacksRequest(settled_too=True)).takebacks
    assert [one.amount.minor_units for one in settled.movements] == [5_000, -5_000]
    assert clinic.ledger().get("takebacks", 0) == 0


def test_a_takeback_paid_by_check_is_settled(clinic: InsuredClinic):
    """We pay it ourselves: the reference comes to zero, the bank is less by as much, and no cent more is paid."""
    clinic.upload(era(remittance_set("50", [], ["PLB*1234567893*20261231*FB:ICN9*-50"], trace="EFT8")))
    request = pb.PayPayerBackRequest(payer_code="COMM1", reference="icn9", amount=usd(5_000), reason="check 77")
    clinic.staff.call("PayPayerBack", request)
    books = clinic.ledger()
    assert (books["takebacks"], books["bank"]) == (0, -5_000)
    assert list(clinic.staff.call("ListTakebacks", pb.ListTakebacksRequest()).takebacks) == []
    with expect_error("EXCEEDS_BALANCE"):
        clinic.staff.call("PayPayerBack", request)
