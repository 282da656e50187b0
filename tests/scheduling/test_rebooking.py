"""A leave, a closure, other hours: which visits are in the way, where they go, and how it is undone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import rebooking_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.protos import date_message, instant
from chassis.testing.harness import expect_error
from tests.scheduling.clinic import Clinic, at, stamp
from tests.scheduling.test_races import overlaps


def leave(clinic: Clinic, first: int, last: int, practitioner: int = 0) -> pb.CreateScheduleExceptionRequest:
    """A practitioner is away from one day to another (counted from today)."""
    return pb.CreateScheduleExceptionRequest(
        exception=pb.ScheduleException(
            kind=pb.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE,
            practitioner_id=str(clinic.practitioner_ids[practitioner]),
            dates=types_pb2.DateRange(start=date_message(clinic.day(first)), end=date_message(clinic.day(last))),
            reason="leave",
        )
    )


def plan(clinic: Clinic, **change: Any) -> rebooking_pb2.Rebooking:
    """Plans a change."""
    return clinic.staff.call("PlanRebooking", rebooking_pb2.PlanRebookingRequest(**change), seconds=30)


def apply(clinic: Clinic, found: rebooking_pb2.Rebooking, **more: Any) -> rebooking_pb2.Rebooking:
    """Applies a plan as it was seen."""
    request = rebooking_pb2.ApplyRebookingRequest(rebooking_id=found.rebooking_id, version=found.version, **more)
    return clinic.staff.call("ApplyRebooking", request, seconds=30)


def undo(clinic: Clinic, found: rebooking_pb2.Rebooking) -> rebooking_pb2.Rebooking:
    """Undoes a plan."""
    return clinic.staff.call(
        "UndoRebooking", rebooking_pb2.UndoRebookingRequest(rebooking_id=found.rebooking_id), seconds=30
    )


def get(clinic: Clinic, appointment_id: str) -> pb.Appointment:
    """A visit as it is now."""
    return clinic.staff.call("GetAppointment", pb.GetAppointmentRequest(appointment_id=appointment_id))


def outcomes(found: rebooking_pb2.Rebooking) -> list[str]:
    """What became of each visit."""
    return [
        rebooking_pb2.RebookingOutcome.Name(item.outcome).removeprefix("REBOOKING_OUTCOME_") for item in found.items
    ]


@pytest.fixture
def busy(clinic: Clinic) -> Clinic:
    """A clinic with visits of its practitioner at ten, half past ten and eleven of the day after tomorrow."""
    for minutes in (0, 30, 60):
        clinic.book(at(clinic.day(2), 10) + timedelta(minutes=minutes))
    return clinic


def test_a_plan_changes_nothing(busy: Clinic) -> None:
    """The affected visits are shown with a place each; they stay where they are, and the practitioner still works."""
    found = plan(busy, create_exception=leave(busy, 2, 2))
    assert outcomes(found) == ["PROPOSED"] * 3
    assert len({item.to_start.seconds for item in found.items}) == 3
    assert {item.explanation for item in found.items} == {"same practitioner, next day, same time of day"}
    for item in found.items:
        assert instant(item.appointment.start_time) == instant(item.from_start)
    assert busy.harness.events(busy.tenant_id, events.AppointmentMoved) == []
    busy.book(at(busy.day(2), 14))
    assert overlaps(busy) == 0


def test_one_command_makes_the_change_and_moves_everybody(busy: Clinic) -> None:
    """The leave holds, every visit is where it was proposed, keeps its id, and has its event, by which the patient is told."""
    found = plan(busy, create_exception=leave(busy, 2, 2))
    done = apply(busy, found)
    assert done.status == rebooking_pb2.REBOOKING_STATUS_APPLIED
    assert outcomes(done) == ["MOVED"] * 3
    for before, after in zip(found.items, done.items, strict=True):
        assert after.appointment.appointment_id == before.appointment.appointment_id
        assert after.appointment.start_time == before.to_start
    moved = busy.harness.events(busy.tenant_id, events.AppointmentMoved)
    assert sorted(one.appointment.appointment_id for one in moved) == sorted(
        item.appointment.appointment_id for item in found.items
    )
    with expect_error("OUTSIDE_WORKING_TIME"):
        busy.book(at(busy.day(2), 14))
    assert overlaps(busy) == 0
    with expect_error("REBOOKING_CLOSED"):
        clinic_again = rebooking_pb2.ApplyRebookingRequest(rebooking_id=found.rebooking_id)
        busy.staff.call("ApplyRebooking", clinic_again)


def test_it_can_be_undone(busy: Clinic) -> None:
    """The leave is gone and everybody is back where they were."""
    done = apply(busy, plan(busy, create_exception=leave(busy, 2, 2)))
    back = undo(busy, done)
    assert back.status == rebooking_pb2.REBOOKING_STATUS_UNDONE
    assert outcomes(back) == ["MOVED_BACK"] * 3
    for item in back.items:
        assert item.appointment.start_time == item.from_start
    busy.book(at(busy.day(2), 14))
    assert overlaps(busy) == 0


def test_what_has_changed_since_is_left_when_undone(busy: Clinic) -> None:
    """A visit that was moved again stays where it is now; one whose patient is elsewhere by then too; the rest go back."""
    done = apply(busy, plan(busy, create_exception=leave(busy, 2, 2)))
    first, second, _ = [item.appointment for item in done.items]
    busy.staff.call(
        "MoveAppointment",
        pb.MoveAppointmentRequest(appointment_id=first.appointment_id, start_time=stamp(at(busy.day(5), 15))),
    )
    busy.practitioner("Larsen")
    busy.book(at(busy.day(2), 10, 30), practitioner=1, patient_id=UUID(second.patient_id))
    back = undo(busy, done)
    assert outcomes(back) == ["CHANGED_SINCE", "TIME_TAKEN", "MOVED_BACK"]
    assert instant(get(busy, first.appointment_id).start_time) == at(busy.day(5), 15)
    assert get(busy, second.appointment_id).start_time == second.start_time
    assert overlaps(busy) == 0


def test_a_plan_that_is_out_of_date_is_made_anew(busy: Clinic) -> None:
    """When a proposed time was booked meanwhile, nothing is done: the answer is a new plan."""
    found = plan(busy, create_exception=leave(busy, 2, 2))
    busy.book(instant(found.items[1].to_start))
    anew = apply(busy, found)
    assert anew.status == rebooking_pb2.REBOOKING_STATUS_PROPOSED
    assert anew.version > found.version
    assert anew.items[1].to_start != found.items[1].to_start
    assert busy.harness.events(busy.tenant_id, events.AppointmentMoved) == []
    with expect_error("STALE_VERSION"):
        apply(busy, found)
    assert outcomes(apply(busy, anew)) == ["MOVED"] * 3
    assert overlaps(busy) == 0


def test_a_visit_booked_meanwhile_is_in_the_new_plan(busy: Clinic) -> None:
    """A booking that came in after the plan is not orphaned."""
    found = plan(busy, create_exception=leave(busy, 2, 2))
    late = busy.book(at(busy.day(2), 15))
    anew = apply(busy, found)
    assert late.appointment_id in {item.appointment.appointment_id for item in anew.items}
    assert outcomes(apply(busy, anew)) == ["MOVED"] * 4


def test_a_colleague_takes_over_when_that_is_allowed(busy: Clinic) -> None:
    """During a long leave the visits go to another practitioner at the same time, if others are allowed; else they find no place."""
    busy.practitioner("Larsen")
    alone = plan(busy, create_exception=leave(busy, 0, 40))
    assert outcomes(alone) == ["NO_PLACE"] * 3
    assert not alone.items[0].HasField("to_start")
    shared = plan(busy, create_exception=leave(busy, 0, 40), others_allowed=True)
    assert {item.explanation for item in shared.items} == {"another practitioner, same day, same time of day"}
    done = apply(busy, shared)
    assert {item.appointment.practitioner_id for item in done.items} == {str(busy.practitioner_ids[1])}
    assert [item.appointment.start_time for item in done.items] == [item.from_start for item in done.items]


def test_who_finds_no_place_or_is_left_is_asked_for_another_time(busy: Clinic) -> None:
    """Visits that are not moved stay booked and come up as requests to be rescheduled; undoing closes them."""
    found = plan(busy, create_exception=leave(busy, 2, 2))
    left = found.items[1].appointment.appointment_id
    done = apply(busy, found, leave_appointment_ids=[left])
    assert outcomes(done) == ["MOVED", "LEFT", "MOVED"]
    asked = busy.staff.call("ListRescheduleRequests", pb.ListRescheduleRequestsRequest()).requests
    assert [one.appointment.appointment_id for one in asked] == [left]
    undo(busy, done)
    assert not busy.staff.call("ListRescheduleRequests", pb.ListRescheduleRequestsRequest()).requests


def test_other_hours_of_a_template_are_planned_and_undone(clinic: Clinic) -> None:
    """Working from one o'clock only: the morning's visits go to the afternoon, and undoing gives the old hours back exactly."""
    who = clinic.practitioner("Larsen", hours=None)
    template = clinic.template(who)
    visit = clinic.book(at(clinic.day(2), 9), practitioner=1)
    windows = [pb.WeeklyWindow(weekday=day, starts_minute=780, ends_minute=1020) for day in range(1, 8)]
    change = pb.UpdateScheduleTemplateRequest(
        schedule_template_id=template.schedule_template_id,
        template=pb.ScheduleTemplate(windows=windows),
        update_mask={"paths": ["windows"]},
        version=template.version,
    )
    done = apply(clinic, plan(clinic, update_template=change))
    assert instant(done.items[0].appointment.start_time) == at(clinic.day(2), 13)
    assert done.items[0].explanation == "same practitioner, same day, 240 minutes later"
    undo(clinic, done)
    request = pb.GetScheduleTemplateRequest(schedule_template_id=template.schedule_template_id)
    restored = clinic.staff.call("GetScheduleTemplate", request)
    assert restored.windows == template.windows
    assert instant(get(clinic, visit.appointment_id).start_time) == at(clinic.day(2), 9)


def test_a_deleted_template_comes_back(clinic: Clinic) -> None:
    """A template that was taken away is put back under its own id."""
    who = clinic.practitioner("Larsen", hours=None)
    template = clinic.template(who)
    clinic.book(at(clinic.day(2), 9), practitioner=1)
    change = pb.DeleteScheduleTemplateRequest(schedule_template_id=template.schedule_template_id)
    done = apply(clinic, plan(clinic, delete_template=change))
    assert outcomes(done) == ["LEFT"]
    with expect_error("OUTSIDE_WORKING_TIME"):
        clinic.book(at(clinic.day(2), 11), practitioner=1)
    undo(clinic, done)
    request = pb.GetScheduleTemplateRequest(schedule_template_id=template.schedule_template_id)
    assert clinic.staff.call("GetScheduleTemplate", request).windows == template.windows
    clinic.book(at(clinic.day(2), 11), practitioner=1)


def test_rooms_and_patients_are_thought_of(clinic: Clinic) -> None:
    """A place is proposed only where a room of the class and the patient are free as well."""
    clinic.room()
    clinic.practitioner("Larsen")
    roles = [pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam")]
    clinic.type("exam", roles=roles)
    patient = clinic.patient()
    clinic.book(at(clinic.day(2), 10), "exam", patient_id=patient)
    clinic.book(at(clinic.day(3), 10), "exam", practitioner=1)
    clinic.book(at(clinic.day(3), 10, 30), practitioner=1, patient_id=patient)
    found = plan(clinic, create_exception=leave(clinic, 2, 2))
    (item,) = found.items
    start = instant(item.to_start)
    assert not at(clinic.day(3), 9, 30) < start < at(clinic.day(3), 11)
    assert outcomes(apply(clinic, found)) == ["MOVED"]
    assert overlaps(clinic) == 0


def test_nobody_is_moved_who_was_outside_already(clinic: Clinic) -> None:
    """A visit that lay outside the working time before the change is none of the change's."""
    first = clinic.book(at(clinic.day(2), 16))
    clinic.staff.call("CreateScheduleException", leave(clinic, 2, 2))
    clinic.book(at(clinic.day(3), 10))
    found = plan(clinic, create_exception=leave(clinic, 3, 3))
    assert first.appointment_id not in {item.appointment.appointment_id for item in found.items}
    assert len(found.items) == 1


