"""What people do with claims and work items, and what scrubbing holds back."""

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from polyclinic.billing.v1 import claims_pb2 as pb

from chassis.testing import expect_error
from tests.billing.claims.insured_clinic import InsuredClinic


def ready_claim(clinic: InsuredClinic, *payers: str) -> pb.Claim:
    """A claim that is ready to go."""
    patient = clinic.insured(*(payers or ("COMM1",)))
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    [claim] = clinic.claims_of(patient)
    assert claim.state == "ready", claim.findings
    return claim


def test_what_scrubbing_finds_is_held_and_mended(clinic: InsuredClinic):
    """Without a member id the claim is held with what to do; once it is there, the claim goes."""
    patient = clinic.insured("COMM1", member_id="")
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    [held] = clinic.claims_of(patient)
    assert held.state == "held"
    [finding] = [f for f in held.findings if f.severity == "hold"]
    assert (finding.edit_id, finding.field) == ("MEMBER", "insured.member_id")
    [item] = clinic.work("scrub")
    assert item.claim_id == held.claim_id
    clinic.profiles[patient].coverages[0].member_id = "W123456789"
    clinic.staff.call("RescrubClaim", pb.RescrubClaimRequest(claim_id=held.claim_id, version=held.version))
    clinic.harness.run_due()
    assert clinic.claim(held.claim_id).state == "ready"
    assert clinic.work("scrub") == []


def test_a_claim_is_held_and_released_by_people(clinic: InsuredClinic):
    """A held claim stays out of the batch; released it goes."""
    claim = ready_claim(clinic)
    held = clinic.staff.call(
        "HoldClaim", pb.HoldClaimRequest(claim_id=claim.claim_id, reason="waiting for notes", version=claim.version)
    )
    assert clinic.staff.call("SendBatches", pb.SendBatchesRequest()).batches == []
    released = clinic.staff.call(
        "ReleaseClaim", pb.ReleaseClaimRequest(claim_id=claim.claim_id, reason="notes came", version=held.version)
    )
    assert released.state == "ready"
    [batch] = clinic.staff.call("SendBatches", pb.SendBatchesRequest()).batches
    assert (batch.claim_count, batch.payer_code) == (1, "COMM1")


def test_stale_and_forbidden_changes_are_refused(clinic: InsuredClinic):
    """An old version, a state that forbids it, a claim nobody has."""
    claim = ready_claim(clinic)
    request = pb.HoldClaimRequest(claim_id=claim.claim_id, reason="because", version=claim.version)
    clinic.staff.call("HoldClaim", request)
    with expect_error("STALE_VERSION"):
        clinic.staff.call("HoldClaim", request)
    with expect_error("CLAIM_STATE_FORBIDS"):
        clinic.staff.call("HoldClaim", pb.HoldClaimRequest(claim_id=claim.claim_id, reason="because"))
    with expect_error("NOT_FOUND"):
        clinic.staff.call("HoldClaim", pb.HoldClaimRequest(claim_id=clinic.entity, reason="because"))
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("CorrectClaim", pb.CorrectClaimRequest(claim_id=claim.claim_id, reason="because"))


def test_a_voided_claim_gives_its_lines_to_another_payer(clinic: InsuredClinic):
    """The coverage was wrong: the visit is billed to the right payer, who owes it now."""
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    [wrong] = clinic.claims_of(patient)
    clinic.profiles[patient].coverages[0].active = False
    clinic.tell_coverage_gone(patient)
    clinic.insure(patient, "COMM2", 1)
    answer = clinic.staff.call(
        "VoidClaim",
        pb.VoidClaimRequest(claim_id=wrong.claim_id, reason="other insurance", version=wrong.version),
    )
    assert answer.claim.state == "voided"
    [instead] = answer.instead
    assert (instead.payer_code, instead.state) == ("COMM2", "draft")
    assert [line.open.minor_units for line in clinic.claim(instead.claim_id).lines] == [15_000, 2_500]
    assert sum(clinic.ledger().values()) == 0
    clinic.harness.run_due()
    assert clinic.claim(instead.claim_id).state == "ready"


