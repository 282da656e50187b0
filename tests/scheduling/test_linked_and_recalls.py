"""Visits that belong together, and who is due for a visit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import linked_visits_pb2, recalls_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.protos import date_message, instant, to_date
from chassis.testing.harness import expect_error
from tests.scheduling.clinic import Clinic, at
from tests.scheduling.test_races import overlaps, together


@pytest.fixture
def laboratory(clinic: Clinic) -> Clinic:
    """A clinic with a doctor (the first) and a laboratory (the second, from nine to eleven; "blood" takes ten minutes)."""
    nurse = clinic.practitioner("Nurse", hours=(9, 11))
    clinic.type("blood", 10, practitioner_ids=[str(nurse)], start_every_minutes=10)
    clinic.type("doctor", 30, practitioner_ids=[str(clinic.practitioner_ids[0])])
    return clinic


def leg(clinic: Clinic, code: str, **more: Any) -> linked_visits_pb2.LinkedVisit:
    """One visit of a row."""
    return linked_visits_pb2.LinkedVisit(appointment_type_id=clinic.type_ids[code], **more)


def search(clinic: Clinic, *legs: linked_visits_pb2.LinkedVisit, **more: Any) -> list[list[pb.Slot]]:
    """Rows of free times."""
    more.setdefault("dates", {"start": date_message(clinic.day(1))})
    request = linked_visits_pb2.SearchLinkedSlotsRequest(visits=legs, **more)
    return [list(row.slots) for row in clinic.staff.call("SearchLinkedSlots", request, seconds=30).rows]


def book(clinic: Clinic, row: list[pb.Slot], patients: list[Any]) -> linked_visits_pb2.LinkedVisitsAnswer:
    """Books a row."""
    bookings = [
        pb.BookAppointmentRequest(
            patient_id=str(patient),
            appointment_type_id=slot.appointment_type_id,
            practitioner_id=slot.practitioner_id,
            location_id=slot.location_id,
            start_time=slot.start_time,
        )
        for slot, patient in zip(row, patients, strict=True)
    ]
    return clinic.staff.call("BookLinkedVisits", pb.BookAppointmentsRequest(bookings=bookings), seconds=30)


def test_the_laboratory_comes_before_the_doctor(laboratory: Clinic) -> None:
    """Rows keep the order and the gap, the soonest first; every one books, in one commit, with one link."""
    patient = laboratory.patient()
    rows = search(
        laboratory, leg(laboratory, "blood", patient_id=str(patient)), leg(laboratory, "doctor", patient_id=str(patient)),
        gap={"least_minutes": 20, "most_minutes": 60},
    )  # fmt: skip
    assert len(rows) == 5
    begins = [instant(row[0].start_time) for row in rows]
    assert begins == sorted(begins)
    assert begins[0] == at(laboratory.day(1), 9)
    for blood, doctor in rows:
        gap = instant(doctor.start_time) - instant(blood.end_time)
        assert timedelta(minutes=20) <= gap <= timedelta(minutes=60)
    answer = book(laboratory, rows[2], [patient, patient])
    assert len(answer.appointments) == 2
    assert {one.link_id for one in answer.appointments} == {answer.link_id}
    assert overlaps(laboratory) == 0


def test_siblings_follow_each_other_with_one_doctor(clinic: Clinic) -> None:
    """Three children one after the other, without a gap, with the same practitioner, around what is booked already."""
    clinic.practitioner("Larsen", hours=(9, 10))
    clinic.book(at(clinic.day(1), 9, 30))
    children = [clinic.patient(given=name) for name in ("Ann", "Ben", "Cid")]
    legs = [leg(clinic, "visit", patient_id=str(child)) for child in children]
    rows = search(clinic, *legs, same_practitioner=True, gap={"most_minutes": 5}, limit=3)
    assert {slot.practitioner_id for row in rows for slot in row} == {str(clinic.practitioner_ids[0])}
    assert [instant(slot.start_time) for slot in rows[0]] == [
        at(clinic.day(1), 10) + timedelta(minutes=30 * n) for n in range(3)
    ]
    assert len(book(clinic, rows[0], children).appointments) == 3


def test_buffers_are_kept_between_the_visits_of_a_row(clinic: Clinic) -> None:
    """Two visits with a buffer do not touch: a row that would not book is not answered."""
    clinic.type("clean", 30, buffer_after_minutes=10, start_every_minutes=5)
    rows = search(clinic, leg(clinic, "clean"), leg(clinic, "clean"), same_practitioner=True)
    first, second = rows[0]
    assert instant(second.start_time) - instant(first.end_time) == timedelta(minutes=10)
    assert len(book(clinic, rows[0], [clinic.patient(), clinic.patient()]).appointments) == 2


def test_a_row_is_booked_whole_or_not_at_all(laboratory: Clinic) -> None:
    """When a part was taken meanwhile nothing is booked: the conflict is told, and what is free instead."""
    patient = laboratory.patient()
    rows = search(laboratory, leg(laboratory, "blood"), leg(laboratory, "doctor"))
    laboratory.book(instant(rows[0][1].start_time), "doctor")
    answer = book(laboratory, rows[0], [patient, patient])
    assert not answer.appointments
    assert not answer.link_id
    assert [one.booking_index for one in answer.conflicts] == [1]
    (instead,) = answer.alternatives
    assert (instead.booking_index, len(instead.slots)) == (1, 3)
    laboratory.book(instant(rows[0][0].start_time), "blood", practitioner=1)


def test_of_many_families_at_one_row_one_gets_it(laboratory: Clinic) -> None:
    """Sixteen book the same row, in either order of its parts: one wins, nobody has half of it."""
    row = search(laboratory, leg(laboratory, "blood"), leg(laboratory, "doctor"))[0]
    patients = [laboratory.patient() for _ in range(16)]
    booked: list[int] = []

    def attempt(number: int) -> None:
        parts = row if number % 2 else row[::-1]
        booked.append(len(book(laboratory, parts, [patients[number]] * 2).appointments))

    outcome = together([lambda n=number: attempt(n) for number in range(16)])
    assert set(outcome) <= {"won", "UNAVAILABLE"}
    assert sorted(booked)[-1] == 2
    assert sum(booked) == 2
    assert overlaps(laboratory) == 0


def test_patients_search_for_themselves_only(clinic: Clinic) -> None:
    """Another patient's time is not looked at for a patient; a type that is not online-bookable does not exist."""
    clinic.type("online", online_bookable=True)
    mine = clinic.patient()
    patient = clinic.harness.client(clinic.tenant_id, patient_ids=[mine])
    for legs in ([leg(clinic, "online", patient_id=str(clinic.patient("Jones")))] * 2, [leg(clinic, "visit")] * 2):
        with expect_error("NOT_FOUND"):
            patient.call("SearchLinkedSlots", linked_visits_pb2.SearchLinkedSlotsRequest(visits=legs))
    own = [leg(clinic, "online", patient_id=str(mine))] * 2
    assert patient.call("SearchLinkedSlots", linked_visits_pb2.SearchLinkedSlotsRequest(visits=own)).rows


