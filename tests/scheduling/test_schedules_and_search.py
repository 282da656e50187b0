"""Working time and the search of free slots."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.protos import date_message, instant
from chassis.testing.harness import Harness, expect_error
from tests.scheduling.clinic import Clinic, at, open_clinic, stamp


def days(first: date, last: date | None = None) -> types_pb2.DateRange:
    """A range of days."""
    return types_pb2.DateRange(start=date_message(first), end=date_message(last or first))


def except_(clinic: Clinic, kind: int, first: date, last: date | None = None, *, check: bool = False, **more: object):
    """An exception of the clinic's location unless told otherwise."""
    if "practitioner_id" not in more and "location_id" not in more:
        more["location_id"] = str(clinic.location_id)
    return clinic.staff.call(
        "CreateScheduleException",
        pb.CreateScheduleExceptionRequest(
            exception=pb.ScheduleException(kind=kind, dates=days(first, last), **more), validate_only=check
        ),
    )


# ---- search ----------------------------------------------------------------------------------------------------------


def test_free_slots_are_the_gaps_of_the_day(clinic: Clinic) -> None:
    """A day of eight hours offers every quarter hour at which half an hour fits; a booking takes those it overlaps."""
    day = clinic.day(1)
    every = [at(day, 9) + timedelta(minutes=15 * n) for n in range(31)]
    assert clinic.starts(day) == every
    clinic.book(at(day, 10))
    gone = {at(day, 9, 45), at(day, 10), at(day, 10, 15)}
    assert clinic.starts(day) == [start for start in every if start not in gone]


def test_what_is_offered_follows_holds_moves_and_cancellations(clinic: Clinic) -> None:
    """Each search sees what was committed before it, although free time is kept in the process between searches."""
    day = clinic.day(1)
    hour = at(day, 10)
    free = len(clinic.starts(day))

    def taken() -> set[datetime]:
        return {hour - timedelta(minutes=15), hour, hour + timedelta(minutes=15)}

    hold = clinic.hold(hour)
    assert not taken() & set(clinic.starts(day))
    clinic.staff.call("ReleaseHold", pb.ReleaseHoldRequest(hold_id=hold.hold_id))
    assert len(clinic.starts(day)) == free
    visit = clinic.book(hour)
    assert len(clinic.starts(day)) == free - 3
    clinic.staff.call(
        "MoveAppointment",
        pb.MoveAppointmentRequest(appointment_id=visit.appointment_id, start_time=stamp(at(clinic.day(2), 10))),
    )
    assert len(clinic.starts(day)) == free
    assert len(clinic.starts(clinic.day(2))) == free - 3
    clinic.cancel(visit.appointment_id)
    assert len(clinic.starts(clinic.day(2))) == free


def test_every_offered_slot_books(clinic: Clinic) -> None:
    """With rooms, buffers, a busy patient and a second practitioner: each slot that is offered in turn can be booked."""
    clinic.practitioner("Larsen", hours=(8, 12))
    clinic.room()
    clinic.device()
    clinic.type(
        "scan",
        25,
        buffer_before_minutes=5,
        buffer_after_minutes=10,
        start_every_minutes=5,
        roles=[
            pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam"),
            pb.ResourceRole(kind=pb.RESOURCE_KIND_EQUIPMENT, resource_class="ultrasound"),
        ],
    )
    day = clinic.day(1)
    patient = clinic.patient()
    clinic.book(at(day, 13), patient_id=patient)
    booked = 0
    while True:
        found = clinic.search(day, code="scan", limit=1, patient_id=str(patient))
        if not found:
            break
        request = pb.BookAppointmentRequest(
            patient_id=str(patient),
            appointment_type_id=found[0].appointment_type_id,
            practitioner_id=found[0].practitioner_id,
            location_id=found[0].location_id,
            start_time=found[0].start_time,
        )
        clinic.staff.call("BookAppointment", request)
        booked += 1
    assert booked == 12, "one room, forty minutes each, from eight to five, less the hour at one"


def test_slots_come_soonest_first_and_are_limited(clinic: Clinic) -> None:
    """The soonest slots of all practitioners; at most so many of one of them when asked."""
    clinic.practitioner("Larsen", hours=(8, 9))
    day = clinic.day(1)
    found = clinic.search(day, limit=4)
    assert [instant(one.start_time) for one in found] == sorted(instant(one.start_time) for one in found)
    assert found[0].practitioner_name.startswith("Larsen")
    assert instant(found[3].start_time) == at(day, 9)
    few = clinic.search(day, limit=50, limit_per_practitioner=2)
    assert sorted(one.practitioner_id for one in few) == sorted(
        str(p) for p in clinic.practitioner_ids for _ in range(2)
    )


