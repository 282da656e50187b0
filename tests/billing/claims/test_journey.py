"""From a signed visit to a posted remittance, through the real clearinghouse interface."""

import io
import re
from datetime import timedelta
from uuid import UUID

import pypdf
from polyclinic.billing.v1 import claims_pb2 as pb
from polyclinic.billing.v1 import statements_pb2

from billing.store import Store
from billing.tables_claims import ClaimBatch
from billing.usecases import batches
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.judges.pyx12_judge import judge

MONTH = 32


def test_a_visit_becomes_a_paid_claim(clinic: InsuredClinic):
    """Signed, drafted, scrubbed, sent in the daily batch, acknowledged, accepted, paid and posted; the books balance."""
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    [draft] = clinic.claims_of(patient)
    assert (draft.state, draft.responsibility, draft.charge.minor_units) == ("draft", "P", 17_500)
    clinic.harness.run_due()
    [ready] = clinic.claims_of(patient)
    assert ready.state == "ready", ready.findings
    clinic.days(3, by_hours=6)
    clinic.days(MONTH)
    [paid] = clinic.claims_of(patient)
    assert [h.to_state for h in paid.life] == ["draft", "ready", "sent", "received", "accepted", "paid"]
    assert paid.payer_control
    assert paid.paid.minor_units + paid.patient_share.minor_units < paid.charge.minor_units
    [text] = clinic.texts()
    assert judge(text) == []
    [remittance] = clinic.remittances()
    assert remittance.state == "posted"
    assert remittance.proof.balances
    assert remittance.proof.payment.minor_units == paid.paid.minor_units
    accounts = clinic.ledger()
    assert sum(accounts.values()) == 0
    assert accounts["insurance_deposits"] == paid.paid.minor_units
    assert accounts["patient_receivable"] == paid.patient_share.minor_units
    assert accounts.get("payer_receivable", 0) == 0
    assert clinic.work() == []


def test_the_statement_tells_what_the_plan_left_to_the_patient(clinic: InsuredClinic):
    """After the remittance the patient reads what the payer paid, what was taken off, and why the rest is theirs."""
    clinic.clearinghouse.configure({"COMM1": {"deductible": 0}})
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    clinic.days(2 * MONTH)
    [paid] = clinic.claims_of(patient)
    listed = clinic.staff.call("ListStatements", statements_pb2.ListStatementsRequest(patient_id=patient)).statements
    wanted = listed[-1].statement_id
    whole = clinic.staff.call("GetStatement", statements_pb2.GetStatementRequest(statement_id=wanted))
    request = statements_pb2.GetStatementPdfRequest(statement_id=wanted)
    pdf = pypdf.PdfReader(io.BytesIO(clinic.staff.call("GetStatementPdf", request).data))
    text = " ".join("\n".join(page.extract_text() for page in pdf.pages).split())
    told = re.findall(r"Your plan: ((?:, )?(?:(?:deductible|coinsurance|copay|not covered) \$[0-9.]+(?:, )?)+)", text)
    shares = [round(float(amount) * 100) for part in told for amount in re.findall(r"\$([0-9.]+)", part)]
    assert sum(shares) == paid.patient_share.minor_units > 0
    # What is settled is left out: the lines that are there say what the payer paid on them.
    assert f"Insurance paid -${sum(line.payer_paid.minor_units for line in whole.lines) / 100:.2f}" in text


def test_a_secondary_claim_carries_what_the_first_payer_did(clinic: InsuredClinic):
    """Medicare pays first and does not forward: a claim of ours with coordination of benefits goes to the next payer."""
    clinic.clearinghouse.configure({"MEDB1": {"crossover": False, "deductible": 0}, "COMM2": {"deductible": 0}})
    patient = clinic.insured("MEDB1", "COMM2")
    clinic.signed_visit(patient)
    clinic.days(3 * MONTH)
    first, second = clinic.claims_of(patient)
    assert (first.state, second.state) == ("paid", "paid")
    assert (second.responsibility, second.payer_code, second.previous_claim_id) == ("S", "COMM2", first.claim_id)
    assert not second.crossed_over
    texts = clinic.texts()
    assert len(texts) == 2
    assert judge(texts[1]) == []
    assert f"AMT*D*{first.paid.minor_units / 100:g}~" in texts[1]
    assert "SVD*MEDB1*" in texts[1]
    accounts = clinic.ledger()
    assert sum(accounts.values()) == 0
    assert accounts.get("payer_receivable", 0) == 0
    assert accounts.get("patient_receivable", 0) == second.patient_share.minor_units
    assert accounts["sequestration"] > 0


def test_a_crossover_is_never_sent_again(clinic: InsuredClinic):
    """The first payer forwards: nothing of ours goes to the second, whose answer is posted all the same."""
    clinic.clearinghouse.configure(
        {
            "MEDB1": {"crossover": True, "crossover_fraction": 1.0, "crossover_payer": "COMM2", "deductible": 0},
            "COMM2": {"deductible": 0},
        }
    )
    patient = clinic.insured("MEDB1", "COMM2")
    clinic.signed_visit(patient)
    clinic.days(3 * MONTH)
    first, second = clinic.claims_of(patient)
    assert second.crossed_over
    assert [h.event for h in second.life][:2] == ["made", "crossed_over"]
    assert (first.state, second.state) == ("paid", "paid")
    assert len(clinic.texts()) == 1
    assert clinic.clearinghouse.state()["submissions"] == 1
    accounts = clinic.ledger()
    assert sum(accounts.values()) == 0
    assert accounts.get("payer_receivable", 0) == 0


