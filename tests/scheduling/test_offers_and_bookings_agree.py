"""What is offered books, and what is not offered does not: every quarter of an hour of a day, under rules thrown together at random."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from polyclinic.scheduling.v1 import availability_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.errors import Error
from chassis.protos import date_message
from chassis.testing.harness import Harness
from scheduling.domain import zones
from scheduling.domain.cells import instant_at
from tests.depth import pieces
from tests.scheduling.clinic import Clinic, at, open_clinic

# Days on which the clocks change, and one on which they do not.
DAYS = {
    "America/New_York": (date(2026, 3, 8), date(2026, 3, 10)),
    "Europe/London": (date(2026, 3, 29),),
    "Australia/Sydney": (date(2026, 4, 5),),
}
CASES = [(zone, day, seed) for zone, days in DAYS.items() for day in days for seed in (1, 2)]
# One of each clock change stays in every run.
KEPT = [(zone, days[0], 1) for zone, days in DAYS.items()]


@pytest.fixture
def scheduling(service_harness: Callable[..., Harness]) -> Harness:
    """A service of this file's own: its business time goes from day to day, and never back."""
    return service_harness("scheduling", POLYCLINIC_PRIVATE_CALENDARS="false")


def minutes_of(clinic: Clinic, day: date) -> list[datetime]:
    """Every quarter of an hour of a local day, as long as it is."""
    span = zones.day_span(clinic.zone, day)
    return [instant_at(cell) for cell in range(span.first, span.end, 3)]


def furnish(clinic: Clinic, dice: Random, day: date) -> None:
    """Rules, rooms, helpers and bookings thrown together around a day."""
    who = clinic.practitioner_ids[0]
    windows = []
    for weekday in range(1, 8):
        begin = dice.randrange(0, 12)
        windows.append((weekday, begin * 60, dice.randrange(begin + 2, 24) * 60, 0, "", 0))
        kept = dice.randrange(0, 22)
        release = dice.choice([0, 60, 60 * 24 * 40])
        windows.append((weekday, kept * 60, (kept + 2) * 60, 0, dice.choice(["urgent", "new"]), release))
    template(clinic, who, windows, dice.choice([1, 2]), day)
    nurse = clinic.practitioner("Ruiz", hours=(dice.randrange(0, 9), dice.randrange(12, 24)), specialties=["nurse"])
    rooms = [clinic.room() for _ in range(dice.choice([1, 2]))]
    for resource in (who, nurse, rooms[0]):
        limits = pb.VisitLimits(per_day=dice.choice([0, 2, 9])) if resource != rooms[0] else None
        rule(clinic, resource, dice.choice([0, 5, 20]), dice.choice([0, 10]), limits)
    closed = dice.randrange(0, 20)
    exception(clinic, day, closed * 60, (closed + 2) * 60)
    for hour in dice.sample(range(24), 6):
        start = at(day, hour, dice.choice([0, 30]), clinic.zone)
        try:
            clinic.book(start, practitioner=dice.choice([0, 1]))
        except Error as refused:
            assert refused.reason != "INTERNAL"


def template(clinic: Clinic, who: UUID, windows: list[Any], weeks: int, day: date) -> None:
    """Hours of a practitioner, in a cycle whose first week is the day's."""
    made = [
        pb.WeeklyWindow(weekday=w, starts_minute=b, ends_minute=e, week=n, session=s, release_minutes=r)
        for w, b, e, n, s, r in windows
    ]
    clinic.staff.call(
        "CreateScheduleTemplate",
        pb.CreateScheduleTemplateRequest(
            template=pb.ScheduleTemplate(
                practitioner_id=str(who),
                location_id=str(clinic.location_id),
                windows=made,
                cycle_weeks=weeks,
                cycle_starts=date_message(day),
            )
        ),
    )


def rule(clinic: Clinic, resource: UUID, before: int, after: int, limits: pb.VisitLimits | None) -> None:
    """Buffers and limits of a resource."""
    clinic.staff.call(
        "SetResourceRule",
        availability_pb2.SetResourceRuleRequest(
            resource_id=str(resource), buffer_before_minutes=before, buffer_after_minutes=after, limits=limits
        ),
    )


