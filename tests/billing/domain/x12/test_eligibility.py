"""270 and 271."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.domain.x12.eligibility import (
    VERSION,
    EligibilityAnswer,
    EligibilityInquiry,
    Information,
    Person,
    write_inquiry,
)
from billing.domain.x12.eligibility_reader import read_eligibility
from billing.domain.x12.errors import UnwritableValue
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.writer import EnvelopeData, InterchangeWriter
from tests.billing.domain.x12.texts import envelope

JANE = Person("Doe", "Jane", date(1980, 1, 1), "F")
INQUIRY = EligibilityInquiry(
    "T-1", "1123456789", "Aetna", "60054", "Riverside", "1234567893", JANE, "W1", None, date(2026, 3, 2), ("30", "98")
)


def ask(*inquiries: EligibilityInquiry) -> list[list[list[str]]]:
    """The sets of a 270 file, read back by our own reader."""
    writer = InterchangeWriter(
        EnvelopeData("ZZ", "SUBMITTERID", "ZZ", "RECEIVERID", 9, datetime(2026, 3, 1, 8, 0, tzinfo=UTC), False)
    )
    with writer.group("HS", VERSION, 9):
        for number, inquiry in enumerate(inquiries, 1):
            write_inquiry(writer, inquiry, number)
    found = []
    for transaction in X12Reader(io.BytesIO(writer.finish())).sets():
        transaction.require("270")
        found.append(list(transaction.segments()))
    return found


def answers(*segments: str) -> tuple[EligibilityAnswer, ...]:
    """What a 271 with these segments says."""
    data = envelope("HB", VERSION, [("271", segments)])
    [found] = [read_eligibility(t) for t in X12Reader(io.BytesIO(data.encode())).sets()]
    return found


def test_a_subscribers_270():
    """Three levels; trace, name, birth date, date of service and service types asked about."""
    [segments] = ask(INQUIRY)
    assert [s[3:5] for s in segments if s[0] == "HL"] == [["20", "1"], ["21", "1"], ["22", "0"]]
    assert ["TRN", "1", "T-1", "1123456789"] in segments
    assert ["DMG", "D8", "19800101", "F"] in segments
    assert segments[-3:] == [["DTP", "291", "D8", "20260302"], ["EQ", "30"], ["EQ", "98"]]


def test_a_dependants_270():
    """The dependant has the fourth level, with the trace and the question."""
    [segments] = ask(replace(INQUIRY, dependant=Person("Doe", "Kid", date(2015, 1, 1), "M")))
    tags = [s[0] for s in segments]
    assert [s[3:5] for s in segments if s[0] == "HL"][-1] == ["23", "0"]
    assert tags.index("TRN") > [i for i, s in enumerate(segments) if s[0] == "HL"][-1]
    assert ["NM1", "03", "1", "DOE", "KID"] in segments


def test_identifiers_are_not_guessed():
    """Without a member id nothing is asked."""
    with pytest.raises(UnwritableValue, match="member id"):
        ask(replace(INQUIRY, member_id=""))


HEAD = [
    "BHT*0022*11*T-1*20260301*0801",
    "HL*1**20*1",
    "NM1*PR*2*AETNA*****PI*60054",
    "HL*2*1*21*1",
    "NM1*1P*2*RIVERSIDE*****XX*1234567893",
    "HL*3*2*22*0",
    "TRN*2*T-1*1123456789",
    "NM1*IL*1*DOE*JANE****MI*W1",
]


def test_benefits_are_read():
    """Active plan, copay, deductible left, coinsurance, another payer: with types, network, dates and messages."""
    [answer] = answers(
        *HEAD,
        "DTP*346*RD8*20260101-20261231",
        "EB*1**30*HM*GOLD",
        "EB*B*IND*98^UC*HM*GOLD*27*30*****Y",
        "MSG*PRIMARY CARE ONLY",
        "EB*C*IND*30*HM*GOLD*29*412.5*****Y",
        "EB*A*IND*98**GOLD*27**.2****W",
        "EB*R**30",
        "DTP*346*D8*20260101",
        "LS*2120",
        "NM1*PR*2*MEDICARE*****PI*MEDB1",
        "LE*2120",
    )
    active, copay, deductible, coinsurance, other = answer.benefits
    assert (answer.trace, answer.member_id, answer.plan_starts, answer.plan_ends) == (
        "T-1",
        "W1",
        date(2026, 1, 1),
        date(2026, 12, 31),
    )
    assert active.information == Information.ACTIVE
    assert (copay.service_types, copay.amount_minor, copay.in_network, copay.messages) == (
        ("98", "UC"),
        3000,
        "Y",
        ("PRIMARY CARE ONLY",),
    )
    assert (deductible.period, deductible.amount_minor) == ("29", 41250)
    assert coinsurance.fraction == Decimal("0.2")
    assert (other.related_name, other.related_id, other.starts) == ("MEDICARE", "MEDB1", date(2026, 1, 1))


def test_refusals_are_read_at_every_level():
    """A refusal of the person, and one above the person, both reach the answer."""
    [person] = answers(*HEAD, "AAA*N**72*C")
    assert [(r.level, r.reason, r.follow_up) for r in person.rejections] == [("22", "72", "C")]
    [above] = answers(*HEAD[:3], "AAA*Y**42*R")
    assert [(r.level, r.reason, r.follow_up) for r in above.rejections] == [("20", "42", "R")]
