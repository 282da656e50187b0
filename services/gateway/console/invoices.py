"""Invoices to employers and to patients who pay themselves: previewed, issued, paid, voided, and how old they are."""

from __future__ import annotations

from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words_billing
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import Page

PATH = "/console/billing/invoices"
AGES, NEW = f"{PATH}/ages", f"{PATH}/new"
COLUMNS = (
    Column("number", N_("Number"), "number", searched=True),
    Column("debtor", N_("Debtor"), "debtor_name", searched=True),
    Column("issued", N_("Issued"), "issued_on"),
    Column("due", N_("Due"), "due_on"),
    Column("amount", N_("Amount"), "amount", number=True),
    Column("still_due", N_("Still due"), "still_due", number=True),
    Column("state", N_("State"), "state"),
    Column("reference", N_("Reference"), "reference", searched=True, shown=False),
)
AGE_COLUMNS = (
    Column("debtor", N_("Debtor"), "debtor_name", searched=True),
    Column("invoices", N_("Invoices"), "invoices", number=True),
    Column("not_due", N_("Not due"), "not_due", number=True),
    Column("1_30", "1–30", "days_1_30", number=True),
    Column("31_60", "31–60", "days_31_60", number=True),
    Column("61_90", "61–90", "days_61_90", number=True),
    Column("over_90", "> 90", "over_90", number=True),
    Column("total", N_("Total"), "total", number=True),
)


def kind_filter(page: Page) -> Filter:
    """Payers that pay by invoice, or patients."""
    choices = [("payers", page.gettext("Employers and payers")), ("patients", page.gettext("Patients"))]
    return Filter(
        "of", N_("Debtor"), choices, N_("All"), lambda each, value: bool(each.patient_id) == (value == "patients")
    )


def listing(page: Page) -> Response:
    """Invoices, the newest first."""
    states = [(value, page.gettext(told[2])) for value, told in words_billing.INVOICE.items()]
    by_state = Filter("state", N_("State"), states, N_("All"), lambda each, value: each.state == value)
    fields = {"patient_id": page.arg("patient")} if page.arg("patient") else {}
    shown = paged(
        page,
        "invoices",
        "Invoices.ListInvoices",
        "invoices",
        COLUMNS,
        [by_state, kind_filter(page)],
        hidden={"patient": page.arg("patient")} if page.arg("patient") else None,
        **fields,
    )
    if page.arg("format") == "csv":
        return shown.csv()
    return page.show("collecting/invoices.html", tab="collecting", part="invoices", listing=shown, words=words_billing)


def ages(page: Page) -> Response:
    """What each debtor still owes, by days after the due day."""
    shown = paged(page, "invoice-ages", "Invoices.ListInvoiceAges", "debtors", AGE_COLUMNS, [kind_filter(page)])
    if page.arg("format") == "csv":
        return shown.csv()
    return page.show("collecting/invoice_ages.html", tab="collecting", part="invoices", listing=shown)


def new(page: Page, problem: problems.Problem | None = None, preview: Any = None) -> Response:
    """Whom an invoice goes to and for which days; what it would ask for, before it is issued."""
    patient_id = page.sent("patient_id") or page.arg("patient")
    asks = {"payers": page.ask("Billing.ListPayers", page_size=500)}
    if patient_id:
        asks["patient"] = page.ask("PatientRegistry.GetPatient", patient_id=patient_id)
    parts = page.together(**asks)
    payers = parts["payers"].value.payers if parts["payers"].value is not None else ()
    return page.show(
        "collecting/invoice_new.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="collecting",
        part="invoices",
        payers=[(each.code, each.name) for each in payers],
        patient=parts["patient"].value if "patient" in parts else None,
        preview=preview,
    )


def issue(page: Page) -> Response:
    """Shows what the invoice would ask for, or issues it for what was seen."""
    try:
        if page.sent("then") != "issue":
            return new(page, preview=page.submit("Invoices.PreviewInvoice", keyed=False))
        made = page.submit("Invoices.IssueInvoice")
    except Refused as refused:
        return new(page, refused.problem)
    return page.go(f"{PATH}/{made.invoice_id}", page.gettext("Invoice %(number)s is issued.", number=made.number))


def invoice(page: Page, problem: problems.Problem | None = None) -> Response:
    """One invoice with its services and what was paid."""
    found = page.call("Invoices.GetInvoice", invoice_id=page.values["invoice_id"])
    standing = [each for each in found.payments if not each.HasField("reversed_at")]
    return page.show(
        "collecting/invoice.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="collecting",
        part="invoices",
        invoice=found,
        words=words_billing,
        payable=found.payer_code and found.state in ("open", "overdue") and page.may("Invoices.RecordInvoicePayment"),
        reversible=page.may("Invoices.ReverseInvoicePayment") and found.state != "void",
        voidable=page.may("Invoices.VoidInvoice") and found.state != "void" and not standing,
    )


def pdf(page: Page) -> Response:
    """The PDF as it was issued."""
    return page.file(page.call("Invoices.GetInvoicePdf", invoice_id=page.values["invoice_id"]), "invoice.pdf")


ACTIONS = {
    "payment": ("Invoices.RecordInvoicePayment", N_("The payment is posted.")),
    "reverse": ("Invoices.ReverseInvoicePayment", N_("The payment is taken back.")),
    "void": ("Invoices.VoidInvoice", N_("The invoice is void; its services can be invoiced again.")),
}


def act(page: Page) -> Response:
    """Posts or takes back an employer's payment, or voids the invoice."""
    invoice_id = page.values["invoice_id"]
    if page.values["action"] not in ACTIONS:
        return page.go(f"{PATH}/{invoice_id}")
    rpc, told = ACTIONS[page.values["action"]]
    try:
        page.submit(rpc, invoice_id=invoice_id)
    except Refused as refused:
        return invoice(page, refused.problem)
    return page.go(f"{PATH}/{invoice_id}", page.gettext(told))