# ---- recalls ---------------------------------------------------------------------------------------------------------


def recall(clinic: Clinic, patient: Any, days: int, **more: Any) -> recalls_pb2.Recall:
    """A patient is due so many days from today."""
    request = recalls_pb2.CreateRecallRequest(
        patient_id=str(patient),
        appointment_type_id=clinic.type_ids["visit"],
        due_on=date_message(clinic.day(days)),
        **more,
    )
    return clinic.staff.call("CreateRecall", request)


def due(clinic: Clinic, days: int = 1, **more: Any) -> list[recalls_pb2.Recall]:
    """Who is due by so many days from today."""
    request = recalls_pb2.ListRecallsRequest(due_before=date_message(clinic.day(days)), **more)
    return list(clinic.staff.call("ListRecalls", request).recalls)


def test_the_longest_overdue_come_first_and_who_books_is_off_the_list(clinic: Clinic) -> None:
    """A booking takes its patient off by itself; cancelling it, or not coming, puts them back."""
    late, soon, later = clinic.patient(), clinic.patient(), clinic.patient()
    for patient, days in ((soon, 0), (late, -30), (later, 40)):
        recall(clinic, patient, days)
    assert [one.patient_id for one in due(clinic)] == [str(late), str(soon)]
    booked = clinic.book(at(clinic.day(3), 10), patient_id=late)
    assert [one.patient_id for one in due(clinic)] == [str(soon)]
    clinic.cancel(booked.appointment_id)
    assert [one.patient_id for one in due(clinic)] == [str(late), str(soon)]


