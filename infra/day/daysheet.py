"""A provider's day on one page: who came when, how long they waited, what came of it, what is still to be signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from infra.day.world import PLACES, Clinician

if TYPE_CHECKING:
    from infra.day.context import Day, Visit

INK, SOFT, PALE, RULE = (colors.HexColor(code) for code in ("#1c2733", "#55636f", "#eef2f6", "#8a97a5"))
NAME = ParagraphStyle("name", fontName="Helvetica-Bold", fontSize=16, leading=20, textColor=INK)
ABOUT = ParagraphStyle("about", fontName="Helvetica", fontSize=9.5, leading=13, textColor=INK)
NOTE = ParagraphStyle("note", parent=ABOUT, fontSize=8, leading=11, textColor=SOFT)
CELL = ParagraphStyle("cell", parent=ABOUT, fontSize=8, leading=9.5)
ABSENT = ParagraphStyle("absent", parent=CELL, fontName="Helvetica-Oblique", textColor=SOFT)
HEADINGS = ("Time", "Patient (age)", "Visit", "Arrived", "Roomed", "Seen", "Out", "Waited", "Outcome")
WIDTHS = tuple(width * inch for width in (0.68, 1.45, 1.09, 0.66, 0.66, 0.66, 0.66, 0.52, 0.92))
OUTCOMES = {
    "no_show": "no-show",
    "left": "left unseen",
    "cancelled": "cancelled",
    "cancelled_by_answer": "cancelled by text",
}
MARGIN = 0.6 * inch


def write_day_sheet(day: Day, clinician: Clinician, path: Path) -> None:
    """Write the PDF; the times are the wall clock of the clinician's location."""
    place = next(place for place in PLACES if place.key == clinician.place)
    zone = ZoneInfo(place.time_zone)
    visits = sorted(
        (visit for visit in day.visits if visit.clinician.key == clinician.key), key=lambda visit: visit.start
    )
    title = f"{clinician.given} {clinician.family}, {clinician.credential}"
    noon = datetime(day.visit_day.year, day.visit_day.month, day.visit_day.day, 12, tzinfo=zone)
    about = f"{place.name} · {noon:%A, %B} {noon.day}, {noon.year} · times in {place.time_zone} ({noon:%Z})"
    story: list[Flowable] = [
        Paragraph(title, NAME),
        Paragraph(about, ABOUT),
        Spacer(1, 10),
        _tiles(visits),
        Spacer(1, 12),
    ]
    if visits:
        story.append(_table(visits, zone))
    else:
        story.append(Paragraph("No visits.", ABOUT))
    story += [
        Spacer(1, 8),
        Paragraph(
            "Waited: minutes from the planned time, or from arrival when that was later, until the patient was seen.",
            NOTE,
        ),
    ]
    document = SimpleDocTemplate(
        str(path),
        pagesize=LETTER,
        title=f"Day sheet {title}",
        author=place.name,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=0.8 * inch,
    )
    document.build(story, onFirstPage=_foot, onLaterPages=_foot)


def _tiles(visits: Sequence[Visit]) -> Table:
    """The day in six figures."""
    standing = [visit for visit in visits if not visit.fate.startswith("cancelled")]
    waits = sorted(wait for visit in standing if (wait := _waited(visit)) is not None)
    figures = (
        (str(len(standing)), "booked"),
        (str(sum(visit.fate == "done" for visit in standing)), "seen"),
        (str(sum(visit.fate == "no_show" for visit in standing)), "no-shows"),
        (str(sum(visit.fate == "done" and visit.late_minutes > 0 for visit in standing)), "came late"),
        (f"{waits[len(waits) // 2]} min" if waits else "–", "median wait"),
        (str(sum(visit.fate == "done" and visit.signs_late for visit in standing)), "signed next day"),
    )
    table = Table([[figure for figure, _ in figures], [label for _, label in figures]], [sum(WIDTHS) / 6] * 6)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), PALE),
                ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 14),
                ("FONT", (0, 1), (-1, 1), "Helvetica", 8),
                ("TEXTCOLOR", (0, 0), (-1, 0), INK),
                ("TEXTCOLOR", (0, 1), (-1, 1), SOFT),
                ("ALIGN", (0, 0), (-1, -1), "CENTER"),
                ("TOPPADDING", (0, 0), (-1, 0), 7),
                ("BOTTOMPADDING", (0, 1), (-1, 1), 7),
                ("LINEAFTER", (0, 0), (-2, -1), 2, colors.white),
            ]
        )
    )
    return table


def _table(visits: Sequence[Visit], zone: ZoneInfo) -> Table:
    table = Table([list(HEADINGS), *(_row(visit, zone) for visit in visits)], WIDTHS, repeatRows=1)
    style: list[tuple[object, ...]] = [
        ("FONT", (0, 0), (-1, -1), "Helvetica", 8),
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 8),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE),
        ("ALIGN", (0, 0), (0, -1), "RIGHT"),
        ("ALIGN", (3, 0), (7, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 1), (-1, -1), 4),
        ("BOTTOMPADDING", (0, 1), (-1, -1), 4),
    ]
    for number, visit in enumerate(visits, start=1):
        # Never by colour alone: the outcome says the same in words.
        if visit.fate != "done":
            style.append(("TEXTCOLOR", (0, number), (-1, number), SOFT))
            style.append(("FONT", (0, number), (-1, number), "Helvetica-Oblique", 8))
        if visit.fate == "done" and visit.signs_late:
            style.append(("FONT", (8, number), (8, number), "Helvetica-Bold", 8))
    table.setStyle(TableStyle(style))
    return table


def _row(visit: Visit, zone: ZoneInfo) -> list[object]:
    outcome = OUTCOMES.get(visit.fate) or ("signed next day" if visit.signs_late else "signed")
    name = f"{visit.person.family}, {visit.person.given}"
    age = visit.person.age_on(visit.start.astimezone(zone).date())
    waited = _waited(visit)
    style = CELL if visit.fate == "done" else ABSENT
    moments = (visit.arrived, visit.roomed, visit.seen, visit.out)
    return [
        _clock(visit.start, zone),
        Paragraph(escape(f"{name} ({age})"), style),
        Paragraph(escape(visit.kind.name), style),
        *(_clock(moment, zone) for moment in moments),
        "" if waited is None else f"{waited} min",
        outcome,
    ]


def _waited(visit: Visit) -> int | None:
    """Minutes until the patient was seen; None when nobody was."""
    if visit.seen is None or visit.arrived is None:
        return None
    return max(0, int((visit.seen - max(visit.arrived, visit.start)).total_seconds() // 60))


def _clock(moment: datetime | None, zone: ZoneInfo) -> str:
    """Wall time as clinics here read it: 2:05 PM."""
    if moment is None:
        return ""
    local = moment.astimezone(zone)
    return f"{local.hour % 12 or 12}:{local:%M %p}"


def _foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont("Helvetica", 7.5)
    canvas.setFillColor(SOFT)
    canvas.drawString(
        MARGIN, 0.45 * inch, "Holds health information: keep it out of sight, shred it when it is done with."
    )
    canvas.drawRightString(LETTER[0] - MARGIN, 0.45 * inch, f"Page {document.page}")
