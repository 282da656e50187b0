"""Cut-offs and late cancellations, grace, bookings beyond the rules, visits of a group."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from polyclinic.scheduling.v1 import booking_policy_pb2, group_visits_pb2, overrides_pb2
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.protos import instant
from chassis.testing.harness import expect_error
from tests.scheduling.clinic import Clinic, at, stamp
from tests.scheduling.test_races import CLIENTS, overlaps, together

REASON = "agreed with the surgeon by telephone"


def set_policy(clinic: Clinic, **policy: Any) -> booking_policy_pb2.BookingPolicy:
    """Sets the policy of all locations."""
    return clinic.staff.call("SetBookingPolicy", booking_policy_pb2.BookingPolicy(**policy))


def override(clinic: Clinic, start: datetime, code: str = "visit", **more: Any) -> overrides_pb2.OverriddenBooking:
    """A supervisor books beyond the rules."""
    request = overrides_pb2.BookWithOverrideRequest(booking=clinic.booking(start, code, **more), reason=REASON)
    return clinic.staff.call("BookWithOverride", request)


def group(clinic: Clinic, seats: int = 3, code: str = "visit", hour: int = 10) -> group_visits_pb2.GroupVisit:
    """Opens a group visit."""
    wanted = clinic.wanted(at(clinic.day(1), hour), code)
    return clinic.staff.call(
        "OpenGroupVisit", group_visits_pb2.OpenGroupVisitRequest(seats=seats, title="Asthma", **wanted)
    )


def seat(clinic: Clinic, found: group_visits_pb2.GroupVisit, patient: Any = None) -> pb.Appointment:
    """Takes a seat."""
    request = group_visits_pb2.BookSeatRequest(
        group_visit_id=found.group_visit_id, patient_id=str(patient or clinic.patient())
    )
    return clinic.staff.call("BookSeat", request, seconds=30)


def seats_left(clinic: Clinic, found: group_visits_pb2.GroupVisit) -> int:
    """How many seats are left."""
    request = group_visits_pb2.GetGroupVisitRequest(group_visit_id=found.group_visit_id)
    return int(clinic.staff.call("GetGroupVisit", request).seats_left)


# ---- cut-off, late fee, grace ----------------------------------------------------------------------------------------


def test_who_cancels_late_is_told_to_billing_once(clinic: Clinic) -> None:
    """Within the cut-off a cancellation for the patient's own reasons is late, with an event; outside of it, or by us, it is not."""
    set_policy(clinic, cancel_cutoff_minutes=24 * 60)
    clinic.template(clinic.practitioner_ids[0], (0, 24))
    soon = clinic.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=5)
    late, ours, early = (
        clinic.book(soon), clinic.book(soon + timedelta(hours=1)), clinic.book(at(clinic.day(3), 12))
    )  # fmt: skip
    assert clinic.cancel(late.appointment_id).late_cancelled
    assert not clinic.cancel(ours.appointment_id, pb.CANCELLATION_REASON_PRACTITIONER).late_cancelled
    assert not clinic.cancel(early.appointment_id).late_cancelled
    clinic.cancel(late.appointment_id)
    (told,) = clinic.harness.events(clinic.tenant_id, events.LateCancellation)
    assert (told.appointment_id, told.cutoff_minutes) == (late.appointment_id, 24 * 60)


