"""Finding a time and booking it, or moving a visit: the kind of visit, a free time, held while it is confirmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from chassis.protos import instant, timestamp
from gateway import errors as problems
from gateway.portal import visits, words
from gateway.portal.page import PortalPage
from gateway.web.calls import Refused
from gateway.web.dates import read_date

WEEKS_AHEAD = 13
SEARCHED, SHOWN, OF_A_DAY = 300, 30, 12
APART = timedelta(minutes=30)
HOLD_MINUTES = 5
NEAR = timedelta(days=3)
ALTERNATIVES = 6
HALVES = {"am": (0, 720), "pm": (720, 1020), "evening": (1020, 1440)}


def kinds(page: PortalPage) -> Response:
    """What kind of visit."""
    types = page.call("Scheduling.ListAppointmentTypes", page_size=500).appointment_types
    return page.show("book/kinds.html", words=words, types=types)


def times(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """Free times of a kind of visit; each of them books unless somebody else is faster."""
    begin = wished_day(page)
    type_id = page.arg("type")
    parts = page.together(
        found=page.ask("Scheduling.SearchSlots", **search_fields(page, begin, [type_id])),
        kind=page.ask("Scheduling.GetAppointmentType", appointment_type_id=type_id),
        people=page.ask("Identity.ListPractitioners", page_size=500),
    )
    return _free_times(page, problem, begin, parts, moving=None)


def move_form(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """Free times for a visit that is booked already; or whom to call when it is too near."""
    visit = visits.own_visit(page)
    begin = wished_day(page)
    search = search_fields(page, begin, [visit.appointment_type_id])
    search.setdefault("location_ids", [visit.location_id])
    if not page.arg("practitioner"):
        search["practitioner_ids"] = [visit.practitioner_id]
    parts = page.together(
        found=page.ask("Scheduling.SearchSlots", **search),
        kind=page.ask("Scheduling.GetAppointmentType", appointment_type_id=visit.appointment_type_id),
        people=page.ask("Identity.ListPractitioners", page_size=500),
        policy=page.ask("BookingPolicies.GetBookingPolicy", location_id=visit.location_id),
    )
    changes = visits.changes_of(page, visit, parts["policy"])
    if not changes.may:
        return page.show("visits/call.html", words=words, visit=visit, changes=changes)
    return _free_times(page, problem, begin, parts, moving=visit)


def move(page: PortalPage) -> Response:
    """Moves the visit to the chosen time."""
    try:
        visit = page.submit("Scheduling.MoveAppointment", appointment_id=page.own("appointment_id"))
    except Refused as refused:
        return move_form(page, refused.problem)
    told = page.gettext("Moved: your visit is now on %(when)s.", when=visits.when(page, visit))
    return page.go(f"{page.here}/visits/{visit.appointment_id}", told)


def hold(page: PortalPage) -> Response:
    """Keeps the chosen time for some minutes and asks for the last word."""
    try:
        held = page.submit("Scheduling.HoldSlot", patient_id=page.patient_id, minutes=HOLD_MINUTES)
    except Refused as refused:
        return _taken(page, refused.problem)
    return _confirm(page, held)


def renew(page: PortalPage) -> Response:
    """Starts the hold's minutes anew."""
    try:
        held = page.do("Scheduling.RenewHold", hold_id=page.sent("hold_id"))
    except Refused as refused:
        return _taken(page, refused.problem)
    return _confirm(page, held)


def book(page: PortalPage) -> Response:
    """Books the held time."""
    try:
        visit = page.submit("Scheduling.BookAppointment", patient_id=page.patient_id)
    except Refused as refused:
        if refused.problem.violations:
            held = page.do("Scheduling.RenewHold", hold_id=page.sent("hold_id"))
            return _confirm(page, held, refused.problem)
        return _taken(page, refused.problem)
    return page.go(f"{page.here}/visits/{visit.appointment_id}", page.gettext("Your visit is booked."))


def release(page: PortalPage) -> Response:
    """Lets the held time go and leads back to the times."""
    page.do("Scheduling.ReleaseHold", hold_id=page.sent("hold_id"))
    return page.go(inside(page, page.sent("again")))


def _confirm(page: PortalPage, held: Any, problem: problems.Problem | None = None) -> Response:
    parts = page.together(
        kind=page.ask("Scheduling.GetAppointmentType", appointment_type_id=held.appointment_type_id),
        who=page.ask("Identity.GetPractitioner", practitioner_id=held.practitioner_id),
        where=page.ask("Identity.GetLocation", location_id=held.location_id),
        policy=page.ask("BookingPolicies.GetBookingPolicy", location_id=held.location_id),
    )
    return page.show(
        "book/confirm.html",
        status=problem.status if problem else 200,
        problem=problem,
        words=words,
        held=held,
        seconds=max(0, int((instant(held.expires_at) - page.now).total_seconds())),
        kind=parts["kind"].need(),
        who=parts["who"].need(),
        where=parts["where"].need(),
        policy=parts["policy"].value,
        again=inside(page, page.sent("again")),
    )


