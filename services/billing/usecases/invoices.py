"""Invoices to employers and to patients who pay themselves: previewed, issued, paid, taken out of force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from billing.adapters.invoice_paper import render_invoice
from billing.adapters.statement_paper import Addressee
from billing.domain.ledger import Entry, payer_payment_entries, reversal_of
from billing.domain.payers import PayerKind
from billing.domain.plain_words import service_words
from billing.errors import ExceedsBalance, NothingOwed, StalePreview
from billing.store import Store
from billing.store_invoices import DebtorAges
from billing.store_ledger import line_dimensions
from billing.tables_directory import Payer
from billing.tables_invoices import Invoice, InvoiceLine, InvoicePayment
from billing.tables_money import ChargeLine
from billing.usecases import accounts, journals
from billing.usecases.statements import AddressBook
from chassis import files
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, Violation
from chassis.files import StoredFile

MOST_LINES = 1_000


@dataclass(frozen=True, slots=True)
class Debtor:
    """Whom an invoice is for: a payer that pays by invoice, or a patient's guarantor; and the days of service that count."""

    payer_code: str
    patient_id: UUID | None
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice as it stands today, minor units."""

    invoice: Invoice
    debtor_name: str
    payer_code: str
    still_due_minor: int
    state: str
    payments: Sequence[InvoicePayment] = ()


def preview(call: Call, debtor: Debtor) -> list[dict[str, object]]:
    """The lines that an invoice would have now. Raises InvalidInput, NothingOwed, NotFound."""
    store = Store(call.session)
    _, _, owed = _owed(call, store, debtor)
    return [_line(store, line, amount) for line, amount in owed]


def issue(
    call: Call, debtor: Debtor, amount_minor: int, due_days: int, reference: str, address_book: AddressBook
) -> InvoiceView:
    """Issues an invoice for what the preview showed. Raises as `preview`, StalePreview, Unavailable."""
    store = Store(call.session)
    # Whoever issues invoices takes turns: the number's series is locked first, so no two see the same services as free.
    today = journals.local_day(call, store, None)
    number = f"I{today.year}-{store.next_number(f'invoice:{today.year}'):06d}"
    payer, guarantor_id, owed = _owed(call, store, debtor)
    total = sum(amount for _, amount in owed)
    if total != amount_minor:
        raise StalePreview()
    lines = [_line(store, line, amount) for line, amount in owed]
    invoice = Invoice(
        id=call.new_id(),
        number=number,
        payer_id=payer.id if payer else None,
        patient_id=guarantor_id,
        issued_on=today,
        issued_by=call.principal.id,
        due_on=today + timedelta(days=due_days),
        amount_minor=total,
        lines=lines,
        issued_at=call.now,
        reference=reference,
    )
    invoice_to = Addressee(payer.name) if payer else _addressee(call, store, guarantor_id, address_book)
    biller = store.billing_entity(owed[0][0].billing_entity_id)
    pdf = render_invoice(invoice, invoice_to, biller, lines)
    invoice.file_id = files.put(call, f"{number}.pdf", "application/pdf", pdf)
    store.add(invoice)
    store.add_all(
        InvoiceLine(invoice_id=invoice.id, number=at, charge_line_id=line.id, amount_minor=amount, live=True)
        for at, (line, amount) in enumerate(owed, start=1)
    )
    return _views(call, store, [invoice])[0]


def _owed(call: Call, store: Store, debtor: Debtor) -> tuple[Payer | None, UUID | None, list[tuple[ChargeLine, int]]]:
    """(payer, guarantor, what they owe). Protected and reviewed services are nobody's to ask for."""
    payer, guarantor_id, family = None, None, []
    if debtor.payer_code:
        payer = store.payer_row(debtor.payer_code)
        if payer is None:
            raise NotFound("payer")
        if payer.kind != PayerKind.EMPLOYER:
            raise InvalidInput([Violation("payer_code", "is of a payer that does not pay by invoice")])
    elif debtor.patient_id is not None:
        if store.patient(debtor.patient_id) is None:
            raise NotFound("patient")
        guarantor_id = store.guarantor_of(debtor.patient_id)
        family = store.family_of(guarantor_id)
    owed = store.invoiceable(payer.id if payer else None, family, debtor.first, debtor.last)
    if payer is None:
        withheld = accounts.withheld_lines(store, [line for line, _ in owed])
        owed = [(line, amount) for line, amount in owed if line.id not in withheld]
    if not owed:
        raise NothingOwed()
    if len(owed) > MOST_LINES:
        raise InvalidInput(
            [Violation("service_dates", f"an invoice has at most {MOST_LINES} services: ask for fewer days")]
        )
    call.touch(*{line.patient_id for line, _ in owed})
    return payer, guarantor_id, owed


