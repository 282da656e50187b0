"""The walk-in queue: tokens, estimates, and the way from the queue into the day's visits."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling.domain import availability, bitmaps, walk_ins, zones
from scheduling.domain.appointment_types import AppointmentType
from scheduling.domain.cells import CELLS_PER_DAY, Span, cell_at, cell_containing, day_of_cell, instant_at
from scheduling.domain.claims import Conflict, ConflictReason
from scheduling.domain.visits import Step
from scheduling.domain.walk_ins import QueueStatus, Waiting
from scheduling.store import Store
from scheduling.stores.rules import type_of
from scheduling.tables import AppointmentTypeRow, LocationCopy
from scheduling.tables_day import WalkIn
from scheduling.usecases import booking, delays, guards, placing, refusals, visits
from scheduling.usecases.booking import Booking
from scheduling.usecases.errors import QueueEmpty, SlotTaken, WrongStatus
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.placing import Wanted

# A walk-in who is called is seen within so many cells, else the practitioner has no time for them.
WITHIN_CELLS = 12
SECRET_BYTES = 12
ACTIVE = (QueueStatus.WAITING, QueueStatus.CALLED)


@dataclass(frozen=True)
class TicketView:
    """A token as it stands now. ``expected`` is None when it cannot be said."""

    row: WalkIn
    ahead: int
    expected: datetime | None
    wait_minutes: int
    location_name: str
    patient_name: str


def join(call: Call, location_id: UUID, type_id: UUID, patient_id: UUID | None, priority: int) -> TicketView:
    """Gives out a token. Raises NotFound, PatientNotBookable."""
    store = Store(call.session)
    location = store.need(LocationCopy, location_id, "location")
    placing.bookable_type(call, store, type_id)
    if patient_id is not None:
        guards.bookable_patient(call, store, patient_id)
    day = _today(call, location)
    row = store.add(
        WalkIn(
            location_id=location.id,
            day=day,
            number=store.next_number(location.id, day),
            code=_code(call.tenant_id),
            patient_id=patient_id,
            appointment_type_id=type_id,
            priority=priority,
            status=QueueStatus.WAITING.value,
            joined_at=call.now,
        )
    )
    return _view(call, store, location, row)


def call_next(call: Call, location_id: UUID, practitioner_id: UUID) -> TicketView:
    """Calls the next whom this practitioner may see; two who call at once call two. Raises NotFound, QueueEmpty."""
    store = Store(call.session)
    location = store.need(LocationCopy, location_id, "location")
    waiting = store.queue(location.id, _today(call, location), [QueueStatus.WAITING], lock=True)
    rows = {row.id: row for row in waiting}
    for one in walk_ins.ranked(_waiting(store, waiting, [practitioner_id])):
        if practitioner_id in one.cells:
            row = rows[one.id]
            row.status, row.called_at, row.practitioner_id = QueueStatus.CALLED.value, call.now, practitioner_id
            store.session.flush()
            return _view(call, store, location, row)
    raise QueueEmpty


def serve(call: Call, walk_in_id: UUID, patient_id: UUID | None, practitioner_id: UUID | None) -> AppointmentView:
    """Makes a visit of a walk-in and checks it in. Raises NotFound, WrongStatus, InvalidInput, SlotTaken and what booking raises."""
    store = Store(call.session)
    row = store.lock(WalkIn, walk_in_id, "walk-in")
    if QueueStatus(row.status) not in ACTIVE:
        raise WrongStatus(internal=QueueStatus(row.status).name)
    who, whom = patient_id or row.patient_id, practitioner_id or row.practitioner_id
    missing = [("patient_id", who), ("practitioner_id", whom)]
    if who is None or whom is None:
        raise InvalidInput([Violation(name, "is required") for name, value in missing if value is None])
    booked = _book_soon(call, row, who, whom)
    seen = visits.take_step(call, Step.CHECK_IN, booked.row.id, booked.row.version)
    row.status, row.ended_at = QueueStatus.SERVED.value, call.now
    row.patient_id, row.practitioner_id, row.appointment_id = who, whom, booked.row.id
    store.session.flush()
    return seen


def leave(call: Call, walk_in_id: UUID) -> TicketView:
    """Goes without having been seen. Raises NotFound, WrongStatus."""
    store = Store(call.session)
    row = store.lock(WalkIn, walk_in_id, "walk-in")
    if QueueStatus(row.status) is QueueStatus.SERVED:
        raise WrongStatus(internal="served")
    if QueueStatus(row.status) is not QueueStatus.LEFT:
        row.status, row.ended_at = QueueStatus.LEFT.value, call.now
        store.session.flush()
    return _view(call, store, store.need(LocationCopy, row.location_id, "location"), row)


def get_queue(call: Call, location_id: UUID) -> list[TicketView]:
    """Today's queue of a location in the order of their turn. Raises NotFound."""
    store = Store(call.session)
    location = store.need(LocationCopy, location_id, "location")
    if call.principal.location_ids and location.id not in call.principal.location_ids:
        raise NotFound("location")
    return _views(call, store, location, store.queue(location.id, _today(call, location), ACTIVE))


