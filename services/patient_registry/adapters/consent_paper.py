"""A signed consent as PDF (reportlab): the words that were shown, who signed them, and when. The same data gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.platypus import Flowable, Image, Paragraph, SimpleDocTemplate, Spacer

BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10.5, leading=15, spaceAfter=8)
TITLE = ParagraphStyle("title", parent=BODY, fontName="Helvetica-Bold", fontSize=15, leading=20, spaceAfter=12)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=8.5, leading=12, spaceAfter=2)
SIGNATURE_WIDTH = 2.6 * inch


@dataclass(frozen=True, slots=True)
class SignedPaper:
    """What the paper says. `facts` are (label, value) lines below the signature."""

    title: str
    text: str
    signer: str
    facts: tuple[tuple[str, str], ...]
    signature: bytes = b""
    signature_shape: tuple[int, int] = (0, 0)


def write(paper: SignedPaper) -> bytes:
    """The PDF."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=LETTER, title=paper.title, author="Polyclinic", margin=inch, invariant=1, leftMargin=inch
    )
    document.build(list(_story(paper)))
    return out.getvalue()


def _story(paper: SignedPaper) -> Iterable[Flowable]:
    yield Paragraph(escape(paper.title), TITLE)
    for paragraph in paper.text.split("\n\n"):
        yield Paragraph(escape(paragraph).replace("\n", "<br/>"), BODY)
    yield Spacer(1, 18)
    if paper.signature:
        width, height = paper.signature_shape
        yield Image(io.BytesIO(paper.signature), SIGNATURE_WIDTH, SIGNATURE_WIDTH * height / width, hAlign="LEFT")
    yield Paragraph(f"<b>{escape(paper.signer)}</b>", BODY)
    for label, value in paper.facts:
        yield Paragraph(f"{escape(label)}: {escape(value)}", SMALL)
