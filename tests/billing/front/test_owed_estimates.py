"""Good-faith estimates that are owed are work until they are handed over, or are owed no more."""

from __future__ import annotations

from datetime import timedelta

from polyclinic.billing.v1 import claims_pb2
from polyclinic.billing.v1 import estimates_pb2 as pb

from tests.billing.claims.insured_clinic import InsuredClinic

VISIT = [pb.ExpectedService(procedure="99213", units=1)]


def book(insured: InsuredClinic, patient: str, days: int = 20) -> str:
    """A visit some days ahead; what follows within hours has followed."""
    appointment = insured.appointment(patient, "BOOKED", start=insured.harness.clock.now() + timedelta(days=days))
    insured.harness.advance(hours=3)
    insured.harness.run_due()
    return appointment


def owed(insured: InsuredClinic) -> list[claims_pb2.WorkItem]:
    """Open items."""
    return insured.work("estimate_owed")


def test_an_estimate_that_is_owed_is_work_until_it_is_handed_over(insured: InsuredClinic) -> None:
    """Opened with its last day some hours after booking; making it changes nothing, handing it over resolves it."""
    encounter = insured.encounter_of(book(insured, insured.patient()))
    [item] = owed(insured)
    [listed] = insured.staff.call("GetOwedEstimates", pb.GetOwedEstimatesRequest()).owed
    assert (item.due_on, item.detail["encounter_id"]) == (listed.due_on, encounter.encounter_id)
    made = insured.staff.call(
        "CreateEstimate", pb.CreateEstimateRequest(encounter_id=encounter.encounter_id, services=VISIT)
    )
    [item] = owed(insured)
    assert item.detail["estimate_id"] == made.estimate_id
    insured.staff.call(
        "DeliverEstimate",
        pb.DeliverEstimateRequest(
            estimate_id=made.estimate_id, method=pb.ESTIMATE_DELIVERY_METHOD_IN_PERSON, recipient="Ann Ho"
        ),
    )
    assert owed(insured) == []


def test_a_coverage_that_is_entered_after_all_resolves_it(insured: InsuredClinic) -> None:
    """Insured patients are owed none: neither those who are when the visit is booked, nor those who turn out to be."""
    book(insured, insured.insured("COMM1"))
    assert owed(insured) == []
    patient = insured.patient()
    book(insured, patient)
    assert len(owed(insured)) == 1
    insured.covered(patient)
    insured.harness.run_due()
    assert owed(insured) == []


def test_a_visit_that_is_cancelled_or_too_near_is_owed_none(insured: InsuredClinic) -> None:
    """Booked for tomorrow nothing is owed (45 CFR 149.610); a cancelled visit's item is resolved."""
    book(insured, insured.patient(), days=1)
    assert owed(insured) == []
    patient = insured.patient()
    appointment = book(insured, patient)
    assert len(owed(insured)) == 1
    insured.appointment(patient, "CANCELLED", appointment_id=appointment)
    insured.harness.run_due()
    assert owed(insured) == []


def test_an_estimate_that_was_asked_for_is_work_without_a_visit(insured: InsuredClinic) -> None:
    """Within three business days after asking; handed over, it is done."""
    made = insured.staff.call(
        "CreateEstimate",
        pb.CreateEstimateRequest(
            patient_id=insured.patient(), location_id=insured.location, services=VISIT, requested=True
        ),
    )
    [item] = owed(insured)
    assert (item.due_on, item.amount) == (made.due_on, made.patient)
    insured.staff.call(
        "DeliverEstimate",
        pb.DeliverEstimateRequest(
            estimate_id=made.estimate_id, method=pb.ESTIMATE_DELIVERY_METHOD_MAIL, recipient="1 Elm St"
        ),
    )
    assert owed(insured) == []
