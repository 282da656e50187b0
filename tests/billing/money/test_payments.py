"""Money at the desk: what is asked, drawers, payments and what they are used on, refunds, reversals, receipts."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pypdf
import pytest
from polyclinic.billing.v1 import events_pb2, ledger_pb2
from polyclinic.billing.v1 import payments_pb2 as pb

from chassis.errors import Error
from chassis.ids import uuid7
from chassis.testing import expect_error
from tests.billing.clinic import LAB_FEE, VISIT_FEE, Clinic, usd

TOTAL = VISIT_FEE + LAB_FEE


def account(clinic: Clinic, patient_id: str) -> ledger_pb2.Account:
    """A patient's account."""
    return clinic.staff.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=patient_id))


def payment(clinic: Clinic, payment_id: str) -> pb.Payment:
    """A payment as it stands."""
    return clinic.staff.call("GetPayment", pb.GetPaymentRequest(payment_id=payment_id))


def ask(clinic: Clinic, appointment_id: str) -> pb.AskAmountsResponse:
    """What the desk asks for."""
    return clinic.staff.call("AskAmounts", pb.AskAmountsRequest(appointment_id=appointment_id))


def close(
    clinic: Clinic, drawer: pb.Drawer, cash: int, checks: int = 0, note: str = "", key: str | None = None
) -> pb.Drawer:
    """The drawer counted."""
    request = pb.CloseDrawerRequest(
        drawer_id=drawer.drawer_id, counted_cash=usd(cash), counted_checks=usd(checks), note=note
    )
    return clinic.staff.call("CloseDrawer", request, key=key)


def test_a_copay_waits_for_its_visits_charges(clinic: Clinic) -> None:
    """Money taken at check-in is unapplied until the visit is charged; then it pays it without anybody's doing."""
    patient = clinic.patient()
    clinic.open_drawer()
    visit = clinic.open_visit(patient)
    taken = clinic.take(patient, 3_000, appointment_id=visit.appointment_id)
    assert (taken.state, taken.unapplied.minor_units) == (pb.PAYMENT_STATE_RECEIVED, 3_000)
    clinic.sign(clinic.code(visit))
    assert payment(clinic, taken.payment_id).unapplied.minor_units == 0
    assert account(clinic, patient).balance_due.minor_units == TOTAL - 3_000


def test_a_copay_pays_no_older_balance(clinic: Clinic) -> None:
    """What was taken for today's visit is kept for it although an older balance is open."""
    patient = clinic.patient()
    clinic.signed_visit(patient)
    clinic.open_drawer()
    today = clinic.open_visit(patient)
    taken = clinic.take(patient, 3_000, appointment_id=today.appointment_id)
    assert payment(clinic, taken.payment_id).unapplied.minor_units == 3_000
    unbound = clinic.take(patient, 1_000)
    assert unbound.unapplied.minor_units == 0


def test_what_is_asked_at_check_in(clinic: Clinic) -> None:
    """The old balance of the whole family, asked of whoever of it comes; without coverage no copay."""
    mother = clinic.patient(name="Mia")
    child = clinic.patient(name="Tim", guarantor=mother)
    clinic.signed_visit(mother)
    visit = clinic.open_visit(child)
    asked = ask(clinic, visit.appointment_id)
    assert (asked.guarantor_id, asked.copay_reason) == (mother, "no_coverage")
    assert asked.old_balance.minor_units == asked.total.minor_units == TOTAL
    clinic.open_drawer()
    clinic.take(mother, TOTAL)
    assert ask(clinic, visit.appointment_id).total.minor_units == 0


def test_a_guarantors_money_pays_for_the_family(clinic: Clinic) -> None:
    """The mother's payment goes to her child's charges; the child's account shows it."""
    mother = clinic.patient(name="Mia")
    child = clinic.patient(name="Tim", guarantor=mother)
    clinic.signed_visit(child)
    clinic.open_drawer()
    assert clinic.take(mother, 5_000).unapplied.minor_units == 0
    assert account(clinic, child).patient_owes.minor_units == TOTAL - 5_000
    assert account(clinic, mother).unapplied.minor_units == 0


def test_an_account_reads_as_a_statement_of_movements(clinic: Clinic) -> None:
    """Each line changes the running balance; the last balance is what is owed."""
    patient = clinic.patient()
    clinic.signed_visit(patient)
    clinic.open_drawer()
    clinic.take(patient, 4_000)
    seen = account(clinic, patient)
    assert [(line.kind, line.amount.minor_units) for line in seen.lines] == [
        ("charge", VISIT_FEE),
        ("charge", LAB_FEE),
        ("patient_payment", -4_000),
    ]
    running = 0
    for line in seen.lines:
        running += line.amount.minor_units
        assert line.balance.minor_units == running
    assert running == seen.patient_owes.minor_units == TOTAL - 4_000


