"""Eligibility through the real-time interface."""

from datetime import UTC, datetime, time, timedelta

import pytest
from polyclinic.billing.v1 import eligibility_pb2 as pb
from polyclinic.billing.v1 import events_pb2

from chassis.testing import expect_error
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.clinic import day as as_message


def checks(clinic: InsuredClinic, patient: str) -> list[pb.EligibilityCheck]:
    """A patient's checks, the newest first."""
    return list(clinic.staff.call("ListEligibilityChecks", pb.ListEligibilityChecksRequest(patient_id=patient)).checks)


def answers(clinic: InsuredClinic, patient: str) -> list[pb.EligibilityCheck]:
    """The benefits that hold today."""
    return list(clinic.staff.call("GetPatientBenefits", pb.GetPatientBenefitsRequest(patient_id=patient)).answers)


def test_a_new_coverage_is_asked_about_at_once(clinic: InsuredClinic):
    """270 out, 271 back: active, copay, deductible left; the registry is told; the benefits are there for the desk."""
    patient = clinic.insured("COMM1")
    clinic.harness.run_due()
    [check] = checks(clinic, patient)
    assert (check.state, check.outcome, check.payer_code) == ("answered", "active", "COMM1")
    [answer] = answers(clinic, patient)
    assert answer.copay.minor_units == 3_000
    assert 0 < answer.deductible_remaining.minor_units <= 50_000
    assert answer.benefits
    [told] = clinic.harness.events(clinic.tenant, events_pb2.CoverageVerified)
    assert (told.coverage_id, told.outcome, told.copay.minor_units) == (check.coverage_id, "active", 3_000)


def test_a_refused_question_becomes_work_and_the_last_good_answer_stays(clinic: InsuredClinic):
    """The payer no longer finds the member: a work item; the benefits of the last answer are still there."""
    patient = clinic.insured("COMM1")
    clinic.harness.run_due()
    [first] = answers(clinic, patient)
    clinic.clearinghouse.configure({}, unknown_members=["W123456789"])
    request = pb.CheckEligibilityRequest(coverage_id=first.coverage_id)
    clinic.harness.advance(hours=1)
    clinic.staff.call("CheckEligibility", request)
    clinic.harness.run_due()
    newest = checks(clinic, patient)[0]
    assert newest.outcome == "rejected"
    assert newest.refusals[0].fix
    [item] = clinic.work("eligibility")
    assert item.patient_id == patient
    assert [one.eligibility_check_id for one in answers(clinic, patient)] == [first.eligibility_check_id]
    clinic.clearinghouse.configure({})
    clinic.harness.advance(hours=1)
    clinic.staff.call("CheckEligibility", request)
    clinic.harness.run_due()
    assert clinic.work("eligibility") == []


def test_a_payer_that_is_down_is_asked_again(clinic: InsuredClinic):
    """503 now, an answer an hour later; after many attempts a person is told."""
    clinic.clearinghouse.configure({"COMM1": {"realtime_down": True}})
    patient = clinic.insured("COMM1")
    clinic.harness.run_due()
    [check] = checks(clinic, patient)
    assert (check.state, check.attempts) == ("planned", 1)
    clinic.clearinghouse.configure({})
    clinic.step(clinic.harness.clock.now() + timedelta(hours=1, minutes=1))
    [check] = checks(clinic, patient)
    assert (check.outcome, check.attempts) == ("active", 2)


def test_silence_becomes_work(clinic: InsuredClinic):
    """Six attempts without an answer: somebody calls the payer."""
    clinic.clearinghouse.configure({"COMM1": {"realtime_down": True}})
    patient = clinic.insured("COMM1")
    for _ in range(7):
        clinic.step(clinic.harness.clock.now() + timedelta(hours=1, minutes=1))
    [check] = checks(clinic, patient)
    assert (check.state, check.outcome) == ("failed", "unknown")
    assert len(clinic.work("eligibility")) == 1


def test_coverages_are_asked_about_ahead_of_a_visit(clinic: InsuredClinic):
    """Three days before the visit, for its day, once."""
    patient = clinic.insured("COMM1")
    clinic.harness.run_due()
    day = clinic.harness.clock.now().date() + timedelta(days=18)
    clinic.appointment(patient, start=datetime.combine(day, time(15, 0), UTC))
    clinic.appointment(patient, start=datetime.combine(day, time(17, 0), UTC))
    clinic.step(datetime.combine(day - timedelta(days=3), time(5, 59), UTC))
    assert len(checks(clinic, patient)) == 1
    clinic.step(datetime.combine(day - timedelta(days=3), time(6, 1), UTC))
    newest, _ = checks(clinic, patient)
    assert newest.service_date == as_message(day)
    assert newest.outcome == "active"


def test_a_dependant_is_asked_about_through_the_subscriber(clinic: InsuredClinic):
    """The child of a subscriber has an answer too."""
    patient = clinic.insured("COMM1", child=True)
    clinic.harness.run_due()
    assert [check.outcome for check in checks(clinic, patient)] == ["active"]


def test_what_is_missing_is_not_asked(clinic: InsuredClinic):
    """Without a member id no question is sent; the coverage is worked."""
    patient = clinic.insured("COMM1", member_id="")
    clinic.harness.run_due()
    [check] = checks(clinic, patient)
    assert (check.outcome, check.attempts) == ("rejected", 0)
    [item] = clinic.work("eligibility")
    assert "member id" in item.detail["reason"]


@pytest.mark.parametrize("ahead", [None, 7])
def test_a_person_may_ask_for_a_day(clinic: InsuredClinic, ahead: int | None):
    """Today unless a day is said; an unknown coverage is not found."""
    patient = clinic.insured("COMM1")
    clinic.harness.run_due()
    [answer] = answers(clinic, patient)
    today = clinic.harness.clock.now().date()
    asked = as_message(today + timedelta(days=ahead)) if ahead else None
    check = clinic.staff.call(
        "CheckEligibility", pb.CheckEligibilityRequest(coverage_id=answer.coverage_id, service_date=asked)
    )
    assert check.service_date == (asked or as_message(today))
    with expect_error("NOT_FOUND"):
        clinic.staff.call("CheckEligibility", pb.CheckEligibilityRequest(coverage_id=clinic.entity))
