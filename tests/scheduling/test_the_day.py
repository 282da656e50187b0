"""Running late, swaps and the walk-in queue on the real service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import running_late_pb2, walk_ins_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.protos import instant
from chassis.testing.harness import expect_error
from tests.scheduling.clinic import Clinic, at, stamp
from tests.scheduling.test_races import overlaps, together


@pytest.fixture
def morning(clinic: Clinic) -> Clinic:
    """A clinic at a quarter to ten of tomorrow, with four visits of half an hour from ten on."""
    for number in range(4):
        clinic.book(at(clinic.day(1), 10) + timedelta(minutes=30 * number))
    clinic.harness.run_due(at(clinic.day(1), 9, 45))
    return clinic


def todays(clinic: Clinic) -> list[pb.Appointment]:
    """Today's visits in order."""
    day = pb.GetDayRequest(location_id=str(clinic.location_id))
    return [one.appointment for one in clinic.staff.call("GetDay", day).visits]


def pass_time(clinic: Clinic, minutes: int) -> None:
    """Time passes, and what is due is done."""
    clinic.harness.run_due(clinic.now + timedelta(minutes=minutes))


def told(clinic: Clinic) -> list[tuple[str, int]]:
    """(visit, minutes) of what patients were told, in order."""
    return [
        (one.appointment_id, one.delay_minutes) for one in clinic.harness.events(clinic.tenant_id, events.VisitDelayed)
    ]


def expected(clinic: Clinic) -> list[int]:
    """The delays of the visits that have not begun."""
    request = running_late_pb2.GetExpectedStartsRequest(location_id=str(clinic.location_id))
    return [one.delay_minutes for one in clinic.staff.call("GetExpectedStarts", request).expected_starts]


def begin(clinic: Clinic, visit: pb.Appointment) -> None:
    """A patient arrives and is seen."""
    clinic.step("CheckIn", visit.appointment_id)
    clinic.step("Seen", visit.appointment_id)


# ---- running late ----------------------------------------------------------------------------------------------------


def test_a_late_start_is_told_to_those_who_wait_and_taken_back(morning: Clinic) -> None:
    """Twenty-five minutes late: the next three are told so, once; when the second visit is short they are told that it is less."""
    first, second, third, fourth = todays(morning)
    morning.harness.run_due(at(morning.day(0), 10, 25))
    begin(morning, first)
    pass_time(morning, 2)
    assert expected(morning) == [25, 25, 25]
    assert told(morning) == [(one.appointment_id, 25) for one in (second, third, fourth)]
    pass_time(morning, 10)
    assert len(told(morning)) == 3
    mine = morning.staff.call(
        "GetExpectedStart", running_late_pb2.GetExpectedStartRequest(appointment_id=third.appointment_id)
    )
    assert instant(mine.expected_start) == instant(third.start_time) + timedelta(minutes=25)
    pass_time(morning, 8)
    morning.step("CheckOut", first.appointment_id)
    begin(morning, second)
    pass_time(morning, 10)
    morning.step("CheckOut", second.appointment_id)
    pass_time(morning, 6)
    assert told(morning)[3:] == [(one.appointment_id, less) for less in (15, 0) for one in (third, fourth)]


def test_a_day_on_time_says_nothing_and_costs_nothing(morning: Clinic) -> None:
    """Steps at their time leave no work behind."""
    for visit in todays(morning):
        morning.harness.run_due(instant(visit.start_time))
        begin(morning, visit)
        pass_time(morning, 29)
        morning.step("CheckOut", visit.appointment_id)
    assert told(morning) == []
    assert morning.harness.due(morning.tenant_id, "delays.look") == []


def test_small_delays_are_shown_and_not_told(morning: Clinic) -> None:
    """Ten minutes are seen by the desk, and bother no patient."""
    morning.harness.run_due(at(morning.day(0), 10, 10))
    begin(morning, todays(morning)[0])
    pass_time(morning, 3)
    assert expected(morning) == [10, 10, 10]
    assert told(morning) == []


def test_a_swap_is_explained(morning: Clinic) -> None:
    """The ten o'clock will come at forty past: seeing the half-past-ten first is proposed, with what it saves."""
    late, here, *_ = todays(morning)
    morning.harness.run_due(at(morning.day(0), 10, 10))
    morning.step("CheckIn", here.appointment_id)
    request = running_late_pb2.ProposeSwapsRequest(
        appointment_id=late.appointment_id, expected_arrival=stamp(at(morning.day(0), 10, 40))
    )
    best = morning.staff.call("ProposeSwaps", request).swaps[0]
    assert best.appointment_id == here.appointment_id
    assert list(best.passes) == [late.appointment_id]
    assert best.explanation == f"See 10:30 first: saves {best.saves_minutes} minutes of waiting in all"
    assert best.saves_minutes > 20
    for one in best.starts:
        assert instant(one.after) >= instant(one.promised)
    begin(morning, late)
    with expect_error("WRONG_STATUS"):
        morning.staff.call("ProposeSwaps", request)


# ---- walk-ins --------------------------------------------------------------------------------------------------------


