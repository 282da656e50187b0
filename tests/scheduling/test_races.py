"""Many at once: exactly as many win as there is room for, nobody is told anything else than that the time is taken."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2
from sqlalchemy import text

from chassis.errors import Error
from scheduling.domain.cells import cell_at
from scheduling.store import Store
from tests.scheduling.clinic import Clinic, at, stamp

CLIENTS = 64


def together(actions: Sequence[Callable[[], Any]]) -> Counter[str]:
    """Does everything at the same moment; counts "won" and the reasons of refusals."""
    barrier = threading.Barrier(len(actions))

    def one(action: Callable[[], Any]) -> str:
        barrier.wait()
        try:
            action()
        except Error as error:
            return error.reason
        return "won"

    with ThreadPoolExecutor(len(actions)) as pool:
        return Counter(pool.map(one, actions))


def overlaps(clinic: Clinic) -> int:
    """How many cells of one resource and lane belong to two claims (the primary key says none), plus cells beyond the capacity."""
    with clinic.harness.session(clinic.tenant_id) as session:
        rows = session.execute(
            text(
                "select count(*) from (select o.resource_id, c from occupation o, generate_series(o.first_cell, o.end_cell - 1) c"
                " where o.tenant_id = :t group by 1, 2 having count(*) > coalesce((select capacity from resource_copy r"
                " where r.tenant_id = :t and r.id = o.resource_id), 1)) x"
            ),
            {"t": clinic.tenant_id},
        )
        return int(rows.scalar_one())


def test_of_64_clients_one_gets_the_slot(clinic: Clinic) -> None:
    """A race of 64 for one practitioner's time has exactly one winner; the others are told that it is taken."""
    requests = [clinic.booking(at(clinic.day(), 10)) for _ in range(CLIENTS)]
    outcome = together([lambda r=request: clinic.staff.call("BookAppointment", r, seconds=30) for request in requests])
    assert outcome == {"won": 1, "SLOT_TAKEN": CLIENTS - 1}
    assert overlaps(clinic) == 0


def test_of_64_clients_one_gets_the_hold(clinic: Clinic) -> None:
    """The same race for a hold."""
    request = pb.HoldSlotRequest(**clinic.wanted(at(clinic.day(), 10)))
    outcome = together([lambda: clinic.staff.call("HoldSlot", request, seconds=30)] * CLIENTS)
    assert outcome == {"won": 1, "SLOT_TAKEN": CLIENTS - 1}


def test_three_get_into_a_room_for_three(clinic: Clinic) -> None:
    """With capacity three, three of sixteen practitioners get their visits into the room."""
    clinic.room("group", capacity=3)
    clinic.type("group", roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="group")])
    for _ in range(15):
        clinic.practitioner()
    start = at(clinic.day(), 10)
    requests = [clinic.booking(start + timedelta(minutes=5 * (n % 3)), "group", practitioner=n) for n in range(16)]
    outcome = together([lambda r=request: clinic.staff.call("BookAppointment", r, seconds=30) for request in requests])
    assert outcome == {"won": 3, "SLOT_TAKEN": 13}
    assert overlaps(clinic) == 0


