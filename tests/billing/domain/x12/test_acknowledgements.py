"""999, 277CA, 277 and 276."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from billing.domain.x12.acknowledgement import FunctionalAcknowledgement, faults_in, read_functional_acknowledgement
from billing.domain.x12.claim_status import STATUS_VERSION, StatusAnswer, StatusInquiry, read_status, write_inquiry
from billing.domain.x12.errors import SetRefused
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.writer import EnvelopeData, InterchangeWriter
from tests.billing.domain.x12.texts import envelope

V999, V277CA = "005010X231A1", "005010X214"


def acknowledgement(*segments: str) -> FunctionalAcknowledgement:
    """The 999 with these segments."""
    data = envelope("FA", V999, [("999", segments)])
    [found] = [read_functional_acknowledgement(t) for t in X12Reader(io.BytesIO(data.encode())).sets()]
    return found


def status(version: str, *segments: str) -> StatusAnswer:
    """The 277 with these segments."""
    data = envelope("HN", version, [("277", segments)])
    [found] = [read_status(t) for t in X12Reader(io.BytesIO(data.encode())).sets()]
    return found


def test_a_999_decides_per_set():
    """A partly accepted group: one set taken, one returned, with where and why."""
    ack = acknowledgement(
        "AK1*HC*17*005010X222A1",
        "AK2*837*0001*005010X222A1",
        "IK5*A",
        "AK2*837*0002*005010X222A1",
        "IK3*NM1*8*2010AA*8",
        "IK4*9:1*67*7*BAD",
        "IK3*N4*10**3",
        "IK5*R*5",
        "AK9*P*2*2*1",
    )
    assert (ack.group_control, ack.code, ack.sets_included, ack.sets_accepted) == ("17", "P", 2, 1)
    assert ack.accepted("0001")
    assert not ack.accepted("2")
    assert list(faults_in(ack.sets)) == [
        "NM109 at segment 8 (loop 2010AA): invalid code",
        "N4 at segment 10: required segment missing",
    ]
    assert ack.sets[1].faults[0].bad_value == "BAD"


@pytest.mark.parametrize(("code", "accepted"), [("A", True), ("E", True), ("R", False), ("P", False), ("X", False)])
def test_a_999_without_sets_decides_by_the_group(code: str, accepted: bool):
    """When no set is named, AK901 holds for all of them."""
    assert acknowledgement("AK1*HC*17", f"AK9*{code}*1*1*0").accepted("0001") is accepted


@pytest.mark.parametrize(
    "segments",
    [("AK1*HC*17",), ("AK9*A*1*1*1",), ("AK1*HC*1", "AK2*837*1", "AK9*A*1*1*1"), ("AK1*HC*1", "IK5*A", "AK9*A*1*1*1")],
)
def test_an_incomplete_999_acknowledges_nothing(segments: tuple[str, ...]):
    """A 999 without its verdicts is refused."""
    with pytest.raises(SetRefused):
        acknowledgement(*segments)


CLAIMS = [
    "BHT*0085*08*B5*20260304*0900*TH",
    "HL*1**20*1",
    "NM1*PR*2*MEDICARE*****PI*MEDB1",
    "TRN*1*20260304001",
    "DTP*050*D8*20260303",
    "DTP*009*D8*20260304",
    "HL*2*1*21*1",
    "NM1*41*2*RIVERSIDE*****46*SUBMITTERID",
    "TRN*2*B5",
    "STC*A1:20*20260304*WQ*300",
    "HL*3*2*19*1",
    "NM1*85*2*RIVERSIDE*****XX*1234567893",
    "HL*4*3*PT",
    "NM1*QC*1*DOE*JANE****MI*W1",
    "TRN*2*PC1",
    "STC*A2:20:PR*20260304*WQ*100",
    "REF*1K*ICN1",
    "HL*5*3*PT",
    "NM1*QC*1*DOE*KID****MI*W2",
    "TRN*2*PC2",
    "STC*A7:562:85*20260304*U*200******A7:164:IL**MEMBER ID NOT ON FILE",
    "SVC*HC:99213*200",
    "STC*A7:454*20260304*U",
    "REF*FJ*LN7",
]


def test_a_277ca_decides_per_claim():
    """Accepted with the payer's number; rejected with status codes, entity and text, down to the line."""
    answer = status(V277CA, *CLAIMS)
    accepted, rejected = answer.claims
    assert (answer.acknowledgement, answer.reference, answer.source_id) == (True, "B5", "MEDB1")
    assert (accepted.trace, accepted.payer_control, str(accepted.reports[0].first)) == ("PC1", "ICN1", "A2:20:PR")
    assert [str(s) for s in rejected.reports[0].statuses] == ["A7:562:85", "A7:164:IL"]
    assert rejected.reports[0].first.text == "MEMBER ID NOT ON FILE"
    assert (rejected.reports[0].charge_minor, rejected.reports[0].action) == (20000, "U")
    assert [(line, str(report.first)) for line, report in rejected.lines] == [("LN7", "A7:454")]
    assert [(level.level, level.trace, str(level.reports[0].first)) for level in answer.levels] == [
        ("21", "B5", "A1:20")
    ]


def test_a_277ca_may_reject_a_whole_level():
    """A rejection at the provider level names no claims."""
    head = CLAIMS[:12]
    answer = status(V277CA, *head, "TRN*2*0", "STC*A3:496:85*20260304*U*300", "QTY*QC*2", "AMT*YY*300")
    assert answer.claims == ()
    assert [(level.level, str(level.reports[0].first), level.identifier) for level in answer.levels] == [
        ("21", "A1:20", "SUBMITTERID"),
        ("19", "A3:496:85", "1234567893"),
    ]


INQUIRY = StatusInquiry(
    "T1",
    "Medicare",
    "MEDB1",
    "Riverside",
    "SUBMITTERID",
    "Riverside",
    "1234567893",
    "Doe",
    "Jane",
    "W1",
    date(1980, 1, 1),
    "F",
    None,
    "PC1",
    "",
    12500,
    date(2026, 3, 2),
    date(2026, 3, 2),
)


@pytest.mark.parametrize("patient", [None, ("Doe", "Kid", date(2015, 1, 1), "M")])
def test_a_276_has_the_guides_shape(patient):
    """One inquiry about one claim: four levels, or five for a dependant; counts checked by the reader."""
    writer = InterchangeWriter(
        EnvelopeData("ZZ", "SUBMITTERID", "ZZ", "RECEIVERID", 9, datetime(2026, 3, 20, 8, 0, tzinfo=UTC), False)
    )
    with writer.group("HR", STATUS_VERSION, 9):
        write_inquiry(writer, replace(INQUIRY, patient=patient, payer_control="ICN1"), 1)
    tags = []
    for transaction in X12Reader(io.BytesIO(writer.finish())).sets():
        transaction.require("276")
        tags += [segment[:2] for segment in transaction.segments()]
    assert [tag for tag in tags if tag[0] == "HL"] == [["HL", str(n)] for n in range(1, 6 if patient else 5)]
    assert tags[-5:] == [["TRN", "1"], ["REF", "1K"], ["REF", "EJ"], ["AMT", "T3"], ["DTP", "472"]]
