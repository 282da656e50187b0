"""NCCI tables of an organisation: taken in once, asked at every scrub from their first day on."""

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claims_pb2
from polyclinic.billing.v1 import coding_edits_pb2 as pb

from chassis.testing import expect_error
from tests.billing.claims.insured_clinic import InsuredClinic

PAIRS = (
    b"Column 1\tColumn 2\t*\tEffective Date\tDeletion Date\tModifier\tRationale\r\n"
    b"99213\t85025\t\t20200101\t*\t1\tours\r\n99214\t85025\t\t20200101\t*\t1\tours\r\n"
)
LIMITS = b"Code,Units,Indicator,Rationale\n85025,0,2 Date of Service Edit: Policy,ours\n"
LONG_AGO = Date(year=2020, month=1, day=1)


def request(kind: str, content: bytes, start: Date = LONG_AGO, **rest: object) -> pb.ImportCodingTableRequest:
    """A file to be taken in."""
    number = pb.CodingTableKind.Value(f"CODING_TABLE_KIND_{kind}")
    return pb.ImportCodingTableRequest(kind=number, effective_from=start, name="ccipra.txt", content=content, **rest)


def findings_of(clinic: InsuredClinic) -> list[str]:
    """What holds the claim of a new visit (99213 and 85025)."""
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    [claim] = clinic.claims_of(patient)
    return [finding.edit_id for finding in claim.findings if finding.severity == "hold"]


def test_a_pair_holds_the_claim_until_it_is_mended(clinic: InsuredClinic) -> None:
    """Before the table is taken in the visit's claim goes; afterwards the next one is held, with what mends it."""
    assert findings_of(clinic) == []
    answer = clinic.staff.call("ImportCodingTable", request("PTP", PAIRS))
    assert (answer.edits, answer.left_out, [file.edits for file in answer.table.files]) == (2, 0, [2])
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    [held] = clinic.claims_of(patient)
    [finding] = [f for f in held.findings if f.severity == "hold"]
    assert (held.state, finding.edit_id) == ("held", "NCCI")
    assert "85025 is part of 99213" in finding.message
    released = claims_pb2.ReleaseClaimRequest(
        claim_id=held.claim_id, reason="separate laboratory", version=held.version
    )
    assert clinic.staff.call("ReleaseClaim", released).state == "ready"


def test_the_table_of_the_day_is_asked(clinic: InsuredClinic) -> None:
    """A later quarter's table takes the place of the earlier one, and one that has not begun is not asked."""
    clinic.staff.call("ImportCodingTable", request("MUE", LIMITS))
    assert findings_of(clinic) == ["MUE"]
    clinic.staff.call(
        "ImportCodingTable", request("MUE", LIMITS.replace(b",0,", b",4,"), Date(year=2020, month=4, day=1))
    )
    clinic.staff.call("ImportCodingTable", request("MUE", LIMITS, Date(year=2090, month=1, day=1)))
    assert findings_of(clinic) == []
    listed = clinic.staff.call("ListCodingTables", pb.ListCodingTablesRequest()).tables
    assert [table.effective_from.year for table in listed] == [2090, 2020, 2020]


def test_the_same_file_twice_is_taken_in_once(clinic: InsuredClinic) -> None:
    """A part that was taken in changes nothing; another part is added to the same table."""
    clinic.staff.call("ImportCodingTable", request("PTP", PAIRS))
    clinic.staff.call("ImportCodingTable", request("PTP", PAIRS))
    more = PAIRS.replace(b"99214", b"99215").replace(b"99213\t85025", b"99213\t36415")
    table = clinic.staff.call("ImportCodingTable", request("PTP", more)).table
    assert [file.edits for file in table.files] == [2, 2]
    asked = pb.LookUpCodingEditsRequest(procedures=["99213", "85025", "36415"])
    found = clinic.staff.call("LookUpCodingEdits", asked)
    assert [(pair.column_one, pair.column_two) for pair in found.pairs] == [("99213", "36415"), ("99213", "85025")]


def test_a_dry_run_and_a_refusal_leave_nothing(clinic: InsuredClinic) -> None:
    """Trying a file tells what it holds; a file with bad lines names each, and neither leaves a table."""
    tried = clinic.staff.call("ImportCodingTable", request("PTP", PAIRS, dry_run=True))
    assert (tried.edits, tried.HasField("table")) == (2, False)
    with expect_error("INVALID_INPUT", field="content"):
        clinic.staff.call("ImportCodingTable", request("PTP", PAIRS + b"99213\tX\r\n99213\t36415\t\tsoon\t*\t1\r\n"))
    assert clinic.staff.call("ListCodingTables", pb.ListCodingTablesRequest()).tables == []
