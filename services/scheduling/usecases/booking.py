"""Holding and booking time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import NotFound
from scheduling import figures, published
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.claims import Conflict, ConflictReason, Ledger, demand_of
from scheduling.domain.visits import Status, Step
from scheduling.store import Store
from scheduling.tables import Appointment, Hold, VisitStep
from scheduling.usecases import guards, placing, refusals
from scheduling.usecases.errors import HoldExpired, TooManyHolds
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.placing import Candidate, Placed, Wanted

DEFAULT_HOLD_MINUTES = 5
# However often it is renewed, a hold ends so long after it was made.
LONGEST_HOLD = timedelta(minutes=30)
HOLDS_OF_A_PATIENT = 3
HOLD_EXPIRE = "hold.expire"


@dataclass(frozen=True)
class HoldSlot:
    """A time to be kept for some minutes of business time (0: 5)."""

    wanted: Wanted
    patient_id: UUID | None
    minutes: int


@dataclass(frozen=True)
class Booking:
    """A visit to be booked; ``source`` is the id of a hold, or a time of its own."""

    patient_id: UUID
    source: UUID | Wanted
    reason: str

    @property
    def hold_id(self) -> UUID | None:
        """The hold, if it comes from one."""
        return self.source if isinstance(self.source, UUID) else None


@dataclass(frozen=True)
class Batch:
    """What became of several bookings: all of them, or the conflicts with the index of the booking."""

    views: list[AppointmentView]
    conflicts: list[tuple[int, Conflict]]


def hold(call: Call, command: HoldSlot) -> Hold:
    """Keeps a free time. Raises SlotTaken, PatientBusy, OutsideWorkingTime, TooSoon, TooFarAhead, TooManyHolds, NotFound, InvalidInput."""
    store = Store(call.session)
    if guards.is_patient(call):
        guards.own_patient(call, command.patient_id)
        if store.holds_of(call.principal.patient_ids, call.now) >= HOLDS_OF_A_PATIENT:
            raise TooManyHolds
    elif command.patient_id:
        guards.bookable_patient(call, store, command.patient_id)
    placing.lock_rules(store, [command.wanted])
    candidate = placing.candidate(call, store, command.wanted, call.new_id(), None, about=command.patient_id)
    if command.patient_id:
        _refuse_busy_patient(store, candidate, command.patient_id)
    placed, conflicts = placing.place(call, store, [candidate])
    if conflicts:
        raise refusals.of([conflict for _, conflict in conflicts])
    return keep(call, store, placed[0], command.patient_id, minutes=command.minutes or DEFAULT_HOLD_MINUTES)


def keep(
    call: Call, store: Store, placed: Placed, patient_id: UUID | None, *, minutes: int, waitlist: bool = False
) -> Hold:
    """Writes down the hold whose cells have been taken, and when it ends."""
    row = store.add(
        Hold(
            id=placed.visit.claim_id,
            appointment_type_id=placed.visit.kind.id,
            practitioner_id=placed.visit.practitioner.id,
            location_id=placed.location.id,
            patient_id=patient_id,
            start_time=placed.start,
            end_time=placed.end,
            made_at=call.now,
            expires_at=call.now + timedelta(minutes=minutes),
            minutes=minutes,
            waitlist=waitlist,
            room_id=placed.room_id,
            equipment_ids=placed.equipment_ids,
            helper_ids=placed.helper_ids,
        )
    )
    call.due.at(HOLD_EXPIRE, row.id, row.expires_at)
    return row


def renew(call: Call, hold_id: UUID) -> Hold:
    """Starts the hold's minutes anew, within the longest time. Raises NotFound, HoldExpired."""
    store = Store(call.session)
    row = _own_hold(call, store, hold_id)
    if row.expires_at <= call.now or row.waitlist:
        raise HoldExpired
    row.expires_at = min(call.now + timedelta(minutes=row.minutes), row.made_at + LONGEST_HOLD)
    call.due.at(HOLD_EXPIRE, row.id, row.expires_at)
    return row


def release(call: Call, hold_id: UUID) -> None:
    """Gives the time back; nothing happens when the hold is gone. Raises NotFound for somebody else's hold."""
    store = Store(call.session)
    if store.get(Hold, hold_id) is None:
        return
    row = _own_hold(call, store, hold_id)
    if not row.waitlist:
        end_hold(call, store, row.id)


def end_hold(call: Call, store: Store, hold_id: UUID) -> None:
    """Deletes a hold with its cells and its due work."""
    store.drop_holds([hold_id])
    call.due.cancel(HOLD_EXPIRE, hold_id)


def expire(call: Call, hold_id: UUID) -> None:
    """The hold's time has come: it is deleted unless it was renewed or booked meanwhile.

    Whoever books or renews it has locked the hold and is about to lock this very due item: waiting for them would be waiting in a
    circle, so the item is tried again in a moment. Raises Unavailable then.
    """
    store = Store(call.session)
    row = store.lock_hold(hold_id, wait=False)
    if row is None:
        return
    if row.expires_at > call.now:
        call.due.at(HOLD_EXPIRE, hold_id, row.expires_at)
    else:
        store.drop_holds([hold_id])


