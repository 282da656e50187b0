"""Payment plans on the real card wire: charged on their days, tried again, missed, broken, paid otherwise."""

from datetime import timedelta

import pytest
from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claims_pb2, statements_pb2
from polyclinic.billing.v1 import payment_plans_pb2 as pb
from sqlalchemy import text

from chassis.testing import expect_error
from tests.billing.clinic import Clinic, day, usd
from tests.billing.conftest import Processor
from tests.billing.money.test_cards import DECLINED, GOOD, LATE, hand_over

TOTAL = 17_500


@pytest.fixture
def owing(clinic: Clinic) -> str:
    """A patient who owes 175.00 for a visit."""
    clinic.registry_knows()
    patient = clinic.patient()
    clinic.signed_visit(patient)
    return patient


def today(clinic: Clinic, later: int = 0) -> Date:
    return day((clinic.harness.clock.now() + timedelta(days=later)).date())


def card(clinic: Clinic, processor: Processor, patient: str, number: str = GOOD) -> pb.StoredCard:
    request = pb.StoreCardRequest(
        patient_id=patient,
        card_token=processor.token_of(number),
        brand="visa",
        last_four=number[-4:],
        expires_on=Date(year=2031, month=12, day=31),
    )
    return clinic.staff.call("StoreCard", request)


def agree(clinic: Clinic, patient: str, *, card_id: str = "", instalment: int = 5_000) -> pb.PaymentPlan:
    """Instalments of 50.00 every week from tomorrow on: 50, 50, 50, 25."""
    request = pb.AgreePaymentPlanRequest(
        patient_id=patient,
        instalment=usd(instalment),
        every=pb.PLAN_EVERY_WEEK,
        first_due=today(clinic, 1),
        card_id=card_id,
    )
    return clinic.staff.call("AgreePaymentPlan", request)


def seen(clinic: Clinic, plan: pb.PaymentPlan) -> pb.PaymentPlan:
    return clinic.staff.call("GetPaymentPlan", pb.GetPaymentPlanRequest(payment_plan_id=plan.payment_plan_id))


def days(clinic: Clinic, processor: Processor, count: int) -> None:
    """Lets days pass for billing and the card processor, six hours at a time."""
    for _ in range(count * 4):
        now = clinic.harness.clock.now() + timedelta(hours=6)
        processor.step(now.isoformat())
        clinic.harness.run_due(now)


def work(clinic: Clinic, *kinds: str) -> list[claims_pb2.WorkItem]:
    return list(clinic.staff.call("ListWorkItems", claims_pb2.ListWorkItemsRequest(kinds=kinds, state="open")).items)


def test_a_preview_keeps_nothing_and_names_every_instalment(clinic: Clinic, owing: str):
    """Five of 35.00 a month apart; nobody is bound."""
    request = pb.PreviewPaymentPlanRequest(
        patient_id=owing, count=5, every=pb.PLAN_EVERY_MONTH, first_due=today(clinic)
    )
    shown = clinic.staff.call("PreviewPaymentPlan", request)
    assert (shown.total.minor_units, [one.amount.minor_units for one in shown.instalments]) == (TOTAL, [3_500] * 5)
    listed = clinic.staff.call("ListPaymentPlans", pb.ListPaymentPlansRequest(patient_id=owing)).payment_plans
    assert list(listed) == []


def test_a_card_on_file_pays_the_plan_to_its_end(clinic: Clinic, owing: str, processor: Processor):
    """Each week's instalment is charged on its day, once; after the last the plan is completed and nothing is owed."""
    plan = agree(clinic, owing, card_id=card(clinic, processor, owing).card_id)
    days(clinic, processor, 2)
    first = seen(clinic, plan)
    assert [one.state for one in first.instalments] == ["paid", "scheduled", "scheduled", "scheduled"]
    assert (first.paid.minor_units, first.left.minor_units) == (5_000, 12_500)
    days(clinic, processor, 22)
    done = seen(clinic, plan)
    assert (done.state, done.left.minor_units) == ("completed", 0)
    with clinic.harness.session(clinic.tenant) as session:
        attempts = session.execute(text("select instalment, attempt from plan_attempt order by instalment")).all()
    assert [tuple(one) for one in attempts] == [(1, 1), (2, 1), (3, 1), (4, 1)]


