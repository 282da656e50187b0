"""A guarantor's statement as PDF, made to be folded twice into a #10 window envelope, with a slip to send back.

The window shows a part of the area down to 5.3 inches from the left and 2.0 to 3.2 inches from the top, as the sheet slides:
nothing but the addressee may stand there. The slip is the lowest part of the first page.
The same data gives the same bytes (`invariant`), so a statement can be proved to be the one that was issued.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    NextPageTemplate,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from billing.adapters.paper import (
    BODY,
    INK,
    PALE,
    RULE,
    SECTION,
    SMALL,
    SOFT,
    SOFT_SMALL,
    address_lines,
    dollars,
    grid,
    markup,
    phone,
    printable,
    readable,
)
from billing.domain.receivables import BUCKETS
from billing.domain.statements import LAST_CYCLE, StatementLine
from billing.tables_directory import BillingEntity
from billing.tables_money import Statement

WIDTH, HEIGHT = LETTER
LEFT, RIGHT_EDGE = 0.6 * inch, WIDTH - 0.6 * inch
WINDOW_LEFT, WINDOW_TOP = 0.95 * inch, HEIGHT - 2.25 * inch
STORY_TOP, SLIP_TOP = HEIGHT - 3.7 * inch, 2.4 * inch
HEADINGS = ("Service", "Charge", "Insurance\npaid", "Adjusted", "You paid", "Still with\ninsurance", "You owe")
WIDTHS = tuple(width * inch for width in (2.5, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8))
REASON = ParagraphStyle("reason", parent=SOFT_SMALL, fontSize=7, leading=8.5)
SHARES = {"deductible": "deductible", "coinsurance": "coinsurance", "copay": "copay", "non_covered": "not covered"}
NOTICES = {
    2: "This balance was due before; please pay it now, or call us if something is not right.",
    3: "Third notice: this balance is overdue. Please pay it now, or call us to agree how.",
    LAST_CYCLE: "Last notice about this balance. Please pay it now, or call us to agree how, before we decide what to do next.",
}


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a document is addressed to: name as written, and the lines of the address."""

    name: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that stands on a statement. ``pay_url``: where it can be paid online; "" when it cannot."""

    statement: Statement
    lines: Sequence[StatementLine]
    addressee: Addressee
    biller: BillingEntity | None
    pay_url: str = ""

    @property
    def sender(self) -> str:
        """The clinic's name."""
        return self.biller.name if self.biller else "Clinic"


def render_statement(sheet: Sheet) -> bytes:
    """The PDF: what each visit cost, what payers did, what is due, since when, and how to pay."""
    statement = sheet.statement
    story: list[Flowable] = [NextPageTemplate("later")]
    if notice := NOTICES.get(min(statement.cycle, LAST_CYCLE)):
        story += [Paragraph(f"<b>{notice}</b>", BODY), Spacer(1, 6)]
    story += [_services(sheet.lines), Spacer(1, 8), _aging(statement.aging), KeepTogether(list(_how_to_pay(sheet)))]
    buffer = BytesIO()
    document = BaseDocTemplate(
        buffer, pagesize=LETTER, title=f"Statement {statement.number}", author=printable(sheet.sender), invariant=1
    )
    no_padding = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
    width = RIGHT_EDGE - LEFT
    first = Frame(LEFT, SLIP_TOP + 8, width, STORY_TOP - SLIP_TOP - 8, **no_padding)
    later = Frame(LEFT, 0.6 * inch, width, HEIGHT - 1.5 * inch, **no_padding)
    document.addPageTemplates(
        [
            PageTemplate("first", [first], onPage=lambda canvas, _: _first_page(canvas, sheet)),
            PageTemplate("later", [later], onPage=lambda canvas, _: _later_page(canvas, sheet)),
        ]
    )
    document.build(story, canvasmaker=NumberedPages)
    return buffer.getvalue()


