"""One example for each RPC about what happens before a visit, for the set tests."""

from __future__ import annotations

from datetime import timedelta

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import (
    authorisations_pb2,
    discounts_pb2,
    eligibility_pb2,
    enrolments_pb2,
    estimates_pb2,
)
from polyclinic.types.v1.types_pb2 import DateRange
from sqlalchemy import text

from chassis.testing import Case
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.clinic import JANUARY, usd
from tests.billing.domain.x12.texts import envelope
from tests.contracts.growth import Bound


class FrontWorld:
    """Makes what the examples need in an insured clinic."""

    def __init__(self, insured: InsuredClinic) -> None:
        self.insured = insured

    def enrolment(self) -> enrolments_pb2.PutEnrolmentRequest:
        return enrolments_pb2.PutEnrolmentRequest(
            payer_code="COMM1",
            transaction=enrolments_pb2.ENROLMENT_TRANSACTION_CLAIMS,
            state=enrolments_pb2.ENROLMENT_STATE_APPROVED,
            effective=DateRange(start=JANUARY),
        )

    def enrolment_id(self) -> str:
        return str(self.insured.staff.call("PutEnrolment", self.enrolment()).enrolment_id)

    def authorisation(self) -> authorisations_pb2.PutAuthorisationRequest:
        patient = self.insured.insured("COMM1")
        return authorisations_pb2.PutAuthorisationRequest(
            kind=authorisations_pb2.AUTHORISATION_KIND_AUTHORISATION,
            state=authorisations_pb2.AUTHORISATION_STATE_APPROVED,
            patient_id=patient,
            coverage_id=self.insured.profiles[patient].coverages[0].coverage_id,
            number="A100",
            measure=authorisations_pb2.AUTHORISATION_MEASURE_UNITS,
            limit=10,
            effective=DateRange(start=JANUARY),
        )

    def authorisation_id(self) -> str:
        return str(self.insured.staff.call("PutAuthorisation", self.authorisation()).authorisation_id)

    def estimate(self) -> estimates_pb2.CreateEstimateRequest:
        start = self.insured.harness.clock.now() + timedelta(days=20)
        booked = self.insured.encounter_of(self.insured.appointment(self.insured.patient(), "BOOKED", start=start))
        return estimates_pb2.CreateEstimateRequest(
            encounter_id=booked.encounter_id, services=[estimates_pb2.ExpectedService(procedure="99213", units=1)]
        )

    def estimate_id(self) -> str:
        return str(self.insured.staff.call("CreateEstimate", self.estimate()).estimate_id)

    def delivery(self) -> estimates_pb2.DeliverEstimateRequest:
        return estimates_pb2.DeliverEstimateRequest(
            estimate_id=self.estimate_id(),
            method=estimates_pb2.ESTIMATE_DELIVERY_METHOD_MAIL,
            recipient="1 Elm St, Albany",
        )

    def delivered_id(self) -> str:
        return str(self.insured.staff.call("DeliverEstimate", self.delivery()).estimate_id)

    def household(self) -> discounts_pb2.DetermineSlidingFeeRequest:
        return discounts_pb2.DetermineSlidingFeeRequest(
            patient_id=self.insured.patient(), household_size=2, income=usd(2_000_000), evidence="pay slips"
        )

    def determined(self) -> discounts_pb2.ListSlidingFeesRequest:
        self.insured.staff.call("DetermineSlidingFee", self.household())
        return discounts_pb2.ListSlidingFeesRequest()

    def answered_coverage_id(self) -> str:
        """A coverage about which the payer has answered by file."""
        patient = self.insured.insured("COMM1")
        coverage_id = self.insured.profiles[patient].coverages[0].coverage_id
        self.insured.harness.run_due()  # the payer has been asked before it answers
        with self.insured.harness.session(self.insured.tenant) as session:
            query = text("select trace from eligibility_check where coverage_id = cast(:coverage as uuid)")
            trace = session.scalar(query, {"coverage": coverage_id})
        self.insured.upload(answer_to(str(trace)))
        return str(coverage_id)

    def signed_id(self) -> str:
        return str(self.insured.signed_visit(self.insured.patient()).encounter_id)