def test_near_to_the_visit_a_patient_has_to_call(clinic: Clinic) -> None:
    """A patient neither cancels nor moves within the time the clinic sets; the desk still does; earlier both may."""
    set_policy(clinic, patients_change_until_minutes=48 * 60)
    clinic.type("online", online_bookable=True)
    patient_id = clinic.patient()
    near = clinic.book(at(clinic.day(1), 12), "online", patient_id=patient_id)
    far = clinic.book(at(clinic.day(5), 12), "online", patient_id=patient_id)
    patient = clinic.harness.client(clinic.tenant_id, patient_ids=[patient_id])

    def move(visit: pb.Appointment) -> pb.Appointment:
        start = stamp(instant(visit.start_time) + timedelta(hours=1))
        return patient.call(
            "MoveAppointment", pb.MoveAppointmentRequest(appointment_id=visit.appointment_id, start_time=start)
        )

    def cancel(visit: pb.Appointment) -> pb.Appointment:
        request = pb.CancelAppointmentRequest(
            appointment_id=visit.appointment_id, reason=pb.CANCELLATION_REASON_PATIENT
        )
        return patient.call("CancelAppointment", request)

    for refused in (move, cancel):
        with expect_error("CUTOFF_PASSED"):
            refused(near)
    assert move(far).reschedule_count == 1
    assert cancel(far).status == events.APPOINTMENT_STATUS_CANCELLED
    assert clinic.cancel(near.appointment_id).status == events.APPOINTMENT_STATUS_CANCELLED


def test_a_patient_moves_their_own_visits_only(clinic: Clinic) -> None:
    """Another patient's visit does not exist for a patient's token."""
    clinic.type("online", online_bookable=True)
    theirs = clinic.book(at(clinic.day(5), 12), "online")
    patient = clinic.harness.client(clinic.tenant_id, patient_ids=[clinic.patient()])
    with expect_error("NOT_FOUND"):
        patient.call(
            "MoveAppointment",
            pb.MoveAppointmentRequest(appointment_id=theirs.appointment_id, start_time=stamp(at(clinic.day(6), 12))),
        )


def test_no_show_has_its_grace(clinic: Clinic) -> None:
    """Nobody is a no-show before the grace of the location is over."""
    visit = clinic.book(at(clinic.day(1), 10))
    set_policy(clinic, no_show_grace_minutes=5)
    set_policy(clinic, location_id=str(clinic.location_id), no_show_grace_minutes=20)
    clinic.harness.clock.set(at(clinic.day(1), 10, 19))
    with expect_error("TOO_EARLY"):
        clinic.step("NoShow", visit.appointment_id)
    clinic.harness.advance(minutes=1)
    assert clinic.step("NoShow", visit.appointment_id).status == events.APPOINTMENT_STATUS_NO_SHOW


def test_a_policy_has_versions_and_sense(clinic: Clinic) -> None:
    """A stale policy is not overwritten, one that clears delays above where it tells them is refused, a location inherits."""
    first = set_policy(clinic, no_show_grace_minutes=5, late_tell_minutes=20)
    inherited = clinic.staff.call(
        "GetBookingPolicy", booking_policy_pb2.GetBookingPolicyRequest(location_id=str(clinic.location_id))
    )
    assert (inherited.no_show_grace_minutes, inherited.late_tell_minutes, inherited.version) == (5, 20, 0)
    set_policy(clinic, no_show_grace_minutes=6, version=first.version)
    with expect_error("STALE_VERSION"):
        set_policy(clinic, no_show_grace_minutes=7, version=first.version)
    with expect_error("INVALID_INPUT", field="late_clear_minutes"):
        set_policy(clinic, late_tell_minutes=10, late_clear_minutes=10)


# ---- beyond the rules ------------------------------------------------------------------------------------------------


def test_a_supervisor_books_beyond_the_rules_and_says_why(clinic: Clinic) -> None:
    """Outside the working time, too near and beside another visit: booked, with every rule listed, an event and a reason."""
    clinic.type("planned", minimum_notice_minutes=14 * 24 * 60)
    done = override(clinic, at(clinic.day(1), 20), "planned")
    assert set(done.overridden) == {pb.CONFLICT_REASON_OUTSIDE_WORKING_TIME, pb.CONFLICT_REASON_TOO_SOON}
    clinic.book(at(clinic.day(1), 10))
    beside = override(clinic, at(clinic.day(1), 10))
    assert list(beside.overridden) == [pb.CONFLICT_REASON_TAKEN]
    assert beside.appointment.overbooked
    listed = clinic.staff.call("ListBookingOverrides", overrides_pb2.ListBookingOverridesRequest()).overrides
    assert [one.appointment_id for one in listed] == [
        beside.appointment.appointment_id, done.appointment.appointment_id
    ]  # fmt: skip
    assert {one.reason for one in listed} == {REASON}
    assert len(clinic.harness.events(clinic.tenant_id, events.BookingOverridden)) == 2
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(clinic.day(1), 10))


