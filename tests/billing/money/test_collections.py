"""Statements by policy, small balances, and balances with an agency."""

import csv
import io
import zipfile
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pypdf
import pytest
from polyclinic.billing.v1 import collections_pb2 as pb
from polyclinic.billing.v1 import ledger_pb2, payments_pb2, statements_pb2
from polyclinic.billing.v1 import statement_runs_pb2 as runs
from sqlalchemy import text

from billing.tables_money import StatementHold
from chassis.ids import uuid7
from chassis.testing import expect_error
from tests.billing.cases_collections import VISIT, case_of, hand_off_request, put_policy, small_balance, unanswered
from tests.billing.clinic import ZONE, Clinic, day, usd
from tests.billing.money.test_payment_plans import agree


def balances(clinic: Clinic) -> dict[str, int]:
    """The trial balance: debits less credits by account."""
    with clinic.harness.session(clinic.tenant) as session:
        query = text("select account, sum(amount_minor) from ledger_entry where tenant_id = :tenant group by account")
        found = {account: int(amount) for account, amount in session.execute(query, {"tenant": clinic.tenant})}
    assert sum(found.values()) == 0
    return found


def account(clinic: Clinic, patient_id: str) -> ledger_pb2.Account:
    """A patient's account."""
    return clinic.staff.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=patient_id))


def protect(clinic: Clinic, patient_id: str) -> None:
    """A payer has said that the patient may not be asked for anything (QMB)."""
    with clinic.harness.session(clinic.tenant) as session:
        session.add(
            StatementHold(
                tenant_id=clinic.tenant,
                id=uuid7(),
                patient_id=UUID(patient_id),
                from_date=clinic.harness.clock.now().date() - timedelta(days=400),
                kind="protected",
                reason="N781",
                source="test",
                released_by="",
            )
        )


def later(clinic: Clinic, days: int) -> None:
    """So many days pass."""
    clinic.harness.clock.set(clinic.harness.clock.now() + timedelta(days=days))


def issue(clinic: Clinic, patient_id: str) -> statements_pb2.IssueStatementsResponse:
    """The guarantor's statement now."""
    return clinic.staff.call("IssueStatements", statements_pb2.IssueStatementsRequest(patient_ids=[patient_id]))


# ---- small balances


def test_a_small_balance_is_written_off_by_rule_and_comes_back(clinic: Clinic):
    """What the preview shows is what is given up, in one journal that can be taken back; a larger balance is left alone."""
    clinic.open_drawer(0)
    small, large = small_balance(clinic), str(clinic.signed_visit(clinic.patient()).patient_id)
    preview = clinic.staff.call("PreviewSmallBalances", pb.PreviewSmallBalancesRequest())
    assert [(one.patient_id, one.applies) for one in preview.candidates] == [(small, True)]
    with expect_error("STALE_PREVIEW"):
        write_off(clinic, [small], 501)
    answer = write_off(clinic, [small, large], preview.total.minor_units)
    assert [(one.patient_id, one.reason) for one in answer.left_alone] == [(large, "too_much")]
    assert account(clinic, small).patient_owes.minor_units == 0
    assert balances(clinic)["write_off_small_balance"] == 500
    [journal_id] = answer.journal_ids
    clinic.staff.call("ReverseJournal", ledger_pb2.ReverseJournalRequest(journal_id=journal_id, reason="will pay"))
    assert account(clinic, small).patient_owes.minor_units == 500
    assert balances(clinic)["write_off_small_balance"] == 0


def write_off(clinic: Clinic, patient_ids: list[str], total: int) -> pb.WriteOffSmallBalancesResponse:
    """Writes small balances off."""
    request = pb.WriteOffSmallBalancesRequest(
        patient_ids=patient_ids, total=usd(total), reason="costs more than it brings"
    )
    return clinic.staff.call("WriteOffSmallBalances", request)


def test_nothing_is_given_up_too_soon(clinic: Clinic):
    """A small balance must have been owed for as long as the policy says."""
    clinic.open_drawer(0)
    patient_id = small_balance(clinic)
    put_policy(clinic, small_balance=usd(1_000), small_balance_days=30)
    assert write_off(clinic, [patient_id], 0).left_alone[0].reason == "too_soon"
    later(clinic, 31)
    assert len(write_off(clinic, [patient_id], 500).journal_ids) == 1


# ---- agencies


