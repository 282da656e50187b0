"""One example for each RPC about what patients owe beyond care: fees, statements on paper, collections, invoices."""

from __future__ import annotations

from datetime import timedelta

from polyclinic.billing.v1 import collections_pb2 as collections
from polyclinic.billing.v1 import invoices_pb2 as invoices
from polyclinic.billing.v1 import payers_pb2, statements_pb2
from polyclinic.billing.v1 import statement_runs_pb2 as runs
from polyclinic.billing.v1 import visit_fees_pb2 as fees

from chassis.ids import uuid7
from chassis.testing import Case
from tests.billing.cases_money import MoneyWorld
from tests.billing.clinic import Clinic, payer_request, usd
from tests.contracts.growth import Bound

VISIT = 17_500


def visit_fee(w: MoneyWorld) -> fees.VisitFee:
    """A fee for a visit that was missed."""
    w.clinic.staff.call("PutPayer", payer_request("MISSED", payers_pb2.PAYER_KIND_COMMERCIAL, no_show_fee=usd(2_500)))
    patient_id = w.clinic.patient()
    w.clinic.covered(patient_id, "MISSED")
    w.clinic.appointment(patient_id, "BOOKED", "NO_SHOW")
    [fee] = w.clinic.staff.call("ListVisitFees", fees.ListVisitFeesRequest(patient_id=patient_id)).visit_fees
    return fee


def put_policy(clinic: Clinic, **rest: object) -> collections.CollectionPolicy:
    """A policy by which one statement is enough, and an agency is told at once; `rest` says what is otherwise."""
    now = clinic.staff.call("GetCollectionPolicy", collections.GetCollectionPolicyRequest())
    values: dict[str, object] = {
        "cycle_days": 30,
        "last_cycle": 1,
        "minimum": usd(200),
        "small_balance": usd(0),
        "hand_off_days": 1,
        "hand_off_minimum": usd(1_000),
        "agency": "Northern Recovery",
        "agency_client": "HC-7",
        "version": now.version,
        **rest,
    }
    return clinic.staff.call("PutCollectionPolicy", collections.PutCollectionPolicyRequest(**values))


def unanswered(clinic: Clinic) -> str:
    """A guarantor who owes 175.00 and has had the only statement of the policy."""
    clinic.registry_knows()
    put_policy(clinic)
    patient_id = str(clinic.signed_visit(clinic.patient()).patient_id)
    clinic.staff.call("IssueStatements", statements_pb2.IssueStatementsRequest(patient_ids=[patient_id]))
    clinic.harness.clock.set(clinic.harness.clock.now() + timedelta(days=2))
    return patient_id


def hand_off_request(patient_id: str) -> collections.HandOffRequest:
    """Hands one balance of 175.00 to the agency."""
    return collections.HandOffRequest(patient_ids=[patient_id], total=usd(VISIT), reason="never answered")


def case_of(clinic: Clinic, patient_id: str = "") -> collections.CollectionCase:
    """A balance with the agency."""
    patient_id = patient_id or unanswered(clinic)
    clinic.staff.call("HandOff", hand_off_request(patient_id))
    request = collections.ListCollectionCasesRequest(patient_id=patient_id, state="handed_off")
    [case] = clinic.staff.call("ListCollectionCases", request).cases
    return case


def small_balance(clinic: Clinic) -> str:
    """A guarantor who owes 5.00, since today. A drawer is open."""
    put_policy(clinic, small_balance=usd(1_000))
    patient_id = str(clinic.signed_visit(clinic.patient()).patient_id)
    clinic.take(patient_id, VISIT - 500)
    return patient_id


def _small_balances(w: MoneyWorld) -> collections.WriteOffSmallBalancesRequest:
    w.drawer_id()
    return collections.WriteOffSmallBalancesRequest(
        patient_ids=[small_balance(w.clinic)], total=usd(500), reason="not worth a stamp"
    )


def employers_visit(clinic: Clinic, code: str) -> str:
    """A patient whose visit of 175.00 an employer pays for, by invoice."""
    clinic.staff.call("PutPayer", payer_request(code, payers_pb2.PAYER_KIND_EMPLOYER))
    patient_id = clinic.patient()
    clinic.covered(patient_id, code)
    clinic.signed_visit(patient_id)
    return patient_id


def invoice(clinic: Clinic, code: str = "") -> invoices.Invoice:
    """An invoice over 175.00 to an employer; to one of its own unless a code is given."""
    code = code or f"W{uuid7().hex[-12:].upper()}"
    employers_visit(clinic, code)
    request = invoices.IssueInvoiceRequest(payer_code=code, amount=usd(VISIT), due_days=30)
    return clinic.staff.call("IssueInvoice", request)


def paid_invoice(w: MoneyWorld) -> invoices.Invoice:
    """An invoice of which 50.00 is paid."""
    made = invoice(w.clinic)
    request = invoices.RecordInvoicePaymentRequest(
        invoice_id=made.invoice_id, amount=usd(5_000), reference="CHK1", received_on=w.today()
    )
    return w.clinic.staff.call("RecordInvoicePayment", request)


def mailing(w: MoneyWorld) -> runs.StatementMailing:
    """A statement that went to paper."""
    w.statement_id()
    return w.clinic.staff.call("MakeStatementMailing", runs.MakeStatementMailingRequest())


def _mailing_request(w: MoneyWorld) -> runs.MakeStatementMailingRequest:
    w.statement_id()
    return runs.MakeStatementMailingRequest()


