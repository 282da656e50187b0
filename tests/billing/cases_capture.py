"""One example for each RPC about codes at hand, for the set tests."""

from __future__ import annotations

from datetime import timedelta

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import charge_capture_pb2, charge_reviews_pb2, code_sets_pb2, preparation_pb2
from polyclinic.types.v1.types_pb2 import DateRange

from chassis.testing import Case
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.clinic import JANUARY

LIST = b"Code,Description\n99213,Office visit of an established patient\nG0008,Influenza vaccine given\n"


class CaptureWorld:
    """Makes what the examples need in a clinic."""

    def __init__(self, insured: InsuredClinic) -> None:
        self.insured = insured

    def charged(self) -> charge_capture_pb2.GetLastCodesRequest:
        """The last codes of a patient who was charged once, an hour ago."""
        patient = self.insured.patient()
        self.insured.signed_visit(patient, start=self.insured.harness.clock.now() - timedelta(hours=1))
        return charge_capture_pb2.GetLastCodesRequest(patient_id=patient)

    def open_id(self) -> str:
        patient = self.insured.patient()
        return str(self.insured.open_visit(patient).encounter_id)

    def rule(self) -> charge_reviews_pb2.PutReviewRuleRequest:
        return charge_reviews_pb2.PutReviewRuleRequest(
            name="Examinations", effective=DateRange(start=JANUARY), diagnoses=["Z00.00"]
        )

    def review(self) -> charge_reviews_pb2.ChargeReview:
        """A visit that its rule holds; other examples' visits are for something else, and are not held."""
        self.insured.staff.call("PutReviewRule", self.rule())
        visit = self.insured.open_visit(self.insured.patient())
        signed = self.insured.sign(self.insured.code(visit, diagnoses=["Z00.00"]))
        held = self.insured.staff.call("ListChargeReviews", charge_reviews_pb2.ListChargeReviewsRequest()).reviews
        return next(one for one in held if one.encounter_id == signed.encounter_id)

    def review_id(self) -> str:
        return str(self.review().charge_review_id)

    def appointment_id(self) -> str:
        return self.insured.appointment(self.insured.insured("COMM1"))

    def favourite(self) -> charge_capture_pb2.AddFavouriteCodeRequest:
        return charge_capture_pb2.AddFavouriteCodeRequest(
            practitioner_id=self.insured.practitioner, kind=code_sets_pb2.CODE_KIND_DIAGNOSIS, code="I10"
        )

    def favourite_id(self) -> str:
        return str(self.insured.staff.call("AddFavouriteCode", self.favourite()).favourite_code_id)


CASES: dict[str, Case] = {
    "SearchCodes": Case(lambda w: code_sets_pb2.SearchCodesRequest(text="essential hypertension", limit=5)),
    "ImportCodeSet": Case(
        lambda w: code_sets_pb2.ImportCodeSetRequest(
            code_set="CPT", effective_from=JANUARY, name="cpt.csv", content=LIST
        )
    ),
    "ListCodeSets": Case(lambda w: code_sets_pb2.ListCodeSetsRequest()),
    "GetSuperbill": Case(
        lambda w: charge_capture_pb2.GetSuperbillRequest(encounter_id=w.capture.open_id()), names_resource=True
    ),
    "GetLastCodes": Case(lambda w: w.capture.charged(), names_resource=True),
    "PutSuperbillTemplate": Case(
        lambda w: charge_capture_pb2.PutSuperbillTemplateRequest(
            appointment_type_code="follow-up",
            effective_from=Date(year=2026, month=1, day=1),
            services=[charge_capture_pb2.SuperbillService(procedure="99213", units=1, chosen=True)],
            diagnoses=["I10"],
        )
    ),
    "ListSuperbillTemplates": Case(lambda w: charge_capture_pb2.ListSuperbillTemplatesRequest()),
    "ListFavouriteCodes": Case(
        lambda w: charge_capture_pb2.ListFavouriteCodesRequest(practitioner_id=w.clinic.practitioner)
    ),
    "AddFavouriteCode": Case(lambda w: w.capture.favourite()),
    "RemoveFavouriteCode": Case(
        lambda w: charge_capture_pb2.RemoveFavouriteCodeRequest(favourite_code_id=w.capture.favourite_id()),
        names_resource=True,
    ),
    "PutReviewRule": Case(lambda w: w.capture.rule()),
    "ListReviewRules": Case(lambda w: charge_reviews_pb2.ListReviewRulesRequest()),
    "ListChargeReviews": Case(lambda w: charge_reviews_pb2.ListChargeReviewsRequest()),
    "GetChargeReview": Case(
        lambda w: charge_reviews_pb2.GetChargeReviewRequest(charge_review_id=w.capture.review_id()),
        names_resource=True,
    ),
    "ApproveCharges": Case(
        lambda w: charge_reviews_pb2.ApproveChargesRequest(charge_review_id=w.capture.review_id()),
        names_resource=True,
    ),
    "ReturnCharges": Case(
        lambda w: charge_reviews_pb2.ReturnChargesRequest(
            charge_review_id=w.capture.review_id(), reason="the level is not borne out"
        ),
        names_resource=True,
    ),
    "GetPreparation": Case(
        lambda w: preparation_pb2.GetPreparationRequest(appointment_id=w.capture.appointment_id()),
        names_resource=True,
    ),
}