def answer_to(trace: str, *benefits: str) -> str:
    """A 271 that answers our question: active with a copay of $30, unless other benefits are given."""
    told = benefits or ("EB*1**30**GOLD", "EB*B*IND*98**GOLD*27*30", "EB*C*IND*30**GOLD*29*412.5")
    segments = [
        f"BHT*0022*11*{trace}*20260301*0801",
        "HL*1**20*1",
        "NM1*PR*2*PAYER COMM1*****PI*COMM1",
        "HL*2*1*21*1",
        "NM1*1P*2*HUDSON CLINICS*****XX*1234567893",
        "HL*3*2*22*0",
        f"TRN*2*{trace}*1141234567",
        "NM1*IL*1*HO*ANN****MI*W123456789",
        *told,
    ]
    return envelope("HB", "005010X279A1", [("271", segments)])


CASES: dict[str, Case] = {
    "GetBenefits": Case(
        lambda w: eligibility_pb2.GetBenefitsRequest(coverage_id=w.front.answered_coverage_id()), names_resource=True
    ),
    "GetEligibilityPolicy": Case(lambda w: eligibility_pb2.GetEligibilityPolicyRequest()),
    "PutEligibilityPolicy": Case(
        lambda w: eligibility_pb2.PutEligibilityPolicyRequest(days_ahead=5, fresh_days=10, again_each_month=True)
    ),
    "CreateEstimate": Case(lambda w: w.front.estimate(), names_resource=True),
    "GetEstimate": Case(
        lambda w: estimates_pb2.GetEstimateRequest(estimate_id=w.front.delivered_id()), names_resource=True
    ),
    "ListEstimates": Case(lambda w: estimates_pb2.ListEstimatesRequest()),
    "DeliverEstimate": Case(lambda w: w.front.delivery(), names_resource=True),
    "GetEstimatePdf": Case(
        lambda w: estimates_pb2.GetEstimatePdfRequest(estimate_id=w.front.delivered_id()), names_resource=True
    ),
    "GetOwedEstimates": Case(lambda w: estimates_pb2.GetOwedEstimatesRequest()),
    "PutDiscountPolicy": Case(
        lambda w: discounts_pb2.PutDiscountPolicyRequest(
            effective_from=Date(year=2030, month=1, day=1),
            region=discounts_pb2.POVERTY_REGION_CONTIGUOUS,
            self_pay_basis_points=1_000,
        )
    ),
    "ListDiscountPolicies": Case(lambda w: discounts_pb2.ListDiscountPoliciesRequest()),
    "PutPovertyGuideline": Case(
        lambda w: discounts_pb2.PovertyGuideline(
            region=discounts_pb2.POVERTY_REGION_HAWAII,
            effective_from=Date(year=2027, month=1, day=15),
            first_person=usd(1_900_000),
            each_more=usd(680_000),
        )
    ),
    "DetermineSlidingFee": Case(lambda w: w.front.household(), names_resource=True),
    "ListSlidingFees": Case(lambda w: w.front.determined()),
    "QuoteDiscount": Case(
        lambda w: discounts_pb2.QuoteDiscountRequest(encounter_id=w.front.signed_id()), names_resource=True
    ),
    "ApplyDiscount": Case(
        lambda w: discounts_pb2.ApplyDiscountRequest(encounter_id=w.front.signed_id()), names_resource=True
    ),
    "PutEnrolment": Case(lambda w: w.front.enrolment()),
    "GetEnrolment": Case(
        lambda w: enrolments_pb2.GetEnrolmentRequest(enrolment_id=w.front.enrolment_id()), names_resource=True
    ),
    "ListEnrolments": Case(lambda w: enrolments_pb2.ListEnrolmentsRequest()),
    "PutAuthorisation": Case(lambda w: w.front.authorisation(), names_resource=True),
    "GetAuthorisation": Case(
        lambda w: authorisations_pb2.GetAuthorisationRequest(authorisation_id=w.front.authorisation_id()),
        names_resource=True,
    ),
    "ListAuthorisations": Case(lambda w: authorisations_pb2.ListAuthorisationsRequest()),
}

# Reads that may cost more on a long history, each with its bound and the reason.
_COUNTED_DOWN = (
    "counts what stands on the patient's claims within an authorisation's dates; it is worked out, never stored"
)
BOUNDS: dict[str, Bound] = {
    "GetAuthorisation": Bound(_COUNTED_DOWN, rows=5_000, visits_all=True),
}
