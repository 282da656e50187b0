"""Servicer of `Discounts`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from polyclinic.billing.v1 import discounts_pb2 as pb

from billing.domain.discounts import Policy, PromptPay, Reduction, Step
from billing.domain.poverty_guidelines import Guideline, Region
from billing.rpc.payers import period
from billing.tables_discounts import DiscountPolicy, SlidingFee
from billing.usecases import discounts
from billing.usecases.discounts import Quote
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier, to_date

REGIONS = {
    pb.POVERTY_REGION_CONTIGUOUS: Region.CONTIGUOUS,
    pb.POVERTY_REGION_ALASKA: Region.ALASKA,
    pb.POVERTY_REGION_HAWAII: Region.HAWAII,
}
REGION_MESSAGES = {region: number for number, region in REGIONS.items()}


class DiscountsRpc:
    """Discounts by rule."""

    def PutDiscountPolicy(self, request: pb.PutDiscountPolicyRequest, call: Call) -> pb.DiscountPolicy:
        prompt = request.prompt_pay
        policy = Policy(
            steps=tuple(_step(step) for step in request.steps),
            self_pay_basis_points=request.self_pay_basis_points,
            prompt_pay=PromptPay(prompt.basis_points, prompt.days, prompt.minimum.minor_units)
            if request.HasField("prompt_pay")
            else None,
            region=REGIONS[request.region],
        )
        start = to_date(request.effective_from, "effective_from")
        return _policy(discounts.put_policy(call, start, policy, request.version))

    def ListDiscountPolicies(
        self, request: pb.ListDiscountPoliciesRequest, call: Call
    ) -> pb.ListDiscountPoliciesResponse:
        rows, token = discounts.list_policies(call, request.page_size, request.page_token)
        return pb.ListDiscountPoliciesResponse(policies=[_policy(row) for row in rows], next_page_token=token)

    def PutPovertyGuideline(self, request: pb.PovertyGuideline, call: Call) -> pb.PovertyGuideline:
        guideline = Guideline(
            region=REGIONS[request.region],
            start=to_date(request.effective_from, "effective_from"),
            first_person_minor=request.first_person.minor_units,
            each_more_minor=request.each_more.minor_units,
        )
        discounts.put_guideline(call, guideline)
        return request

    def DetermineSlidingFee(self, request: pb.DetermineSlidingFeeRequest, call: Call) -> pb.SlidingFee:
        command = discounts.DetermineSlidingFee(
            patient_id=identifier(request.patient_id),
            household_size=request.household_size,
            income_minor=request.income.minor_units,
            start=optional_date(request.start, "start"),
            end=optional_date(request.end, "end"),
            evidence=request.evidence,
            dry_run=request.dry_run,
        )
        return _sliding_fee(discounts.determine(call, command))

    def ListSlidingFees(self, request: pb.ListSlidingFeesRequest, call: Call) -> pb.ListSlidingFeesResponse:
        patient_id = optional_identifier(request.patient_id)
        rows, token = discounts.list_determinations(call, patient_id, request.page_size, request.page_token)
        return pb.ListSlidingFeesResponse(sliding_fees=[_sliding_fee(row) for row in rows], next_page_token=token)

    def QuoteDiscount(self, request: pb.QuoteDiscountRequest, call: Call) -> pb.DiscountQuote:
        return _quote(discounts.quote(call, identifier(request.encounter_id)))

    def ApplyDiscount(self, request: pb.ApplyDiscountRequest, call: Call) -> pb.DiscountQuote:
        return _quote(discounts.apply(call, identifier(request.encounter_id)))


def _step(step: pb.SlidingFeeStep) -> Step:
    if step.HasField("nominal"):
        return Step(step.up_to_basis_points, Reduction.NOMINAL, step.nominal.minor_units)
    return Step(step.up_to_basis_points, Reduction.SHARE, step.share_basis_points)


def _step_message(step: Step) -> pb.SlidingFeeStep:
    message = pb.SlidingFeeStep(up_to_basis_points=step.up_to_basis_points)
    if step.reduction is Reduction.NOMINAL:
        message.nominal.CopyFrom(money(step.value))
    else:
        message.share_basis_points = step.value
    return message


def _policy(row: DiscountPolicy) -> pb.DiscountPolicy:
    policy = discounts.policy_of(row)
    prompt = policy.prompt_pay
    return pb.DiscountPolicy(
        effective_from=date_message(row.start_date),
        steps=[_step_message(step) for step in policy.steps],
        self_pay_basis_points=policy.self_pay_basis_points,
        prompt_pay=pb.PromptPayDiscount(
            basis_points=prompt.basis_points, days=prompt.days, minimum=money(prompt.minimum_minor)
        )
        if prompt
        else None,
        region=REGION_MESSAGES[policy.region],
        version=row.version,
    )


def _sliding_fee(row: SlidingFee) -> pb.SlidingFee:
    return pb.SlidingFee(
        sliding_fee_id=str(row.id),
        patient_id=str(row.patient_id),
        household_size=row.household_size,
        income=money(row.income_minor),
        poverty_basis_points=row.poverty_basis_points,
        effective=period(row.start_date, row.end_date),
        evidence=row.evidence,
        decided_by=row.decided_by,
    )


def _quote(quote: Quote) -> pb.DiscountQuote:
    return pb.DiscountQuote(
        encounter_id=str(quote.encounter_id),
        patient_id=str(quote.patient_id),
        owed=money(quote.owed_minor),
        kind=quote.discount.kind,
        let_off=money(quote.discount.total_minor),
        prompt_pay=money(quote.prompt_pay_minor) if quote.prompt_pay_until else None,
        prompt_pay_until=date_message(quote.prompt_pay_until),
    )