CASES: dict[str, Case] = {
    "GetVisitFee": Case(lambda w: fees.GetVisitFeeRequest(visit_fee_id=visit_fee(w).visit_fee_id), names_resource=True),
    "ListVisitFees": Case(lambda w: fees.ListVisitFeesRequest(patient_id=visit_fee(w).patient_id)),
    "WaiveVisitFee": Case(
        lambda w: fees.WaiveVisitFeeRequest(visit_fee_id=visit_fee(w).visit_fee_id, reason="was in hospital"),
        names_resource=True,
    ),
    "GetCollectionPolicy": Case(lambda w: collections.GetCollectionPolicyRequest()),
    "PutCollectionPolicy": Case(
        lambda w: collections.PutCollectionPolicyRequest(cycle_days=30, last_cycle=3, minimum=usd(500))
    ),
    "PreviewSmallBalances": Case(lambda w: collections.PreviewSmallBalancesRequest()),
    "WriteOffSmallBalances": Case(_small_balances, names_resource=True),
    "PreviewHandOff": Case(lambda w: collections.PreviewHandOffRequest()),
    "HandOff": Case(lambda w: hand_off_request(unanswered(w.clinic)), names_resource=True),
    "ListCollectionFiles": Case(lambda w: collections.ListCollectionFilesRequest()),
    "GetCollectionFile": Case(
        lambda w: collections.GetCollectionFileRequest(collection_file_id=case_of(w.clinic).collection_file_id),
        names_resource=True,
    ),
    "GetCollectionCase": Case(
        lambda w: collections.GetCollectionCaseRequest(collection_case_id=case_of(w.clinic).collection_case_id),
        names_resource=True,
    ),
    "ListCollectionCases": Case(lambda w: collections.ListCollectionCasesRequest()),
    "RecallCollectionCase": Case(
        lambda w: collections.RecallCollectionCaseRequest(
            collection_case_id=case_of(w.clinic).collection_case_id, reason="a plan was agreed"
        ),
        names_resource=True,
    ),
    "RecordAgencyPayment": Case(
        lambda w: collections.RecordAgencyPaymentRequest(
            collection_case_id=case_of(w.clinic).collection_case_id,
            collected=usd(1_000),
            fee=usd(250),
            reference="NR-1",
            received_on=w.today(),
        ),
        names_resource=True,
    ),
    "PreviewStatementRun": Case(lambda w: runs.PreviewStatementRunRequest()),
    "HoldStatements": Case(
        lambda w: runs.HoldStatementsRequest(patient_id=w.clinic.patient(), reason="has complained"),
        names_resource=True,
    ),
    "ReleaseStatements": Case(
        lambda w: runs.ReleaseStatementsRequest(patient_id=w.clinic.patient()), names_resource=True
    ),
    "ListStatementHolds": Case(lambda w: runs.ListStatementHoldsRequest()),
    "MakeStatementMailing": Case(_mailing_request),
    "ListStatementMailings": Case(lambda w: runs.ListStatementMailingsRequest()),
    "GetStatementMailingFile": Case(
        lambda w: runs.GetStatementMailingFileRequest(statement_mailing_id=mailing(w).statement_mailing_id),
        names_resource=True,
    ),
    "PreviewInvoice": Case(
        lambda w: invoices.PreviewInvoiceRequest(patient_id=w.signed_visit().patient_id), names_resource=True
    ),
    "IssueInvoice": Case(
        lambda w: invoices.IssueInvoiceRequest(patient_id=w.signed_visit().patient_id, amount=usd(VISIT), due_days=14),
        names_resource=True,
    ),
    "GetInvoice": Case(
        lambda w: invoices.GetInvoiceRequest(invoice_id=invoice(w.clinic).invoice_id), names_resource=True
    ),
    "GetInvoicePdf": Case(
        lambda w: invoices.GetInvoicePdfRequest(invoice_id=invoice(w.clinic).invoice_id), names_resource=True
    ),
    "ListInvoices": Case(lambda w: invoices.ListInvoicesRequest()),
    "ListInvoiceAges": Case(lambda w: invoices.ListInvoiceAgesRequest()),
    "VoidInvoice": Case(
        lambda w: invoices.VoidInvoiceRequest(invoice_id=invoice(w.clinic).invoice_id, reason="wrong employer"),
        names_resource=True,
    ),
    "RecordInvoicePayment": Case(
        lambda w: invoices.RecordInvoicePaymentRequest(
            invoice_id=invoice(w.clinic).invoice_id, amount=usd(5_000), reference="CHK1", received_on=w.today()
        ),
        names_resource=True,
    ),
    "ReverseInvoicePayment": Case(
        lambda w: invoices.ReverseInvoicePaymentRequest(
            invoice_id=paid_invoice(w).invoice_id, reference="CHK1", reason="the check was returned"
        ),
        names_resource=True,
    ),
}

_A_FAMILY = "looks at all that a page's families owe, found by index; nobody waits at a desk"
BOUNDS: dict[str, Bound] = {
    "PreviewSmallBalances": Bound(_A_FAMILY, rows=2_000, visits_all=True),
    "PreviewHandOff": Bound(_A_FAMILY, rows=2_000, visits_all=True),
    "PreviewInvoice": Bound(
        "an invoice asks for all that is owed, up to a thousand services", rows=2_000, visits_all=True
    ),
    "ListInvoiceAges": Bound(
        "sums what is owed on invoices in the database; comes back as a few rows", visits_all=True
    ),
}
