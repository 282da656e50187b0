"""NCCI: CMS's files are read as they are published, and claims are asked what their tables say."""

import io
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.coding_edits import Adjudication, CodingEdits, Limit, Pair, TableKind
from billing.domain.coding_tables import NotATable, read_table
from billing.domain.scrub import Severity, scrub
from billing.domain.scrub_edits import EDITS
from billing.domain.x12.professional_claim import ProfessionalClaim, ServiceLine
from tests.billing.domain.test_scrub import AROUND
from tests.billing.domain.x12.test_professional_claim import PRIMARY, line

# In CMS's layout, with codes and edits of our own.
PTP = (
    "CPT only copyright 2025 American Medical Association.  All rights reserved.\r\n"
    "Column 1\tColumn 2\t*=in existence prior to 1996\tEffective Date\tDeletion Date *=no data\tModifier\tPTP Edit Rationale\r\n"
    "99213\t36415\t\t20250101\t*\t1\tMisuse of column two code with column one code\r\n"
    "99213\t94010\t*\t20100101\t20250930\t0\tStandards of medical practice\r\n"
    "99213\t81002\t\t20100101\t20150101\t0\tLong gone\r\n"
    "99214\t36415\t\t20250101\t*\t9\tNever applied\r\n"
)
MUE = (
    '"CPT codes are copyright of the AMA"\n'
    "HCPCS/CPT Code,Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n"
    "94640,1,1 Line Edit,Nature of service\n"
    "G0463,0,2 Date of Service Edit: Policy,CMS policy\n"
    "J1885,8,3 Date of Service Edit: Clinical,Prescribing information\n"
)
SINCE = date(2023, 3, 3)
DAY = date(2026, 3, 3)
BLOOD = Pair("99213", "36415", date(2025, 1, 1), None, modifier_allowed=True)


def zipped(**members: str) -> bytes:
    """A ZIP of texts by name."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return made.getvalue()


@pytest.mark.parametrize(
    "data", [PTP.encode(), PTP.encode("latin-1"), zipped(**{"ccipra.txt": PTP, "ccipra.xlsx": "-"})]
)
def test_pairs_are_read_as_cms_publishes_them(data: bytes) -> None:
    """Text or ZIP, copyright and headings before it; what ended long ago or was never applied is left out and counted."""
    table = read_table(TableKind.PTP, data, since=SINCE)
    assert table.pairs == (
        BLOOD,
        Pair("99213", "94010", date(2010, 1, 1), date(2025, 9, 30), modifier_allowed=False),
    )
    assert table.left_out == 2


def test_limits_are_read_as_cms_publishes_them() -> None:
    """The number and the digit that begins the indicator's words."""
    assert read_table(TableKind.MUE, MUE.encode(), since=SINCE).limits == (
        Limit("94640", 1, Adjudication.LINE),
        Limit("G0463", 0, Adjudication.DAY_POLICY),
        Limit("J1885", 8, Adjudication.DAY_CLINICAL),
    )


def test_every_bad_line_is_named() -> None:
    """One refusal lists all bad lines with their numbers, and nothing is read."""
    bad = (
        PTP
        + "99215\tX\t\t20250101\t*\t1\tr\r\n99215\t36415\t\t2025\t*\t1\tr\r\n99215\t36415\t\t20250101\t*\t7\tr\r\n99215\r\n"
    )
    with pytest.raises(NotATable) as refused:
        read_table(TableKind.PTP, bad.encode(), since=SINCE)
    assert refused.value.problems == [
        "line 7: X is not a CPT or HCPCS code",
        "line 8: 2025 is not a day (YYYYMMDD)",
        "line 9: 7 is not a modifier indicator (0, 1 or 9)",
        "line 10: has 1 columns; six are needed",
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"nothing of the kind", "there is no row of such a table"),
        (b"PK\x03\x04 torn", "the ZIP cannot be read"),
        (zipped(**{"a.txt": PTP, "b.csv": MUE}), "the ZIP holds 2 texts"),
        ((MUE + "94640,2,1 Line Edit,x\n").encode(), "line 6: 94640 is there twice, and differently"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, problem: str) -> None:
    """Other files, torn archives and contradictions are refused with their reason."""
    with pytest.raises(NotATable, match=problem[:20]):
        read_table(TableKind.MUE, data, since=SINCE)


