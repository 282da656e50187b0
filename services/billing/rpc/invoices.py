"""Servicer of `Invoices`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from google.api import httpbody_pb2
from polyclinic.billing.v1 import invoices_pb2 as pb

from billing.store_invoices import DebtorAges
from billing.tables_invoices import InvoicePayment
from billing.usecases import invoices
from billing.usecases.invoices import Debtor, InvoiceView
from billing.usecases.statements import AddressBook
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier, timestamp, to_date


class InvoicesRpc:
    """Invoices. `address_book` knows how guarantors are written to."""

    def __init__(self, address_book: AddressBook) -> None:
        self._address_book = address_book

    def PreviewInvoice(self, request: pb.PreviewInvoiceRequest, call: Call) -> pb.InvoicePreview:
        lines = [_line(line) for line in invoices.preview(call, _debtor(request))]
        return pb.InvoicePreview(lines=lines, amount=money(sum(line.amount.minor_units for line in lines)))

    def IssueInvoice(self, request: pb.IssueInvoiceRequest, call: Call) -> pb.Invoice:
        amount = request.amount.minor_units
        issued = invoices.issue(call, _debtor(request), amount, request.due_days, request.reference, self._address_book)
        return _invoice(issued, with_lines=True)

    def GetInvoice(self, request: pb.GetInvoiceRequest, call: Call) -> pb.Invoice:
        return _invoice(invoices.get_invoice(call, identifier(request.invoice_id)), with_lines=True)

    def GetInvoicePdf(self, request: pb.GetInvoicePdfRequest, call: Call) -> httpbody_pb2.HttpBody:
        file = invoices.get_pdf(call, identifier(request.invoice_id))
        return httpbody_pb2.HttpBody(content_type=file.content_type, data=file.read())

    def ListInvoices(self, request: pb.ListInvoicesRequest, call: Call) -> pb.ListInvoicesResponse:
        patient_id = optional_identifier(request.patient_id)
        rows, token = invoices.list_invoices(
            call, request.payer_code, patient_id, request.page_size, request.page_token
        )
        return pb.ListInvoicesResponse(
            invoices=[_invoice(row, with_lines=False) for row in rows], next_page_token=token
        )

    def ListInvoiceAges(self, request: pb.ListInvoiceAgesRequest, call: Call) -> pb.ListInvoiceAgesResponse:
        rows, token = invoices.list_ages(call, request.page_size, request.page_token)
        return pb.ListInvoiceAgesResponse(debtors=[_ages(*row) for row in rows], next_page_token=token)

    def VoidInvoice(self, request: pb.VoidInvoiceRequest, call: Call) -> pb.Invoice:
        return _invoice(invoices.void(call, identifier(request.invoice_id), request.reason), with_lines=True)

    def RecordInvoicePayment(self, request: pb.RecordInvoicePaymentRequest, call: Call) -> pb.Invoice:
        paid = invoices.record_payment(
            call,
            identifier(request.invoice_id),
            request.amount.minor_units,
            request.reference,
            to_date(request.received_on, "received_on"),
        )
        return _invoice(paid, with_lines=True)

    def ReverseInvoicePayment(self, request: pb.ReverseInvoicePaymentRequest, call: Call) -> pb.Invoice:
        invoice_id = identifier(request.invoice_id)
        return _invoice(invoices.reverse_payment(call, invoice_id, request.reference, request.reason), with_lines=True)


def _debtor(request: pb.PreviewInvoiceRequest | pb.IssueInvoiceRequest) -> Debtor:
    return Debtor(
        payer_code=request.payer_code,
        patient_id=optional_identifier(request.patient_id),
        first=optional_date(request.service_dates.start, "service_dates.start"),
        last=optional_date(request.service_dates.end, "service_dates.end"),
    )


def _line(line: Mapping[str, Any]) -> pb.InvoiceLine:
    return pb.InvoiceLine(
        charge_line_id=line["charge_line_id"],
        patient_id=line["patient_id"],
        patient_name=line["patient_name"],
        service_date=date_message(date.fromisoformat(str(line["service_date"]))),
        description=line["description"],
        amount=money(line["amount_minor"]),
    )


def _invoice(view: InvoiceView, *, with_lines: bool) -> pb.Invoice:
    row = view.invoice
    return pb.Invoice(
        invoice_id=str(row.id),
        number=row.number,
        payer_code=view.payer_code,
        patient_id=str(row.patient_id or ""),
        debtor_name=view.debtor_name,
        issued_on=date_message(row.issued_on),
        due_on=date_message(row.due_on),
        amount=money(row.amount_minor),
        still_due=money(view.still_due_minor),
        state=view.state,
        reference=row.reference,
        lines=[_line(line) for line in row.lines] if with_lines else [],
        payments=[_payment(one) for one in view.payments] if with_lines else [],
        void_reason=row.void_reason,
    )


def _payment(row: InvoicePayment) -> pb.InvoicePayment:
    return pb.InvoicePayment(
        invoice_payment_id=str(row.id),
        reference=row.reference,
        amount=money(row.amount_minor),
        received_on=date_message(row.received_on),
        reversed_at=timestamp(row.reversed_at),
        reverse_reason=row.reverse_reason,
    )


def _ages(row: DebtorAges, payer_code: str, name: str) -> pb.InvoiceAges:
    not_due, first, second, third, older = row.amounts
    return pb.InvoiceAges(
        payer_code=payer_code,
        patient_id=str(row.patient_id or ""),
        debtor_name=name,
        not_due=money(not_due),
        days_1_30=money(first),
        days_31_60=money(second),
        days_61_90=money(third),
        over_90=money(older),
        total=money(sum(row.amounts)),
        invoices=row.invoices,
    )
