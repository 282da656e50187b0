"""Card payments through the real wire: intents, declines, late answers, webhooks twice and out of order, refunds, disputes."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
from infra.simulators.cards.processor import sign
from infra.simulators.kit.webhooks import Webhook
from polyclinic.billing.v1 import ledger_pb2
from polyclinic.billing.v1 import payments_pb2 as pb
from polyclinic.options.v1 import options_pb2

from billing.adapters.cards import CardProcessor, verify_signature
from billing.store import Store
from billing.tables_money import Payment
from billing.usecases import cards
from chassis.clock import real_now
from chassis.errors import Unauthenticated, Unavailable
from chassis.testing import expect_error
from tests.billing.clinic import Clinic, usd
from tests.billing.conftest import CARD_WEBHOOK_SECRET, Processor
from tests.billing.money.test_payments import TOTAL, account, payment

GOOD, DECLINED, LATE, DISPUTED = "4242424242424242", "4000000000000002", "4000000000000077", "4000000000000259"


def hand_over(clinic: Clinic, processor: Processor, **config: object) -> None:
    """Webhooks of the simulator go to billing from now on."""
    public = clinic.harness.anonymous()

    def deliver(request: options_pb2.WebhookRequest) -> None:
        public.call("ReceiveCardEvent", request, key="")

    processor.deliver = deliver
    processor.aim_at(clinic.tenant, **config)


def charged(clinic: Clinic, processor: Processor, number: str, amount: int = 5_000) -> pb.Payment:
    """A card payment of a patient who owes a visit, after its due work was done."""
    processor.step(clinic.harness.clock.now().isoformat())
    patient = clinic.patient()
    clinic.signed_visit(patient)
    pending = clinic.take(patient, amount, "CARD", card_token=processor.token_of(number))
    assert pending.state == pb.PAYMENT_STATE_PENDING
    clinic.harness.run_due()
    return payment(clinic, pending.payment_id)


def event(
    clinic: Clinic, kind: str, thing: dict[str, object], *, identity: str = "evt_1", secret: str = CARD_WEBHOOK_SECRET
) -> options_pb2.WebhookRequest:
    """A webhook as the processor would send it, signed by the simulator's own code."""
    body = json.dumps({"id": identity, "type": kind, "data": {"object": thing}}).encode()
    headers = sign(Webhook(1, "", "", body, "application/json", secret))
    return options_pb2.WebhookRequest(
        url="https://clinic.example/webhooks/cards",
        tenant_id=str(clinic.tenant),
        headers={name.lower(): value for name, value in headers.items()},
        body=body,
    )


def send(clinic: Clinic, request: options_pb2.WebhookRequest) -> None:
    """Delivers a webhook."""
    clinic.harness.anonymous().call("ReceiveCardEvent", request, key="")


def test_the_intent_is_committed_before_the_card_is_charged(clinic: Clinic, processor: Processor) -> None:
    """The request only notes the payment; the charge is due work, and then the money is received and used."""
    received = charged(clinic, processor, GOOD)
    assert (received.state, received.unapplied.minor_units) == (pb.PAYMENT_STATE_RECEIVED, 0)
    assert received.receipt_number
    assert account(clinic, received.patient_id).balance_due.minor_units == TOTAL - 5_000


def test_a_declined_card_moves_no_money(clinic: Clinic, processor: Processor) -> None:
    """A decline is shown with its code; the account is as before."""
    declined = charged(clinic, processor, DECLINED)
    assert (declined.state, declined.decline_code) == (pb.PAYMENT_STATE_DECLINED, "card_declined")
    assert account(clinic, declined.patient_id).balance_due.minor_units == TOTAL


def test_a_late_success_comes_by_webhook(clinic: Clinic, processor: Processor) -> None:
    """A payment in processing stays pending until the processor tells that it succeeded; told twice it counts once."""
    hand_over(clinic, processor, duplicate_fraction=1.0, processing_seconds=60)
    pending = charged(clinic, processor, LATE)
    assert pending.state == pb.PAYMENT_STATE_PENDING
    for _ in range(2):
        clinic.harness.advance(minutes=5)
        processor.step(clinic.harness.clock.now().isoformat())
    processor.wait()
    received = payment(clinic, pending.payment_id)
    assert received.state == pb.PAYMENT_STATE_RECEIVED
    assert account(clinic, received.patient_id).balance_due.minor_units == TOTAL - 5_000
    processor.deliver = None


