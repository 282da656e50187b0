"""What scheduling hears: copies, mergers, patients' answers; and its upkeep."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from polyclinic.identity.v1 import events_pb2 as identity
from polyclinic.notifications.v1 import events_pb2 as notifications
from polyclinic.patient_registry.v1 import events_pb2 as registry
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chassis.errors import InvalidInput, Unavailable, Unprocessable
from chassis.ids import uuid7
from chassis.testing.harness import expect_error
from scheduling.domain.cells import CELLS_PER_WEEK, cell_containing
from tests.scheduling.clinic import Clinic, at, stamp


def got(clinic: Clinic, appointment_id: str) -> pb.Appointment:
    """The appointment as it is."""
    return clinic.staff.call("GetAppointment", pb.GetAppointmentRequest(appointment_id=appointment_id))


def changed(clinic: Clinic, patient_id: object, version: int, **facts: object) -> None:
    """The registry tells a change of a patient."""
    state = {"name": types_pb2.HumanName(family="Smith", given="Jane"), "active": True} | facts
    clinic.harness.deliver(
        clinic.tenant_id,
        registry.PatientChanged(patient=registry.PatientState(patient_id=str(patient_id), version=version, **state)),
    )


def reply(clinic: Clinic, visit: pb.Appointment, intent: int, patient_id: str = "") -> None:
    """A patient answers a reminder."""
    clinic.harness.deliver(
        clinic.tenant_id,
        notifications.AppointmentReplyReceived(
            reply_id=str(uuid7()),
            appointment_id=visit.appointment_id,
            patient_id=patient_id or visit.patient_id,
            intent=intent,
        ),
    )


def test_a_patients_new_name_shows_and_an_older_one_does_not(clinic: Clinic) -> None:
    """Lists show the name as the registry last told it; a late, older message changes nothing."""
    visit = clinic.book(at(clinic.day(1), 10))
    changed(clinic, visit.patient_id, 3)
    changed(clinic, visit.patient_id, 2, name=types_pb2.HumanName(family="Old", given="Name"))
    assert got(clinic, visit.appointment_id).patient_name == "Smith, Jane"


def test_a_merger_moves_the_visits_to_the_record_that_stays(clinic: Clinic) -> None:
    """Visits, their time and waitlist entries are the survivor's, who cannot then be booked twice at that time."""
    merged, survivor = clinic.patient(), clinic.patient("Smith", "Jane")
    clinic.practitioner("Larsen")
    visit = clinic.book(at(clinic.day(1), 10), patient_id=merged)
    entry = clinic.staff.call(
        "JoinWaitlist",
        pb.JoinWaitlistRequest(
            patient_id=str(merged),
            appointment_type_id=clinic.type_ids["visit"],
            dates={"end": {"year": 2099, "month": 1, "day": 1}},
        ),
    )
    changed(clinic, merged, 2, merged_into=str(survivor), active=False)
    assert got(clinic, visit.appointment_id).patient_name == "Smith, Jane"
    last = clinic.harness.events(clinic.tenant_id, events.AppointmentBooked)[-1]
    assert (last.appointment.patient_id, last.appointment.version) == (str(survivor), visit.version + 1)
    with expect_error("PATIENT_BUSY"):
        clinic.book(at(clinic.day(1), 10), practitioner=1, patient_id=survivor)
    found = clinic.staff.call("GetWaitlistEntry", pb.GetWaitlistEntryRequest(waitlist_entry_id=entry.waitlist_entry_id))
    assert found.patient_id == str(survivor)
    reply(clinic, visit, notifications.REPLY_INTENT_CONFIRM, str(merged))
    assert got(clinic, visit.appointment_id).status == events.APPOINTMENT_STATUS_CONFIRMED


def test_a_merger_of_two_who_are_booked_at_once_keeps_both_visits(clinic: Clinic) -> None:
    """Two visits at the same time become one person's: neither is lost, the desk sees both."""
    merged, survivor = clinic.patient(), clinic.patient("Smith", "Jane")
    clinic.practitioner("Larsen")
    first = clinic.book(at(clinic.day(1), 10), patient_id=merged)
    second = clinic.book(at(clinic.day(1), 10), practitioner=1, patient_id=survivor)
    changed(clinic, merged, 2, merged_into=str(survivor), active=False)
    listed = clinic.staff.call("ListAppointments", pb.ListAppointmentsRequest(patient_id=str(survivor)))
    assert {one.appointment_id for one in listed.appointments} == {first.appointment_id, second.appointment_id}
    assert clinic.cells(first.appointment_id)


