"""Recurring visits: every occurrence is looked at, booked together, and lives on its own."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.scheduling.v1 import series_pb2

from chassis.errors import Error
from chassis.protos import date_message, instant, to_date
from chassis.testing.harness import expect_error
from tests.scheduling.clinic import Clinic, at, stamp
from tests.scheduling.test_races import overlaps, together

WEEKLY_TEN = "FREQ=WEEKLY;COUNT=10"


def ask(clinic: Clinic, first: date, rule: str = WEEKLY_TEN, **more: Any) -> series_pb2.BookSeriesRequest:
    """A request for recurring visits at ten."""
    fields = {"patient_id": str(clinic.patient()), "start_minute": 600} | more
    return series_pb2.BookSeriesRequest(
        appointment_type_id=clinic.type_ids["visit"],
        practitioner_id=str(clinic.practitioner_ids[0]),
        location_id=str(clinic.location_id),
        first_date=date_message(first),
        rule=rule,
        **fields,
    )


def book(clinic: Clinic, first: date, rule: str = WEEKLY_TEN, **more: Any) -> series_pb2.SeriesAnswer:
    """Books recurring visits at ten."""
    return clinic.staff.call("BookSeries", ask(clinic, first, rule, **more), seconds=30)


def change(clinic: Clinic, found: series_pb2.SeriesAnswer, scope: int, number: int | None = None, **more: Any):
    """Changes a series; `number` names an occurrence from 0."""
    appointment_id = found.appointments[number].appointment_id if number is not None else ""
    request = series_pb2.ChangeSeriesRequest(
        series_id=found.series.series_id, scope=scope, appointment_id=appointment_id, **more
    )
    return clinic.staff.call("ChangeSeries", request, seconds=30)


def again(clinic: Clinic, series_id: str) -> series_pb2.SeriesAnswer:
    """The series as it is now."""
    return clinic.staff.call("GetSeries", series_pb2.GetSeriesRequest(series_id=series_id))


def local(visit: pb.Appointment) -> datetime:
    """The wall clock at a visit's start."""
    return instant(visit.start_time).astimezone(ZoneInfo(visit.time_zone)).replace(tzinfo=None)


def test_forty_weeks_are_forty_visits_at_the_same_wall_clock(clinic: Clinic) -> None:
    """Every occurrence is an appointment of its own, at ten before and after the clocks change, with its event."""
    # Forty weeks always lie on both sides of a change of New York's clocks.
    answer = book(clinic, clinic.day(1), "FREQ=WEEKLY;COUNT=40")
    assert not answer.conflicts
    assert [local(one) for one in answer.appointments] == [
        datetime.combine(clinic.day(1 + 7 * n), time(10)) for n in range(40)
    ]
    assert len({instant(one.start_time).hour for one in answer.appointments}) == 2
    told = clinic.harness.events(clinic.tenant_id, events.AppointmentBooked)
    assert [one.appointment.series_number for one in told] == list(range(1, 41))
    assert {one.appointment.series_id for one in told} == {answer.series.series_id}
    assert again(clinic, answer.series.series_id).appointments == answer.appointments
    listed = clinic.staff.call("ListSeries", series_pb2.ListSeriesRequest(patient_id=answer.series.patient_id))
    assert [one.series_id for one in listed.series] == [answer.series.series_id]


