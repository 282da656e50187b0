"""What care will cost is told beforehand, in time and in writing; what is let off is let off by rule."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claims_pb2, discounts_pb2, encounters_pb2, ledger_pb2, payers_pb2
from polyclinic.billing.v1 import estimates_pb2 as pb
from pypdf import PdfReader

from chassis.testing import expect_error
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.clinic import JANUARY, usd

VISIT = [pb.ExpectedService(procedure="99213", units=1), pb.ExpectedService(procedure="85025", units=1)]


def policy(insured: InsuredClinic, **rest: object) -> None:
    """Full discount but $20 up to 100 %, half up to 200 %, 10 % off for paying within ten days."""
    values: dict[str, object] = {
        "effective_from": JANUARY,
        "region": discounts_pb2.POVERTY_REGION_CONTIGUOUS,
        "steps": [
            discounts_pb2.SlidingFeeStep(up_to_basis_points=10_000, nominal=usd(2_000)),
            discounts_pb2.SlidingFeeStep(up_to_basis_points=20_000, share_basis_points=5_000),
        ],
        **rest,
    }
    insured.staff.call("PutDiscountPolicy", discounts_pb2.PutDiscountPolicyRequest(**values))


def household(insured: InsuredClinic, patient: str, income: int, size: int = 1) -> discounts_pb2.SlidingFee:
    """What a household earns a year."""
    request = discounts_pb2.DetermineSlidingFeeRequest(
        patient_id=patient, household_size=size, income=usd(income), evidence="tax return", start=JANUARY
    )
    return insured.staff.call("DetermineSlidingFee", request)


def owed_by(insured: InsuredClinic, patient: str) -> int:
    """What the patient owes, minor units."""
    account = insured.staff.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=patient))
    return int(account.patient_owes.minor_units)


def test_a_good_faith_estimate_is_owed_in_time_and_delivered_with_proof(insured):
    """Booked 20 days ahead: due within three business days; its PDF says what the rule wants; delivered, it is owed no more."""
    patient = insured.patient()
    start = insured.harness.clock.now() + timedelta(days=20)
    encounter = insured.encounter_of(insured.appointment(patient, "BOOKED", start=start))
    [owed] = insured.staff.call("GetOwedEstimates", pb.GetOwedEstimatesRequest()).owed
    assert (owed.encounter_id, owed.overdue, owed.estimate_id) == (encounter.encounter_id, False, "")

    made = insured.staff.call(
        "CreateEstimate",
        pb.CreateEstimateRequest(encounter_id=encounter.encounter_id, services=VISIT, diagnoses=["I10"]),
    )
    assert (made.kind, made.patient.minor_units, made.due_on) == (pb.ESTIMATE_KIND_GOOD_FAITH, 17_500, owed.due_on)
    request = pb.DeliverEstimateRequest(
        estimate_id=made.estimate_id, method=pb.ESTIMATE_DELIVERY_METHOD_IN_PERSON, recipient="Ann Ho"
    )
    [proof] = insured.staff.call("DeliverEstimate", request).deliveries
    pdf = insured.staff.call("GetEstimatePdf", pb.GetEstimatePdfRequest(estimate_id=made.estimate_id)).data
    assert proof.sha256 == hashlib.sha256(pdf).hexdigest()
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    for part in ("Good Faith Estimate", "$175.00", "1003000126", "14-1234567", "I10", "1-800-985-3059"):
        assert part in text
    assert list(insured.staff.call("GetOwedEstimates", pb.GetOwedEstimatesRequest()).owed) == []


def test_a_bill_far_above_its_good_faith_estimate_becomes_work(insured):
    """$500 of services were estimated at $25: the next business day somebody is told, with the rule and both amounts."""
    insured.put_prices("CHARGES", {"99213": 47_500, "85025": 2_500}, Date(year=2026, month=2, day=1))
    patient = insured.patient()
    appointment = insured.appointment(patient, "BOOKED")
    encounter = insured.encounter_of(appointment)
    estimate = insured.staff.call(
        "CreateEstimate",
        pb.CreateEstimateRequest(encounter_id=encounter.encounter_id, services=VISIT[1:], requested=True),
    )
    insured.staff.call(
        "DeliverEstimate",
        pb.DeliverEstimateRequest(
            estimate_id=estimate.estimate_id, method=pb.ESTIMATE_DELIVERY_METHOD_EMAIL, recipient="ann@example.org"
        ),
    )
    insured.appointment(patient, "CHECKED_IN", "SEEN", appointment_id=appointment)
    insured.sign(insured.code(insured.encounter_of(appointment)))
    insured.harness.run_due(insured.harness.clock.now() + timedelta(days=7))
    [item] = insured.work("estimate_exceeded")
    assert (item.amount.minor_units, item.patient_id) == (47_500, patient)
    asked = pb.GetEstimateRequest(estimate_id=estimate.estimate_id)
    assert insured.staff.call("GetEstimate", asked).billed.minor_units == 50_000


def test_an_insured_estimate_rests_on_the_contract(insured):
    """The payer allows $80 and $10; nothing is known of the benefits, and the estimate says so."""
    insured.put_prices(
        "COMM1-2026",
        {"99213": 8_000, "85025": 1_000},
        kind=payers_pb2.FEE_SCHEDULE_KIND_CONTRACT,
        payer_code="COMM1",
    )
    patient = insured.insured("COMM1")
    request = pb.CreateEstimateRequest(patient_id=patient, location_id=insured.location, services=VISIT)
    made = insured.staff.call("CreateEstimate", request)
    assert made.kind == pb.ESTIMATE_KIND_INSURED
    assert [service.expected.minor_units for service in made.services] == [8_000, 1_000]
    assert dict(made.basis) == {"contract": "all", "benefits": "none"}


def test_a_service_without_a_price_is_named(insured):
    """No guess is made."""
    request = pb.CreateEstimateRequest(
        patient_id=insured.patient(),
        location_id=insured.location,
        services=[pb.ExpectedService(procedure="99499", units=1)],
    )
    with expect_error("NO_PRICE", field="services[0].procedure"):
        insured.staff.call("CreateEstimate", request)


def test_the_sliding_fee_is_let_off_when_the_visit_is_signed(insured):
    """A household at the guideline pays $20 for a visit of $175; the rest is charity, and the estimate said the same."""
    policy(insured)
    patient = insured.patient()
    assert household(insured, patient, 1_500_000).poverty_basis_points < 10_000
    request = pb.CreateEstimateRequest(patient_id=patient, location_id=insured.location, services=VISIT)
    assert insured.staff.call("CreateEstimate", request).patient.minor_units == 2_000
    insured.signed_visit(patient)
    assert owed_by(insured, patient) == 2_000
    assert insured.ledger()["write_off_charity"] == 15_500


def test_an_insured_visit_is_not_discounted_at_its_signature(insured):
    """What a payer owes is nobody's to let off."""
    policy(insured)
    patient = insured.insured("COMM1")
    household(insured, patient, 0)
    insured.signed_visit(patient)
    assert "write_off_charity" not in insured.ledger()


