"""The flow board of a location's day: who is where, since when, and what to press next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Response
from polyclinic.scheduling.v1 import events_pb2

from gateway.console import words
from gateway.web import formats
from gateway.web.calls import Refused
from gateway.web.dates import read_date
from gateway.web.i18n import N_
from gateway.web.page import Page

BOOKED, CONFIRMED = events_pb2.APPOINTMENT_STATUS_BOOKED, events_pb2.APPOINTMENT_STATUS_CONFIRMED
ARRIVED, CHECKED_IN = events_pb2.APPOINTMENT_STATUS_ARRIVED, events_pb2.APPOINTMENT_STATUS_CHECKED_IN
ROOMED, SEEN = events_pb2.APPOINTMENT_STATUS_ROOMED, events_pb2.APPOINTMENT_STATUS_SEEN
OVER = (
    events_pb2.APPOINTMENT_STATUS_CHECKED_OUT,
    events_pb2.APPOINTMENT_STATUS_NO_SHOW,
    events_pb2.APPOINTMENT_STATUS_LEFT,
    events_pb2.APPOINTMENT_STATUS_CANCELLED,
)
# What is offered in which state: (path, RPC, key, word). Scheduling decides what is allowed.
STEPS = {
    "arrive": ("Scheduling.Arrive", "a", N_("Arrive")),
    "check-in": ("Scheduling.CheckIn", "i", N_("Check in")),
    "room": ("Scheduling.Room", "r", N_("Room")),
    "seen": ("Scheduling.Seen", "s", N_("Seen")),
    "out": ("Scheduling.CheckOut", "o", N_("Out")),
    "no-show": ("Scheduling.NoShow", "n", N_("No-show")),
    "left": ("Scheduling.Left", "l", N_("Left")),
    "undo": ("Scheduling.UndoVisitStep", "z", N_("Undo")),
    "confirm": ("Scheduling.ConfirmAppointment", "c", N_("Confirm")),
}
OFFERED = {
    BOOKED: ("arrive", "no-show"),
    CONFIRMED: ("arrive", "no-show"),
    ARRIVED: ("check-in", "left"),
    CHECKED_IN: ("room", "seen", "left"),
    ROOMED: ("seen", "left"),
    SEEN: ("out",),
}
FILTERS = {
    "all": (N_("All"), None),
    "expected": (N_("Expected"), (BOOKED, CONFIRMED)),
    "waiting": (N_("Waiting"), (ARRIVED, CHECKED_IN)),
    "inside": (N_("In rooms"), (ROOMED, SEEN)),
    "over": (N_("Over"), OVER),
}
BOARD = "/console/today"
LATE_MINUTES, LONG_WAIT_MINUTES = 10, 15


@dataclass(frozen=True)
class Here:
    """Where the board stands: its address and what it shows (``show``, ``date``, ``practitioner``), also while a step is answered."""

    path: str
    args: Mapping[str, str]

    @classmethod
    def of(cls, address: str) -> Here:
        """Of a path with its query."""
        parts = urlsplit(address)
        return cls(parts.path, {name: value.strip() for name, value in parse_qsl(parts.query)})

    def url(self, **changes: str) -> str:
        """The address with other parameters; an empty one is left out."""
        kept = {name: value for name, value in {**self.args, **changes}.items() if value}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path

    def arg(self, name: str) -> str:
        """A parameter; "" when it is not given."""
        return self.args.get(name, "")


def board(page: Page, here_is: str = "") -> Response:
    """The board, with what else waits for the desk beside it. ``here_is``: where it stands, when it answers a step."""
    location = page.location
    if location is None:
        return page.show("today.html", day=None, words=words)
    at = Here.of(here_is or page.url())
    chosen = read_date(at.arg("date"), page.today) if at.arg("date") else None
    asked = {"date": {"year": chosen.year, "month": chosen.month, "day": chosen.day}} if chosen else {}
    here = {"location_id": location.location_id}
    parts: dict[str, Any] = page.together(
        day=page.ask("Scheduling.GetDay", **here, **asked),
        requests=page.ask("Scheduling.ListRescheduleRequests", **here, page_size=20),
        offers=page.ask("Scheduling.ListOffers", page_size=20),
        waitlist=page.ask("Scheduling.ListWaitlist", **here, page_size=20),
        replies=page.ask("Notifications.ListReplies", needs_attention=True, page_size=10),
        sessions=page.ask("Telehealth.ListSessions", **here, status=2, page_size=20),
        work=page.ask("Claims.ListWorkItems", state="open", owner_id=page.user.id, page_size=10),
        threads=page.ask("Conversations.CountThreads"),
    )
    day = parts.pop("day").need()
    shown = FILTERS.get(at.arg("show"), FILTERS["all"])[1]
    visits = [each for each in day.visits if shown is None or each.appointment.status in shown]
    # What is over stands below: the desk looks at who is still to be dealt with.
    visits.sort(key=lambda each: each.appointment.status in OVER)
    if at.arg("practitioner"):
        visits = [each for each in visits if each.appointment.practitioner_id == at.arg("practitioner")]
    if page.arg("format") == "csv":
        return page.csv(
            "day", ["time", "patient", "mrn", "clinician", "type", "status", "waited", "late"], map(_row(page), visits)
        )
    return page.show(
        "today.html",
        day=day,
        at=at,
        visits=visits,
        filters=FILTERS,
        counts=counts(day),
        steps=STEPS,
        offered=OFFERED,
        over=OVER,
        words=words,
        late_minutes=LATE_MINUTES,
        long_wait=LONG_WAIT_MINUTES,
        chosen=chosen,
        rooms={each.room_id: each.name for each in day.rooms},
        **parts,
    )


def step(page: Page) -> Response:
    """One step of a visit's flow, and back to the board. A refusal is said above it."""
    name, appointment_id = page.values["step"], page.values["appointment_id"]
    if name not in STEPS:
        return page.go("/console/today")
    back = page.sent("back")
    back = back if back.startswith("/console/") and "\\" not in back else BOARD
    try:
        visit = page.submit(STEPS[name][0], appointment_id=appointment_id)
    except Refused as refused:
        if page.exchange.request.headers.get("HX-Request"):
            return board_with(page, refused, back)
        raise
    if name == "arrive" and page.may("Billing.TakePayment") and page.sent("then") == "drawer":
        return page.go(f"/console/visits/{appointment_id}/arrive")
    told = page.label(page.plain(words.STATUS), visit.status)
    undo = f"/console/visits/{appointment_id}/undo" if name != "undo" else ""
    return page.go(back, told, undo=undo)


def board_with(page: Page, refused: Refused, back: str) -> Response:
    """The board again as it stood, with what was refused above it."""
    page.refusal = refused.problem
    return board(page, back if back.startswith(BOARD) else BOARD)


def counts(day: Any) -> dict[str, int]:
    """How many visits each filter would show."""
    return {
        name: sum(statuses is None or each.appointment.status in statuses for each in day.visits)
        for name, (_, statuses) in FILTERS.items()
    }


def close_request(page: Page) -> Response:
    """A request for another time is dealt with otherwise."""
    page.do("Scheduling.CloseRescheduleRequest", reschedule_request_id=page.values["request_id"])
    return page.go("/console/today", page.gettext("Closed."))


def _row(page: Page) -> Any:
    def row(each: Any) -> list[object]:
        visit = each.appointment
        return [
            formats.time_of_day(visit.start_time, visit.time_zone, page.language.locale),
            visit.patient_name,
            visit.patient_mrn,
            visit.practitioner_name,
            visit.appointment_type_name,
            page.label(page.plain(words.STATUS), visit.status),
            each.minutes_waited,
            each.minutes_late,
        ]

    return row
