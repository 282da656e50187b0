"""Statements: issued by themselves on business days, one per guarantor, readable, payable online."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import UUID

import pypdf
from polyclinic.billing.v1 import encounters_pb2, events_pb2, ledger_pb2, payments_pb2
from polyclinic.billing.v1 import statements_pb2 as pb

from billing.store import Store
from billing.usecases import receivables
from chassis.protos import to_date
from chassis.testing import expect_error
from tests.billing.clinic import LAB_FEE, VISIT_FEE, Clinic, day, usd
from tests.billing.conftest import Processor
from tests.billing.money.test_payments import TOTAL, payment

GOOD = "4242424242424242"


def pay_from_home(clinic: Clinic, processor: Processor, statement: pb.Statement, amount: int) -> payments_pb2.Payment:
    """The guarantor pays online with a good card."""
    processor.step(clinic.harness.clock.now().isoformat())
    request = pb.PayStatementRequest(
        statement_id=statement.statement_id, amount=usd(amount), card_token=processor.token_of(GOOD)
    )
    return clinic.harness.client(clinic.tenant, patient_ids=[statement.patient_id]).call("PayStatement", request)


def statements(clinic: Clinic, patient: str = "") -> list[pb.Statement]:
    """Statements, the newest first."""
    return list(clinic.staff.call("ListStatements", pb.ListStatementsRequest(patient_id=patient)).statements)


def whole(clinic: Clinic, statement: pb.Statement) -> pb.Statement:
    """A statement with its lines."""
    return clinic.staff.call("GetStatement", pb.GetStatementRequest(statement_id=statement.statement_id))


def issue(clinic: Clinic, *patients: str) -> pb.IssueStatementsResponse:
    """Issues by hand."""
    return clinic.staff.call("IssueStatements", pb.IssueStatementsRequest(patient_ids=patients))


def wait(clinic: Clinic, **delta: float) -> None:
    """Lets business time pass and does what is due."""
    clinic.harness.run_due(clinic.harness.clock.now() + timedelta(**delta))


def pdf_text(clinic: Clinic, statement: pb.Statement) -> str:
    """What a person reads."""
    body = clinic.staff.call("GetStatementPdf", pb.GetStatementPdfRequest(statement_id=statement.statement_id))
    assert body.content_type == "application/pdf"
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body.data)).pages)


def test_a_statement_goes_out_by_itself_on_the_next_business_day(clinic: Clinic) -> None:
    """A balance that falls to a patient brings one statement, told to others, and the next one a cycle later."""
    clinic.registry_knows()
    patient = clinic.patient()
    visit = clinic.signed_visit(patient)
    assert statements(clinic) == []
    wait(clinic, days=4)
    [first] = statements(clinic)
    assert (first.patient_id, first.amount_due.minor_units, first.cycle) == (patient, TOTAL, 1)
    assert to_date(first.statement_date) > to_date(visit.service_date)
    assert to_date(first.due_date) > to_date(first.statement_date) + timedelta(days=20)
    [told] = clinic.harness.events(clinic.tenant, events_pb2.StatementIssued)
    assert (told.patient_id, told.amount_due.minor_units) == (patient, TOTAL)
    wait(clinic, days=20)
    assert len(statements(clinic)) == 1
    wait(clinic, days=15)
    assert [statement.cycle for statement in statements(clinic)] == [2, 1]


def test_a_family_gets_one_statement(clinic: Clinic) -> None:
    """Mother's and child's services stand on the mother's statement, by name."""
    clinic.registry_knows()
    mother = clinic.patient(name="Mia")
    child = clinic.patient(name="Tim", guarantor=mother)
    for patient in (mother, child):
        clinic.signed_visit(patient)
    issued = issue(clinic, child, mother)
    assert (len(issued.statement_ids), len(issued.skipped)) == (1, 0)
    [statement] = statements(clinic)
    assert statement.patient_id == mother
    lines = whole(clinic, statement).lines
    assert [line.patient_name for line in lines] == ["Mia Ho", "Mia Ho", "Tim Ho", "Tim Ho"]
    assert sum(line.due.minor_units for line in lines) == statement.amount_due.minor_units == 2 * TOTAL
    assert sum(age.amount.minor_units for age in statement.aging) == 2 * TOTAL


