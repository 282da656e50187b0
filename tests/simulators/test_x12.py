"""Reading, writing and checking X12: amounts, separators, envelopes, structure."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from infra.simulators.clearinghouse.acknowledgements import judge
from infra.simulators.x12 import AmountError, Composer, Separators, amount, minor_units, read

from tests.judges.pyx12_judge import judge as pyx12
from tests.simulators.populations import interchange, population

WHEN = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_amounts_come_back_as_they_were(cents: int) -> None:
    """Writing cents as an X12 amount and reading it gives the same cents."""
    assert minor_units(amount(cents)) == cents


@pytest.mark.parametrize(
    ("text", "cents"), [("100", 10_000), ("100.00", 10_000), (".5", 50), ("-3.25", -325), ("7.", 700)]
)
def test_amounts_in_every_allowed_form(text: str, cents: int) -> None:
    """100 = 100.00; a leading zero may be missing."""
    assert minor_units(text) == cents


@pytest.mark.parametrize("text", ["", "1,000", "1.005", "12e2", "NaN", "ten", "+5"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """Separators of thousands, a third decimal, exponents and words are no amounts."""
    with pytest.raises(AmountError):
        minor_units(text)


@given(st.text(max_size=40), st.lists(st.text(max_size=8), max_size=4))
def test_data_never_contains_a_separator(text: str, parts: list[str]) -> None:
    """Whatever the data, a written file has the segments that were written and reads back as one interchange."""
    composer = Composer(Separators("|", ">", "^", "~", ""))
    body = [composer.segment("NTE", "ADD", text), composer.segment("SVC", ("HC", *parts), "1")]
    sets = [composer.transaction("835", "0001", None, body)]
    data = composer.interchange(sender="A", receiver="B", control=7, when=WHEN, groups=[("HP", "005010X221A1", sets)])
    (found,) = read(data)
    (group,) = found.groups
    assert (found.note, group.faults, group.sets[0].faults) == ("000", [], [])
    assert [segment.id for segment in group.sets[0].segments] == ["ST", "NTE", "SVC", "SE"]


def test_several_interchanges_in_a_file_are_all_read() -> None:
    """Each has its own separators; line breaks between segments do not matter."""
    one = interchange(population(2, 1), 1)
    two = interchange(population(2, 2), 2).replace(b"~\n", b"~").replace(b"*", b"|")
    found = read(one + two)
    assert [(each.control, each.note, each.header.separators.element) for each in found] == [
        ("000000001", "000", "*"),
        ("000000002", "000", "|"),
    ]


def test_populations_of_claims_follow_their_guide() -> None:
    """Neither our checks nor pyx12 find a fault in the claims these tests are made of."""
    for seed in (1, 2):
        data = interchange(population(40, seed))
        (verdict,) = judge(read(data)[0].groups[0])
        assert verdict.accepted, verdict.faults
        assert pyx12(data.decode()) == []


def sample_claims() -> list[tuple[str, bool]]:
    """837P files of the sample data with pyx12's recorded verdict; none when POLYCLINIC_SAMPLE_DATA is not set."""
    root = os.environ.get("POLYCLINIC_SAMPLE_DATA")
    if not root:
        return []
    with (Path(root) / "x12" / "pyx12_validation.tsv").open() as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["st"] == "837"]
    return [(row["file"], row["result"] == "OK") for row in rows if row["gs08"].startswith("005010X222")]


if SAMPLES := sample_claims():

    @pytest.mark.parametrize(("file", "valid"), SAMPLES)
    def test_our_structural_checks_agree_with_pyx12_on_the_samples(file: str, valid: bool) -> None:
        """A file that pyx12 takes is taken, one that it refuses is refused."""
        data = (Path(os.environ["POLYCLINIC_SAMPLE_DATA"]) / "x12" / file).read_bytes()
        data = data.replace(b"005010X222A2", b"005010X222A1")
        interchanges = read(data)
        verdicts = [verdict for each in interchanges for group in each.groups for verdict in judge(group)]
        clean = all(each.note == "000" and not any(group.faults for group in each.groups) for each in interchanges)
        assert (clean and all(verdict.accepted for verdict in verdicts)) == valid
