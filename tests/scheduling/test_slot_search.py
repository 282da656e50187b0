"""Searches beyond the soonest: near by, with the usual practitioner, least cut to pieces, shared out fairly, and instead."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from polyclinic.identity.v1 import events_pb2 as identity
from polyclinic.scheduling.v1 import availability_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.errors import Conflict
from chassis.ids import uuid7
from chassis.protos import date_message, instant
from chassis.testing.harness import expect_error
from scheduling.cache import AvailabilityCache
from scheduling.usecases import slots as slot_searches
from tests.scheduling.clinic import Clinic, at

MANHATTAN = pb.Near(latitude=40.7831, longitude=-73.9712)


def location(clinic: Clinic, name: str, place: tuple[float, float] | None = None) -> UUID:
    """One more location, whose place may be known."""
    location_id = uuid7()
    where = {"latitude": place[0], "longitude": place[1]} if place else {}
    told = identity.LocationChanged(
        location_id=str(location_id), name=name, time_zone=clinic.zone, active=True, version=1, **where
    )
    clinic.harness.deliver(clinic.tenant_id, told)
    return location_id


def answer(clinic: Clinic, **wanted: Any) -> pb.SearchSlotsResponse:
    """The whole answer to a search for the clinic's visit on the next day unless told otherwise."""
    day = date_message(clinic.day(1))
    fields = {
        "appointment_type_ids": [clinic.type_ids["visit"]],
        "dates": types_pb2.DateRange(start=day, end=day),
    } | wanted
    return clinic.staff.call("SearchSlots", pb.SearchSlotsRequest(**fields))


def pool(clinic: Clinic, weights: dict[UUID, int], name: str = "Anybody") -> str:
    """A pool of these practitioners."""
    made = clinic.staff.call(
        "CreatePractitionerPool",
        availability_pb2.CreatePractitionerPoolRequest(
            pool=availability_pb2.PractitionerPool(
                name=name,
                members=[
                    availability_pb2.PoolMember(practitioner_id=str(member), weight=weight)
                    for member, weight in weights.items()
                ],
            )
        ),
    )
    return str(made.practitioner_pool_id)


def test_near_locations_come_first_and_far_ones_not_at_all(clinic: Clinic) -> None:
    """Of slots at the same time the nearer location's is first, with its distance; beyond the distance asked for nothing is offered."""
    brooklyn = location(clinic, "Brooklyn", (40.6782, -73.9442))
    boston = location(clinic, "Boston", (42.3601, -71.0589))
    unknown = location(clinic, "Somewhere")
    for name, where in (("Larsen", boston), ("Moreau", brooklyn), ("Ruiz", unknown)):
        clinic.practitioner(name, location_id=where)
    everywhere = [str(brooklyn), str(boston), str(unknown)]
    near = answer(clinic, location_ids=everywhere, near=MANHATTAN, limit=3).slots
    assert [slot.location_id for slot in near][:2] == [str(brooklyn), str(boston)] or near[0].location_id == str(
        unknown
    )
    around = answer(
        clinic, location_ids=everywhere, near=pb.Near(latitude=40.7831, longitude=-73.9712, kilometres=50)
    ).slots
    assert {slot.location_id for slot in around} == {str(brooklyn)}
    assert around[0].kilometres == pytest.approx(11.9, abs=0.2)


