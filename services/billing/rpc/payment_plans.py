"""Servicer of `PaymentPlans`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from polyclinic.billing.v1 import payment_plans_pb2 as pb

from billing.domain.payment_plans import Every, Instalment
from billing.tables_plans import StoredCard
from billing.usecases import payment_plans, stored_cards
from billing.usecases.payment_plans import PlanView, Proposal
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_identifier, timestamp, to_date

EVERY = {
    pb.PLAN_EVERY_MONTH: Every.MONTH,
    pb.PLAN_EVERY_TWO_WEEKS: Every.TWO_WEEKS,
    pb.PLAN_EVERY_WEEK: Every.WEEK,
}
EVERY_MESSAGES = {every.value: number for number, every in EVERY.items()}


class PaymentPlansRpc:
    """Payment plans and cards on file."""

    def PreviewPaymentPlan(self, request: pb.PreviewPaymentPlanRequest, call: Call) -> pb.PreviewPaymentPlanResponse:
        total, instalments = payment_plans.preview(call, _proposal(request))
        return pb.PreviewPaymentPlanResponse(
            total=money(total), instalments=[_instalment(one, "") for one in instalments]
        )

    def AgreePaymentPlan(self, request: pb.AgreePaymentPlanRequest, call: Call) -> pb.PaymentPlan:
        return _plan(payment_plans.agree(call, _proposal(request)), with_instalments=True)

    def GetPaymentPlan(self, request: pb.GetPaymentPlanRequest, call: Call) -> pb.PaymentPlan:
        return _plan(payment_plans.get_plan(call, identifier(request.payment_plan_id)), with_instalments=True)

    def ListPaymentPlans(self, request: pb.ListPaymentPlansRequest, call: Call) -> pb.ListPaymentPlansResponse:
        patient_id = optional_identifier(request.patient_id)
        rows, token = payment_plans.list_plans(call, patient_id, request.state, request.page_size, request.page_token)
        return pb.ListPaymentPlansResponse(
            payment_plans=[_plan(row, with_instalments=False) for row in rows], next_page_token=token
        )

    def SetPlanCard(self, request: pb.SetPlanCardRequest, call: Call) -> pb.PaymentPlan:
        plan_id, card_id = identifier(request.payment_plan_id), optional_identifier(request.card_id)
        return _plan(payment_plans.set_card(call, plan_id, card_id, request.version), with_instalments=True)

    def CancelPaymentPlan(self, request: pb.CancelPaymentPlanRequest, call: Call) -> pb.PaymentPlan:
        plan_id = identifier(request.payment_plan_id)
        return _plan(payment_plans.cancel(call, plan_id, request.reason, request.version), with_instalments=True)

    def StoreCard(self, request: pb.StoreCardRequest, call: Call) -> pb.StoredCard:
        card = stored_cards.store_card(
            call,
            identifier(request.patient_id),
            token=request.card_token,
            brand=request.brand,
            last_four=request.last_four,
            expires_on=to_date(request.expires_on, "expires_on"),
        )
        return _card(card)

    def ListCards(self, request: pb.ListCardsRequest, call: Call) -> pb.ListCardsResponse:
        rows, token = stored_cards.list_cards(
            call, identifier(request.patient_id), request.page_size, request.page_token
        )
        return pb.ListCardsResponse(cards=[_card(row) for row in rows], next_page_token=token)

    def RemoveCard(self, request: pb.RemoveCardRequest, call: Call) -> pb.StoredCard:
        return _card(stored_cards.remove_card(call, identifier(request.card_id)))


def _proposal(request: pb.PreviewPaymentPlanRequest | pb.AgreePaymentPlanRequest) -> Proposal:
    card_id = request.card_id if isinstance(request, pb.AgreePaymentPlanRequest) else ""
    return Proposal(
        patient_id=identifier(request.patient_id),
        instalment_minor=request.instalment.minor_units,
        count=request.count,
        every=EVERY[request.every],
        first_due=to_date(request.first_due, "first_due"),
        card_id=optional_identifier(card_id),
    )


def _instalment(one: Instalment, state: str) -> pb.PlanInstalment:
    return pb.PlanInstalment(
        number=one.number, due_on=date_message(one.due_on), amount=money(one.amount_minor), state=state
    )


def _plan(view: PlanView, *, with_instalments: bool) -> pb.PaymentPlan:
    plan, standing = view.plan, view.standing
    upcoming = standing.next if plan.state == "active" else None
    told = zip(view.instalments, standing.states, strict=True) if with_instalments else ()
    return pb.PaymentPlan(
        payment_plan_id=str(plan.id),
        patient_id=str(plan.patient_id),
        state=plan.state,
        card=_card(view.card) if view.card is not None else None,
        total=money(plan.total_minor),
        paid=money(view.paid_minor),
        left=money(standing.left_minor),
        next_due_on=date_message(upcoming.due_on) if upcoming else None,
        next_amount=money(max(upcoming.amount_minor, standing.behind_minor)) if upcoming else None,
        instalments=[_instalment(one, state.value) for one, state in told],
        every=EVERY_MESSAGES[plan.every],
        missed=standing.missed if plan.state == "active" else plan.missed,
        agreed_at=timestamp(plan.agreed_at),
        ended_at=timestamp(plan.ended_at),
        end_reason=plan.end_reason,
        version=plan.version,
    )


def _card(row: StoredCard) -> pb.StoredCard:
    return pb.StoredCard(
        card_id=str(row.id),
        patient_id=str(row.patient_id),
        brand=row.brand,
        last_four=row.last_four,
        expires_on=date_message(row.expires_on),
        agreed_at=timestamp(row.agreed_at),
        removed_at=timestamp(row.removed_at),
    )
