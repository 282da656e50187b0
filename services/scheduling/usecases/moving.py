"""Moving a visit: from the desk, or because an offer of the waitlist was accepted."""

from __future__ import annotations

from chassis.call import Call
from scheduling import published
from scheduling.domain.claims import Demand, Resource
from scheduling.domain.visits import Status, Step
from scheduling.store import Store
from scheduling.tables import Appointment
from scheduling.usecases import placing
from scheduling.usecases.booking import note_step
from scheduling.usecases.freed import time_freed, time_of
from scheduling.usecases.placing import Wanted


def move_to(call: Call, store: Store, row: Appointment, wanted: Wanted) -> None:
    """Moves a locked visit: what is missing is taken first, then the surplus is given back. Raises what booking raises."""
    placing.lock_rules(store, wanted.practitioner_id, wanted.location_id)
    had = tuple(Demand(Resource(r, kind), span) for r, (kind, span) in sorted(store.claim_spans(row.id).items()))
    candidate = placing.candidate(call, store, wanted, row.id, row.patient_id, had)
    placed, conflicts = placing.place(call, store, [candidate])
    if conflicts:
        raise placing.refusal([conflict for _, conflict in conflicts])
    previous, before = row.start_time, Status(row.status)
    freed = time_of(row)
    elsewhere = (previous, row.location_id) != (placed[0].start, wanted.location_id)
    row.start_time, row.end_time = placed[0].start, placed[0].end
    row.practitioner_id, row.location_id = wanted.practitioner_id, wanted.location_id
    row.time_zone = placed[0].location.time_zone
    row.room_id, row.equipment_ids = placed[0].room_id, placed[0].equipment_ids
    row.status, row.confirmed_at = Status.BOOKED.value, None
    row.reschedule_count += 1 if elsewhere else 0
    note_step(call, store, row, Step.MOVE, before, Status.BOOKED, {"start_time": previous.isoformat()})
    store.close_requests(row.id, call.now)
    call.emit(published.moved(row, previous))
    time_freed(call, store, freed)
