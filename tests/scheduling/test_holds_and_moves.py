"""What the calendar asks: what is held, to whom a freed time is offered, and where a visit can go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from polyclinic.scheduling.v1 import availability_pb2, group_visits_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.errors import Error
from chassis.protos import date_message, instant
from tests.scheduling.clinic import Clinic, at, stamp


def held(clinic: Clinic, **more: Any) -> list[pb.HeldTime]:
    """What is held of the location's time."""
    request = pb.ListHoldsRequest(**({"location_id": str(clinic.location_id)} | more))
    return list(clinic.staff.call("ListHolds", request).holds)


def where_to(clinic: Clinic, visit: pb.Appointment, code: str = "visit", **more: Any) -> set[Any]:
    """When the visit could start on the day after tomorrow, were it moved."""
    return set(clinic.starts(clinic.day(2), code=code, moving_appointment_id=visit.appointment_id, **more))


def test_a_calendar_sees_what_is_held(clinic: Clinic) -> None:
    """Holds of the days shown are listed by start with their patient and type, until they end or expire."""
    patient_id = clinic.patient("Adams", "Ann")
    late = clinic.hold(at(clinic.day(2), 15))
    early = clinic.hold(at(clinic.day(1), 10), patient_id=str(patient_id))
    found = held(clinic)
    assert [one.hold.hold_id for one in found] == [early.hold_id, late.hold_id]
    assert [one.patient_name for one in found] == ["Adams, Ann", ""]
    assert {one.appointment_type_name for one in found} == {"Visit"}
    day = {"start_from": stamp(at(clinic.day(2), 0)), "start_to": stamp(at(clinic.day(3), 0))}
    assert [one.hold.hold_id for one in held(clinic, **day)] == [late.hold_id]
    clinic.staff.call("ReleaseHold", pb.ReleaseHoldRequest(hold_id=late.hold_id))
    assert [one.hold.hold_id for one in held(clinic)] == [early.hold_id]
    clinic.harness.advance(minutes=6)
    assert held(clinic) == []


def test_a_calendar_sees_to_whom_a_freed_time_is_offered(clinic: Clinic) -> None:
    """The time of a round of the waitlist is held, and named with those who were asked, until one has it."""
    visit = clinic.book(at(clinic.day(2), 10))
    for name in ("Baker", "Chen"):
        clinic.staff.call(
            "JoinWaitlist",
            pb.JoinWaitlistRequest(
                patient_id=str(clinic.patient(name, "Kim")),
                appointment_type_id=clinic.type_ids["visit"],
                dates=types_pb2.DateRange(end=date_message(clinic.day(9))),
            ),
        )
    clinic.cancel(visit.appointment_id)
    clinic.harness.run_due()
    (one,) = held(clinic, practitioner_id=str(clinic.practitioner_ids[0]))
    assert one.hold.waitlist
    assert {offer.patient_name for offer in one.offers} == {"Baker, Kim", "Chen, Kim"}
    clinic.staff.call("AcceptOffer", pb.AcceptOfferRequest(waitlist_offer_id=one.offers[0].waitlist_offer_id))
    assert held(clinic) == []


def test_somebodys_time_has_to_be_named(clinic: Clinic) -> None:
    """A list of everybody's holds, or of a year, is refused."""
    for fields in (
        {"location_id": ""},
        {"start_from": stamp(at(clinic.day(1), 0)), "start_to": stamp(at(clinic.day(100), 0))},
    ):
        with pytest.raises(Error) as refused:
            held(clinic, **fields)
        assert refused.value.reason == "INVALID_INPUT"


def test_a_visit_does_not_block_itself(clinic: Clinic) -> None:
    """Times that overlap the visit's own are offered to it, to nobody else, and each of them is to be had by moving it."""
    day = clinic.day(2)
    visit, other = clinic.book(at(day, 10)), clinic.book(at(day, 11))
    own = {at(day, 9, 45), at(day, 10), at(day, 10, 15)}
    assert own & set(clinic.starts(day)) == set()
    offered = where_to(clinic, visit)
    assert own < offered
    assert at(day, 11) not in offered
    assert at(day, 10, 45) not in offered
    # What was worked out for it is not shown to others.
    assert own & set(clinic.starts(day)) == set()
    for start in sorted(own):
        request = pb.MoveAppointmentRequest(appointment_id=visit.appointment_id, start_time=stamp(start))
        assert instant(clinic.staff.call("MoveAppointment", request).start_time) == start
    assert instant(other.start_time) == at(day, 11)


