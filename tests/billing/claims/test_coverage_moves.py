"""A visit's charges go to another coverage: previewed, and done in one command."""

import pytest
from polyclinic.billing.v1 import claim_work_pb2 as work
from polyclinic.billing.v1 import claims_pb2 as pb

from chassis.testing import expect_error
from tests.billing.claims.insured_clinic import InsuredClinic


def visit(clinic: InsuredClinic, *, days: int = 0) -> tuple[str, str, str]:
    """Patient, encounter and the coverage with COMM2 that is told of later: with `days`, that long after the claim was sent."""
    patient = clinic.insured("COMM1")
    encounter = clinic.signed_visit(patient).encounter_id
    clinic.harness.run_due()
    if days:
        clinic.staff.call("SendBatches", pb.SendBatchesRequest())
        clinic.days(days)
    return patient, encounter, clinic.insure(patient, "COMM2", 5)


def look(clinic: InsuredClinic, encounter: str, coverage: str) -> work.CoverageMove:
    """The preview."""
    request = work.PreviewCoverageMoveRequest(encounter_id=encounter, coverage_id=coverage)
    return clinic.staff.call("PreviewCoverageMove", request)


def move(clinic: InsuredClinic, seen: work.CoverageMove) -> work.CoverageMove:
    """Does what was looked at."""
    request = work.MoveChargesRequest(
        encounter_id=seen.encounter_id,
        coverage_id=seen.coverage_id,
        reason="other insurance on the day",
        preview_token=seen.preview_token,
    )
    return clinic.staff.call("MoveCharges", request)


def test_a_claim_that_was_not_sent_is_voided_and_the_other_payer_billed(clinic: InsuredClinic):
    """Nothing is paid back; the other payer owes everything; the preview changes nothing."""
    patient, encounter, coverage = visit(clinic)
    before = clinic.ledger()
    seen = look(clinic, encounter, coverage)
    assert clinic.ledger() == before
    assert [(one.action, one.payer_code) for one in seen.claims] == [("void", "COMM1")]
    assert (seen.charge.minor_units, seen.payer_refund.minor_units, seen.payer_code) == (17_500, 0, "COMM2")
    done = move(clinic, seen)
    clinic.harness.run_due()
    old, new = clinic.claims_of(patient)
    assert (old.state, new.state, new.payer_code, new.claim_id) == ("voided", "ready", "COMM2", done.new_claim_id)
    assert [line.open.minor_units for line in new.lines] == [15_000, 2_500]
    assert clinic.ledger()["payer_receivable"] == 17_500
    assert sum(clinic.ledger().values()) == 0


def test_a_paid_claim_is_taken_back_reversed_and_billed_anew(clinic: InsuredClinic):
    """A void with the payer's number goes out; the payer's money waits for it; the patient's is unapplied; nothing is lost."""
    clinic.clearinghouse.configure({"COMM1": {"deductible": 0}})
    patient, encounter, coverage = visit(clinic, days=35)
    [paid] = clinic.claims_of(patient)
    assert paid.state == "paid"
    clinic.open_drawer()
    clinic.take(patient, paid.patient_share.minor_units)
    seen = look(clinic, encounter, coverage)
    assert [(one.action, one.paid.minor_units) for one in seen.claims] == [("void_at_payer", paid.paid.minor_units)]
    assert seen.payer_refund.minor_units == paid.paid.minor_units > 0
    assert seen.patient_unapplied.minor_units == paid.patient_share.minor_units
    move(clinic, seen)
    books = clinic.ledger()
    assert sum(books.values()) == 0
    assert books["payer_receivable"] == 17_500
    assert books.get("patient_receivable", 0) == 0
    assert books["unapplied_insurance"] == -paid.paid.minor_units
    assert books["unapplied_patient"] == -paid.patient_share.minor_units
    assert books.get("contractual", 0) == 0
    clinic.harness.run_due()
    closed, void, new = clinic.claims_of(patient)
    assert (closed.state, void.frequency, void.state, new.payer_code, new.state) == (
        "closed",
        "8",
        "ready",
        "COMM2",
        "ready",
    )
    clinic.staff.call("SendBatches", pb.SendBatchesRequest())
    assert any(f"REF*F8*{paid.payer_control}~" in text for text in clinic.texts())


def test_a_claim_that_the_payer_cannot_void_is_withdrawn_by_a_person(clinic: InsuredClinic):
    """Without the payer's number there is no void: a work item says whom to ask."""
    clinic.clearinghouse.configure({"COMM1": {"days_to_277ca": [60, 60], "days_to_payment": [90, 90]}})
    patient, encounter, coverage = visit(clinic)
    clinic.staff.call("SendBatches", pb.SendBatchesRequest())
    clinic.harness.run_due()
    with expect_error("FAILED_PRECONDITION"):
        look(clinic, encounter, coverage)
    clinic.days(2)
    seen = look(clinic, encounter, coverage)
    assert [one.action for one in seen.claims] == ["withdraw"]
    move(clinic, seen)
    old, _new = clinic.claims_of(patient)
    assert old.state == "voided"
    [item] = clinic.work("withdraw_claim")
    assert item.claim_id == old.claim_id


def test_what_has_changed_since_the_preview_is_looked_at_again(clinic: InsuredClinic):
    """A stale preview is refused, and nothing is half done."""
    patient, encounter, coverage = visit(clinic)
    seen = look(clinic, encounter, coverage)
    [claim] = clinic.claims_of(patient)
    clinic.staff.call("HoldClaim", pb.HoldClaimRequest(claim_id=claim.claim_id, reason="by hand"))
    with expect_error("STALE_PREVIEW"):
        move(clinic, seen)
    assert [one.state for one in clinic.claims_of(patient)] == ["held"]
    assert move(clinic, look(clinic, encounter, coverage)).new_claim_id


@pytest.mark.parametrize("which", ["same", "nobody's"])
def test_only_another_coverage_of_the_patient_will_do(clinic: InsuredClinic, which: str):
    """The one that is billed already, or somebody else's, is refused."""
    patient, encounter, _ = visit(clinic)
    other = clinic.insured("COMM2")
    holder = patient if which == "same" else other
    coverage = clinic.profiles[holder].coverages[0].coverage_id
    with expect_error("FAILED_PRECONDITION" if which == "same" else "NOT_FOUND"):
        look(clinic, encounter, coverage)
