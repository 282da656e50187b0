"""The flow of a visit and the board of the day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.protos import instant
from chassis.testing.harness import expect_error
from tests.scheduling.clinic import Clinic, at

STATUS = events.AppointmentStatus


def walk_in(clinic: Clinic, **more: object) -> pb.Appointment:
    """A visit that starts at the next full five minutes of working time."""
    start = clinic.now.replace(second=0, microsecond=0)
    start -= timedelta(minutes=start.minute % 5)
    return clinic.book(start, **more)


@pytest.fixture
def clinic(clinic: Clinic) -> Clinic:
    """The practitioner works around the clock, so that visits can be now."""
    clinic.template(clinic.practitioner_ids[0], (0, 24))
    return clinic


def test_a_visit_flows_from_arrival_to_check_out(clinic: Clinic) -> None:
    """Each step has its status, its time of business and its event with the whole state."""
    room = clinic.room()
    clinic.type("exam", roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam")])
    visit = walk_in(clinic, code="exam")
    steps = (
        ("Arrive", "arrived_at", STATUS.APPOINTMENT_STATUS_ARRIVED, events.VisitArrived),
        ("CheckIn", "checked_in_at", STATUS.APPOINTMENT_STATUS_CHECKED_IN, events.VisitCheckedIn),
        ("Room", "roomed_at", STATUS.APPOINTMENT_STATUS_ROOMED, events.VisitRoomed),
        ("Seen", "seen_at", STATUS.APPOINTMENT_STATUS_SEEN, events.VisitSeen),
        ("CheckOut", "checked_out_at", STATUS.APPOINTMENT_STATUS_CHECKED_OUT, events.VisitCheckedOut),
    )
    version = visit.version
    for name, column, status, event_class in steps:
        clinic.harness.advance(minutes=3)
        if name == "Room":
            visit = clinic.staff.call(
                "Room", pb.RoomRequest(appointment_id=visit.appointment_id, version=visit.version)
            )
            assert visit.actual_room_id == str(room)
        else:
            visit = clinic.step(name, visit.appointment_id, visit.version)
        assert visit.status == status
        assert instant(getattr(visit, column)) == clinic.now
        assert visit.version > version
        version = visit.version
        (event,) = clinic.harness.events(clinic.tenant_id, event_class)
        assert (event.appointment.status, event.appointment.version) == (status, version)


def test_steps_that_the_table_does_not_have_are_refused(clinic: Clinic) -> None:
    """Nobody is seen before checking in, nor checked out before being seen, nor moved after arriving."""
    visit = walk_in(clinic)
    for name in ("Seen", "CheckOut", "Left"):
        with expect_error("WRONG_STATUS"):
            clinic.step(name, visit.appointment_id)
    clinic.step("Arrive", visit.appointment_id)
    for name in ("Arrive", "NoShow", "Seen"):
        with expect_error("WRONG_STATUS"):
            clinic.step(name, visit.appointment_id)
    with expect_error("WRONG_STATUS"):
        clinic.cancel(visit.appointment_id)


def test_checking_in_at_once_records_the_arrival(clinic: Clinic) -> None:
    """Who goes straight to the desk has arrived then; undoing it takes both times back."""
    visit = walk_in(clinic)
    checked_in = clinic.step("CheckIn", visit.appointment_id)
    assert instant(checked_in.arrived_at) == instant(checked_in.checked_in_at) == clinic.now
    undone = clinic.step("UndoVisitStep", visit.appointment_id)
    assert undone.status == STATUS.APPOINTMENT_STATUS_BOOKED
    assert not undone.HasField("arrived_at")
    assert not undone.HasField("checked_in_at")


def test_the_last_step_is_undone_and_said_anew(clinic: Clinic) -> None:
    """Undo goes back one step at a time, publishes the status that holds again with a new version, and stops at the booking."""
    visit = walk_in(clinic)
    clinic.step("Arrive", visit.appointment_id)
    arrived_at = clinic.now
    clinic.harness.advance(minutes=5)
    checked_in = clinic.step("CheckIn", visit.appointment_id)
    undone = clinic.step("UndoVisitStep", visit.appointment_id, checked_in.version)
    assert undone.status == STATUS.APPOINTMENT_STATUS_ARRIVED
    assert instant(undone.arrived_at) == arrived_at
    assert not undone.HasField("checked_in_at")
    last = clinic.harness.events(clinic.tenant_id, events.VisitArrived)[-1]
    assert last.appointment.version == undone.version > checked_in.version
    assert clinic.step("UndoVisitStep", visit.appointment_id).status == STATUS.APPOINTMENT_STATUS_BOOKED
    with expect_error("NOTHING_TO_UNDO"):
        clinic.step("UndoVisitStep", visit.appointment_id)


def test_a_cancellation_is_not_undone(clinic: Clinic) -> None:
    """A cancelled time may be somebody else's already."""
    visit = walk_in(clinic)
    clinic.cancel(visit.appointment_id)
    with expect_error("NOTHING_TO_UNDO"):
        clinic.step("UndoVisitStep", visit.appointment_id)


