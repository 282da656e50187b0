"""Limits of visits when everybody books at once, by whatever way: as many as allowed, whoever edits limits and hours meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from polyclinic.scheduling.v1 import availability_pb2, events_pb2, group_visits_pb2, overrides_pb2, series_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2
from sqlalchemy import text

from chassis.errors import Error
from chassis.protos import date_message
from tests.depth import pieces
from tests.scheduling.clinic import Clinic, at, stamp
from tests.scheduling.test_races import together

CLIENTS = 64
TRY_AGAIN = {"UNAVAILABLE", "DEADLINE_EXCEEDED"}


class Refused(Error):
    """An answer with conflicts, told as a refusal so that a race can count it."""

    reason = "CONFLICTS"


def limit(clinic: Clinic, resource_id: UUID, **limits: int) -> Any:
    """Sets the limits of a practitioner or a location."""
    request = availability_pb2.SetResourceRuleRequest(resource_id=str(resource_id), limits=pb.VisitLimits(**limits))
    return clinic.staff.call("SetResourceRule", request, seconds=60)


def limit_type(clinic: Clinic, code: str, **fields: Any) -> Any:
    """Changes limits of an appointment type."""
    request = pb.UpdateAppointmentTypeRequest(
        appointment_type_id=clinic.type_ids[code], appointment_type=pb.AppointmentType(**fields)
    )
    request.update_mask.paths.extend(fields)
    return clinic.staff.call("UpdateAppointmentType", request, seconds=60)


def until_answered(attempt: Callable[[], Any]) -> Callable[[], Any]:
    """The attempt, again and again while it is told to try again, as a client does."""

    def tried() -> Any:
        for _ in range(40):
            try:
                return attempt()
            except Error as error:
                if error.reason not in TRY_AGAIN:
                    raise
        raise AssertionError("told to try again forty times")

    return tried


def series_of(clinic: Clinic, start_minute: int, days: int = 4, **more: Any) -> series_pb2.BookSeriesRequest:
    """Visits on so many days from tomorrow on, for somebody of their own."""
    fields = {
        "patient_id": str(more.pop("patient_id", None) or clinic.patient()),
        "appointment_type_id": clinic.type_ids[more.pop("code", "visit")],
        "practitioner_id": str(clinic.practitioner_ids[0]),
        "location_id": str(clinic.location_id),
        "first_date": date_message(clinic.day(1)),
        "start_minute": start_minute,
        "rule": f"FREQ=DAILY;COUNT={days}",
    }
    return series_pb2.BookSeriesRequest(**(fields | more))


def book_series(clinic: Clinic, request: series_pb2.BookSeriesRequest) -> Callable[[], Any]:
    """Books a series, or is refused."""

    def attempt() -> Any:
        answer = clinic.staff.call("BookSeries", request, seconds=60)
        if not answer.appointments:
            raise Refused
        return answer

    return attempt


def call(clinic: Clinic, method: str, request: Any) -> Callable[[], Any]:
    """A call to be made."""
    return lambda: clinic.staff.call(method, request, seconds=60)


def visits_by_day(clinic: Clinic) -> Counter[Any]:
    """Live visits of the clinic's location by local day."""
    listed = clinic.staff.call(
        "ListAppointments", pb.ListAppointmentsRequest(location_id=str(clinic.location_id), page_size=500)
    ).appointments
    return Counter(
        one.start_time.ToDatetime().date() for one in listed if one.status != events_pb2.APPOINTMENT_STATUS_CANCELLED
    )


def doubles(clinic: Clinic, *kinds: int) -> int:
    """How many of the claims on resources of these kinds (practitioners and patients unless told) begin before another has ended."""
    with clinic.harness.session(clinic.tenant_id) as session:
        rows = session.execute(
            text(
                "select count(*) from (select first_cell, lag(end_cell) over (partition by resource_id order by first_cell) as before"
                " from occupation where tenant_id = :t and resource_kind = any(:kinds)) o where before > first_cell"
            ),
            {"t": clinic.tenant_id, "kinds": list(kinds or (1, 4))},
        )
        return int(rows.scalar_one())


def counted_for_nobody(clinic: Clinic) -> int:
    """What the tenant's limits count although it is no live visit, hold or group."""
    with clinic.harness.session(clinic.tenant_id) as session:
        rows = session.execute(
            text(
                "select count(*) from occupation o where o.tenant_id = :t and o.resource_kind = 6 and not exists"
                " (select 1 from appointment a where a.tenant_id = :t and a.id = o.claim_id and a.cancelled_at is null)"
                " and not exists (select 1 from hold h where h.tenant_id = :t and h.id = o.claim_id)"
                " and not exists (select 1 from group_visit g where g.tenant_id = :t and g.id = o.claim_id)"
            ),
            {"t": clinic.tenant_id},
        )
        return int(rows.scalar_one())


