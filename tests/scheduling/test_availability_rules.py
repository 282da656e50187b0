"""What narrows availability: cycles, reserved sessions, buffers, limits, helpers, languages, licences, rules for booking online."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from polyclinic.identity.v1 import events_pb2 as identity
from polyclinic.patient_registry.v1 import events_pb2 as registry
from polyclinic.scheduling.v1 import availability_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.errors import Error
from chassis.ids import uuid7
from chassis.protos import date_message, instant
from chassis.testing.harness import RpcClient, expect_error
from scheduling.domain import zones
from tests.scheduling.clinic import WEEK, Clinic, at, stamp

REFUSALS = {"SLOT_TAKEN", "PATIENT_BUSY", "OUTSIDE_WORKING_TIME", "RESERVED_TIME", "LIMIT_REACHED"}


def template(clinic: Clinic, windows: Iterable[pb.WeeklyWindow], practitioner: UUID | None = None, **more: Any) -> Any:
    """A template of a practitioner (a new one unless given) at the clinic's location."""
    who = practitioner or clinic.practitioner("Larsen", hours=None)
    return clinic.staff.call(
        "CreateScheduleTemplate",
        pb.CreateScheduleTemplateRequest(
            template=pb.ScheduleTemplate(
                practitioner_id=str(who), location_id=str(clinic.location_id), windows=windows, **more
            )
        ),
    )


def window(weekday: int, begins: int, ends: int, **more: Any) -> pb.WeeklyWindow:
    """A window from one full hour to another."""
    return pb.WeeklyWindow(weekday=weekday, starts_minute=begins * 60, ends_minute=ends * 60, **more)


def rule(clinic: Clinic, resource_id: UUID, **fields: Any) -> Any:
    """Sets the rule of a resource."""
    return clinic.staff.call(
        "SetResourceRule", availability_pb2.SetResourceRuleRequest(resource_id=str(resource_id), **fields)
    )


def refusal(attempt: Callable[[], Any]) -> Error:
    """What an attempt is refused with."""
    with pytest.raises(Error) as refused:
        attempt()
    return refused.value


def unmet(attempt: Callable[[], Any]) -> list[str]:
    """The rules for booking online that an attempt is told it does not meet."""
    error = refusal(attempt)
    assert error.reason == "NOT_BOOKABLE_ONLINE"
    return [violation.field for violation in error.violations]


def book_found(clinic: Clinic, slot: pb.Slot, patient_id: UUID | None = None, client: RpcClient | None = None) -> Any:
    """Books an offered slot."""
    return (client or clinic.staff).call(
        "BookAppointment",
        pb.BookAppointmentRequest(
            patient_id=str(patient_id or clinic.patient()),
            appointment_type_id=slot.appointment_type_id,
            practitioner_id=slot.practitioner_id,
            location_id=slot.location_id,
            start_time=slot.start_time,
        ),
    )


# ---- templates -------------------------------------------------------------------------------------------------------


def test_a_cycle_of_two_weeks_counts_from_the_week_it_starts_in(clinic: Clinic) -> None:
    """A practitioner who works every other Tuesday is offered on those Tuesdays alone, and cannot be booked on the others."""
    tuesday = clinic.day((1 - clinic.today().weekday()) % 7 + 7)
    larsen = clinic.practitioner("Larsen", hours=None)
    template(clinic, [window(2, 9, 10, week=1)], larsen, cycle_weeks=2, cycle_starts=date_message(tuesday))
    found = clinic.search(tuesday, tuesday + timedelta(days=28), practitioner_ids=[str(larsen)])
    days = {instant(slot.start_time).date() for slot in found}
    assert days == {tuesday + timedelta(days=7), tuesday + timedelta(days=21)}
    with expect_error("OUTSIDE_WORKING_TIME"):
        clinic.book(at(tuesday, 9), practitioner=1)
    clinic.book(at(tuesday + timedelta(days=7), 9), practitioner=1)


