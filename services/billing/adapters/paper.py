"""What all our documents on paper share: colours, type, how amounts, days, addresses and names are written."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO
from xml.sax.saxutils import escape

import phonenumbers
from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from billing.tables_directory import BillingEntity

INK, SOFT = colors.HexColor("#1c2733"), colors.HexColor("#55636f")
PALE, RULE = colors.HexColor("#eef2f6"), colors.HexColor("#8a97a5")
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9.5, leading=13, textColor=INK)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=8, leading=10.5)
SOFT_SMALL = ParagraphStyle("soft", parent=SMALL, textColor=SOFT)
RIGHT = ParagraphStyle("right", parent=SMALL, alignment=2)
HEAD = ParagraphStyle("head", parent=BODY, fontName="Helvetica-Bold", fontSize=16, leading=20)
SECTION = ParagraphStyle("section", parent=BODY, fontName="Helvetica-Bold", fontSize=10.5, leading=14, spaceBefore=8)
# Letters that are no base letter plus a mark, with what is written where they cannot be.
_LETTERS = str.maketrans(
    {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "ı": "i", "İ": "I", "Ħ": "H", "ħ": "h", "ŋ": "ng", "ĸ": "k"}
)


def dollars(minor: int) -> str:
    """Minor units as people read them: 123456 → $1,234.56, -500 → -$5.00."""
    whole, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}${whole:,}.{cents:02d}"


def readable(day: date) -> str:
    """A day as people read it: March 2, 2026."""
    return f"{day:%B} {day.day}, {day.year}"


def phone(number: str) -> str:
    """A kept number (E.164) as people dial it: +15185550100 → (518) 555-0100; anything else as it is."""
    try:
        parsed = phonenumbers.parse(number, "US")
    except phonenumbers.NumberParseException:
        return number
    style = phonenumbers.PhoneNumberFormat.NATIONAL
    if parsed.country_code != 1:
        style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def printable(text: str) -> str:
    """Text in the letters of the standard fonts (Windows-1252): é stays, ł is l, ễ is ê; what has no like is "?"."""
    return "".join(_nearest(char) for char in unicodedata.normalize("NFC", text))


def _nearest(char: str) -> str:
    if _has(char):
        return char
    if _has(plain := char.translate(_LETTERS)):
        return plain
    # One mark after the other is left out, the outermost first: ễ is ê, ş is s.
    parts = unicodedata.normalize("NFD", char)
    while len(parts) > 1:
        parts = parts[:-1]
        if _has(shorter := unicodedata.normalize("NFC", parts)):
            return shorter
    return "" if unicodedata.combining(char) else "?"


def _has(text: str) -> bool:
    try:
        return bool(text.encode("cp1252"))
    except UnicodeEncodeError:
        return False


def markup(text: str) -> str:
    """Somebody's text inside a Paragraph: printable, with its special characters escaped."""
    return escape(printable(text))


def address_lines(address: Mapping[str, object] | None) -> tuple[str, ...]:
    """A kept address ({lines, city, state, postal_code}) as it is written on a letter."""
    if not address:
        return ()
    lines = address.get("lines") or []
    code = str(address.get("postal_code", ""))
    zip_code = f"{code[:5]}-{code[5:]}" if len(code) == 9 else code
    town = f"{address.get('city', '')}, {address.get('state', '')} {zip_code}".strip(" ,")
    return (*(str(line) for line in lines if line), town) if isinstance(lines, list) else (town,)


def grid(
    rows: Sequence[Sequence[object]],
    widths: Sequence[float],
    money_columns: Sequence[int],
    more: Sequence[tuple[object, ...]] = (),
) -> Table:
    """A table with a heading row that is repeated on every page; money stands at the right. ``more``: further styles."""
    table = Table([list(row) for row in rows], list(widths), repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), "Helvetica", 8),
                ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 8),
                ("BACKGROUND", (0, 0), (-1, 0), PALE),
                ("TEXTCOLOR", (0, 0), (-1, -1), INK),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                *(("ALIGN", (column, 0), (column, -1), "RIGHT") for column in money_columns),
                *more,
            ]
        )
    )
    return table


def paragraph(text: str, style: ParagraphStyle = BODY) -> Paragraph:
    """Somebody's text as a paragraph."""
    return Paragraph(markup(text), style)


def letterhead(name: str, biller: BillingEntity | None, *more: str) -> list[Flowable]:
    """Who writes: the name, the biller's address and telephone, and further lines; empty lines are left out."""
    lines = [*address_lines(biller.address), phone(biller.phone), *more] if biller is not None else []
    return [paragraph(name, HEAD), *(paragraph(line, SMALL) for line in lines if line)]


def pdf_of(story: list[Flowable], *, title: str, author: str, margin: float) -> bytes:
    """Pages of US letter size with the story on them; `margin` in points. The same story gives the same bytes."""
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=LETTER,
        title=printable(title),
        author=printable(author),
        leftMargin=margin,
        rightMargin=margin,
        topMargin=margin,
        bottomMargin=margin,
        invariant=1,
    )
    document.build(story)
    return buffer.getvalue()