@pytest.mark.slow
def test_bookings_series_and_overrides_share_one_limit(clinic: Clinic) -> None:
    """Sixty-four clients book single visits, series and with a supervisor's override: every day ends with exactly the visits allowed."""
    limit(clinic, clinic.practitioner_ids[0], per_day=5)
    actions: list[Callable[[], Any]] = []
    for n in range(CLIENTS):
        minute = 540 + 5 * (n % 90)
        if n % 4 == 0:
            actions.append(until_answered(book_series(clinic, series_of(clinic, minute))))
            continue
        request = clinic.booking(at(clinic.day(1 + n % 4), 9) + timedelta(minutes=30 * (n % 15)))
        if n % 4 == 1:
            over = overrides_pb2.BookWithOverrideRequest(booking=request, reason="a supervisor says so")
            actions.append(until_answered(call(clinic, "BookWithOverride", over)))
        else:
            actions.append(until_answered(call(clinic, "BookAppointment", request)))
    outcome = together(actions)
    assert set(outcome) <= {"won", "SLOT_TAKEN", "LIMIT_REACHED", "CONFLICTS"}, outcome
    days = visits_by_day(clinic)
    assert max(days.values()) <= 5
    # What the race has left is filled up one by one: not a visit less than allowed, not one more.
    for day in range(1, 5):
        for slot in range(16):
            try:
                clinic.book(at(clinic.day(day), 9) + timedelta(minutes=30 * slot))
            except Error as error:
                assert error.reason in {"SLOT_TAKEN", "LIMIT_REACHED"}
    assert list(visits_by_day(clinic).values()) == [5, 5, 5, 5]
    # Patients never overlap; an override may put one visit beside another of the practitioner.
    assert doubles(clinic, 4) == 0


@pytest.mark.slow
@pytest.mark.parametrize("way", pieces(["single", "series", "override", "group", "linked", "hold"], "single", "series"))
def test_a_limit_that_is_set_while_everybody_books_holds(clinic: Clinic, way: str) -> None:
    """A type's limit is set in the middle of sixty-four bookings: what was booked before counts, nothing is booked beyond."""
    clinic.type("consult", 10)
    day = clinic.day(1)

    def wanted(n: int) -> dict[str, Any]:
        return clinic.wanted(at(day, 9) + timedelta(minutes=10 * (n % 45)), "consult")

    def attempt(n: int) -> Callable[[], Any]:
        patient_id = str(clinic.patient())
        booking = pb.BookAppointmentRequest(patient_id=patient_id, **wanted(n))
        if way == "series":
            return book_series(clinic, series_of(clinic, 540 + 10 * (n % 45), 1, code="consult", patient_id=patient_id))
        if way == "override":
            return call(
                clinic,
                "BookWithOverride",
                overrides_pb2.BookWithOverrideRequest(booking=booking, reason="it cannot wait any longer"),
            )
        if way == "group":
            return call(clinic, "OpenGroupVisit", group_visits_pb2.OpenGroupVisitRequest(seats=4, **wanted(n)))
        if way == "linked":
            return linked(clinic, booking)
        if way == "hold":
            return call(clinic, "HoldSlot", pb.HoldSlotRequest(**wanted(n)))
        return call(clinic, "BookAppointment", booking)

    limits = pb.VisitLimits(per_day=7)
    setting = until_answered(lambda: limit_type(clinic, "consult", practitioner_limits=limits))
    actions = [until_answered(attempt(n)) for n in range(CLIENTS)]
    outcome = together([*actions[:6], setting, *actions[6:]])
    assert set(outcome) <= {"won", "SLOT_TAKEN", "LIMIT_REACHED", "CONFLICTS"}, outcome
    booked = outcome["won"] - 1
    assert booked >= 7
    # The limit was set after so many as there are now, or before the seventh: from then on nothing is booked.
    assert counted(clinic, "consult") == booked
    with pytest.raises(Error) as refused:
        clinic.book(at(day, 16, 40), "consult")
    assert refused.value.reason == "LIMIT_REACHED"
    assert doubles(clinic, *((4,) if way == "override" else ())) == 0
    assert counted_for_nobody(clinic) == 0


