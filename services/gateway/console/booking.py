"""Booking in four keys after the patient: B, the kind of visit, the time, Enter. Moving and cancelling the same way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from chassis.protos import instant
from gateway import errors as problems
from gateway.console import words
from gateway.console.patients import banner, banner_asks, banner_of
from gateway.web.calls import Refused
from gateway.web.dates import read_date
from gateway.web.forms import Unreadable, minutes_text
from gateway.web.page import Page

# Times shown at once: whole days until there are so many; of one clinician's morning or afternoon so many, more when one was chosen.
SHOWN, SEARCHED = 24, 500
OF_EACH, OF_CHOSEN = 2, 8
WEEKS_AHEAD = 13
NOON = 12


def kinds(page: Page) -> Response:
    """The first key: what kind of visit. The kinds this patient had last come first."""
    patient_id = page.arg("patient")
    head, parts = banner(
        page,
        patient_id,
        types=page.ask("Scheduling.ListAppointmentTypes", page_size=500),
        past=page.ask("PatientRegistry.ListVisits", patient_id=patient_id, page_size=20),
        practitioners=page.ask("Identity.ListPractitioners", page_size=500),
    )
    seen = (
        [each.appointment_type_code for each in parts["past"].value.visits] if parts["past"].value is not None else []
    )
    types = sorted(
        parts["types"].need().appointment_types,
        key=lambda each: (seen.index(each.code) if each.code in seen else len(seen), str(each.name)),
    )
    return page.show(
        "book/kinds.html", banner=head, tab="", words=words, types=types, practitioners=people(parts["practitioners"])
    )


def times(page: Page, problem: problems.Problem | None = None) -> Response:
    """The second key: a free time. Every time that is shown books unless somebody else is faster."""
    patient_id, type_id = page.arg("patient"), page.arg("type")
    begin = wished_day(page)
    search = search_fields(page, begin, appointment_type_ids=[type_id], patient_id=patient_id)
    return _free_times(page, problem, begin, search, patient_id, type_id, moving=None)


def hold(page: Page) -> Response:
    """Keeps the chosen time while the last words are said, and asks for Enter."""
    try:
        held = page.submit("Scheduling.HoldSlot")
    except Refused as refused:
        return page.show(
            "book/taken.html", problem=refused.problem, status=refused.problem.status, again=page.sent("again")
        )
    parts = page.together(
        **banner_asks(page, held.patient_id),
        kind=page.ask("Scheduling.GetAppointmentType", appointment_type_id=held.appointment_type_id),
        who=page.ask("Identity.GetPractitioner", practitioner_id=held.practitioner_id),
        where=page.ask("Identity.GetLocation", location_id=held.location_id),
    )
    return page.show(
        "book/confirm.html",
        banner=banner_of(page, parts),
        tab="",
        words=words,
        held=held,
        kind=parts["kind"].need(),
        who=parts["who"].need(),
        where=parts["where"].need(),
        again=page.sent("again"),
    )


def book(page: Page) -> Response:
    """Books the held time."""
    try:
        visit = page.submit("Scheduling.BookAppointment")
    except Refused as refused:
        return page.show(
            "book/taken.html", problem=refused.problem, status=refused.problem.status, again=page.sent("again")
        )
    return page.go(f"/console/patients/{visit.patient_id}", page.gettext("Booked."))


def release(page: Page) -> Response:
    """Lets a held time go and leads back to the times."""
    page.together(gone=page.ask("Scheduling.ReleaseHold", hold_id=page.sent("hold_id")))
    again = page.sent("again")
    return page.go(again if again.startswith("/console/") and "\\" not in again else "/console/calendar")


def move_form(page: Page, problem: problems.Problem | None = None) -> Response:
    """Free times for a visit that is booked already."""
    visit = page.call("Scheduling.GetAppointment", appointment_id=page.values["appointment_id"])
    begin = wished_day(page)
    search = search_fields(page, begin, appointment_type_ids=[visit.appointment_type_id])
    if not page.arg("location"):
        search["location_ids"] = [visit.location_id]
    if not page.arg("practitioner"):
        search["practitioner_ids"] = [visit.practitioner_id]
    if page.arg("practitioner") == "any":
        search.pop("practitioner_ids", None)
    return _free_times(page, problem, begin, search, visit.patient_id, visit.appointment_type_id, moving=visit)


def _free_times(
    page: Page,
    problem: problems.Problem | None,
    begin: date,
    search: dict[str, Any],
    patient_id: str,
    type_id: str,
    *,
    moving: Any,
) -> Response:
    """The page of free times, for a new visit or for one that is to be moved."""
    head, parts = banner(
        page,
        patient_id,
        slots=page.ask("Scheduling.SearchSlots", **search),
        practitioners=page.ask("Identity.ListPractitioners", page_size=500),
        kind=page.ask("Scheduling.GetAppointmentType", appointment_type_id=type_id),
    )
    return page.show(
        "book/times.html",
        status=problem.status if problem else 200,
        problem=problem,
        banner=head,
        tab="",
        words=words,
        begin=begin,
        **spread(page, parts["slots"].need().slots),
        kind=parts["kind"].need(),
        practitioners=people(parts["practitioners"]),
        moving=moving,
    )


def cancel_form(page: Page, problem: problems.Problem | None = None) -> Response:
    """Why a visit is cancelled."""
    visit = page.call("Scheduling.GetAppointment", appointment_id=page.values["appointment_id"])
    head, _ = banner(page, visit.patient_id)
    return page.show(
        "book/cancel.html",
        status=problem.status if problem else 200,
        problem=problem,
        banner=head,
        tab="",
        words=words,
        visit=visit,
    )


def cancel(page: Page) -> Response:
    """Cancels it; its time is offered to the waitlist."""
    try:
        visit = page.submit("Scheduling.CancelAppointment", appointment_id=page.values["appointment_id"])
    except Refused as refused:
        return cancel_form(page, refused.problem)
    return page.go(f"/console/patients/{visit.patient_id}", page.gettext("Cancelled; its time is free again."))


def wait(page: Page) -> Response:
    """Puts the patient on the waitlist for this kind of visit."""
    try:
        entry = page.submit("Scheduling.JoinWaitlist")
    except Refused as refused:
        return page.show(
            "book/taken.html", problem=refused.problem, status=refused.problem.status, again=page.sent("again")
        )
    return page.go(f"/console/patients/{entry.patient_id}", page.gettext("On the waitlist."))


def wished_day(page: Page) -> date:
    """The first day to look at: typed as words or digits, else today."""
    return (read_date(page.arg("from"), page.today) if page.arg("from") else None) or page.today


def search_fields(page: Page, begin: date, **more: Any) -> dict[str, Any]:
    """The fields of a search for free times from the page's own parameters."""
    end = begin + timedelta(weeks=WEEKS_AHEAD)
    fields: dict[str, Any] = {
        "dates": {"start": parts_of(begin), "end": parts_of(end)},
        "limit": SEARCHED,
        **{name: value for name, value in more.items() if value},
    }
    if page.arg("location") != "any" and page.location is not None:
        fields["location_ids"] = [page.location.location_id]
    if page.arg("practitioner") not in ("", "any"):
        fields["practitioner_ids"] = [page.arg("practitioner")]
    half = {"am": (0, 720), "pm": (720, 1440)}.get(page.arg("time"))
    try:
        earliest, latest = half or ((minutes_text(page.arg("time")), 1440) if page.arg("time") else (0, 0))
    except Unreadable:
        earliest, latest = 0, 0
    if latest:
        fields |= {"earliest_minute": earliest, "latest_minute": latest}
    weekdays = [int(each) for each in page.exchange.request.args.getlist("weekday") if each in "1234567" and each]
    return fields | ({"weekdays": weekdays} if weekdays else {})


