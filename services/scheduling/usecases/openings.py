"""Free time for visits that have to go elsewhere, read from the rules and claims as this transaction sees them.

Not from the cache: it must not learn of changes that are only being tried.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from chassis.call import Call
from scheduling.domain import availability, bitmaps, rebooking, search
from scheduling.domain.appointment_types import AppointmentType, ResourceKind
from scheduling.domain.availability import WorkingRules
from scheduling.domain.cells import CELLS_PER_DAY, Span, cell_at, cell_containing, day_of_cell
from scheduling.domain.rebooking import Displaced, Opening, Place
from scheduling.store import Store
from scheduling.stores.rules import type_of
from scheduling.tables import Appointment, AppointmentTypeRow, LocationCopy
from scheduling.usecases import placing
from scheduling.usecases.placing import Wanted

# So many places are tried for a visit before it is said that there is none.
TRIES = 24


@dataclass
class Openings:
    """Where the practitioners of a location are free; read once for a whole plan.

    ``gone`` are the claims of visits that leave: their time counts as free.
    """

    store: Store
    now: datetime
    gone: Collection[UUID]
    _rules: dict[UUID, dict[UUID, WorkingRules]] = field(default_factory=dict)
    _busy: dict[tuple[UUID, Span], dict[UUID, list[Span]]] = field(default_factory=dict)

    def of(self, row: Appointment, kind: AppointmentType, within_days: int, *, others: bool) -> list[Opening]:
        """Where this visit could start, by practitioner."""
        location = self.store.need(LocationCopy, row.location_id, "location")
        here = cell_at(row.start_time)
        first = cell_containing(rebooking.earliest_start(self.now, row.start_time))
        span = Span(max(first, here - within_days * CELLS_PER_DAY), here + (within_days + 1) * CELLS_PER_DAY)
        rules = self._working(location)
        people = {row.practitioner_id} | ({p for p in rules if kind.offered_by(p)} if others else set())
        busy = self._taken(location.id, people & set(rules), span)
        limits = availability.start_limits(self.now, location.time_zone, kind.minimum_notice_minutes, kind.horizon_days)
        allowed = availability.wished_starts(
            location.time_zone, span, every_minutes=kind.start_every_minutes, weekdays=(), earliest_minute=0,
            latest_minute=0,
        ) & bitmaps.mask(limits.first - span.first, limits.end - span.first)  # fmt: skip
        before, after = search.buffers(kind, ResourceKind.PRACTITIONER)
        return [
            Opening(
                person,
                span.first,
                allowed
                & availability.visit_starts(
                    availability.working_bits(rules[person], span),
                    bitmaps.of_spans(busy.get(person, ()), span.first),
                    kind.duration_cells(person),
                    before,
                    after,
                ),
            )
            for person in sorted(people & set(rules))
        ]

    def _working(self, location: LocationCopy) -> dict[UUID, WorkingRules]:
        if location.id not in self._rules:
            from_day = day_of_cell(cell_containing(self.now)) - timedelta(days=1)
            self._rules[location.id] = self.store.working_rules_at(location, from_day)
        return self._rules[location.id]

    def _taken(self, location_id: UUID, people: set[UUID], span: Span) -> dict[UUID, list[Span]]:
        week = Span(span.first - span.first % CELLS_PER_DAY, span.end + CELLS_PER_DAY - span.end % CELLS_PER_DAY)
        key = (location_id, week)
        if key not in self._busy:
            self._busy[key] = {}
        known = self._busy[key]
        missing = people - set(known)
        if missing:
            known.update({person: [] for person in missing})
            for person, claim, taken in self.store.occupied(missing, week):
                if claim not in self.gone:
                    known[person].append(taken)
        return known


def place_somewhere(
    call: Call, store: Store, openings: Openings, row: Appointment, within_days: int, *, others: bool
) -> tuple[Place, str] | None:
    """Takes the best place that is free for a visit, and says why there; None when none of the best 24 can be had.

    The visit's cells are taken: the caller keeps them, or rolls back to where it came from.
    """
    if row.group_visit_id is not None:
        return None
    kind = type_of(store.need(AppointmentTypeRow, row.appointment_type_id, "appointment type"))
    visit = Displaced(row.id, row.practitioner_id, cell_at(row.start_time), row.time_zone)
    for place in rebooking.places(visit, openings.of(row, kind, within_days, others=others))[:TRIES]:
        wanted = Wanted(kind.id, place.practitioner_id, row.location_id, rebooking.start_of(place))
        candidate = placing.candidate(call, store, wanted, row.id, row.patient_id)
        _, conflicts = placing.place(call, store, [candidate])
        if not conflicts:
            return place, rebooking.explanation(visit, place)
    return None
