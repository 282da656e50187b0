"""Limits on visits that begin to hold, or change, while visits are booked already: those count at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

from chassis.call import Call
from scheduling.domain import zones
from scheduling.domain.appointment_types import AppointmentType
from scheduling.domain.cells import CELLS_PER_DAY, cell_at, cell_containing, instant_at
from scheduling.domain.limits import Counter, VisitLimits, counters
from scheduling.store import Store
from scheduling.tables import Appointment, Hold, LocationCopy
from scheduling.tables_booking_rules import GroupVisit

Claim = Appointment | Hold | GroupVisit
# A week's limit counts from its Monday.
LOOK_BACK = timedelta(days=8)


def recount_practitioner(call: Call, store: Store, practitioner_id: UUID, limits: VisitLimits) -> None:
    """Counts what is booked of a practitioner for their limits. Their rules must be locked."""
    found = list(counters(limits, practitioner_id))
    _recount(
        call,
        store,
        "practitioner_id",
        practitioner_id,
        lambda claim: [] if _is_seat(claim) else found,
        limited=bool(found),
    )


def recount_location(call: Call, store: Store, location_id: UUID, limits: VisitLimits) -> None:
    """Counts what is booked at a location for its limits. Its rules must be locked."""
    found = list(counters(limits, location_id))
    _recount(
        call, store, "location_id", location_id, lambda claim: [] if _is_seat(claim) else found, limited=bool(found)
    )


def recount_type(call: Call, store: Store, kind: AppointmentType) -> None:
    """Counts what is booked of a type for its limits, of each practitioner and each patient. The type must be locked."""

    def of(claim: Claim) -> list[Counter]:
        found: list[Counter] = []
        if not _is_seat(claim):
            found += counters(kind.practitioner_limits, kind.id, claim.practitioner_id)
        if isinstance(claim, Appointment):
            found += counters(kind.patient_limits, kind.id, claim.patient_id)
        return found

    limited = bool(kind.practitioner_limits or kind.patient_limits)
    _recount(call, store, "appointment_type_id", kind.id, of, limited=limited)


def _is_seat(claim: Claim) -> bool:
    """A seat counts for its patient's limits only: the group is one visit of its practitioner."""
    return isinstance(claim, Appointment) and claim.group_visit_id is not None


def _recount(
    call: Call, store: Store, column: str, owner_id: UUID, of: Callable[[Claim], Iterable[Counter]], *, limited: bool
) -> None:
    if not limited:
        return
    today = cell_containing(call.now) - cell_containing(call.now) % CELLS_PER_DAY
    since = instant_at(today) - LOOK_BACK
    claims: list[Claim] = [
        *store.counted_from(since, column, owner_id),
        *store.groups_from(since, column, owner_id),
        *store.claimed_from(cell_at(since), column, owner_id),
    ]
    zone_of = {location.id: location.time_zone for location in store.locations()}
    rows = []
    for claim in claims:
        zone = zone_of.get(claim.location_id) if isinstance(claim, Hold) else claim.time_zone
        if zone is None:
            zone = store.need(LocationCopy, claim.location_id, "location").time_zone
        day = zones.local_date(zone, cell_at(claim.start_time))
        rows += [(counter.id, claim.id, counter.cell(day)) for counter in of(claim)]
    store.count_for(rows)