def book(call: Call, booking: Booking) -> AppointmentView:
    """Books one visit. Raises SlotTaken, PatientBusy, HoldExpired, OutsideWorkingTime, TooSoon, TooFarAhead, PatientNotBookable,
    NotFound, InvalidInput."""
    batch = book_all(call, [booking])
    if batch.conflicts:
        raise refusals.of([conflict for _, conflict in batch.conflicts])
    return batch.views[0]


def book_all(
    call: Call, bookings: Sequence[Booking], *, validate_only: bool = False, link_id: UUID | None = None
) -> Batch:
    """Books all visits in this transaction (as belonging together, with a link), or none and says every conflict. Raises HoldExpired,
    PatientNotBookable, NotFound, InvalidInput."""
    store = Store(call.session)
    for booking in bookings:
        guards.bookable_patient(call, store, booking.patient_id)
    wanted = [booking.source for booking in bookings if isinstance(booking.source, Wanted)]
    held = store.holds_by_id([booking.hold_id for booking in bookings if booking.hold_id])
    placing.lock_rules(store, wanted, types=[hold.appointment_type_id for hold in held])
    candidates = [_candidate(call, store, booking) for booking in bookings]
    if validate_only:
        return Batch([], _conflicts_of(call, store, candidates))
    placed, conflicts = placing.place(call, store, candidates)
    if conflicts:
        return Batch([], conflicts)
    rows = [_write(call, store, booking, got, link_id) for booking, got in zip(bookings, placed, strict=True)]
    return Batch([guards.describe_one(store, row) for row in rows], [])


def _conflicts_of(call: Call, store: Store, candidates: Sequence[Candidate]) -> list[tuple[int, Conflict]]:
    """What stands in the way, found by placing the visits and taking it back."""
    savepoint = call.savepoint()
    _, conflicts = placing.place(call, store, candidates)
    savepoint.rollback()
    return conflicts


def _candidate(call: Call, store: Store, booking: Booking) -> Candidate:
    if isinstance(booking.source, Wanted):
        return placing.candidate(call, store, booking.source, call.new_id(), booking.patient_id)
    row = store.lock_hold(booking.source)
    if row is None or row.expires_at <= call.now or row.waitlist:
        raise HoldExpired
    if guards.is_patient(call) and row.patient_id not in call.principal.patient_ids:
        raise HoldExpired(internal="the hold is somebody else's")
    return placing.held(call, store, row, booking.patient_id)


def _write(call: Call, store: Store, booking: Booking, placed: Placed, link_id: UUID | None) -> Appointment:
    held = None if booking.hold_id is None else store.get(Hold, booking.hold_id)
    row = write_appointment(call, store, placed, booking.patient_id, booking.reason, held, link_id=link_id)
    call.emit(published.of_status(row))
    return row


def write_appointment(
    call: Call, store: Store, placed: Placed, patient_id: UUID, reason: str, held: Hold | None, **belongs: object
) -> Appointment:
    """Writes down the visit whose cells have been taken; a hold that it came from ends in it.

    :param belongs: further columns: what the visit is a part of (a series, a link, a group visit)
    """
    kind = placed.visit.kind
    if held is not None:
        store.session.delete(held)
        store.session.flush()
        call.due.cancel(HOLD_EXPIRE, held.id)
    row = store.add(
        Appointment(
            id=placed.visit.claim_id,
            patient_id=patient_id,
            location_id=placed.location.id,
            practitioner_id=placed.visit.practitioner.id,
            appointment_type_id=kind.id,
            appointment_type_code=kind.code,
            appointment_type_name=kind.name,
            start_time=placed.start,
            end_time=placed.end,
            time_zone=placed.location.time_zone,
            modality=kind.modality.value,
            status=Status.BOOKED.value,
            reason=reason,
            room_id=held.room_id if held else placed.room_id,
            equipment_ids=held.equipment_ids if held else placed.equipment_ids,
            helper_ids=held.helper_ids if held else placed.helper_ids,
            booked_at=call.now,
            cancellation_reason=0,
            cancellation_note="",
            reschedule_count=0,
            overbooked=placed.overbooked or None,
            **belongs,
        )
    )
    note_step(call, store, row, "book", Status.BOOKED, Status.BOOKED, {})
    figures.booked(call)
    return row


def note_step(
    call: Call,
    store: Store,
    row: Appointment,
    step: Step | str,
    before: Status,
    after: Status,
    changed: dict[str, str | None],
) -> None:
    """Keeps the step: what, from where to where, when, who; ``changed`` is what undoing puts back."""
    store.add(
        VisitStep(
            appointment_id=row.id,
            patient_id=row.patient_id,
            step=step.value if isinstance(step, Step) else step,
            from_status=before.value,
            to_status=after.value,
            at=call.now,
            taken_by=call.principal.id,
            before=changed,
        )
    )


def _own_hold(call: Call, store: Store, hold_id: UUID) -> Hold:
    row = store.lock_hold(hold_id)
    if row is None or (guards.is_patient(call) and row.patient_id not in call.principal.patient_ids):
        raise NotFound("hold")
    return row


def _refuse_busy_patient(store: Store, candidate: Candidate, patient_id: UUID) -> None:
    demand = demand_of(candidate.visit, placing.patient_resource(patient_id))
    ledger = Ledger(store.occupied([patient_id], demand.span))
    full = ledger.first_full(demand, candidate.visit.claim_id)
    if full is not None:
        raise refusals.of([Conflict(ConflictReason.TAKEN, ResourceKind.PATIENT, patient_id, cell=full)])
