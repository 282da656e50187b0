"""One example for each RPC about payment plans and cards on file, for the set tests."""

from __future__ import annotations

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import payment_plans_pb2 as pb

from chassis.ids import uuid7
from chassis.testing import Case
from tests.billing.cases_money import MoneyWorld

EXPIRES = Date(year=2031, month=12, day=31)


def card(w: MoneyWorld, patient_id: str) -> pb.StoredCard:
    """A card on file."""
    request = pb.StoreCardRequest(
        patient_id=patient_id, card_token=f"pm_{uuid7().hex}", brand="visa", last_four="4242", expires_on=EXPIRES
    )
    return w.clinic.staff.call("StoreCard", request)


def owing(w: MoneyWorld) -> str:
    """A patient who owes 175.00."""
    return str(w.signed_visit().patient_id)


def plan(w: MoneyWorld) -> pb.PaymentPlan:
    """A plan of seven months."""
    patient_id = owing(w)
    request = pb.AgreePaymentPlanRequest(
        patient_id=patient_id,
        count=7,
        every=pb.PLAN_EVERY_MONTH,
        first_due=w.today(),
        card_id=card(w, patient_id).card_id,
    )
    return w.clinic.staff.call("AgreePaymentPlan", request)


def charged(w: MoneyWorld) -> pb.PaymentPlan:
    """A plan whose first instalment was asked of its card."""
    made = plan(w)
    w.clinic.harness.run_due()
    return made


CASES: dict[str, Case] = {
    "PreviewPaymentPlan": Case(
        lambda w: pb.PreviewPaymentPlanRequest(
            patient_id=owing(w), count=5, every=pb.PLAN_EVERY_MONTH, first_due=w.today()
        ),
        names_resource=True,
    ),
    "AgreePaymentPlan": Case(
        lambda w: pb.AgreePaymentPlanRequest(
            patient_id=owing(w), count=5, every=pb.PLAN_EVERY_WEEK, first_due=w.today()
        ),
        names_resource=True,
    ),
    "GetPaymentPlan": Case(
        lambda w: pb.GetPaymentPlanRequest(payment_plan_id=plan(w).payment_plan_id), names_resource=True
    ),
    "ListPaymentPlans": Case(lambda w: pb.ListPaymentPlansRequest(patient_id=plan(w).patient_id)),
    "SetPlanCard": Case(lambda w: pb.SetPlanCardRequest(payment_plan_id=plan(w).payment_plan_id), names_resource=True),
    "CancelPaymentPlan": Case(
        lambda w: pb.CancelPaymentPlanRequest(payment_plan_id=plan(w).payment_plan_id, reason="paid in cash"),
        names_resource=True,
    ),
    "StoreCard": Case(
        lambda w: pb.StoreCardRequest(
            patient_id=w.clinic.patient(), card_token="pm_case_card", brand="visa", last_four="4242", expires_on=EXPIRES
        ),
        names_resource=True,
    ),
    "ListCards": Case(lambda w: pb.ListCardsRequest(patient_id=card(w, w.clinic.patient()).patient_id)),
    "RemoveCard": Case(
        lambda w: pb.RemoveCardRequest(card_id=card(w, w.clinic.patient()).card_id), names_resource=True
    ),
}
