"""A guarantor's statement as PDF, made to be folded twice into a #10 window envelope, with a slip to send back.

The window shows a part of the area down to 5.3 inches from the left and 2.0 to 3.2 inches from the top, as the sheet slides:
nothing but the addressee may stand there. The slip is the lowest part of the first page.
The same data gives the same bytes (`invariant`), so a statement can be proved to be the one that was issued.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
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
)
from billing.adapters.statement_words import Words, words_in
from billing.domain.plain_words import service_words
from billing.domain.receivables import BUCKETS
from billing.domain.statements import LAST_CYCLE, StatementLine
from billing.tables_directory import BillingEntity
from billing.tables_money import Statement

WIDTH, HEIGHT = LETTER
LEFT, RIGHT_EDGE = 0.6 * inch, WIDTH - 0.6 * inch
WINDOW_LEFT, WINDOW_TOP = 0.95 * inch, HEIGHT - 2.25 * inch
STORY_TOP, SLIP_TOP = HEIGHT - 3.7 * inch, 2.4 * inch
WIDTHS = tuple(width * inch for width in (2.5, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8))
REASON = ParagraphStyle("reason", parent=SOFT_SMALL, fontSize=7, leading=8.5)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a document is addressed to: name as written, the lines of the address, and their language."""

    name: str
    lines: tuple[str, ...] = ()
    # BCP 47; what is written to them is in it where we can.
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that stands on a statement. ``pay_url``: where it can be paid online; "" when it cannot.

    ``notice``: what the clinic wants said above it; None: the built-in words, the last of them on the ``last_cycle``.
    """

    statement: Statement
    lines: Sequence[StatementLine]
    addressee: Addressee
    biller: BillingEntity | None
    pay_url: str = ""
    notice: str | None = None
    last_cycle: int = LAST_CYCLE

    @property
    def said_above(self) -> str | None:
        """The notice's words; None for a first statement about which the clinic says nothing of its own."""
        if self.notice is not None:
            return markup(self.notice)
        cycle = self.statement.cycle
        return self.words.notices.get(LAST_CYCLE if cycle >= max(self.last_cycle, 2) else min(cycle, LAST_CYCLE - 1))

    @property
    def words(self) -> Words:
        """The words of the addressee's language."""
        return words_in(self.addressee.language)

    @property
    def sender(self) -> str:
        """The clinic's name."""
        return self.biller.name if self.biller else "Clinic"


def render_statement(sheet: Sheet) -> bytes:
    """The PDF: what each visit cost, what payers did, what is due, since when, and how to pay."""
    statement, words = sheet.statement, sheet.words
    story: list[Flowable] = [NextPageTemplate("later")]
    if notice := sheet.said_above:
        story += [Paragraph(f"<b>{notice}</b>", BODY), Spacer(1, 6)]
    story += [
        _services(sheet.lines, words),
        Spacer(1, 8),
        _aging(statement.aging, words),
        KeepTogether(list(_how_to_pay(sheet))),
    ]
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
    document.build(story, canvasmaker=partial(NumberedPages, words.page))
    return buffer.getvalue()


