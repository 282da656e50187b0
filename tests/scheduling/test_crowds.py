"""Many at once, two hundred in depth: as many win as there is room for, everybody is answered, nobody sees a deadlock."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from polyclinic.scheduling.v1 import rebooking_pb2, series_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.errors import Error
from chassis.protos import date_message, instant
from tests.depth import deep
from tests.scheduling.clinic import Clinic, at, stamp
from tests.scheduling.test_races import overlaps, together

CROWD = 200
crowds = pytest.mark.parametrize("crowd", [40, pytest.param(CROWD, marks=deep)])
# What a loser may be told, besides that the time is taken: to try again, when the database made it wait too long.
TRY_AGAIN = "UNAVAILABLE"


class Refused(Error):
    """An answer with conflicts, told as a refusal so that a race can count it."""

    reason = "CONFLICTS"


def attempts(clinic: Clinic, method: str, requests: list[Any]) -> list[Callable[[], Any]]:
    """Calls to be made at once."""
    return [lambda r=request: clinic.staff.call(method, r, seconds=60) for request in requests]


@pytest.mark.slow
@crowds
def test_of_a_crowd_one_gets_the_slot(clinic: Clinic, crowd: int) -> None:
    """One practitioner's time."""
    requests = [clinic.booking(at(clinic.day(), 10)) for _ in range(crowd)]
    assert together(attempts(clinic, "BookAppointment", requests)) == {"won": 1, "SLOT_TAKEN": crowd - 1}
    assert overlaps(clinic) == 0


@pytest.mark.slow
@crowds
def test_of_a_crowd_one_gets_practitioner_room_and_device(clinic: Clinic, crowd: int) -> None:
    """Three resources in one commit: whoever wins has all three, and nobody has a part."""
    clinic.room()
    clinic.device()
    roles = [
        pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam"),
        pb.ResourceRole(kind=pb.RESOURCE_KIND_EQUIPMENT, resource_class="ultrasound"),
    ]
    clinic.type("scan", roles=roles)
    for _ in range(9):
        clinic.practitioner()
    start = at(clinic.day(), 10)
    requests = [clinic.booking(start, "scan", practitioner=n % 10) for n in range(crowd)]
    outcome = together(attempts(clinic, "BookAppointment", requests))
    assert outcome == {"won": 1, "SLOT_TAKEN": crowd - 1}
    (booked,) = clinic.staff.call(
        "ListAppointments", pb.ListAppointmentsRequest(location_id=str(clinic.location_id))
    ).appointments
    assert len({resource for resource, _, _ in clinic.cells(booked.appointment_id)}) == 4
    assert overlaps(clinic) == 0


