"""The demo's present day: each place is open now, whatever the weekday, with people who have come differently far."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from infra.day.client import Api, ApiError, Json
from infra.day.context import Day, Person
from infra.day.steps.step_04_booking import TAKEN
from infra.day.world import CLINICIANS, PLACES, Place, day_message

# How far the first visits of the day have come; the others are still to come.
FLOWS = (
    ("arrive", "checkIn", "room", "seen", "checkOut"),
    ("arrive", "checkIn", "room", "seen"),
    ("arrive", "checkIn", "room"),
    ("arrive", "checkIn"),
    ("arrive",),
)
REASONS = ("blood pressure", "knee pain", "cough", "test results", "refill")
VISITS_A_PLACE = 10
CLINICIANS_A_PLACE = 3
# Who is seen by video, by a clinician who sees nobody else around now.
VIDEO_A_PLACE = 2
OPEN_BEFORE, OPEN_AFTER = timedelta(hours=3), timedelta(hours=6)
MINUTES_OF_A_DAY = 24 * 60


def fill(day: Day) -> int:
    """Open every place around now, book people and lead the first of them through the visit; how many were booked."""
    return sum(_fill_place(day, place) for place in PLACES)


def _fill_place(day: Day, place: Place) -> int:
    now = day.time.now.astimezone(ZoneInfo(place.time_zone))
    _open(day, place, now)
    desk = day.accounts.front_desks[place.key]
    booked = {visit.person.patient_id for visit in day.visits}
    people = [person for person in day.people if person.place == place.key and person.patient_id not in booked]
    visits = []
    for person, reason in zip(people[:VISITS_A_PLACE], itertools.cycle(REASONS), strict=False):
        visit = _book(day, desk, place, person, reason, now.date(), "follow-up")
        if visit is not None:
            visits.append(visit)
    by_video = [
        _book(day, desk, place, person, reason, now.date(), "video-follow-up")
        for person, reason in zip(people[VISITS_A_PLACE:][:VIDEO_A_PLACE], REASONS, strict=False)
    ]
    visits.sort(key=lambda visit: str(visit["start_time"]))
    rooms = iter(day.cast.rooms[place.key])
    for visit, steps in zip(visits, FLOWS, strict=False):
        for step in steps:
            body = {"room_id": next(rooms)} if step == "room" else {}
            desk.post(f"/api/v1/appointments/{visit['appointment_id']}:{step}", body)
    return len(visits) + sum(visit is not None for visit in by_video)


def _open(day: Day, place: Place, now: datetime) -> None:
    """Extra hours around now, for the place and for some of its clinicians; within today, on full hours."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    minute = round((now - midnight).total_seconds() // 3600) * 60
    today = day_message(now.date())
    hours: Json = {
        "kind": "SCHEDULE_EXCEPTION_KIND_OPEN_EXTRA",
        "reason": "extra hours",
        "location_id": day.cast.locations[place.key],
        "dates": {"start": today, "end": today},
        "starts_minute": max(0, minute - OPEN_BEFORE // timedelta(minutes=1)),
        "ends_minute": min(MINUTES_OF_A_DAY, minute + OPEN_AFTER // timedelta(minutes=1)),
    }
    day.accounts.owner.post("/api/v1/schedule-exceptions", hours)
    here = [found for found in CLINICIANS if found.place == place.key]
    for clinician in here[:CLINICIANS_A_PLACE] + here[CLINICIANS_A_PLACE:][-1:]:
        who = {"practitioner_id": day.cast.practitioners[clinician.key]}
        day.accounts.owner.post("/api/v1/schedule-exceptions", hours | who)


def _book(day: Day, desk: Api, place: Place, person: Person, reason: str, today: date, kind: str) -> Json | None:
    """The next free visit of a kind on the day for somebody; None when there is none left."""
    wish = {
        "appointment_type_ids": [day.cast.appointment_types[kind]],
        "location_ids": [day.cast.locations[place.key]],
        "patient_id": person.patient_id,
        "dates": {"start": day_message(today), "end": day_message(today)},
        "limit": 1,
    }
    for slot in desk.post("/api/v1/slots:search", wish)["slots"]:
        asked = {name: slot[name] for name in ("appointment_type_id", "practitioner_id", "location_id", "start_time")}
        try:
            return desk.post("/api/v1/appointments", {"patient_id": person.patient_id, "reason": reason, **asked})
        except ApiError as error:
            if error.reason not in TAKEN:
                raise
    return None
