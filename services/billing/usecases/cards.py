"""Card payments: the intent is committed first, the processor is asked in a second transaction, its webhooks may come
before, after or twice.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from billing.adapters.cards import CardEvent, CardProcessor, CardRefused, Intent, IntentStatus
from billing.domain.ledger import Account, EntryKind, pair, reversal_of
from billing.store import Store
from billing.tables_money import Payment, Refund
from billing.usecases import accounts, journals, payments, work_items
from chassis import telemetry
from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import InvalidInput, Violation

log = telemetry.logger(__name__)
CHECK_DUE = "card.check"
# A payment that the processor is still working on is looked up again after this time, in case its webhook is lost.
CHECK_AFTER = timedelta(hours=6)
OPEN_STATES = frozenset({"pending", "declined"})


def charge(call: Call, payment_id: UUID, processor: CardProcessor) -> None:
    """Due work: charges a pending payment's card. Raises Unavailable (then it is tried again with the same key)."""
    store = Store(call.session)
    payment = store.lock(Payment, payment_id, "payment")
    if payment.state != "pending":
        return
    try:
        intent = processor.pay(
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            card_token=payment.card_token,
            idempotency_key=str(payment.id),
            metadata={"payment_id": str(payment.id), "tenant_id": str(call.tenant_id)},
        )
    except CardRefused as refused:
        decline(store, payment, refused.code)
        return
    payment.intent_id = intent.intent_id
    _follow(call, store, payment, intent)


def check(call: Call, payment_id: UUID, processor: CardProcessor) -> None:
    """Due work: asks the processor about a payment whose outcome is still open."""
    store = Store(call.session)
    payment = store.lock(Payment, payment_id, "payment")
    if payment.state == "pending" and payment.intent_id:
        _follow(call, store, payment, processor.look_up(payment.intent_id))


def refund(call: Call, refund_id: UUID, processor: CardProcessor) -> None:
    """Due work: gives a card payment's money back. A refusal is posted back and becomes a work item."""
    store = Store(call.session)
    row = store.lock(Refund, refund_id, "refund")
    if row.state != "pending":
        return
    payment = store.lock(Payment, row.payment_id, "payment")
    try:
        row.processor_id = processor.refund(
            intent_id=payment.intent_id, amount_minor=row.amount_minor, idempotency_key=str(row.id)
        )
        row.state = "done"
    except CardRefused as refused:
        row.state = "failed"
        journal = store.journal_of("refund", str(row.id))
        if journal is not None:
            journals.post(
                call,
                store,
                kind="reversal",
                source=("reversal", str(journal.id)),
                memo=f"Refund refused by the card processor: {refused.code}",
                entries=reversal_of(journals.entry_of(entry) for entry in store.entries_of([journal.id])[journal.id]),
                patient_id=payment.patient_id,
                reverses_id=journal.id,
            )
        work_items.open_item(
            call,
            store,
            kind="refund_failed",
            key=str(row.id),
            title=f"The card processor refused the refund of {payment.receipt_number}",
            patient_id=payment.patient_id,
            amount_minor=row.amount_minor,
            detail={"code": refused.code},
        )
    store.session.flush()


def receive_event(call: Call, tenant_id: UUID, signature: str, body: bytes, processor: CardProcessor) -> None:
    """A webhook: proved, counted once, applied. Raises Unauthenticated, InvalidInput."""
    try:
        event = processor.read_event(signature, body, int(real_now().timestamp()))
    except (ValueError, KeyError) as error:
        raise InvalidInput([Violation("body", "is not an event of the card processor")]) from error
    call.enter_tenant(tenant_id)
    store = Store(call.session)
    if not store.first_card_event(event.event_id, event.kind, call.now):
        return
    payment = _payment_of(store, event)
    if payment is None:
        log.warning("card event without a payment of ours", kind=event.kind)
        return
    payment.intent_id = payment.intent_id or event.intent_id
    match event.kind:
        case "payment_intent.succeeded" if payment.state in OPEN_STATES:
            # Also after a decline or a time-out of ours: the money is there, so it is received, late.
            payments.receive(call, store, payment)
        case "payment_intent.payment_failed" if payment.state == "pending":
            decline(store, payment, event.decline_code)
        case "charge.refunded":
            _refunded(call, store, payment, event)
        case "charge.dispute.created" if payment.state == "received":
            _dispute(call, store, payment, event)
    store.session.flush()


def decline(store: Store, payment: Payment, code: str) -> None:
    """The card was declined: no money moved."""
    payment.state, payment.decline_code = "declined", code
    store.session.flush()


def _follow(call: Call, store: Store, payment: Payment, intent: Intent) -> None:
    if intent.status is IntentStatus.SUCCEEDED:
        payments.receive(call, store, payment)
        call.due.cancel(CHECK_DUE, payment.id)
    elif intent.status is IntentStatus.DECLINED:
        decline(store, payment, intent.decline_code)
    else:
        call.due.at(CHECK_DUE, payment.id, call.now + CHECK_AFTER)
        store.session.flush()


def _payment_of(store: Store, event: CardEvent) -> Payment | None:
    """By intent; by our own id in its metadata when the webhook overtook the answer."""
    payment_id = store.payment_id_of(event.intent_id, _uuid(event.metadata.get("payment_id", "")))
    return None if payment_id is None else store.lock(Payment, payment_id, "payment")


def _refunded(call: Call, store: Store, payment: Payment, event: CardEvent) -> None:
    """What was given back at the processor's own console, without us, is posted too; our own refunds are known."""
    ours = sum(row.amount_minor for row in store.refunds_of([payment.id]) if row.state != "failed")
    foreign = event.amount_refunded_minor - ours
    if foreign <= 0 or payment.state != "received":
        return
    store.lock_account(store.guarantor_of(payment.patient_id))
    unapplied = store.unapplied_of_payments([payment.id]).get(payment.id, 0)
    if foreign > unapplied:
        _open_item(
            call,
            store,
            payment,
            "card_refund_outside",
            foreign,
            "A card payment was refunded outside, but it is used on charges",
        )
        return
    row = store.add(
        Refund(
            id=call.new_id(),
            payment_id=payment.id,
            patient_id=payment.patient_id,
            drawer_id=None,
            amount_minor=foreign,
            state="done",
            reason="refunded at the card processor",
            created_at=call.now,
            refunded_by="card processor",
            processor_id=event.event_id,
        )
    )
    payments.post_refund(call, store, payment, row)
    accounts.settle_families(call, store, [payment.patient_id])


def _dispute(call: Call, store: Store, payment: Payment, event: CardEvent) -> None:
    """The processor has taken the money back until the dispute is decided; what it paid stays paid meanwhile."""
    payment.state = "disputed"
    of = payments.dimensions(payment)
    journals.post(
        call,
        store,
        kind="dispute",
        source=("dispute", str(payment.id)),
        memo=f"{payment.receipt_number} is disputed by the card's owner",
        entries=pair(
            Account.CARD_DISPUTES,
            Account.CARD_CLEARING,
            event.amount_minor or payment.amount_minor,
            EntryKind.DISPUTE,
            of,
            of,
        ),
        patient_id=payment.patient_id,
    )
    _open_item(
        call, store, payment, "card_dispute", payment.amount_minor, "A card payment is disputed: answer the processor"
    )


def _open_item(call: Call, store: Store, payment: Payment, kind: str, amount_minor: int, title: str) -> None:
    work_items.open_item(
        call,
        store,
        kind=kind,
        key=str(payment.id),
        title=f"{title} ({payment.receipt_number})",
        patient_id=payment.patient_id,
        amount_minor=amount_minor,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
