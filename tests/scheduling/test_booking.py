"""Holding, booking, moving and cancelling on the real service."""

from __future__ import annotations

from datetime import timedelta

import pytest
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.protos import instant
from chassis.testing.harness import Harness, expect_error
from scheduling.domain.cells import cell_at
from tests.scheduling.clinic import Clinic, at, open_clinic, stamp


def test_a_free_time_is_booked_once(clinic: Clinic) -> None:
    """A free time can be booked; the same practitioner's time cannot be booked again, whoever asks."""
    start = at(clinic.day(), 10)
    booked = clinic.book(start)
    assert instant(booked.start_time) == start
    assert instant(booked.end_time) == start + timedelta(minutes=30)
    assert booked.status == events.APPOINTMENT_STATUS_BOOKED
    assert booked.patient_name == "Smith, John"
    assert booked.practitioner_name == "Okafor, Ada, MD"
    assert booked.time_zone == "America/New_York"
    for overlapping in (start, start + timedelta(minutes=25), start - timedelta(minutes=25)):
        with expect_error("SLOT_TAKEN"):
            clinic.book(overlapping)
    clinic.book(start + timedelta(minutes=30))
    clinic.book(start - timedelta(minutes=30))


def test_a_patient_cannot_be_at_two_places_at_once(clinic: Clinic) -> None:
    """The patient is a resource too: another practitioner at the same time is refused, the time next to it is not."""
    clinic.practitioner("Larsen")
    patient = clinic.patient()
    start = at(clinic.day(), 10)
    clinic.book(start, patient_id=patient)
    with expect_error("PATIENT_BUSY"):
        clinic.book(start + timedelta(minutes=25), practitioner=1, patient_id=patient)
    clinic.book(start + timedelta(minutes=30), practitioner=1, patient_id=patient)


@pytest.mark.parametrize("seconds", [1, 60, 240])
def test_planned_times_are_multiples_of_five_minutes(clinic: Clinic, seconds: int) -> None:
    """A time off the grid is refused with the field's name."""
    with expect_error("INVALID_INPUT", field="start_time"):
        clinic.book(at(clinic.day(), 10) + timedelta(seconds=seconds))


def test_only_working_time_can_be_booked(clinic: Clinic) -> None:
    """A visit that begins before nine or ends after five is outside of the working time."""
    for start in (at(clinic.day(), 8, 55), at(clinic.day(), 16, 35), at(clinic.day(), 3)):
        with expect_error("OUTSIDE_WORKING_TIME"):
            clinic.book(start)
    clinic.book(at(clinic.day(), 9))
    clinic.book(at(clinic.day(), 16, 30))


def test_notice_and_horizon_bind(clinic: Clinic) -> None:
    """A time nearer than the notice or beyond the horizon is refused."""
    clinic.type("planned", minimum_notice_minutes=48 * 60, horizon_days=10)
    with expect_error("TOO_SOON"):
        clinic.book(at(clinic.day(1), 10), "planned")
    clinic.book(at(clinic.day(3), 10), "planned")
    clinic.book(at(clinic.day(10), 10), "planned")
    with expect_error("TOO_FAR_AHEAD"):
        clinic.book(at(clinic.day(11), 10), "planned")
    with expect_error("TOO_SOON"):
        clinic.book(at(clinic.day(-1), 10))


def test_what_is_unknown_is_not_found(clinic: Clinic) -> None:
    """An unknown patient, type, practitioner or location is NOT_FOUND, and nothing is booked."""
    good = clinic.booking(at(clinic.day(), 10))
    for field in ("patient_id", "appointment_type_id", "practitioner_id", "location_id"):
        request = pb.BookAppointmentRequest()
        request.CopyFrom(good)
        setattr(request, field, str(clinic.tenant_id))
        with expect_error("NOT_FOUND"):
            clinic.staff.call("BookAppointment", request)
    clinic.staff.call("BookAppointment", good)


def test_an_incomplete_booking_names_all_that_is_missing(clinic: Clinic) -> None:
    """Without a hold the type, practitioner, location and time are needed, and each is named."""
    request = pb.BookAppointmentRequest(patient_id=str(clinic.patient()))
    for field in ("appointment_type_id", "practitioner_id", "location_id", "start_time"):
        with expect_error("INVALID_INPUT", field=field):
            clinic.staff.call("BookAppointment", request)


