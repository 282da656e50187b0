"""The waitlist: freed times go round in timed rounds; the first to accept has the visit."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.errors import Error
from chassis.protos import date_message, instant
from chassis.testing.harness import expect_error
from tests.scheduling.clinic import Clinic, at


def join(clinic: Clinic, patient_id: UUID | None = None, **wish: object) -> pb.WaitlistEntry:
    """Somebody (new unless given) waits for a visit within the next thirty days."""
    wish = {
        "appointment_type_id": clinic.type_ids["visit"],
        "dates": types_pb2.DateRange(start=date_message(clinic.day(0)), end=date_message(clinic.day(30))),
    } | wish
    return clinic.staff.call(
        "JoinWaitlist", pb.JoinWaitlistRequest(patient_id=str(patient_id or clinic.patient()), **wish)
    )


def offers(clinic: Clinic, **more: object) -> list[pb.WaitlistOffer]:
    """Open offers, oldest first."""
    answer = clinic.staff.call("ListOffers", pb.ListOffersRequest(page_size=500, **more))
    return list(reversed(answer.offers))


def accept(clinic: Clinic, offer: pb.WaitlistOffer) -> pb.Appointment:
    """Accepts an offer."""
    return clinic.staff.call("AcceptOffer", pb.AcceptOfferRequest(waitlist_offer_id=offer.waitlist_offer_id))


def status_of(clinic: Clinic, entry: pb.WaitlistEntry) -> int:
    """Where an entry stands."""
    found = clinic.staff.call("GetWaitlistEntry", pb.GetWaitlistEntryRequest(waitlist_entry_id=entry.waitlist_entry_id))
    return int(found.status)


@pytest.fixture
def freed(clinic: Clinic) -> Clinic:
    """A clinic whose ten o'clock of tomorrow is booked (`clinic.patient_ids[0]`), to be given up."""
    clinic.book(at(clinic.day(1), 10))
    return clinic


def give_up(clinic: Clinic) -> None:
    """Cancels tomorrow's ten o'clock and does the work that is due."""
    listed = clinic.staff.call("ListAppointments", pb.ListAppointmentsRequest(patient_id=str(clinic.patient_ids[0])))
    clinic.cancel(listed.appointments[0].appointment_id)
    clinic.harness.run_due()


def test_a_freed_time_is_held_and_offered_to_the_best_three(freed: Clinic) -> None:
    """The most urgent and longest waiting are asked, the time is held meanwhile, and each is told by an event."""
    entries = [join(freed, priority=priority) for priority in (0, 5, 0, 9)]
    give_up(freed)
    start = at(freed.day(1), 10)
    found = offers(freed)
    assert [one.waitlist_entry_id for one in found] == [entries[n].waitlist_entry_id for n in (3, 1, 0)]
    assert {instant(one.slot.start_time) for one in found} == {start}
    assert {instant(one.expires_at) for one in found} == {freed.now + timedelta(minutes=30)}
    with expect_error("SLOT_TAKEN"):
        freed.book(start)
    assert start not in freed.starts(freed.day(1))
    told = freed.harness.events(freed.tenant_id, events.WaitlistOffered)
    assert [one.waitlist_offer_id for one in told] == [one.waitlist_offer_id for one in found]
    assert told[0].appointment_type_code == "visit"
    assert status_of(freed, entries[0]) == pb.WAITLIST_STATUS_OFFERED
    assert status_of(freed, entries[2]) == pb.WAITLIST_STATUS_WAITING


def test_the_first_to_accept_has_it_and_the_rest_are_told(freed: Clinic) -> None:
    """An accepted offer is a booked visit; the others' offers close and they wait on."""
    first, second = join(freed), join(freed)
    give_up(freed)
    mine, other = offers(freed)
    booked = accept(freed, mine)
    assert booked.patient_id == first.patient_id
    assert instant(booked.start_time) == at(freed.day(1), 10)
    assert accept(freed, mine).appointment_id == booked.appointment_id
    with expect_error("OFFER_CLOSED"):
        accept(freed, other)
    freed.harness.run_due()
    outcomes = {
        one.waitlist_entry_id: one.outcome for one in freed.harness.events(freed.tenant_id, events.WaitlistOfferSettled)
    }
    assert outcomes == {
        first.waitlist_entry_id: events.WAITLIST_OFFER_OUTCOME_ACCEPTED,
        second.waitlist_entry_id: events.WAITLIST_OFFER_OUTCOME_EXPIRED,
    }
    assert status_of(freed, first) == pb.WAITLIST_STATUS_BOOKED
    assert status_of(freed, second) == pb.WAITLIST_STATUS_WAITING
    assert (
        freed.harness.events(freed.tenant_id, events.AppointmentBooked)[-1].appointment.patient_id == first.patient_id
    )
    assert offers(freed) == []