def test_every_occurrence_is_looked_at_and_every_conflict_told(clinic: Clinic) -> None:
    """The third, the seventh (twice over) and the last cannot be: all are told at once, with free times near them, and nothing is
    booked."""
    first = clinic.day(1)
    patient = clinic.patient()
    taken = [clinic.book(at(first + timedelta(weeks=n), 10)) for n in (2, 6, 9)]
    clinic.practitioner("Larsen")
    clinic.book(at(first + timedelta(weeks=6), 10, 15), practitioner=1, patient_id=patient)
    answer = book(clinic, first, patient_id=str(patient))
    assert not answer.appointments
    assert not answer.HasField("series")
    days = [first + timedelta(weeks=n) for n in (2, 6, 9)]
    assert [to_date(one.date) for one in answer.conflicts] == days
    kinds = [[found.resource_kind for found in one.conflicts] for one in answer.conflicts]
    assert kinds == [
        [pb.RESOURCE_KIND_PRACTITIONER],
        [pb.RESOURCE_KIND_PRACTITIONER, pb.RESOURCE_KIND_PATIENT],
        [pb.RESOURCE_KIND_PRACTITIONER],
    ]
    for one in answer.conflicts:
        assert len(one.alternatives) == 3
        for slot in one.alternatives:
            request = clinic.booking(instant(slot.start_time), patient_id=patient)
            checked = clinic.staff.call(
                "BookAppointments", pb.BookAppointmentsRequest(bookings=[request], validate_only=True)
            )
            assert not checked.conflicts
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentBooked)) == len(taken) + 1
    skipped = book(clinic, first, patient_id=str(patient), skip_dates=[date_message(day) for day in days])
    assert len(skipped.appointments) == 7
    assert not skipped.conflicts
    assert overlaps(clinic) == 0


def test_a_preview_books_nothing(clinic: Clinic) -> None:
    """With validate_only the dates and conflicts are told, and the times stay free."""
    answer = book(clinic, clinic.day(1), "FREQ=DAILY;COUNT=5", validate_only=True)
    assert [to_date(day) for day in answer.dates] == [clinic.day(1 + n) for n in range(5)]
    assert not answer.appointments
    clinic.book(at(clinic.day(1), 10))


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY;INTERVAL=3;COUNT=4", [2, 5, 8, 11]),
        ("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=4", [3, 5, 10, 12]),
        ("FREQ=MONTHLY;BYDAY=2TU;UNTIL=20260531", [10, 45, 73]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", [31, 61]),
    ],
)
def test_rules_of_the_calendar(clinic: Clinic, rule: str, days: list[int]) -> None:
    """Daily, weekly and monthly rules of RFC 5545, ended by count or by date, fall on their dates."""
    answer = book(clinic, date(2026, 3, 2), rule, validate_only=True)
    assert [to_date(day) for day in answer.dates] == [date(2026, 2, 28) + timedelta(days=n) for n in days]


@pytest.mark.parametrize(
    "rule",
    ["nonsense", "FREQ=YEARLY;COUNT=2", "FREQ=DAILY", "FREQ=DAILY;COUNT=105", "FREQ=DAILY;COUNT=2;BYHOUR=9",
     "FREQ=DAILY;COUNT=2;UNTIL=20301231", "FREQ=DAILY;COUNT=0", "FREQ=WEEKLY;BYDAY=XX;COUNT=2", "FREQ=DAILY;UNTIL=2030"],
)  # fmt: skip
def test_a_rule_that_cannot_be_followed_is_refused(clinic: Clinic, rule: str) -> None:
    """Rules without an end, with parts of the day, or that are none are refused with the field's name."""
    with expect_error("INVALID_INPUT", field="rule"):
        book(clinic, clinic.day(1), rule)


def test_moving_one_leaves_the_others(clinic: Clinic) -> None:
    """An occurrence moved on its own keeps its time when all the others are moved."""
    found = book(clinic, clinic.day(1))
    third = found.appointments[2]
    moved = clinic.staff.call(
        "MoveAppointment",
        pb.MoveAppointmentRequest(
            appointment_id=third.appointment_id, start_time=stamp(at(clinic.day(16), 13)), version=third.version
        ),
    )
    assert moved.occurrence_changed
    assert moved.series_id == found.series.series_id
    answer = change(clinic, found, series_pb2.SERIES_SCOPE_ALL, start_minute=660)
    assert len(answer.appointments) == 9
    times = [local(one).time().hour for one in again(clinic, found.series.series_id).appointments]
    assert times == [11, 11, 13, 11, 11, 11, 11, 11, 11, 11]
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentMoved)) == 10
    assert overlaps(clinic) == 0


