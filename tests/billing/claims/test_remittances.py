"""Remittances: proved, posted once, refused whole."""

import pytest
from polyclinic.billing.v1 import claims_pb2 as pb
from polyclinic.billing.v1 import payers_pb2

from chassis.testing import expect_error
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.domain.x12.texts import envelope, remittance_set

VISIT, LAB = 15_000, 2_500


@pytest.fixture
def sent(clinic: InsuredClinic) -> pb.Claim:
    """A claim to COMM1 that was sent."""
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    clinic.staff.call("SendBatches", pb.SendBatchesRequest())
    clinic.harness.run_due()
    [claim] = clinic.claims_of(patient)
    assert claim.state == "sent"
    return claim


def answer(claim: pb.Claim, *, paid: str = "100", status: str = "1", contractual: str = "75") -> list[str]:
    """An answer to both lines: the visit paid and adjusted, the laboratory paid nothing and left to the patient."""
    first, second = claim.lines
    return [
        f"CLP*{claim.control}*{status}*175*{paid}*0*12*ICN1*11*1",
        "NM1*QC*1*HO*ANN****MI*W123456789",
        f"SVC*HC:99213*150*{paid}**1",
        f"CAS*CO*45*{float(150 - float(paid)):g}",
        f"REF*6R*{first.line_control}",
        "SVC*HC:85025*25*0**1",
        f"CAS*CO*{'97' if contractual == '75' else '24'}*25",
        f"REF*6R*{second.line_control}",
    ]


def era(*sets: list[str], control: int = 1, payee: str = "1234567893") -> str:
    """An 835 file of COMM1 with these sets."""
    text = envelope("HP", "005010X221A1", [("835", segments) for segments in sets], control=control, st03=False)
    return text.replace("N1*PR*MEDICARE B*XV*MEDB1", "N1*PR*PAYER COMM1*XV*COMM1").replace(
        "XX*1234567893", f"XX*{payee}"
    )


def test_the_same_set_in_two_files_is_posted_once(clinic: InsuredClinic, sent: pb.Claim):
    """Another file, other control numbers, the same payment: known, nothing happens twice."""
    clinic.upload(era(remittance_set("100", answer(sent))))
    before = clinic.ledger()
    clinic.upload(era(remittance_set("100", answer(sent)), control=2), "again.edi")
    assert clinic.ledger() == before
    assert len(clinic.remittances()) == 1
    assert before["insurance_deposits"] == 10_000


def test_the_same_file_again_is_the_known_file(clinic: InsuredClinic, sent: pb.Claim):
    """A file is kept once by its content."""
    first = clinic.upload(era(remittance_set("100", answer(sent))))
    again = clinic.upload(era(remittance_set("100", answer(sent))), "renamed.edi")
    assert again.inbound_file_id == first.inbound_file_id


def test_a_payment_that_comes_again_with_other_claims_is_not_believed(clinic: InsuredClinic, sent: pb.Claim):
    """The same trace, date and amount with different content: a person looks."""
    clinic.upload(era(remittance_set("100", answer(sent))))
    clinic.upload(era(remittance_set("100", answer(sent, contractual="0")), control=2), "other.edi")
    assert [item.kind for item in clinic.work("remittance_conflict")] == ["remittance_conflict"]
    assert len(clinic.remittances()) == 1


def test_a_set_that_does_not_balance_is_refused_whole_and_the_others_post(clinic: InsuredClinic, sent: pb.Claim):
    """One cent off: nothing of that set is posted, its deposit waits as unapplied money, a person is told; the other set posts."""
    wrong = remittance_set("50.01", ["CLP*NOBODY*1*50*50*0*12*ICN9"], trace="EFT2")
    clinic.upload(era(wrong, remittance_set("100", answer(sent))))
    refused, posted = sorted(clinic.remittances(), key=lambda one: one.state, reverse=True)
    assert (refused.state, posted.state) == ("refused", "posted")
    [imbalance] = refused.proof.imbalances
    assert (imbalance.balance, imbalance.difference.minor_units) == ("set", 1)
    assert refused.claims == []
    accounts = clinic.ledger()
    assert accounts["unapplied_insurance"] == -5_001
    assert accounts["insurance_deposits"] == 15_001
    [item] = clinic.work("refused_remittance")
    assert item.amount.minor_units == 5_001
    assert "difference 1 cents" in item.detail["reason"]