def test_a_round_that_runs_out_goes_on_to_the_next(freed: Clinic) -> None:
    """After half an hour of business time the offers expire, and the next three are asked; nobody is asked twice."""
    entries = [join(freed) for _ in range(5)]
    give_up(freed)
    freed.harness.run_due(freed.now + timedelta(minutes=30))
    found = offers(freed)
    assert [one.waitlist_entry_id for one in found] == [one.waitlist_entry_id for one in entries[3:]]
    assert {one.round for one in found} == {2}
    freed.harness.run_due(freed.now + timedelta(minutes=30))
    assert offers(freed) == []
    assert len(offers(freed, include_settled=True)) == 5
    assert {status_of(freed, entry) for entry in entries} == {pb.WAITLIST_STATUS_WAITING}
    freed.book(at(freed.day(1), 10))


def test_when_everybody_declines_the_next_are_asked_at_once(freed: Clinic) -> None:
    """A round in which nobody is left to answer ends before its time."""
    for _ in range(4):
        join(freed)
    give_up(freed)
    for offer in offers(freed):
        declined = freed.staff.call("DeclineOffer", pb.DeclineOfferRequest(waitlist_offer_id=offer.waitlist_offer_id))
        assert declined.outcome == events.WAITLIST_OFFER_OUTCOME_DECLINED
    freed.harness.run_due()
    (last,) = offers(freed)
    assert last.round == 2
    with expect_error("OFFER_CLOSED"):
        accept(freed, offers(freed, include_settled=True)[0])


def test_only_who_would_take_the_time_is_asked(freed: Clinic) -> None:
    """Wishes for other days, hours, practitioners, places or types, and patients who are busy then, are passed over."""
    day = freed.day(1)
    busy = freed.patient()
    freed.practitioner("Larsen")
    freed.book(at(day, 10, 15), practitioner=1, patient_id=busy)
    freed.type("video", modality=types_pb2.MODALITY_VIDEO)
    join(freed, busy)
    join(freed, weekdays=[freed.day(2).isoweekday()])
    join(freed, earliest_minute=11 * 60)
    join(freed, practitioner_ids=[str(freed.practitioner_ids[1])])
    join(freed, location_ids=[str(freed.tenant_id)])
    join(freed, dates=types_pb2.DateRange(start=date_message(freed.day(2)), end=date_message(freed.day(9))))
    join(freed, freed.patient_ids[0])
    wanted = join(freed, earliest_minute=600, latest_minute=600, weekdays=[day.isoweekday()])
    give_up(freed)
    assert [one.waitlist_entry_id for one in offers(freed)] == [wanted.waitlist_entry_id]


def test_a_longer_visit_is_offered_where_it_fits(freed: Clinic) -> None:
    """A freed half hour beside free time can take a visit of an hour; between two visits it cannot."""
    freed.type("long", 60)
    entry = join(freed, appointment_type_id=freed.type_ids["long"])
    give_up(freed)
    (offer,) = offers(freed)
    assert offer.waitlist_entry_id == entry.waitlist_entry_id
    assert instant(offer.slot.end_time) - instant(offer.slot.start_time) == timedelta(hours=1)
    start = at(freed.day(2), 10)
    for minutes in (-60, -30, 0, 30, 60):
        booked = freed.book(start + timedelta(minutes=minutes))
        if not minutes:
            middle = booked
    join(freed, appointment_type_id=freed.type_ids["long"])
    freed.cancel(middle.appointment_id)
    freed.harness.run_due()
    assert {instant(one.slot.start_time).date() for one in offers(freed)} == {freed.day(1)}


def test_accepting_moves_the_visit_that_is_given_up(freed: Clinic) -> None:
    """Who waits for an earlier time than the visit they have gets that visit moved, and its old time goes round in turn."""
    patient = freed.patient()
    later = freed.book(at(freed.day(5), 14), patient_id=patient)
    join(freed, patient, appointment_id=later.appointment_id)
    next_one = join(freed)
    give_up(freed)
    mine = next(one for one in offers(freed) if one.patient_id == str(patient))
    moved = accept(freed, mine)
    assert moved.appointment_id == later.appointment_id
    assert instant(moved.start_time) == at(freed.day(1), 10)
    assert moved.reschedule_count == 1
    freed.harness.run_due()
    (offer,) = offers(freed)
    assert (offer.waitlist_entry_id, instant(offer.slot.start_time)) == (
        next_one.waitlist_entry_id,
        at(freed.day(5), 14),
    )


