"""The CMS-1500 (02/12): what stands where, read back from the PDF."""

import io
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.adapters.claim_paper import COLUMN, LEFT, LINE, TOP, claim_forms
from billing.domain.cms1500 import LINES_A_PAGE, pages_of
from billing.domain.x12.professional_claim import ProfessionalClaim
from tests.billing.domain.x12.test_professional_claim import CHILD, EVERYTHING, PRIMARY, SECONDARY, line

SIGNED = date(2026, 3, 3)


def read(claim: ProfessionalClaim, *, with_form: bool = False) -> list[dict[tuple[int, int], str]]:
    """Each page's texts by (line, column), as a reader finds them in the PDF."""
    pages = []
    for page in pypdf.PdfReader(io.BytesIO(claim_forms(pages_of(claim, SIGNED), with_form=with_form))).pages:
        found: dict[tuple[int, int], str] = {}

        def keep(text: str, _cm: list, place: list, font: dict, size: float, found: dict = found) -> None:
            if text.strip() and font and "Courier" in font.get("/BaseFont", ""):
                at = round((792 - TOP - place[5]) / LINE), round((place[4] - LEFT) / COLUMN) + 1
                found[at] = found.get(at, "") + text.strip()

        page.extract_text(visitor_text=keep)
        pages.append(found)
    return pages


def test_everything_stands_where_the_form_wants_it():
    """The positions of the NUCC's manual: names, dates, codes, amounts, numbers."""
    [page] = read(EVERYTHING)
    expected = {
        (2, 50): "AETNA",
        (8, 45): "X",
        (8, 50): "W123456789",
        (10, 1): "DOE, JANE, Q",
        (10, 31): "01",
        (10, 37): "1980",
        (10, 47): "X",
        (12, 33): "X",
        (12, 1): "1 ELM ST",
        (22, 35): "X",
        (22, 45): "MA",
        (32, 16): "431",
        (34, 33): "1234567893",
        (37, 42): "0",
        (38, 3): "I10",
        (38, 16): "E119",
        (38, 50): "7",
        (38, 62): "ICN77",
        (40, 50): "AUTH1",
        (44, 25): "99213",
        (44, 33): "25",
        (44, 36): "95",
        (44, 68): "1234567893",
        (45, 1): "N400641036725 ML1",
        (46, 45): "B",
        (48, 19): "12",
        (56, 1): "123456789",
        (56, 19): "X",
        (56, 23): "PC00000002",
        (56, 51): "185 50",
        (61, 51): "1234567893",
        (61, 63): "ZZ261QM1300X",
    }
    assert {place: page.get(place) for place in expected} == expected


@pytest.mark.parametrize("with_form", [False, True])
def test_the_drawn_form_changes_no_place(with_form: bool):
    """What is typed is the same with the form drawn under it."""
    assert read(SECONDARY, with_form=with_form) == read(SECONDARY)


def test_a_child_is_the_patient_and_a_parent_the_insured():
    """Items 2, 3 and 6 are the patient's, 4, 7 and 11a the subscriber's."""
    [page] = read(replace(PRIMARY, patient=CHILD, relationship=""))
    assert (page[10, 1], page[10, 50], page[12, 42]) == ("DOE, KID", "DOE, JANE, Q", "X")


def test_another_plan_is_named_with_what_it_paid():
    """Items 9, 9d, 11d and 29 of a secondary claim."""
    [page] = read(SECONDARY)
    assert (page[18, 1], page[26, 1], page[26, 52], page[56, 62]) == ("DOE, JANE", "MEDICARE", "X", "72 00")


def test_more_than_six_lines_go_on_more_pages_each_with_its_total():
    """Every page is a form of its own; together they charge the claim."""
    claim = replace(PRIMARY, lines=tuple(line(number, 1_000 + number) for number in range(1, 15)))
    pages = read(claim)
    assert len(pages) == 3
    assert sum(int(page[56, 51].replace(" ", "")) for page in pages) == claim.charge_minor


@given(minor=st.lists(st.integers(0, 10**8 - 1), min_size=1, max_size=20), name=st.text(max_size=60))
@settings(max_examples=20, deadline=None)
def test_no_text_runs_into_its_neighbour(minor: list[int], name: str):
    """Whatever people are called and whatever is charged: nothing leaves the form or its own box."""
    claim = replace(
        PRIMARY,
        insured=replace(PRIMARY.insured, last=f"A{name}", first=name),
        lines=tuple(line(number, amount) for number, amount in enumerate(minor, 1)),
    )
    for page in pages_of(claim, SIGNED):
        assert len({one.line for one in page if one.item == "24F"}) <= LINES_A_PAGE
        rows: dict[int, list[tuple[int, int]]] = {}
        for one in page:
            assert 1 <= one.line <= 66
            assert one.column + len(one.text) - 1 <= 79
            rows.setdefault(one.line, []).append((one.column, one.column + len(one.text)))
        for spans in rows.values():
            ordered = sorted(spans)
            assert all(end <= begin for (_, end), (begin, _) in pairwise(ordered))