def test_a_hand_off_writes_off_and_tells_the_agency(clinic: Clinic):
    """The balance is bad debt, the agency has a file with every service, and the guarantor gets no statement."""
    patient_id = unanswered(clinic)
    preview = clinic.staff.call("PreviewHandOff", pb.PreviewHandOffRequest())
    assert [(one.patient_id, one.applies) for one in preview.candidates] == [(patient_id, True)]
    file = clinic.staff.call("HandOff", hand_off_request(patient_id))
    assert (file.kind, file.cases, file.amount.minor_units) == ("hand_off", 1, VISIT)
    content = clinic.staff.call(
        "GetCollectionFile", pb.GetCollectionFileRequest(collection_file_id=file.collection_file_id)
    )
    rows = list(csv.DictReader(io.StringIO(content.data.decode())))
    assert [row["amount"] for row in rows] == ["150.00", "25.00"]
    assert {(row["client_number"], row["action"], row["last_name"]) for row in rows} == {("HC-7", "hand_off", "Ho")}
    assert "I10" not in content.data.decode()
    assert balances(clinic)["write_off_bad_debt"] == VISIT
    assert [one.reason for one in issue(clinic, patient_id).skipped] == ["zero"]
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("HandOff", hand_off_request(patient_id))


def test_what_an_agency_collects_is_paid_and_its_fee_is_a_cost(clinic: Clinic):
    """So much of the write-off comes back as was collected; the same remittance twice is one; the rest can be recalled."""
    case = case_of(clinic)
    paid = None
    for _ in range(2):
        request = pb.RecordAgencyPaymentRequest(
            collection_case_id=case.collection_case_id,
            collected=usd(16_000),
            fee=usd(4_000),
            reference="NR-77",
            received_on=day(clinic.harness.clock.now().date()),
        )
        paid = clinic.staff.call("RecordAgencyPayment", request)
    assert paid is not None
    assert (paid.state, paid.collected.minor_units, paid.left.minor_units) == ("handed_off", 16_000, 1_500)
    found = balances(clinic)
    assert (found["bank"], found["collection_fees"], found["write_off_bad_debt"]) == (12_000, 4_000, 1_500)
    assert (found["patient_receivable"], found["unapplied_patient"]) == (0, 0)
    with expect_error("EXCEEDS_BALANCE"):
        clinic.staff.call(
            "RecordAgencyPayment",
            pb.RecordAgencyPaymentRequest(
                collection_case_id=case.collection_case_id,
                collected=usd(1_501),
                reference="NR-78",
                received_on=day(clinic.harness.clock.now().date()),
            ),
        )
    recalled = clinic.staff.call(
        "RecallCollectionCase",
        pb.RecallCollectionCaseRequest(
            collection_case_id=case.collection_case_id, reason="pays us", version=paid.version
        ),
    )
    assert (recalled.state, recalled.left.minor_units) == ("recalled", 0)
    assert account(clinic, case.patient_id).patient_owes.minor_units == 1_500
    assert balances(clinic)["write_off_bad_debt"] == 0
    files = clinic.staff.call("ListCollectionFiles", pb.ListCollectionFilesRequest()).files
    assert [(file.kind, file.amount.minor_units) for file in files] == [("recall", 1_500), ("hand_off", VISIT)]


def test_an_agencys_payment_is_given_back_by_a_check(clinic: Clinic):
    """Refunds go to the bucket of the payment they are of: what an agency collected leaves the bank, not a drawer."""
    case = case_of(clinic)
    request = pb.RecordAgencyPaymentRequest(
        collection_case_id=case.collection_case_id,
        collected=usd(VISIT),
        reference="NR-9",
        received_on=day(clinic.harness.clock.now().date()),
    )
    settled = clinic.staff.call("RecordAgencyPayment", request)
    assert settled.state == "settled"
    payment_id = settled.payments[0].payment_id
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("ReversePayment", payments_pb2.ReversePaymentRequest(payment_id=payment_id, reason="bounced"))
    with expect_error("REFUND_EXCEEDS_UNAPPLIED"):
        clinic.staff.call(
            "RefundPayment", payments_pb2.RefundPaymentRequest(payment_id=payment_id, amount=usd(1), reason="none left")
        )


