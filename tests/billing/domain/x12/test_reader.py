"""The tokenizer and the envelope."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.x12.envelope import Separators
from billing.domain.x12.errors import InterchangeRefused, SetRefused, UnsupportedVersion
from billing.domain.x12.reader import X12Reader
from tests.billing.domain.x12.texts import envelope, outcomes, remittance, remittance_set

PAID = [
    "CLP*C1*1*150*100*20*12*ICN1*11*1",
    "NM1*QC*1*DOE*JANE****MI*W1",
    "SVC*HC:99214*150*100**1",
    "CAS*CO*45*30",
    "CAS*PR*3*20",
]
FILE = remittance("100", PAID)


def read(data: str | bytes, block_size: int = 65536) -> list[tuple[str, list[list[str]]]]:
    """Every set of a file as (control number, segments)."""
    raw = data.encode() if isinstance(data, str) else data
    return [(t.control, list(t.segments())) for t in X12Reader(io.BytesIO(raw), block_size=block_size).sets()]


def test_reads_segments_between_st_and_se():
    """A set is what stands between ST and SE, each segment split into its elements."""
    [(control, segments)] = read(FILE)
    assert control == "0001"
    assert segments[0][0] == "BPR"
    assert segments[-1] == ["CAS", "PR", "3", "20"]


@given(st.integers(min_value=1, max_value=300))
@settings(max_examples=60, deadline=None)
def test_the_size_of_the_blocks_does_not_matter(block_size: int):
    """The same file gives the same segments however the bytes arrive."""
    assert read(FILE + FILE, block_size) == read(FILE + FILE)


signs = st.tuples(st.permutations(list("|!#$%;<>=@\x1c\x1d\x1e\x1f")), st.booleans()).map(
    lambda drawn: [*drawn[0][:3], "\n" if drawn[1] else drawn[0][3]]
)


@given(signs)
@settings(max_examples=80, deadline=None)
def test_separators_are_taken_from_the_isa(four: list[str]):
    """Any four different signs separate, as the ISA says."""
    changed = FILE.replace("\n", "").translate(str.maketrans("*^:~", "".join(four)))
    reader = X12Reader(io.BytesIO(changed.encode()))
    [transaction] = reader.sets()
    assert transaction.interchange.separators == Separators(*four)
    reader = X12Reader(io.BytesIO(changed.encode()))
    for transaction in reader.sets():
        segments = list(transaction.segments())
    assert [s[0] for s in segments] == [s[0] for s in read(FILE)[0][1]]


@pytest.mark.parametrize(
    "changed",
    [FILE.replace("\n", ""), FILE.replace("\n", "\r\n"), FILE.replace("\n", "\n   "), "\ufeff\n " + FILE + "\n\x1a"],
)
def test_line_ends_indentation_and_padding_are_not_data(changed: str):
    """Files with other line ends, indentation, a byte order mark or Ctrl-Z read the same."""
    assert read(changed) == read(FILE)


def test_a_file_wrapped_at_80_columns_reads_the_same():
    """Some payers break lines every 80 characters, in the middle of segments."""
    flat = FILE.replace("\n", "")
    wrapped = "\n".join(flat[at : at + 80] for at in range(0, len(flat), 80))
    assert read(wrapped) == read(FILE)


def test_several_interchanges_with_different_separators():
    """Each interchange of a file has its own separators."""
    other = remittance("100", PAID, control=2).replace("\n", "").translate(str.maketrans("*^:~", "|!>\n"))
    sets = read(FILE + "\n" + other + FILE.replace("\n", ""))
    assert [segments[0][:3] for _, segments in sets] == [["BPR", "I", "100"]] * 3


def test_the_hash_of_a_set_does_not_depend_on_the_file_around_it():
    """The same set with other control numbers and separators has the same hash; other content has another."""

    def hashes(data: str) -> list[str]:
        found = []
        for transaction in X12Reader(io.BytesIO(data.encode())).sets():
            list(transaction.segments())
            found.append(transaction.content_hash)
        return found

    again = remittance("100", PAID, control=77).replace("\n", "").translate(str.maketrans("*^:~", "|!>\n"))
    assert hashes(FILE) == hashes(again)
    assert hashes(FILE) != hashes(remittance("100", PAID, trace="EFT2"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "the file is empty"),
        ("   \n", "the file is empty"),
        ("hello", "does not begin with an ISA"),
        ("ISA*00*", "inside its ISA|sixteen elements"),
        (FILE[:400], "ends before the IEA"),
        (FILE.replace("IEA*1*000000001~", ""), "ends before the IEA|ends inside"),
        (FILE.replace("IEA*1*000000001", "IEA*1*000000002"), "IEA02"),
        (FILE.replace("IEA*1", "IEA*2"), "IEA01"),
        (FILE.replace("GE*1*1", "GE*2*1"), "GE01"),
        (FILE.replace("GE*1*1", "GE*1*9"), "GE02"),
        (FILE.replace("*00501*", "*00401*"), "version '00401' is not read"),
        (FILE.replace("GS*HP", "XX*HP"), "outside of a group"),
        (FILE.replace("*^*00501", "*:*00501"), "not four different signs"),
        (FILE.replace("~", "A"), "not four different signs"),
        (FILE.replace("N1*PR*", "N1*PR*\x00"), "NUL bytes"),
    ],
)
def test_a_broken_envelope_is_refused_with_its_reason(data: str, reason: str):
    """Whatever is wrong with the envelope is said, with a place."""
    with pytest.raises(InterchangeRefused) as refused:
        read(data)
    assert re.search(reason, refused.value.reason)
    assert refused.value.place is not None


def test_a_broken_set_does_not_take_the_others_with_it():
    """A set whose SE disagrees is refused; the next one is read."""
    sets = [("835", remittance_set("100", PAID)), ("835", remittance_set("100", PAID, trace="EFT2"))]
    data = envelope("HP", "005010X221A1", sets, st03=False).replace("SE*17*0001", "SE*16*0001")
    first, second = outcomes(data.encode(), lambda transaction: len(list(transaction.segments())))
    assert isinstance(first, SetRefused)
    assert first.reason == "SE01 says 16 segments, there are 17"
    assert second == 15


def test_a_set_without_its_trailer_is_refused():
    """A missing SE is found when the group ends, and the group goes on."""
    reader = X12Reader(io.BytesIO(FILE.replace("SE*17*0001~\n", "").encode()))
    for transaction in reader.sets():
        with pytest.raises(SetRefused, match="no SE segment"):
            list(transaction.segments())


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("004010X091A1", "004010 ended"),
        ("005010X223A2", "institutional"),
        ("005010X224A2", "dental"),
        ("006020X001", "is not read"),
    ],
)
def test_other_versions_are_refused_clearly(version: str, reason: str):
    """A version that is not read is refused by name."""
    data = envelope("HP", version, [("835", remittance_set("100", PAID))], st03=False)
    for transaction in X12Reader(io.BytesIO(data.encode())).sets():
        with pytest.raises(UnsupportedVersion, match=reason):
            transaction.require("835")


def test_errors_say_the_segment_and_its_byte():
    """The place of an error is the segment's number in the file and the offset of its first byte."""
    data = FILE.replace("SE*17*0001", "SE*17*0002")
    for transaction in X12Reader(io.BytesIO(data.encode())).sets():
        with pytest.raises(SetRefused) as refused:
            list(transaction.segments())
    place = refused.value.place
    assert place is not None
    assert (place.segment, place.byte, place.segment_id, place.element) == (19, data.index("SE*17"), "SE", 2)


def test_ta1_segments_are_collected():
    """An interchange acknowledgement stands outside of groups."""
    lines = [FILE.split("\n")[0], "TA1*000000905*260302*0900*R*006~", "IEA*0*000000001~"]
    reader = X12Reader(io.BytesIO("\n".join(lines).encode()))
    assert list(reader.sets()) == []
    [ta1] = reader.acknowledgements
    assert (ta1.control, ta1.status, ta1.note, ta1.rejected) == ("000000905", "R", "006", True)


def test_text_in_latin_1_is_read_and_said():
    """Old senders write accents in Latin-1; money is not touched by it."""
    reader = X12Reader(io.BytesIO(FILE.replace("JANE", "JOSÉ").encode("latin-1")))
    for transaction in reader.sets():
        assert ["NM1", "QC", "1", "DOE", "JOSÉ", "", "", "", "MI", "W1"] in list(transaction.segments())
    assert any("Latin-1" in oddity for oddity in reader.oddities)


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes):
    """Any bytes are read or refused; nothing else is raised."""
    found = outcomes(FILE.encode()[:260] + data, lambda transaction: list(transaction.segments()))
    assert all(isinstance(one, list) or one.reason for one in found)