def test_who_pays_the_rest_promptly_is_let_off_the_discount(insured):
    """10 % of $175 within ten days: after $157.50 the rest is given up, once."""
    prompt = discounts_pb2.PromptPayDiscount(basis_points=1_000, days=10)
    policy(insured, steps=[], prompt_pay=prompt)
    patient = insured.patient()
    encounter = insured.signed_visit(patient)
    quote = insured.staff.call("QuoteDiscount", discounts_pb2.QuoteDiscountRequest(encounter_id=encounter.encounter_id))
    assert (quote.owed.minor_units, quote.prompt_pay.minor_units) == (17_500, 1_750)
    insured.open_drawer()
    insured.take(patient, 15_750)
    apply = discounts_pb2.ApplyDiscountRequest(encounter_id=encounter.encounter_id)
    insured.staff.call("ApplyDiscount", apply)
    insured.staff.call("ApplyDiscount", apply)
    assert owed_by(insured, patient) == 0
    assert insured.ledger()["write_off_courtesy"] == 1_750


def test_a_policy_in_force_is_not_changed(insured):
    """What was let off under it stays explained."""
    policy(insured)
    with expect_error("INVALID_INPUT", field="effective_from"):
        policy(insured, self_pay_basis_points=1_000)


def test_codes_of_sides_are_read_from_the_code_set(insured):
    """A line of the left knee under a diagnosis of the right one is held."""
    insured.put_prices("CHARGES", {"20610": 9_000}, Date(year=2026, month=2, day=1))
    patient = insured.insured("COMM1")
    lines = [encounters_pb2.CodedLine(procedure="20610", units=1, diagnosis_pointers=[1], modifiers=["LT"])]
    insured.sign(insured.code(insured.open_visit(patient), diagnoses=["M25.561"], lines=lines))
    insured.harness.run_due()
    [claim] = insured.claims_of(patient)
    assert isinstance(claim, claims_pb2.Claim)
    assert "SIDE" in [finding.edit_id for finding in claim.findings]