@pytest.mark.parametrize("why", ["protected", "held", "payment_plan", "too_little"])
def test_who_may_not_be_handed_off_is_left_alone(clinic: Clinic, why: str):
    """Protected patients, holds, plans that are kept, and amounts not worth it."""
    patient_id = unanswered(clinic)
    match why:
        case "protected":
            protect(clinic, patient_id)
        case "held":
            clinic.staff.call("HoldStatements", runs.HoldStatementsRequest(patient_id=patient_id, reason="a dispute"))
        case "payment_plan":
            agree(clinic, patient_id)
        case "too_little":
            put_policy(clinic, hand_off_minimum=usd(VISIT + 1))
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("HandOff", hand_off_request(patient_id))
    assert "write_off_bad_debt" not in balances(clinic)


# ---- statements by policy


def test_the_policy_says_when_how_often_and_in_which_words(clinic: Clinic):
    """Cycle, last statement and the notice's own words come from the policy."""
    clinic.registry_knows()
    texts = [pb.NoticeText(level=1, language="en", text="Please call Maria about this balance.")]
    put_policy(clinic, cycle_days=10, last_cycle=2, texts=texts)
    patient_id = str(clinic.signed_visit(clinic.patient()).patient_id)
    [first] = issue(clinic, patient_id).statement_ids
    pdf = clinic.staff.call("GetStatementPdf", statements_pb2.GetStatementPdfRequest(statement_id=first)).data
    assert "Please call Maria about this balance." in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    with clinic.harness.session(clinic.tenant) as session:
        planned = session.execute(text("select next_statement_on from guarantor_account")).scalar_one()
    today = clinic.harness.clock.now().astimezone(ZoneInfo(ZONE)).date()
    assert 10 <= (planned - today).days <= 13
    later(clinic, 14)
    assert len(issue(clinic, patient_id).statement_ids) == 1
    with clinic.harness.session(clinic.tenant) as session:
        assert session.execute(text("select next_statement_on from guarantor_account")).scalar_one() is None


def test_a_held_guarantor_gets_nothing_until_released(clinic: Clinic):
    """The run says why, and goes on once the hold is released."""
    clinic.registry_knows()
    patient_id = str(clinic.signed_visit(clinic.patient()).patient_id)
    clinic.staff.call(
        "HoldStatements", runs.HoldStatementsRequest(patient_id=patient_id, reason="asks for an itemised bill")
    )
    later(clinic, 4)
    [planned] = clinic.staff.call("PreviewStatementRun", runs.PreviewStatementRunRequest()).statements
    assert (planned.patient_id, planned.skipped) == (patient_id, "held")
    assert [one.reason for one in issue(clinic, patient_id).skipped] == ["held"]
    [hold] = clinic.staff.call("ListStatementHolds", runs.ListStatementHoldsRequest()).holds
    assert hold.reason == "asks for an itemised bill"
    clinic.staff.call("ReleaseStatements", runs.ReleaseStatementsRequest(patient_id=patient_id))
    assert len(issue(clinic, patient_id).statement_ids) == 1


def test_the_link_goes_first_and_paper_follows_for_who_has_not_paid(clinic: Clinic):
    """Paper waits the days of the policy; who has paid by then, or is protected by then, gets none; nothing is mailed twice."""
    clinic.registry_knows()
    put_policy(clinic, portal_first_days=7, last_cycle=4)
    waiting, paid, protected = (str(clinic.signed_visit(clinic.patient()).patient_id) for _ in range(3))
    [number] = issue(clinic, waiting).statement_ids
    issue(clinic, paid)
    issue(clinic, protected)
    with expect_error("NOTHING_TO_MAIL"):
        clinic.staff.call("MakeStatementMailing", runs.MakeStatementMailingRequest())
    later(clinic, 7)
    clinic.open_drawer(0)
    clinic.take(paid, VISIT)
    protect(clinic, protected)
    mailing = clinic.staff.call("MakeStatementMailing", runs.MakeStatementMailingRequest())
    assert mailing.statements == 1
    request = runs.GetStatementMailingFileRequest(statement_mailing_id=mailing.statement_mailing_id)
    archive = zipfile.ZipFile(io.BytesIO(clinic.staff.call("GetStatementMailingFile", request).data))
    statement = clinic.staff.call("GetStatement", statements_pb2.GetStatementRequest(statement_id=number))
    assert sorted(archive.namelist()) == sorted([f"{statement.number}.pdf", "statements.csv"])
    with expect_error("NOTHING_TO_MAIL"):
        clinic.staff.call("MakeStatementMailing", runs.MakeStatementMailingRequest())
