"""Another system's coverages are tried, proved by control totals and taken in once."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from polyclinic.patient_registry.v1 import coverage_files_pb2 as pb
from polyclinic.patient_registry.v1 import events_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb

from chassis.testing import expect_error
from tests.patient_registry.people import add_coverage, mobile, register

HEADING = (
    "key,mrn,payer,payer name,member id,group,priority,relation,"
    "subscriber family name,subscriber given name,subscriber birth date,from,until"
)


def take(desk: Any, lines: list[str], totals: dict[str, int], *, dry_run: bool = False) -> pb.CoverageFileImport:
    """A file with these lines below the heading."""
    request = pb.ImportCoverageFileRequest(
        name="old-system.csv",
        content="\r\n".join([HEADING, *lines]).encode(),
        control_totals=[pb.CoverageTotal(payer_code=code, rows=rows) for code, rows in totals.items()],
        dry_run=dry_run,
    )
    return desk.call("ImportCoverageFile", request)


def held(desk: Any, patient: registry_pb.Patient) -> list[tuple[str, int, str]]:
    """A patient's coverages: payer, place in the order of payment, member id."""
    request = registry_pb.ListCoveragesRequest(patient_id=patient.patient_id)
    return [(one.payer_code, one.priority, one.member_id) for one in desk.call("ListCoverages", request).coverages]


@pytest.fixture
def tenant(registry: Any) -> Any:
    """A new tenant."""
    return registry.tenant()


@pytest.fixture
def desk(registry: Any, tenant: Any) -> Any:
    """Somebody who may do everything in it."""
    return registry.client(tenant)


def people(desk: Any) -> tuple[registry_pb.Patient, registry_pb.Patient]:
    """Two patients."""
    return register(desk, contact_points=[mobile("303-555-0101")]), register(desk)


def test_a_file_is_tried_then_taken_in_once(registry: Any, tenant: Any, desk: Any):
    """A dry run keeps nothing; the file is proved against the database, told to other services, and changes nothing again."""
    ann, ben = people(desk)
    lines = [
        f"C1,{ann.mrn},COMM1,Harbor Mutual,W1,G7,1,self,,,,2026-01-01,",
        f"C2,{ann.mrn},medb1,Medicare B,1EG4,,,self,,,,01/01/2026,",
        f"C3,{ben.mrn},COMM1,Harbor Mutual,W2,,,child,Ho,Pat,1980-05-04,2026-01-01,2026-12-31",
    ]
    totals = {"COMM1": 2, "MEDB1": 1}
    tried = take(desk, lines, totals, dry_run=True)
    assert (tried.rows, list(tried.differences), tried.bad_row_count) == (3, [], 0)
    assert held(desk, ann) == []
    taken = take(desk, lines, totals)
    assert {one.payer_code: one.rows for one in taken.file.totals} == totals
    assert held(desk, ann) == [("COMM1", 1, "W1"), ("MEDB1", 2, "1EG4")]
    assert held(desk, ben) == [("COMM1", 1, "W2")]
    told = registry.events(tenant, events_pb2.CoverageChanged)
    assert sorted(one.payer_code for one in told) == ["COMM1", "COMM1", "MEDB1"]
    again = take(desk, lines, totals)
    assert again.known_already
    assert again.file == taken.file
    assert len(held(desk, ann)) == 2
    [listed] = desk.call("ListCoverageFiles", pb.ListCoverageFilesRequest()).files
    assert listed == taken.file


def test_every_row_s_every_problem_is_told_and_nothing_is_kept(desk: Any):
    """What cannot be used comes back as a file with its lines; the good row beside it is not taken in either."""
    ann, ben = people(desk)
    add_coverage(desk, ann.patient_id)
    lines = [
        f"B1,{ann.mrn},COMM1,Blue Ridge Health Plan,W1234567,,,self,,,,,",
        f"B2,{ann.mrn},COMM9,Other,X1,,1,self,,,,,",
        "B3,NOBODY,COMM1,Harbor Mutual,W3,,,self,,,,,",
        f"B4,{ben.mrn},COMM1,Harbor Mutual,,,12,cousin,,,,yesterday,",
        f"B5,{ben.mrn},COMM1,Harbor Mutual,W5,,,spouse,,,,2026-02-01,2026-01-01",
        f"B6,{ben.mrn},COMM1,Harbor Mutual,W6,,,self,,,,,",
        f"B6,{ben.mrn},COMM2,Other,W7,,,self,,,,,",
    ]
    tried = take(desk, lines, {"COMM1": 1}, dry_run=True)
    assert tried.rows == 1
    problems = {row.line: row.problem for row in tried.bad_rows}
    assert problems[2] == "the patient has this coverage already"
    assert problems[3] == "priority: another coverage of the patient is number 1 on a common day"
    assert problems[4] == "there is no patient with the record number NOBODY"
    for part in (
        "member id: nothing",
        "priority: 12",
        "relation: cousin",
        "start: yesterday",
        "subscriber: both names",
    ):
        assert part in problems[5]
    assert "both names are needed" in problems[6]
    assert "must not be before its start" in problems[6]
    assert "more than once" in problems[8]
    mended = list(csv.DictReader(io.StringIO(tried.error_file.decode())))
    assert [row["key"] for row in mended] == ["B1", "B2", "B3", "B4", "B5", "B6"]
    with expect_error("INVALID_INPUT", field="content"):
        take(desk, lines, {"COMM1": 1})
    assert held(desk, ben) == []


def test_totals_that_differ_are_refused(desk: Any):
    """A payer with another number of rows than the other system says: nothing is taken in."""
    ann, _ = people(desk)
    line = f"D1,{ann.mrn},COMM1,Harbor Mutual,W1,,,self,,,,,"
    tried = take(desk, [line], {"COMM1": 2, "COMM2": 1}, dry_run=True)
    assert list(tried.differences) == [
        "COMM1: 2 rows are given, the file has 1",
        "COMM2: 1 rows are given, the file has 0",
    ]
    with expect_error("INVALID_INPUT", field="control_totals"):
        take(desk, [line], {"COMM1": 2})
    assert held(desk, ann) == []


def test_a_row_s_key_is_taken_in_once(desk: Any):
    """The same key in another file is refused, though its member id differs."""
    ann, ben = people(desk)
    take(desk, [f"E1,{ann.mrn},COMM1,Harbor Mutual,W1,,,self,,,,,"], {"COMM1": 1})
    with expect_error("INVALID_INPUT", field="content"):
        take(desk, [f"E1,{ben.mrn},COMM1,Harbor Mutual,W2,,,self,,,,,"], {"COMM1": 1})


def test_two_people_with_one_file_take_it_in_once(desk: Any):
    """Sent twice at the same time, one takes it in and the other is told that it is known."""
    ann, _ = people(desk)
    line = f"F1,{ann.mrn},COMM1,Harbor Mutual,W1,,,self,,,,,"
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _n: take(desk, [line], {"COMM1": 1}), range(2)))
    assert sorted(one.known_already for one in both) == [False, True]
    assert held(desk, ann) == [("COMM1", 1, "W1")]


def test_a_file_without_its_columns_is_refused_with_a_reason(desk: Any):
    """No member id, no key: the heading says what is missing; a file of no CSV is no crash."""
    for content in (b"mrn,payer\n1,2\n", b"\x00\xff\xfe", b'"'):
        request = pb.ImportCoverageFileRequest(
            name="x.csv", content=content, control_totals=[pb.CoverageTotal(rows=0)], dry_run=True
        )
        answer = desk.call("ImportCoverageFile", request)
        assert answer.rows == 0
        assert "names no column for the key" in answer.bad_rows[0].problem