def test_money_for_nobody_waits_under_its_reference(clinic: InsuredClinic, sent: pb.Claim):
    """A claim that is none of ours: its money is kept apart, the rest of the set posts."""
    claims = [*answer(sent), "CLP*NOBODY*1*50*50*0*12*ICN9*11*1"]
    clinic.upload(era(remittance_set("150", claims)))
    [posted] = clinic.remittances("posted")
    assert [one.outcome for one in posted.claims] == ["paid", "unmatched"]
    [item] = clinic.work("unmatched_remittance")
    assert (item.amount.minor_units, item.detail["claim_control"]) == (5_000, "NOBODY")
    accounts = clinic.ledger()
    assert sum(accounts.values()) == 0
    assert accounts["insurance_deposits"] == 15_000


def test_a_biller_says_which_claim_an_answer_is_about(clinic: InsuredClinic, sent: pb.Claim):
    """The payer wrote another number: the money waits, then goes to the lines of the claim a person names, once."""
    misnamed = [segment.replace(f"CLP*{sent.control}*", "CLP*OLDNUMBER*") for segment in answer(sent)]
    clinic.upload(era(remittance_set("100", misnamed)))
    assert clinic.ledger()["unapplied_insurance"] == -10_000
    [waiting] = clinic.remittances()[0].claims
    request = pb.MatchRemittanceClaimRequest(remittance_claim_id=waiting.remittance_claim_id, claim_id=sent.claim_id)
    matched = clinic.staff.call("MatchRemittanceClaim", request)
    assert [(one.outcome, one.claim_id) for one in matched.claims] == [("paid", sent.claim_id)]
    accounts = clinic.ledger()
    assert (accounts.get("unapplied_insurance", 0), accounts["insurance_deposits"]) == (0, 10_000)
    assert sum(accounts.values()) == 0
    claim = clinic.claim(sent.claim_id)
    assert (claim.state, [line.open.minor_units for line in claim.lines]) == ("paid", [0, LAB])
    assert clinic.work("unmatched_remittance") == []
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("MatchRemittanceClaim", request)


def test_an_answer_is_not_forced_onto_a_claim_it_does_not_fit(clinic: InsuredClinic, sent: pb.Claim):
    """Other amounts: refused, and the money goes on waiting."""
    clinic.upload(era(remittance_set("50", ["CLP*OTHER*1*99*50*0*12*ICN9*11*1", "CAS*CO*45*49"])))
    [waiting] = clinic.remittances()[0].claims
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call(
            "MatchRemittanceClaim",
            pb.MatchRemittanceClaimRequest(remittance_claim_id=waiting.remittance_claim_id, claim_id=sent.claim_id),
        )
    assert clinic.ledger()["unapplied_insurance"] == -5_000


def test_provider_level_money_is_posted_with_the_set(clinic: InsuredClinic, sent: pb.Claim):
    """Interest adds, a recovered overpayment takes away; the deposit is what is left."""
    plb = ["PLB*1234567893*20261231*L6:ICN1*-2.5*WO:OLD*40"]
    clinic.upload(era(remittance_set("62.5", answer(sent), plb)))
    [posted] = clinic.remittances("posted")
    assert [(p.kind, p.amount.minor_units, p.account) for p in posted.provider_level] == [
        ("interest", 250, "interest"),
        ("takeback", -4_000, "takeback"),
    ]
    accounts = clinic.ledger()
    assert accounts["insurance_deposits"] == 6_250
    assert sum(accounts.values()) == 0


def test_lines_are_posted_each_on_its_own(clinic: InsuredClinic, sent: pb.Claim):
    """The visit is paid and written off to the contract; the bundled line is denied, stays open and is worked."""
    clinic.upload(era(remittance_set("100", answer(sent))))
    claim = clinic.claim(sent.claim_id)
    assert [line.open.minor_units for line in claim.lines] == [0, LAB]
    [posted] = clinic.remittances()
    assert [(p.kind, p.amount.minor_units, p.reason_code) for p in posted.claims[0].postings] == [
        ("payment", 10_000, ""),
        ("contractual", 5_000, "45"),
        ("denial", 2_500, "97"),
    ]
    [item] = clinic.work("denial")
    assert (item.amount.minor_units, item.detail["categories"]) == (LAB, "bundled")