def join(clinic: Clinic, **more: Any) -> walk_ins_pb2.WalkIn:
    """Somebody takes a token."""
    request = walk_ins_pb2.JoinQueueRequest(
        location_id=str(clinic.location_id), appointment_type_id=clinic.type_ids["visit"], **more
    )
    return clinic.staff.call("JoinQueue", request)


def queue(clinic: Clinic) -> list[walk_ins_pb2.WalkIn]:
    """Today's queue."""
    request = walk_ins_pb2.GetQueueRequest(location_id=str(clinic.location_id))
    return list(clinic.staff.call("GetQueue", request).walk_ins)


def call_next(clinic: Clinic, practitioner: int = 0) -> walk_ins_pb2.WalkIn:
    """The practitioner calls the next."""
    request = walk_ins_pb2.CallNextRequest(
        location_id=str(clinic.location_id), practitioner_id=str(clinic.practitioner_ids[practitioner])
    )
    return clinic.staff.call("CallNext", request)


def test_tokens_count_and_waits_are_estimated_around_the_booked(morning: Clinic) -> None:
    """The day's visits are from ten to twelve: who comes at a quarter to ten is seen after them, one after the other."""
    tokens = [join(morning) for _ in range(3)]
    assert [one.ticket.token for one in tokens] == ["W001", "W002", "W003"]
    assert [one.ticket.ahead for one in tokens] == [0, 1, 2]
    assert [one.ticket.wait_minutes for one in queue(morning)] == [135, 165, 195]
    morning.practitioner("Larsen")
    assert [one.ticket.wait_minutes for one in queue(morning)] == [0, 30, 60]


def test_the_ticket_can_be_seen_by_who_holds_it(morning: Clinic) -> None:
    """Without signing in the code shows token, place and wait, and nothing about a person; a wrong code shows nothing."""
    join(morning)
    mine = join(morning, patient_id=str(morning.patient()))
    anyone = morning.harness.anonymous()
    seen = anyone.call("GetTicket", walk_ins_pb2.GetTicketRequest(code=mine.code))
    assert (seen.token, seen.ahead, seen.wait_minutes) == ("W002", 1, 165)
    assert {field.name for field, _ in seen.ListFields()} <= set(walk_ins_pb2.Ticket.DESCRIPTOR.fields_by_name)
    assert "patient" not in str(walk_ins_pb2.Ticket.DESCRIPTOR.fields_by_name.keys())
    for wrong in (mine.code[:-2] + "AA", "A" * 38, "-" * 21):
        with expect_error("NOT_FOUND"):
            anyone.call("GetTicket", walk_ins_pb2.GetTicketRequest(code=wrong))


def test_the_urgent_are_called_first_and_become_visits(morning: Clinic) -> None:
    """The urgent one is called before who came first, is booked between the others and checked in: a visit like any other."""
    morning.practitioner("Larsen")
    first, urgent = join(morning), join(morning, priority=9)
    called = call_next(morning, 1)
    assert called.walk_in_id == urgent.walk_in_id
    with expect_error("INVALID_INPUT", field="patient_id"):
        morning.staff.call("ServeWalkIn", walk_ins_pb2.ServeWalkInRequest(walk_in_id=called.walk_in_id))
    visit = morning.staff.call(
        "ServeWalkIn",
        walk_ins_pb2.ServeWalkInRequest(walk_in_id=called.walk_in_id, patient_id=str(morning.patient())),
    )
    assert visit.status == events.APPOINTMENT_STATUS_CHECKED_IN
    assert instant(visit.start_time) == at(morning.day(0), 9, 45)
    assert visit.practitioner_id == str(morning.practitioner_ids[1])
    assert [one.walk_in_id for one in queue(morning)] == [first.walk_in_id]
    with expect_error("WRONG_STATUS"):
        morning.staff.call("LeaveQueue", walk_ins_pb2.LeaveQueueRequest(walk_in_id=called.walk_in_id))
    assert overlaps(morning) == 0


def test_who_leaves_makes_the_others_wait_less(morning: Clinic) -> None:
    """A left token is out of the queue; an empty queue says so."""
    first, second = join(morning), join(morning)
    morning.staff.call("LeaveQueue", walk_ins_pb2.LeaveQueueRequest(walk_in_id=first.walk_in_id))
    (left,) = queue(morning)
    assert (left.walk_in_id, left.ticket.wait_minutes) == (second.walk_in_id, 135)
    call_next(morning)
    with expect_error("QUEUE_EMPTY"):
        call_next(morning)


def test_two_who_call_at_once_call_two(morning: Clinic) -> None:
    """Eight desks and five in the queue: five are called, each once; tokens given out at once are all different."""
    outcome = together([lambda: join(morning)] * 8)
    assert outcome == {"won": 8}
    assert len({one.ticket.token for one in queue(morning)}) == 8
    called: list[str] = []
    outcome = together([lambda: called.append(call_next(morning).walk_in_id)] * 12)
    assert len(called) == len(set(called)) == outcome["won"]
    while outcome["won"] < 8 and len(called) < 8:
        called.append(call_next(morning).walk_in_id)
    assert len(set(called)) == 8