def test_a_returned_claim_is_mended_and_sent_again(clinic: InsuredClinic):
    """Rejected at the payer's door: a work item; written anew, sent again under a number of its own, and paid."""
    clinic.clearinghouse.configure({"COMM1": {"rejection_fraction": 1.0}})
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    clinic.days(4)
    [returned] = clinic.claims_of(patient)
    assert returned.state == "rejected"
    [item] = clinic.work("rejection")
    assert (item.claim_id, item.detail["codes"][:1]) == (returned.claim_id, "A")
    clinic.clearinghouse.configure({})
    clinic.staff.call("RescrubClaim", pb.RescrubClaimRequest(claim_id=returned.claim_id, version=returned.version))
    clinic.days(MONTH)
    closed, paid = clinic.claims_of(patient)
    assert (closed.state, paid.state) == ("closed", "paid")
    assert (paid.replaces_claim_id, paid.frequency) == (returned.claim_id, "1")
    assert paid.control != returned.control
    assert len(clinic.texts()) == 2
    assert clinic.work() == []


def test_a_denial_becomes_work_with_advice(clinic: InsuredClinic):
    """A denied claim writes nothing off: the money stays open at the payer and somebody works it."""
    clinic.clearinghouse.configure({"COMM1": {"needs_authorization": ["99213", "85025"]}})
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    clinic.days(MONTH)
    [denied] = clinic.claims_of(patient)
    assert denied.state == "denied"
    [item] = clinic.work("denial")
    assert item.claim_id == denied.claim_id
    assert item.amount.minor_units == denied.charge.minor_units
    assert item.detail["codes"] == "CO-197"
    assert "authorisation" in item.detail["advice"]
    assert item.due_on.year
    accounts = clinic.ledger()
    assert accounts["payer_receivable"] == denied.charge.minor_units
    assert "contractual_adjustments" not in accounts


def test_a_reversal_takes_back_exactly_what_was_posted(clinic: InsuredClinic):
    """Paid, reversed and corrected: after it all the ledger shows the corrected payment only."""
    clinic.clearinghouse.configure({"COMM1": {"reversal_fraction": 1.0, "deductible": 0, "recovery": "net"}})
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    clinic.days(2 * MONTH)
    [claim] = clinic.claims_of(patient)
    outcomes = [one.outcome for r in clinic.remittances("posted") for one in r.claims]
    assert outcomes == ["paid", "reversed", "paid"]
    assert claim.state == "paid"
    accounts = clinic.ledger()
    assert sum(accounts.values()) == 0
    assert accounts["insurance_deposits"] == sum(r.proof.payment.minor_units for r in clinic.remittances("posted"))
    assert accounts.get("patient_receivable", 0) == claim.patient_share.minor_units
    # The payer's second thought denied part of the claim: that stays open, and is worked.
    assert accounts.get("payer_receivable", 0) == sum(item.amount.minor_units for item in clinic.work("denial"))
    assert clinic.work("unmatched_reversal") == []


def test_claims_wait_while_the_registry_is_silent(clinic: InsuredClinic):
    """Signing works without the registry; the claim is written when it answers again."""
    patient = clinic.insured("COMM1")
    answer = clinic.registry.answers.pop("GetBillingProfiles")
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    assert [claim.state for claim in clinic.claims_of(patient)] == ["draft"]
    clinic.registry.answers["GetBillingProfiles"] = answer
    clinic.step(clinic.harness.clock.now() + timedelta(minutes=31))
    assert [claim.state for claim in clinic.claims_of(patient)] == ["ready"]


def test_a_clearinghouse_that_is_down_gets_the_same_file_later(clinic: InsuredClinic):
    """The batch is committed before it is sent; sending goes on until it is taken, and it is taken once."""
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    clinic.clearinghouse.kill()
    [batch] = clinic.staff.call("SendBatches", pb.SendBatchesRequest(payer_code="COMM1")).batches
    clinic.harness.run_due()
    [listed] = clinic.staff.call("ListClaimBatches", pb.ListClaimBatchesRequest()).batches
    assert (listed.state, listed.claim_batch_id) == ("committed", batch.claim_batch_id)
    assert [claim.state for claim in clinic.claims_of(patient)] == ["sent"]
    clinic.clearinghouse.restart()
    clinic.step(clinic.harness.clock.now() + timedelta(minutes=31))
    with clinic.harness.call(clinic.tenant) as call:  # a crash after the hand-over: the same name and bytes go again
        row = Store(call.session).need(ClaimBatch, UUID(batch.claim_batch_id), "batch")
        row.sent_at = None
        call.due.at(batches.SEND_DUE, row.id, call.now)
    clinic.harness.run_due()
    assert clinic.clearinghouse.state()["submissions"] == 1
    assert clinic.clearinghouse.state()["claims_received"] == 1


def test_a_child_is_insured_through_a_parent(clinic: InsuredClinic):
    """The dependant's claim has the patient's own loop; it is valid and it is paid."""
    patient = clinic.insured("COMM1", child=True)
    clinic.signed_visit(patient)
    clinic.days(MONTH)
    [claim] = clinic.claims_of(patient)
    assert claim.state == "paid"
    [text] = clinic.texts()
    assert "NM1*QC*1*HO*KID" in text
    assert "PAT*19" in text
    assert judge(text) == []


def test_without_insurance_the_patient_owes(clinic: InsuredClinic):
    """No coverage in force: no claim, the charges stand on the self-pay account."""
    patient = clinic.insured()
    clinic.signed_visit(patient)
    clinic.days(2)
    assert clinic.claims_of(patient) == []
    assert clinic.ledger()["patient_receivable"] == 17_500