def test_a_lost_webhook_is_made_up_by_asking(clinic: Clinic, processor: Processor) -> None:
    """When no webhook comes, the payment is looked up at the processor after some hours."""
    processor.aim_at(clinic.tenant, webhook_url=None, processing_seconds=60)
    pending = charged(clinic, processor, LATE)
    later = clinic.harness.clock.now() + timedelta(hours=7)
    processor.step(later.isoformat())
    clinic.harness.run_due(later)
    assert payment(clinic, pending.payment_id).state == pb.PAYMENT_STATE_RECEIVED


def test_success_after_decline_is_received_late(clinic: Clinic, processor: Processor) -> None:
    """The processor's later word counts: the money is there, so it is received."""
    declined = charged(clinic, processor, DECLINED)
    thing = {"id": "pi_x", "object": "payment_intent", "amount": 5_000, "metadata": {"payment_id": declined.payment_id}}
    send(clinic, event(clinic, "payment_intent.succeeded", thing))
    assert payment(clinic, declined.payment_id).state == pb.PAYMENT_STATE_RECEIVED


def test_failure_after_success_changes_nothing(clinic: Clinic, processor: Processor) -> None:
    """Webhooks come out of order: an old failure does not undo a success."""
    received = charged(clinic, processor, GOOD)
    thing = {"id": "pi_y", "amount": 5_000, "metadata": {"payment_id": received.payment_id}}
    send(clinic, event(clinic, "payment_intent.payment_failed", thing))
    assert payment(clinic, received.payment_id).state == pb.PAYMENT_STATE_RECEIVED


def test_a_webhook_before_the_answer_finds_the_payment(clinic: Clinic, processor: Processor) -> None:
    """The webhook overtook our own transaction: the payment is found by our id in its metadata, and charged once."""
    patient = clinic.patient()
    pending = clinic.take(patient, 900, "CARD", card_token=processor.token_of(GOOD))
    thing = {"id": "pi_early", "amount": 900, "metadata": {"payment_id": pending.payment_id}}
    send(clinic, event(clinic, "payment_intent.succeeded", thing))
    clinic.harness.run_due()
    assert account(clinic, patient).unapplied.minor_units == 900


def test_the_same_event_counts_once(clinic: Clinic, processor: Processor) -> None:
    """Events are counted by their id."""
    declined = charged(clinic, processor, DECLINED)
    thing = {"id": "pi_z", "amount": 5_000, "metadata": {"payment_id": declined.payment_id}}
    for _ in range(2):
        send(clinic, event(clinic, "payment_intent.succeeded", thing))
    assert account(clinic, declined.patient_id).balance_due.minor_units == TOTAL - 5_000


def test_an_unproved_webhook_is_refused(clinic: Clinic) -> None:
    """A wrong secret, a changed body and a missing signature are refused, and nothing happens."""
    forged = event(clinic, "payment_intent.succeeded", {"id": "pi"}, secret="whsec_other")
    changed = event(clinic, "payment_intent.succeeded", {"id": "pi"})
    changed.body += b" "
    unsigned = event(clinic, "payment_intent.succeeded", {"id": "pi"})
    del unsigned.headers["stripe-signature"]
    for request in (forged, changed, unsigned):
        with expect_error("UNAUTHENTICATED"):
            send(clinic, request)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"id": 1}', b'{"id":"e","type":"t","data":{"object":{"amount":1.5}}}']
)
def test_a_signed_body_that_is_no_event_is_invalid(clinic: Clinic, body: bytes) -> None:
    """Also the processor's own signature does not make nonsense an event; a fractional amount is nonsense."""
    headers = sign(Webhook(1, "", "", body, "application/json", CARD_WEBHOOK_SECRET))
    request = options_pb2.WebhookRequest(
        tenant_id=str(clinic.tenant), headers={k.lower(): v for k, v in headers.items()}, body=body
    )
    with expect_error("INVALID_INPUT"):
        send(clinic, request)


