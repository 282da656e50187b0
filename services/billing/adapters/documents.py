"""What patients are handed on paper or as a file: statements and receipts, as PDF (reportlab).

The same data gives the same bytes (`invariant`), so a statement can be proved to be the one that was issued.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from billing.domain.receivables import BUCKETS
from billing.domain.statements import StatementLine
from billing.tables_directory import BillingEntity, Location
from billing.tables_money import Payment, Statement

INK, PALE, RULE = colors.HexColor("#1c2733"), colors.HexColor("#eef2f6"), colors.HexColor("#8a97a5")
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9.5, leading=13, textColor=INK)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=8, leading=10.5)
RIGHT = ParagraphStyle("right", parent=SMALL, alignment=2)
HEAD = ParagraphStyle("head", parent=BODY, fontName="Helvetica-Bold", fontSize=16, leading=20)
SECTION = ParagraphStyle("section", parent=BODY, fontName="Helvetica-Bold", fontSize=10.5, leading=14, spaceBefore=8)
DUE = ParagraphStyle("due", parent=BODY, fontName="Helvetica-Bold", fontSize=13, leading=17)
# Lines of services on the first page and on each later one, so that every page carries its own total.
FIRST_PAGE_LINES, PAGE_LINES = 16, 30


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a document is addressed to: name as written, and the lines of the address."""

    name: str
    lines: tuple[str, ...] = ()


def dollars(minor: int) -> str:
    """Minor units as people read them: 123456 → $1,234.56, -500 → -$5.00."""
    whole, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}${whole:,}.{cents:02d}"


def readable(day: date) -> str:
    """A day as people read it: March 2, 2026."""
    return f"{day:%B} {day.day}, {day.year}"


def address_lines(address: Mapping[str, object] | None) -> tuple[str, ...]:
    """A kept address ({lines, city, state, postal_code}) as it is written on a letter."""
    if not address:
        return ()
    lines = address.get("lines") or []
    code = str(address.get("postal_code", ""))
    zip_code = f"{code[:5]}-{code[5:]}" if len(code) == 9 else code
    town = f"{address.get('city', '')}, {address.get('state', '')} {zip_code}".strip(" ,")
    return (*(str(line) for line in lines if line), town) if isinstance(lines, list) else (town,)


def render_statement(
    statement: Statement, lines: Sequence[StatementLine], addressee: Addressee, biller: BillingEntity | None
) -> bytes:
    """A guarantor's statement: what each service cost, what payers did, what is due, since when, and how to pay."""
    name = biller.name if biller else "Clinic"
    story: list[Flowable] = [_letter_head(name, biller, statement), Spacer(1, 14), *_address(addressee), Spacer(1, 14)]
    story += [
        Paragraph(f"Amount due: {dollars(statement.amount_due_minor)}", DUE),
        Paragraph(f"Please pay by {readable(statement.due_date)}.", BODY),
        Spacer(1, 8),
        Paragraph("Services", SECTION),
    ]
    pages = _pages(lines)
    for number, page in enumerate(pages, start=1):
        story.append(_services(page, number, len(pages)))
        story.append(Spacer(1, 8))
    story += _summary(statement, lines)
    story.append(_aging(statement.aging))
    story += _how_to_pay(statement, name, biller)
    return _document(f"Statement {statement.number}", name, story)


def render_receipt(
    payment: Payment,
    *,
    patient_name: str,
    applied: Sequence[tuple[date, str, int]],
    unapplied_minor: int,
    location: Location | None,
    biller: BillingEntity | None,
    received_on: date,
) -> bytes:
    """A receipt. `applied`: (service date, what, minor units) of each charge the money was used on so far."""
    name = biller.name if biller else "Clinic"
    how = {"cash": "Cash", "check": f"Check no. {payment.check_number}", "card": "Card"}[payment.method]
    place = location.name if location else "Paid online"
    rows = [
        ("Receipt number", payment.receipt_number),
        ("Date", readable(received_on)),
        ("Received from", patient_name),
        ("Place", place),
        ("Method", how),
        ("Amount", dollars(payment.amount_minor)),
    ]
    story: list[Flowable] = [
        Paragraph(escape(name), HEAD),
        Paragraph("Receipt", SECTION),
        Spacer(1, 6),
        Table(
            [[Paragraph(label, SMALL), Paragraph(escape(text), BODY)] for label, text in rows], [1.6 * inch, 5 * inch]
        ),
        Spacer(1, 10),
    ]
    if applied:
        story.append(Paragraph("Used for", SECTION))
        story.append(
            _grid(
                [["Service date", "Service", "Amount"], *([str(d), what, dollars(a)] for d, what, a in applied)],
                [1.3 * inch, 3.9 * inch, 1.4 * inch],
                money_columns=(2,),
            )
        )
    if unapplied_minor:
        story.append(Paragraph(f"Kept for coming charges: {dollars(unapplied_minor)}", BODY))
    return _document(f"Receipt {payment.receipt_number}", name, story)