def test_arrivals_belong_to_todays_visits(clinic: Clinic) -> None:
    """Nobody arrives for a visit of another day."""
    visit = clinic.book(clinic.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=30))
    for name in ("Arrive", "CheckIn"):
        with expect_error("NOT_TODAY"):
            clinic.step(name, visit.appointment_id)


def test_nobody_fails_to_come_before_the_start(clinic: Clinic) -> None:
    """A no-show can be said once the visit should have begun; who then comes after all arrives."""
    start = clinic.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
    visit = clinic.book(start)
    with expect_error("TOO_EARLY"):
        clinic.step("NoShow", visit.appointment_id)
    clinic.harness.run_due(start + timedelta(minutes=20))
    assert clinic.step("NoShow", visit.appointment_id).status == STATUS.APPOINTMENT_STATUS_NO_SHOW
    assert clinic.step("Arrive", visit.appointment_id).status == STATUS.APPOINTMENT_STATUS_ARRIVED
    assert clinic.step("Left", visit.appointment_id).status == STATUS.APPOINTMENT_STATUS_LEFT


def test_a_patient_is_roomed_where_the_nurse_says(clinic: Clinic) -> None:
    """Any room of the location will do, and may change; a room of elsewhere is not found."""
    visit = walk_in(clinic)
    clinic.step("CheckIn", visit.appointment_id)
    first, second = clinic.room(), clinic.room()
    home = clinic.location_id
    clinic.location()
    elsewhere = clinic.room()
    clinic.location_id = home

    def room(room_id: object) -> pb.Appointment:
        return clinic.staff.call("Room", pb.RoomRequest(appointment_id=visit.appointment_id, room_id=str(room_id)))

    assert room(first).actual_room_id == str(first)
    assert room(second).actual_room_id == str(second)
    with expect_error("NOT_FOUND"):
        room(elsewhere)
    assert clinic.step("UndoVisitStep", visit.appointment_id).actual_room_id == str(first)


def test_a_video_visit_needs_no_room(clinic: Clinic) -> None:
    """From check-in the clinician may see the patient at once."""
    clinic.type("video", modality=types_pb2.MODALITY_VIDEO)
    visit = walk_in(clinic, code="video")
    clinic.step("CheckIn", visit.appointment_id)
    assert clinic.step("Seen", visit.appointment_id).status == STATUS.APPOINTMENT_STATUS_SEEN


def test_the_board_shows_visits_waits_rooms_and_people(clinic: Clinic) -> None:
    """The board of a local day: who waits for how long, who is in which room, how much of the day is booked; no cancelled visits."""
    day = clinic.day(1)
    clinic.practitioner("Larsen")
    room = clinic.room()
    first = clinic.book(at(day, 10), practitioner=1)
    second = clinic.book(at(day, 11), practitioner=1)
    clinic.cancel(clinic.book(at(day, 12), practitioner=1).appointment_id)
    clinic.harness.run_due(at(day, 10, 5))
    clinic.step("CheckIn", first.appointment_id)
    clinic.harness.run_due(at(day, 10, 15))
    clinic.staff.call("Room", pb.RoomRequest(appointment_id=first.appointment_id, room_id=str(room)))
    clinic.harness.run_due(at(day, 11, 10))
    board = clinic.staff.call("GetDay", pb.GetDayRequest(location_id=str(clinic.location_id)))
    assert (board.date.day, board.time_zone) == (day.day, "America/New_York")
    assert [one.appointment.appointment_id for one in board.visits] == [first.appointment_id, second.appointment_id]
    waiting, missing = board.visits
    assert (waiting.minutes_in_stage, waiting.minutes_waited, waiting.minutes_late) == (55, 65, 5)
    assert (missing.minutes_waited, missing.minutes_late) == (0, 10)
    assert [(one.room_id, list(one.appointment_ids)) for one in board.rooms] == [(str(room), [first.appointment_id])]
    larsen = next(one for one in board.practitioners if one.name.startswith("Larsen"))
    assert (larsen.open_minutes, larsen.booked_minutes, larsen.visits) == (480, 60, 2)
    tomorrow = clinic.day(1)
    empty = clinic.staff.call(
        "GetDay",
        pb.GetDayRequest(
            location_id=str(clinic.location_id),
            date={"year": tomorrow.year, "month": tomorrow.month, "day": tomorrow.day},
        ),
    )
    assert not empty.visits