def test_this_one_of_a_series_can_be_changed_by_the_series(clinic: Clinic) -> None:
    """The scope "this" moves the named occurrence alone."""
    found = book(clinic, clinic.day(1))
    answer = change(clinic, found, series_pb2.SERIES_SCOPE_THIS, 4, start_minute=780)
    (only,) = answer.appointments
    assert only.appointment_id == found.appointments[4].appointment_id
    assert only.occurrence_changed
    assert [local(one).hour for one in again(clinic, found.series.series_id).appointments].count(10) == 9


def test_this_and_following_begin_a_series_of_their_own(clinic: Clinic) -> None:
    """The rule is cut in two at the named occurrence: the first half ends before it, the second tells its new time and day."""
    found = book(clinic, clinic.day(1))
    answer = change(clinic, found, series_pb2.SERIES_SCOPE_THIS_AND_FOLLOWING, 6, start_minute=840, days_later=1)
    assert answer.series.following_of == found.series.series_id
    assert len(answer.appointments) == 4
    first, second = again(clinic, found.series.series_id), again(clinic, answer.series.series_id)
    assert [one.appointment_id for one in (*first.appointments, *second.appointments)] == [
        one.appointment_id for one in found.appointments
    ]
    assert [local(one) for one in second.appointments] == [
        local(one) + timedelta(hours=4, days=1) for one in found.appointments[6:]
    ]
    assert (second.series.start_minute, second.series.days_later) == (840, 1)
    assert [to_date(one.occurrence_date) for one in second.appointments] == [
        local(o).date() for o in second.appointments
    ]
    later = change(clinic, second, series_pb2.SERIES_SCOPE_THIS_AND_FOLLOWING, 2, start_minute=900)
    assert [local(one).hour for one in again(clinic, later.series.series_id).appointments] == [15, 15]
    assert "COUNT=2" in later.series.rule


def test_a_daily_series_moves_into_its_own_times(clinic: Clinic) -> None:
    """Each occurrence a day later goes where the next one was: they give their times to each other."""
    found = book(clinic, clinic.day(1), "FREQ=DAILY;COUNT=6")
    answer = change(clinic, found, series_pb2.SERIES_SCOPE_ALL, days_later=1)
    assert [local(one).date() for one in answer.appointments] == [clinic.day(2 + n) for n in range(6)]
    assert overlaps(clinic) == 0
    clinic.book(at(clinic.day(1), 10))


def test_a_change_that_cannot_be_whole_is_not_made(clinic: Clinic) -> None:
    """Conflicts of a change are all told, nothing moves; skipped dates stay where they are."""
    found = book(clinic, clinic.day(1))
    for week in (3, 5):
        clinic.book(at(clinic.day(1 + 7 * week), 11))
    answer = change(clinic, found, series_pb2.SERIES_SCOPE_ALL, start_minute=660)
    assert [to_date(one.date) for one in answer.conflicts] == [clinic.day(22), clinic.day(36)]
    assert all(one.alternatives for one in answer.conflicts)
    unchanged = again(clinic, found.series.series_id)
    assert unchanged.appointments == found.appointments
    assert unchanged.series == found.series
    skip = [one.date for one in answer.conflicts]
    moved = change(clinic, found, series_pb2.SERIES_SCOPE_ALL, start_minute=660, skip_dates=skip)
    assert len(moved.appointments) == 8
    hours = [local(one).hour for one in again(clinic, found.series.series_id).appointments]
    assert hours == [11, 11, 11, 10, 11, 10, 11, 11, 11, 11]
    assert overlaps(clinic) == 0