def test_a_location_is_closed_and_everybody_moves(clinic: Clinic) -> None:
    """A whole location's day is moved in one commit, nobody on anybody else's time."""
    for family in ("Larsen", "Mbeki"):
        clinic.practitioner(family)
    for practitioner in range(3):
        for slot in range(8):
            clinic.book(at(clinic.day(4), 9) + timedelta(minutes=30 * slot), practitioner=practitioner)
    closure = pb.CreateScheduleExceptionRequest(
        exception=pb.ScheduleException(
            kind=pb.SCHEDULE_EXCEPTION_KIND_CLOSED,
            location_id=str(clinic.location_id),
            dates=types_pb2.DateRange(start=date_message(clinic.day(4)), end=date_message(clinic.day(4))),
        )
    )
    done = apply(clinic, plan(clinic, create_exception=closure, others_allowed=True))
    assert outcomes(done) == ["MOVED"] * 24
    assert {instant(item.appointment.start_time).date() for item in done.items} == {at(clinic.day(5), 12).date()}
    assert overlaps(clinic) == 0
    listed = clinic.staff.call("ListRebookings", rebooking_pb2.ListRebookingsRequest())
    assert [one.rebooking_id for one in listed.rebookings] == [done.rebooking_id]
    assert not listed.rebookings[0].items


def earliest(found: rebooking_pb2.Rebooking) -> datetime:
    """The earliest proposed start."""
    return min(instant(item.to_start) for item in found.items)


def test_nobody_is_asked_to_come_within_a_day(clinic: Clinic) -> None:
    """A proposal leaves at least a day's warning, though there is free time sooner."""
    clinic.book(at(clinic.day(2), 10))
    asked_at = clinic.now
    found = plan(clinic, create_exception=leave(clinic, 2, 16))
    assert earliest(found) >= asked_at + timedelta(days=1)