def test_a_merged_or_dead_patient_is_not_booked(clinic: Clinic) -> None:
    """Only the record that is in use can be booked."""
    for facts in ({"deceased": True}, {"active": False}, {"merged_into": str(clinic.patient())}):
        with expect_error("PATIENT_NOT_BOOKABLE"):
            clinic.book(at(clinic.day(), 10), patient_id=clinic.patient(**facts))


def test_the_same_key_books_once(clinic: Clinic) -> None:
    """A repeated request with the same idempotency key gets the same appointment."""
    request = clinic.booking(at(clinic.day(), 10))
    first = clinic.staff.call("BookAppointment", request, key="a-key")
    assert clinic.staff.call("BookAppointment", request, key="a-key") == first
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentBooked)) == 1


# ---- rooms, devices, buffers -----------------------------------------------------------------------------------------


def test_a_visit_takes_any_free_room_of_its_class(clinic: Clinic) -> None:
    """Two rooms serve two visits at a time; the third is told which class is missing."""
    rooms = {str(clinic.room()), str(clinic.room())}
    clinic.room("procedure")
    clinic.type("exam", roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam")])
    for family in ("Larsen", "Mbeki"):
        clinic.practitioner(family)
    start = at(clinic.day(), 10)
    booked = [clinic.book(start, "exam", practitioner) for practitioner in range(2)]
    assert {one.room_id for one in booked} == rooms
    with pytest.raises(Exception, match="No exam room is free"):
        clinic.book(start, "exam", 2)


def test_a_device_is_taken_without_buffers_a_room_with_them(clinic: Clinic) -> None:
    """Buffers keep the practitioner and the room, not the device and not the patient."""
    room, device = clinic.room(), clinic.device()
    roles = [
        pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam"),
        pb.ResourceRole(kind=pb.RESOURCE_KIND_EQUIPMENT, resource_class="ultrasound"),
    ]
    clinic.type("scan", 20, buffer_before_minutes=5, buffer_after_minutes=10, roles=roles)
    start = at(clinic.day(), 10)
    patient = clinic.patient()
    booked = clinic.book(start, "scan", patient_id=patient)
    first = cell_at(start)
    taken: dict[str, set[int]] = {}
    for resource, cell, lane in clinic.cells(booked.appointment_id):
        assert lane == 0
        taken.setdefault(str(resource), set()).add(cell)
    wide, narrow = set(range(first - 1, first + 6)), set(range(first, first + 4))
    assert taken == {
        str(clinic.practitioner_ids[0]): wide,
        str(room): wide,
        str(device): narrow,
        str(patient): narrow,
    }
    assert booked.equipment_ids == [str(device)]


def test_buffers_may_lie_outside_the_working_time_but_must_be_free(clinic: Clinic) -> None:
    """The first visit of the day has its buffer before nine; the next one cannot begin within the buffer after it."""
    clinic.type("buffered", 20, buffer_before_minutes=10, buffer_after_minutes=10)
    start = at(clinic.day(), 9)
    clinic.book(start, "buffered")
    with expect_error("SLOT_TAKEN"):
        clinic.book(start + timedelta(minutes=25))
    clinic.book(start + timedelta(minutes=30))


def test_a_room_for_three_holds_three(clinic: Clinic) -> None:
    """Each cell takes any free lane of the room's capacity, whichever visits are in it."""
    clinic.room("group", capacity=3)
    clinic.type("group", roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="group")])
    for family in ("Larsen", "Mbeki", "Novak"):
        clinic.practitioner(family)
    start = at(clinic.day(), 10)
    clinic.book(start, "group", 0)
    clinic.book(start + timedelta(minutes=15), "group", 1)
    clinic.book(start + timedelta(minutes=15), "group", 2)
    with expect_error("SLOT_TAKEN"):
        clinic.book(start, "group", 3)
    staggered = clinic.book(start + timedelta(minutes=30), "group", 3)
    lanes = {lane for resource, _, lane in clinic.cells(staggered.appointment_id) if resource in clinic.room_ids}
    assert lanes == {0, 2}, "it takes the lane that is free, first the third and then the first"


