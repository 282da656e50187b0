"""Payers are asked ahead of visits by the organisation's rule, by file where they take files; exceptions say what is the matter."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from polyclinic.billing.v1 import claims_pb2, payers_pb2
from polyclinic.billing.v1 import eligibility_pb2 as pb
from sqlalchemy import text

from chassis.testing import expect_error
from tests.billing.cases_front import answer_to
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.clinic import day as as_message
from tests.billing.clinic import payer_request


def checks(clinic: InsuredClinic, patient: str) -> list[pb.EligibilityCheck]:
    """A patient's questions, the newest first."""
    return list(clinic.staff.call("ListEligibilityChecks", pb.ListEligibilityChecksRequest(patient_id=patient)).checks)


def takes_files(clinic: InsuredClinic, *, real_time: bool = True) -> None:
    """COMM1 takes questions by file."""
    request = payer_request(
        "COMM1", payers_pb2.PAYER_KIND_COMMERCIAL, takes_eligibility_requests=True, batch_eligibility=True
    )
    request.filing_indicator, request.version = "CI", 2
    clinic.staff.call("PutPayer", request)
    if not real_time:
        clinic.clearinghouse.configure({"COMM1": {"realtime_down": True}})


def policy(clinic: InsuredClinic, ahead: int, fresh: int, version: int = 0) -> pb.EligibilityPolicy:
    """Sets the organisation's rule."""
    request = pb.PutEligibilityPolicyRequest(days_ahead=ahead, fresh_days=fresh, version=version)
    made = clinic.staff.call("PutEligibilityPolicy", request)
    clinic.harness.run_due()
    return made


def visit(clinic: InsuredClinic, patient: str, days: int) -> datetime:
    """A visit in some days; its start."""
    start = datetime.combine(clinic.harness.clock.now().date() + timedelta(days=days), time(15, 0), UTC)
    clinic.appointment(patient, start=start)
    return start


def exceptions(clinic: InsuredClinic, kind: str = "") -> list[claims_pb2.WorkItem]:
    """The exceptions queue."""
    request = claims_pb2.ListWorkItemsRequest(kinds=["eligibility"], state="open", exception=kind)
    return list(clinic.staff.call("ListWorkItems", request).items)


def answer(clinic: InsuredClinic, patient: str, *benefits: str) -> None:
    """The payer's answer to the newest question comes as a file."""
    query = text("select trace from eligibility_check where id = cast(:id as uuid)")
    with clinic.harness.session(clinic.tenant) as session:
        trace = str(session.scalar(query, {"id": checks(clinic, patient)[0].eligibility_check_id}))
    clinic.upload(answer_to(trace, *benefits), f"{trace}.edi")


def test_the_organisations_rule_says_when(clinic: InsuredClinic) -> None:
    """Ten days ahead instead of three, also for visits that were booked before; an answer of the last days is not asked for again."""
    patient = clinic.insured("COMM1")
    clinic.harness.run_due()
    start = visit(clinic, patient, 18)
    assert clinic.staff.call("GetEligibilityPolicy", pb.GetEligibilityPolicyRequest()).days_ahead == 3
    first = policy(clinic, ahead=10, fresh=5)
    clinic.step(start - timedelta(days=10))
    newest, _ = checks(clinic, patient)
    assert (newest.service_date, newest.outcome) == (as_message(start.date()), "active")
    visit(clinic, patient, 12)
    clinic.days(3)
    assert len(checks(clinic, patient)) == 2
    with expect_error("STALE_VERSION"):
        policy(clinic, ahead=1, fresh=1, version=first.version + 1)


def test_questions_ahead_go_by_file_and_the_answers_come_by_file(clinic: InsuredClinic) -> None:
    """One file for two people, each set answered; nobody is asked in real time, which is down."""
    one, two = clinic.insured("COMM1"), clinic.insured("COMM1", child=True)
    clinic.harness.run_due()
    takes_files(clinic, real_time=False)
    start = visit(clinic, one, 14)
    visit(clinic, two, 14)
    clinic.step(start - timedelta(days=2, hours=12))
    asked = [checks(clinic, patient)[0] for patient in (one, two)]
    assert {check.state for check in asked} <= {"queued", "asked", "answered"}
    clinic.days(1.5, by_hours=2)
    assert [checks(clinic, patient)[0].outcome for patient in (one, two)] == ["active", "active"]
    query = text("select check_count, state from eligibility_batch where tenant_id = :tenant")
    with clinic.harness.session(clinic.tenant) as session:
        assert [tuple(row) for row in session.execute(query, {"tenant": clinic.tenant})] == [(2, "sent")]