def test_a_cycle_needs_to_know_when_it_starts(clinic: Clinic) -> None:
    """A cycle without a start, a week beyond it, and a release without a session are refused with their places."""
    error = refusal(lambda: template(clinic, [window(2, 9, 10, week=3, release_minutes=60)], cycle_weeks=2))
    assert [violation.field for violation in error.violations] == [
        "template.cycle_starts",
        "template.windows[0].week",
        "template.windows[0].release_minutes",
    ]


def test_reserved_time_is_for_its_session_until_it_is_released(clinic: Clinic) -> None:
    """An hour kept for urgent visits is offered to them alone, until two hours before; what is not offered cannot be booked."""
    urgent = clinic.type("urgent", 30, sessions=["urgent"])
    who = clinic.practitioner_ids[0]
    template(clinic, [window(d, 11, 12, session="urgent", release_minutes=120) for d in WEEK], who)
    day = clinic.day(1)
    reserved = [at(day, 11), at(day, 11, 15), at(day, 11, 30)]
    assert not {at(day, 10, 45), *reserved, at(day, 11, 45)} & set(clinic.starts(day))
    assert set(reserved) <= set(clinic.starts(day, code="urgent"))
    with expect_error("RESERVED_TIME"):
        clinic.book(at(day, 11))
    assert clinic.book(at(day, 11), "urgent").appointment_type_id == urgent
    clinic.harness.clock.set(at(day, 9, 30))
    assert at(day, 11, 30) not in clinic.starts(day), "its second quarter of an hour is still reserved"
    clinic.harness.clock.set(at(day, 10))
    assert at(day, 11, 30) in clinic.starts(day)
    clinic.book(at(day, 11, 30))


def test_a_type_of_one_session_takes_no_other_time(clinic: Clinic) -> None:
    """Telehealth visits that take place in their own sessions only are neither offered nor booked beside them."""
    clinic.type("tele", 30, sessions=["telehealth"], session_only=True)
    day = clinic.day(1)
    assert clinic.starts(day, code="tele") == []
    template(clinic, [window(d, 13, 14, session="telehealth") for d in WEEK], clinic.practitioner_ids[0])
    assert clinic.starts(day, code="tele") == [at(day, 13), at(day, 13, 15), at(day, 13, 30)]
    with expect_error("RESERVED_TIME"):
        clinic.book(at(day, 10), "tele")


# ---- buffers -----------------------------------------------------------------------------------------------------------


def test_a_resource_keeps_its_own_buffers(clinic: Clinic) -> None:
    """A room that is cleaned for half an hour after each visit is free again afterwards, for searches and bookings."""
    room = clinic.room()
    clinic.practitioner("Larsen")
    clinic.type("exam", 30, roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam")])
    rule(clinic, room, buffer_after_minutes=30)
    day = clinic.day(1)
    clinic.book(at(day, 10), "exam")
    starts = clinic.starts(day, code="exam", practitioner_ids=[str(clinic.practitioner_ids[1])])
    assert {at(day, 9), at(day, 11)} <= set(starts)
    assert not {at(day, 9, 15), at(day, 10, 30), at(day, 10, 45)} & set(starts)
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(day, 10, 45), "exam", practitioner=1)
    clinic.book(at(day, 11), "exam", practitioner=1)


def test_a_role_has_buffers_of_its_own(clinic: Clinic) -> None:
    """A device that has to cool down is kept after the visit, its practitioner is not."""
    clinic.device()
    clinic.practitioner("Larsen")
    clinic.type(
        "scan",
        30,
        roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_EQUIPMENT, resource_class="ultrasound", buffer_after_minutes=15)],
    )
    day = clinic.day(1)
    clinic.book(at(day, 10), "scan")
    assert at(day, 10, 30) not in clinic.starts(day, code="scan")
    assert at(day, 10, 45) in clinic.starts(day, code="scan")
    assert at(day, 10, 30) in clinic.starts(day, practitioner_ids=[str(clinic.practitioner_ids[0])])