def test_what_a_visit_counts_for_is_free_for_it_too(clinic: Clinic) -> None:
    """A full day, the only room, the patient's own limit: none of them keeps a visit from moving within its day."""
    clinic.room("scan")
    clinic.type(
        "scan",
        30,
        roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="scan")],
        patient_limits=pb.VisitLimits(per_day=1),
        patient_upcoming=1,
        buffer_after_minutes=10,
    )
    limits = availability_pb2.SetResourceRuleRequest(
        resource_id=str(clinic.practitioner_ids[0]), limits=pb.VisitLimits(per_day=1)
    )
    clinic.staff.call("SetResourceRule", limits)
    day = clinic.day(2)
    patient_id = clinic.patient()
    visit = clinic.book(at(day, 10), "scan", patient_id=patient_id)
    assert clinic.starts(day, code="scan", patient_id=str(patient_id)) == []
    offered = where_to(clinic, visit, "scan")
    assert {at(day, 9), at(day, 10, 15), at(day, 16, 30)} <= offered
    request = pb.MoveAppointmentRequest(appointment_id=visit.appointment_id, start_time=stamp(at(day, 10, 15)))
    assert instant(clinic.staff.call("MoveAppointment", request).start_time) == at(day, 10, 15)


def test_every_time_offered_for_a_move_is_to_be_had(clinic: Clinic) -> None:
    """Each start that is offered for a visit among others, on two practitioners, takes it."""
    clinic.practitioner("Larsen")
    day, busy = clinic.day(2), clinic.patient()
    visit = clinic.book(at(day, 12), patient_id=busy)
    for n in range(4):
        clinic.book(at(day, 9) + timedelta(minutes=75 * n), practitioner=1)
    clinic.book(at(day, 14), practitioner=1, patient_id=busy)
    clinic.book(at(day, 15), practitioner=0)
    found = clinic.search(day, limit=500, moving_appointment_id=visit.appointment_id)
    assert len({slot.practitioner_id for slot in found}) == 2
    for slot in found:
        request = pb.MoveAppointmentRequest(
            appointment_id=visit.appointment_id, start_time=slot.start_time, practitioner_id=slot.practitioner_id
        )
        moved = clinic.staff.call("MoveAppointment", request)
        assert (moved.start_time, moved.practitioner_id) == (slot.start_time, slot.practitioner_id)
    assert not {at(day, 13, 45), at(day, 14), at(day, 14, 15)} & {instant(slot.start_time) for slot in found}


def test_only_a_visit_that_can_be_moved_is_looked_for(clinic: Clinic) -> None:
    """An unknown visit, a seat of a group, a cancelled visit and another type are refused."""
    day = clinic.day(2)
    cancelled = clinic.book(at(day, 9))
    clinic.cancel(cancelled.appointment_id)
    group = clinic.staff.call(
        "OpenGroupVisit", group_visits_pb2.OpenGroupVisitRequest(seats=4, **clinic.wanted(at(day, 10)))
    )
    seat = clinic.staff.call(
        "BookSeat",
        group_visits_pb2.BookSeatRequest(group_visit_id=group.group_visit_id, patient_id=str(clinic.patient())),
    )
    clinic.type("other")
    visit = clinic.book(at(day, 12))
    for appointment_id, code, reason in (
        (str(UUID(int=7)), "visit", "NOT_FOUND"),
        (cancelled.appointment_id, "visit", "WRONG_STATUS"),
        (seat.appointment_id, "visit", "SEAT_OF_A_GROUP"),
        (visit.appointment_id, "other", "INVALID_INPUT"),
    ):
        with pytest.raises(Error) as refused:
            clinic.search(day, code=code, moving_appointment_id=appointment_id)
        assert refused.value.reason == reason
