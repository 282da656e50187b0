"""Price lists as files: what people have is read, and every row that cannot be used is given back to be mended."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.fee_files import read_fees
from chassis.csv_files import error_file


@pytest.mark.parametrize(
    "data",
    [
        b"Procedure,Modifier,Amount\r\n99213,,160\r\n93000,26,1250.5\r\n",
        b"\xef\xbb\xbfcpt;mod;fee\n99213;;$160.00\n93000;26;$1,250.50\n",
        b'HCPCS\tdescription\tmodifier\tallowed\n99213\tvisit\t\t160\n\n93000\tcaf\xe9\t26\t"1,250.50"\n',
    ],
    ids=["comma", "semicolon and byte order mark", "tab and Latin-1"],
)
def test_lists_are_read_as_people_have_them(data: bytes) -> None:
    """Separators, headings, currency signs and empty lines as they come; amounts become cents."""
    file = read_fees(data)
    assert file.bad == ()
    assert file.prices == (("99213", "", 16_000), ("93000", "26", 125_050))


def test_every_bad_row_is_given_back() -> None:
    """Each with its line and reason, in a file with the same columns; the good rows are read."""
    file = read_fees(
        b"code,fee,note\n99213,160,\nvisit,1,=HYPERLINK()\n99214,free,\n99213,170,\n99215,-5,\n99212,1.005,\n"
    )
    assert file.prices == (("99213", "", 16_000),)
    assert [(row.line, row.problem) for row in file.bad] == [
        (3, "VISIT is not a CPT or HCPCS code"),
        (4, "FREE is not an amount in dollars"),
        (5, "99213 is there more than once"),
        (6, "-5 is not an amount in dollars"),
        (7, "1.005 is not an amount in dollars"),
    ]
    rows = list(csv.reader(io.StringIO(error_file(file.heading, file.bad))))
    assert rows[0] == ["code", "fee", "note", "line", "problem"]
    assert rows[1] == ["visit", "1", "'=HYPERLINK()", "3", "VISIT is not a CPT or HCPCS code"]
    assert len(rows) == 6


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"99213,160\n", "the heading names no column for the procedure and the amount"),
        (b"code,fee,charge\n99213,1,2\n", "the heading has more than one column for the amount"),
        (b"code,fee\n", "there is no price in the file"),
    ],
)
def test_a_file_without_its_heading_or_prices_is_told_so(data: bytes, problem: str) -> None:
    """Nothing is guessed from the columns' places."""
    assert [row.problem for row in read_fees(data).bad] == [problem]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_to_their_end(data: bytes) -> None:
    """Whatever comes, the answer is prices and bad rows."""
    file = read_fees(b"code,fee\n" + data)
    assert all(amount >= 0 for _, _, amount in file.prices)
    assert error_file(file.heading, file.bad).startswith("code,fee,line,problem")