def test_the_usual_practitioner_comes_first(clinic: Clinic) -> None:
    """Whom a patient saw most is offered first, even when others are free sooner; then the others."""
    usual = clinic.practitioner("Larsen", hours=(13, 15))
    patient, now = clinic.patient(), clinic.now.replace(second=0, microsecond=0)
    for who, times in ((0, 1), (1, 2)):
        for _ in range(times):
            clinic.template(clinic.practitioner_ids[who], (0, 24))
            visit = clinic.book(now - timedelta(minutes=now.minute % 5), practitioner=who, patient_id=patient)
            for step in ("CheckIn", "Seen", "CheckOut"):
                clinic.step(step, visit.appointment_id)
            clinic.harness.advance(hours=1)
            now += timedelta(hours=1)
    found = answer(
        clinic,
        patient_id=str(patient),
        order=pb.SLOT_ORDER_CONTINUITY,
        limit=200,
        earliest_minute=9 * 60,
        latest_minute=14 * 60,
    ).slots
    firsts = [slot.practitioner_id for slot in found]
    own = firsts.count(str(usual))
    assert firsts[: own + 1] == [str(usual)] * own + [str(clinic.practitioner_ids[0])]
    assert [slot.usual_practitioner for slot in found] == [True] * own + [False] * (len(found) - own)
    with expect_error("INVALID_INPUT"):
        answer(clinic, order=pb.SLOT_ORDER_CONTINUITY)


def test_the_least_fragmenting_slots_come_first(clinic: Clinic) -> None:
    """Starts that leave no gap too short for another visit are preferred to sooner ones that do."""
    clinic.type("long", 60, start_every_minutes=30)
    day = clinic.day(1)
    clinic.book(at(day, 11))
    found = answer(
        clinic,
        appointment_type_ids=[clinic.type_ids["long"]],
        order=pb.SLOT_ORDER_LEAST_FRAGMENTATION,
        latest_minute=13 * 60,
    ).slots
    order = [(instant(slot.start_time), slot.wasted_minutes) for slot in found]
    assert order[:4] == [
        (at(day, 9), 0),
        (at(day, 10), 0),
        (at(day, 11, 30), 0),
        (at(day, 12, 30), 0),
    ]
    assert {(at(day, 9, 30), 60), (at(day, 12), 30)} <= set(order)


def test_a_pool_offers_each_start_once_and_shares_visits_out_by_weight(clinic: Clinic) -> None:
    """Each start is offered once, with whoever has been given the least for their weight; booking what is offered shares it out."""
    larsen, moreau = clinic.practitioner("Larsen"), clinic.practitioner("Moreau")
    ada = clinic.practitioner_ids[0]
    pool_id = pool(clinic, {ada: 1, larsen: 1, moreau: 2})
    given: Counter[str] = Counter()
    for number in range(8):
        found = answer(clinic, practitioner_pool_id=pool_id, limit=500).slots
        starts = [slot.start_time.seconds for slot in found]
        assert len(starts) == len(set(starts))
        slot = found[4 * number]
        clinic.staff.call(
            "BookAppointment",
            pb.BookAppointmentRequest(
                patient_id=str(clinic.patient()),
                appointment_type_id=slot.appointment_type_id,
                practitioner_id=slot.practitioner_id,
                location_id=slot.location_id,
                start_time=slot.start_time,
            ),
        )
        given[slot.practitioner_id] += 1
    assert given == {str(ada): 2, str(larsen): 2, str(moreau): 4}
    listed = clinic.staff.call("ListPractitionerPools", availability_pb2.ListPractitionerPoolsRequest()).pools
    assert {member.practitioner_id: member.minutes for member in listed[0].members} == {
        str(ada): 60,
        str(larsen): 60,
        str(moreau): 120,
    }


def test_one_members_visit_does_not_block_the_pool(clinic: Clinic) -> None:
    """A time at which one member is booked is still offered with another, and gone when all are."""
    larsen = clinic.practitioner("Larsen")
    pool_id = pool(clinic, {clinic.practitioner_ids[0]: 1, larsen: 1})
    day = clinic.day(1)
    for left in (1, 0):
        clinic.book(at(day, 10), practitioner=1 - left)
        offered = {slot.start_time.seconds for slot in answer(clinic, practitioner_pool_id=pool_id, limit=500).slots}
        assert (int(at(day, 10).timestamp()) in offered) is bool(left)