def test_a_statement_can_be_read(clinic: Clinic) -> None:
    """The PDF says who sends it to whom, every service, the totals, the aging, and how to pay; no diagnosis is on it."""
    clinic.registry_knows()
    patient = clinic.patient()
    clinic.open_drawer()
    clinic.signed_visit(patient)
    clinic.take(patient, 2_345)
    issue(clinic, patient)
    [statement] = statements(clinic)
    text = pdf_text(clinic, statement)
    for part in (
        statement.number,
        "Hudson Clinics PC",
        "Ms. Ann Ho",
        "1 Main St",
        "Albany, NY 12207-0001",
        "Amount due",
        "$151.55",
        "Office visit (99213)",
        "99213",
        "$150.00",
        "-$23.45",
        "0–30 days",
        "How to pay",
        "PO Box 9",
        "Troy, NY 12180",
        "(518) 555-0100",
        "Page 1 of 1",
    ):
        assert part in text, f"{part!r} is not in the statement:\n{text}"
    assert "I10" not in text


def test_a_long_statement_goes_on(clinic: Clinic) -> None:
    """Forty services make several pages; the visit is told once, the total at the end is the amount due."""
    clinic.registry_knows()
    patient = clinic.patient()
    lines = [encounters_pb2.CodedLine(procedure="85025", units=1, diagnosis_pointers=[1])] * 40
    clinic.sign(clinic.code(clinic.open_visit(patient), lines=lines))
    issue(clinic, patient)
    [statement] = statements(clinic)
    text = pdf_text(clinic, statement)
    assert "Page 2 of 2" in text
    assert text.count("Laboratory test (85025)") == 40
    # At the top, as the total, and on the slip.
    assert text.count(f"${40 * LAB_FEE / 100:,.2f}") >= 3


def test_the_same_pdf_for_ever(clinic: Clinic) -> None:
    """A statement is kept as it was issued: later payments do not change it, only what is still due."""
    clinic.registry_knows()
    patient = clinic.patient()
    clinic.signed_visit(patient)
    issue(clinic, patient)
    [statement] = statements(clinic)
    before = pdf_text(clinic, statement)
    clinic.open_drawer()
    clinic.take(patient, 5_000)
    after = whole(clinic, statement)
    assert (after.amount_due.minor_units, after.still_due.minor_units) == (TOTAL, TOTAL - 5_000)
    assert pdf_text(clinic, statement) == before


def test_who_gets_none(clinic: Clinic) -> None:
    """Nothing due, a credit, or one today already: skipped with the reason."""
    clinic.registry_knows()
    clinic.open_drawer()
    zero, credit, owing = clinic.patient(), clinic.patient(), clinic.patient()
    clinic.take(credit, 500)
    clinic.signed_visit(owing)
    first = issue(clinic, zero, credit, owing)
    assert {skip.patient_id: skip.reason for skip in first.skipped} == {zero: "zero", credit: "credit"}
    assert [skip.reason for skip in issue(clinic, owing).skipped] == ["too_soon"]


def test_a_protected_patient_gets_none(clinic: Clinic) -> None:
    """Cost sharing of a QMB patient is asked by nobody, by hand or by itself."""
    clinic.registry_knows()
    patient = clinic.patient()
    visit = clinic.signed_visit(patient)
    with clinic.harness.call(clinic.tenant) as call:
        store = Store(call.session)
        receivables.protect(call, store, UUID(patient), to_date(visit.service_date), "QMB", "271")
    assert [skip.reason for skip in issue(clinic, patient).skipped] == ["protected"]
    wait(clinic, days=10)
    assert statements(clinic) == []


def test_a_settled_balance_gets_none(clinic: Clinic) -> None:
    """Who pays before the statement's day hears nothing; a later balance begins a new cycle."""
    clinic.registry_knows()
    patient = clinic.patient()
    clinic.signed_visit(patient)
    clinic.open_drawer()
    clinic.take(patient, TOTAL)
    wait(clinic, days=40)
    assert statements(clinic) == []
    clinic.signed_visit(patient)
    wait(clinic, days=5)
    assert [statement.cycle for statement in statements(clinic)] == [1]


def test_a_silent_registry_delays_and_loses_nothing(clinic: Clinic) -> None:
    """Without the registry no statement goes out; by hand it is an error, and the due work is tried again."""
    clinic.harness.stub_peer("patient_registry", "GetBillingProfiles", lambda _: None).answers.clear()
    patient = clinic.patient()
    clinic.signed_visit(patient)
    with expect_error("UNAVAILABLE"):
        issue(clinic, patient)
    clinic.registry_knows()
    assert len(issue(clinic, patient).statement_ids) == 1


