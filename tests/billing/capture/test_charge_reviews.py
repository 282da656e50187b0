"""A rule holds a signed visit; whoever looks at it lets it be charged or gives it back."""

from __future__ import annotations

import pytest
from polyclinic.billing.v1 import charge_reviews_pb2 as pb
from polyclinic.billing.v1 import claims_pb2, encounters_pb2, events_pb2, ledger_pb2
from polyclinic.types.v1.types_pb2 import DateRange

from chassis.ids import uuid7
from chassis.testing import RpcClient, expect_error
from tests.billing.clinic import JANUARY, Clinic, usd


@pytest.fixture
def reviewer(clinic: Clinic) -> RpcClient:
    """Somebody other than who signs."""
    return clinic.harness.client(clinic.tenant, permissions=["charge_review.*", "work_item.read"])


def put(clinic: Clinic, **asks: object) -> pb.ReviewRule:
    """A rule since January."""
    request = pb.PutReviewRuleRequest(name="Looked at", effective=DateRange(start=JANUARY), **asks)
    return clinic.staff.call("PutReviewRule", request)


def waiting(clinic: Clinic, state: int = pb.CHARGE_REVIEW_STATE_WAITING) -> list[pb.ChargeReview]:
    """The queue."""
    return list(clinic.staff.call("ListChargeReviews", pb.ListChargeReviewsRequest(state=state)).reviews)


def owed_by(clinic: Clinic, patient: str) -> int:
    """What the patient owes, minor units."""
    account = clinic.staff.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=patient))
    return int(account.patient_owes.minor_units)


def test_a_held_visit_is_charged_when_it_is_approved(clinic: Clinic, reviewer: RpcClient) -> None:
    """Signed, it is in review and nothing is owed; approved by another person, it is charged and told as signed."""
    put(clinic, procedures=["99211-99215"], charge_from=usd(10_000))
    patient = clinic.patient()
    held = clinic.signed_visit(patient)
    assert (held.state, list(held.charges)) == (encounters_pb2.ENCOUNTER_STATE_IN_REVIEW, [])
    assert owed_by(clinic, patient) == 0
    assert not clinic.harness.events(clinic.tenant, events_pb2.VisitSigned)
    [review] = waiting(clinic)
    assert (list(review.rules), review.charge.minor_units) == (["Looked at"], 17_500)
    request = pb.ApproveChargesRequest(charge_review_id=review.charge_review_id, note="fine", version=review.version)
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("ApproveCharges", request)
    done = reviewer.call("ApproveCharges", request)
    assert (done.state, done.note) == (pb.CHARGE_REVIEW_STATE_APPROVED, "fine")
    assert done.encounter.state == encounters_pb2.ENCOUNTER_STATE_SIGNED
    assert [line.charge.minor_units for line in done.encounter.charges] == [15_000, 2_500]
    assert owed_by(clinic, patient) == 17_500
    [told] = clinic.harness.events(clinic.tenant, events_pb2.VisitSigned)
    assert told.encounter_id == held.encounter_id
    with expect_error("STALE_VERSION"):
        reviewer.call("ApproveCharges", request)
    assert waiting(clinic) == []


def test_a_returned_visit_is_open_again_and_work_of_its_signer(clinic: Clinic, reviewer: RpcClient) -> None:
    """With the reason; coded anew and signed it is done, and held again only when a rule still asks for it."""
    put(clinic, procedures=["85025"])
    patient = clinic.patient()
    held = clinic.signed_visit(patient)
    [review] = waiting(clinic)
    back = reviewer.call(
        "ReturnCharges", pb.ReturnChargesRequest(charge_review_id=review.charge_review_id, reason="No blood was drawn")
    )
    assert back.state == pb.CHARGE_REVIEW_STATE_RETURNED
    assert back.encounter.state == encounters_pb2.ENCOUNTER_STATE_OPEN
    [item] = clinic.staff.call("ListWorkItems", claims_pb2.ListWorkItemsRequest(kinds=["charge_returned"])).items
    assert (item.owner_id, item.detail["reason"]) == (clinic.staff_id, "No blood was drawn")
    encounter = clinic.encounter_of(held.appointment_id)
    mended = clinic.code(
        encounter, lines=[encounters_pb2.CodedLine(procedure="99213", units=1, diagnosis_pointers=[1])]
    )
    assert clinic.sign(mended).state == encounters_pb2.ENCOUNTER_STATE_SIGNED
    request = claims_pb2.ListWorkItemsRequest(kinds=["charge_returned"], state="open")
    assert not clinic.staff.call("ListWorkItems", request).items
    assert owed_by(clinic, patient) == 15_000


def test_what_no_rule_asks_for_is_charged_at_once(clinic: Clinic) -> None:
    """Another clinician's rule, or one that is over, holds nothing."""
    other = str(uuid7())
    with expect_error("INVALID_INPUT", field="practitioner_ids[0]"):
        put(clinic, practitioner_ids=[other])
    with expect_error("INVALID_INPUT", field="name"):
        put(clinic)
    rule = put(clinic, practitioner_ids=[clinic.practitioner])
    ended = pb.PutReviewRuleRequest(
        review_rule_id=rule.review_rule_id,
        name=rule.name,
        effective=DateRange(start=JANUARY, end=JANUARY),
        practitioner_ids=[clinic.practitioner],
        version=rule.version,
    )
    clinic.staff.call("PutReviewRule", ended)
    assert clinic.signed_visit(clinic.patient()).state == encounters_pb2.ENCOUNTER_STATE_SIGNED
    [listed] = clinic.staff.call("ListReviewRules", pb.ListReviewRulesRequest()).rules
    assert listed.effective.end == JANUARY


def test_who_works_elsewhere_neither_sees_nor_decides(clinic: Clinic) -> None:
    """The queue of another site is empty, and its reviews are not found."""
    put(clinic, procedures=["85025"])
    clinic.signed_visit(clinic.patient())
    [review] = waiting(clinic)
    elsewhere = clinic.add_location(str(uuid7()), "Troy", "America/New_York")
    other = clinic.harness.client(clinic.tenant, permissions=["charge_review.*"], location_ids=[elsewhere])
    assert not other.call("ListChargeReviews", pb.ListChargeReviewsRequest()).reviews
    for method, request in (
        ("GetChargeReview", pb.GetChargeReviewRequest(charge_review_id=review.charge_review_id)),
        ("ApproveCharges", pb.ApproveChargesRequest(charge_review_id=review.charge_review_id)),
    ):
        with expect_error("NOT_FOUND"):
            other.call(method, request)
