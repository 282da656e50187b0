"""One example for each RPC about what happens before a visit, for the set tests."""

from __future__ import annotations

from polyclinic.billing.v1 import authorisations_pb2, enrolments_pb2
from polyclinic.types.v1.types_pb2 import DateRange

from chassis.testing import Case
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.clinic import JANUARY
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


CASES: dict[str, Case] = {
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
    "ListAuthorisations": Bound(_COUNTED_DOWN, rows=5_000, visits_all=True),
}