# ---- holds -----------------------------------------------------------------------------------------------------------


def test_a_held_time_is_for_who_holds_it(clinic: Clinic) -> None:
    """Others cannot book a held time; booking the hold gives the appointment the hold's id and adds the patient's cells."""
    start = at(clinic.day(), 10)
    hold = clinic.hold(start)
    assert instant(hold.expires_at) == clinic.now + timedelta(minutes=5)
    with expect_error("SLOT_TAKEN"):
        clinic.book(start)
    patient = clinic.patient()
    booked = clinic.staff.call(
        "BookAppointment", pb.BookAppointmentRequest(patient_id=str(patient), hold_id=hold.hold_id, reason="cough")
    )
    assert booked.appointment_id == hold.hold_id
    assert booked.reason == "cough"
    assert {resource for resource, _, _ in clinic.cells(booked.appointment_id)} == {clinic.practitioner_ids[0], patient}
    assert clinic.harness.due(clinic.tenant_id, "hold.expire") == []
    with expect_error("HOLD_EXPIRED"):
        clinic.staff.call("BookAppointment", pb.BookAppointmentRequest(patient_id=str(patient), hold_id=hold.hold_id))


def test_a_hold_expires_in_business_time(clinic: Clinic) -> None:
    """After its minutes a hold is worth nothing, and its time is free again."""
    start = at(clinic.day(), 10)
    hold = clinic.hold(start)
    clinic.harness.run_due(clinic.now + timedelta(minutes=5))
    assert clinic.cells(hold.hold_id) == []
    with expect_error("HOLD_EXPIRED"):
        clinic.staff.call(
            "BookAppointment", pb.BookAppointmentRequest(patient_id=str(clinic.patient()), hold_id=hold.hold_id)
        )
    clinic.book(start)


def test_an_expired_hold_is_swept_away_by_who_needs_the_time(clinic: Clinic) -> None:
    """A booking does not wait for the due work: it deletes the whole expired hold that is in its way."""
    start = at(clinic.day(), 10)
    hold = clinic.hold(start)
    clinic.harness.advance(minutes=6)
    booked = clinic.book(start + timedelta(minutes=25))
    assert clinic.cells(hold.hold_id) == []
    assert clinic.cells(booked.appointment_id)


def test_a_hold_is_renewed_for_half_an_hour_at_most(clinic: Clinic) -> None:
    """Each renewal starts the minutes anew, up to thirty minutes after the hold was made."""
    made = clinic.now
    hold = clinic.hold(at(clinic.day(), 10), minutes=12)
    clinic.harness.advance(minutes=10)
    renewed = clinic.staff.call("RenewHold", pb.RenewHoldRequest(hold_id=hold.hold_id))
    assert instant(renewed.expires_at) == made + timedelta(minutes=22)
    clinic.harness.run_due(made + timedelta(minutes=21))
    renewed = clinic.staff.call("RenewHold", pb.RenewHoldRequest(hold_id=hold.hold_id))
    assert instant(renewed.expires_at) == made + timedelta(minutes=30)
    clinic.harness.run_due(made + timedelta(minutes=30))
    with expect_error("NOT_FOUND"):
        clinic.staff.call("RenewHold", pb.RenewHoldRequest(hold_id=hold.hold_id))


def test_a_released_hold_frees_its_time(clinic: Clinic) -> None:
    """Releasing gives the time back at once; releasing again is no error."""
    start = at(clinic.day(), 10)
    hold = clinic.hold(start)
    for _ in range(2):
        clinic.staff.call("ReleaseHold", pb.ReleaseHoldRequest(hold_id=hold.hold_id))
    assert clinic.cells(hold.hold_id) == []
    assert clinic.book(start).appointment_id != hold.hold_id


# ---- several at once -------------------------------------------------------------------------------------------------