def test_no_drawer_no_cash(clinic: Clinic) -> None:
    """Cash and checks need the caller's own open drawer; a colleague's is not enough."""
    patient = clinic.patient()
    with expect_error("NO_OPEN_DRAWER"):
        clinic.take(patient, 1_000)
    clinic.open_drawer()
    colleague = clinic.harness.client(clinic.tenant)
    request = pb.TakePaymentRequest(
        patient_id=patient, location_id=clinic.location, method=pb.PAYMENT_METHOD_CASH, amount=usd(1_000)
    )
    with expect_error("NO_OPEN_DRAWER"):
        colleague.call("TakePayment", request)


def test_one_open_drawer_a_user_and_location_whatever_races(clinic: Clinic) -> None:
    """Of eight attempts at once exactly one opens a drawer."""

    def attempt(_: int) -> str:
        try:
            clinic.open_drawer()
        except Error as error:
            return error.reason
        return "opened"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(8)))
    assert results.count("opened") == 1
    assert set(results) <= {"opened", "DRAWER_ALREADY_OPEN", "CONFLICT"}


def test_a_drawer_is_counted_against_its_receipts(clinic: Clinic) -> None:
    """Float + cash − refunds is expected; a difference needs a note, is posted and kept."""
    patient = clinic.patient()
    drawer = clinic.open_drawer(10_000)
    cash = clinic.take(patient, 4_000)
    clinic.take(patient, 2_500, "CHECK", check_number="101")
    clinic.staff.call(
        "RefundPayment", pb.RefundPaymentRequest(payment_id=cash.payment_id, amount=usd(1_500), reason="paid too much")
    )
    seen = clinic.staff.call("GetDrawer", pb.GetDrawerRequest(drawer_id=drawer.drawer_id))
    assert (seen.expected_cash.minor_units, seen.expected_checks.minor_units, seen.receipt_count) == (12_500, 2_500, 2)
    with expect_error("INVALID_INPUT", field="note"):
        close(clinic, drawer, 12_400, 2_500)
    closed = close(clinic, drawer, 12_400, 2_500, note="a dollar short, counted twice")
    assert (closed.state, closed.over_short.minor_units) == (pb.DRAWER_STATE_CLOSED, -100)
    balances = {
        line.account: line.balance.minor_units
        for line in clinic.staff.call("GetTrialBalance", ledger_pb2.GetTrialBalanceRequest()).lines
    }
    assert balances["cash_drawer"] == balances["checks_on_hand"] == 0
    assert (balances["bank"], balances["cash_over_short"]) == (2_400 + 2_500, 100)
    with expect_error("FAILED_PRECONDITION"):
        close(clinic, drawer, 12_400, 2_500, note="again")


def test_only_its_user_counts_a_drawer(clinic: Clinic) -> None:
    """Another clerk may not, a manager with drawer.close_any may."""
    drawer = clinic.open_drawer(0)
    request = pb.CloseDrawerRequest(drawer_id=drawer.drawer_id, counted_cash=usd(0))
    clerk = clinic.harness.client(clinic.tenant, permissions=["drawer.close", "drawer.read"])
    with expect_error("PERMISSION_DENIED"):
        clerk.call("CloseDrawer", request)
    manager = clinic.harness.client(clinic.tenant, permissions=["drawer.close", "drawer.close_any"])
    assert manager.call("CloseDrawer", request).state == pb.DRAWER_STATE_CLOSED


def test_the_same_key_takes_money_once(clinic: Clinic) -> None:
    """A repeated request gives the first answer; a different one under the same key is refused; none is refused."""
    patient = clinic.patient()
    clinic.open_drawer()
    request = pb.TakePaymentRequest(
        patient_id=patient, location_id=clinic.location, method=pb.PAYMENT_METHOD_CASH, amount=usd(2_000)
    )
    first = clinic.staff.call("TakePayment", request, key="k-1")
    assert clinic.staff.call("TakePayment", request, key="k-1").payment_id == first.payment_id
    assert account(clinic, patient).unapplied.minor_units == 2_000
    request.amount.minor_units = 2_001
    with expect_error("IDEMPOTENCY_KEY_REUSED"):
        clinic.staff.call("TakePayment", request, key="k-1")
    with expect_error("IDEMPOTENCY_KEY_REQUIRED"):
        clinic.staff.call("TakePayment", request, key="")