def test_only_one_more_and_never_two(clinic: Clinic) -> None:
    """An override puts one visit beside another; a third is refused, also to a supervisor."""
    for _ in range(2):
        override(clinic, at(clinic.day(1), 10))
    with expect_error("SLOT_TAKEN"):
        override(clinic, at(clinic.day(1), 10))


def test_what_protects_the_patient_is_not_overridden(clinic: Clinic) -> None:
    """The patient's own time, a room of the class and the past stay as they are, whoever asks."""
    clinic.practitioner("Larsen")
    clinic.room()
    clinic.type("exam", roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam")])
    patient = clinic.patient()
    clinic.book(at(clinic.day(1), 10), "exam", patient_id=patient)
    with expect_error("PATIENT_BUSY"):
        override(clinic, at(clinic.day(1), 10, 15), practitioner=1, patient_id=patient)
    with expect_error("SLOT_TAKEN"):
        override(clinic, at(clinic.day(1), 10), "exam", practitioner=1)
    with expect_error("TOO_SOON"):
        override(clinic, at(clinic.day(-1), 10))


def test_an_override_needs_its_own_permission_and_a_reason(clinic: Clinic) -> None:
    """Who may book may not therefore override; a reason of a word is none; where no rule is broken nothing is listed."""
    clerk = clinic.harness.client(clinic.tenant_id, permissions=["appointment.*", "schedule.*"])
    request = overrides_pb2.BookWithOverrideRequest(booking=clinic.booking(at(clinic.day(1), 20)), reason=REASON)
    with expect_error("PERMISSION_DENIED"):
        clerk.call("BookWithOverride", request)
    request.reason = "because"
    with expect_error("INVALID_INPUT", field="reason"):
        clinic.staff.call("BookWithOverride", request)
    assert not override(clinic, at(clinic.day(1), 10)).overridden
    assert not clinic.staff.call("ListBookingOverrides", overrides_pb2.ListBookingOverridesRequest()).overrides


# ---- groups ----------------------------------------------------------------------------------------------------------


def test_a_group_takes_its_practitioner_once_and_has_seats(clinic: Clinic) -> None:
    """Three patients have the same time; the fourth finds no seat; nobody else gets the practitioner then."""
    found = group(clinic)
    booked = [seat(clinic, found) for _ in range(3)]
    assert {one.group_visit_id for one in booked} == {found.group_visit_id}
    assert seats_left(clinic, found) == 0
    with expect_error("GROUP_FULL"):
        seat(clinic, found)
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(clinic.day(1), 10))
    clinic.cancel(booked[1].appointment_id)
    assert seats_left(clinic, found) == 1
    seat(clinic, found)


def test_a_seat_takes_the_patients_time(clinic: Clinic) -> None:
    """Nobody sits in a group and is with a doctor at the same time, nor has two seats."""
    clinic.practitioner("Larsen")
    found = group(clinic)
    patient = clinic.patient()
    seat(clinic, found, patient)
    with expect_error("PATIENT_BUSY"):
        seat(clinic, found, patient)
    with expect_error("PATIENT_BUSY"):
        clinic.book(at(clinic.day(1), 10), practitioner=1, patient_id=patient)
    with expect_error("SEAT_OF_A_GROUP"):
        request = pb.ListAppointmentsRequest(patient_id=str(patient))
        (mine,) = clinic.staff.call("ListAppointments", request).appointments
        clinic.staff.call(
            "MoveAppointment",
            pb.MoveAppointmentRequest(appointment_id=mine.appointment_id, start_time=stamp(at(clinic.day(2), 10))),
        )


