"""A provider's day on one page: who came when, how long they waited, what was coded, what is still to be signed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from infra.day.world import PLACES, Clinician

if TYPE_CHECKING:
    from infra.day.context import Day, Visit

HEADINGS = ("Time", "Patient", "Visit", "Arrived", "Roomed", "Seen", "Out", "Outcome")


def write_day_sheet(day: Day, clinician: Clinician, path: Path) -> None:
    """Write the PDF; the times are the wall clock of the clinician's location."""
    place = next(place for place in PLACES if place.key == clinician.place)
    zone = ZoneInfo(place.time_zone)
    visits = sorted(
        (visit for visit in day.visits if visit.clinician.key == clinician.key), key=lambda visit: visit.start
    )
    rows = [list(HEADINGS), *([*_row(visit, zone)] for visit in visits)]
    table = Table(rows, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONTSIZE", (0, 0), (-1, -1), 8),
                ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, colors.whitesmoke]),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    styles = getSampleStyleSheet()
    seen = sum(visit.fate == "done" for visit in visits)
    title = f"{clinician.given} {clinician.family}, {clinician.credential}"
    about = f"{place.name}, {day.visit_day:%A %d %B %Y}, {place.time_zone}: {len(visits)} booked, {seen} seen"
    document = SimpleDocTemplate(str(path), pagesize=LETTER, title=f"Day sheet {title}", author=place.name)
    document.build([Paragraph(title, styles["Title"]), Paragraph(about, styles["Normal"]), Spacer(1, 8), table])


def _row(visit: Visit, zone: ZoneInfo) -> list[str]:
    outcome = {
        "done": "signed next day" if visit.signs_late else "signed",
        "no_show": "did not come",
        "left": "left unseen",
        "cancelled": "cancelled",
        "cancelled_by_answer": "cancelled by text",
    }.get(visit.fate, visit.fate)
    name = f"{visit.person.family}, {visit.person.given}"
    moments = (visit.arrived, visit.roomed, visit.seen, visit.out)
    return [_clock(visit.start, zone), name, visit.kind.name, *(_clock(moment, zone) for moment in moments), outcome]


def _clock(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%H:%M") if moment else ""