def test_siblings_are_booked_together_one_after_the_other(clinic: Clinic) -> None:
    """Adjacent visits of two children are one commit."""
    start = at(clinic.day(), 10)
    answer = clinic.staff.call(
        "BookAppointments",
        pb.BookAppointmentsRequest(bookings=[clinic.booking(start), clinic.booking(start + timedelta(minutes=30))]),
    )
    assert [instant(one.start_time) for one in answer.appointments] == [start, start + timedelta(minutes=30)]
    assert not answer.conflicts
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentBooked)) == 2


def test_all_or_none_with_every_conflict(clinic: Clinic) -> None:
    """One taken time, one outside of the working time and two that exclude each other: all are said, and nothing is booked."""
    start = at(clinic.day(), 10)
    clinic.book(start)
    patient = clinic.patient()
    answer = clinic.staff.call(
        "BookAppointments",
        pb.BookAppointmentsRequest(
            bookings=[
                clinic.booking(start),
                clinic.booking(at(clinic.day(), 20)),
                clinic.booking(start + timedelta(hours=2), patient_id=patient),
                clinic.booking(start + timedelta(hours=2), patient_id=patient),
            ]
        ),
    )
    assert not answer.appointments
    found = {(one.booking_index, one.reason, one.resource_kind) for one in answer.conflicts}
    assert found == {
        (0, pb.CONFLICT_REASON_TAKEN, pb.RESOURCE_KIND_PRACTITIONER),
        (1, pb.CONFLICT_REASON_OUTSIDE_WORKING_TIME, pb.RESOURCE_KIND_PRACTITIONER),
        (3, pb.CONFLICT_REASON_TAKEN, pb.RESOURCE_KIND_PRACTITIONER),
        (3, pb.CONFLICT_REASON_TAKEN, pb.RESOURCE_KIND_PATIENT),
    }
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentBooked)) == 1
    clinic.book(start + timedelta(hours=2))


def test_a_refused_batch_says_what_is_free_instead(clinic: Clinic) -> None:
    """For each booking in conflict the nearest free times are told; every one of them books."""
    taken, free = at(clinic.day(), 10), at(clinic.day(), 14)
    clinic.book(taken)
    bookings = [clinic.booking(free), clinic.booking(taken)]
    answer = clinic.staff.call("BookAppointments", pb.BookAppointmentsRequest(bookings=bookings))
    assert [one.booking_index for one in answer.conflicts] == [1]
    (instead,) = answer.alternatives
    assert instead.booking_index == 1
    starts = [instant(slot.start_time) for slot in instead.slots]
    assert starts == [taken - timedelta(minutes=30), taken + timedelta(minutes=30), taken - timedelta(minutes=45)]
    clinic.book(starts[0])


def test_validate_only_books_nothing(clinic: Clinic) -> None:
    """Asking whether several visits fit leaves the times free."""
    request = pb.BookAppointmentsRequest(bookings=[clinic.booking(at(clinic.day(), 10))], validate_only=True)
    answer = clinic.staff.call("BookAppointments", request)
    assert not answer.appointments
    assert not answer.conflicts
    clinic.book(at(clinic.day(), 10))


# ---- moving, cancelling, confirming ----------------------------------------------------------------------------------


def move(clinic: Clinic, appointment_id: str, **more: object) -> pb.Appointment:
    """Moves a visit."""
    return clinic.staff.call("MoveAppointment", pb.MoveAppointmentRequest(appointment_id=appointment_id, **more))


def test_a_move_keeps_the_visit_and_frees_its_old_time(clinic: Clinic) -> None:
    """An overlapping move takes what is missing and gives back the surplus; it is to be confirmed anew and says where it was."""
    start = at(clinic.day(), 10)
    booked = clinic.book(start)
    clinic.staff.call("ConfirmAppointment", pb.ConfirmAppointmentRequest(appointment_id=booked.appointment_id))
    moved = move(clinic, booked.appointment_id, start_time=stamp(start + timedelta(minutes=15)))
    assert moved.appointment_id == booked.appointment_id
    assert moved.status == events.APPOINTMENT_STATUS_BOOKED
    assert moved.reschedule_count == 1
    assert not moved.HasField("confirmed_at")
    first = cell_at(start) + 3
    assert {cell for _, cell, _ in clinic.cells(booked.appointment_id)} == set(range(first, first + 6))
    (event,) = clinic.harness.events(clinic.tenant_id, events.AppointmentMoved)
    assert instant(event.previous_start_time) == start
    assert event.appointment.version == moved.version
    clinic.book(start - timedelta(minutes=15))