def test_a_practitioner_has_buffers_of_their_own(clinic: Clinic) -> None:
    """Who needs ten minutes to write is not offered in them, whatever the type says."""
    rule(clinic, clinic.practitioner_ids[0], buffer_after_minutes=10)
    day = clinic.day(1)
    clinic.book(at(day, 10))
    assert at(day, 10, 30) not in clinic.starts(day)
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(day, 10, 35))
    clinic.book(at(day, 10, 40))


# ---- limits ------------------------------------------------------------------------------------------------------------


def test_a_day_takes_no_more_visits_than_its_limit(clinic: Clinic) -> None:
    """After two visits of a day a practitioner is not offered on it and cannot be booked; the next day is another."""
    rule(clinic, clinic.practitioner_ids[0], limits=pb.VisitLimits(per_day=2))
    day, next_day = clinic.day(1), clinic.day(2)
    first = clinic.book(at(day, 10))
    clinic.book(at(day, 14))
    assert clinic.starts(day) == []
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(day, 16))
    tried = pb.BookAppointmentsRequest(bookings=[clinic.booking(at(day, 16))], validate_only=True)
    (conflict,) = clinic.staff.call("BookAppointments", tried).conflicts
    assert (conflict.reason, conflict.resource_class) == (pb.CONFLICT_REASON_LIMIT_REACHED, "day")
    assert len(clinic.starts(next_day)) == 31
    clinic.cancel(first.appointment_id)
    assert at(day, 16) in clinic.starts(day)
    clinic.book(at(day, 16))


def test_a_week_takes_no_more_visits_than_its_limit(clinic: Clinic) -> None:
    """A week runs from Monday to Sunday of the location's calendar."""
    rule(clinic, clinic.practitioner_ids[0], limits=pb.VisitLimits(per_week=2))
    monday = clinic.day(7 - clinic.today().weekday())
    sunday = monday + timedelta(days=6)
    clinic.book(at(monday, 9))
    clinic.book(at(sunday, 16, 30))
    assert clinic.starts(monday, sunday) == []
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(monday + timedelta(days=3), 9))
    assert clinic.starts(sunday + timedelta(days=1)) != []
    assert clinic.starts(monday - timedelta(days=1)) != []


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Australia/Sydney"])
def test_limits_are_counted_on_the_locations_calendar(scheduling: Any, zone: str) -> None:
    """Evening in Los Angeles is tomorrow in UTC, morning in Sydney yesterday: both count on the day their wall clock shows."""
    from tests.scheduling.clinic import open_clinic

    clinic = open_clinic(scheduling, zone)
    clinic.practitioner("Larsen", hours=(0, 24))
    rule(clinic, clinic.practitioner_ids[1], limits=pb.VisitLimits(per_day=1))
    day = clinic.day(2)
    clinic.book(at(day, 23, zone=zone) if "America" in zone else at(day, 1, zone=zone), practitioner=1)
    who = {"practitioner_ids": [str(clinic.practitioner_ids[1])]}
    assert clinic.starts(day, **who) == []
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(day, 12, zone=zone), practitioner=1)
    for other in (day - timedelta(days=1), day + timedelta(days=1)):
        assert len(clinic.starts(other, **who)) == len(zones.day_span(zone, other)) // 3, "every quarter of an hour"


def test_a_limit_counts_what_is_booked_already(clinic: Clinic) -> None:
    """A limit that is set later holds at once, for visits and for holds; what is beyond it stays booked."""
    day = clinic.day(1)
    clinic.book(at(day, 10))
    clinic.hold(at(day, 11))
    clinic.book(at(day, 12))
    rule(clinic, clinic.practitioner_ids[0], limits=pb.VisitLimits(per_day=3))
    assert clinic.starts(day) == []
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(day, 14))
    rule(clinic, clinic.practitioner_ids[0], limits=pb.VisitLimits(per_day=4))
    clinic.book(at(day, 14))
    rule(clinic, clinic.practitioner_ids[0], limits=pb.VisitLimits(per_day=1))
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(day, 15))
    rule(clinic, clinic.practitioner_ids[0])
    clinic.book(at(day, 15))


