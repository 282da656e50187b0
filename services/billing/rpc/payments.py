"""Money at the desk: protobuf in, use case, protobuf out."""

from __future__ import annotations

from google.api import httpbody_pb2
from polyclinic.billing.v1 import payments_pb2 as pb
from polyclinic.options.v1 import options_pb2

from billing.adapters.cards import CardProcessor
from billing.usecases import cards, drawers, payments, receipts
from billing.usecases.drawers import DrawerView
from billing.usecases.payments import PaymentView
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier, timestamp

METHODS = {
    "cash": pb.PAYMENT_METHOD_CASH,
    "check": pb.PAYMENT_METHOD_CHECK,
    "card": pb.PAYMENT_METHOD_CARD,
    "agency": pb.PAYMENT_METHOD_AGENCY,
    "other_system": pb.PAYMENT_METHOD_OTHER_SYSTEM,
}
METHOD_NAMES = {number: name for name, number in METHODS.items()}
STATES = {
    "pending": pb.PAYMENT_STATE_PENDING,
    "received": pb.PAYMENT_STATE_RECEIVED,
    "declined": pb.PAYMENT_STATE_DECLINED,
    "reversed": pb.PAYMENT_STATE_REVERSED,
    "disputed": pb.PAYMENT_STATE_DISPUTED,
}
STATE_NAMES = {number: name for name, number in STATES.items()}
OPEN = {pb.DRAWER_STATE_OPEN: True, pb.DRAWER_STATE_CLOSED: False}