@given(st.binary(max_size=400), st.sampled_from(TableKind))
def test_any_bytes_are_read_or_refused(data: bytes, kind: TableKind) -> None:
    """No file, however broken, ends in anything but a table or a refusal with reasons."""
    try:
        assert read_table(kind, data, since=SINCE).rows >= 0
    except NotATable as refused:
        assert refused.problems


def service(
    number: int, procedure: str, units: int = 1, modifiers: tuple[str, ...] = (), day: date = DAY
) -> ServiceLine:
    """One line of the claim."""
    return replace(
        line(number, 100, service_from=day, service_to=day),
        procedure=procedure,
        units=Decimal(units),
        modifiers=modifiers,
    )


def said(coding: CodingEdits, *lines: ServiceLine) -> list[tuple[str, str, Severity]]:
    """What the NCCI edits find on a claim of these lines."""
    claim: ProfessionalClaim = replace(PRIMARY, lines=lines)
    found = scrub(claim, replace(AROUND, coding=coding), EDITS)
    return [(f.edit_id, f.field, f.severity) for f in found if f.edit_id in ("NCCI", "MUE", "MUE-RECORDS")]


def test_a_pair_of_one_day_needs_a_modifier() -> None:
    """The second service is held unless a modifier on either line says why it is due, or it was on another day."""
    coding = CodingEdits(pairs=(BLOOD,))
    visit = service(1, "99213")
    held = [("NCCI", "lines[LN2].modifiers", Severity.HOLD)]
    assert said(coding, visit, service(2, "36415")) == held
    assert said(coding, visit, service(2, "36415", modifiers=("GT",))) == held
    assert said(coding, visit, service(2, "36415", modifiers=("59",))) == []
    assert said(coding, service(1, "99213", modifiers=("25",)), service(2, "36415")) == []
    assert said(coding, visit, service(2, "36415", day=date(2026, 3, 2))) == []


def test_some_pairs_no_modifier_mends() -> None:
    """Where CMS allows no modifier the pair is held with any, while it is in force."""
    never = Pair("99213", "94010", date(2010, 1, 1), DAY, modifier_allowed=False)
    lines = (service(1, "99213"), service(2, "94010", modifiers=("59",)))
    assert said(CodingEdits(pairs=(never,)), *lines) == [("NCCI", "lines[LN2].procedure", Severity.HOLD)]
    assert said(CodingEdits(pairs=(replace(never, last=date(2026, 3, 2)),)), *lines) == []


def test_units_are_counted_by_line_or_by_day() -> None:
    """A line edit looks at each line, a day's edit at their sum; clinical ones warn, the others hold."""
    by_line = CodingEdits(limits={"94640": Limit("94640", 1, Adjudication.LINE)})
    assert said(by_line, service(1, "94640"), service(2, "94640", modifiers=("76",))) == []
    assert said(by_line, service(1, "94640", 2)) == [("MUE", "lines[LN1].units", Severity.HOLD)]
    by_day = CodingEdits(limits={"94640": Limit("94640", 1, Adjudication.DAY_POLICY)})
    assert said(by_day, service(1, "94640"), service(2, "94640", modifiers=("76",))) == [
        ("MUE", "lines[LN2].units", Severity.HOLD)
    ]
    clinical = CodingEdits(limits={"J1885": Limit("J1885", 8, Adjudication.DAY_CLINICAL)})
    assert said(clinical, service(1, "J1885", 12)) == [("MUE-RECORDS", "lines[LN1].units", Severity.WARNING)]