def _taken(page: PortalPage, problem: problems.Problem) -> Response:
    """What could not be had, said, with what is free near it."""
    near: Sequence[Any] = ()
    wished = page.read("Scheduling.HoldSlot").message
    if wished.appointment_type_id and wished.HasField("start_time"):
        start = instant(wished.start_time)
        part = page.together(
            found=page.ask(
                "Scheduling.SearchSlots",
                appointment_type_ids=[wished.appointment_type_id],
                location_ids=[wished.location_id],
                patient_id=page.patient_id,
                start_from=timestamp(max(page.now, start - NEAR)),
                dates={"start": parts_of((start - NEAR).date()), "end": parts_of((start + NEAR).date())},
                limit=SEARCHED,
            )
        )["found"]
        if part.value is not None:
            near = sorted(part.value.slots, key=lambda each: abs(instant(each.start_time) - start))[:ALTERNATIVES]
    return page.show(
        "book/taken.html",
        status=problem.status,
        problem=problem,
        near=sorted(near, key=lambda each: instant(each.start_time)),
        again=inside(page, page.sent("again")),
    )


def _free_times(
    page: PortalPage, problem: problems.Problem | None, begin: date, parts: dict[str, Any], *, moving: Any
) -> Response:
    found = parts["found"].need()
    people = parts["people"].value
    return page.show(
        "book/times.html",
        status=problem.status if problem else 200,
        problem=problem,
        words=words,
        begin=begin,
        kind=parts["kind"].need(),
        people=sorted((each for each in (people.practitioners if people else ()) if each.active), key=_surname),
        alternatives=found.alternatives,
        moving=moving,
        **spread(found.slots, whole=bool(page.arg("day"))),
    )


def _surname(person: Any) -> tuple[str, str]:
    return str(person.name.family), str(person.name.given)


def spread(slots: Sequence[Any], *, whole: bool = False) -> dict[str, Any]:
    """The times to show by day, whole days until there are enough, and the day on which later ones begin (None: there are none).

    Of a day some are shown, spread over it: at one place half an hour apart; with ``whole`` all of them. They stand in the order of
    the clock on the wall, which is how they are read where places keep different times.
    """
    days: dict[date, list[Any]] = {}
    left_out: Counter[date] = Counter()
    later = None
    for each in slots:
        day = _local(each).date()
        if day not in days and sum(map(len, days.values())) >= SHOWN:
            later = max(days) + timedelta(days=1)
            break
        shown = days.setdefault(day, [])
        near = any(one.location_id == each.location_id and _local(each) - _local(one) < APART for one in shown)
        if whole or not (near or len(shown) >= OF_A_DAY):
            shown.append(each)
        else:
            left_out[day] += 1
    else:
        later = max(days) + timedelta(days=1) if days and len(slots) == SEARCHED else None
    for shown in days.values():
        shown.sort(key=lambda each: (_local(each).time(), each.location_name, each.practitioner_name))
    return {"days": days, "left_out": left_out, "later": later}


def _local(slot: Any) -> datetime:
    """When a free time begins, on the clock of its place."""
    return instant(slot.start_time).astimezone(ZoneInfo(slot.time_zone))


def wished_day(page: PortalPage) -> date:
    """The first day to look at."""
    wished = read_date(page.arg("from"), page.today) if page.arg("from") else None
    return max(wished, page.today) if wished is not None else page.today


def search_fields(page: PortalPage, begin: date, type_ids: list[str]) -> dict[str, Any]:
    """The fields of a search for free times from the page's own parameters."""
    end = begin if page.arg("day") else begin + timedelta(weeks=WEEKS_AHEAD)
    fields: dict[str, Any] = {
        "appointment_type_ids": type_ids,
        "patient_id": page.patient_id,
        "dates": {"start": parts_of(begin), "end": parts_of(end)},
        "limit": SEARCHED,
    }
    for name in ("location", "practitioner"):
        if page.arg(name) not in ("", "any"):
            fields[f"{name}_ids"] = [page.arg(name)]
    if page.arg("time") in HALVES:
        fields["earliest_minute"], fields["latest_minute"] = HALVES[page.arg("time")]
    weekdays = sorted({int(each) for each in page.exchange.request.args.getlist("weekday") if each in set("1234567")})
    return fields | ({"weekdays": weekdays} if weekdays else {})


def parts_of(value: date) -> dict[str, int]:
    """A day as the fields of a ``google.type.Date``."""
    return {"year": value.year, "month": value.month, "day": value.day}


def inside(page: PortalPage, path: str) -> str:
    """A page of this portal to lead back to; else where booking begins."""
    return path if path.startswith(f"{page.here}/") and "\\" not in path else f"{page.here}/book"
