"""Another system's open books are tried, proved and taken over once."""

import csv
import io

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claims_pb2, ledger_pb2, payments_pb2
from polyclinic.billing.v1 import cut_over_pb2 as pb

from chassis.testing import expect_error
from tests.billing.clinic import Clinic, usd
from tests.billing.money.test_collections import balances

BALANCES = "key,mrn,location,practitioner npi,service date,owed by,amount"
CLAIMS = "key,claim,mrn,location,practitioner npi,payer,service date,procedure,units,charge,diagnoses,filed on"
AS_OF = Date(year=2026, month=1, day=31)
NPI = "1003000126"


def total(bucket: str, rows: int, amount: int) -> pb.CutOverTotal:
    """A control total."""
    return pb.CutOverTotal(bucket=bucket, rows=rows, amount=usd(amount))


def take(
    clinic: Clinic,
    lines: list[str],
    totals: list[pb.CutOverTotal],
    *,
    kind: int = pb.CUT_OVER_KIND_BALANCES,
    dry_run: bool = False,
) -> pb.CutOverImport:
    """A file with these lines."""
    request = pb.ImportCutOverFileRequest(
        kind=kind,
        name="old-system.csv",
        content="\r\n".join(lines).encode(),
        as_of=AS_OF,
        control_totals=totals,
        dry_run=dry_run,
    )
    return clinic.staff.call("ImportCutOverFile", request)


def mrn(patient_id: str) -> str:
    """The record number that the clinic gives people in tests."""
    return f"M{patient_id[-6:]}"


def books(clinic: Clinic) -> tuple[str, str, list[str], list[pb.CutOverTotal]]:
    """Two people's open books and their control totals."""
    ann, ben = clinic.patient(), clinic.patient(name="Ben")
    lines = [
        BALANCES,
        f"A1,{mrn(ann)},Albany,{NPI},2025-11-03,patient,125.50",
        f"A2,{mrn(ann)},Albany,{NPI},01/05/2026,COMM1,$1,200.00".replace("$1,200.00", '"$1,200.00"'),
        f"A3,{mrn(ben)},Albany,{NPI},2026-01-20,patient,-40.00",
    ]
    return ann, ben, lines, [total("patient", 1, 12_550), total("COMM1", 1, 120_000), total("credit", 1, 4_000)]


def test_a_dry_run_keeps_nothing_and_a_file_is_taken_in_once(clinic: Clinic):
    """Tried, taken, and taken again: the ledger holds what the control totals say, to the cent, and holds it once."""
    ann, ben, lines, totals = books(clinic)
    tried = take(clinic, lines, totals, dry_run=True)
    assert (tried.rows, list(tried.differences), tried.bad_row_count) == (3, [], 0)
    assert balances(clinic) == {}
    taken = take(clinic, lines, totals)
    assert {(one.bucket, one.rows, one.amount.minor_units) for one in taken.file.totals} == {
        (one.bucket, one.rows, one.amount.minor_units) for one in totals
    }
    held = balances(clinic)
    assert held == {
        "patient_receivable": 12_550,
        "payer_receivable": 120_000,
        "unapplied_patient": -4_000,
        "opening_balances": -128_550,
    }
    again = take(clinic, lines, totals)
    assert again.known_already
    assert again.file.cut_over_file_id == taken.file.cut_over_file_id
    assert balances(clinic) == held
    owed = clinic.staff.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=ann))
    assert (owed.patient_owes.minor_units, owed.with_payers.minor_units) == (12_550, 120_000)
    [payment] = clinic.staff.call("ListPayments", payments_pb2.ListPaymentsRequest(patient_id=ben)).payments
    refund = payments_pb2.RefundPaymentRequest(payment_id=payment.payment_id, amount=usd(4_000), reason="moved away")
    clinic.staff.call("RefundPayment", refund)
    assert balances(clinic)["bank"] == -4_000


def test_totals_that_differ_by_a_cent_are_refused(clinic: Clinic):
    """Nothing is taken in, and the answer says where and by how much they differ."""
    _, _, lines, totals = books(clinic)
    totals[0].amount.minor_units += 1
    tried = take(clinic, lines, totals, dry_run=True)
    assert list(tried.differences) == ["patient: 125.51 are given, the file has 125.50"]
    with expect_error("INVALID_INPUT", field="control_totals"):
        take(clinic, lines, totals)
    assert balances(clinic) == {}


def test_every_rows_every_violation_is_told(clinic: Clinic):
    """The error file has the bad rows with all that is wrong with each; the good ones do not slip in."""
    _, _, lines, totals = books(clinic)
    lines += ["A1,M0,Nowhere,123,2026-13-01,GONE,-1", f"A5,M0,Nowhere,{NPI},2026-01-02,GONE,1.00"]
    tried = take(clinic, lines, totals, dry_run=True)
    assert tried.bad_row_count == 2
    unreadable, unknown = csv.DictReader(io.StringIO(tried.error_file.decode()))
    for said in ("123 is not an NPI", "2026-13-01 is not a day", "only a patient can have a credit"):
        assert said in unreadable["problem"]
    for said in ("record number M0", "no location called Nowhere", "GONE is no payer's code"):
        assert said in unknown["problem"]
    with expect_error("INVALID_INPUT", field="content"):
        take(clinic, lines, totals)
    assert balances(clinic) == {}


def test_a_row_is_taken_in_once_whatever_file_it_comes_in(clinic: Clinic):
    """Another file with a key that was taken in before is refused."""
    _, _, lines, totals = books(clinic)
    take(clinic, lines, totals)
    tried = take(clinic, [*lines[:1], lines[1]], totals[:1], dry_run=True)
    assert "was taken in before" in tried.bad_rows[0].problem


def test_an_open_claim_waits_for_its_payer(clinic: Clinic):
    """It has the other system's number, owes what was charged, and is on somebody's list."""
    ann, ben = clinic.patient(), clinic.patient()
    clinic.covered(ann)
    lines = [
        CLAIMS,
        f"C1,OLD0001,{mrn(ann)},Albany,{NPI},COMM1,2026-01-05,99213,1,150.00,I10 E11.9,2026-01-07",
        f"C2,OLD0001,{mrn(ann)},Albany,{NPI},COMM1,2026-01-05,85025,1,25.00,I10 E11.9,2026-01-07",
    ]
    uncovered = f"C3,OLD0002,{mrn(ben)},Albany,{NPI},COMM1,2026-01-05,99213,1,150.00,I10,2026-01-07"
    totals = [total("COMM1", 2, 17_500)]
    tried = take(clinic, [*lines, uncovered], totals, kind=pb.CUT_OVER_KIND_CLAIMS, dry_run=True)
    assert [row.problem for row in tried.bad_rows] == [
        "the patient has no coverage by COMM1 on 2026-01-05: import coverages first"
    ]
    take(clinic, lines, totals, kind=pb.CUT_OVER_KIND_CLAIMS)
    [claim] = clinic.staff.call("ListClaims", claims_pb2.ListClaimsRequest(patient_id=ann)).claims
    assert (claim.control, claim.charge.minor_units) == ("OLD0001", 17_500)
    assert claim.state == "accepted"
    assert balances(clinic) == {"payer_receivable": 17_500, "opening_balances": -17_500}
