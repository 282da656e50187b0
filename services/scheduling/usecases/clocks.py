"""Keeping up with the tz database: working time is worked out anew, and visits whose wall-clock time moved are listed.

Templates are wall clock and follow a zone's new rules by themselves; visits are instants. Upkeep compares, once a day, the offsets of
each location's zone with those that working time was last worked out with.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis import telemetry
from chassis.call import Call
from scheduling.domain import clocks, visits, zones
from scheduling.domain.cells import CELL_MINUTES, CELLS_PER_DAY, Span, cell_at, cell_containing, day_of_cell, instant_at
from scheduling.domain.visits import Status, Step
from scheduling.domain.zones import Segment
from scheduling.store import Store
from scheduling.tables import LocationCopy
from scheduling.tables_availability import ClockShift, ZoneClock
from scheduling.usecases import guards, moving
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.placing import Wanted

log = telemetry.logger(__name__)
# As far ahead as working time is worked out.
DAYS_AHEAD = 404


def follow(call: Call, store: Store) -> None:
    """Compares every zone in use with what was last seen of it; what changed is worked out anew and its visits are listed."""
    now = cell_containing(call.now)
    span = Span(now - CELLS_PER_DAY, now + DAYS_AHEAD * CELLS_PER_DAY)
    by_zone: dict[str, list[LocationCopy]] = {}
    for location in store.locations():
        by_zone.setdefault(location.time_zone, []).append(location)
    for zone, locations in sorted(by_zone.items()):
        segments = zones.segments(zone, span.first, span.end)
        known = store.zone_clock(zone)
        if known is None:
            store.add(ZoneClock(zone=zone, segments=clocks.stored(segments), seen_at=call.now))
            continue
        before = clocks.read(known.segments)
        if clocks.differ(before, segments):
            log.warning("the rules of a time zone have changed", zone=zone)
            for location in locations:
                _list_shifts(call, store, location, before, segments)
                store.note_rules_changed(location.id)
        known.segments, known.seen_at = clocks.stored(segments), call.now


def list_shifts(
    call: Call, include_settled: bool, page_size: int, page_token: str
) -> tuple[list[tuple[ClockShift, AppointmentView]], str]:
    """A page of shifts with their visits."""
    store = Store(call.session)
    rows, token = store.list_clock_shifts(include_settled, call.principal, page_size, page_token)
    views = guards.describe(store, store.appointments([row.appointment_id for row in rows], call.principal))
    by_id = {view.row.id: view for view in views}
    return [(row, by_id[row.appointment_id]) for row in rows if row.appointment_id in by_id], token


def settle(call: Call, shift_id: UUID, *, move: bool) -> tuple[ClockShift, AppointmentView]:
    """Moves the visit to the time it was promised for, or leaves it. Raises NotFound and what moving raises."""
    store = Store(call.session)
    shift = store.lock(ClockShift, shift_id, "clock shift")
    row = guards.locked_appointment(call, store, shift.appointment_id)
    if shift.settled_at is None:
        pending = visits.after(Status(row.status), Step.MOVE) is not None
        shift.moved = move and pending
        if shift.moved:
            wanted = Wanted(row.appointment_type_id, row.practitioner_id, row.location_id, shift.proposed_start)
            moving.move_to(call, store, row, wanted)
        shift.settled_at = call.now
        store.session.flush()
    return shift, guards.describe_one(store, row)


def _list_shifts(
    call: Call, store: Store, location: LocationCopy, before: Sequence[Segment], now: Sequence[Segment]
) -> None:
    for row in store.live_from(call.now, None, location.id):
        shift = clocks.shift_of(cell_at(row.start_time), before, now)
        if shift is None:
            continue
        store.add(
            ClockShift(
                appointment_id=row.id,
                patient_id=row.patient_id,
                location_id=row.location_id,
                zone=location.time_zone,
                promised_time=wall_time(shift.promised),
                shown_time=wall_time(shift.shown),
                proposed_start=instant_at(shift.proposed),
                found_at=call.now,
            )
        )


def wall_time(local_cell: int) -> str:
    """A local cell as its wall clock shows it: "2026-11-02T09:30"."""
    minutes = local_cell % CELLS_PER_DAY * CELL_MINUTES
    return f"{day_of_cell(local_cell).isoformat()}T{minutes // 60:02d}:{minutes % 60:02d}"