def test_a_move_to_another_practitioner_takes_their_time(clinic: Clinic) -> None:
    """The old practitioner is free, the new one is not; the time did not change, so no reminder has to."""
    clinic.practitioner("Larsen")
    start = at(clinic.day(), 10)
    booked = clinic.book(start)
    moved = move(
        clinic, booked.appointment_id, start_time=stamp(start), practitioner_id=str(clinic.practitioner_ids[1])
    )
    assert moved.practitioner_name == "Larsen, Ada, MD"
    assert moved.reschedule_count == 0
    clinic.book(start)
    with expect_error("SLOT_TAKEN"):
        clinic.book(start, practitioner=1)


def test_a_refused_move_changes_nothing(clinic: Clinic) -> None:
    """When the new time is taken the visit stays where it was."""
    start = at(clinic.day(), 10)
    booked = clinic.book(start)
    clinic.book(start + timedelta(hours=1))
    before = clinic.cells(booked.appointment_id)
    with expect_error("SLOT_TAKEN"):
        move(clinic, booked.appointment_id, start_time=stamp(start + timedelta(minutes=45)))
    assert clinic.cells(booked.appointment_id) == before
    again = clinic.staff.call("GetAppointment", pb.GetAppointmentRequest(appointment_id=booked.appointment_id))
    assert again == booked


def test_a_stale_version_is_refused(clinic: Clinic) -> None:
    """Who saw an older version of the visit is told so."""
    booked = clinic.book(at(clinic.day(), 10))
    clinic.staff.call("ConfirmAppointment", pb.ConfirmAppointmentRequest(appointment_id=booked.appointment_id))
    with expect_error("STALE_VERSION"):
        move(clinic, booked.appointment_id, start_time=stamp(at(clinic.day(), 11)), version=booked.version)


def test_a_cancelled_visit_frees_its_time_and_says_why(clinic: Clinic) -> None:
    """The time is free at once, the event carries the reason, cancelling again changes nothing, and no step follows."""
    start = at(clinic.day(), 10)
    booked = clinic.book(start)
    cancelled = clinic.cancel(booked.appointment_id, pb.CANCELLATION_REASON_WEATHER)
    assert cancelled.status == events.APPOINTMENT_STATUS_CANCELLED
    assert instant(cancelled.cancelled_at) == clinic.now
    assert clinic.cells(booked.appointment_id) == []
    assert clinic.cancel(booked.appointment_id).version == cancelled.version
    (event,) = clinic.harness.events(clinic.tenant_id, events.AppointmentCancelled)
    assert event.reason == "weather"
    clinic.book(start)
    with expect_error("WRONG_STATUS"):
        move(clinic, booked.appointment_id, start_time=stamp(start))


def test_every_change_has_an_event_with_a_higher_version(clinic: Clinic) -> None:
    """Booked, confirmed, moved, cancelled: each event carries the whole state and a version above the last."""
    start = at(clinic.day(), 10)
    booked = clinic.book(start)
    clinic.staff.call("ConfirmAppointment", pb.ConfirmAppointmentRequest(appointment_id=booked.appointment_id))
    move(clinic, booked.appointment_id, start_time=stamp(start + timedelta(hours=1)))
    clinic.cancel(booked.appointment_id)
    kinds = (
        events.AppointmentBooked,
        events.AppointmentConfirmed,
        events.AppointmentMoved,
        events.AppointmentCancelled,
    )
    versions = []
    for kind in kinds:
        (event,) = clinic.harness.events(clinic.tenant_id, kind)
        assert event.appointment.appointment_type_code == "visit"
        assert event.appointment.patient_id == booked.patient_id
        versions.append(event.appointment.version)
    assert versions == sorted(set(versions))


# ---- patients' own tokens --------------------------------------------------------------------------------------------


