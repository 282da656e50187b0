"""Settings: the days of a year on which locations are closed, chosen from the public holidays of their state or typed."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.protos import optional_date
from gateway import errors as problems
from gateway.web.calls import Refused
from gateway.web.forms import Reading
from gateway.web.page import Page

PATH = "/console/settings/holidays"
COUNTRY = "US"
# Empty rows for days of the clinic's own; years that may be chosen from now on.
OWN, YEARS = 4, 3


def year_of(page: Page) -> int:
    """The year that is asked for or was sent; this one without a sensible one."""
    typed = page.sent("year") or page.arg("year")
    return int(typed) if typed.isdecimal() and 2000 <= int(typed) <= 2100 else page.today.year


def show(page: Page, problem: problems.Problem | None = None, affected: int | None = None) -> Response:
    """A location's holidays of a year: what is set is ticked, what is public stands beside it to be ticked."""
    location, year = page.location, year_of(page)
    here = location.location_id if location is not None else ""
    state = location.address.state if location is not None else ""
    parts = page.together(
        held=page.ask("Holidays.ListHolidays", location_id=here, year=year),
        public=page.ask("Holidays.ListPublicHolidays", country=COUNTRY, subdivision=state, year=year),
    )
    held = list(parts["held"].need().holidays)
    days = {optional_date(each.date) for each in held}
    public = parts["public"].value.holidays if parts["public"].value is not None else ()
    rows = [(each, True) for each in held]
    rows += [(each, False) for each in public if optional_date(each.date) not in days]
    return page.show(
        "settings/holidays.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="holidays",
        year=year,
        years=[(each, str(each)) for each in range(page.today.year, page.today.year + YEARS)],
        rows=sorted(rows, key=_by_date),
        own=OWN,
        public=parts["public"],
        affected=affected,
    )


def save(page: Page) -> Response:
    """Sets the year's holidays at the ticked locations; says how many booked visits lie on them, first without doing it when asked so."""
    reading = page.read("Holidays.SetHolidays", year=year_of(page))
    _keep_ticked(page, reading)
    trying = page.sent("then") == "try"
    reading.message.validate_only = trying
    try:
        if reading.violations:
            page.submit("Holidays.SetHolidays", year=year_of(page))
        done = page.send("Holidays.SetHolidays", reading, keyed=not trying)
    except Refused as refused:
        return show(page, refused.problem)
    count = len(done.affected_appointment_ids)
    if trying:
        return show(page, affected=count)
    told = page.gettext("Saved; %(count)s booked visits lie on these days.", count=count)
    return page.go(PATH, told, year=str(year_of(page)))


def _keep_ticked(page: Page, reading: Reading) -> None:
    """Leaves out the days that are offered and not ticked."""
    ticked = set(page.exchange.request.form.getlist("keep"))
    holidays = reading.message.holidays
    for number in range(len(holidays) - 1, -1, -1):
        if reading.back(f"holidays[{number}]") not in ticked:
            del holidays[number]


def _by_date(row: tuple[Any, bool]) -> tuple[int, int, int]:
    day = row[0].date
    return day.year, day.month, day.day
