"""Servicer of `Eligibility`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from polyclinic.billing.v1 import eligibility_pb2 as pb

from billing.domain.benefits import CostShare
from billing.domain.eligibility import Outcome
from billing.domain.eligibility_policy import EligibilityPolicy
from billing.domain.service_types import name_of
from billing.store import Store
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

    def GetBenefits(self, request: pb.GetBenefitsRequest, call: Call) -> pb.CoverageBenefits:
        on = optional_date(request.on, "on")
        found = eligibility_reads.benefits_of(call, identifier(request.coverage_id), on, request.service_types)
        row, later = found.answer, found.later
        return pb.CoverageBenefits(
            coverage_id=str(row.coverage_id),
            patient_id=str(row.patient_id),
            payer_code=payer_codes(call)(row.payer_id),
            active=row.outcome == Outcome.ACTIVE,
            plan=row.plan,
            plan_starts=date_message(row.plan_starts),
            plan_ends=date_message(row.plan_ends),
            eligibility_check_id=str(row.id),
            service_date=date_message(row.service_date),
            answered_at=timestamp(row.answered_at),
            age_seconds=int((call.now - row.answered_at).total_seconds()) if row.answered_at else 0,
            stale=found.stale,
            protected_from_cost_sharing=row.protected,
            services=[_service(share) for share in found.services],
            later_outcome=later.outcome if later else "",
            later_refusals=_refusals(later) if later else [],
        )

    def GetEligibilityPolicy(self, request: pb.GetEligibilityPolicyRequest, call: Call) -> pb.EligibilityPolicy:
        store = Store(call.session)
        row = store.eligibility_policy()
        return _policy(eligibility.policy_of(store), row.version if row else 0)

    def PutEligibilityPolicy(self, request: pb.PutEligibilityPolicyRequest, call: Call) -> pb.EligibilityPolicy:
        policy = EligibilityPolicy(request.days_ahead, request.fresh_days, request.again_each_month)
        return _policy(policy, eligibility.put_policy(call, policy, request.version).version)


def _policy(policy: EligibilityPolicy, version: int) -> pb.EligibilityPolicy:
    return pb.EligibilityPolicy(
        days_ahead=policy.days_ahead,
        fresh_days=policy.fresh_days,
        again_each_month=policy.again_each_month,
        version=version,
    )


def _service(share: CostShare) -> pb.ServiceBenefit:
    covers = {True: pb.BENEFIT_COVER_COVERED, False: pb.BENEFIT_COVER_NOT_COVERED, None: pb.BENEFIT_COVER_UNSPECIFIED}
    return pb.ServiceBenefit(
        service_type=share.service_type,
        name=name_of(share.service_type),
        cover=covers[share.covered],
        copay=money(share.copay_minor),
        coinsurance_basis_points=share.coinsurance_basis_points,
        deductible=money(share.deductible_minor),
        deductible_remaining=money(share.deductible_left_minor),
        out_of_pocket=money(share.out_of_pocket_minor),
        out_of_pocket_remaining=money(share.out_of_pocket_left_minor),
        authorisation_required=share.authorisation_required,
        messages=share.messages,
    )


def _refusals(row: EligibilityCheck) -> list[pb.EligibilityRefusal]:
    return [pb.EligibilityRefusal(reason=one["reason"], message=one["message"], fix=one["fix"]) for one in row.refusals]


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
        refusals=_refusals(row),
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
