"""Visits that belong together: found in a row, booked in one commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling.cache import AvailabilityCache
from scheduling.domain import linked, zones
from scheduling.domain.cells import cell_at, cell_containing
from scheduling.domain.claims import Conflict
from scheduling.domain.limits import NO_LIMITS
from scheduling.domain.linked import Following, Free
from scheduling.store import Store
from scheduling.usecases import alternatives, booking, guards, placing, slots
from scheduling.usecases.booking import Booking
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.placing import Wanted
from scheduling.usecases.slots import Slot, SlotSearch

DEFAULT_DAYS = 14
MOST_DAYS = 31
DEFAULT_ROWS = 5
MOST_SLOTS = 500
# So many rows are looked at closely before it is said that there are no more.
MOST_LOOKED_AT = 60


@dataclass(frozen=True)
class Leg:
    """One visit of a row: its type, whom (none: anybody), and whose."""

    type_id: UUID
    practitioner_ids: frozenset[UUID]
    patient_id: UUID | None


@dataclass(frozen=True)
class LinkedSearch:
    """Visits in their order, how they follow each other, where and when."""

    legs: tuple[Leg, ...]
    following: Following
    location_ids: frozenset[UUID]
    first_day: date | None
    last_day: date | None
    limit: int


@dataclass(frozen=True)
class LinkedAnswer:
    """What became of visits that belong together; with conflicts nothing was booked."""

    link_id: UUID | None
    views: list[AppointmentView]
    conflicts: list[tuple[int, Conflict]]
    alternatives: dict[int, list[Slot]]


def search(call: Call, cache: AvailabilityCache, wanted: LinkedSearch) -> list[list[Slot]]:
    """Rows of free times, the soonest first. Raises InvalidInput, NotFound."""
    store = Store(call.session)
    for leg in wanted.legs:
        if leg.patient_id is not None:
            guards.own_patient(call, leg.patient_id)
    first = wanted.first_day or zones.local_date("UTC", cell_containing(call.now))
    last = wanted.last_day or first + timedelta(days=DEFAULT_DAYS)
    if last < first or (last - first).days > MOST_DAYS:
        raise InvalidInput([Violation("dates.end", f"must be within {MOST_DAYS} days after the start")])
    found: list[list[Slot]] = []
    close = _in_each_others_way(call, cache, store, wanted)
    looked_at, day = 0, first
    while day <= last and len(found) < (wanted.limit or DEFAULT_ROWS) and looked_at < MOST_LOOKED_AT:
        # Day by day: a row lies within one, and the soonest are wanted.
        for row in _rows_of_day(call, cache, wanted, day):
            looked_at += 1
            if not close or _books(call, store, wanted.legs, row):
                found.append(row)
            if len(found) >= (wanted.limit or DEFAULT_ROWS) or looked_at >= MOST_LOOKED_AT:
                break
        day += timedelta(days=1)
    return found


def book(call: Call, cache: AvailabilityCache, bookings: Sequence[Booking], *, validate_only: bool) -> LinkedAnswer:
    """Books all with one link, or none and says every conflict with what is free instead. Raises what booking several raises."""
    link_id = call.new_id()
    batch = booking.book_all(call, bookings, validate_only=validate_only, link_id=link_id)
    return LinkedAnswer(
        link_id if batch.views else None, batch.views, batch.conflicts, instead(call, cache, bookings, batch.conflicts)
    )


def instead(
    call: Call, cache: AvailabilityCache, bookings: Sequence[Booking], conflicts: Sequence[tuple[int, Conflict]]
) -> dict[int, list[Slot]]:
    """What is free instead of each booking in conflict that named a time of its own."""
    found = {}
    for index in sorted({index for index, _ in conflicts}):
        source = bookings[index].source
        if isinstance(source, Wanted):
            found[index] = alternatives.nearest(call, cache, source, bookings[index].patient_id)
    return found


def _in_each_others_way(call: Call, cache: AvailabilityCache, store: Store, wanted: LinkedSearch) -> bool:
    """Whether visits that are free one by one may not be free together: they reach for the same rooms, count for the same limits, or
    somebody has buffers of their own. The buffers of their types are seen to by how they follow each other."""
    with cache.reading(store, call.now) as view:
        kinds = [view.catalogue.types[leg.type_id] for leg in wanted.legs if leg.type_id in view.catalogue.types]
        return bool(view.catalogue.rules) or any(
            kind.roles or kind.practitioner_limits != NO_LIMITS or kind.patient_limits != NO_LIMITS for kind in kinds
        )


def _rows_of_day(call: Call, cache: AvailabilityCache, wanted: LinkedSearch, day: date) -> Iterator[list[Slot]]:
    by_leg = [_slots_of(call, cache, leg, wanted.location_ids, day) for leg in wanted.legs]
    free = [[_free(key, slot) for key, slot in enumerate(found)] for found in by_leg]
    for row in linked.rows(free, wanted.following):
        yield [by_leg[index][one.key] for index, one in enumerate(row)]


def _slots_of(call: Call, cache: AvailabilityCache, leg: Leg, location_ids: frozenset[UUID], day: date) -> list[Slot]:
    return slots.search_slots(
        call,
        cache,
        SlotSearch(
            type_ids=(leg.type_id,),
            practitioner_ids=leg.practitioner_ids,
            location_ids=location_ids,
            first_day=day,
            last_day=day,
            patient_id=leg.patient_id,
            limit=MOST_SLOTS,
        ),
    )


def _free(key: int, slot: Slot) -> Free:
    day = zones.local_date(slot.time_zone, cell_at(slot.start))
    before, after = slot.kind.buffer_before_minutes, slot.kind.buffer_after_minutes
    return Free(key, slot.location_id, slot.practitioner_id, day, slot.start, slot.end, before, after)


def _books(call: Call, store: Store, legs: Sequence[Leg], chosen: Sequence[Slot]) -> bool:
    """Whether the visits fit together: each alone does, but their buffers or the one room of a class may be in each other's way."""
    try:
        candidates = [
            placing.candidate(
                call,
                store,
                Wanted(slot.kind.id, slot.practitioner_id, slot.location_id, slot.start),
                call.new_id(),
                leg.patient_id,
            )
            for leg, slot in zip(legs, chosen, strict=True)
        ]
    except NotFound:
        return False
    return not placing.conflicts_of(store, candidates)