class NumberedPages(Canvas):
    """Knows how many pages there are before it writes their numbers."""

    def __init__(self, words: str, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._words = words
        self._kept: list[dict[str, object]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._kept, start=1):
            self.__dict__.update(page)
            self.setFont("Helvetica", 8)
            self.setFillColor(SOFT)
            self.drawRightString(
                RIGHT_EDGE, HEIGHT - 0.42 * inch, self._words.format(page=number, pages=len(self._kept))
            )
            super().showPage()
        super().save()


def _services(lines: Sequence[StatementLine], words: Words) -> Flowable:
    """One block a visit: whose, when, where, with whom; a line for each service; the totals at the end."""
    rows: list[list[object]] = [list(words.headings)]
    more: list[tuple[object, ...]] = []
    for visit, services in groupby(
        lines, key=lambda line: (line.patient_name, line.service_date, line.place, line.practitioner)
    ):
        name, day, place, practitioner = visit
        where = ", ".join(part for part in (place, practitioner) if part)
        text = f"<b>{words.day(day)} · {markup(name)}</b>" + (f" · {markup(where)}" if where else "")
        more += [
            ("SPAN", (0, len(rows)), (-1, len(rows))),
            ("LINEBELOW", (0, len(rows)), (-1, len(rows)), 0, colors.white),
        ]
        # A visit's heading is never the last thing on a page.
        more.append(("NOSPLIT", (0, len(rows)), (-1, len(rows) + 1)))
        rows.append([Paragraph(text, SMALL), *[""] * 6])
        rows.extend([_service(line, words), *map(_amount, _amounts(line))] for line in services)
    sums = [sum(column) for column in zip(*(_amounts(line) for line in lines), strict=True)] or [0] * 6
    more += [
        ("FONT", (0, len(rows)), (-1, len(rows)), "Helvetica-Bold", 8.5),
        ("LINEABOVE", (0, len(rows)), (-1, len(rows)), 0.9, INK),
    ]
    more += [("BOTTOMPADDING", (0, 1), (-1, -1), 2.5), ("TOPPADDING", (0, 1), (-1, -1), 2.5)]
    rows.append([words.total, *map(_amount, sums)])
    return grid(rows, WIDTHS, money_columns=range(1, 7), more=more)


def _service(line: StatementLine, words: Words) -> list[Flowable] | str:
    """What was done, and what the plan has left to the patient of it."""
    what = service_words(line.procedure, words.language) if line.procedure else line.description
    if not line.shares:
        return printable(what)
    reasons = ", ".join(f"{words.shares.get(share, words.your_part)} {dollars(minor)}" for share, minor in line.shares)
    return [Paragraph(markup(what), SMALL), Paragraph(words.your_plan.format(shares=reasons), REASON)]


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


def _aging(amounts: Sequence[int], words: Words) -> Flowable:
    titles = [
        words.days.format(first=first, last=last) if last else words.over_days.format(days=first - 1)
        for first, last in BUCKETS
    ]
    rows = [[words.owed_for, *titles], ["", *map(_amount, amounts)]]
    return grid(rows, [1.3 * inch, *[1.2 * inch] * len(titles)], money_columns=range(1, 6))


def _how_to_pay(sheet: Sheet) -> Iterator[Flowable]:
    words = sheet.words
    ways = [words.by_mail, words.at_the_clinic]
    if sheet.pay_url:
        ways.insert(0, words.online.format(url=markup(sheet.pay_url)))
    biller = sheet.biller
    if biller and (biller.phone or biller.email):
        asked = [words.call.format(phone=phone(biller.phone))] * bool(biller.phone)
        asked += [words.write.format(email=biller.email)] * bool(biller.email)
        ways.append(words.questions.format(ways=markup(words.either.join(asked))))
    text: list[Flowable] = [Paragraph(words.how_to_pay, SECTION), *(Paragraph(way, BODY) for way in ways)]
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
    yield Paragraph(words.legend, SOFT_SMALL)


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
    canvas.drawRightString(RIGHT_EDGE, HEIGHT - 0.7 * inch, f"{sheet.words.statement} {sheet.statement.number}")
    canvas.setStrokeColor(RULE)
    canvas.line(LEFT, HEIGHT - 0.78 * inch, RIGHT_EDGE, HEIGHT - 0.78 * inch)


def _letter_head(canvas: Canvas, sheet: Sheet) -> None:
    top, words = HEIGHT - 0.75 * inch, sheet.words
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
        text.textLine(f"{sheet.words.tax_id} {biller.tax_id[:2]}-{biller.tax_id[2:]}")
    canvas.drawText(text)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawRightString(RIGHT_EDGE, top, words.statement)
    canvas.setFont("Helvetica", 9)
    canvas.drawRightString(RIGHT_EDGE, top - 16, words.number.format(number=sheet.statement.number))
    canvas.drawRightString(RIGHT_EDGE, top - 28, words.day(sheet.statement.statement_date))
    if sheet.statement.cycle > 1:
        canvas.drawRightString(RIGHT_EDGE, top - 40, words.notice_number.format(cycle=sheet.statement.cycle))


def _sum_up(canvas: Canvas, sheet: Sheet) -> None:
    """At the right of the window: how the amount due comes about."""
    statement, lines, words = sheet.statement, sheet.lines, sheet.words
    rows = [
        (words.charges, sum(line.charge_minor for line in lines)),
        (words.insurance_paid, -sum(line.payer_paid_minor for line in lines)),
        (words.adjusted, -sum(line.adjustments_minor for line in lines)),
        (words.you_paid, -sum(line.patient_paid_minor for line in lines)),
        (words.with_insurance, -sum(line.with_payer_minor for line in lines)),
        (words.unused, -statement.unapplied_minor),
    ]
    left, y = RIGHT_EDGE - 2.55 * inch, HEIGHT - 1.88 * inch
    canvas.setFillColor(INK)
    for label, minor in rows:
        if minor or label == words.charges:
            canvas.setFont("Helvetica", 9)
            canvas.drawString(left, y, label)
            canvas.drawRightString(RIGHT_EDGE - 6, y, dollars(minor))
            y -= 12.5
    bottom = HEIGHT - 3.52 * inch
    canvas.setFillColor(PALE)
    canvas.roundRect(left - 8, bottom, RIGHT_EDGE - left + 8, 40, 4, stroke=0, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica-Bold", 13)
    canvas.drawString(left, bottom + 23, words.amount_due)
    canvas.drawRightString(RIGHT_EDGE - 6, bottom + 23, dollars(statement.amount_due_minor))
    canvas.setFont("Helvetica", 9)
    canvas.drawString(left, bottom + 8, words.pay_by)
    canvas.drawRightString(RIGHT_EDGE - 6, bottom + 8, words.day(statement.due_date))


def _code(url: str, size: float) -> Drawing:
    """A QR code, ``size`` points wide."""
    widget = QrCodeWidget(url, barLevel="M")
    left, low, right, high = widget.getBounds()
    drawing = Drawing(size, size, transform=[size / (right - left), 0, 0, size / (high - low), 0, 0])
    drawing.add(widget)
    return drawing


def _slip(canvas: Canvas, sheet: Sheet) -> None:
    """What is torn off and sent back with a check: whose it is, how much, and where it goes."""
    statement, words = sheet.statement, sheet.words
    canvas.setStrokeColor(RULE)
    canvas.setDash(3, 3)
    canvas.line(LEFT, SLIP_TOP, RIGHT_EDGE, SLIP_TOP)
    canvas.setDash()
    canvas.setFillColor(SOFT)
    canvas.setFont("Helvetica", 7.5)
    canvas.drawString(
        LEFT,
        SLIP_TOP - 11,
        words.detach,
    )
    pay_to = address_lines((sheet.biller.pay_to or sheet.biller.address) if sheet.biller else None)
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(WINDOW_LEFT, SLIP_TOP - 0.5 * inch, words.payable)
    text = canvas.beginText(WINDOW_LEFT, SLIP_TOP - 0.73 * inch)
    text.setFont("Helvetica", 10.5, 13.5)
    for line in (sheet.sender, *pay_to):
        text.textLine(printable(line)[:48])
    canvas.drawText(text)
    left, y = RIGHT_EDGE - 3.1 * inch, SLIP_TOP - 0.5 * inch
    rows = (
        (words.statement, statement.number),
        (words.whose, printable(sheet.addressee.name)[:36]),
        (words.pay_by, words.day(statement.due_date)),
        (words.amount_due, dollars(statement.amount_due_minor)),
    )
    for label, value in rows:
        canvas.setFont("Helvetica", 9)
        canvas.drawString(left, y, label)
        canvas.setFont("Helvetica-Bold", 9)
        canvas.drawRightString(RIGHT_EDGE - 6, y, value)
        y -= 15
    canvas.setFont("Helvetica", 9)
    canvas.drawString(left, y - 9, words.enclosed)
    canvas.setStrokeColor(INK)
    canvas.rect(RIGHT_EDGE - 1.5 * inch, y - 17, 1.5 * inch, 22)
    canvas.drawString(RIGHT_EDGE - 1.42 * inch, y - 9, "$")
