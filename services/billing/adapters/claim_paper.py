"""CMS-1500 (02/12) as PDF: typed onto the pre-printed red form, or with the form drawn for payers that take copies."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise

from reportlab.lib.colors import Color
from reportlab.lib.pagesizes import LETTER
from reportlab.pdfgen.canvas import Canvas

from billing.domain.cms1500 import Placed

# Ten characters and six lines to the inch, in a fixed-width type of ten points: one character is 7.2 points wide at 12.
COLUMN, LINE = 7.2, 12.0
TYPE, SIZE = "Courier", 10.0
# Where column 1 and line 1 begin on a sheet of letter size.
LEFT, TOP = 20.0, 6.0
RED = Color(0.75, 0.1, 0.1)
# The drawn form: item, its title, and its box (first line, first column, line after, column after).
BOXES: tuple[tuple[str, str, float, float, float, float], ...] = (
    ("", "HEALTH INSURANCE CLAIM FORM  (02/12)", 1, 1, 6, 80),
    ("1.", "MEDICARE  MEDICAID  TRICARE  CHAMPVA  OTHER", 6.4, 1, 8.4, 49.5),
    ("1a.", "INSURED'S I.D. NUMBER", 6.4, 49.5, 8.4, 80),
    ("2.", "PATIENT'S NAME (Last, First, Middle)", 8.4, 1, 10.4, 30),
    ("3.", "PATIENT'S BIRTH DATE   SEX  M  F", 8.4, 30, 10.4, 49.5),
    ("4.", "INSURED'S NAME", 8.4, 49.5, 10.4, 80),
    ("5.", "PATIENT'S ADDRESS", 10.4, 1, 16.4, 30),
    ("6.", "RELATIONSHIP  Self Spouse Child Other", 10.4, 30, 12.4, 49.5),
    ("7.", "INSURED'S ADDRESS", 10.4, 49.5, 16.4, 80),
    ("9.", "OTHER INSURED'S NAME", 16.4, 1, 18.4, 30),
    ("9a.", "OTHER INSURED'S POLICY OR GROUP", 18.4, 1, 20.4, 30),
    ("9d.", "INSURANCE PLAN OR PROGRAM", 24.4, 1, 26.4, 30),
    ("10.", "CONDITION RELATED TO  a. employment  b. auto  c. other", 16.4, 30, 26.4, 49.5),
    ("11.", "INSURED'S POLICY GROUP OR FECA NUMBER", 16.4, 49.5, 18.4, 80),
    ("11a.", "INSURED'S DATE OF BIRTH   SEX  M  F", 18.4, 49.5, 20.4, 80),
    ("11c.", "INSURANCE PLAN NAME", 22.4, 49.5, 24.4, 80),
    ("11d.", "ANOTHER HEALTH BENEFIT PLAN?  YES  NO", 24.4, 49.5, 26.4, 80),
    ("12.", "PATIENT'S OR AUTHORIZED PERSON'S SIGNATURE", 26.4, 1, 30, 49.5),
    ("13.", "INSURED'S SIGNATURE", 26.4, 49.5, 30, 80),
    ("14.", "DATE OF CURRENT ILLNESS", 30, 1, 32.4, 30),
    ("15.", "OTHER DATE", 30, 30, 32.4, 49.5),
    ("16.", "UNABLE TO WORK", 30, 49.5, 32.4, 80),
    ("17.", "REFERRING PROVIDER", 32.4, 1, 34.4, 30),
    ("17b.", "NPI", 32.4, 30, 34.4, 49.5),
    ("18.", "HOSPITALIZATION DATES", 32.4, 49.5, 34.4, 80),
    ("19.", "ADDITIONAL CLAIM INFORMATION", 34.4, 1, 36.4, 49.5),
    ("20.", "OUTSIDE LAB?  YES  NO", 34.4, 49.5, 36.4, 80),
    ("21.", "DIAGNOSES   ICD Ind.", 36.4, 1, 41.2, 49.5),
    ("22.", "RESUBMISSION CODE   ORIGINAL REF. NO.", 36.4, 49.5, 38.4, 80),
    ("23.", "PRIOR AUTHORIZATION NUMBER", 38.4, 49.5, 41.2, 80),
    ("25.", "FEDERAL TAX I.D. NUMBER", 54.6, 1, 56.4, 22),
    ("26.", "PATIENT'S ACCOUNT NO.", 54.6, 22, 56.4, 37),
    ("27.", "ASSIGNMENT?", 54.6, 37, 56.4, 49.5),
    ("28.", "TOTAL CHARGE", 54.6, 49.5, 56.4, 61),
    ("29.", "AMOUNT PAID", 54.6, 61, 56.4, 70.5),
    ("30.", "", 54.6, 70.5, 56.4, 80),
    ("31.", "SIGNATURE OF PHYSICIAN", 56.4, 1, 61.6, 22),
    ("32.", "SERVICE FACILITY LOCATION", 56.4, 22, 61.6, 49.5),
    ("33.", "BILLING PROVIDER", 56.4, 49.5, 61.6, 80),
)
SERVICE_COLUMNS = (1, 18.5, 21.5, 24.5, 44.5, 49.5, 58.5, 62, 67.5, 80)
SERVICE_TITLES = ("24. A. DATES", "B.POS", "C.", "D. PROCEDURES, MODIFIERS", "E.", "F. CHARGES", "G.", "H.", "J. NPI")


def claim_forms(pages: Sequence[Sequence[Placed]], *, with_form: bool) -> bytes:
    """A PDF of one sheet a page; `with_form` draws the boxes and titles under the typed text."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=LETTER, invariant=1)
    canvas.setTitle("CMS-1500 (02/12)")
    for page in pages:
        if with_form:
            _form(canvas)
        canvas.setFillGray(0)
        canvas.setFont(TYPE, SIZE)
        for one in page:
            text = canvas.beginText(*place_of(one.line, one.column))
            # Ten-point Courier is 6 points a character; the grid wants 7.2.
            text.setCharSpace(COLUMN - 0.6 * SIZE)
            text.textOut(one.text)
            canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def place_of(line: float, column: float) -> tuple[float, float]:
    """Where a character's base line begins, in points from the lower left corner."""
    return LEFT + (column - 1) * COLUMN, LETTER[1] - TOP - line * LINE


def _form(canvas: Canvas) -> None:
    canvas.setStrokeColor(RED)
    canvas.setFillColor(RED)
    canvas.setLineWidth(0.5)
    canvas.setFont("Helvetica", 5)
    for item, title, line, column, line_after, column_after in BOXES:
        _box(canvas, line, column, line_after, column_after, f"{item} {title}".strip())
    for row in range(6):
        for left, right in pairwise(SERVICE_COLUMNS):
            _box(canvas, 42.4 + 2 * row, left, 44.4 + 2 * row, right, "")
    for (left, right), title in zip(pairwise(SERVICE_COLUMNS), SERVICE_TITLES, strict=True):
        _box(canvas, 41.2, left, 42.4, right, title)


def _box(canvas: Canvas, line: float, column: float, line_after: float, column_after: float, title: str) -> None:
    left, upper = place_of(line, column)
    right, lower = place_of(line_after, column_after)
    canvas.rect(left - 2, lower - 2, right - left, upper - lower)
    canvas.drawString(left, upper - 7, title)