def test_receipt_numbers_run_without_gaps(clinic: Clinic) -> None:
    """Receipts are numbered one after the other per location and year, and the payment is told to others."""
    patient = clinic.patient()
    clinic.open_drawer()
    numbers = [clinic.take(patient, 100).receipt_number for _ in range(3)]
    year = clinic.harness.clock.now().year
    assert numbers == [f"R{year}-1-{number:06d}" for number in (1, 2, 3)]
    told = clinic.harness.events(clinic.tenant, events_pb2.PaymentReceived)
    assert [event.receipt_number for event in told] == numbers
    assert {(event.method, event.amount.minor_units) for event in told} == {("cash", 100)}


def test_a_refund_gives_back_no_more_than_is_unapplied(clinic: Clinic) -> None:
    """What is used on charges stays; what is not can be given back, once."""
    patient = clinic.patient()
    clinic.signed_visit(patient)
    clinic.open_drawer()
    taken = clinic.take(patient, TOTAL + 1_000)

    def refund(amount: int) -> pb.Payment:
        request = pb.RefundPaymentRequest(payment_id=taken.payment_id, amount=usd(amount), reason="overpaid")
        return clinic.staff.call("RefundPayment", request)

    with expect_error("REFUND_EXCEEDS_UNAPPLIED"):
        refund(1_001)
    given = refund(1_000)
    assert (given.refunded.minor_units, given.unapplied.minor_units) == (1_000, 0)
    with expect_error("REFUND_EXCEEDS_UNAPPLIED"):
        refund(1)


@pytest.mark.parametrize("counted", [False, True])
def test_a_returned_check_is_owed_again(clinic: Clinic, counted: bool) -> None:
    """A reversal takes every use of the payment back, from the drawer while it is open, from the bank afterwards."""
    patient = clinic.patient()
    clinic.signed_visit(patient)
    drawer = clinic.open_drawer(0)
    check = clinic.take(patient, TOTAL, "CHECK", check_number="4711")
    assert account(clinic, patient).balance_due.minor_units == 0
    if counted:
        close(clinic, drawer, 0, TOTAL)
    request = pb.ReversePaymentRequest(payment_id=check.payment_id, reason="check returned unpaid")
    assert clinic.staff.call("ReversePayment", request).state == pb.PAYMENT_STATE_REVERSED
    assert account(clinic, patient).balance_due.minor_units == TOTAL
    kinds = [line.kind for line in account(clinic, patient).lines]
    assert kinds == ["charge", "charge", "patient_payment", "patient_payment", "reversal", "reversal"]
    balance = clinic.staff.call("GetTrialBalance", ledger_pb2.GetTrialBalanceRequest())
    assert {line.account: line.balance.minor_units for line in balance.lines}[
        "bank" if counted else "checks_on_hand"
    ] == 0
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("ReversePayment", request)


def test_a_receipt_can_be_read(clinic: Clinic) -> None:
    """The PDF names the number, the payer, the amount, what it was used for and what is kept."""
    patient = clinic.patient(name="Zoë")
    clinic.signed_visit(patient)
    clinic.open_drawer()
    taken = clinic.take(patient, TOTAL + 500)
    body = clinic.staff.call("GetReceipt", pb.GetReceiptRequest(payment_id=taken.payment_id))
    text = pypdf.PdfReader(io.BytesIO(body.data)).pages[0].extract_text()
    assert body.content_type == "application/pdf"
    for part in (taken.receipt_number, "Zoë Ho", "$180.00", "99213", "$150.00", "85025", "$25.00", "Albany", "$5.00"):
        assert part in text, f"{part} is not in {text}"


def test_a_merged_patients_money_goes_with_them(clinic: Clinic) -> None:
    """After a merge the surviving record's account shows and uses what was posted on the other one."""
    kept, double = clinic.patient(name="Ann"), clinic.patient(name="Anne")
    clinic.open_drawer()
    taken = clinic.take(double, 2_000)
    clinic.signed_visit(kept)
    assert payment(clinic, taken.payment_id).unapplied.minor_units == 2_000
    clinic.patient(patient_id=double, name="Anne", merged_into=kept)
    assert payment(clinic, taken.payment_id).unapplied.minor_units == 0
    assert account(clinic, kept).balance_due.minor_units == TOTAL - 2_000


def test_a_patient_reads_only_their_own_account(clinic: Clinic) -> None:
    """A patient's token reaches that patient's account and payments, and nobody else's."""
    me, other = clinic.patient(), clinic.patient()
    clinic.signed_visit(me)
    clinic.open_drawer()
    theirs = clinic.take(other, 700)
    mine = clinic.harness.client(clinic.tenant, patient_ids=[me])
    assert mine.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=me)).patient_owes.minor_units == TOTAL
    with expect_error("NOT_FOUND"):
        mine.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=other))
    with expect_error("NOT_FOUND"):
        mine.call("GetPayment", pb.GetPaymentRequest(payment_id=theirs.payment_id))
    assert not mine.call("ListPayments", pb.ListPaymentsRequest()).payments