def linked(clinic: Clinic, booking: pb.BookAppointmentRequest) -> Callable[[], Any]:
    """A visit booked as belonging together with one of another day."""
    other = pb.BookAppointmentRequest()
    other.CopyFrom(booking)
    other.start_time.FromSeconds(booking.start_time.seconds + 24 * 3600)

    def attempt() -> Any:
        answer = clinic.staff.call(
            "BookLinkedVisits", pb.BookAppointmentsRequest(bookings=[booking, other]), seconds=60
        )
        if not answer.appointments:
            raise Refused
        return answer

    return attempt


def counted(clinic: Clinic, code: str) -> int:
    """How many claims the type's limit of the practitioner counts for tomorrow."""
    with clinic.harness.session(clinic.tenant_id) as session:
        rows = session.execute(
            text(
                "select count(*) from occupation o where o.tenant_id = :t and o.resource_kind = 6 and o.first_cell ="
                " (select min(first_cell) from occupation where tenant_id = :t and resource_kind = 6)"
            ),
            {"t": clinic.tenant_id},
        )
        return int(rows.scalar_one())


@pytest.mark.slow
def test_cancellations_that_cross_a_new_limit_leave_nothing_counted(clinic: Clinic) -> None:
    """Visits cancelled and holds given back while a limit begins to hold are not counted for ever."""
    visits = [clinic.book(at(clinic.day(1), 9) + timedelta(minutes=30 * n)) for n in range(8)]
    holds = [clinic.hold(at(clinic.day(1), 13) + timedelta(minutes=30 * n)) for n in range(8)]
    cancelling = [
        call(
            clinic,
            "CancelAppointment",
            pb.CancelAppointmentRequest(appointment_id=one.appointment_id, reason=pb.CANCELLATION_REASON_PATIENT),
        )
        for one in visits
    ]
    releasing = [call(clinic, "ReleaseHold", pb.ReleaseHoldRequest(hold_id=one.hold_id)) for one in holds]
    for per_day in (20, 30):
        setting = until_answered(lambda n=per_day: limit(clinic, clinic.practitioner_ids[0], per_day=n))
        half = per_day // 5
        chosen = [*cancelling[half - 4 : half], setting, *releasing[half - 4 : half]]
        outcome = together([until_answered(one) for one in chosen])
        assert set(outcome) == {"won"}, outcome
    assert counted_for_nobody(clinic) == 0


@pytest.mark.slow
def test_a_patients_limits_hold_whichever_way_they_are_booked(clinic: Clinic) -> None:
    """One patient, sixty-four clients, every way of booking: no more a day, and no more ahead, than the type allows."""
    clinic.type("physio", 20, patient_limits=pb.VisitLimits(per_day=1), patient_upcoming=3)
    patient_id = clinic.patient()
    for _ in range(3):
        clinic.practitioner()
    group = clinic.staff.call(
        "OpenGroupVisit",
        group_visits_pb2.OpenGroupVisitRequest(seats=20, **clinic.wanted(at(clinic.day(5), 16), "physio")),
    )
    actions: list[Callable[[], Any]] = []
    for n in range(CLIENTS):
        start = at(clinic.day(1 + n % 5), 9) + timedelta(minutes=20 * (n % 20))
        booking = clinic.booking(start, "physio", practitioner=n % 4, patient_id=patient_id)
        if n % 4 == 0:
            request = series_of(clinic, 540 + 20 * (n % 20), 2, code="physio", patient_id=patient_id)
            actions.append(book_series(clinic, request))
        elif n % 4 == 1:
            seat = group_visits_pb2.BookSeatRequest(group_visit_id=group.group_visit_id, patient_id=str(patient_id))
            actions.append(call(clinic, "BookSeat", seat))
        elif n % 4 == 2:
            over = overrides_pb2.BookWithOverrideRequest(booking=booking, reason="it cannot wait any longer")
            actions.append(call(clinic, "BookWithOverride", over))
        else:
            actions.append(call(clinic, "BookAppointment", booking))
    outcome = together([until_answered(one) for one in actions])
    assert set(outcome) <= {"won", "SLOT_TAKEN", "PATIENT_BUSY", "LIMIT_REACHED", "CONFLICTS"}, outcome
    listed = clinic.staff.call("ListAppointments", pb.ListAppointmentsRequest(patient_id=str(patient_id)))
    days = Counter(one.start_time.ToDatetime().date() for one in listed.appointments)
    assert sum(days.values()) == 3
    assert set(days.values()) == {1}


def test_a_series_longer_than_the_patient_may_have_ahead_is_refused_whole(clinic: Clinic) -> None:
    """Four occurrences of a type of which three may be ahead: the fourth is said to be too many, nothing is booked."""
    clinic.type("physio", 20, patient_upcoming=3)
    answer = clinic.staff.call("BookSeries", series_of(clinic, 600, 4, code="physio"))
    assert not answer.appointments
    assert [len(one.conflicts) for one in answer.conflicts] == [1]
    assert answer.conflicts[0].conflicts[0].reason == pb.CONFLICT_REASON_LIMIT_REACHED
    assert len(clinic.staff.call("BookSeries", series_of(clinic, 600, 3, code="physio")).appointments) == 3


