"""Codes are found by their beginning and by their words, the nearest first, in no time."""

from __future__ import annotations

from datetime import date
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.diagnoses import billable_diagnoses
from billing.adapters.diagnosis_catalogue import DiagnosisCatalogue
from billing.domain.code_files import read_codes
from billing.domain.code_index import WORD, CodeEntry, CodeIndex

TODAY = date(2026, 5, 1)
# What a search may take (issue 5: ten milliseconds), of this process's own time.
TEN_MILLISECONDS = 0.010


@pytest.fixture(scope="module")
def icd() -> DiagnosisCatalogue:
    """ICD-10-CM as the package carries it."""
    return DiagnosisCatalogue(billable_diagnoses())


def codes(found: list[CodeEntry]) -> list[str]:
    """Only their codes."""
    return [one.code for one in found]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("I10", "I10"),
        ("e11.9", "E119"),
        ("E119", "E119"),
        ("S52.501A", "S52501A"),
        ("portal hypertension", "K766"),
        ("hypertension portal", "K766"),
        ("low back pain unspec", "M5450"),
        ("high blood pressure", "I10"),
    ],
)
def test_a_diagnosis_is_found_by_code_or_words(icd: DiagnosisCatalogue, text: str, first: str) -> None:
    """With or without its dot, in any order of words, by the beginning of one, by what the tabular list includes in it."""
    assert codes(icd.search(text, TODAY, 20))[0] == first


def test_codes_of_seven_places_have_words(icd: DiagnosisCatalogue) -> None:
    """The category's words with what the seventh character means; every billable code has words."""
    entry = icd.entry("S52501A")
    assert entry is not None
    assert entry.words.startswith("Unspecified fracture of the lower end of right radius, initial encounter")
    assert all(icd.entry(code) for code in billable_diagnoses())


def test_only_billable_codes_are_found_in_their_order(icd: DiagnosisCatalogue) -> None:
    """A heading is not found; what begins with it is, in the order of the codes."""
    found = codes(icd.search("E11", TODAY, 50))
    assert "E11" not in found
    assert found == sorted(found)
    assert all(code.startswith("E11") for code in found)


@pytest.mark.parametrize(
    "text", ["a", "of", "fra", "dis", "fracture radius", "type 2 diab", "initial encounter", "z", "s5"]
)
def test_a_search_takes_no_more_than_ten_milliseconds(icd: DiagnosisCatalogue, text: str) -> None:
    """Also for words that tens of thousands of codes have; the best of ten, so that only the search is measured."""
    icd.search("warm", TODAY, 1)
    taken = []
    for _ in range(10):
        before = process_time()
        assert len(icd.search(text, TODAY, 20)) == 20
        taken.append(process_time() - before)
    assert min(taken) <= TEN_MILLISECONDS


WORDS = st.lists(st.sampled_from(["knee", "pain", "left", "right", "knees", "ache", "of", "a"]), min_size=1, max_size=4)


@given(st.lists(WORDS, min_size=1, max_size=12), WORDS, st.integers(1, 5))
def test_what_is_found_is_what_going_through_all_finds(lists: list[list[str]], asked: list[str], limit: int) -> None:
    """The same codes as a plain loop over all of them, ranked by exact words, first word, length, code."""
    entries = [CodeEntry(f"{number:05d}", " ".join(words)) for number, words in enumerate(lists)]
    wanted = list(dict.fromkeys(asked))

    def rank(entry: CodeEntry) -> tuple[bool, bool, int, str]:
        words = WORD.findall(entry.words)
        exact = set(wanted) <= set(words)
        begins = words[0] == wanted[0] if exact else words[0].startswith(wanted[0])
        return not exact, not begins, len(entry.words), entry.code

    fitting = [e for e in entries if all(any(one.startswith(w) for one in e.words.split()) for w in wanted)]
    assert codes(CodeIndex(entries).search(" ".join(asked), TODAY, limit)) == codes(sorted(fitting, key=rank)[:limit])


def test_a_code_holds_on_its_days_only() -> None:
    """One that ended yesterday, or begins tomorrow, is not found."""
    index = CodeIndex(
        [
            CodeEntry("99211", "visit", end=date(2026, 4, 30)),
            CodeEntry("99212", "visit", start=date(2026, 5, 2)),
            CodeEntry("99213", "visit", start=TODAY, end=TODAY),
        ]
    )
    assert codes(index.search("visit", TODAY, 5)) == ["99213"]
    assert codes(index.search("9921", TODAY, 5)) == ["99213"]


def test_a_list_is_read_as_cms_gives_it_out() -> None:
    """Its column names, its dates without dashes, the long description before the short one; rows that cannot be used are told."""
    data = (
        b"HCPC,LONG DESCRIPTION,SHORT DESCRIPTION,ADD DT,TERM DT\n"
        b'G0008,"Administration of influenza  virus vaccine",Admin influenza,19940101,\n'
        b"G9,short,short,,\nA0021,Ambulance,Amb,20200101,20190101\nG0009,Pneumonia,x,soon,\nG0008,again,x,,\n"
    )
    file = read_codes(data)
    [kept] = file.codes
    assert (kept.code, kept.words) == ("G0008", "Administration of influenza virus vaccine")
    assert (kept.start, kept.end) == (date(1994, 1, 1), None)
    assert [(bad.line, bad.problem) for bad in file.bad] == [
        (3, "G9 is not a CPT or HCPCS code"),
        (4, "A0021 ends before it begins"),
        (5, "soon is not a date"),
        (6, "G0008 is there more than once"),
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    """Whatever a file holds, it has codes or bad rows."""
    file = read_codes(data)
    assert file.codes or file.bad