def test_a_patient_is_on_the_list_once(clinic: Clinic) -> None:
    """A second recall for the same type moves the date."""
    patient = clinic.patient()
    first = recall(clinic, patient, 0, reason="yearly")
    second = recall(clinic, patient, 1, reason="sooner")
    assert second.recall_id == first.recall_id
    assert [(to_date(one.due_on), one.reason) for one in due(clinic)] == [(clinic.day(1), "sooner")]


def test_contacts_are_counted_and_closing_ends_it(clinic: Clinic) -> None:
    """Each contact is noted with its time; a closed recall takes no more."""
    made = recall(clinic, clinic.patient(), 0)
    for count in (1, 2):
        noted = clinic.staff.call("NoteRecallContact", recalls_pb2.NoteRecallContactRequest(recall_id=made.recall_id))
        assert noted.contacts == count
    request = recalls_pb2.CloseRecallRequest(recall_id=made.recall_id, outcome=recalls_pb2.RECALL_OUTCOME_DECLINED)
    assert clinic.staff.call("CloseRecall", request).HasField("closed_at")
    assert due(clinic) == []
    with expect_error("RECALL_CLOSED"):
        clinic.staff.call("NoteRecallContact", recalls_pb2.NoteRecallContactRequest(recall_id=made.recall_id))


def test_a_rule_makes_recalls_when_visits_end(clinic: Clinic) -> None:
    """A year after the check-out the patient is due; undoing the check-out takes it back; without months no more are made."""
    rule = recalls_pb2.RecallRule(appointment_type_id=clinic.type_ids["visit"], months=12)
    clinic.staff.call("SetRecallRule", rule)
    visit = clinic.book(at(clinic.day(1), 10))
    clinic.harness.clock.set(at(clinic.day(1), 10))
    for step in ("CheckIn", "Seen", "CheckOut"):
        clinic.step(step, visit.appointment_id)
    (made,) = due(clinic, 366)
    assert made.after_appointment_id == visit.appointment_id
    today, day = clinic.today(), to_date(made.due_on)
    assert (day.year, day.month) == (today.year + 1, today.month)
    clinic.step("UndoVisitStep", visit.appointment_id)
    assert due(clinic, 366) == []
    rule.months = 0
    clinic.staff.call("SetRecallRule", rule)
    clinic.step("CheckOut", visit.appointment_id)
    assert due(clinic, 366) == []
    assert len(clinic.harness.events(clinic.tenant_id, events.VisitCheckedOut)) == 2


def test_a_patient_sees_what_they_are_due_for(clinic: Clinic) -> None:
    """A patient's token lists the patient's own recalls."""
    mine, other = clinic.patient(), clinic.patient("Jones")
    for patient in (mine, other):
        recall(clinic, patient, 0)
    client = clinic.harness.client(clinic.tenant_id, patient_ids=[mine])
    listed = client.call("ListRecalls", recalls_pb2.ListRecallsRequest(due_before=date_message(clinic.day(1))))
    assert [one.patient_id for one in listed.recalls] == [str(mine)]