def test_unknown_people_and_places_are_not_found(clinic: Clinic) -> None:
    """Money is taken for known patients at known locations only."""
    clinic.open_drawer()
    with expect_error("NOT_FOUND"):
        clinic.take(str(uuid7()), 100)
    with expect_error("NOT_FOUND"):
        ask(clinic, str(uuid7()))


def test_a_site_sees_its_own_money_only(clinic: Clinic) -> None:
    """Who works at one location neither lists nor reads, refunds or prints another one's payments."""
    clinic.open_drawer()
    taken = clinic.take(clinic.patient(), 1_000)
    elsewhere = clinic.add_location(str(uuid7()), "Denver", "America/Denver")
    other = clinic.harness.client(clinic.tenant, location_ids=[UUID(elsewhere)])
    assert not other.call("ListPayments", pb.ListPaymentsRequest()).payments
    assert not other.call("ListDrawers", pb.ListDrawersRequest()).drawers
    for method, request in (
        ("GetPayment", pb.GetPaymentRequest(payment_id=taken.payment_id)),
        ("GetReceipt", pb.GetReceiptRequest(payment_id=taken.payment_id)),
        ("RefundPayment", pb.RefundPaymentRequest(payment_id=taken.payment_id, amount=usd(1), reason="none of ours")),
    ):
        with expect_error("NOT_FOUND"):
            other.call(method, request)


def test_a_familys_money_is_used_once_whatever_races(clinic: Clinic) -> None:
    """Signatures, payments and a hand-made application at the same time: no cent is used twice or lost."""
    mother = clinic.patient(name="Mia")
    children = [clinic.patient(name=f"Kid{n}", guarantor=mother) for n in range(4)]
    clinic.open_drawer()
    clinic.take(mother, 20_000)
    visits = [clinic.code(clinic.open_visit(child)) for child in children]
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(clinic.sign, visit) for visit in visits]
        jobs += [pool.submit(clinic.take, child, 3_000) for child in children]
        apply = pb.ApplyUnappliedRequest(patient_id=mother)
        jobs += [pool.submit(clinic.staff.call, "ApplyUnapplied", apply) for _ in range(2)]
        for job in jobs:
            job.result()
    paid = 20_000 + 4 * 3_000
    accounts = [account(clinic, person) for person in (mother, *children)]
    assert sum(one.patient_owes.minor_units for one in accounts) == 4 * TOTAL - paid
    assert sum(one.unapplied.minor_units for one in accounts) == 0
    assert all(one.patient_owes.minor_units >= 0 for one in accounts)


def test_a_drawer_is_not_closed_under_a_payment(clinic: Clinic) -> None:
    """Payments and the count at the same time: whatever got in is in the count's expectation, the rest is refused."""
    patient = clinic.patient()
    drawer = clinic.open_drawer(0)

    def pay(_: int) -> int:
        try:
            return int(clinic.take(patient, 100).amount.minor_units)
        except Error as error:
            assert error.reason == "NO_OPEN_DRAWER"
            return 0

    with ThreadPoolExecutor(6) as pool:
        first = [pool.submit(pay, n) for n in range(4)]
        counted = pool.submit(close, clinic, drawer, 200, 0, "counted while the queue was paying")
        rest = [pool.submit(pay, n) for n in range(4)]
        taken = sum(job.result() for job in (*first, *rest))
        closed = counted.result()
    assert closed.expected_cash.minor_units == taken
    assert closed.over_short.minor_units == 200 - taken


def test_taking_and_giving_back_money_at_one_drawer_never_wait_for_each_other(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    """Both lock the drawer before the family's account: PostgreSQL finds no circle to break, however they meet."""
    patient = clinic.patient()
    clinic.open_drawer()
    taken = [clinic.take(patient, 500) for _ in range(4)]

    def give_back(one: pb.Payment) -> int:
        request = pb.RefundPaymentRequest(payment_id=one.payment_id, amount=usd(500), reason="asked for")
        return int(clinic.staff.call("RefundPayment", request).refunded.minor_units)

    with ThreadPoolExecutor(4) as pool:
        given = [pool.submit(give_back, one) for one in taken]
        more = [pool.submit(clinic.take, patient, 100) for _ in range(4)]
        assert [one.result() for one in given] == [500] * 4
        assert [one.result().state for one in more] == [pb.PAYMENT_STATE_RECEIVED] * 4
    assert "transaction runs again" not in caplog.messages
    assert account(clinic, patient).unapplied.minor_units == 400