def _line(store: Store, line: ChargeLine, amount_minor: int) -> dict[str, object]:
    person = store.patients([line.patient_id]).get(line.patient_id)
    return {
        "charge_line_id": str(line.id),
        "patient_id": str(line.patient_id),
        "patient_name": f"{person.first} {person.last}" if person else "",
        "service_date": line.service_date.isoformat(),
        "description": service_words(line.procedure).rsplit(" (", 1)[0],
        "amount_minor": amount_minor,
    }


def _addressee(call: Call, store: Store, guarantor_id: UUID | None, address_book: AddressBook) -> Addressee:
    if guarantor_id is None:
        raise NotFound("patient")
    found = address_book(call, store.family_of(guarantor_id))
    addressee = found.get(guarantor_id) or next(iter(found.values()), None)
    if addressee is None:
        raise NotFound("guarantor")
    return addressee


# ---- reading


def get_invoice(call: Call, invoice_id: UUID) -> InvoiceView:
    """One invoice with its payments. Raises NotFound."""
    store = Store(call.session)
    invoice = store.need(Invoice, invoice_id, "invoice")
    call.touch(*{UUID(line["patient_id"]) for line in invoice.lines})
    return _views(call, store, [invoice])[0]


def get_pdf(call: Call, invoice_id: UUID) -> StoredFile:
    """The PDF as it was issued. Raises NotFound."""
    invoice = Store(call.session).need(Invoice, invoice_id, "invoice")
    call.touch(*{UUID(line["patient_id"]) for line in invoice.lines})
    return files.get(call, invoice.file_id)


def list_invoices(
    call: Call, payer_code: str, patient_id: UUID | None, page_size: int, page_token: str
) -> tuple[list[InvoiceView], str]:
    """Invoices, the newest first."""
    store = Store(call.session)
    payer = store.payer_row(payer_code) if payer_code else None
    if payer_code and payer is None:
        return [], ""
    patients = store.with_merged([patient_id]) if patient_id is not None else None
    rows, token = store.invoice_page(payer.id if payer else None, patients, page_size, page_token)
    return _views(call, store, rows), token


def list_ages(call: Call, page_size: int, page_token: str) -> tuple[list[tuple[DebtorAges, str, str]], str]:
    """(what a debtor owes by age, payer's code, name) of a page of debtors."""
    store = Store(call.session)
    today = journals.local_day(call, store, None)
    found, token = store.invoice_ages(today, page_size, page_token)
    call.touch(*(one.patient_id for one in found if one.patient_id is not None))
    return [(one, *_name(store, one.payer_id, one.patient_id)) for one in found], token


def _views(call: Call, store: Store, rows: Sequence[Invoice]) -> list[InvoiceView]:
    due = store.still_due_of_invoices(row.id for row in rows)
    paid: dict[UUID, list[InvoicePayment]] = {}
    for payment in store.invoice_payments(row.id for row in rows):
        paid.setdefault(payment.invoice_id, []).append(payment)
    today = journals.local_day(call, store, None)
    found = []
    for row in rows:
        code, name = _name(store, row.payer_id, row.patient_id)
        left = due.get(row.id, 0)
        found.append(InvoiceView(row, name, code, left, _state(row, left, today), paid.get(row.id, [])))
    return found


def _state(row: Invoice, left_minor: int, today: date) -> str:
    if row.voided_at is not None:
        return "void"
    if left_minor <= 0:
        return "paid"
    return "overdue" if row.due_on < today else "open"