def test_a_search_is_narrowed_by_people_and_wishes(clinic: Clinic) -> None:
    """Practitioner, specialty, language, sex, weekday and time of day each narrow the search."""
    larsen = clinic.practitioner("Larsen", specialties=["Cardiology"], languages=["es"], sex=types_pb2.SEX_FEMALE)
    first, last = clinic.day(1), clinic.day(7)

    def people(**wanted: object) -> set[str]:
        return {one.practitioner_id for one in clinic.search(first, last, limit=500, **wanted)}

    assert people() == set(map(str, clinic.practitioner_ids))
    for wanted in (
        {"practitioner_ids": [str(larsen)]},
        {"specialty": "cardiology"},
        {"language": "ES"},
        {"practitioner_sex": types_pb2.SEX_FEMALE},
    ):
        assert people(**wanted) == {str(larsen)}
    assert people(specialty="Dermatology") == set()
    assert people(modality=types_pb2.MODALITY_VIDEO) == set()
    assert people(location_ids=[str(clinic.tenant_id)]) == set()
    weekday = clinic.day(3).isoweekday()
    for start in clinic.starts(first, last, weekdays=[weekday], earliest_minute=600, latest_minute=660):
        assert at(clinic.day(3), 10) <= start <= at(clinic.day(3), 11)


def test_any_of_several_types_is_searched_at_once(clinic: Clinic) -> None:
    """Slots of several types come in one answer, each with its own length and modality."""
    clinic.type("video", 15, modality=types_pb2.MODALITY_VIDEO)
    request = pb.SearchSlotsRequest(
        appointment_type_ids=[clinic.type_ids["visit"], clinic.type_ids["video"]], dates=days(clinic.day(1)), limit=2
    )
    found = clinic.staff.call("SearchSlots", request).slots
    lengths = {one.appointment_type_id: instant(one.end_time) - instant(one.start_time) for one in found}
    assert lengths == {
        clinic.type_ids["visit"]: timedelta(minutes=30),
        clinic.type_ids["video"]: timedelta(minutes=15),
    }


def test_practitioners_take_their_own_time_and_only_their_types(clinic: Clinic) -> None:
    """A longer duration of one practitioner and a list of who offers the type show in what is found and in what is booked."""
    slow = clinic.practitioner("Larsen")
    clinic.type(
        "special",
        30,
        practitioner_ids=[str(slow)],
        practitioner_durations=[pb.PractitionerDuration(practitioner_id=str(slow), duration_minutes=45)],
    )
    found = clinic.search(clinic.day(1), code="special", limit=500)
    assert {one.practitioner_id for one in found} == {str(slow)}
    assert instant(found[0].end_time) - instant(found[0].start_time) == timedelta(minutes=45)
    with expect_error("INVALID_INPUT", field="practitioner_id"):
        clinic.book(at(clinic.day(1), 9), "special", practitioner=0)
    booked = clinic.book(at(clinic.day(1), 9), "special", practitioner=1)
    assert instant(booked.end_time) == at(clinic.day(1), 9, 45)


def test_notice_and_horizon_narrow_the_search_as_they_bind_the_booking(clinic: Clinic) -> None:
    """The first slot lies after the notice, the last before the end of the horizon's last local day."""
    clinic.type("planned", minimum_notice_minutes=36 * 60, horizon_days=5)
    starts = clinic.starts(clinic.today(), clinic.day(10), "planned")
    assert starts[0] >= clinic.now + timedelta(hours=36)
    assert starts[-1] == at(clinic.day(5), 16, 30)
    clinic.book(starts[0], "planned")
    clinic.book(starts[-1], "planned")