def test_a_patient_books_for_themselves_what_is_online(scheduling: Harness) -> None:
    """A patient searches, holds, books, confirms and cancels their own visits of online-bookable types, and nobody else's."""
    clinic = open_clinic(scheduling)
    clinic.type("online", online_bookable=True)
    mine, other = clinic.patient(), clinic.patient("Jones")
    patient = clinic.harness.client(clinic.tenant_id, patient_ids=[mine])
    start = at(clinic.day(), 10)
    listed = patient.call("ListAppointmentTypes", pb.ListAppointmentTypesRequest())
    assert [one.code for one in listed.appointment_types] == ["online"]
    found = patient.call("SearchSlots", pb.SearchSlotsRequest(appointment_type_ids=[clinic.type_ids["online"]]))
    assert found.slots
    with expect_error("NOT_FOUND"):
        patient.call("SearchSlots", pb.SearchSlotsRequest(appointment_type_ids=[clinic.type_ids["visit"]]))
    with expect_error("NOT_FOUND"):
        patient.call("BookAppointment", clinic.booking(start, patient_id=mine))
    with expect_error("NOT_FOUND"):
        patient.call("BookAppointment", clinic.booking(start, "online", patient_id=other))
    hold = patient.call("HoldSlot", pb.HoldSlotRequest(patient_id=str(mine), **clinic.wanted(start, "online")))
    booked = patient.call("BookAppointment", pb.BookAppointmentRequest(patient_id=str(mine), hold_id=hold.hold_id))
    patient.call("ConfirmAppointment", pb.ConfirmAppointmentRequest(appointment_id=booked.appointment_id))
    theirs = clinic.book(start + timedelta(hours=1), patient_id=other)
    for name, request in (
        ("GetAppointment", pb.GetAppointmentRequest(appointment_id=theirs.appointment_id)),
        (
            "CancelAppointment",
            pb.CancelAppointmentRequest(appointment_id=theirs.appointment_id, reason=pb.CANCELLATION_REASON_PATIENT),
        ),
    ):
        with expect_error("NOT_FOUND"):
            patient.call(name, request)
    own = patient.call("ListAppointments", pb.ListAppointmentsRequest())
    assert [one.appointment_id for one in own.appointments] == [booked.appointment_id]
    patient.call(
        "CancelAppointment",
        pb.CancelAppointmentRequest(appointment_id=booked.appointment_id, reason=pb.CANCELLATION_REASON_PATIENT),
    )
    with expect_error("PERMISSION_DENIED"):
        patient.call("GetDay", pb.GetDayRequest(location_id=str(clinic.location_id)))


def test_a_patient_keeps_three_times_at_most(scheduling: Harness) -> None:
    """Holds of a patient's token are for themselves, and limited, so that nobody blocks the clinic."""
    clinic = open_clinic(scheduling)
    clinic.type("online", online_bookable=True)
    mine = clinic.patient()
    patient = clinic.harness.client(clinic.tenant_id, patient_ids=[mine])

    def hold(hour: int, **more: object) -> pb.Hold:
        return patient.call("HoldSlot", pb.HoldSlotRequest(**clinic.wanted(at(clinic.day(), hour), "online"), **more))

    with expect_error("NOT_FOUND"):
        hold(9)
    first = hold(9, patient_id=str(mine))
    hold(10, patient_id=str(mine))
    hold(11, patient_id=str(mine))
    with expect_error("TOO_MANY_HOLDS"):
        hold(12, patient_id=str(mine))
    patient.call("ReleaseHold", pb.ReleaseHoldRequest(hold_id=first.hold_id))
    hold(12, patient_id=str(mine))


def test_another_patients_hold_is_not_ones_own(scheduling: Harness) -> None:
    """A patient can neither book, renew nor release somebody else's hold."""
    clinic = open_clinic(scheduling)
    clinic.type("online", online_bookable=True)
    hold = clinic.hold(at(clinic.day(), 10), "online", patient_id=str(clinic.patient("Jones")))
    mine = clinic.patient()
    patient = clinic.harness.client(clinic.tenant_id, patient_ids=[mine])
    with expect_error("HOLD_EXPIRED"):
        patient.call("BookAppointment", pb.BookAppointmentRequest(patient_id=str(mine), hold_id=hold.hold_id))
    with expect_error("NOT_FOUND"):
        patient.call("RenewHold", pb.RenewHoldRequest(hold_id=hold.hold_id))
    with expect_error("NOT_FOUND"):
        patient.call("ReleaseHold", pb.ReleaseHoldRequest(hold_id=hold.hold_id))