def test_answers_confirm_cancel_and_ask_for_another_time(clinic: Clinic) -> None:
    """C confirms, X cancels and frees the time, R lists the visit until it is moved; each answer has its effect once."""
    start = at(clinic.day(1), 10)
    yes, no, other = (clinic.book(start + timedelta(hours=n)) for n in range(3))
    for _ in range(2):
        reply(clinic, yes, notifications.REPLY_INTENT_CONFIRM)
        reply(clinic, no, notifications.REPLY_INTENT_CANCEL)
        reply(clinic, other, notifications.REPLY_INTENT_RESCHEDULE)
    assert got(clinic, yes.appointment_id).status == events.APPOINTMENT_STATUS_CONFIRMED
    cancelled = got(clinic, no.appointment_id)
    assert cancelled.status == events.APPOINTMENT_STATUS_CANCELLED
    assert cancelled.cancellation_reason == pb.CANCELLATION_REASON_PATIENT
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentConfirmed)) == 1
    clinic.book(start + timedelta(hours=1))
    asked = pb.ListRescheduleRequestsRequest(location_id=str(clinic.location_id))
    (request,) = clinic.staff.call("ListRescheduleRequests", asked).requests
    assert request.appointment.appointment_id == other.appointment_id
    clinic.staff.call(
        "MoveAppointment",
        pb.MoveAppointmentRequest(appointment_id=other.appointment_id, start_time=stamp(start + timedelta(hours=4))),
    )
    assert not clinic.staff.call("ListRescheduleRequests", asked).requests
    everything = pb.ListRescheduleRequestsRequest(include_closed=True)
    assert len(clinic.staff.call("ListRescheduleRequests", everything).requests) == 1


def test_an_answer_to_what_is_over_changes_nothing(clinic: Clinic) -> None:
    """A late answer, an answer of somebody else and one to an unknown visit are accepted and have no effect."""
    visit = clinic.book(at(clinic.day(1), 10))
    reply(clinic, visit, notifications.REPLY_INTENT_CANCEL, str(uuid7()))
    assert got(clinic, visit.appointment_id).version == visit.version
    cancelled = clinic.cancel(visit.appointment_id)
    reply(clinic, visit, notifications.REPLY_INTENT_CONFIRM)
    reply(
        clinic, pb.Appointment(appointment_id=str(uuid7()), patient_id=str(uuid7())), notifications.REPLY_INTENT_CANCEL
    )
    assert got(clinic, visit.appointment_id).version == cancelled.version


def test_a_request_can_be_closed_by_hand(clinic: Clinic) -> None:
    """What was settled on the phone is closed, once."""
    visit = clinic.book(at(clinic.day(1), 10))
    reply(clinic, visit, notifications.REPLY_INTENT_RESCHEDULE)
    (request,) = clinic.staff.call("ListRescheduleRequests", pb.ListRescheduleRequestsRequest()).requests
    close = pb.CloseRescheduleRequestRequest(reschedule_request_id=request.reschedule_request_id)
    closed = clinic.staff.call("CloseRescheduleRequest", close)
    clinic.harness.advance(minutes=1)
    assert clinic.staff.call("CloseRescheduleRequest", close).closed_at == closed.closed_at


def test_a_location_of_an_unknown_zone_is_a_dead_letter(clinic: Clinic) -> None:
    """What can never be understood is not retried for ever."""
    with pytest.raises(Unprocessable):
        clinic.location("Mars/Olympus_Mons")


def test_a_moved_zone_moves_the_working_hours(clinic: Clinic) -> None:
    """When identity corrects a location's zone, nine o'clock is that zone's."""
    clinic.location("America/Denver", version=2)
    day = clinic.day(1)
    assert clinic.starts(day)[0] == at(day, 9, zone="America/Denver")


# ---- upkeep ----------------------------------------------------------------------------------------------------------


def partitions(clinic: Clinic) -> set[int]:
    """The weeks that have a partition."""
    with clinic.harness.session(clinic.tenant_id) as session:
        names = session.scalars(
            text(
                "select relname from pg_class where relispartition and relkind = 'r' and relname like 'booking_cell_%'"
            )
        )
        return {int(name.rsplit("_", 1)[1]) for name in names}


