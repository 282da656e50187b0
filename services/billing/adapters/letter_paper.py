"""A letter to a payer as PDF (reportlab). The same words give the same bytes (`invariant`)."""

from __future__ import annotations

from io import BytesIO

from reportlab.lib.pagesizes import LETTER
from reportlab.lib.units import inch
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from billing.adapters.paper import BODY, HEAD, SECTION, SMALL, address_lines, markup, paragraph, phone, printable
from billing.tables_directory import BillingEntity

MARGIN = 1 * inch


def render_letter(title: str, to: str, on: str, words: str, biller: BillingEntity | None) -> bytes:
    """A letter. `words` are paragraphs separated by an empty line; `on` is the day as it is written."""
    name = biller.name if biller else "Clinic"
    story: list[Flowable] = [paragraph(name, HEAD)]
    if biller is not None:
        story += [paragraph(line, SMALL) for line in (*address_lines(biller.address), phone(biller.phone)) if line]
    story += [Spacer(1, 18), paragraph(on), Spacer(1, 12), paragraph(to), Spacer(1, 14), paragraph(title, SECTION)]
    for part in words.split("\n\n"):
        story += [Spacer(1, 8), Paragraph("<br/>".join(markup(line) for line in part.split("\n")), BODY)]
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=LETTER,
        title=printable(title),
        author=printable(name),
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        invariant=1,
    )
    document.build(story)
    return buffer.getvalue()
