"""What is free instead of a time that is not: so that a refusal never leaves the desk with nothing to say."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from chassis.call import Call
from scheduling.cache import AvailabilityCache
from scheduling.domain import zones
from scheduling.domain.cells import cell_containing
from scheduling.store import Store
from scheduling.tables import LocationCopy
from scheduling.usecases import slots
from scheduling.usecases.placing import Wanted
from scheduling.usecases.slots import Slot, SlotSearch

HOW_MANY = 3
# With the same practitioner within so many days; else with anybody there, nearer by.
DAYS_AROUND = 7
DAYS_AROUND_WITH_OTHERS = 1
MOST_LOOKED_AT = 500


def nearest(call: Call, cache: AvailabilityCache, wanted: Wanted, patient_id: UUID | None) -> list[Slot]:
    """Up to three free times of the type at the location, the nearest to the wish first: with the practitioner or, failing that,
    with others. Each of them books."""
    location = Store(call.session).need(LocationCopy, wanted.location_id, "location")
    day = zones.local_date(location.time_zone, cell_containing(wanted.start))
    for people, days in ((frozenset({wanted.practitioner_id}), DAYS_AROUND), (frozenset(), DAYS_AROUND_WITH_OTHERS)):
        search = SlotSearch(
            type_ids=(wanted.type_id,),
            practitioner_ids=people,
            location_ids=frozenset({location.id}),
            first_day=day - timedelta(days=days),
            last_day=day + timedelta(days=days),
            patient_id=patient_id,
            limit=MOST_LOOKED_AT,
        )
        found = slots.search_slots(call, cache, search)
        if found:
            return sorted(found, key=lambda slot: (abs(slot.start - wanted.start), slot.start))[:HOW_MANY]
    return []
