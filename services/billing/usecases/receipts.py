"""A payment's receipt as a PDF."""

from __future__ import annotations

from uuid import UUID

from billing.adapters.receipt_paper import render_receipt
from billing.domain.plain_words import service_words
from billing.store import Store
from billing.tables_money import Payment
from billing.usecases import journals, payments
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound


def get_receipt(call: Call, payment_id: UUID) -> tuple[str, bytes]:
    """(file name, PDF). Raises FailedPrecondition (no money received), NotFound."""
    store = Store(call.session)
    payment = store.need(Payment, payment_id, "payment")
    if not payments.may_see_payment(call, payment):
        raise NotFound("payment")
    if not payment.receipt_number or payment.received_at is None:
        raise FailedPrecondition("There is no receipt: no money has been received.")
    call.touch(payment.patient_id)
    patient = store.patient(payment.patient_id)
    location = store.location(payment.location_id) if payment.location_id else None
    site = location or next(iter(store.locations()), None)
    applied = [
        (line.service_date, service_words(line.procedure), amount)
        for line, amount in store.applied_of_payment(payment.id)
    ]
    pdf = render_receipt(
        payment,
        patient_name=f"{patient.first} {patient.last}" if patient else "",
        applied=sorted(applied),
        unapplied_minor=store.unapplied_of_payments([payment.id]).get(payment.id, 0),
        location=location,
        biller=store.billing_entity(site.billing_entity_id) if site else None,
        received_on=journals.day_at(payment.received_at, site),
    )
    return f"{payment.receipt_number}.pdf", pdf