def test_a_corrected_claim_replaces_the_denied_one(clinic: InsuredClinic, sent: pb.Claim):
    """Frequency 7 with the payer's number: the old one is closed, the lines are on the new one, the work is settled."""
    clinic.upload(era(remittance_set("100", answer(sent))))
    paid = clinic.claim(sent.claim_id)
    made = clinic.staff.call(
        "CorrectClaim",
        pb.CorrectClaimRequest(claim_id=paid.claim_id, reason="modifier 59 added", version=paid.version),
    )
    clinic.harness.run_due()
    corrected = clinic.claim(made.claim_id)
    assert (corrected.frequency, corrected.state, corrected.payer_control) == ("7", "ready", "ICN1")
    assert clinic.claim(sent.claim_id).state == "closed"
    assert clinic.work("denial") == []
    text = clinic.staff.call("GetClaimText", pb.GetClaimTextRequest(claim_id=made.claim_id)).data.decode()
    assert "REF*F8*ICN1~" in text
    assert ":B:7*" in text


def test_a_set_for_another_payee_is_not_ours(clinic: InsuredClinic, sent: pb.Claim):
    """Nothing is posted and no money is booked for somebody else's payment."""
    clinic.upload(era(remittance_set("100", answer(sent)), payee="1003000126"))
    [refused] = clinic.remittances()
    assert refused.state == "refused"
    assert "insurance_deposits" not in clinic.ledger()
    assert len(clinic.work("refused_remittance")) == 1


def test_a_truncated_file_has_no_effect_at_all(clinic: InsuredClinic, sent: pb.Claim):
    """The envelope is read to its end before anything of the file counts."""
    clinic.upload(era(remittance_set("100", answer(sent)))[:-20])
    assert clinic.remittances() == []
    [item] = clinic.work("unreadable_file")
    assert "ends" in item.detail["reason"]
    assert clinic.claim(sent.claim_id).state == "sent"


def test_a_file_that_is_no_x12_is_refused_at_once(clinic: InsuredClinic):
    """One clear error, nothing kept."""
    with expect_error("INVALID_INPUT"):
        clinic.staff.call("ImportFile", pb.ImportFileRequest(name="a.txt", content=b"hello"))
    assert clinic.staff.call("ListInboundFiles", pb.ListInboundFilesRequest()).files == []


def test_a_999_that_rejects_returns_every_claim(clinic: InsuredClinic, sent: pb.Claim):
    """The set's claims come back with the place of the fault."""
    [batch] = clinic.staff.call("ListClaimBatches", pb.ListClaimBatchesRequest()).batches
    segments = [
        f"AK1*HC*{batch.interchange_control}*005010X222A1",
        "AK2*837*0001*005010X222A1",
        "IK3*NM1*8*2010AA*8",
        "IK4*9*67*7*BAD",
        "IK5*R*5",
        "AK9*R*1*1*0",
    ]
    clinic.upload(envelope("FA", "005010X231A1", [("999", segments)]))
    returned = clinic.claim(sent.claim_id)
    assert returned.state == "rejected"
    assert "NM109" in returned.life[-1].detail
    assert [item.claim_id for item in clinic.work("rejection")] == [sent.claim_id]
    [batch] = clinic.staff.call("ListClaimBatches", pb.ListClaimBatchesRequest()).batches
    assert batch.state == "rejected"


def test_a_ta1_that_rejects_returns_every_claim(clinic: InsuredClinic, sent: pb.Claim):
    """The whole interchange was thrown away."""
    [batch] = clinic.staff.call("ListClaimBatches", pb.ListClaimBatchesRequest()).batches
    lines = envelope("FA", "005010X231A1", []).splitlines()
    ta1 = f"TA1*{batch.interchange_control:09d}*260302*0900*R*025~"
    clinic.upload("\n".join([lines[0], ta1, "IEA*0*000000001~"]))
    assert clinic.claim(sent.claim_id).state == "rejected"


def test_silence_is_noticed_and_the_payer_is_asked(clinic: InsuredClinic, sent: pb.Claim):
    """A payer that says nothing for so long is asked by 276; a person is told."""
    clinic.clearinghouse.configure({"COMM1": {"days_to_payment": [80, 80]}})
    clinic.days(46, by_hours=24)
    [item] = clinic.work("silence")
    assert item.claim_id == sent.claim_id
    assert any(happening.by == "277" for happening in clinic.claim(sent.claim_id).life)


def test_less_than_the_contract_is_noticed(clinic: InsuredClinic, sent: pb.Claim):
    """Allowed less than the contracted rate: a work item with the difference per line."""
    clinic.put_prices(
        "CONTRACT-COMM1",
        {"99213": 11_000, "85025": 1},
        kind=payers_pb2.FEE_SCHEDULE_KIND_CONTRACT,
        payer_code="COMM1",
    )
    clinic.upload(era(remittance_set("100", answer(sent, contractual="0"))))
    [item] = clinic.work("underpaid")
    assert item.amount.minor_units == 1_000
    assert dict(item.detail) == {sent.lines[0].line_control: "1000"}