def test_a_time_that_is_too_near_is_left_to_the_desk(clinic: Clinic) -> None:
    """Nobody is asked who could not answer in time."""
    clinic.template(clinic.practitioner_ids[0], (0, 24))
    start = clinic.now.replace(second=0, microsecond=0)
    start += timedelta(minutes=10 - start.minute % 5)
    visit = clinic.book(start)
    join(clinic)
    clinic.harness.clock.set(start - timedelta(minutes=5))
    clinic.cancel(visit.appointment_id)
    clinic.harness.run_due()
    assert offers(clinic) == []


def test_leaving_declines_and_lapsing_ends(freed: Clinic) -> None:
    """Who leaves gives the offer to others; a wish whose last day is over lapses."""
    entry = join(freed)
    short = join(freed, dates=types_pb2.DateRange(end=date_message(freed.day(2))), earliest_minute=1200)
    give_up(freed)
    left = freed.staff.call("LeaveWaitlist", pb.LeaveWaitlistRequest(waitlist_entry_id=entry.waitlist_entry_id))
    assert left.status == pb.WAITLIST_STATUS_LEFT
    freed.harness.run_due()
    assert offers(freed) == []
    freed.book(at(freed.day(1), 10))
    freed.harness.run_due(freed.now + timedelta(days=4))
    assert status_of(freed, short) == pb.WAITLIST_STATUS_LAPSED
    listed = freed.staff.call("ListWaitlist", pb.ListWaitlistRequest())
    assert not listed.entries


def test_a_patient_waits_and_answers_for_themselves(freed: Clinic) -> None:
    """A patient joins for online-bookable types without priority, sees only their own entries and offers, and accepts."""
    freed.type("online", online_bookable=True)
    mine, other = freed.patient(), freed.patient("Jones")
    patient = freed.harness.client(freed.tenant_id, patient_ids=[mine])
    theirs = join(freed, other, appointment_type_id=freed.type_ids["online"])
    wish = {
        "appointment_type_id": freed.type_ids["online"],
        "dates": types_pb2.DateRange(end=date_message(freed.day(9))),
        "priority": 9,
    }
    with expect_error("NOT_FOUND"):
        patient.call("JoinWaitlist", pb.JoinWaitlistRequest(patient_id=str(other), **wish))
    own = patient.call("JoinWaitlist", pb.JoinWaitlistRequest(patient_id=str(mine), **wish))
    assert own.priority == 0
    give_up(freed)
    listed = patient.call("ListOffers", pb.ListOffersRequest())
    assert [one.patient_id for one in listed.offers] == [str(mine)]
    entries = patient.call("ListWaitlist", pb.ListWaitlistRequest())
    assert [one.waitlist_entry_id for one in entries.entries] == [own.waitlist_entry_id]
    with expect_error("NOT_FOUND"):
        patient.call("GetWaitlistEntry", pb.GetWaitlistEntryRequest(waitlist_entry_id=theirs.waitlist_entry_id))
    booked = patient.call("AcceptOffer", pb.AcceptOfferRequest(waitlist_offer_id=listed.offers[0].waitlist_offer_id))
    assert booked.patient_id == str(mine)


def test_of_three_who_accept_at_once_one_has_the_visit(freed: Clinic) -> None:
    """The hold decides between acceptances at the same moment."""
    for _ in range(3):
        join(freed)
    give_up(freed)
    found = offers(freed)
    barrier = threading.Barrier(3)

    def one(offer: pb.WaitlistOffer) -> str:
        barrier.wait()
        try:
            accept(freed, offer)
        except Error as error:
            return error.reason
        return "won"

    with ThreadPoolExecutor(3) as pool:
        outcome = sorted(pool.map(one, found))
    assert outcome == ["OFFER_CLOSED", "OFFER_CLOSED", "won"]
    freed.harness.run_due()
    assert len(freed.harness.events(freed.tenant_id, events.AppointmentBooked)) == 2
    assert freed.harness.dead_letters(freed.tenant_id) == []