class NumberedPages(Canvas):
    """Knows how many pages there are before it writes their numbers."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._kept: list[dict[str, object]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._kept, start=1):
            self.__dict__.update(page)
            self.setFont("Helvetica", 8)
            self.setFillColor(SOFT)
            self.drawRightString(RIGHT_EDGE, HEIGHT - 0.42 * inch, f"Page {number} of {len(self._kept)}")
            super().showPage()
        super().save()


def _services(lines: Sequence[StatementLine]) -> Flowable:
    """One block a visit: whose, when, where, with whom; a line for each service; the totals at the end."""
    rows: list[list[object]] = [list(HEADINGS)]
    more: list[tuple[object, ...]] = []
    for visit, services in groupby(
        lines, key=lambda line: (line.patient_name, line.service_date, line.place, line.practitioner)
    ):
        name, day, place, practitioner = visit
        where = ", ".join(part for part in (place, practitioner) if part)
        text = f"<b>{readable(day)} · {markup(name)}</b>" + (f" · {markup(where)}" if where else "")
        more += [
            ("SPAN", (0, len(rows)), (-1, len(rows))),
            ("LINEBELOW", (0, len(rows)), (-1, len(rows)), 0, colors.white),
        ]
        # A visit's heading is never the last thing on a page.
        more.append(("NOSPLIT", (0, len(rows)), (-1, len(rows) + 1)))
        rows.append([Paragraph(text, SMALL), *[""] * 6])
        rows.extend([_service(line), *map(_amount, _amounts(line))] for line in services)
    sums = [sum(column) for column in zip(*(_amounts(line) for line in lines), strict=True)] or [0] * 6
    more += [
        ("FONT", (0, len(rows)), (-1, len(rows)), "Helvetica-Bold", 8.5),
        ("LINEABOVE", (0, len(rows)), (-1, len(rows)), 0.9, INK),
    ]
    more += [("BOTTOMPADDING", (0, 1), (-1, -1), 2.5), ("TOPPADDING", (0, 1), (-1, -1), 2.5)]
    rows.append(["Total", *map(_amount, sums)])
    return grid(rows, WIDTHS, money_columns=range(1, 7), more=more)


def _service(line: StatementLine) -> list[Flowable] | str:
    """What was done, and what the plan has left to the patient of it."""
    what = line.service or line.description
    if not line.shares:
        return printable(what)
    reasons = ", ".join(f"{SHARES.get(share, 'your part')} {dollars(minor)}" for share, minor in line.shares)
    return [Paragraph(markup(what), SMALL), Paragraph(f"Your plan: {reasons}", REASON)]


def _amounts(line: StatementLine) -> tuple[int, ...]:
    """Charge, less what payers paid, less what was adjusted, less what the patient paid, less what payers still owe = due."""
    return (
        line.charge_minor,
        -line.payer_paid_minor,
        -line.adjustments_minor,
        -line.patient_paid_minor,
        -line.with_payer_minor,
        line.due_minor,
    )


def _amount(minor: int) -> str:
    return dollars(minor) if minor else "–"


def _aging(amounts: Sequence[int]) -> Flowable:
    titles = [f"{first}–{last} days" if last else f"over {first - 1} days" for first, last in BUCKETS]
    rows = [["Owed for", *titles], ["", *map(_amount, amounts)]]
    return grid(rows, [1.3 * inch, *[1.2 * inch] * len(titles)], money_columns=range(1, 6))


def _how_to_pay(sheet: Sheet) -> Iterator[Flowable]:
    ways = [
        "<b>By mail</b>: send your check with the slip at the foot of the first page.",
        "<b>At the clinic</b>: cash, check or card at any front desk.",
    ]
    if sheet.pay_url:
        ways.insert(0, f"<b>Online</b>: {markup(sheet.pay_url)}, or scan the code.")
    biller = sheet.biller
    if biller and (biller.phone or biller.email):
        asked = [f"call {phone(biller.phone)}"] * bool(biller.phone) + [f"write to {biller.email}"] * bool(biller.email)
        ways.append(f"<b>Questions, or you cannot pay it at once?</b> Please {markup(' or '.join(asked))}.")
    text: list[Flowable] = [Paragraph("How to pay", SECTION), *(Paragraph(way, BODY) for way in ways)]
    if sheet.pay_url:
        # Not beside the addressee: nothing else may show in the envelope's window.
        table = Table([[text, _code(sheet.pay_url, 0.85 * inch)]], [RIGHT_EDGE - LEFT - inch, inch])
        table.setStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
                ("ALIGN", (1, 0), (1, 0), "RIGHT"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ]
        )
        yield table
    else:
        yield from text
    yield Spacer(1, 3)
    yield Paragraph(
        "“Adjusted” is what your plan's contract or we took off the charge. “Still with insurance” has not been answered by your"
        " plan yet: you do not owe it now. Services on which nothing is owed are left out.",
        SOFT_SMALL,
    )


def _first_page(canvas: Canvas, sheet: Sheet) -> None:
    _letter_head(canvas, sheet)
    text = canvas.beginText(WINDOW_LEFT, WINDOW_TOP)
    text.setFont("Helvetica", 10.5, 13.5)
    text.setFillColor(INK)
    for line in (sheet.addressee.name, *sheet.addressee.lines):
        text.textLine(printable(line)[:48])
    canvas.drawText(text)
    _sum_up(canvas, sheet)
    _slip(canvas, sheet)


def _later_page(canvas: Canvas, sheet: Sheet) -> None:
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica-Bold", 10)
    canvas.drawString(LEFT, HEIGHT - 0.7 * inch, printable(sheet.sender))
    canvas.setFont("Helvetica", 8)
    canvas.drawRightString(RIGHT_EDGE, HEIGHT - 0.7 * inch, f"Statement {sheet.statement.number}")
    canvas.setStrokeColor(RULE)
    canvas.line(LEFT, HEIGHT - 0.78 * inch, RIGHT_EDGE, HEIGHT - 0.78 * inch)


def _letter_head(canvas: Canvas, sheet: Sheet) -> None:
    top = HEIGHT - 0.75 * inch
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(LEFT, top, printable(sheet.sender))
    text = canvas.beginText(LEFT, top - 15)
    text.setFont("Helvetica", 8.5, 11)
    biller = sheet.biller
    if biller is not None:
        for line in address_lines(biller.address):
            text.textLine(printable(line))
        if biller.phone:
            text.textLine(phone(biller.phone))
        text.textLine(f"Tax ID {biller.tax_id[:2]}-{biller.tax_id[2:]}")
    canvas.drawText(text)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawRightString(RIGHT_EDGE, top, "Statement")
    canvas.setFont("Helvetica", 9)
    canvas.drawRightString(RIGHT_EDGE, top - 16, f"Number {sheet.statement.number}")
    canvas.drawRightString(RIGHT_EDGE, top - 28, readable(sheet.statement.statement_date))
    if sheet.statement.cycle > 1:
        canvas.drawRightString(RIGHT_EDGE, top - 40, f"Notice {sheet.statement.cycle} about this balance")


def _sum_up(canvas: Canvas, sheet: Sheet) -> None:
    """At the right of the window: how the amount due comes about."""
    statement, lines = sheet.statement, sheet.lines
    rows = [
        ("Charges", sum(line.charge_minor for line in lines)),
        ("Insurance paid", -sum(line.payer_paid_minor for line in lines)),
        ("Adjusted", -sum(line.adjustments_minor for line in lines)),
        ("You paid", -sum(line.patient_paid_minor for line in lines)),
        ("Still with insurance", -sum(line.with_payer_minor for line in lines)),
        ("Payments not used yet", -statement.unapplied_minor),
    ]
    left, y = RIGHT_EDGE - 2.55 * inch, HEIGHT - 1.88 * inch
    canvas.setFillColor(INK)
    for label, minor in rows:
        if minor or label == "Charges":
            canvas.setFont("Helvetica", 9)
            canvas.drawString(left, y, label)
            canvas.drawRightString(RIGHT_EDGE - 6, y, dollars(minor))
            y -= 12.5
    bottom = HEIGHT - 3.52 * inch
    canvas.setFillColor(PALE)
    canvas.roundRect(left - 8, bottom, RIGHT_EDGE - left + 8, 40, 4, stroke=0, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica-Bold", 13)
    canvas.drawString(left, bottom + 23, "Amount due")
    canvas.drawRightString(RIGHT_EDGE - 6, bottom + 23, dollars(statement.amount_due_minor))
    canvas.setFont("Helvetica", 9)
    canvas.drawString(left, bottom + 8, "Please pay by")
    canvas.drawRightString(RIGHT_EDGE - 6, bottom + 8, readable(statement.due_date))


def _code(url: str, size: float) -> Drawing:
    """A QR code, ``size`` points wide."""
    widget = QrCodeWidget(url, barLevel="M")
    left, low, right, high = widget.getBounds()
    drawing = Drawing(size, size, transform=[size / (right - left), 0, 0, size / (high - low), 0, 0])
    drawing.add(widget)
    return drawing


def _slip(canvas: Canvas, sheet: Sheet) -> None:
    """What is torn off and sent back with a check: whose it is, how much, and where it goes."""
    statement = sheet.statement
    canvas.setStrokeColor(RULE)
    canvas.setDash(3, 3)
    canvas.line(LEFT, SLIP_TOP, RIGHT_EDGE, SLIP_TOP)
    canvas.setDash()
    canvas.setFillColor(SOFT)
    canvas.setFont("Helvetica", 7.5)
    canvas.drawString(
        LEFT,
        SLIP_TOP - 11,
        "Detach here and send this slip with your check. Write the statement's number on the check.",
    )
    pay_to = address_lines((sheet.biller.pay_to or sheet.biller.address) if sheet.biller else None)
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(WINDOW_LEFT, SLIP_TOP - 0.5 * inch, "Payable to, and send to:")
    text = canvas.beginText(WINDOW_LEFT, SLIP_TOP - 0.73 * inch)
    text.setFont("Helvetica", 10.5, 13.5)
    for line in (sheet.sender, *pay_to):
        text.textLine(printable(line)[:48])
    canvas.drawText(text)
    left, y = RIGHT_EDGE - 3.1 * inch, SLIP_TOP - 0.5 * inch
    rows = (
        ("Statement", statement.number),
        ("For", printable(sheet.addressee.name)[:36]),
        ("Please pay by", readable(statement.due_date)),
        ("Amount due", dollars(statement.amount_due_minor)),
    )
    for label, value in rows:
        canvas.setFont("Helvetica", 9)
        canvas.drawString(left, y, label)
        canvas.setFont("Helvetica-Bold", 9)
        canvas.drawRightString(RIGHT_EDGE - 6, y, value)
        y -= 15
    canvas.setFont("Helvetica", 9)
    canvas.drawString(left, y - 9, "Amount enclosed")
    canvas.setStrokeColor(INK)
    canvas.rect(RIGHT_EDGE - 1.5 * inch, y - 17, 1.5 * inch, 22)
    canvas.drawString(RIGHT_EDGE - 1.42 * inch, y - 9, "$")