def test_a_search_that_makes_no_sense_is_refused(clinic: Clinic) -> None:
    """Days or minutes that end before they begin, or too many days, are named."""
    with expect_error("INVALID_INPUT", field="dates.end"):
        clinic.search(clinic.day(3), clinic.day(2))
    with expect_error("INVALID_INPUT", field="dates.end"):
        clinic.search(clinic.day(0), clinic.day(130))
    with expect_error("INVALID_INPUT", field="latest_minute"):
        clinic.search(clinic.day(1), earliest_minute=600, latest_minute=540)
    assert clinic.starts(clinic.day(-20), clinic.day(-10)) == []


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", "2026-11-01", 25),
        ("America/New_York", "2027-03-14", 23),
        ("Europe/London", "2026-10-25", 25),
        ("Australia/Sydney", "2026-10-04", 23),
        ("America/Phoenix", "2026-11-01", 24),
    ],
)
def test_a_day_of_changing_clocks_offers_what_it_has(scheduling: Harness, zone: str, day: str, hours: int) -> None:
    """Around the clock there are as many quarter hours as the local day really has, and the last of them books."""
    clinic = open_clinic(scheduling, zone)
    clinic.type("short", 15, horizon_days=400)
    clinic.template(clinic.practitioner_ids[0], (0, 24))
    wanted = date.fromisoformat(day)
    starts = clinic.starts(wanted, code="short")
    assert len(starts) == hours * 4
    assert starts[0] == at(wanted, 0, 0, zone)
    assert starts[-1] - starts[0] == timedelta(hours=hours) - timedelta(minutes=15)
    clinic.book(starts[-1], "short")
    assert len(clinic.starts(wanted, code="short")) == hours * 4 - 1


# ---- working time ----------------------------------------------------------------------------------------------------


def test_templates_hold_from_their_first_to_their_last_day(clinic: Clinic) -> None:
    """Outside of its effective dates a template gives no working time."""
    larsen = clinic.practitioner("Larsen", hours=None)
    clinic.template(larsen, (9, 10), effective=days(clinic.day(3), clinic.day(4)))
    starts = clinic.starts(clinic.day(1), clinic.day(8), practitioner_ids=[str(larsen)])
    assert {start.date() for start in starts} == {clinic.day(3), clinic.day(4)}


def test_opening_hours_limit_templates_and_extra_hours_extend_them(clinic: Clinic) -> None:
    """Nobody is booked in a closed building; extra hours of the location open it, a template is still needed."""
    clinic.location(hours=tuple((d, 600, 720) for d in range(1, 8)), version=2)
    day = clinic.day(1)
    assert clinic.starts(day) == [at(day, 10) + timedelta(minutes=15 * n) for n in range(7)]
    with expect_error("OUTSIDE_WORKING_TIME"):
        clinic.book(at(day, 9))
    except_(clinic, pb.SCHEDULE_EXCEPTION_KIND_OPEN_EXTRA, day, starts_minute=540, ends_minute=600)
    assert clinic.starts(day)[0] == at(day, 9)
    clinic.book(at(day, 9))


def test_a_practitioner_works_extra_hours_at_a_location(clinic: Clinic) -> None:
    """An extra opening of a practitioner needs no template."""
    day = clinic.day(1)
    who = clinic.practitioner("Larsen", hours=None)
    except_(
        clinic,
        pb.SCHEDULE_EXCEPTION_KIND_OPEN_EXTRA,
        day,
        starts_minute=1200,
        ends_minute=1260,
        practitioner_id=str(who),
        location_id=str(clinic.location_id),
    )
    assert clinic.starts(day, practitioner_ids=[str(who)]) == [at(day, 20), at(day, 20, 15), at(day, 20, 30)]


def test_an_absence_closes_every_location_of_the_practitioner(clinic: Clinic) -> None:
    """Out of office without a location holds everywhere; taking it back opens the days again."""
    made = except_(
        clinic,
        pb.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE,
        clinic.day(1),
        clinic.day(2),
        practitioner_id=str(clinic.practitioner_ids[0]),
        reason="conference",
    )
    assert {start.date() for start in clinic.starts(clinic.day(1), clinic.day(3))} == {clinic.day(3)}
    with expect_error("OUTSIDE_WORKING_TIME"):
        clinic.book(at(clinic.day(1), 10))
    listed = clinic.staff.call(
        "ListScheduleExceptions",
        pb.ListScheduleExceptionsRequest(
            practitioner_id=str(clinic.practitioner_ids[0]), dates=days(clinic.day(2), clinic.day(9))
        ),
    )
    assert [one.reason for one in listed.exceptions] == ["conference"]
    clinic.staff.call(
        "DeleteScheduleException",
        pb.DeleteScheduleExceptionRequest(schedule_exception_id=made.exception.schedule_exception_id),
    )
    clinic.book(at(clinic.day(1), 10))


