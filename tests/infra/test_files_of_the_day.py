"""What the day leaves for people to open: day sheets, and which statements."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pypdf
from infra.day.context import Person, Visit
from infra.day.daysheet import write_day_sheet
from infra.day.files import telling
from infra.day.world import CLINICIANS, PLACES, VISIT_KINDS

CLINICIAN = next(clinician for clinician in CLINICIANS if clinician.place == "harbor")
HARBOR = next(place for place in PLACES if place.key == "harbor")
EIGHT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def visit(number: int, fate: str, **more: Any) -> Visit:
    """The number-th visit of the morning, half an hour each."""
    start = EIGHT + timedelta(minutes=30 * number)
    person = Person(f"p{number}", f"Ito <{number}>", "Nathan", date(1985, 4, 1), "MALE")
    made = Visit(
        f"a{number}", person, CLINICIAN, HARBOR, VISIT_KINDS[0], start, start + timedelta(minutes=25), fate, **more
    )
    if fate == "done":
        made.arrived = start + timedelta(minutes=made.late_minutes or -9)
        made.roomed = made.arrived + timedelta(minutes=10)
        made.seen = made.roomed + timedelta(minutes=3)
        made.out = made.seen + timedelta(minutes=20)
    return made


def sheet(tmp_path: Path, *visits: Visit) -> str:
    path = tmp_path / "sheet.pdf"
    write_day_sheet(SimpleNamespace(visits=list(visits), visit_day=date(2026, 3, 10)), CLINICIAN, path)  # type: ignore[arg-type]
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def test_a_day_sheet_tells_the_day(tmp_path: Path) -> None:
    """Times are the clinic's wall clock; waiting counts from the planned time or a later arrival; outcomes are words."""
    text = sheet(
        tmp_path,
        visit(0, "done"),
        visit(1, "done", late_minutes=8, signs_late=True),
        visit(2, "no_show"),
        visit(3, "cancelled_by_answer"),
    )
    for part in (
        f"{CLINICIAN.given} {CLINICIAN.family}, {CLINICIAN.credential}",
        "Lanternfield Harbor · Tuesday, March 10, 2026 · times in America/New_York (EDT)",
        "Ito <0>, Nathan (40)",
        "8:00 AM\n",
        "7:51 AM",
        "4 min\nsigned\n",
        "13 min\nsigned next day",
        "no-show",
        "cancelled by text",
        "health information",
    ):
        assert part in text, f"{part!r} is not in\n{text}"
    # Booked, seen, no-shows, came late, median wait, signed next day; who cancelled is not booked.
    assert "3\n2\n1\n1\n13 min\n1\nbooked" in text


def test_a_day_without_visits_is_said(tmp_path: Path) -> None:
    """Nobody came: the sheet says so instead of showing an empty table."""
    assert "No visits." in sheet(tmp_path)


def test_a_long_day_goes_on_on_the_next_page(tmp_path: Path) -> None:
    """Sixty visits make pages that each have the headings."""
    text = sheet(tmp_path, *(visit(number, "done") for number in range(60)))
    assert text.count("Patient (age)") == 2
    assert "Page 2" in text


def statement(
    number: int, *, patient: str, paid: int = 0, lines: int = 1, cycle: int = 1, due: int = 100
) -> dict[str, Any]:
    line = {"payer_paid": {"minor_units": str(paid)}}
    return {
        "number": f"S{number}",
        "patient_id": patient,
        "lines": [line] * lines,
        "cycle": cycle,
        "amount_due": {"minor_units": str(due)},
    }


def test_the_statements_shown_are_different() -> None:
    """One with a payer's payment, the longest, a later notice, of three guarantors; fewer when there are fewer."""
    plain = statement(1, patient="a", due=90_000)
    paid = statement(2, patient="b", paid=500)
    long = statement(3, patient="c", lines=4)
    second = statement(4, patient="d", cycle=2)
    again = statement(5, patient="c", lines=4, cycle=3)
    assert telling([plain, paid, long, second, again]) == [paid, long, second]
    assert telling([plain]) == [plain]
    assert telling([]) == []