def test_a_limit_that_comes_back_counts_what_was_booked_without_it(clinic: Clinic) -> None:
    """Free time is kept between searches; a limit that was taken away and set again hides the days that filled up meanwhile."""
    who, day = clinic.practitioner_ids[0], clinic.day(1)
    rule(clinic, who, limits=pb.VisitLimits(per_day=2))
    assert clinic.starts(day) != []
    rule(clinic, who)
    clinic.book(at(day, 10))
    clinic.book(at(day, 11))
    assert clinic.starts(day) != []
    rule(clinic, who, limits=pb.VisitLimits(per_day=2))
    assert clinic.starts(day) == []
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(day, 12))


def test_a_location_and_a_type_have_limits(clinic: Clinic) -> None:
    """A type is limited with each practitioner, a location with all of them together."""
    clinic.practitioner("Larsen")
    clinic.type("procedure", 30, practitioner_limits=pb.VisitLimits(per_day=1))
    day = clinic.day(1)
    clinic.book(at(day, 10), "procedure")
    assert {slot.practitioner_id for slot in clinic.search(day, code="procedure")} == {str(clinic.practitioner_ids[1])}
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(day, 12), "procedure")
    clinic.book(at(day, 12))
    rule(clinic, clinic.location_id, limits=pb.VisitLimits(per_day=3))
    clinic.book(at(day, 10), "procedure", practitioner=1)
    assert clinic.starts(day) == []
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(day, 15), practitioner=1)


def test_a_types_limit_counts_what_is_booked_already(clinic: Clinic) -> None:
    """A limit that a type is given later counts its visits that are booked, of practitioners and of patients."""
    day, patient = clinic.day(1), clinic.patient()
    clinic.book(at(day, 10), patient_id=patient)
    clinic.staff.call(
        "UpdateAppointmentType",
        pb.UpdateAppointmentTypeRequest(
            appointment_type_id=clinic.type_ids["visit"],
            appointment_type=pb.AppointmentType(patient_limits=pb.VisitLimits(per_week=1)),
            update_mask={"paths": ["patient_limits"]},
        ),
    )
    assert clinic.starts(day, patient_id=str(patient)) == []
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(day, 12), patient_id=patient)
    clinic.book(at(day, 12))


def test_a_patient_has_limits(clinic: Clinic) -> None:
    """One visit of a type a day and two ahead: what a patient may not book they are not offered; another patient may."""
    clinic.type("physio", 30, patient_limits=pb.VisitLimits(per_day=1), patient_upcoming=2, online_bookable=True)
    patient = clinic.patient()
    day = clinic.day(1)
    clinic.book(at(day, 10), "physio", patient_id=patient)
    assert clinic.starts(day, code="physio", patient_id=str(patient)) == []
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(day, 12), "physio", patient_id=patient)
    second = clinic.book(at(clinic.day(2), 10), "physio", patient_id=patient)
    assert clinic.starts(clinic.day(3), code="physio", patient_id=str(patient)) == []
    with expect_error("LIMIT_REACHED"):
        clinic.book(at(clinic.day(3), 10), "physio", patient_id=patient)
    with expect_error("LIMIT_REACHED"):
        clinic.hold(at(clinic.day(3), 10), "physio", patient_id=str(patient))
    moved = pb.MoveAppointmentRequest(appointment_id=second.appointment_id, start_time=stamp(at(clinic.day(3), 10)))
    clinic.staff.call("MoveAppointment", moved)
    assert clinic.starts(day, code="physio", patient_id=str(clinic.patient())) != []


# ---- people ------------------------------------------------------------------------------------------------------------