def test_a_claim_voided_to_self_pay_is_owed_by_the_patient(clinic: InsuredClinic):
    """Nobody else pays: the debt moves to the patient."""
    claim = ready_claim(clinic)
    clinic.staff.call(
        "VoidClaim",
        pb.VoidClaimRequest(claim_id=claim.claim_id, reason="patient wants to pay", self_pay=True),
    )
    accounts = clinic.ledger()
    assert accounts["patient_receivable"] == 17_500
    assert accounts.get("payer_receivable", 0) == 0


def test_work_items_have_owners_and_ends(clinic: InsuredClinic):
    """Assigned, listed by owner, resolved once."""
    patient = clinic.insured("COMM1", member_id="")
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    [item] = clinic.work("scrub")
    mine = clinic.staff.call(
        "AssignWorkItem",
        pb.AssignWorkItemRequest(work_item_id=item.work_item_id, owner_id=clinic.staff_id, version=item.version),
    )
    assert mine.owner_id == clinic.staff_id
    listed = clinic.staff.call("ListWorkItems", pb.ListWorkItemsRequest(owner_id=clinic.staff_id)).items
    assert [one.work_item_id for one in listed] == [item.work_item_id]
    assert clinic.staff.call("ListWorkItems", pb.ListWorkItemsRequest(unowned=True, kinds=["scrub"])).items == []
    done = pb.ResolveWorkItemRequest(
        work_item_id=item.work_item_id, resolution="called the payer", version=mine.version
    )
    assert clinic.staff.call("ResolveWorkItem", done).state == "resolved"
    with expect_error("STALE_VERSION"):
        clinic.staff.call("ResolveWorkItem", done)
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call(
            "ResolveWorkItem", pb.ResolveWorkItemRequest(work_item_id=item.work_item_id, resolution="again")
        )


def test_claims_are_counted_by_state(clinic: InsuredClinic):
    """Number and charge of each state."""
    ready_claim(clinic)
    counts = clinic.staff.call("CountClaims", pb.CountClaimsRequest()).counts
    assert [(c.state, c.claims, c.charge.minor_units) for c in counts] == [("ready", 1, 17_500)]


def test_file_names_and_numbers_are_never_used_twice(clinic: InsuredClinic):
    """Batches and questions draw from one series of control numbers; names carry them."""
    names, numbers, controls = set(), [], set()
    for _ in range(3):
        claim = ready_claim(clinic)
        [batch] = clinic.staff.call("SendBatches", pb.SendBatchesRequest()).batches
        names.add(batch.file_name)
        numbers.append(batch.interchange_control)
        controls |= {claim.control, *(line.line_control for line in claim.lines)}
    assert len(names) == 3
    assert numbers == sorted(set(numbers))
    assert len(controls) == 9


def test_another_location_sees_no_claims(clinic: InsuredClinic):
    """Somebody of another site gets neither the list nor the claim."""
    claim = ready_claim(clinic)
    other = clinic.add_location("0198c0de-0000-7000-8000-000000000001", "Troy", "America/New_York")
    elsewhere = clinic.harness.client(clinic.tenant, ["claim.*"], location_ids=[UUID(other)])
    assert elsewhere.call("ListClaims", pb.ListClaimsRequest()).claims == []
    with expect_error("NOT_FOUND"):
        elsewhere.call("GetClaim", pb.GetClaimRequest(claim_id=claim.claim_id))


def test_the_daily_batch_goes_out_in_the_evening(clinic: InsuredClinic):
    """At 20:00 at the clinic, on the day, without anybody's doing; the next day again."""
    zone = ZoneInfo("America/New_York")
    today = clinic.harness.clock.now().astimezone(zone).date() + timedelta(days=1)
    clinic.step(datetime.combine(today, time(9, 0), zone))
    ready_claim(clinic)
    clinic.step(datetime.combine(today, time(19, 59), zone))
    assert clinic.texts() == []
    clinic.step(datetime.combine(today, time(20, 1), zone))
    assert len(clinic.texts()) == 1
    ready_claim(clinic)
    tomorrow = today + timedelta(days=1)
    clinic.step(datetime.combine(tomorrow, time(20, 1), zone))
    assert len(clinic.texts()) == 2
    sent_on = {claim.sent_on.day for claim in clinic.staff.call("ListClaims", pb.ListClaimsRequest()).claims}
    assert sent_on == {today.day, tomorrow.day}
