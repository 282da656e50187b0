"""The waitlist: joining and leaving it, and what is offered from it."""

from __future__ import annotations

from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.portal import booking, visits, words
from gateway.portal.page import PortalPage
from gateway.web.calls import Refused


def listing(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """What the person waits for, and what is offered to them now."""
    parts = page.together(
        entries=page.ask("Scheduling.ListWaitlist", patient_id=page.patient_id, page_size=50),
        offers=page.ask("Scheduling.ListOffers", patient_id=page.patient_id, page_size=50),
        types=page.ask("Scheduling.ListAppointmentTypes", page_size=500),
    )
    types = parts["types"].value.appointment_types if parts["types"].value is not None else ()
    return page.show(
        "waiting/list.html",
        status=problem.status if problem else 200,
        problem=problem,
        words=words,
        entries=parts["entries"].need().entries,
        offers=parts["offers"].need().offers,
        kinds={each.appointment_type_id: each.name for each in types},
    )


def form(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """What one would come for, until when, on which days."""
    kind = page.call(
        "Scheduling.GetAppointmentType", appointment_type_id=page.arg("type") or page.sent("appointment_type_id")
    )
    ahead: list[Any] = []
    listed = page.call("Scheduling.ListAppointments", **visits.ahead_fields(page)).appointments
    ahead = [
        each for each in listed if each.appointment_type_id == kind.appointment_type_id and each.status in words.AHEAD
    ]
    return page.show(
        "waiting/join.html",
        status=problem.status if problem else 200,
        problem=problem,
        words=words,
        kind=kind,
        ahead=ahead,
    )


def join(page: PortalPage) -> Response:
    """Puts the person on the waitlist."""
    half = booking.HALVES.get(page.sent("time"), (0, 0))
    wishes: dict[str, Any] = {"patient_id": page.patient_id, "earliest_minute": half[0], "latest_minute": half[1]}
    weekdays = [int(each) for each in page.exchange.request.form.getlist("weekday") if each in set("1234567")]
    if weekdays:
        wishes["weekdays"] = weekdays
    try:
        page.submit("Scheduling.JoinWaitlist", **wishes)
    except Refused as refused:
        return form(page, refused.problem)
    return page.go(
        f"{page.here}/waitlist", page.gettext("You are on the waitlist. We tell you when an earlier time is free.")
    )


def leave(page: PortalPage) -> Response:
    """Takes the person off it."""
    page.do("Scheduling.LeaveWaitlist", waitlist_entry_id=page.own("waitlist_entry_id"))
    return page.go(f"{page.here}/waitlist", page.gettext("You are off the waitlist."))


def accept(page: PortalPage) -> Response:
    """Takes the offered time: the first who accepts has it."""
    try:
        visit = page.do("Scheduling.AcceptOffer", waitlist_offer_id=page.own("waitlist_offer_id"))
    except Refused as refused:
        return listing(page, refused.problem)
    told = page.gettext("The time is yours: %(when)s.", when=visits.when(page, visit))
    return page.go(f"{page.here}/visits/{visit.appointment_id}", told)


def decline(page: PortalPage) -> Response:
    """Leaves the offered time to others."""
    try:
        page.do("Scheduling.DeclineOffer", waitlist_offer_id=page.own("waitlist_offer_id"))
    except Refused as refused:
        return listing(page, refused.problem)
    return page.go(f"{page.here}/waitlist", page.gettext("Declined; you stay on the waitlist."))
