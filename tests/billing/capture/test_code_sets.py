"""Codes are searched over the API; each organisation's own list of procedures is taken in and dated."""

from __future__ import annotations

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import code_sets_pb2 as pb

from chassis.testing import expect_error
from tests.billing.clinic import JANUARY, Clinic

NEXT_YEAR = Date(year=2027, month=1, day=1)
LIST = b"Code;Description\n99213;Office visit, established patient, low complexity\n20610;Injection of a large joint\n"


def search(clinic: Clinic, text: str, **rest: object) -> list[pb.Code]:
    """What is found."""
    return list(clinic.staff.call("SearchCodes", pb.SearchCodesRequest(text=text, **rest)).codes)


def take_in(clinic: Clinic, content: bytes, start: Date = JANUARY, **rest: object) -> pb.ImportCodeSetResponse:
    """A list of CPT from a day on."""
    request = pb.ImportCodeSetRequest(code_set="CPT", effective_from=start, name="cpt.csv", content=content, **rest)
    return clinic.staff.call("ImportCodeSet", request)


def test_diagnoses_and_procedures_are_found_together(clinic: Clinic) -> None:
    """Diagnoses first, with their dots; procedures with whether there is a price for them."""
    take_in(clinic, LIST)
    [injection] = search(clinic, "injection joint", kind=pb.CODE_KIND_PROCEDURE)
    assert (injection.code, injection.source, injection.priced) == ("20610", "CPT", False)
    [visit] = search(clinic, "99213")
    assert (visit.kind, visit.priced, visit.billable) == (pb.CODE_KIND_PROCEDURE, True, True)
    assert search(clinic, "type 2 diabetes without complications")[0].code == "E11.9"
    assert search(clinic, "E11.9")[0].source.startswith("ICD-10-CM")


def test_what_has_a_price_is_found_without_a_list(clinic: Clinic) -> None:
    """By its code alone; a new price list is seen at the next search."""
    assert [(one.code, one.words) for one in search(clinic, "8502")] == [("85025", "")]
    clinic.put_prices("LAB", {"85027": 900}, location_id=clinic.location)
    assert [one.code for one in search(clinic, "8502")] == ["85025", "85027"]


def test_a_list_holds_until_the_next_one_of_its_name(clinic: Clinic) -> None:
    """Next year's list replaces this year's on its day, and not before; the dry run tells the difference and keeps nothing."""
    take_in(clinic, LIST)
    following = b"code,description\n99213,Office visit\nG2211,Visit complexity\n"
    tried = take_in(clinic, following, NEXT_YEAR, dry_run=True)
    assert (tried.codes, tried.added, tried.changed, tried.removed) == (2, 1, 1, 1)
    assert not tried.HasField("code_set")
    assert search(clinic, "complexity", on=NEXT_YEAR, kind=pb.CODE_KIND_PROCEDURE)[0].code == "99213"
    done = take_in(clinic, following, NEXT_YEAR)
    assert (done.code_set.code_set, done.code_set.codes) == ("CPT", 2)
    assert [one.code for one in search(clinic, "complexity", on=NEXT_YEAR, kind=pb.CODE_KIND_PROCEDURE)] == ["G2211"]
    assert [one.code for one in search(clinic, "complexity", kind=pb.CODE_KIND_PROCEDURE)] == ["99213"]
    listed = clinic.staff.call("ListCodeSets", pb.ListCodeSetsRequest()).code_sets
    assert [one.effective_from for one in listed] == [NEXT_YEAR, JANUARY]


def test_a_mended_list_of_the_same_day_takes_the_place_of_the_first(clinic: Clinic) -> None:
    """The same bytes change nothing; other bytes replace the codes."""
    first = take_in(clinic, LIST).code_set
    assert take_in(clinic, LIST).code_set == first
    take_in(clinic, b"code,description\n99213,Visit in the office\n")
    assert search(clinic, "joint", kind=pb.CODE_KIND_PROCEDURE) == []
    assert search(clinic, "99213")[0].words == "Visit in the office"


def test_one_bad_row_refuses_the_list(clinic: Clinic) -> None:
    """The dry run gives the row back as a file; the import names it and keeps nothing."""
    content = b"code,description\n99213,Visit\nXYZ,Nothing\n"
    tried = take_in(clinic, content, dry_run=True)
    assert [(row.line, row.problem) for row in tried.bad_rows] == [(3, "XYZ is not a CPT or HCPCS code")]
    assert tried.error_file.decode().splitlines()[1] == "XYZ,Nothing,3,XYZ is not a CPT or HCPCS code"
    with expect_error("INVALID_INPUT", field="content"):
        take_in(clinic, content)
    assert not clinic.staff.call("ListCodeSets", pb.ListCodeSetsRequest()).code_sets


def test_another_tenants_list_is_not_seen(clinic: Clinic) -> None:
    """Two tenants with one process: each finds its own words."""
    take_in(clinic, LIST)
    other = Clinic(clinic.harness)
    assert search(other, "injection", kind=pb.CODE_KIND_PROCEDURE) == []
    take_in(other, b"code,description\n20610,Injection into the knee\n")
    assert search(other, "20610")[0].words == "Injection into the knee"
    assert search(clinic, "20610")[0].words == "Injection of a large joint"
