"""Amounts, quantities, dates and text."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.x12.elements import amount, ccyymmdd, cents, d8, period, plain_text, quantity, quantity_text


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_cents_survive_the_round_trip(minor: int):
    """What is written as an amount is read back to the cent."""
    assert cents(amount(minor)) == minor


@given(st.decimals(min_value=-(10**10), max_value=10**10, places=2, allow_nan=False))
def test_cents_agree_with_decimal_arithmetic(value: Decimal):
    """Reading agrees with exact decimal arithmetic."""
    assert cents(f"{value:f}") == int(value * 100)


@pytest.mark.parametrize(
    ("text", "minor"), [("", 0), ("100", 10000), ("100.5", 10050), (".5", 50), ("-.05", -5), ("7.", 700)]
)
def test_amounts_as_x12_writes_them(text: str, minor: int):
    """'100' is '100.00'; leading and trailing zeros may be left out."""
    assert cents(text) == minor


@pytest.mark.parametrize("text", ["1,000", "1.005", "1e3", "abc", "-", ".", "١", "1 ", "+1", "99999999999999999"])
def test_other_amounts_are_refused(text: str):
    """Thousands separators, fractions of cents, exponents and words are not amounts."""
    with pytest.raises(ValueError, match="not an amount"):
        cents(text)


@given(st.dates())
def test_dates_survive_the_round_trip(day: date):
    """CCYYMMDD there and back."""
    assert ccyymmdd(d8(day)) == day


@pytest.mark.parametrize("text", ["20261301", "2026-1-1", "", "20260230", "2026021", "٢٠٢٦٠١٠١"])
def test_impossible_dates_are_refused(text: str):
    """Only days of the calendar are dates."""
    with pytest.raises(ValueError, match=r"date|month|day|year"):
        ccyymmdd(text)


def test_periods():
    """D8 is one day, RD8 two."""
    assert period("D8", "20260302") == (date(2026, 3, 2), date(2026, 3, 2))
    assert period("RD8", "20260302-20260304") == (date(2026, 3, 2), date(2026, 3, 4))
    with pytest.raises(ValueError, match="RD8"):
        period("TM", "0900")


@pytest.mark.parametrize(("text", "value"), [("1.00", "1"), ("2", "2"), (".5", "0.5"), ("68", "68"), ("100", "100")])
def test_quantities(text: str, value: str):
    """Quantities are plain decimals, written as short as they can be."""
    assert quantity_text(quantity(text)) == value


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Zoë  Núñez-Ø", "ZOE NUNEZ-O"),
        ("O'Brien", "O'BRIEN"),
        ("A*B~C:D^E", "A B C D E"),
        ("李", ""),
        ("Bob\x00\n2", "BOB 2"),
    ],
)
def test_names_are_written_so_that_payers_accept_them(name: str, written: str):
    """Upper case, no accents, no separators, no control characters."""
    assert plain_text(name, 60) == written


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_plain_text_never_holds_a_separator(text: str, longest: int):
    """Whatever comes in, what goes out is short enough and safe to write."""
    written = plain_text(text, longest)
    assert len(written) <= longest
    assert written.isascii()
    assert not set(written) & set("*^:~")
