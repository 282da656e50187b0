"""Servicer of `Eligibility`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from polyclinic.billing.v1 import eligibility_pb2 as pb

from billing.tables_claims import EligibilityCheck
from billing.usecases import eligibility, eligibility_reads
from billing.usecases.claim_reads import payer_codes
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier, timestamp


class EligibilityRpc:
    """Insurance checks."""

    def CheckEligibility(self, request: pb.CheckEligibilityRequest, call: Call) -> pb.EligibilityCheck:
        day = optional_date(request.service_date, "service_date")
        return _check(eligibility.check_coverage(call, identifier(request.coverage_id), day), call)

    def GetEligibilityCheck(self, request: pb.GetEligibilityCheckRequest, call: Call) -> pb.EligibilityCheck:
        return _check(eligibility_reads.get_check(call, identifier(request.eligibility_check_id)), call, full=True)

    def ListEligibilityChecks(
        self, request: pb.ListEligibilityChecksRequest, call: Call
    ) -> pb.ListEligibilityChecksResponse:
        rows, token = eligibility_reads.list_checks(
            call,
            patient_id=optional_identifier(request.patient_id),
            coverage_id=optional_identifier(request.coverage_id),
            outcome=request.outcome,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListEligibilityChecksResponse(checks=[_check(row, call) for row in rows], next_page_token=token)

    def GetPatientBenefits(self, request: pb.GetPatientBenefitsRequest, call: Call) -> pb.GetPatientBenefitsResponse:
        rows = eligibility_reads.answers_of(call, identifier(request.patient_id), optional_date(request.on, "on"))
        return pb.GetPatientBenefitsResponse(answers=[_check(row, call, full=True) for row in rows])


def _check(row: EligibilityCheck, call: Call, *, full: bool = False) -> pb.EligibilityCheck:
    return pb.EligibilityCheck(
        eligibility_check_id=str(row.id),
        coverage_id=str(row.coverage_id),
        patient_id=str(row.patient_id),
        payer_code=payer_codes(call)(row.payer_id),
        service_date=date_message(row.service_date),
        state=row.state,
        outcome=row.outcome,
        asked_at=timestamp(row.asked_at),
        answered_at=timestamp(row.answered_at),
        attempts=row.attempts,
        plan=row.plan,
        copay=money(row.copay_minor),
        deductible_remaining=money(row.deductible_left_minor),
        coinsurance_basis_points=row.coinsurance_basis_points or 0,
        protected_from_cost_sharing=row.protected,
        refusals=[
            pb.EligibilityRefusal(reason=one["reason"], message=one["message"], fix=one["fix"]) for one in row.refusals
        ],
        benefits=[_benefit(one) for one in row.benefits] if full else [],
        version=row.version,
    )


def _benefit(kept: dict[str, Any]) -> pb.PlanBenefit:
    return pb.PlanBenefit(
        information=kept["information"],
        level=kept["level"],
        service_types=kept["service_types"],
        plan=kept["plan"],
        period=kept["period"],
        amount=money(kept["amount_minor"]),
        share_basis_points=int(Decimal(kept["fraction"] or 0) * 10_000),
        authorisation_required=kept["authorisation_required"],
        in_network=kept["in_network"],
        messages=kept["messages"],
    )