def test_unanswered_statements_end_in_a_persons_hands(clinic: Clinic) -> None:
    """After the fourth statement nothing more goes out by itself."""
    clinic.registry_knows()
    clinic.signed_visit(clinic.patient())
    for _ in range(8):
        wait(clinic, days=33)
    assert [statement.cycle for statement in statements(clinic)] == [4, 3, 2, 1]


def test_paying_online(clinic: Clinic, processor: Processor) -> None:
    """A patient pays their own statement by card: pending first, then received and used; never more than is due."""
    clinic.registry_knows()
    patient = clinic.patient()
    clinic.signed_visit(patient)
    issue(clinic, patient)
    [statement] = statements(clinic, patient)
    with expect_error("EXCEEDS_BALANCE"):
        pay_from_home(clinic, processor, statement, TOTAL + 1)
    pending = pay_from_home(clinic, processor, statement, VISIT_FEE)
    assert pending.state == payments_pb2.PAYMENT_STATE_PENDING
    with expect_error("EXCEEDS_BALANCE"):
        pay_from_home(clinic, processor, statement, LAB_FEE + 1)
    clinic.harness.run_due()
    paid = payment(clinic, pending.payment_id)
    assert (paid.state, paid.unapplied.minor_units) == (payments_pb2.PAYMENT_STATE_RECEIVED, 0)
    assert "-0-" in paid.receipt_number
    assert whole(clinic, statement).still_due.minor_units == LAB_FEE


def test_a_patient_sees_only_their_own_statements(clinic: Clinic, processor: Processor) -> None:
    """Nobody lists, reads or pays another family's statement."""
    clinic.registry_knows()
    me, other = clinic.patient(), clinic.patient()
    for patient in (me, other):
        clinic.signed_visit(patient)
    issue(clinic, me, other)
    mine = clinic.harness.client(clinic.tenant, patient_ids=[me])
    assert [s.patient_id for s in mine.call("ListStatements", pb.ListStatementsRequest()).statements] == [me]
    [theirs] = statements(clinic, other)
    for method, request in (
        ("GetStatement", pb.GetStatementRequest(statement_id=theirs.statement_id)),
        ("GetStatementPdf", pb.GetStatementPdfRequest(statement_id=theirs.statement_id)),
        ("PayStatement", pb.PayStatementRequest(statement_id=theirs.statement_id, amount=usd(1), card_token="pm_x")),
    ):
        with expect_error("NOT_FOUND"):
            mine.call(method, request)
    assert mine.call("GetStatement", pb.GetStatementRequest(statement_id=statements(clinic, me)[0].statement_id)).lines


def test_statement_days_are_the_clinics_own(clinic: Clinic) -> None:
    """Late in the evening in UTC it is still today in New York."""
    clinic.registry_knows()
    patient = clinic.patient()
    clinic.signed_visit(patient)
    late = (clinic.harness.clock.now() + timedelta(days=2)).replace(hour=2)
    clinic.harness.clock.set(late)
    issue(clinic, patient)
    today = day(late.date() - timedelta(days=1))
    assert statements(clinic)[0].statement_date == today
    figures = ledger_pb2.GetDayFiguresRequest(posted_on={"start": today, "end": today})
    assert clinic.staff.call("GetDayFigures", figures).statements_issued == 1


def test_a_guarantor_pays_for_people_they_may_not_read(clinic: Clinic, processor: Processor) -> None:
    """What is still due of one's own statement counts all of it, although a grown child's lines are not one's to read."""
    clinic.registry_knows()
    mother = clinic.patient(name="Mia")
    grown = clinic.patient(name="Tim", guarantor=mother)
    clinic.signed_visit(grown)
    issue(clinic, mother)
    [statement] = statements(clinic, mother)
    token = clinic.harness.client(clinic.tenant, patient_ids=[mother])
    seen = token.call("GetStatement", pb.GetStatementRequest(statement_id=statement.statement_id))
    assert seen.still_due.minor_units == TOTAL
    with expect_error("NOT_FOUND"):
        token.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=grown))
    pending = pay_from_home(clinic, processor, statement, TOTAL)
    clinic.harness.run_due()
    assert payment(clinic, pending.payment_id).unapplied.minor_units == 0
    seen = token.call("GetStatement", pb.GetStatementRequest(statement_id=statement.statement_id))
    assert seen.still_due.minor_units == 0