def spread(page: Page, slots: Sequence[Any]) -> dict[str, Any]:
    """The times to show, by day, and the day on which later ones begin: every clinician's first times of each half day."""
    most = OF_CHOSEN if page.arg("practitioner") not in ("", "any") else OF_EACH
    taken: Counter[tuple[str, date, bool]] = Counter()
    days: dict[date, list[Any]] = {}
    for each in slots:
        begin = instant(each.start_time).astimezone(ZoneInfo(each.time_zone))
        if begin.date() not in days and sum(map(len, days.values())) >= SHOWN:
            break
        half = (each.practitioner_id, begin.date(), begin.hour < NOON)
        taken[half] += 1
        if taken[half] <= most:
            days.setdefault(begin.date(), []).append(each)
    more = len(slots) == SEARCHED or sum(taken.values()) < len(slots)
    return {"days": days, "later": max(days) + timedelta(days=1) if days and more else None}


def parts_of(value: date) -> dict[str, int]:
    """A day as the fields of a ``google.type.Date``."""
    return {"year": value.year, "month": value.month, "day": value.day}


def people(part: Any) -> list[tuple[str, str]]:
    """Active practitioners to choose from."""
    found = part.value.practitioners if part.value is not None else ()
    return sorted(
        ((each.practitioner_id, f"{each.name.family}, {each.name.given}") for each in found if each.active),
        key=lambda each: each[1],
    )