def test_new_patients_may_take_longer(clinic: Clinic) -> None:
    """Who was not seen within three years takes a new patient's time, of the type or of the practitioner; others do not."""
    larsen = clinic.practitioner("Larsen")
    clinic.type(
        "consult",
        20,
        new_patient_minutes=40,
        practitioner_durations=[
            pb.PractitionerDuration(practitioner_id=str(larsen), duration_minutes=30, new_patient_minutes=60)
        ],
    )
    patient, now = clinic.patient(), clinic.now.replace(second=0, microsecond=0)
    day = clinic.day(1)

    def minutes(**wanted: Any) -> dict[str, int]:
        found = clinic.search(day, code="consult", limit=500, **wanted)
        return {slot.practitioner_id: int((slot.end_time.seconds - slot.start_time.seconds) / 60) for slot in found}

    ada, other = str(clinic.practitioner_ids[0]), str(larsen)
    assert minutes() == {ada: 20, other: 30}
    assert minutes(patient_id=str(patient)) == {ada: 40, other: 60}
    new = clinic.book(at(day, 10), "consult", patient_id=patient)
    assert new.end_time.seconds - new.start_time.seconds == 40 * 60
    visit = clinic.book(now - timedelta(minutes=now.minute % 5), patient_id=patient)
    for step in ("CheckIn", "Seen"):
        clinic.step(step, visit.appointment_id)
    clinic.harness.advance(minutes=5)
    assert minutes(patient_id=str(patient)) == {ada: 20, other: 30}


def test_a_second_practitioner_takes_part(clinic: Clinic) -> None:
    """A visit with an anaesthetist is offered where one works and is free, and takes their time; nobody fills their own role."""
    clinic.practitioner("Larsen", hours=(10, 12), specialties=["Anaesthesia"])
    clinic.type(
        "surgery", 60, roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_PRACTITIONER, resource_class="anaesthesia")]
    )
    day = clinic.day(1)
    surgeon, helper = map(str, clinic.practitioner_ids)
    assert {slot.practitioner_id for slot in clinic.search(day, code="surgery")} == {surgeon}
    assert clinic.starts(day, code="surgery") == [at(day, 10) + timedelta(minutes=15 * n) for n in range(5)]
    booked = clinic.book(at(day, 10), "surgery")
    assert list(booked.helper_ids) == [helper]
    assert clinic.starts(day, code="surgery") == [at(day, 11)]
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(day, 10), practitioner=1)
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(day, 14), "surgery")
    moved = clinic.staff.call(
        "MoveAppointment",
        pb.MoveAppointmentRequest(appointment_id=booked.appointment_id, start_time=stamp(at(day, 11))),
    )
    assert list(moved.helper_ids) == [helper]
    clinic.book(at(day, 10), practitioner=1)


def test_a_helpers_leave_names_the_visits_they_take_part_in(clinic: Clinic) -> None:
    """Somebody who takes part in another's visit and goes on leave leaves that visit outside, as if it were their own."""
    helper = clinic.practitioner("Larsen", specialties=["nurse"])
    clinic.type("pair", 30, roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_PRACTITIONER, resource_class="nurse")])
    day = clinic.day(1)
    visit = clinic.book(at(day, 10), "pair")
    clinic.book(at(day, 11))
    leave = pb.ScheduleException(
        kind=pb.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE,
        practitioner_id=str(helper),
        dates=types_pb2.DateRange(start=date_message(day), end=date_message(day)),
    )
    change = clinic.staff.call(
        "CreateScheduleException", pb.CreateScheduleExceptionRequest(exception=leave, validate_only=True)
    )
    assert list(change.affected_appointment_ids) == [visit.appointment_id]


