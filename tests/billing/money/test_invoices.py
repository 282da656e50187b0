"""Invoices to employers and to patients who pay themselves."""

import io
from datetime import timedelta

import pypdf
from polyclinic.billing.v1 import invoices_pb2 as pb
from polyclinic.billing.v1 import payers_pb2, statements_pb2

from chassis.testing import expect_error
from tests.billing.cases_collections import VISIT, employers_visit, invoice
from tests.billing.clinic import Clinic, day, payer_request, usd
from tests.billing.money.test_collections import balances, protect


def pay(clinic: Clinic, made: pb.Invoice, amount: int, reference: str) -> pb.Invoice:
    """An employer's check."""
    request = pb.RecordInvoicePaymentRequest(
        invoice_id=made.invoice_id,
        amount=usd(amount),
        reference=reference,
        received_on=day(clinic.harness.clock.now().date()),
    )
    return clinic.staff.call("RecordInvoicePayment", request)


def test_an_employer_is_billed_by_invoice_not_by_claim(clinic: Clinic):
    """The visit makes no claim; its services stand on one invoice, with a PDF that names no diagnosis."""
    made = invoice(clinic, "WORKS")
    assert (made.amount.minor_units, made.still_due.minor_units, made.state) == (VISIT, VISIT, "open")
    assert balances(clinic)["payer_receivable"] == VISIT
    pdf = clinic.staff.call("GetInvoicePdf", pb.GetInvoicePdfRequest(invoice_id=made.invoice_id)).data
    said = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert made.number in said
    assert "$175.00" in said
    assert "I10" not in said
    with expect_error("NOTHING_OWED"):
        clinic.staff.call("PreviewInvoice", pb.PreviewInvoiceRequest(payer_code="WORKS"))


def test_payments_close_an_invoice_once_for_their_reference(clinic: Clinic):
    """Part, the same part again, too much, the rest; a returned check is owed again."""
    made = invoice(clinic, "WORKS")
    assert pay(clinic, made, 5_000, "C1").still_due.minor_units == VISIT - 5_000
    assert pay(clinic, made, 5_000, "C1").still_due.minor_units == VISIT - 5_000
    with expect_error("EXCEEDS_BALANCE"):
        pay(clinic, made, VISIT, "C2")
    assert pay(clinic, made, VISIT - 5_000, "C3").state == "paid"
    found = balances(clinic)
    assert (found["payer_receivable"], found["insurance_deposits"]) == (0, VISIT)
    back = pb.ReverseInvoicePaymentRequest(invoice_id=made.invoice_id, reference="C3", reason="returned unpaid")
    assert clinic.staff.call("ReverseInvoicePayment", back).still_due.minor_units == VISIT - 5_000
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("ReverseInvoicePayment", back)
    assert balances(clinic)["insurance_deposits"] == 5_000


def test_numbers_never_repeat(clinic: Clinic):
    """A void invoice keeps its number; its services come on the next one."""
    first = invoice(clinic, "WORKS")
    void = pb.VoidInvoiceRequest(invoice_id=first.invoice_id, reason="wrong address")
    assert clinic.staff.call("VoidInvoice", void).state == "void"
    again = clinic.staff.call(
        "IssueInvoice", pb.IssueInvoiceRequest(payer_code="WORKS", amount=usd(VISIT), due_days=10)
    )
    year, number = first.number[1:].split("-")
    assert again.number == f"I{year}-{int(number) + 1:06d}"
    paid = pay(clinic, again, 100, "C1")
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("VoidInvoice", pb.VoidInvoiceRequest(invoice_id=paid.invoice_id, reason="too late"))


def test_another_amount_than_was_seen_is_refused(clinic: Clinic):
    """Between preview and issue a visit was signed: the biller looks again. No number is lost by it."""
    employers_visit(clinic, "WORKS")
    with expect_error("STALE_PREVIEW"):
        clinic.staff.call("IssueInvoice", pb.IssueInvoiceRequest(payer_code="WORKS", amount=usd(1), due_days=10))
    made = clinic.staff.call("IssueInvoice", pb.IssueInvoiceRequest(payer_code="WORKS", amount=usd(VISIT), due_days=10))
    assert made.number.endswith("-000001")


def test_only_who_pays_by_invoice_gets_one(clinic: Clinic):
    """A payer that is sent claims is refused; so is a patient of whom nothing may be asked."""
    with expect_error("INVALID_INPUT"):
        clinic.staff.call("PreviewInvoice", pb.PreviewInvoiceRequest(payer_code="COMM1"))
    patient_id = str(clinic.signed_visit(clinic.patient()).patient_id)
    protect(clinic, patient_id)
    with expect_error("NOTHING_OWED"):
        clinic.staff.call("PreviewInvoice", pb.PreviewInvoiceRequest(patient_id=patient_id))


def test_a_patients_invoice_is_paid_like_anything_and_keeps_statements_away_until_it_is_due(clinic: Clinic):
    """Until the due day no statement asks for it; then one does; a payment at the desk settles both."""
    clinic.registry_knows()
    patient_id = str(clinic.signed_visit(clinic.patient()).patient_id)
    made = clinic.staff.call(
        "IssueInvoice", pb.IssueInvoiceRequest(patient_id=patient_id, amount=usd(VISIT), due_days=14)
    )
    ask = statements_pb2.IssueStatementsRequest(patient_ids=[patient_id])
    assert [one.reason for one in clinic.staff.call("IssueStatements", ask).skipped] == ["invoiced"]
    clinic.harness.clock.set(clinic.harness.clock.now() + timedelta(days=20))
    [ages] = clinic.staff.call("ListInvoiceAges", pb.ListInvoiceAgesRequest()).debtors
    assert (ages.patient_id, ages.days_1_30.minor_units, ages.total.minor_units) == (patient_id, VISIT, VISIT)
    assert len(clinic.staff.call("IssueStatements", ask).statement_ids) == 1
    clinic.open_drawer(0)
    clinic.take(patient_id, VISIT)
    assert clinic.staff.call("GetInvoice", pb.GetInvoiceRequest(invoice_id=made.invoice_id)).state == "paid"


def test_an_employer_never_follows_a_claim(clinic: Clinic):
    """Who has health insurance first is claimed for; the employer behind it is not asked by itself."""
    clinic.staff.call("PutPayer", payer_request("WORKS", payers_pb2.PAYER_KIND_EMPLOYER))
    patient_id = clinic.patient()
    clinic.covered(patient_id, "COMM1", 1)
    clinic.covered(patient_id, "WORKS", 2)
    clinic.signed_visit(patient_id)
    with expect_error("NOTHING_OWED"):
        clinic.staff.call("PreviewInvoice", pb.PreviewInvoiceRequest(payer_code="WORKS"))