def get_ticket(call: Call, code: str) -> TicketView:
    """The ticket with this secret. Raises NotFound, whatever is wrong with the code."""
    call.enter_tenant(_tenant_of(code))
    store = Store(call.session)
    row = store.walk_in_by_code(code)
    if row is None:
        raise NotFound("ticket")
    return _view(call, store, store.need(LocationCopy, row.location_id, "location"), row)


# ---- inside ----------------------------------------------------------------------------------------------------------


def _code(tenant_id: UUID) -> str:
    """A secret that nobody guesses, and that says to which tenant it belongs."""
    return base64.urlsafe_b64encode(tenant_id.bytes + secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=")


def _tenant_of(code: str) -> UUID:
    try:
        return UUID(bytes=base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))[:16])
    except ValueError:
        raise NotFound("ticket") from None


def _today(call: Call, location: LocationCopy) -> date:
    return zones.local_date(location.time_zone, cell_containing(call.now))


def _book_soon(call: Call, row: WalkIn, patient_id: UUID, practitioner_id: UUID) -> AppointmentView:
    """Books at the first cell from now on, within the hour, that the practitioner has free."""
    first = cell_containing(call.now)
    for cell in range(first, first + WITHIN_CELLS):
        wanted = Wanted(row.appointment_type_id, practitioner_id, row.location_id, instant_at(cell))
        savepoint = call.savepoint()
        batch = booking.book_all(call, [Booking(patient_id, wanted, "")])
        if batch.views:
            savepoint.commit()
            return batch.views[0]
        savepoint.rollback()
        if any(not _passes(conflict) for _, conflict in batch.conflicts):
            raise refusals.of([conflict for _, conflict in batch.conflicts])
    raise SlotTaken


def _passes(conflict: Conflict) -> bool:
    """Whether the conflict may be gone five minutes later."""
    return conflict.reason in (ConflictReason.TAKEN, ConflictReason.NONE_FREE)


def _waiting(store: Store, rows: Sequence[WalkIn], people: Sequence[UUID]) -> list[Waiting]:
    kinds: dict[UUID, AppointmentType] = {}
    for row in rows:
        if row.appointment_type_id not in kinds:
            kinds[row.appointment_type_id] = type_of(
                store.need(AppointmentTypeRow, row.appointment_type_id, "appointment type")
            )
    return [
        Waiting(
            row.id,
            row.priority,
            row.number,
            {p: kind.duration_cells(p) for p in people if (kind := kinds[row.appointment_type_id]).offered_by(p)},
        )
        for row in rows
    ]


def _free(call: Call, store: Store, location: LocationCopy) -> dict[UUID, int]:
    """Each practitioner's free working time for the rest of the day; booked visits take the time they are now expected to take."""
    first = cell_containing(call.now)
    end = zones.day_span(location.time_zone, _today(call, location)).end
    span = Span(first, max(end, first + 1))
    rules = store.working_rules_at(location, day_of_cell(first) - timedelta(days=1))
    working = {person: availability.working_bits(known, span) for person, known in rules.items()}
    people = [person for person, bits in working.items() if bits]
    busy: dict[UUID, int] = dict.fromkeys(people, 0)
    for person, _, taken in store.occupied(people, span.widened(CELLS_PER_DAY // 4, 0)):
        busy[person] |= bitmaps.mask(taken.first - first, taken.end - first)
    rows, _, expected = delays.expected_today(call, store, location)
    for one in expected:
        row = rows[one.id]
        begins = cell_containing(one.start)
        length = cell_at(row.end_time) - cell_at(row.start_time)
        if row.practitioner_id in busy:
            busy[row.practitioner_id] |= bitmaps.mask(begins - first, begins + length - first)
    return {person: working[person] & ~busy[person] for person in people}


def _views(call: Call, store: Store, location: LocationCopy, rows: Sequence[WalkIn]) -> list[TicketView]:
    """All of a queue, in the order of their turn."""
    free = _free(call, store, location)
    queue = walk_ins.ranked(_waiting(store, [r for r in rows if r.status == QueueStatus.WAITING.value], list(free)))
    cells = walk_ins.estimates(queue, free)
    ahead = {one.id: index for index, one in enumerate(queue)}
    patients = store.patients(row.patient_id for row in rows if row.patient_id)
    first = cell_containing(call.now)
    views = []
    for row in rows:
        found = cells.get(row.id)
        expected = max(instant_at(first + found), call.now) if found is not None else None
        name = patients[row.patient_id].name if row.patient_id in patients else ""
        wait = walk_ins.minutes_until(expected, call.now) if expected else 0
        views.append(TicketView(row, ahead.get(row.id, 0), expected, wait, location.name, name))
    return sorted(views, key=lambda v: (v.row.status != QueueStatus.CALLED.value, ahead.get(v.row.id, 0), v.row.number))


def _view(call: Call, store: Store, location: LocationCopy, row: WalkIn) -> TicketView:
    """One of a queue: the others decide how long it waits."""
    if QueueStatus(row.status) not in ACTIVE:
        name = store.patients([row.patient_id])[row.patient_id].name if row.patient_id else ""
        return TicketView(row, 0, None, 0, location.name, name)
    rows = store.queue(location.id, row.day, ACTIVE)
    return next(view for view in _views(call, store, location, rows) if view.row.id == row.id)
