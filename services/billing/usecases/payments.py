"""Patients' payments: what to ask, taking money, giving it back, receipts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from billing import figures, published
from billing.domain.ledger import Account, Dimensions, Entry, application_entries, receipt_entries, refund_entries
from billing.errors import RefundExceedsUnapplied
from billing.store import Store
from billing.store_ledger import line_dimensions
from billing.tables_money import Drawer, Encounter, Payment, Refund
from billing.usecases import accounts, drawers, eligibility, journals
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound

CHARGE_DUE = "card.charge"
REFUND_DUE = "card.refund"
CURRENCY = "USD"
TENDERS = {"cash": Account.CASH_DRAWER, "check": Account.CHECKS_ON_HAND, "card": Account.CARD_CLEARING}
# By which way money goes back: as it came; what came by a check, from an agency or before this system, by a check of ours.
REFUND_TENDERS = {
    "cash": Account.CASH_DRAWER,
    "card": Account.CARD_CLEARING,
    "check": Account.BANK,
    "agency": Account.BANK,
    "other_system": Account.BANK,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the front desk asks for; minor units."""

    patient_id: UUID
    guarantor_id: UUID
    copay_minor: int
    copay_reason: str
    old_balance_minor: int
    credit_minor: int
    checked_at: datetime | None
    deductible_left_minor: int | None
    payer_code: str

    @property
    def total_minor(self) -> int:
        return self.copay_minor + self.old_balance_minor


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment with what is left of it and what was given back; minor units."""

    payment: Payment
    unapplied_minor: int
    refunded_minor: int
    appointment_id: UUID | None


@dataclass(frozen=True, slots=True)
class TakePayment:
    """Money handed over at a location; `method` cash, check or card."""

    patient_id: UUID
    location_id: UUID
    method: str
    amount_minor: int
    appointment_id: UUID | None
    check_number: str
    card_token: str


def ask_amounts(call: Call, appointment_id: UUID) -> Asked:
    """What to ask for at check-in. Raises NotFound."""
    store = Store(call.session)
    encounter = store.encounter_of_appointment(appointment_id)
    if encounter is None or not drawers.may_see(call, encounter.location_id):
        raise NotFound("appointment")
    coverages = eligibility.coverages_on(store, encounter.patient_id, encounter.service_date)
    benefits = eligibility.benefits(store, encounter.patient_id, encounter.service_date)
    copay, reason = _copay(store, encounter, bool(coverages), benefits)
    guarantor_id = store.guarantor_of(encounter.patient_id)
    sums = accounts.guarantor_sums(store, guarantor_id)
    credit = accounts.free_credit(store, store.credits_of(store.family_of(guarantor_id)))
    return Asked(
        patient_id=encounter.patient_id,
        guarantor_id=guarantor_id,
        copay_minor=copay,
        copay_reason=reason,
        old_balance_minor=max(0, sums.patient_owes_minor - credit - _withheld(store, guarantor_id)),
        credit_minor=credit,
        checked_at=benefits.checked_at if benefits else None,
        deductible_left_minor=benefits.deductible_left_minor if benefits else None,
        payer_code=coverages[0].payer_code if coverages else "",
    )


def _copay(store: Store, encounter: Encounter, covered: bool, benefits: eligibility.Benefits | None) -> tuple[int, str]:
    """(minor units, why)"""
    protected = any(
        hold.kind == "protected" and hold.from_date <= encounter.service_date
        for hold in store.holds_of([encounter.patient_id])
    )
    if protected:
        return 0, "protected"
    if not covered:
        return 0, "no_coverage"
    if benefits is None or benefits.copay_minor is None:
        return 0, "no_benefits"
    left = benefits.copay_minor - store.paid_for_encounter(encounter.id)
    return (left, "benefits") if left > 0 or benefits.copay_minor == 0 else (0, "paid")


def _withheld(store: Store, guarantor_id: UUID) -> int:
    """What the family owes that may not be asked for now; minor units."""
    items = store.open_items_of(store.family_of(guarantor_id))
    withheld = accounts.withheld_lines(store, items)
    return sum(item.due_minor for item in items if item.charge_line_id in withheld)


def take_payment(call: Call, command: TakePayment) -> PaymentView:
    """Takes money: cash and checks at once into the caller's drawer; a card is charged after this is committed.

    Raises NoOpenDrawer, NotFound (patient, location, appointment).
    """
    store = Store(call.session)
    if store.patient(command.patient_id) is None:
        raise NotFound("patient")
    if store.location(command.location_id) is None or not drawers.may_see(call, command.location_id):
        raise NotFound("location")
    encounter = store.encounter_of_appointment(command.appointment_id) if command.appointment_id else None
    if command.appointment_id is not None and encounter is None:
        raise NotFound("appointment")
    by_card = command.method == "card"
    drawer = None if by_card else drawers.callers_drawer(call, store, command.location_id)
    payment = store.add(
        Payment(
            id=call.new_id(),
            patient_id=store.canonical_patient(command.patient_id),
            location_id=command.location_id,
            drawer_id=drawer.id if drawer else None,
            encounter_id=encounter.id if encounter else None,
            method=command.method,
            state="pending",
            amount_minor=command.amount_minor,
            currency=CURRENCY,
            receipt_number="",
            created_at=call.now,
            taken_by=call.principal.id,
            check_number=command.check_number,
            card_token=command.card_token,
            intent_id="",
            decline_code="",
        )
    )
    if by_card:
        call.due.at(CHARGE_DUE, payment.id, call.now)
    else:
        receive(call, store, payment)
    return view(store, payment)


def card_payment(
    call: Call, patient_id: UUID, amount_minor: int, card_token: str, statement_id: UUID | None = None
) -> Payment:
    """A card payment from afar (no location, no drawer), before the card is charged; minor units."""
    return Payment(
        id=call.new_id(),
        patient_id=patient_id,
        location_id=None,
        drawer_id=None,
        encounter_id=None,
        statement_id=statement_id,
        method="card",
        state="pending",
        amount_minor=amount_minor,
        currency=CURRENCY,
        receipt_number="",
        created_at=call.now,
        taken_by=call.principal.id,
        check_number="",
        card_token=card_token,
        intent_id="",
        decline_code="",
    )


def receive(call: Call, store: Store, payment: Payment, entries: Iterable[Entry] | None = None) -> None:
    """The money is there: receipt, journal, event; it is used on what the family owes. The payment's row must be
    locked or new. `entries`: how it came in, when that is more than its tender.
    """
    location = store.location(payment.location_id) if payment.location_id else None
    series = f"{call.now.year}-{location.number if location else 0}"
    payment.receipt_number = f"R{series}-{store.next_number('receipt:' + series):06d}"
    payment.state, payment.received_at, payment.decline_code = "received", call.now, ""
    journals.post(
        call,
        store,
        kind="payment",
        source=("payment", str(payment.id)),
        memo=f"Payment {payment.receipt_number}",
        entries=entries or receipt_entries(TENDERS[payment.method], payment.amount_minor, dimensions(payment)),
        patient_id=payment.patient_id,
    )
    store.session.flush()
    call.emit(
        published.payment_received(
            payment_id=payment.id,
            patient_id=payment.patient_id,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            method=payment.method,
            receipt_number=payment.receipt_number,
        )
    )
    figures.payment_received(call, payment.method)
    accounts.settle_families(call, store, [payment.patient_id])


def get_payment(call: Call, payment_id: UUID) -> PaymentView:
    """One payment. Raises NotFound."""
    store = Store(call.session)
    payment = store.need(Payment, payment_id, "payment")
    if not may_see_payment(call, payment):
        raise NotFound("payment")
    return view(store, payment)


def may_see_payment(call: Call, payment: Payment) -> bool:
    """Whether the caller works where the payment was taken; what was paid online is seen by who works everywhere."""
    if payment.location_id is None:
        return not call.principal.location_ids
    return drawers.may_see(call, payment.location_id)


def list_payments(
    call: Call,
    *,
    patient_id: UUID | None,
    drawer_id: UUID | None,
    appointment_id: UUID | None,
    state: str,
    page_size: int,
    page_token: str,
) -> tuple[Sequence[PaymentView], str]:
    """Payments, the newest first."""
    store = Store(call.session)
    encounter = store.encounter_of_appointment(appointment_id) if appointment_id else None
    if appointment_id is not None and encounter is None:
        return [], ""
    rows, token = store.payment_page(
        patient_id=patient_id,
        drawer_id=drawer_id,
        encounter_id=encounter.id if encounter else None,
        state=state,
        location_ids=call.principal.location_ids,
        page_size=page_size,
        page_token=page_token,
    )
    return _views(store, rows), token


def refund_payment(call: Call, payment_id: UUID, amount_minor: int, reason: str) -> PaymentView:
    """Gives unapplied money back by the way it came. Raises RefundExceedsUnapplied, NoOpenDrawer, FailedPrecondition,
    NotFound.
    """
    store = Store(call.session)
    payment = _held(call, store, payment_id)
    drawer = None
    if payment.method == "cash" and payment.location_id is not None:
        drawer = drawers.callers_drawer(call, store, payment.location_id)
    store.lock_account(store.guarantor_of(payment.patient_id))
    if amount_minor > store.unapplied_of_payments([payment.id]).get(payment.id, 0):
        raise RefundExceedsUnapplied()
    by_card = payment.method == "card"
    refund = store.add(
        Refund(
            id=call.new_id(),
            payment_id=payment.id,
            patient_id=payment.patient_id,
            drawer_id=drawer.id if drawer else None,
            amount_minor=amount_minor,
            state="pending" if by_card else "done",
            reason=reason,
            created_at=call.now,
            refunded_by=call.principal.id,
            processor_id="",
        )
    )
    post_refund(call, store, payment, refund)
    if by_card:
        call.due.at(REFUND_DUE, refund.id, call.now)
    accounts.settle_families(call, store, [payment.patient_id])
    return view(store, payment)


def _held(call: Call, store: Store, payment_id: UUID) -> Payment:
    """The payment, locked. Raises NotFound, FailedPrecondition unless it holds money."""
    payment = store.lock(Payment, payment_id, "payment")
    if not may_see_payment(call, payment):
        raise NotFound("payment")
    if payment.state != "received":
        raise FailedPrecondition("The payment holds no money.")
    return payment


def post_refund(call: Call, store: Store, payment: Payment, refund: Refund) -> None:
    """Posts a refund: from the drawer, by the bank for a check, through the processor for a card."""
    tender = REFUND_TENDERS[payment.method]
    journals.post(
        call,
        store,
        kind="refund",
        source=("refund", str(refund.id)),
        memo=f"Refund of {payment.receipt_number}: {refund.reason}",
        entries=refund_entries(tender, refund.amount_minor, replace(dimensions(payment), drawer_id=refund.drawer_id)),
        patient_id=payment.patient_id,
    )


def reverse_payment(call: Call, payment_id: UUID, reason: str) -> PaymentView:
    """Takes a cash or check payment back whole: its uses are owed again. Raises FailedPrecondition, NotFound."""
    store = Store(call.session)
    payment = _held(call, store, payment_id)
    if payment.method == "card":
        raise FailedPrecondition("A card payment is refunded, or disputed by its owner; it is not reversed here.")
    if payment.method not in TENDERS:
        raise FailedPrecondition("It did not come in at a desk; it can be refunded.")
    if store.refunds_of([payment.id]):
        raise FailedPrecondition("A part of it has been refunded.")
    drawer = store.lock(Drawer, payment.drawer_id, "drawer") if payment.drawer_id else None
    store.lock_account(store.guarantor_of(payment.patient_id))
    in_drawer = drawer is not None and drawer.closed_at is None
    of = dimensions(payment) if in_drawer else replace(dimensions(payment), drawer_id=None)
    # Once the drawer is in the bank, the bank takes the money back.
    tender = TENDERS[payment.method] if in_drawer else Account.BANK
    entries: list[Entry] = []
    for line, amount in store.applied_of_payment(payment.id):
        entries += application_entries(-amount, line_dimensions(line, payment_id=payment.id), payment.patient_id)
    entries += receipt_entries(tender, -payment.amount_minor, of)
    journals.post(
        call,
        store,
        kind="payment_reversal",
        source=("payment_reversal", str(payment.id)),
        memo=f"{payment.receipt_number} taken back: {reason}",
        entries=entries,
        patient_id=payment.patient_id,
    )
    payment.state = "reversed"
    store.session.flush()
    accounts.settle_families(call, store, [payment.patient_id])
    return view(store, payment)


def apply_unapplied(call: Call, patient_id: UUID) -> tuple[int, int]:
    """Uses the family's unapplied money now: (applied, left), minor units. Raises NotFound."""
    store = Store(call.session)
    if store.patient(patient_id) is None:
        raise NotFound("patient")
    guarantor_id = store.guarantor_of(patient_id)
    applied = accounts.apply_unapplied(call, store, guarantor_id)
    accounts.plan_statement(call, store, guarantor_id)
    return applied, accounts.guarantor_sums(store, guarantor_id).unapplied_minor


def dimensions(payment: Payment) -> Dimensions:
    """What a payment's own entries belong to."""
    return Dimensions(
        patient_id=payment.patient_id,
        payment_id=payment.id,
        drawer_id=payment.drawer_id,
        location_id=payment.location_id,
    )


def view(store: Store, payment: Payment) -> PaymentView:
    """A payment as it stands in the ledger now."""
    return _views(store, [payment])[0]


def _views(store: Store, rows: Sequence[Payment]) -> list[PaymentView]:
    ids = [row.id for row in rows]
    left = store.unapplied_of_payments(ids)
    refunded: dict[UUID, int] = {}
    for refund in store.refunds_of(ids):
        if refund.state != "failed":
            refunded[refund.payment_id] = refunded.get(refund.payment_id, 0) + refund.amount_minor
    appointments = store.appointments_of(row.encounter_id for row in rows if row.encounter_id)
    return [
        PaymentView(row, left.get(row.id, 0), refunded.get(row.id, 0), appointments.get(row.encounter_id))
        for row in rows
    ]