def test_a_declined_card_is_tried_three_times_then_the_plan_breaks(clinic: Clinic, owing: str, processor: Processor):
    """Tries on day 0, 3 and 6; a missed instalment is work; the third breaks the plan and statements go out again."""
    plan = agree(clinic, owing, card_id=card(clinic, processor, owing, DECLINED).card_id)
    days(clinic, processor, 13)
    late = seen(clinic, plan)
    assert (late.state, late.missed) == ("active", 1)
    assert [item.kind for item in work(clinic, "plan_missed")] == ["plan_missed"]
    days(clinic, processor, 16)
    broken = seen(clinic, plan)
    assert (broken.state, broken.missed) == ("broken", 3)
    assert [item.amount.minor_units for item in work(clinic, "plan_broken")] == [TOTAL]
    days(clinic, processor, 4)
    statements = clinic.staff.call("ListStatements", statements_pb2.ListStatementsRequest(patient_id=owing)).statements
    assert [one.amount_due.minor_units for one in statements] == [TOTAL]


def test_no_statement_asks_for_what_a_plan_covers(clinic: Clinic, owing: str):
    """While the plan is kept the guarantor hears nothing; new charges above the plan are asked for."""
    agree(clinic, owing)
    request = statements_pb2.IssueStatementsRequest(patient_ids=[owing])
    issued = clinic.staff.call("IssueStatements", request)
    assert [one.reason for one in issued.skipped] == ["payment_plan"]
    clinic.signed_visit(owing)
    assert len(clinic.staff.call("IssueStatements", request).statement_ids) == 1


def test_money_that_comes_otherwise_pays_the_instalments(clinic: Clinic, owing: str, processor: Processor):
    """What is paid at the desk counts; the card is charged for what is still behind only."""
    plan = agree(clinic, owing, card_id=card(clinic, processor, owing).card_id)
    clinic.open_drawer(0)
    clinic.take(owing, 7_000)
    days(clinic, processor, 9)
    after = seen(clinic, plan)
    assert [one.state for one in after.instalments] == ["paid", "paid", "scheduled", "scheduled"]
    assert after.paid.minor_units == 10_000


def test_a_late_answer_of_the_processor_is_not_charged_twice(clinic: Clinic, owing: str, processor: Processor):
    """While a charge is under way no other is made; its webhook pays the instalment."""
    hand_over(clinic, processor, processing_seconds=86_400)
    plan = agree(clinic, owing, card_id=card(clinic, processor, owing, LATE).card_id)
    days(clinic, processor, 4)
    assert seen(clinic, plan).paid.minor_units == 5_000


def test_one_active_plan_and_only_over_what_is_owed(clinic: Clinic, owing: str):
    """A second plan waits for the end of the first; who owes nothing agrees to nothing."""
    plan = agree(clinic, owing)
    with expect_error("PLAN_ACTIVE"):
        agree(clinic, owing)
    clinic.staff.call(
        "CancelPaymentPlan",
        pb.CancelPaymentPlanRequest(payment_plan_id=plan.payment_plan_id, reason="moved away", version=plan.version),
    )
    assert agree(clinic, owing).state == "active"
    with expect_error("NOTHING_OWED"):
        agree(clinic, clinic.patient())


def test_a_removed_card_pays_nothing_any_more(clinic: Clinic, owing: str, processor: Processor):
    """Its token is wiped; the plan goes on by hand; an expired card is not taken."""
    kept = card(clinic, processor, owing)
    plan = agree(clinic, owing, card_id=kept.card_id)
    clinic.staff.call("RemoveCard", pb.RemoveCardRequest(card_id=kept.card_id))
    assert not seen(clinic, plan).HasField("card")
    days(clinic, processor, 3)
    assert seen(clinic, plan).paid.minor_units == 0
    listed = clinic.staff.call("ListCards", pb.ListCardsRequest(patient_id=owing)).cards
    assert list(listed) == []
    old = pb.StoreCardRequest(
        patient_id=owing,
        card_token="pm_old",
        brand="visa",
        last_four="1111",
        expires_on=Date(year=2020, month=1, day=31),
    )
    with expect_error("INVALID_INPUT", field="expires_on"):
        clinic.staff.call("StoreCard", old)


def test_a_guarantor_agrees_by_themselves_and_nobody_else_for_them(clinic: Clinic, owing: str):
    """A patient's own token previews, agrees and reads; a child's token cannot bind the guarantor."""
    child = clinic.patient(guarantor=owing, name="Kid")
    mine = clinic.harness.client(clinic.tenant, patient_ids=[owing, child])
    request = pb.AgreePaymentPlanRequest(
        patient_id=child, count=2, every=pb.PLAN_EVERY_MONTH, first_due=today(clinic, 1)
    )
    theirs = clinic.harness.client(clinic.tenant, patient_ids=[child])
    with expect_error("FAILED_PRECONDITION"):
        theirs.call("AgreePaymentPlan", request)
    plan = mine.call("AgreePaymentPlan", request)
    assert (plan.patient_id, plan.total.minor_units) == (owing, TOTAL)
    assert mine.call("GetPaymentPlan", pb.GetPaymentPlanRequest(payment_plan_id=plan.payment_plan_id)).state == "active"