def test_pools_are_kept_in_order(clinic: Clinic) -> None:
    """A name is given once, members are practitioners and named once, and an unknown pool is no pool."""
    ada = clinic.practitioner_ids[0]
    pool_id = pool(clinic, {ada: 1})
    with expect_error("NAME_IN_USE"):
        pool(clinic, {ada: 2})
    with expect_error("NOT_FOUND"):
        pool(clinic, {uuid7(): 1}, "Nobody")
    clinic.staff.call(
        "DeletePractitionerPool", availability_pb2.DeletePractitionerPoolRequest(practitioner_pool_id=pool_id)
    )
    with expect_error("NOT_FOUND"):
        answer(clinic, practitioner_pool_id=pool_id)


def test_when_nothing_fits_it_is_said_what_would(clinic: Clinic) -> None:
    """Each wish that alone is in the way is named with the soonest slots without it, and each of those slots books."""
    larsen = clinic.practitioner("Larsen", specialties=["Cardiology"], hours=(13, 17))
    day = clinic.day(1)
    wanted: dict[str, Any] = {"specialty": "cardiology", "latest_minute": 10 * 60, "earliest_minute": 9 * 60}
    nothing = answer(clinic, **wanted)
    assert not nothing.slots
    instead = {one.given_up: list(one.slots) for one in nothing.alternatives}
    assert set(instead) == {pb.WISH_TIME_OF_DAY, pb.WISH_PRACTITIONER, pb.WISH_ALL}
    assert {slot.practitioner_id for slot in instead[pb.WISH_TIME_OF_DAY]} == {str(larsen)}
    assert instant(instead[pb.WISH_TIME_OF_DAY][0].start_time) == at(day, 13)
    assert len(instead[pb.WISH_PRACTITIONER]) == 5
    for slots in instead.values():
        practitioner = clinic.practitioner_ids.index(UUID(slots[-1].practitioner_id))
        clinic.cancel(clinic.book(instant(slots[-1].start_time), practitioner=practitioner).appointment_id)
    assert not answer(clinic).alternatives


def test_no_alternative_is_offered_that_does_not_help(clinic: Clinic) -> None:
    """A wish for a day off is answered with other dates only: giving up anything else changes nothing."""
    clinic.staff.call(
        "CreateScheduleException",
        pb.CreateScheduleExceptionRequest(
            exception=pb.ScheduleException(
                kind=pb.SCHEDULE_EXCEPTION_KIND_CLOSED,
                location_id=str(clinic.location_id),
                dates=types_pb2.DateRange(start=date_message(clinic.day(1)), end=date_message(clinic.day(1))),
                reason="holiday",
            )
        ),
    )
    nothing = answer(clinic, weekdays=[clinic.day(1).isoweekday()])
    assert [one.given_up for one in nothing.alternatives] == [pb.WISH_DATES]
    assert instant(nothing.alternatives[0].slots[0].start_time).date() == clinic.day(8)


def test_a_search_without_a_wish_that_finds_nothing_is_an_empty_answer(clinic: Clinic) -> None:
    """A type alone is asked for, in a way in which nobody sees it: no slot, and no wish to give up."""
    found = answer(clinic, dates=None, modality=types_pb2.MODALITY_VIDEO)
    assert (list(found.slots), list(found.alternatives)) == ([], [])


def test_a_refused_call_takes_nothing_away_from_the_next(clinic: Clinic) -> None:
    """What a transaction has read for the process is there for everybody when it is rolled back at its end."""
    clinic.template(clinic.practitioner_ids[0], (9, 17))
    wanted = slot_searches.SlotSearch(type_ids=(UUID(clinic.type_ids["visit"]),))
    cache = AvailabilityCache()
    with pytest.raises(Conflict), clinic.harness.call(clinic.tenant_id) as call:
        assert slot_searches.search(call, cache, wanted).slots
        raise Conflict
    with clinic.harness.call(clinic.tenant_id) as call:
        assert slot_searches.search(call, cache, wanted).slots