def _name(store: Store, payer_id: UUID | None, patient_id: UUID | None) -> tuple[str, str]:
    """(payer's code, name) of a debtor."""
    if payer_id is not None:
        payer = store.get(Payer, payer_id)
        return (payer.code, payer.name) if payer else ("", "")
    person = store.patient(patient_id) if patient_id is not None else None
    return "", f"{person.first} {person.last}" if person else ""


# ---- what happens to one


def void(call: Call, invoice_id: UUID, reason: str) -> InvoiceView:
    """Takes an invoice out of force. Raises FailedPrecondition, NotFound."""
    store = Store(call.session)
    invoice = store.lock(Invoice, invoice_id, "invoice")
    if invoice.voided_at is None:
        if any(one.reversed_at is None for one in store.invoice_payments([invoice.id])):
            raise FailedPrecondition("The debtor has paid on it: take the payment back first.")
        invoice.voided_at, invoice.voided_by, invoice.void_reason = call.now, call.principal.id, reason
        store.release_invoice_lines(invoice.id)
        store.session.flush()
    return _views(call, store, [invoice])[0]


def record_payment(call: Call, invoice_id: UUID, amount_minor: int, reference: str, received_on: date) -> InvoiceView:
    """What an employer sent, used on the services in their order; once for its reference. Raises ExceedsBalance,
    FailedPrecondition, NotFound."""
    store = Store(call.session)
    invoice = store.lock(Invoice, invoice_id, "invoice")
    if any(one.reference == reference for one in store.invoice_payments([invoice.id])):
        return _views(call, store, [invoice])[0]
    if invoice.voided_at is not None or invoice.payer_id is None:
        raise FailedPrecondition("Only an employer's invoice that holds is paid this way.")
    lines = {line.id: line for line in store.charge_line_rows(UUID(one["charge_line_id"]) for one in invoice.lines)}
    store.lock_accounts(store.guarantors_of({line.patient_id for line in lines.values()}).values())
    left = amount_minor
    entries: list[Entry] = []
    for asked in store.invoice_lines(invoice.id):
        owed = min(asked.amount_minor, store.owed_by(asked.charge_line_id, invoice.payer_id))
        if (part := min(left, owed)) > 0:
            of = line_dimensions(lines[asked.charge_line_id], payer_id=invoice.payer_id)
            entries += payer_payment_entries(part, of)
            left -= part
    if left:
        raise ExceedsBalance(internal=f"{left} of {amount_minor} is left over")
    payment_id = call.new_id()
    journal = journals.post(
        call,
        store,
        kind="invoice_payment",
        source=("invoice_payment", str(payment_id)),
        memo=f"Invoice {invoice.number}, {reference}",
        entries=entries,
    )
    store.add(
        InvoicePayment(
            id=payment_id,
            invoice_id=invoice.id,
            reference=reference,
            amount_minor=amount_minor,
            received_on=received_on,
            journal_id=journal.id,
            recorded_at=call.now,
            recorded_by=call.principal.id,
            reverse_reason="",
        )
    )
    accounts.settle_families(call, store, {line.patient_id for line in lines.values()})
    return _views(call, store, [invoice])[0]


def reverse_payment(call: Call, invoice_id: UUID, reference: str, reason: str) -> InvoiceView:
    """An employer's payment was returned: it is owed again. Raises FailedPrecondition, NotFound."""
    store = Store(call.session)
    invoice = store.lock(Invoice, invoice_id, "invoice")
    payment = next((one for one in store.invoice_payments([invoice.id]) if one.reference == reference), None)
    if payment is None:
        raise NotFound("payment")
    if payment.reversed_at is not None:
        raise FailedPrecondition("It has been taken back already.")
    journals.post(
        call,
        store,
        kind="reversal",
        source=("reversal", str(payment.journal_id)),
        memo=f"Invoice {invoice.number}, {reference} returned: {reason}",
        entries=reversal_of(
            journals.entry_of(row) for row in store.entries_of([payment.journal_id])[payment.journal_id]
        ),
        reverses_id=payment.journal_id,
    )
    payment.reversed_at, payment.reverse_reason = call.now, reason
    store.session.flush()
    return _views(call, store, [invoice])[0]