def test_an_edit_says_which_visits_it_leaves_outside(clinic: Clinic) -> None:
    """A closure names the visits of its time, first as a question that changes nothing; they stay booked."""
    day = clinic.day(2)
    morning, afternoon = clinic.book(at(day, 9)), clinic.book(at(day, 14))
    closed = {"starts_minute": 720, "ends_minute": 1440}
    asked = except_(clinic, pb.SCHEDULE_EXCEPTION_KIND_CLOSED, day, check=True, **closed)
    assert list(asked.affected_appointment_ids) == [afternoon.appointment_id]
    clinic.cancel(clinic.book(at(day, 15)).appointment_id)
    answer = except_(clinic, pb.SCHEDULE_EXCEPTION_KIND_CLOSED, day, **closed)
    assert list(answer.affected_appointment_ids) == [afternoon.appointment_id]
    with expect_error("OUTSIDE_WORKING_TIME"):
        clinic.book(at(day, 15))
    for visit in (morning, afternoon):
        kept = clinic.staff.call("GetAppointment", pb.GetAppointmentRequest(appointment_id=visit.appointment_id))
        assert kept.status == visit.status


def test_a_template_is_changed_by_mask_and_version(clinic: Clinic) -> None:
    """New windows replace the old ones; a question changes nothing; a stale version and a fixed field are refused."""
    who = clinic.practitioner("Larsen", hours=None)
    made = clinic.template(who, (9, 12))
    visit = clinic.book(at(clinic.day(1), 9), practitioner=1)
    afternoon = pb.ScheduleTemplate(
        windows=[pb.WeeklyWindow(weekday=d, starts_minute=780, ends_minute=840) for d in range(1, 8)]
    )

    def update(**more: object) -> pb.ScheduleTemplateChange:
        return clinic.staff.call(
            "UpdateScheduleTemplate",
            pb.UpdateScheduleTemplateRequest(
                schedule_template_id=made.schedule_template_id,
                template=afternoon,
                **({"update_mask": {"paths": ["windows"]}} | more),
            ),
        )

    asked = update(validate_only=True)
    assert list(asked.affected_appointment_ids) == [visit.appointment_id]
    stored = clinic.staff.call(
        "GetScheduleTemplate", pb.GetScheduleTemplateRequest(schedule_template_id=made.schedule_template_id)
    )
    assert stored == made
    changed = update(version=made.version)
    assert list(changed.affected_appointment_ids) == [visit.appointment_id]
    assert clinic.starts(clinic.day(2), practitioner_ids=[str(who)])[0] == at(clinic.day(2), 13)
    with expect_error("STALE_VERSION"):
        update(version=made.version)
    with expect_error("INVALID_INPUT", field="update_mask"):
        update(update_mask={"paths": ["location_id"]})
    clinic.staff.call(
        "DeleteScheduleTemplate", pb.DeleteScheduleTemplateRequest(schedule_template_id=made.schedule_template_id)
    )
    assert clinic.starts(clinic.day(2), practitioner_ids=[str(who)]) == []
    listed = clinic.staff.call("ListScheduleTemplates", pb.ListScheduleTemplatesRequest(practitioner_id=str(who)))
    assert not listed.templates


def test_bad_rules_are_refused_with_every_field(clinic: Clinic) -> None:
    """Windows off the grid or backwards, exceptions without an owner: each is named."""
    template = pb.ScheduleTemplate(
        practitioner_id=str(clinic.practitioner_ids[0]),
        location_id=str(clinic.location_id),
        windows=[
            pb.WeeklyWindow(weekday=1, starts_minute=541, ends_minute=600),
            pb.WeeklyWindow(weekday=1, starts_minute=700, ends_minute=600),
        ],
    )
    for field in ("template.windows[0]", "template.windows[1]"):
        with expect_error("INVALID_INPUT", field=field):
            clinic.staff.call("CreateScheduleTemplate", pb.CreateScheduleTemplateRequest(template=template))
    with expect_error("INVALID_INPUT", field="exception.location_id"):
        except_(clinic, pb.SCHEDULE_EXCEPTION_KIND_CLOSED, clinic.day(1), location_id="")
    with expect_error("INVALID_INPUT", field="exception.practitioner_id"):
        except_(clinic, pb.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE, clinic.day(1))
    with expect_error("INVALID_INPUT", field="exception.dates.end"):
        except_(clinic, pb.SCHEDULE_EXCEPTION_KIND_CLOSED, clinic.day(2), clinic.day(1))


