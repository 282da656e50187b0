"""Elements: how X12 005010 writes amounts, dates, quantities and text.

Source: X12.6 and appendix B.1 of every 005010 guide (data element types R, N, DT, AN).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

_AMOUNT = re.compile(r"(-?)([0-9]{0,16})(?:\.([0-9]{0,2}))?").fullmatch
_QUANTITY = re.compile(r"-?(?:[0-9]{1,15}(?:\.[0-9]{0,6})?|\.[0-9]{1,6})").fullmatch


def element(segment: list[str], position: int) -> str:
    """The element at `position` (1 = first after the segment id); '' when the segment is shorter."""
    return segment[position] if position < len(segment) else ""


def cents(text: str) -> int:
    """Integer cents of a decimal element ('100', '100.5', '-.25'; '' is 0).

    ValueError for anything else: thousands separators, exponents, more than two decimals.
    """
    if not text:
        return 0
    match = _AMOUNT(text)
    if match is None:
        raise ValueError("not an amount of at most two decimals")
    sign, whole, fraction = match.groups()
    if not whole and not fraction:
        raise ValueError("not an amount of at most two decimals")
    value = int(whole) * 100 if whole else 0
    if fraction:
        value += int(fraction) if len(fraction) == 2 else int(fraction) * 10
    return -value if sign else value


def amount(minor: int) -> str:
    """The shortest X12 text of integer cents: 10000 → '100', 250 → '2.5', -5 → '-.05'."""
    sign = "-" if minor < 0 else ""
    whole, fraction = divmod(abs(minor), 100)
    if not fraction:
        return f"{sign}{whole}"
    decimals = f"{fraction:02d}".rstrip("0")
    return f"{sign}{whole or ''}.{decimals}"


def quantity(text: str) -> Decimal:
    """A quantity (units, days) as a Decimal. ValueError when it is not a plain decimal number."""
    if _QUANTITY(text) is None:
        raise ValueError("not a quantity")
    return Decimal(text)


def quantity_text(value: Decimal | int) -> str:
    """The shortest X12 text of a quantity: Decimal('1.00') → '1'."""
    text = format(Decimal(value).normalize(), "f")
    return text or "0"


def ccyymmdd(text: str) -> date:
    """A D8 date. ValueError when it is not a date of the calendar."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        raise ValueError("not a date CCYYMMDD")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def period(qualifier: str, text: str) -> tuple[date, date]:
    """First and last day of a DTP value: D8 (one day) or RD8 (CCYYMMDD-CCYYMMDD). ValueError otherwise."""
    if qualifier == "RD8":
        first, dash, last = text.partition("-")
        if not dash:
            raise ValueError("not a period CCYYMMDD-CCYYMMDD")
        return ccyymmdd(first), ccyymmdd(last)
    if qualifier == "D8":
        day = ccyymmdd(text)
        return day, day
    raise ValueError(f"date format {qualifier[:3]!r} is not D8 or RD8")


def d8(value: date) -> str:
    """A date as CCYYMMDD."""
    return f"{value.year:04d}{value.month:02d}{value.day:02d}"


# What the extended character set of appendix B allows in data once accents are folded away; lower case is
# turned to upper, because several payers refuse it. Separators are taken out by the writer, which knows them.
_KEEP = re.compile(r"[^A-Z0-9 !\"&'()+,\-./;?=%@\[\]_{}\\<>#$]")
_BLANKS = re.compile(r"\s+")
# Letters of their own that no decomposition turns into plain ones, as passports write them (ICAO 9303, part 3, section 6).
_LETTERS = str.maketrans(
    {
        **dict.fromkeys("Øø", "O"),
        **dict.fromkeys("Ææ", "AE"),
        **dict.fromkeys("Œœ", "OE"),
        **dict.fromkeys("Łł", "L"),
        **dict.fromkeys("ĐđÐð", "D"),
        **dict.fromkeys("Þþ", "TH"),
        **dict.fromkeys("Ħħ", "H"),
        **dict.fromkeys("Ŧŧ", "T"),
        **dict.fromkeys("Ŋŋ", "N"),
        **dict.fromkeys("ßẞ", "SS"),
        "ı": "I",
        "ĸ": "K",
    }
)


def plain_text(value: str, longest: int) -> str:
    """A name or address as payers accept it: upper case, accents folded, foreign characters dropped, cut to `longest`.

    'Zoë  Núñez-Ø' → 'ZOE NUNEZ-O'. Identifiers are never passed through here: they are refused instead of altered.
    """
    folded = unicodedata.normalize("NFKD", value.translate(_LETTERS))
    upper = "".join(c for c in folded if not unicodedata.combining(c)).upper()
    return _BLANKS.sub(" ", _KEEP.sub(" ", upper)).strip()[:longest].rstrip()