def test_deleting_one_leaves_the_series(clinic: Clinic) -> None:
    """A cancelled occurrence is one cancelled occurrence; the others, and the series, stay."""
    found = book(clinic, clinic.day(1))
    clinic.cancel(found.appointments[3].appointment_id)
    statuses = [one.status for one in again(clinic, found.series.series_id).appointments]
    assert statuses.count(events.APPOINTMENT_STATUS_BOOKED) == 9
    assert statuses[3] == events.APPOINTMENT_STATUS_CANCELLED


def test_this_and_following_are_cancelled_together(clinic: Clinic) -> None:
    """The named occurrence and those after it are cancelled, each with its event and its reason; those before stay."""
    found = book(clinic, clinic.day(1))
    request = series_pb2.CancelSeriesRequest(
        series_id=found.series.series_id,
        scope=series_pb2.SERIES_SCOPE_THIS_AND_FOLLOWING,
        appointment_id=found.appointments[7].appointment_id,
        reason=pb.CANCELLATION_REASON_PATIENT,
    )
    answer = clinic.staff.call("CancelSeries", request)
    assert len(answer.appointments) == 3
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentCancelled)) == 3
    with expect_error("WRONG_STATUS"):
        clinic.staff.call("CancelSeries", request)
    everything = series_pb2.CancelSeriesRequest(
        series_id=found.series.series_id, scope=series_pb2.SERIES_SCOPE_ALL, reason=pb.CANCELLATION_REASON_OTHER
    )
    answer = clinic.staff.call("CancelSeries", everything)
    assert len(answer.appointments) == 7
    assert answer.series.HasField("cancelled_at")
    clinic.book(at(clinic.day(1), 10))


def test_a_stale_series_is_not_changed(clinic: Clinic) -> None:
    """Who changes a series that somebody else has changed is told so."""
    found = book(clinic, clinic.day(1))
    change(clinic, found, series_pb2.SERIES_SCOPE_ALL, start_minute=660, version=found.series.version)
    with expect_error("STALE_VERSION"):
        change(clinic, found, series_pb2.SERIES_SCOPE_ALL, start_minute=720, version=found.series.version)


def test_a_patient_sees_their_own_series_only(clinic: Clinic) -> None:
    """A patient's token reads the patient's series, and no other's."""
    mine, other = clinic.patient(), clinic.patient("Jones")
    own = book(clinic, clinic.day(1), patient_id=str(mine))
    theirs = book(clinic, clinic.day(2), patient_id=str(other))
    patient = clinic.harness.client(clinic.tenant_id, patient_ids=[mine])
    seen = patient.call("GetSeries", series_pb2.GetSeriesRequest(series_id=own.series.series_id))
    assert len(seen.appointments) == 10
    with expect_error("NOT_FOUND"):
        patient.call("GetSeries", series_pb2.GetSeriesRequest(series_id=theirs.series.series_id))
    with expect_error("NOT_FOUND"):
        patient.call("ListSeries", series_pb2.ListSeriesRequest(patient_id=str(other)))


def test_of_many_series_that_cross_at_one_time_one_is_booked_whole(clinic: Clinic) -> None:
    """Sixteen series that meet on their fifth date: one wins, the others have booked nothing at all."""
    meeting = clinic.day(40)
    requests = [
        ask(clinic, meeting - timedelta(days=4 * (n + 1)), f"FREQ=DAILY;INTERVAL={n + 1};COUNT=5") for n in range(8)
    ]
    outcome = []

    def attempt(request: series_pb2.BookSeriesRequest) -> None:
        answer = clinic.staff.call("BookSeries", request, seconds=60)
        outcome.append(len(answer.appointments))
        if not answer.appointments:
            raise Refused(internal="conflicts")

    counted = together([lambda r=request: attempt(r) for request in requests])
    assert counted["won"] == 1, counted
    assert sorted(outcome)[-1] == 5
    assert set(sorted(outcome)[:-1]) <= {0}
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentBooked)) == 5
    assert overlaps(clinic) == 0


class Refused(Error):
    """An answer with conflicts, told as a refusal so that a race can count it."""

    reason = "CONFLICTS"