# ---- appointment types -----------------------------------------------------------------------------------------------


def test_a_type_is_changed_by_mask_and_its_code_is_unique(clinic: Clinic) -> None:
    """The mask names what changes; a used code and a stale version are refused; a new length shows in the next search."""
    other = clinic.type("other")
    type_id = clinic.type_ids["visit"]

    def update(version: int = 0, **fields: object) -> pb.AppointmentType:
        return clinic.staff.call(
            "UpdateAppointmentType",
            pb.UpdateAppointmentTypeRequest(
                appointment_type_id=type_id,
                appointment_type=pb.AppointmentType(**fields),
                update_mask={"paths": list(fields)},
                version=version,
            ),
        )

    changed = update(duration_minutes=45, start_every_minutes=60)
    assert (changed.duration_minutes, changed.code, changed.version) == (45, "visit", 2)
    assert clinic.starts(clinic.day(1)) == [at(clinic.day(1), hour) for hour in range(9, 17)]
    with expect_error("STALE_VERSION"):
        update(version=1, name="Old")
    with expect_error("CODE_IN_USE"):
        update(code="other")
    with expect_error("INVALID_INPUT", field="appointment_type.duration_minutes"):
        update(duration_minutes=7)
    with expect_error("CODE_IN_USE"):
        clinic.type("other")
    update(active=False)
    with expect_error("NOT_FOUND"):
        clinic.book(at(clinic.day(1), 9))
    listed = clinic.staff.call("ListAppointmentTypes", pb.ListAppointmentTypesRequest())
    assert [one.appointment_type_id for one in listed.appointment_types] == [other]
    everything = clinic.staff.call("ListAppointmentTypes", pb.ListAppointmentTypesRequest(include_inactive=True))
    assert len(everything.appointment_types) == 2


def test_a_type_without_code_or_name_names_both(clinic: Clinic) -> None:
    """Every defect of a new type is said at once."""
    for field in ("appointment_type.code", "appointment_type.name", "appointment_type.duration_minutes"):
        with expect_error("INVALID_INPUT", field=field):
            clinic.staff.call(
                "CreateAppointmentType", pb.CreateAppointmentTypeRequest(appointment_type=pb.AppointmentType())
            )


def test_rules_told_by_identity_reach_the_next_search(clinic: Clinic) -> None:
    """A practitioner or a room that is no longer active is neither offered nor booked."""
    from polyclinic.identity.v1 import events_pb2 as identity

    clinic.room()
    clinic.type("exam", roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam")])
    day = clinic.day(1)
    assert clinic.starts(day, code="exam")
    clinic.harness.deliver(
        clinic.tenant_id,
        identity.RoomChanged(
            room_id=str(clinic.room_ids[0]),
            location_id=str(clinic.location_id),
            room_class="exam",
            capacity=1,
            active=False,
            version=2,
        ),
    )
    assert clinic.starts(day, code="exam") == []
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(day, 9), "exam")
    assert clinic.starts(day)
    clinic.harness.deliver(
        clinic.tenant_id,
        identity.PractitionerChanged(practitioner_id=str(clinic.practitioner_ids[0]), active=False, version=2),
    )
    assert clinic.starts(day) == []
    with expect_error("NOT_FOUND"):
        clinic.book(at(day, 9))


def test_the_cache_sees_what_another_process_commits_late(clinic: Clinic) -> None:
    """A booking that began before a search and commits after it is seen by the next search: no change is lost to the order of commits."""
    from scheduling.domain.appointment_types import ResourceKind
    from scheduling.domain.cells import Span, cell_at
    from scheduling.domain.claims import Demand, Resource
    from scheduling.store import Store
    from scheduling.stores.cells import Claim

    day = clinic.day(1)
    free = clinic.starts(day)
    first = cell_at(at(day, 10))
    demand = Demand(Resource(clinic.practitioner_ids[0], ResourceKind.PRACTITIONER), Span(first, first + 6))
    with clinic.harness.session(clinic.tenant_id) as late:
        Store(late).take([Claim(UUID(int=1), (demand,), {})])
        clinic.book(at(day, 14))
        assert len(clinic.starts(day)) == len(free) - 3
    assert len(clinic.starts(day)) == len(free) - 6