@pytest.mark.slow
@crowds
def test_of_a_crowd_three_get_a_time_planned_for_three(clinic: Clinic, crowd: int) -> None:
    """Planned overbooking of two more: three have the time, and the third lane is the last."""
    who = clinic.practitioner("Larsen", hours=None)
    clinic.staff.call(
        "CreateScheduleTemplate",
        pb.CreateScheduleTemplateRequest(
            template=pb.ScheduleTemplate(
                practitioner_id=str(who),
                location_id=str(clinic.location_id),
                windows=[pb.WeeklyWindow(weekday=day, starts_minute=540, ends_minute=1020) for day in range(1, 8)],
                overbooking=2,
            )
        ),
    )
    requests = [clinic.booking(at(clinic.day(), 10), practitioner=1) for _ in range(crowd)]
    assert together(attempts(clinic, "BookAppointment", requests)) == {"won": 3, "SLOT_TAKEN": crowd - 3}
    listed = clinic.staff.call("ListAppointments", pb.ListAppointmentsRequest(location_id=str(clinic.location_id)))
    assert len(listed.appointments) == 3
    assert sorted(
        {lane for one in listed.appointments for who_, _, lane in clinic.cells(one.appointment_id) if who_ == who}
    ) == [0, 1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("many", [16, pytest.param(64, marks=deep)])
def test_of_series_that_meet_one_is_whole(clinic: Clinic, many: int) -> None:
    """Many series on the same five days: one has all five, nobody else has one."""
    booked: list[int] = []

    def attempt(request: series_pb2.BookSeriesRequest) -> None:
        answer = clinic.staff.call("BookSeries", request, seconds=60)
        booked.append(len(answer.appointments))
        if not answer.appointments:
            raise Refused

    requests = [
        series_pb2.BookSeriesRequest(
            patient_id=str(clinic.patient()),
            appointment_type_id=clinic.type_ids["visit"],
            practitioner_id=str(clinic.practitioner_ids[0]),
            location_id=str(clinic.location_id),
            first_date=date_message(clinic.day(1)),
            start_minute=600,
            rule="FREQ=DAILY;COUNT=5",
        )
        for _ in range(many)
    ]
    outcome = together([lambda r=request: attempt(r) for request in requests])
    assert outcome["won"] == 1, outcome
    assert set(outcome) <= {"won", "CONFLICTS", TRY_AGAIN}
    assert sorted(booked)[-1] == 5
    assert sum(booked) == 5
    assert overlaps(clinic) == 0


@pytest.mark.slow
def test_series_visits_moves_and_cancellations_cross(clinic: Clinic) -> None:
    """Series changed, visits booked, moved and cancelled on the same days at once: no deadlock surfaces, nothing overlaps, and every
    visit has exactly its cells."""
    for _ in range(3):
        clinic.practitioner()
    series = [
        clinic.staff.call(
            "BookSeries",
            series_pb2.BookSeriesRequest(
                patient_id=str(clinic.patient()),
                appointment_type_id=clinic.type_ids["visit"],
                practitioner_id=str(clinic.practitioner_ids[n]),
                location_id=str(clinic.location_id),
                first_date=date_message(clinic.day(1)),
                start_minute=600 + 30 * n,
                rule="FREQ=DAILY;COUNT=6",
            ),
        )
        for n in range(4)
    ]
    actions: list[Callable[[], Any]] = []
    for n in range(60):
        one = series[n % 4]
        visit = one.appointments[n % 6]
        if n % 4 == 0:
            request: Any = series_pb2.ChangeSeriesRequest(
                series_id=one.series.series_id,
                scope=series_pb2.SERIES_SCOPE_ALL,
                start_minute=600 + 15 * (n % 16),
                practitioner_id=str(clinic.practitioner_ids[(n // 4) % 4]),
            )
            actions += attempts(clinic, "ChangeSeries", [request])
        elif n % 4 == 1:
            start = stamp(at(clinic.day(1 + n % 6), 10) + timedelta(minutes=15 * (n % 9)))
            actions += attempts(
                clinic,
                "MoveAppointment",
                [pb.MoveAppointmentRequest(appointment_id=visit.appointment_id, start_time=start)],
            )
        elif n % 4 == 2:
            start_at = at(clinic.day(1 + n % 6), 10) + timedelta(minutes=30 * (n % 5))
            actions += attempts(clinic, "BookAppointment", [clinic.booking(start_at, practitioner=n % 4)])
        else:
            actions += attempts(
                clinic,
                "CancelAppointment",
                [pb.CancelAppointmentRequest(appointment_id=visit.appointment_id, reason=pb.CANCELLATION_REASON_OTHER)],
            )
    outcome = together(actions)
    assert set(outcome) <= {"won", "SLOT_TAKEN", "PATIENT_BUSY", "STALE_VERSION", "WRONG_STATUS", TRY_AGAIN}, outcome
    assert outcome["won"] > 10
    assert overlaps(clinic) == 0
    listed = clinic.staff.call(
        "ListAppointments", pb.ListAppointmentsRequest(location_id=str(clinic.location_id), page_size=500)
    ).appointments
    for one in listed:
        cells = Counter(resource for resource, _, _ in clinic.cells(one.appointment_id))
        assert set(cells.values()) <= {6}
        assert len(cells) == (0 if one.HasField("cancelled_at") else 2)


@pytest.mark.slow
def test_a_leave_is_applied_while_everybody_books(clinic: Clinic) -> None:
    """While a plan is applied others book into the same days: afterwards the leave holds, nobody is orphaned, nothing overlaps."""
    clinic.practitioner("Larsen")
    for slot in range(6):
        clinic.book(at(clinic.day(2), 9) + timedelta(minutes=30 * slot))
    day = date_message(clinic.day(2))
    leave = pb.CreateScheduleExceptionRequest(
        exception=pb.ScheduleException(
            kind=pb.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE,
            practitioner_id=str(clinic.practitioner_ids[0]),
            dates=types_pb2.DateRange(start=day, end=day),
        )
    )
    plan = clinic.staff.call(
        "PlanRebooking", rebooking_pb2.PlanRebookingRequest(create_exception=leave, others_allowed=True), seconds=30
    )
    applied: list[rebooking_pb2.Rebooking] = []

    def apply() -> None:
        request = rebooking_pb2.ApplyRebookingRequest(rebooking_id=plan.rebooking_id)
        found = clinic.staff.call("ApplyRebooking", request, seconds=60)
        while found.status == rebooking_pb2.REBOOKING_STATUS_PROPOSED:
            request.version = found.version
            found = clinic.staff.call("ApplyRebooking", request, seconds=60)
        applied.append(found)

    bookings = attempts(
        clinic,
        "BookAppointment",
        [
            clinic.booking(at(clinic.day(2 + n % 2), 9) + timedelta(minutes=30 * (n % 14)), practitioner=n % 2)
            for n in range(40)
        ],
    )
    outcome = together([*bookings[:20], apply, *bookings[20:]])
    assert set(outcome) <= {"won", "SLOT_TAKEN", "OUTSIDE_WORKING_TIME", TRY_AGAIN}, outcome
    assert [one.status for one in applied] == [rebooking_pb2.REBOOKING_STATUS_APPLIED]
    listed = clinic.staff.call(
        "ListAppointments", pb.ListAppointmentsRequest(practitioner_id=str(clinic.practitioner_ids[0]), page_size=500)
    ).appointments
    left = {
        item.appointment.appointment_id
        for item in applied[0].items
        if item.outcome == rebooking_pb2.REBOOKING_OUTCOME_LEFT
    }
    on_leave = {
        one.appointment_id for one in listed if at(clinic.day(2), 0) <= instant(one.start_time) < at(clinic.day(3), 0)
    }
    assert on_leave == left
    assert overlaps(clinic) == 0


@pytest.mark.load
def test_the_last_of_200_waits_no_longer_than_in_a_queue(clinic: Clinic) -> None:
    """The last of two hundred at once is answered within one and a half times what two hundred refusals take one after the other."""
    start = at(clinic.day(), 10)
    clinic.book(start)
    requests = [clinic.booking(start) for _ in range(2 * CROWD)]
    began = time.perf_counter()
    for attempt in attempts(clinic, "BookAppointment", requests[:CROWD]):
        with pytest.raises(Error):
            attempt()
    one_by_one = time.perf_counter() - began
    began = time.perf_counter()
    outcome = together(attempts(clinic, "BookAppointment", requests[CROWD:]))
    at_once = time.perf_counter() - began
    assert outcome == {"SLOT_TAKEN": CROWD}
    assert at_once <= 1.5 * one_by_one, f"{at_once:.2f} s at once, {one_by_one:.2f} s one by one"