def test_an_old_signature_is_a_replay() -> None:
    """A signature is good for five minutes of real time."""
    body = b"{}"
    header = sign(Webhook(1, "", "", body, "", "secret"))["Stripe-Signature"]
    now = int(real_now().timestamp())
    verify_signature("secret", header, body, now)
    for moment in (now + 400, now - 400):
        with pytest.raises(Unauthenticated):
            verify_signature("secret", header, body, moment)


def test_a_card_refund_goes_through_the_processor(clinic: Clinic, processor: Processor) -> None:
    """The refund is committed, then asked of the processor; its own webhook about it changes nothing more."""
    hand_over(clinic, processor)
    received = charged(clinic, processor, GOOD, TOTAL + 1_000)
    processor.wait()
    processor.arrived.clear()
    request = pb.RefundPaymentRequest(payment_id=received.payment_id, amount=usd(1_000), reason="overpaid")
    clinic.staff.call("RefundPayment", request)
    clinic.harness.run_due()
    processor.wait()
    refunded = payment(clinic, received.payment_id)
    assert (refunded.refunded.minor_units, refunded.unapplied.minor_units) == (1_000, 0)
    balance = clinic.staff.call("GetTrialBalance", ledger_pb2.GetTrialBalanceRequest())
    assert {line.account: line.balance.minor_units for line in balance.lines}["card_clearing"] == TOTAL
    processor.deliver = None


def test_a_refund_the_processor_refuses_is_posted_back(clinic: Clinic, processor: Processor) -> None:
    """The money is unapplied again and somebody has a work item."""
    received = charged(clinic, processor, GOOD, TOTAL + 1_000)
    with clinic.harness.call(clinic.tenant) as call:
        Store(call.session).lock(Payment, UUID(received.payment_id)).intent_id = "pi_unknown"
    request = pb.RefundPaymentRequest(payment_id=received.payment_id, amount=usd(1_000), reason="overpaid")
    clinic.staff.call("RefundPayment", request)
    clinic.harness.run_due()
    after = payment(clinic, received.payment_id)
    assert (after.refunded.minor_units, after.unapplied.minor_units) == (0, 1_000)


def test_a_dispute_takes_the_money_out_of_clearing(clinic: Clinic, processor: Processor) -> None:
    """A disputed payment is shown so, its money waits in the disputes account, and a work item asks for an answer."""
    received = charged(clinic, processor, DISPUTED)
    thing = {
        "id": "dp_1",
        "object": "dispute",
        "payment_intent": "pi_of_dispute",
        "amount": 5_000,
        "metadata": {"payment_id": received.payment_id},
    }
    send(clinic, event(clinic, "charge.dispute.created", thing))
    assert payment(clinic, received.payment_id).state == pb.PAYMENT_STATE_DISPUTED
    balance = clinic.staff.call("GetTrialBalance", ledger_pb2.GetTrialBalanceRequest())
    balances = {line.account: line.balance.minor_units for line in balance.lines}
    assert (balances["card_disputes"], balances["card_clearing"]) == (5_000, 0)


def test_the_processor_being_away_is_not_an_answer(clinic: Clinic, processor: Processor) -> None:
    """While the processor does not answer, the payment stays pending and is tried again with the same key."""
    with clinic.harness.call(clinic.tenant) as call:
        patient = clinic.patient()
        pending = clinic.take(patient, 900, "CARD", card_token=processor.token_of(GOOD))
        away = CardProcessor("http://127.0.0.1:9", "sk_test_billing", "x")
        with pytest.raises(Unavailable):
            cards.charge(call, UUID(pending.payment_id), away)
    assert payment(clinic, pending.payment_id).state == pb.PAYMENT_STATE_PENDING
    clinic.harness.run_due()
    assert payment(clinic, pending.payment_id).state == pb.PAYMENT_STATE_RECEIVED


def test_an_unknown_card_token_is_declined(clinic: Clinic) -> None:
    """A token the processor does not know can never be charged: declined, not retried for ever."""
    patient = clinic.patient()
    pending = clinic.take(patient, 900, "CARD", card_token="pm_nobody")
    clinic.harness.run_due()
    assert payment(clinic, pending.payment_id).state == pb.PAYMENT_STATE_DECLINED