# ---- reading ---------------------------------------------------------------------------------------------------------


def test_lists_are_by_location_practitioner_and_patient(clinic: Clinic) -> None:
    """Each filter narrows the list, a day is the location's, pages follow each other, and a list of everything is refused."""
    clinic.practitioner("Larsen")
    day = clinic.day(2)
    patient = clinic.patient("Jones", "Mary")
    visits = [
        clinic.book(at(day, 9)),
        clinic.book(at(day, 9, 30), practitioner=1, patient_id=patient),
        clinic.book(at(day + timedelta(days=1), 9)),
    ]

    def listed(**wanted: object) -> list[str]:
        answer = clinic.staff.call("ListAppointments", pb.ListAppointmentsRequest(**wanted))
        return [one.appointment_id for one in answer.appointments]

    ids = [one.appointment_id for one in visits]
    where = str(clinic.location_id)
    assert listed(location_id=where) == ids
    assert listed(location_id=where, date={"year": day.year, "month": day.month, "day": day.day}) == ids[:2]
    assert listed(practitioner_id=str(clinic.practitioner_ids[1])) == [ids[1]]
    assert listed(patient_id=str(patient)) == [ids[1]]
    assert listed(location_id=where, start_from=stamp(at(day, 9, 30))) == ids[1:]
    clinic.cancel(ids[0])
    assert listed(location_id=where, statuses=[events.APPOINTMENT_STATUS_CANCELLED]) == [ids[0]]
    page = clinic.staff.call("ListAppointments", pb.ListAppointmentsRequest(location_id=where, page_size=2))
    assert [one.appointment_id for one in page.appointments] == ids[:2]
    assert listed(location_id=where, page_size=2, page_token=page.next_page_token) == ids[2:]
    with expect_error("INVALID_INPUT"):
        listed()
    batch = clinic.staff.call(
        "BatchGetAppointments", pb.BatchGetAppointmentsRequest(appointment_ids=[ids[2], str(patient), ids[0]])
    )
    assert [one.appointment_id for one in batch.appointments] == [ids[0], ids[2]]


def test_a_location_scope_narrows_what_is_read(clinic: Clinic) -> None:
    """Who is confined to another location reads neither the visit nor the day, but cannot book over it either."""
    start = at(clinic.day(), 10)
    booked = clinic.book(start)
    first = clinic.location_id
    clinic.location()
    confined = clinic.harness.client(clinic.tenant_id, location_ids=[clinic.location_id])
    with expect_error("NOT_FOUND"):
        confined.call("GetAppointment", pb.GetAppointmentRequest(appointment_id=booked.appointment_id))
    with expect_error("NOT_FOUND"):
        confined.call("GetDay", pb.GetDayRequest(location_id=str(first)))
    listed = confined.call("ListAppointments", pb.ListAppointmentsRequest(patient_id=booked.patient_id))
    assert not listed.appointments
    clinic.template(clinic.practitioner_ids[0])
    with expect_error("SLOT_TAKEN"):
        confined.call("BookAppointment", clinic.booking(start))


def test_the_snapshot_pages_through_every_appointment(clinic: Clinic) -> None:
    """A reader that rebuilds its copy gets the present state of each appointment, cancelled ones too."""
    booked = [clinic.book(at(clinic.day(), hour)) for hour in (9, 10, 11)]
    clinic.cancel(booked[1].appointment_id)
    from polyclinic.types.v1 import types_pb2

    token, states = "", []
    while True:
        page = clinic.staff.call(
            "Snapshot",
            types_pb2.SnapshotRequest(
                event="polyclinic.scheduling.v1.AppointmentBooked", page_size=2, page_token=token
            ),
        )
        states += [events.AppointmentBooked.FromString(one).appointment for one in page.events]
        token = page.next_page_token
        if not token:
            break
    assert [one.appointment_id for one in states] == [one.appointment_id for one in booked]
    assert states[1].status == events.APPOINTMENT_STATUS_CANCELLED
