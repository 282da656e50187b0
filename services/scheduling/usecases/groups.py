"""Visits of several patients together: one claim on the practitioner and the rooms, and a seat for each patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.call import Call
from chassis.errors import NotFound
from scheduling import published
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.cells import Span, cell_at
from scheduling.domain.claims import Conflict, Demand, Ledger, Resource, Visit
from scheduling.domain.claims import ConflictReason as Reason
from scheduling.domain.visits import PENDING, Status
from scheduling.store import Store
from scheduling.stores.cells import Claim
from scheduling.stores.rules import type_of
from scheduling.tables import AppointmentTypeRow, LocationCopy
from scheduling.tables_booking_rules import GroupVisit
from scheduling.usecases import appointments, booking, guards, placing
from scheduling.usecases.errors import GroupCancelled, GroupFull, TooSoon
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.placing import Placed, Wanted


@dataclass(frozen=True)
class GroupView:
    """A group and how many seats are left."""

    row: GroupVisit
    seats_left: int


def open_group(call: Call, wanted: Wanted, seats: int, title: str) -> GroupView:
    """Takes the time for a group. Raises what holding raises."""
    store = Store(call.session)
    placing.lock_rules(store, wanted.practitioner_id, wanted.location_id)
    placed, conflicts = placing.place(call, store, [placing.candidate(call, store, wanted, call.new_id(), None)])
    if conflicts:
        raise placing.refusal([conflict for _, conflict in conflicts])
    got = placed[0]
    row = store.add(
        GroupVisit(
            id=got.visit.claim_id,
            appointment_type_id=got.visit.kind.id,
            practitioner_id=got.visit.practitioner.id,
            location_id=got.location.id,
            start_time=got.start,
            end_time=got.end,
            time_zone=got.location.time_zone,
            title=title,
            seats=seats,
            room_id=got.room_id,
            equipment_ids=got.equipment_ids,
            made_at=call.now,
        )
    )
    return GroupView(row, seats)


def book_seat(call: Call, group_id: UUID, patient_id: UUID, reason: str) -> AppointmentView:
    """Takes a seat and the patient's time. Raises GroupFull, GroupCancelled, PatientBusy, PatientNotBookable, TooSoon, NotFound."""
    store = Store(call.session)
    guards.bookable_patient(call, store, patient_id)
    # Shared with other bookings of seats; a cancellation of the group waits for them, and they for it.
    placing.lock_rules(store, group_id)
    row = _seen(call, store, group_id)
    if row.cancelled_at is not None:
        raise GroupCancelled
    if row.start_time <= call.now:
        raise TooSoon
    kind = type_of(store.need(AppointmentTypeRow, row.appointment_type_id, "appointment type"))
    location = store.need(LocationCopy, row.location_id, "location")
    span = Span(cell_at(row.start_time), cell_at(row.end_time))
    claim_id = call.new_id()
    seat = Demand(Resource(row.id, ResourceKind.GROUP, row.seats), span)
    demands = (seat, Demand(placing.patient_resource(patient_id), span))
    _take(call, store, claim_id, demands)
    visit = Visit(
        claim_id=claim_id,
        kind=kind,
        practitioner=Resource(row.practitioner_id, ResourceKind.PRACTITIONER),
        span=span,
        patient=placing.patient_resource(patient_id),
        pools={},
    )
    room = () if row.room_id is None else (Demand(Resource(row.room_id, ResourceKind.ROOM), span),)
    appointment = booking.write_appointment(
        call, store, Placed(visit, location, (*demands, *room)), patient_id, reason, None, group_visit_id=row.id
    )
    call.emit(published.of_status(appointment))
    return guards.describe_one(store, appointment)


def cancel_group(call: Call, group_id: UUID, reason: int, note: str, version: int) -> GroupView:
    """Cancels the group and all seats that have not begun, and frees its time. Raises NotFound, StaleVersion."""
    store = Store(call.session)
    store.lock_exclusive([group_id])
    row = store.lock(GroupVisit, group_id, "group visit")
    call.expect_version(row.version, version)
    if row.cancelled_at is None:
        for seat in store.seats_of(row.id):
            if Status(seat.status) in PENDING:
                appointments.cancel_row(call, store, seat, reason, note)
        row.cancelled_at = call.now
        store.give_back([row.id])
        store.session.flush()
    return GroupView(row, 0)


def get_group(call: Call, group_id: UUID) -> GroupView:
    """One group. Raises NotFound."""
    store = Store(call.session)
    return _views(store, [_seen(call, store, group_id)])[0]


def list_groups(
    call: Call, location_id: UUID, start_from: datetime | None, page_size: int, page_token: str
) -> tuple[list[GroupView], str]:
    """A page of coming groups of a location."""
    store = Store(call.session)
    rows, token = store.list_groups(
        location_id,
        start_from or call.now,
        online_only=guards.is_patient(call),
        page_size=page_size,
        page_token=page_token,
    )
    return _views(store, rows), token


def _seen(call: Call, store: Store, group_id: UUID) -> GroupVisit:
    row = store.need(GroupVisit, group_id, "group visit")
    if guards.is_patient(call):
        kind = store.get(AppointmentTypeRow, row.appointment_type_id)
        if kind is None or not kind.online_bookable:
            raise NotFound("group visit")
    return row


def _take(call: Call, store: Store, claim_id: UUID, demands: tuple[Demand, ...]) -> None:
    """Takes the seat and the patient's time, or says which is not to be had."""
    for _ in range(placing.ATTEMPTS):
        resources = [demand.resource.id for demand in demands]
        ledger = Ledger(store.occupied(resources, demands[0].span))
        for demand in demands:
            full = ledger.first_full(demand, claim_id)
            if full is not None and demand.resource.kind is ResourceKind.GROUP:
                raise GroupFull
            if full is not None:
                raise placing.refusal([Conflict(Reason.TAKEN, ResourceKind.PATIENT, demand.resource.id, cell=full)])
        if not store.take([Claim(claim_id, demands, {})]):
            return
    raise GroupFull


def _views(store: Store, rows: Sequence[GroupVisit]) -> list[GroupView]:
    taken = store.seats_taken([row.id for row in rows])
    return [GroupView(row, 0 if row.cancelled_at else row.seats - taken.get(row.id, 0)) for row in rows]
