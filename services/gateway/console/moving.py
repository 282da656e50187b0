"""Moving a visit on the calendar: the times it could go to, shown before it is let go, and the way back."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Response
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.protos import instant
from gateway.console.booking import move_form, parts_of
from gateway.web import formats
from gateway.web.calls import Ask, Refused
from gateway.web.dates import read_date
from gateway.web.page import Page

SEARCHED = 500
CALENDAR = "/console/calendar"
MINUTES_A_ROW = 5
# What may be moved: booked and confirmed visits.
MOVABLE = (1, 2)


def slots_for(page: Page, visit: Any, first: date, last: date) -> Ask:
    """The times of these days at the visit's location that it could go to."""
    return page.ask(
        "Scheduling.SearchSlots",
        appointment_type_ids=[visit.appointment_type_id],
        location_ids=[visit.location_id],
        # The visit itself does not stand in its own way.
        moving_appointment_id=visit.appointment_id,
        dates={"start": parts_of(first), "end": parts_of(last)},
        limit=SEARCHED,
    )


def row_of(local: datetime) -> int:
    """The calendar's row of a wall-clock time, from 0."""
    return (local.hour * 60 + local.minute) // MINUTES_A_ROW


def free(page: Page) -> Response:
    """The times a visit could go to, for the hand that drags it: ``{"slots": [[practitioner, day, row, start, clock], …]}``."""
    visit = page.call("Scheduling.GetAppointment", appointment_id=page.values["appointment_id"])
    first = read_date(page.arg("first"), page.today) or page.today
    last = read_date(page.arg("last"), page.today) or first
    last = min(max(first, last), first + timedelta(days=7))
    found = page.together(slots=slots_for(page, visit, first, last))["slots"].need().slots
    told = []
    for each in found:
        local = instant(each.start_time).astimezone(ZoneInfo(each.time_zone))
        clock = formats.time_of_day(each.start_time, each.time_zone, page.language.locale)
        told.append(
            [each.practitioner_id, local.date().isoformat(), row_of(local), each.start_time.ToJsonString(), clock]
        )
    return page.finish(Response(json.dumps({"slots": told}), content_type="application/json"))


def move(page: Page) -> Response:
    """Moves the visit. From the calendar it leads back there, with the way to undo it; a refusal is said there, too."""
    appointment_id, back = page.values["appointment_id"], page.sent("back")
    here = back == CALENDAR or back.startswith(f"{CALENDAR}?")
    try:
        before = page.call("Scheduling.GetAppointment", appointment_id=appointment_id)
        visit = page.submit("Scheduling.MoveAppointment", appointment_id=appointment_id, **chosen(page))
    except Refused as refused:
        if here:
            return page.go(back, page.gettext("Not moved: %(why)s", why=page.gettext(refused.problem.detail)))
        return move_form(page, refused.problem)
    told = page.gettext(
        "Moved to %(when)s with %(who)s.",
        when=formats.moment(visit.start_time, visit.time_zone, page.language.locale, "medium"),
        who=visit.practitioner_name,
    )
    where = {
        "start": before.start_time.ToJsonString(),
        "practitioner": before.practitioner_id,
        "location": before.location_id,
        "back": back if here else f"/console/patients/{visit.patient_id}",
    }
    undo = f"/console/visits/{appointment_id}/unmove?{urlencode(where)}"
    return page.go(where["back"], told, undo=undo)


def chosen(page: Page) -> dict[str, Any]:
    """The time behind the calendar's button that was pressed ("practitioner start"); empty when the form says it itself."""
    who, _, start = page.sent("to").partition(" ")
    stamp = Timestamp()
    try:
        stamp.FromJsonString(start)
    except ValueError:
        return {}
    return {"practitioner_id": who, "start_time": stamp}


def unmove(page: Page) -> Response:
    """Moves the visit back to where it was; somebody may have taken the time meanwhile."""
    back = page.arg("back")
    path = back if back.startswith("/console/") and "\\" not in back else CALENDAR
    try:
        page.do(
            "Scheduling.MoveAppointment",
            appointment_id=page.values["appointment_id"],
            start_time=datetime.fromisoformat(page.arg("start")),
            practitioner_id=page.arg("practitioner"),
            location_id=page.arg("location"),
        )
    except (Refused, ValueError) as error:
        why = page.gettext(error.problem.detail) if isinstance(error, Refused) else page.arg("start")
        return page.go(path, page.gettext("Not moved: %(why)s", why=why))
    return page.go(path, page.gettext("Moved back."))