def test_a_file_that_nobody_answers_is_asked_in_real_time(clinic: InsuredClinic) -> None:
    """A day after it was sent; the file itself goes out once, also when the clearinghouse was away at first."""
    patient = clinic.insured("COMM1")
    clinic.harness.run_due()
    takes_files(clinic)
    start = visit(clinic, patient, 14)
    clinic.harness.run_due(start - timedelta(days=3, hours=6))
    clinic.harness.run_due(start - timedelta(days=3, hours=5))
    [newest] = [check for check in checks(clinic, patient) if check.service_date == as_message(start.date())]
    assert newest.state == "asked"
    # The clearinghouse's clock stands still: no answer is published. A day later the payer is asked again, within the hour.
    clinic.harness.run_due(start - timedelta(days=1))
    clinic.harness.run_due(start - timedelta(hours=22))
    assert checks(clinic, patient)[0].outcome == "active"


def test_exceptions_say_what_is_the_matter(clinic: InsuredClinic) -> None:
    """Not found, not active, another plan than before: each of its own kind, the last good answer kept throughout."""
    patient = clinic.insured("COMM1")
    clinic.harness.run_due()
    coverage = checks(clinic, patient)[0].coverage_id
    request = pb.CheckEligibilityRequest(coverage_id=coverage)
    clinic.clearinghouse.configure({}, unknown_members=["W123456789"])
    clinic.harness.advance(hours=1)
    clinic.staff.call("CheckEligibility", request)
    clinic.harness.run_due()
    [rejected] = exceptions(clinic, "rejected")
    assert rejected.patient_id == patient
    benefits = clinic.staff.call("GetBenefits", pb.GetBenefitsRequest(coverage_id=coverage))
    assert (benefits.active, benefits.later_outcome) == (True, "rejected")
    assert benefits.later_refusals[0].fix
    clinic.clearinghouse.configure({"COMM1": {"realtime_down": True}})
    clinic.harness.advance(hours=1)
    clinic.staff.call("CheckEligibility", request)
    clinic.harness.run_due()
    answer(clinic, patient, "EB*1**30**SILVER", "EB*B*IND*98**SILVER*27*45")
    [changed] = exceptions(clinic)
    assert (changed.detail["exception"], changed.detail["plan"]) == ("plan_changed", "SILVER")
    assert not exceptions(clinic, "rejected")
    clinic.harness.advance(hours=1)
    clinic.staff.call("CheckEligibility", request)
    clinic.harness.run_due()
    answer(clinic, patient, "EB*6**30")
    assert len(exceptions(clinic, "inactive")) == 1
    assert clinic.staff.call("GetBenefits", pb.GetBenefitsRequest(coverage_id=coverage)).active is False


def test_benefits_are_told_by_kind_of_service(clinic: InsuredClinic) -> None:
    """Copay, coinsurance, deductible and out-of-pocket with what is left, plan dates, the answer's age."""
    clinic.clearinghouse.configure({"COMM1": {"realtime_down": True}})
    patient = clinic.insured("COMM1")
    clinic.harness.run_due()
    coverage = checks(clinic, patient)[0].coverage_id
    with expect_error("NOT_FOUND"):
        clinic.staff.call("GetBenefits", pb.GetBenefitsRequest(coverage_id=coverage))
    answer(
        clinic,
        patient,
        "DTP*346*RD8*20260101-20261231",
        "EB*1**30**GOLD",
        "EB*B*IND*98**GOLD*27*30",
        "EB*A*IND*30**GOLD***.2",
        "EB*C*IND*30**GOLD*23*500",
        "EB*C*IND*30**GOLD*29*412.5",
        "EB*G*IND*30**GOLD*23*3000",
        "EB*G*IND*30**GOLD*29*2900",
        "EB*1*IND*PT**GOLD******Y",
    )
    clinic.harness.advance(hours=2)
    found = clinic.staff.call("GetBenefits", pb.GetBenefitsRequest(coverage_id=coverage))
    assert (found.active, found.plan, found.age_seconds, found.stale) == (True, "GOLD", 7200, False)
    assert (found.plan_starts.year, found.plan_ends.month) == (2026, 12)
    by_type = {one.service_type: one for one in found.services}
    visit_share = by_type["98"]
    assert visit_share.name == "Professional (physician) visit, office"
    amounts = (
        visit_share.copay,
        visit_share.deductible,
        visit_share.deductible_remaining,
        visit_share.out_of_pocket,
        visit_share.out_of_pocket_remaining,
    )
    assert [one.minor_units for one in amounts] == [3_000, 50_000, 41_250, 300_000, 290_000]
    assert visit_share.coinsurance_basis_points == 2_000
    assert by_type["PT"].authorisation_required
    asked = pb.GetBenefitsRequest(coverage_id=coverage, service_types=["PT"])
    assert [one.service_type for one in clinic.staff.call("GetBenefits", asked).services] == ["PT"]
    clinic.harness.advance(days=8)
    assert clinic.staff.call("GetBenefits", pb.GetBenefitsRequest(coverage_id=coverage)).stale