def exception(clinic: Clinic, day: date, begin: int, end: int) -> None:
    """The location is closed for some hours."""
    clinic.staff.call(
        "CreateScheduleException",
        pb.CreateScheduleExceptionRequest(
            exception=pb.ScheduleException(
                kind=pb.SCHEDULE_EXCEPTION_KIND_CLOSED,
                location_id=str(clinic.location_id),
                dates=types_pb2.DateRange(start=date_message(day), end=date_message(day)),
                starts_minute=begin,
                ends_minute=end,
            )
        ),
    )


@pytest.mark.parametrize(("zone", "day", "seed"), pieces(CASES, *KEPT))
def test_a_start_is_offered_exactly_when_it_books(scheduling: Harness, zone: str, day: date, seed: int) -> None:
    """For each quarter of an hour of the day: the search offers it if, and only if, a booking of it meets no conflict."""
    dice = Random(f"{zone} {day} {seed}")
    scheduling.clock.set(datetime.combine(day, time(15), UTC) - timedelta(days=6))
    clinic = open_clinic(scheduling, zone)
    furnish(clinic, dice, day)
    roles = [
        pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam", buffer_after_minutes=dice.choice([0, 15])),
        pb.ResourceRole(kind=pb.RESOURCE_KIND_PRACTITIONER, resource_class="nurse"),
    ]
    clinic.type(
        "tried",
        dice.choice([15, 25, 40]),
        new_patient_minutes=dice.choice([0, 60]),
        buffer_before_minutes=dice.choice([0, 10]),
        buffer_after_minutes=dice.choice([0, 5]),
        roles=dice.sample(roles, dice.choice([0, 1, 2])),
        sessions=dice.choice([[], ["urgent"]]),
        practitioner_limits=pb.VisitLimits(per_week=dice.choice([0, 3])),
        patient_limits=pb.VisitLimits(per_day=dice.choice([0, 1])),
        minimum_notice_minutes=dice.choice([0, 60 * 24 * 6]),
        horizon_days=dice.choice([5, 60]),
    )
    patient = clinic.patient()
    busy = clinic.practitioner("Moreau", hours=(0, 24))
    hour = next(
        hour for hour in range(8, 24) if at(day, hour, 0, zone) in clinic.starts(day, practitioner_ids=[str(busy)])
    )
    clinic.book(at(day, hour, 0, zone), practitioner=clinic.practitioner_ids.index(busy), patient_id=patient)
    offered = set(
        clinic.starts(day, code="tried", patient_id=str(patient), practitioner_ids=[str(clinic.practitioner_ids[0])])
    )
    bookable = set()
    for start in minutes_of(clinic, day):
        request = pb.BookAppointmentsRequest(
            bookings=[clinic.booking(start, "tried", patient_id=patient)], validate_only=True
        )
        if not clinic.staff.call("BookAppointments", request).conflicts:
            bookable.add(start)
    assert sorted(offered) == sorted(bookable)


def test_some_of_those_days_have_something_to_offer(scheduling: Harness) -> None:
    """The comparison is not of nothing with nothing: without further rules the furnished day has free starts, and busy ones."""
    ((zone, (day,)),) = list(DAYS.items())[-1:]
    scheduling.clock.set(datetime.combine(day, time(15), UTC) - timedelta(days=6))
    clinic = open_clinic(scheduling, zone)
    furnish(clinic, Random(1), day)
    offered = clinic.starts(day)
    assert 0 < len(offered) < len(minutes_of(clinic, day))
    assert all(start.astimezone(ZoneInfo(clinic.zone)).date() == day for start in offered)


def test_a_limit_is_kept_when_everybody_books_at_once(clinic: Clinic) -> None:
    """Forty desks book forty different times of a day that takes seven: seven visits are booked, and no desk sees anything else
    than that the limit is reached."""
    clinic.type("short", 10, start_every_minutes=10)
    rule(clinic, clinic.practitioner_ids[0], 0, 0, pb.VisitLimits(per_day=7))
    day = clinic.day(1)
    requests = [clinic.booking(at(day, 9) + timedelta(minutes=10 * n), "short") for n in range(40)]

    def attempt(request: pb.BookAppointmentRequest) -> str:
        try:
            clinic.staff.call("BookAppointment", request)
        except Error as refused:
            return refused.reason
        return "booked"

    with ThreadPoolExecutor(40) as desks:
        outcomes = list(desks.map(attempt, requests))
    assert {"booked": outcomes.count("booked"), "LIMIT_REACHED": outcomes.count("LIMIT_REACHED")} == {
        "booked": 7,
        "LIMIT_REACHED": 33,
    }
    assert clinic.starts(day, code="short") == []