def test_upkeep_makes_partitions_ahead_drops_old_ones_and_goes_on(clinic: Clinic) -> None:
    """A new tenant starts it; half a year is made ahead, weeks long past are dropped, and it asks for the next day."""
    clinic.harness.deliver(
        clinic.tenant_id, identity.TenantChanged(tenant_id=str(clinic.tenant_id), active=True, version=1)
    )
    clinic.harness.run_due()
    week = cell_containing(clinic.now) // CELLS_PER_WEEK
    with clinic.harness.session(clinic.tenant_id) as session:
        session.execute(text("select ensure_cell_partitions(:f, :e)"), {"f": (week - 9) * 2016, "e": (week - 8) * 2016})
    assert week - 9 in partitions(clinic)
    clinic.harness.run_due(clinic.now + timedelta(days=1))
    weeks = partitions(clinic)
    assert set(range(week, week + 26)) <= weeks
    assert week - 9 not in weeks
    assert [item.due_at for item in clinic.harness.due(clinic.tenant_id, "upkeep")] == [clinic.now + timedelta(days=1)]


def test_two_tenants_may_drop_the_same_weeks_at_once(clinic: Clinic) -> None:
    """Whoever comes second finds them gone, or that it would have to wait (and is tried again); neither is an error."""
    week = cell_containing(clinic.now) // CELLS_PER_WEEK

    def drop() -> None:
        with suppress(Unavailable), clinic.harness.session(clinic.tenant_id) as session:
            session.execute(text("select drop_cell_partitions(:b)"), {"b": (week - 8) * 2016})

    with clinic.harness.session(clinic.tenant_id) as session:
        session.execute(text("select ensure_cell_partitions(:f, :e)"), {"f": (week - 9) * 2016, "e": (week - 8) * 2016})
    with ThreadPoolExecutor(1) as pool:
        with clinic.harness.session(clinic.tenant_id) as first:
            first.execute(text("select drop_cell_partitions(:b)"), {"b": (week - 8) * 2016})
            second = pool.submit(drop)
            waiting = text("select count(*) from pg_locks where not granted")
            with clinic.harness.session(clinic.tenant_id) as looking:
                while not second.done() and not looking.scalar(waiting):
                    continue
        second.result()
    assert week - 9 not in partitions(clinic)


def test_a_booking_beyond_the_partitions_makes_its_own(clinic: Clinic) -> None:
    """Nobody is refused because upkeep has not run."""
    clinic.type("far", horizon_days=400)
    clinic.book(at(clinic.day(398), 10), "far")
    assert cell_containing(at(clinic.day(398), 10)) // CELLS_PER_WEEK in partitions(clinic)


def test_a_cache_older_than_the_purge_begins_anew(clinic: Clinic) -> None:
    """When the notes of changes have been purged since a cache read last, it reads everything again."""
    clinic.harness.deliver(
        clinic.tenant_id, identity.TenantChanged(tenant_id=str(clinic.tenant_id), active=True, version=1)
    )
    clinic.harness.run_due()
    free = len(clinic.starts(clinic.day(5)))
    clinic.book(at(clinic.day(5), 10))
    for _ in range(3):
        clinic.harness.run_due(clinic.now + timedelta(days=1))
    with clinic.harness.session(clinic.tenant_id) as session:
        assert session.scalar(text("select count(*) from availability_change")) == 0
    assert len(clinic.starts(clinic.day(2))) == free - 3


def test_the_app_role_reaches_partitions_through_the_functions_only(clinic: Clinic) -> None:
    """It can neither create tables nor read a partition past its parent's policies, and odd ranges are refused."""
    clinic.book(at(clinic.day(1), 10))
    week = cell_containing(at(clinic.day(1), 10)) // CELLS_PER_WEEK
    for statement in (f"select * from booking_cell_{week}", "create table mine (id int)"):
        with pytest.raises(ProgrammingError), clinic.harness.session(clinic.tenant_id) as session:
            session.execute(text(statement))
    with pytest.raises(InvalidInput) as refused, clinic.harness.session(clinic.tenant_id) as session:
        session.execute(text("select ensure_cell_partitions(0, 2000000000)"))
    assert "no range to make partitions for" in refused.value.internal