def _letter_head(name: str, biller: BillingEntity | None, statement: Statement) -> Flowable:
    sender = [Paragraph(escape(name), HEAD)]
    if biller is not None:
        sender += [Paragraph(escape(line), SMALL) for line in address_lines(biller.address)]
        sender.append(Paragraph(escape(f"Tax ID {biller.tax_id}"), SMALL))
    facts = [
        Paragraph("<b>Statement</b>", RIGHT),
        Paragraph(f"Number {escape(statement.number)}", RIGHT),
        Paragraph(f"Date {readable(statement.statement_date)}", RIGHT),
    ]
    if statement.cycle > 1:
        facts.append(Paragraph(f"Notice {statement.cycle} about this balance", RIGHT))
    table = Table([[sender, facts]], [4.4 * inch, 2.6 * inch])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.75, RULE)]))
    return table


def _address(addressee: Addressee) -> list[Flowable]:
    return [Paragraph(escape(line), BODY) for line in (addressee.name, *addressee.lines)]


def _pages(lines: Sequence[StatementLine]) -> list[Sequence[StatementLine]]:
    pages = [lines[:FIRST_PAGE_LINES]]
    rest = lines[FIRST_PAGE_LINES:]
    while rest:
        pages.append(rest[:PAGE_LINES])
        rest = rest[PAGE_LINES:]
    return pages


def _services(lines: Sequence[StatementLine], number: int, of: int) -> Flowable:
    header = [
        "Date",
        "Patient and service",
        "Charge",
        "Insurance\npaid",
        "Adjusted",
        "You paid",
        "With\ninsurance",
        "You owe",
    ]
    rows: list[list[object]] = [list(header)]
    for line in lines:
        what = Paragraph(f"<b>{escape(line.patient_name)}</b><br/>{escape(line.description)}", SMALL)
        amounts = (
            line.charge_minor,
            -line.payer_paid_minor,
            -line.adjustments_minor,
            -line.patient_paid_minor,
            line.with_payer_minor,
            line.due_minor,
        )
        rows.append(
            [f"{line.service_date:%m/%d/%Y}", what, *(dollars(amount) if amount else "–" for amount in amounts)]
        )
    label = "Total" if of == 1 else f"Total of table {number} of {of}"
    rows.append(["", label, *[""] * 5, dollars(sum(line.due_minor for line in lines))])
    widths = [0.75, 2.05, 0.72, 0.74, 0.74, 0.68, 0.74, 0.72]
    return _grid(rows, [width * inch for width in widths], money_columns=range(2, 8), total=True)


def _summary(statement: Statement, lines: Sequence[StatementLine]) -> list[Flowable]:
    total = sum(line.due_minor for line in lines)
    story: list[Flowable] = [Paragraph(f"Balance of these services: {dollars(total)}", BODY)]
    if statement.unapplied_minor:
        story.append(Paragraph(f"Payments not used yet: {dollars(-statement.unapplied_minor)}", BODY))
    story.append(Paragraph(f"<b>Amount due: {dollars(statement.amount_due_minor)}</b>", BODY))
    return story


def _aging(amounts: Sequence[int]) -> Flowable:
    titles = [f"{first}–{last} days" if last else f"over {first - 1} days" for first, last in BUCKETS]
    table = _grid([titles, [dollars(amount) for amount in amounts]], [1.4 * inch] * len(titles), money_columns=range(5))
    table.spaceBefore = 8
    return table


def _how_to_pay(statement: Statement, name: str, biller: BillingEntity | None) -> list[Flowable]:
    pay_to = address_lines((biller.pay_to or biller.address) if biller else None)
    by_mail = f"Make your check payable to {escape(name)}, write {statement.number} on it and mail it to: "
    story: list[Flowable] = [
        Paragraph("How to pay", SECTION),
        Paragraph("<b>By card</b>: sign in to the patient portal and open Bills.", BODY),
        Paragraph(f"<b>By check</b>: {by_mail}{escape(', '.join((name, *pay_to)))}.", BODY),
        Paragraph("<b>At the clinic</b>: cash, check or card at any front desk.", BODY),
    ]
    if biller and biller.phone:
        story.append(Paragraph(f"<b>Questions, or you cannot pay it at once?</b> Call {escape(biller.phone)}.", BODY))
    return story


def _grid(
    rows: Sequence[Sequence[object]], widths: Sequence[float], money_columns: Sequence[int], *, total: bool = False
) -> Table:
    table = Table([list(row) for row in rows], list(widths), repeatRows=1)
    style: list[tuple[object, ...]] = [
        ("FONT", (0, 0), (-1, -1), "Helvetica", 8),
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 8),
        ("BACKGROUND", (0, 0), (-1, 0), PALE),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        *(("ALIGN", (column, 0), (column, -1), "RIGHT") for column in money_columns),
    ]
    if total:
        style.append(("FONT", (0, -1), (-1, -1), "Helvetica-Bold", 8.5))
    table.setStyle(TableStyle(style))
    return table


def _document(title: str, author: str, story: list[Flowable]) -> bytes:
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=LETTER,
        title=title,
        author=author,
        leftMargin=0.68 * inch,
        rightMargin=0.68 * inch,
        topMargin=0.7 * inch,
        bottomMargin=0.8 * inch,
        invariant=1,
    )

    class Numbered(Canvas):
        """Knows how many pages there are before it writes the footers."""

        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, object]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                self.setFont("Helvetica", 8)
                self.setFillColor(RULE)
                self.drawString(0.68 * inch, 0.5 * inch, title)
                self.drawRightString(LETTER[0] - 0.68 * inch, 0.5 * inch, f"Page {number} of {len(self._pages)}")
                super().showPage()
            super().save()

    document.build(story, canvasmaker=Numbered)
    return buffer.getvalue()
