"""Moving visits: from the desk, because an offer of the waitlist was accepted, with their series, or out of the way of a leave."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.call import Call
from scheduling import published
from scheduling.domain.claims import Conflict, Demand, Resource
from scheduling.domain.visits import Status, Step
from scheduling.store import Store
from scheduling.tables import Appointment
from scheduling.usecases import placing, refusals
from scheduling.usecases.booking import note_step
from scheduling.usecases.errors import SeatOfAGroup
from scheduling.usecases.freed import time_freed, time_of
from scheduling.usecases.placing import Placed, Wanted


def move_to(call: Call, store: Store, row: Appointment, wanted: Wanted) -> None:
    """Moves a locked visit: what is missing is taken first, then the surplus is given back. Raises what booking raises."""
    if row.group_visit_id is not None:
        raise SeatOfAGroup
    placing.lock_rules(store, [wanted])
    had = tuple(Demand(Resource(r, kind), span) for r, (kind, span) in sorted(store.claim_spans(row.id).items()))
    candidate = placing.candidate(call, store, wanted, row.id, row.patient_id, had)
    placed, conflicts = placing.place(call, store, [candidate])
    if conflicts:
        raise refusals.of([conflict for _, conflict in conflicts])
    write_move(call, store, row, placed[0])


def move_all(call: Call, store: Store, moves: Sequence[tuple[Appointment, Wanted]]) -> list[tuple[int, Conflict]]:
    """Moves several locked visits in one step, also into each other's time; or none of them, and says every conflict with the index
    of its move. Raises NotFound, InvalidInput.

    All give their time back first and take the new one then: nobody else can have it meanwhile, because it is not free for others
    until this transaction is committed.
    """
    placing.lock_rules(store, [wanted for _, wanted in moves])
    savepoint = call.savepoint()
    store.give_back([row.id for row, _ in moves])
    candidates = [placing.candidate(call, store, wanted, row.id, row.patient_id) for row, wanted in moves]
    placed, conflicts = placing.place(call, store, candidates)
    if conflicts:
        savepoint.rollback()
        return conflicts
    savepoint.commit()
    for (row, _), got in zip(moves, placed, strict=True):
        write_move(call, store, row, got)
    return []


def write_move(call: Call, store: Store, row: Appointment, placed: Placed) -> None:
    """Writes down where a visit is now, whose cells have been taken there; its old time goes round the waitlist."""
    previous, before = row.start_time, Status(row.status)
    freed = time_of(row)
    elsewhere = (previous, row.location_id) != (placed.start, placed.location.id)
    row.start_time, row.end_time = placed.start, placed.end
    row.practitioner_id, row.location_id = placed.visit.practitioner.id, placed.location.id
    row.time_zone = placed.location.time_zone
    row.overbooked = placed.overbooked or None
    row.room_id, row.equipment_ids, row.helper_ids = placed.room_id, placed.equipment_ids, placed.helper_ids
    row.status, row.confirmed_at = Status.BOOKED.value, None
    row.reschedule_count += 1 if elsewhere else 0
    note_step(call, store, row, Step.MOVE, before, Status.BOOKED, {"start_time": previous.isoformat()})
    store.close_requests(row.id, call.now)
    call.emit(published.moved(row, previous))
    time_freed(call, store, freed)
