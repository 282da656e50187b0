"""A letter to a payer as PDF (reportlab). The same words give the same bytes (`invariant`)."""

from __future__ import annotations

from reportlab.lib.units import inch
from reportlab.platypus import Paragraph, Spacer

from billing.adapters.paper import (
    BODY,
    SECTION,
    letterhead,
    markup,
    paragraph,
    pdf_of,
)
from billing.tables_directory import BillingEntity

MARGIN = 1 * inch


def render_letter(title: str, to: str, on: str, words: str, biller: BillingEntity | None) -> bytes:
    """A letter. `words` are paragraphs separated by an empty line; `on` is the day as it is written."""
    name = biller.name if biller else "Clinic"
    story = letterhead(name, biller)
    story += [Spacer(1, 18), paragraph(on), Spacer(1, 12), paragraph(to), Spacer(1, 14), paragraph(title, SECTION)]
    for part in words.split("\n\n"):
        story += [Spacer(1, 8), Paragraph("<br/>".join(markup(line) for line in part.split("\n")), BODY)]
    return pdf_of(story, title=title, author=name, margin=MARGIN)