def test_a_cancelled_group_cancels_every_seat(clinic: Clinic) -> None:
    """Everybody's seat is cancelled, each with its event; the practitioner is free again; no seat can be had any more."""
    found = group(clinic)
    for _ in range(2):
        seat(clinic, found)
    request = group_visits_pb2.CancelGroupVisitRequest(
        group_visit_id=found.group_visit_id, reason=pb.CANCELLATION_REASON_PRACTITIONER
    )
    clinic.staff.call("CancelGroupVisit", request)
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentCancelled)) == 2
    with expect_error("GROUP_CANCELLED"):
        seat(clinic, found)
    clinic.book(at(clinic.day(1), 10))
    listed = clinic.staff.call(
        "ListGroupVisits", group_visits_pb2.ListGroupVisitsRequest(location_id=str(clinic.location_id))
    )
    assert not listed.group_visits


def test_patients_see_the_groups_they_may_book(clinic: Clinic) -> None:
    """A patient sees groups of online-bookable types, and takes a seat for themselves only."""
    clinic.type("class", online_bookable=True)
    hidden, shown = group(clinic), group(clinic, code="class", hour=12)
    mine = clinic.patient()
    patient = clinic.harness.client(clinic.tenant_id, patient_ids=[mine])
    listed = patient.call(
        "ListGroupVisits", group_visits_pb2.ListGroupVisitsRequest(location_id=str(clinic.location_id))
    )
    assert [one.group_visit_id for one in listed.group_visits] == [shown.group_visit_id]
    with expect_error("NOT_FOUND"):
        patient.call("GetGroupVisit", group_visits_pb2.GetGroupVisitRequest(group_visit_id=hidden.group_visit_id))
    for wrong in (clinic.patient("Jones"),):
        with expect_error("NOT_FOUND"):
            patient.call(
                "BookSeat",
                group_visits_pb2.BookSeatRequest(group_visit_id=shown.group_visit_id, patient_id=str(wrong)),
            )
    booked = patient.call(
        "BookSeat", group_visits_pb2.BookSeatRequest(group_visit_id=shown.group_visit_id, patient_id=str(mine))
    )
    assert booked.start_time == shown.start_time


@pytest.mark.parametrize("seats", [1, 3, 10])
def test_of_64_clients_as_many_as_there_are_seats_get_one(clinic: Clinic, seats: int) -> None:
    """A race for the seats has exactly as many winners as there are seats."""
    found = group(clinic, seats)
    patients = [clinic.patient() for _ in range(CLIENTS)]
    outcome = together([lambda p=patient: seat(clinic, found, p) for patient in patients])
    assert outcome == {"won": seats, "GROUP_FULL": CLIENTS - seats}
    assert seats_left(clinic, found) == 0
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentBooked)) == seats


def test_seats_and_the_end_of_their_group_exclude_each_other(clinic: Clinic) -> None:
    """While a group is being cancelled, each seat is either taken before, and cancelled, or refused."""
    found = group(clinic, 32)
    patients = [clinic.patient() for _ in range(24)]

    def cancel() -> None:
        request = group_visits_pb2.CancelGroupVisitRequest(
            group_visit_id=found.group_visit_id, reason=pb.CANCELLATION_REASON_PRACTITIONER
        )
        clinic.staff.call("CancelGroupVisit", request, seconds=30)

    seats = [lambda p=patient: seat(clinic, found, p) for patient in patients]
    outcome = together([*seats[:12], cancel, *seats[12:]])
    assert set(outcome) <= {"won", "GROUP_CANCELLED", "UNAVAILABLE"}
    listed = clinic.staff.call("ListAppointments", pb.ListAppointmentsRequest(location_id=str(clinic.location_id)))
    assert {one.status for one in listed.appointments} <= {events.APPOINTMENT_STATUS_CANCELLED}
    assert len(listed.appointments) == outcome["won"] - 1
    assert overlaps(clinic) == 0
