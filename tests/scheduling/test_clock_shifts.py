"""New time zone rules: which visits they move on the clocks, and what becomes of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from polyclinic.scheduling.v1 import availability_pb2 as pb
from polyclinic.scheduling.v1 import events_pb2

from chassis.protos import instant
from scheduling.domain import clocks
from scheduling.domain.cells import Span
from scheduling.domain.zones import Segment
from tests.scheduling.clinic import Clinic, at
from tests.scheduling.clocks import follow_zones, pretend_other_clocks


def shifts(clinic: Clinic, **more: bool) -> list[pb.ClockShift]:
    """What the desk is shown."""
    return list(clinic.staff.call("ListClockShifts", pb.ListClockShiftsRequest(**more)).shifts)


def settle(clinic: Clinic, shift: pb.ClockShift, *, move: bool) -> pb.ClockShift:
    """The desk decides."""
    return clinic.staff.call(
        "SettleClockShift", pb.SettleClockShiftRequest(clock_shift_id=shift.clock_shift_id, move=move)
    )


def test_nothing_is_listed_while_the_rules_stay(clinic: Clinic) -> None:
    """Following the zones again and again finds nothing, whatever day it is."""
    clinic.book(at(clinic.day(1), 10))
    for _ in range(3):
        follow_zones(clinic)
        clinic.harness.advance(days=1)
    assert shifts(clinic) == []


def test_visits_that_new_rules_move_are_listed_and_moved_back(clinic: Clinic) -> None:
    """A visit booked for ten by the old rules is now at nine on the clocks; it is moved to ten, or left, as the desk says."""
    day = clinic.day(1)
    moved, left = clinic.book(at(day, 9)), clinic.book(at(day, 13))
    pretend_other_clocks(clinic, hours=1)
    first, second = shifts(clinic)
    assert first.appointment.appointment_id == moved.appointment_id
    assert (first.promised_time, first.shown_time) == (f"{day}T10:00", f"{day}T09:00")
    assert instant(first.proposed_start_time) == at(day, 10)
    done = settle(clinic, first, move=True)
    assert (done.moved, instant(done.appointment.start_time)) == (True, at(day, 10))
    assert len(clinic.harness.events(clinic.tenant_id, events_pb2.AppointmentMoved)) == 1
    assert not settle(clinic, second, move=False).moved
    assert settle(clinic, first, move=True).appointment.version == done.appointment.version
    assert shifts(clinic) == []
    assert len(shifts(clinic, include_settled=True)) == 2
    assert left.appointment_id == second.appointment.appointment_id


def test_working_time_follows_the_new_rules_at_once(clinic: Clinic) -> None:
    """Every process is told to work free time out anew when a zone's rules have changed."""
    clinic.starts(clinic.day(1))
    with clinic.harness.session(clinic.tenant_id) as session:
        from scheduling.store import Store

        before = Store(session).changes_since(1)
    pretend_other_clocks(clinic, hours=1)
    with clinic.harness.session(clinic.tenant_id) as session:
        after = Store(session).changes_since(before.seen)
    assert [resource for resource, span in after.stretches if not len(span)] == [clinic.location_id]
    assert len(clinic.starts(clinic.day(1))) == 31


def test_a_promised_time_that_is_jumped_over_comes_after_the_jump() -> None:
    """When the new rules have no such time of day, the visit is proposed for the first moment after the jump."""
    before = [Segment(Span(0, 1000), -60)]
    now = [Segment(Span(0, 500), -60), Segment(Span(500, 1000), -48)]
    assert clocks.shift_of(400, before, now) is None
    shift = clocks.shift_of(505, before, now)
    assert shift is not None
    assert (shift.promised, shift.shown, shift.proposed) == (445, 457, 500)
    later = clocks.shift_of(600, before, now)
    assert later is not None
    assert later.proposed == 588


def test_only_what_both_know_is_compared() -> None:
    """Clocks that roll on from day to day are no change; an offset that differs anywhere is."""
    before = [Segment(Span(0, 100), 5)]
    assert not clocks.differ(before, [Segment(Span(50, 100), 5), Segment(Span(100, 200), 9)])
    assert clocks.differ(before, [Segment(Span(50, 99), 5), Segment(Span(99, 200), 9)])


def test_following_zones_is_part_of_the_daily_upkeep(clinic: Clinic) -> None:
    """Upkeep, which a tenant's first event starts, keeps what it saw of each zone."""
    from polyclinic.identity.v1 import events_pb2 as identity

    from scheduling.tables_availability import ZoneClock

    clinic.harness.deliver(
        clinic.tenant_id,
        identity.TenantChanged(tenant_id=str(clinic.tenant_id), slug="x", name="X", active=True, version=1),
    )
    clinic.harness.run_due()
    with clinic.harness.session(clinic.tenant_id) as session:
        clock = session.get(ZoneClock, (clinic.tenant_id, clinic.zone))
    assert clock is not None
    reach = clock.segments[-1][1] - clock.segments[0][0]
    assert timedelta(minutes=5 * reach) > timedelta(days=400)
    assert isinstance(clock.seen_at, datetime)