def test_a_visit_more_than_allowed_may_still_be_moved(clinic: Clinic) -> None:
    """A limit that is set below what a patient has ahead keeps no visit where it is: a move adds none."""
    clinic.type("physio", 20)
    patient_id = clinic.patient()
    visits = [clinic.book(at(clinic.day(n), 10), "physio", patient_id=patient_id) for n in (1, 2, 3)]
    limit_type(clinic, "physio", patient_upcoming=1)
    request = pb.MoveAppointmentRequest(
        appointment_id=visits[0].appointment_id, start_time=stamp(at(clinic.day(4), 10))
    )
    assert clinic.staff.call("MoveAppointment", request).reschedule_count == 1


def test_a_group_is_one_visit_of_its_practitioner(clinic: Clinic) -> None:
    """Seats taken before a limit is set do not count for the practitioner, the group does, as it would have afterwards."""
    group = clinic.staff.call(
        "OpenGroupVisit", group_visits_pb2.OpenGroupVisitRequest(seats=4, **clinic.wanted(at(clinic.day(1), 10)))
    )
    for _ in range(3):
        seat = group_visits_pb2.BookSeatRequest(group_visit_id=group.group_visit_id, patient_id=str(clinic.patient()))
        clinic.staff.call("BookSeat", seat)
    limit(clinic, clinic.practitioner_ids[0], per_day=2)
    clinic.book(at(clinic.day(1), 11))
    with pytest.raises(Error) as refused:
        clinic.book(at(clinic.day(1), 12))
    assert refused.value.reason == "LIMIT_REACHED"


@pytest.mark.slow
def test_the_week_holds_while_visits_and_series_cross_and_hours_are_edited(clinic: Clinic) -> None:
    """Series and visits move into and out of a limited week while its hours are edited: never more than allowed, never an orphan."""
    who = clinic.practitioner_ids[0]
    series = [clinic.staff.call("BookSeries", series_of(clinic, 540 + 30 * n, 3)) for n in range(4)]
    limit(clinic, who, per_day=4)
    actions: list[Callable[[], Any]] = []
    for n in range(CLIENTS):
        one = series[n % 4]
        if n % 8 == 0:
            change = series_pb2.ChangeSeriesRequest(
                series_id=one.series.series_id, scope=series_pb2.SERIES_SCOPE_ALL, start_minute=600 + 30 * (n % 12)
            )
            actions.append(lambda r=change: clinic.staff.call("ChangeSeries", r, seconds=60))
        elif n % 8 == 1:
            actions.append(edited_hours(clinic, who, n))
        elif n % 2:
            start = at(clinic.day(1 + n % 4), 9) + timedelta(minutes=30 * (n % 15))
            actions.append(call(clinic, "BookAppointment", clinic.booking(start)))
        else:
            visit = one.appointments[n % 3]
            start = at(clinic.day(1 + n % 5), 10) + timedelta(minutes=30 * (n % 12))
            move = pb.MoveAppointmentRequest(appointment_id=visit.appointment_id, start_time=stamp(start))
            actions.append(call(clinic, "MoveAppointment", move))
    outcome = together([until_answered(one) for one in actions])
    allowed = {"won", "SLOT_TAKEN", "PATIENT_BUSY", "LIMIT_REACHED", "STALE_VERSION", "OUTSIDE_WORKING_TIME"}
    assert set(outcome) <= allowed, outcome
    assert max(visits_by_day(clinic).values()) <= 4
    assert doubles(clinic) == 0
    assert counted_for_nobody(clinic) == 0


def edited_hours(clinic: Clinic, who: UUID, n: int) -> Callable[[], Any]:
    """An absence of half an hour at the end of a day, made and taken back."""
    day = date_message(clinic.day(1 + n % 4))

    def edit() -> None:
        made = clinic.staff.call(
            "CreateScheduleException",
            pb.CreateScheduleExceptionRequest(
                exception=pb.ScheduleException(
                    kind=pb.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE,
                    practitioner_id=str(who),
                    dates=types_pb2.DateRange(start=day, end=day),
                    starts_minute=990,
                    ends_minute=1020,
                )
            ),
            seconds=60,
        )
        clinic.staff.call(
            "DeleteScheduleException",
            pb.DeleteScheduleExceptionRequest(schedule_exception_id=made.exception.schedule_exception_id),
            seconds=60,
        )

    return edit
