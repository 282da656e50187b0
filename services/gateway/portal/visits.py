"""A person's visits: what is ahead, what was, one visit with everything that can be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Response

from chassis.protos import instant, timestamp
from gateway import errors as problems
from gateway.portal import words
from gateway.portal.page import PortalPage
from gateway.web.calls import Ask, Part, Refused

# A visit that began so long ago and is not over is still shown as the present one.
STILL_ON = timedelta(hours=12)
PAST = timedelta(days=3 * 365)
MOST_AHEAD, MOST_PAST = 50, 200
# As the service takes it: a patient says "I am here" from so long before the start until so long after it.
HERE_FROM, HERE_UNTIL = timedelta(hours=2), timedelta(hours=4)
DIRECTIONS = "https://www.google.com/maps/dir/?"
PARAMETERS = {"api": "1"}


@dataclass(frozen=True)
class Changes:
    """Until when a visit may be changed, as instants; None where there is no such limit."""

    # Nearer to the start the patient has to call.
    by_oneself_until: datetime
    # Nearer to the start a cancellation is late.
    free_until: datetime | None
    may: bool
    late: bool


def listing(page: PortalPage) -> Response:
    """Visits ahead, then those of the past, newest first."""
    ahead = page.call("Scheduling.ListAppointments", **ahead_fields(page)).appointments
    return page.show("visits/list.html", words=words, ahead=ahead, past=None)


def past(page: PortalPage) -> Response:
    """The visits of three years, newest first."""
    found = page.pages(
        "Scheduling.ListAppointments",
        "appointments",
        limit=MOST_PAST,
        patient_id=page.patient_id,
        start_from=timestamp(page.now - PAST),
        start_to=timestamp(page.now - STILL_ON),
    )
    return page.show("visits/list.html", words=words, ahead=None, past=list(found)[::-1])


def one(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """One visit: when, where, with whom, and what can be done now."""
    visit = own_visit(page)
    parts = page.together(
        place=page.ask("Identity.GetLocation", location_id=visit.location_id),
        expected=page.ask("RunningLate.GetExpectedStart", appointment_id=visit.appointment_id),
        policy=page.ask("BookingPolicies.GetBookingPolicy", location_id=visit.location_id),
        **steps_ask(page, visit),
    )
    return page.show(
        "visits/one.html",
        status=problem.status if problem else 200,
        problem=problem,
        words=words,
        visit=visit,
        now=state_of(page, visit, parts["expected"]),
        changes=changes_of(page, visit, parts["policy"]),
        steps=steps_of(parts),
        place=parts["place"].value,
        directions=directions(parts["place"]),
    )


def arrive(page: PortalPage) -> Response:
    """ "I am here"."""
    return _step(page, "Scheduling.Arrive", page.gettext("We know that you are here."))


def confirm(page: PortalPage) -> Response:
    """ "I will come"."""
    return _step(page, "Scheduling.ConfirmAppointment", page.gettext("Thank you: your visit is confirmed."))


def _step(page: PortalPage, rpc: str, told: str) -> Response:
    visit_id = page.own("appointment_id")
    try:
        page.do(rpc, appointment_id=visit_id)
    except Refused as refused:
        return one(page, refused.problem)
    return page.go(f"{page.here}/visits/{visit_id}", told)


def calendar(page: PortalPage) -> Response:
    """The visit as a file for the person's own calendar."""
    body = page.call("Calendars.GetVisitCalendar", appointment_id=page.own("appointment_id"))
    response = Response(body.data, content_type=body.content_type)
    response.headers["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return page.finish(response)


def cancel_form(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """What cancelling means, said before."""
    visit = own_visit(page)
    policy = page.together(policy=page.ask("BookingPolicies.GetBookingPolicy", location_id=visit.location_id))["policy"]
    return page.show(
        "visits/cancel.html",
        status=problem.status if problem else 200,
        problem=problem,
        words=words,
        visit=visit,
        changes=changes_of(page, visit, policy),
    )


def cancel(page: PortalPage) -> Response:
    """Cancels the visit; its time is offered to others."""
    try:
        visit = page.submit(
            "Scheduling.CancelAppointment", appointment_id=page.own("appointment_id"), reason=words.BY_PATIENT
        )
    except Refused as refused:
        return cancel_form(page, refused.problem)
    told = page.gettext("Your visit of %(when)s is cancelled.", when=when(page, visit))
    return page.go(f"{page.here}/visits", told)


# --- what pages share -------------------------------------------------------------------------------------------------


def own_visit(page: PortalPage) -> Any:
    """The visit of the address, which must be of somebody the person may act for. Raises NotFound, Refused."""
    return page.call("Scheduling.GetAppointment", appointment_id=page.own("appointment_id"))


def ahead_fields(page: PortalPage) -> dict[str, Any]:
    """The fields of a request for what is ahead (and going on) of the person looked at."""
    return {
        "patient_id": page.patient_id,
        "start_from": timestamp(page.now - STILL_ON),
        "statuses": list(words.LIVE),
        "page_size": MOST_AHEAD,
    }


def steps_ask(page: PortalPage, visit: Any) -> dict[str, Ask]:
    """What is asked about the steps before a visit: nothing once somebody has come, or while the pages are about another person."""
    if visit.status not in words.AHEAD or visit.patient_id != page.patient_id:
        return {}
    fields = {"patient_id": visit.patient_id, "appointment_id": visit.appointment_id}
    return {"steps": page.ask("Intake.GetIntakeChecklist", **fields)}


def steps_of(parts: Mapping[str, Part]) -> Any:
    """The checklist, when it was asked for and answered; a registry that has not heard of the visit yet has none."""
    return parts["steps"].value if "steps" in parts else None


def state_of(page: PortalPage, visit: Any, expected: Part) -> dict[str, Any]:
    """What holds of a visit at this moment: whether one may say that one is here or join, and how late it is."""
    start, end = instant(visit.start_time), instant(visit.end_time)
    told = expected.value
    delay = told.told_minutes if told is not None else 0
    return {
        "may_arrive": visit.status in words.AHEAD and start - HERE_FROM <= page.now <= start + HERE_UNTIL,
        "may_join": visit.modality == words.VIDEO
        and visit.status in words.LIVE
        and start - timedelta(minutes=30) <= page.now <= end + HERE_UNTIL,
        "waiting": visit.status in words.WAITING,
        "delay": delay,
        "expected": start + timedelta(minutes=delay),
        "minutes": max(0, round((start + timedelta(minutes=delay) - page.now).total_seconds() / 60)),
        "soon": abs(start - page.now) <= STILL_ON,
    }


def changes_of(page: PortalPage, visit: Any, policy: Part) -> Changes:
    """Until when the visit may be changed; the service decides in any case."""
    start = instant(visit.start_time)
    rules = policy.value
    until = start - timedelta(minutes=rules.patients_change_until_minutes if rules is not None else 0)
    cutoff = rules.cancel_cutoff_minutes if rules is not None else 0
    free = start - timedelta(minutes=cutoff) if cutoff else None
    return Changes(
        by_oneself_until=until,
        free_until=free,
        may=visit.status in words.AHEAD and page.now < until,
        late=free is not None and page.now >= free,
    )


def directions(place: Part) -> str:
    """The address of a map with the way there; "" when the place is not known."""
    if place.value is None or not place.value.address.city:
        return ""
    address = place.value.address
    target = ", ".join([*address.lines, address.city, f"{address.state} {address.postal_code[:5]}"])
    return DIRECTIONS + urlencode(PARAMETERS | {"destination": target})


def when(page: PortalPage, visit: Any) -> str:
    """``Monday, March 2, 9:05 AM`` at the visit's place."""
    filters = page.filters
    return f"{filters['weekday'](visit.start_time, visit.time_zone)}, {filters['clock'](visit.start_time, visit.time_zone)}"