def test_an_interpreter_is_needed_where_the_practitioner_does_not_speak_the_language(clinic: Clinic) -> None:
    """A patient who speaks Spanish sees who speaks it at any time, and the others while the interpreter is free."""
    larsen = clinic.practitioner("Larsen", languages=["es-MX"])
    clinic.practitioner("Ruiz", hours=(9, 10), specialties=["interpreter"], languages=["es"])
    clinic.type("talk", 30, roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_INTERPRETER, resource_class="patient")])
    day, spanish = clinic.day(1), clinic.patient(language="es")
    ada = str(clinic.practitioner_ids[0])

    def starts(who: str, patient: UUID) -> list[datetime]:
        return clinic.starts(day, code="talk", practitioner_ids=[who], patient_id=str(patient))

    assert len(starts(str(larsen), spanish)) == 31
    assert starts(ada, spanish) == [at(day, 9), at(day, 9, 15), at(day, 9, 30)]
    assert len(starts(ada, clinic.patient())) == 31
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(day, 12), "talk", patient_id=spanish)
    assert len(clinic.book(at(day, 9), "talk", patient_id=spanish).helper_ids) == 1
    assert list(clinic.book(at(day, 12), "talk", patient_id=clinic.patient()).helper_ids) == []


def test_nobody_is_in_two_roles_at_once(clinic: Clinic) -> None:
    """Two roles that only one person could fill are neither offered nor booked."""
    clinic.practitioner("Larsen", specialties=["Nurse", "Anaesthesia"])
    clinic.type(
        "surgery",
        30,
        roles=[
            pb.ResourceRole(kind=pb.RESOURCE_KIND_PRACTITIONER, resource_class=name)
            for name in ("nurse", "anaesthesia")
        ],
    )
    day = clinic.day(1)
    assert clinic.starts(day, code="surgery") == []
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(day, 10), "surgery")
    clinic.practitioner("Moreau", hours=(10, 11), specialties=["nurse"])
    assert clinic.starts(day, code="surgery") == [at(day, 10), at(day, 10, 15), at(day, 10, 30)]
    assert len(clinic.book(at(day, 10), "surgery").helper_ids) == 2


def test_a_language_is_asked_of_the_practitioner(clinic: Clinic) -> None:
    """A type that wants Portuguese is offered with those who speak it."""
    larsen = clinic.practitioner("Larsen", languages=["pt"])
    clinic.type("talk", 30, roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_LANGUAGE, resource_class="pt-BR")])
    day = clinic.day(1)
    assert {slot.practitioner_id for slot in clinic.search(day, code="talk")} == {str(larsen)}
    with expect_error("LANGUAGE_NOT_SPOKEN"):
        clinic.book(at(day, 10), "talk")
    clinic.book(at(day, 10), "talk", practitioner=1)


def test_video_needs_a_licence_of_the_patients_state(clinic: Clinic) -> None:
    """By video a practitioner is offered while they hold a licence of the state the patient lives in; in person it is not asked."""
    day = clinic.day(3)
    licences = [
        identity.Licence(state="NY", number="1"),
        identity.Licence(state="NJ", number="2", valid_to=date_message(day)),
    ]
    clinic.practitioner("Larsen", licences=licences)
    clinic.type("video", 30, modality=types_pb2.MODALITY_VIDEO)
    york, jersey, texas = (clinic.patient(state=state) for state in ("NY", "NJ", "TX"))
    larsen = str(clinic.practitioner_ids[1])

    def offered(patient: UUID, on: date) -> set[str]:
        return {slot.practitioner_id for slot in clinic.search(on, code="video", patient_id=str(patient))}

    after = day + timedelta(days=1)
    assert offered(york, day) == offered(york, after) == offered(jersey, day) == {larsen}
    assert offered(jersey, after) == offered(texas, day) == set()
    with expect_error("NOT_LICENSED"):
        clinic.book(at(after, 10), "video", practitioner=1, patient_id=jersey)
    with expect_error("NOT_LICENSED"):
        clinic.book(at(day, 10), "video", patient_id=york)
    hold = clinic.hold(at(after, 10), "video", practitioner=1)
    with expect_error("NOT_LICENSED"):
        clinic.staff.call("BookAppointment", pb.BookAppointmentRequest(patient_id=str(texas), hold_id=hold.hold_id))
    clinic.book(at(day, 10), "video", practitioner=1, patient_id=jersey)
    clinic.book(at(after, 11), patient_id=texas)