def test_every_room_of_a_class_is_used_before_anybody_is_refused(clinic: Clinic) -> None:
    """Eight rooms and sixteen practitioners at the same time: eight visits, whoever reaches for which room first."""
    for _ in range(8):
        clinic.room()
    clinic.type("exam", roles=[pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam")])
    for _ in range(15):
        clinic.practitioner()
    start = at(clinic.day(), 10)
    requests = [clinic.booking(start, "exam", practitioner=n) for n in range(16)]
    outcome = together([lambda r=request: clinic.staff.call("BookAppointment", r, seconds=30) for request in requests])
    assert outcome["won"] == 8, outcome
    assert set(outcome) <= {"won", "SLOT_TAKEN"}
    assert overlaps(clinic) == 0


def test_moves_that_cross_each_other_neither_deadlock_nor_overlap(clinic: Clinic) -> None:
    """Two visits that each want the other's time, again and again, end somewhere, and never on each other."""
    start = at(clinic.day(), 10)
    times = [start, start + timedelta(minutes=30), start + timedelta(minutes=15), start + timedelta(minutes=45)]
    first, second = clinic.book(times[0]).appointment_id, clinic.book(times[3]).appointment_id

    def move(appointment_id: str, n: int) -> Callable[[], Any]:
        request = pb.MoveAppointmentRequest(appointment_id=appointment_id, start_time=stamp(times[n % 4]))
        return lambda: clinic.staff.call("MoveAppointment", request, seconds=30)

    outcome = together([move(first if n % 2 else second, n // 2) for n in range(32)])
    assert set(outcome) <= {"won", "SLOT_TAKEN", "STALE_VERSION", "UNAVAILABLE"}
    assert outcome["won"] > 0
    assert outcome["UNAVAILABLE"] <= 16
    assert overlaps(clinic) == 0
    for appointment_id in (first, second):
        visit = clinic.staff.call("GetAppointment", pb.GetAppointmentRequest(appointment_id=appointment_id))
        begin = cell_at(visit.start_time.ToDatetime(tzinfo=start.tzinfo))
        assert {cell for _, cell, _ in clinic.cells(appointment_id)} == set(range(begin, begin + 6))


def test_bookings_and_edits_of_the_working_time_exclude_each_other(clinic: Clinic) -> None:
    """While a location is being closed, every visit is either booked before, and said to be affected, or refused."""
    day = clinic.day(3)
    requests = [clinic.booking(at(day, 9) + timedelta(minutes=30 * n)) for n in range(15)]
    affected: list[str] = []

    def close() -> None:
        answer = clinic.staff.call(
            "CreateScheduleException",
            pb.CreateScheduleExceptionRequest(
                exception=pb.ScheduleException(
                    kind=pb.SCHEDULE_EXCEPTION_KIND_CLOSED,
                    location_id=str(clinic.location_id),
                    dates=types_pb2.DateRange(
                        start={"year": day.year, "month": day.month, "day": day.day},
                        end={"year": day.year, "month": day.month, "day": day.day},
                    ),
                )
            ),
            seconds=30,
        )
        affected.extend(answer.affected_appointment_ids)

    bookings: list[Callable[[], Any]] = [
        lambda r=request: clinic.staff.call("BookAppointment", r, seconds=30) for request in requests
    ]
    outcome = together([*bookings[:8], close, *bookings[8:]])
    listed = clinic.staff.call("ListAppointments", pb.ListAppointmentsRequest(location_id=str(clinic.location_id)))
    assert sorted(affected) == sorted(one.appointment_id for one in listed.appointments)
    assert outcome["won"] == len(affected) + 1
    assert set(outcome) <= {"won", "OUTSIDE_WORKING_TIME", "UNAVAILABLE"}


def test_a_sweep_of_an_expired_hold_is_done_by_one(clinic: Clinic) -> None:
    """An expired hold in the way of a race is deleted once, and one of the racers gets its time."""
    start = at(clinic.day(), 10)
    hold = clinic.hold(start)
    clinic.harness.advance(minutes=6)
    requests = [clinic.booking(start) for _ in range(16)]
    outcome = together([lambda r=request: clinic.staff.call("BookAppointment", r, seconds=30) for request in requests])
    assert outcome == {"won": 1, "SLOT_TAKEN": 15}
    assert clinic.cells(hold.hold_id) == []
    assert overlaps(clinic) == 0


def test_an_expiry_does_not_wait_for_who_books_the_hold(clinic: Clinic) -> None:
    """Booking a hold at the instant it expires: the expiry steps back at once, because the booking needs its due item next."""
    hold = clinic.hold(at(clinic.day(), 10))
    with clinic.harness.session(clinic.tenant_id) as booking:
        Store(booking).lock_hold(UUID(hold.hold_id))
        clinic.harness.advance(minutes=6)
        expiry = threading.Thread(target=clinic.harness.run_due)
        expiry.start()
        expiry.join(1.0)
        assert not expiry.is_alive()
        booking.execute(text("set local lock_timeout = '100ms'"))
        taken = booking.execute(
            text("delete from due where kind = 'hold.expire' and key = :key"), {"key": hold.hold_id}
        )
        assert taken.rowcount == 1