class PaymentsRpc:
    """RPCs about drawers, payments, receipts and the card processor's webhooks."""

    cards: CardProcessor

    def AskAmounts(self, request: pb.AskAmountsRequest, call: Call) -> pb.AskAmountsResponse:
        asked = payments.ask_amounts(call, identifier(request.appointment_id))
        return pb.AskAmountsResponse(
            patient_id=str(asked.patient_id),
            guarantor_id=str(asked.guarantor_id),
            copay=money(asked.copay_minor),
            copay_reason=asked.copay_reason,
            old_balance=money(asked.old_balance_minor),
            credit=money(asked.credit_minor),
            benefits_checked_at=timestamp(asked.checked_at),
            deductible_remaining=money(asked.deductible_left_minor),
            payer_code=asked.payer_code,
            total=money(asked.total_minor),
        )

    def OpenDrawer(self, request: pb.OpenDrawerRequest, call: Call) -> pb.Drawer:
        location_id = identifier(request.location_id)
        return drawer_message(drawers.open_drawer(call, location_id, request.opening_float.minor_units))

    def CloseDrawer(self, request: pb.CloseDrawerRequest, call: Call) -> pb.Drawer:
        return drawer_message(
            drawers.close_drawer(
                call,
                identifier(request.drawer_id),
                request.counted_cash.minor_units,
                request.counted_checks.minor_units,
                request.note,
            )
        )

    def GetDrawer(self, request: pb.GetDrawerRequest, call: Call) -> pb.Drawer:
        return drawer_message(drawers.get_drawer(call, identifier(request.drawer_id)))

    def ListDrawers(self, request: pb.ListDrawersRequest, call: Call) -> pb.ListDrawersResponse:
        rows, token = drawers.list_drawers(
            call,
            location_id=optional_identifier(request.location_id),
            business_date=optional_date(request.business_date, "business_date"),
            is_open=OPEN.get(request.state),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListDrawersResponse(drawers=[drawer_message(row) for row in rows], next_page_token=token)

    def TakePayment(self, request: pb.TakePaymentRequest, call: Call) -> pb.Payment:
        command = payments.TakePayment(
            patient_id=identifier(request.patient_id),
            location_id=identifier(request.location_id),
            method=METHOD_NAMES[request.method],
            amount_minor=request.amount.minor_units,
            appointment_id=optional_identifier(request.appointment_id),
            check_number=request.check_number,
            card_token=request.card_token,
        )
        return payment_message(payments.take_payment(call, command))

    def GetPayment(self, request: pb.GetPaymentRequest, call: Call) -> pb.Payment:
        return payment_message(payments.get_payment(call, identifier(request.payment_id)))

    def ListPayments(self, request: pb.ListPaymentsRequest, call: Call) -> pb.ListPaymentsResponse:
        rows, token = payments.list_payments(
            call,
            patient_id=optional_identifier(request.patient_id),
            drawer_id=optional_identifier(request.drawer_id),
            appointment_id=optional_identifier(request.appointment_id),
            state=STATE_NAMES.get(request.state, ""),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListPaymentsResponse(payments=[payment_message(row) for row in rows], next_page_token=token)

    def RefundPayment(self, request: pb.RefundPaymentRequest, call: Call) -> pb.Payment:
        payment_id = identifier(request.payment_id)
        return payment_message(payments.refund_payment(call, payment_id, request.amount.minor_units, request.reason))

    def ReversePayment(self, request: pb.ReversePaymentRequest, call: Call) -> pb.Payment:
        return payment_message(payments.reverse_payment(call, identifier(request.payment_id), request.reason))

    def GetReceipt(self, request: pb.GetReceiptRequest, call: Call) -> httpbody_pb2.HttpBody:
        _, pdf = receipts.get_receipt(call, identifier(request.payment_id))
        return httpbody_pb2.HttpBody(content_type="application/pdf", data=pdf)

    def ApplyUnapplied(self, request: pb.ApplyUnappliedRequest, call: Call) -> pb.ApplyUnappliedResponse:
        applied, left = payments.apply_unapplied(call, identifier(request.patient_id))
        return pb.ApplyUnappliedResponse(applied=money(applied), left_unapplied=money(left))

    def ReceiveCardEvent(self, request: options_pb2.WebhookRequest, call: Call) -> options_pb2.WebhookResponse:
        tenant_id, signature = identifier(request.tenant_id), request.headers.get("stripe-signature", "")
        cards.receive_event(call, tenant_id, signature, request.body, self.cards)
        return options_pb2.WebhookResponse()


def drawer_message(view: DrawerView) -> pb.Drawer:
    """A drawer as the API shows it."""
    row, totals = view.drawer, view.totals
    expected = row.opening_float_minor + totals.cash_received_minor - totals.cash_refunded_minor
    return pb.Drawer(
        drawer_id=str(row.id),
        location_id=str(row.location_id),
        user_id=row.user_id,
        user_name=row.user_name,
        business_date=date_message(row.business_date),
        opened_at=timestamp(row.opened_at),
        closed_at=timestamp(row.closed_at),
        state=pb.DRAWER_STATE_OPEN if row.closed_at is None else pb.DRAWER_STATE_CLOSED,
        opening_float=money(row.opening_float_minor),
        expected_cash=money(expected),
        counted_cash=money(row.counted_cash_minor),
        expected_checks=money(totals.checks_received_minor),
        counted_checks=money(row.counted_checks_minor),
        over_short=money(row.over_short_minor),
        note=row.note,
        receipt_count=totals.receipt_count,
        version=row.version,
    )


def payment_message(view: PaymentView) -> pb.Payment:
    """A payment as the API shows it."""
    row = view.payment
    return pb.Payment(
        payment_id=str(row.id),
        patient_id=str(row.patient_id),
        location_id=str(row.location_id or ""),
        drawer_id=str(row.drawer_id or ""),
        method=METHODS[row.method],
        state=STATES[row.state],
        amount=money(row.amount_minor, row.currency),
        unapplied=money(view.unapplied_minor, row.currency),
        refunded=money(view.refunded_minor, row.currency),
        receipt_number=row.receipt_number,
        received_at=timestamp(row.received_at),
        appointment_id=str(view.appointment_id or ""),
        statement_id=str(row.statement_id or ""),
        check_number=row.check_number,
        decline_code=row.decline_code,
        version=row.version,
    )