def test_a_freed_time_is_offered_to_those_who_may_have_it(clinic: Clinic) -> None:
    """The waitlist asks nobody whom the rules would refuse: not the patient of another state, nor one at the limit; who accepts gets it."""
    clinic.practitioner("Larsen", licences=[identity.Licence(state="NY", number="1")])
    clinic.type("video", 30, modality=types_pb2.MODALITY_VIDEO, patient_limits=pb.VisitLimits(per_day=1))
    texan, busy, fits = clinic.patient(state="TX"), clinic.patient(state="NY"), clinic.patient(state="NY")
    day = clinic.day(2)
    clinic.book(at(day, 15), "video", practitioner=1, patient_id=busy)
    for patient in (texan, busy, fits):
        wish = pb.JoinWaitlistRequest(
            patient_id=str(patient),
            appointment_type_id=clinic.type_ids["video"],
            dates=types_pb2.DateRange(end=date_message(clinic.day(9))),
        )
        clinic.staff.call("JoinWaitlist", wish)
    given_up = clinic.book(at(day, 10), "video", practitioner=1, patient_id=clinic.patient(state="NY"))
    clinic.cancel(given_up.appointment_id)
    clinic.harness.run_due()
    offers = clinic.staff.call("ListOffers", pb.ListOffersRequest()).offers
    assert [one.patient_id for one in offers] == [str(fits)]
    accepted = clinic.staff.call("AcceptOffer", pb.AcceptOfferRequest(waitlist_offer_id=offers[0].waitlist_offer_id))
    assert accepted.patient_id == str(fits)


# ---- booking online ----------------------------------------------------------------------------------------------------


def online(clinic: Clinic, **rules: Any) -> None:
    """A type that patients may book by themselves under these rules."""
    clinic.type("online", 30, online_bookable=True, online_rules=pb.OnlineRules(**rules))


def of_patient(clinic: Clinic, patient: UUID) -> RpcClient:
    """The patient's own client."""
    return clinic.harness.client(clinic.tenant_id, [], patient_ids=[patient])


def own_search(clinic: Clinic, patient: UUID, first: date, last: date | None = None) -> list[pb.Slot]:
    """What the patient finds by themselves."""
    request = pb.SearchSlotsRequest(
        appointment_type_ids=[clinic.type_ids["online"]],
        patient_id=str(patient),
        dates=types_pb2.DateRange(start=date_message(first), end=date_message(last or first)),
    )
    return list(of_patient(clinic, patient).call("SearchSlots", request).slots)


def own_booking(clinic: Clinic, patient: UUID, start: datetime) -> Any:
    """The patient books by themselves."""
    return of_patient(clinic, patient).call(
        "BookAppointment", pb.BookAppointmentRequest(patient_id=str(patient), **clinic.wanted(start, "online"))
    )


def test_who_books_online_is_of_age_on_the_day_of_the_visit(clinic: Clinic) -> None:
    """Somebody who turns eighteen in three days is offered visits from that day on, and can book no earlier one; staff can."""
    online(clinic, min_age=18, max_age=64)
    birthday = clinic.day(3)
    young = clinic.patient(birth_date=date_message(birthday.replace(year=birthday.year - 18)))
    days = {instant(slot.start_time).date() for slot in own_search(clinic, young, clinic.day(1), clinic.day(4))}
    assert days == {birthday, clinic.day(4)}
    assert unmet(lambda: own_booking(clinic, young, at(clinic.day(2), 10))) == ["age"]
    own_booking(clinic, young, at(birthday, 10))
    clinic.book(at(clinic.day(2), 10), "online", patient_id=young)
    old = clinic.patient(birth_date=date_message(date(1940, 1, 1)))
    assert own_search(clinic, old, clinic.day(1), clinic.day(4)) == []


def test_rules_for_booking_online_are_told_all_at_once(clinic: Clinic) -> None:
    """Standing, payer, referral and questionnaire are asked of a patient, who is told every rule that is not met, until they are."""
    online(
        clinic,
        patients=pb.PATIENT_KIND_NEW,
        payer_codes=["MEDB1", "AETNA"],
        clearances=[
            pb.ClearanceNeed(kind=pb.CLEARANCE_KIND_REFERRAL, code="cardiology"),
            pb.ClearanceNeed(kind=pb.CLEARANCE_KIND_QUESTIONNAIRE, code="intake"),
        ],
    )
    patient, day = clinic.patient(), clinic.day(1)
    for attempt in (lambda: own_search(clinic, patient, day), lambda: own_booking(clinic, patient, at(day, 10))):
        assert unmet(attempt) == ["payer", "referral:cardiology", "questionnaire:intake"]
    clinic.harness.deliver(
        clinic.tenant_id,
        registry.CoverageChanged(
            coverage_id=str(uuid7()), patient_id=str(patient), payer_code="AETNA", active=True, version=1
        ),
    )
    granted = [
        clinic.staff.call(
            "GrantClearance", availability_pb2.GrantClearanceRequest(patient_id=str(patient), kind=kind, code=code)
        )
        for kind, code in ((pb.CLEARANCE_KIND_REFERRAL, "cardiology"), (pb.CLEARANCE_KIND_QUESTIONNAIRE, "intake"))
    ]
    found = own_search(clinic, patient, day)
    own_booking(clinic, patient, instant(found[0].start_time))
    clinic.staff.call("RevokeClearance", availability_pb2.RevokeClearanceRequest(clearance_id=granted[0].clearance_id))
    assert unmet(lambda: own_booking(clinic, patient, at(day, 14))) == ["referral:cardiology"]
    listed = of_patient(clinic, patient).call(
        "ListClearances", availability_pb2.ListClearancesRequest(patient_id=str(patient))
    )
    assert [one.code for one in listed.clearances] == ["intake"]


def test_established_patients_only(clinic: Clinic) -> None:
    """A type for established patients is not for somebody who was never seen."""
    online(clinic, patients=pb.PATIENT_KIND_ESTABLISHED)
    with expect_error("NOT_BOOKABLE_ONLINE"):
        own_search(clinic, clinic.patient(), clinic.day(1))


# ---- what all of it is for ---------------------------------------------------------------------------------------------


def test_every_offered_slot_books_under_all_rules_at_once(clinic: Clinic) -> None:
    """Cycles, reserves, buffers, limits, a helper and a busy patient together: each slot that is offered books, until none is, and on
    the day in question nothing that was not offered can be booked."""
    room, helper = clinic.room(), clinic.practitioner("Ruiz", hours=(9, 17), specialties=["nurse"])
    who = clinic.practitioner_ids[0]
    template(clinic, [window(d, 13, 15, session="urgent", release_minutes=60) for d in WEEK], who)
    rule(clinic, who, limits=pb.VisitLimits(per_day=5), buffer_after_minutes=5)
    rule(clinic, room, buffer_before_minutes=10)
    rule(clinic, helper, buffer_after_minutes=15)
    clinic.type(
        "all",
        25,
        start_every_minutes=5,
        new_patient_minutes=45,
        practitioner_ids=[str(who)],
        patient_limits=pb.VisitLimits(per_day=9),
        roles=[
            pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam"),
            pb.ResourceRole(kind=pb.RESOURCE_KIND_PRACTITIONER, resource_class="nurse"),
        ],
    )
    day, patient = clinic.day(1), clinic.patient()
    clinic.book(at(day, 11), patient_id=patient, practitioner=1)
    booked = 0
    while found := clinic.search(day, code="all", limit=3, patient_id=str(patient)):
        book_found(clinic, found[-1], patient)
        booked += 1
    assert booked >= 3
    for minute in range(8 * 60, 18 * 60, 5):
        start = at(day, minute // 60, minute % 60)
        assert refusal(lambda: clinic.book(start, "all", patient_id=patient)).reason in REFUSALS  # noqa: B023
