"""Visits of several patients together: one claim on the practitioner and the rooms, and a seat for each patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.call import Call
from chassis.errors import NotFound
from scheduling import published
from scheduling.domain import zones
from scheduling.domain.appointment_types import AppointmentType, ResourceKind
from scheduling.domain.cells import Span, cell_at
from scheduling.domain.claims import Conflict, Demand, Ledger, Resource, Visit
from scheduling.domain.claims import ConflictReason as Reason
from scheduling.domain.visits import PENDING, Status
from scheduling.store import Store
from scheduling.stores.cells import Claim
from scheduling.stores.rows import clinician_of, type_of
from scheduling.tables import AppointmentTypeRow, LocationCopy, PractitionerCopy
from scheduling.tables_booking_rules import GroupVisit
from scheduling.usecases import appointments, booking, guards, placing, refusals, suiting
from scheduling.usecases.errors import GroupCancelled, GroupFull, LimitReached, TooSoon
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
    placing.lock_rules(store, [wanted])
    placed, conflicts = placing.place(call, store, [placing.candidate(call, store, wanted, call.new_id(), None)])
    if conflicts:
        raise refusals.of([conflict for _, conflict in conflicts])
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
    """Takes a seat and the patient's time; the patient's limits, language and licence are asked as for any visit, the practitioner's
    limits were asked when the group was opened: it is one visit of theirs.

    Raises GroupFull, GroupCancelled, PatientBusy, PatientNotBookable, LimitReached, NotLicensed, LanguageNotSpoken, NotBookableOnline,
    TooSoon, NotFound.
    """
    store = Store(call.session)
    guards.bookable_patient(call, store, patient_id)
    # Shared with other bookings of seats; a cancellation of the group waits for them, and they for it.
    placing.lock_rules(store, [], groups=[group_id])
    row = _seen(call, store, group_id)
    placing.lock_rules(store, [], types=[row.appointment_type_id])
    if row.cancelled_at is not None:
        raise GroupCancelled
    if row.start_time <= call.now:
        raise TooSoon
    kind = type_of(store.need(AppointmentTypeRow, row.appointment_type_id, "appointment type"))
    location = store.need(LocationCopy, row.location_id, "location")
    span = Span(cell_at(row.start_time), cell_at(row.end_time))
    claim_id = call.new_id()
    day = zones.local_date(row.time_zone, span.first)
    _refuse_unsuited(call, store, row, kind, patient_id, claim_id)
    seat = Demand(Resource(row.id, ResourceKind.GROUP, row.seats), span)
    patient = Demand(placing.patient_resource(patient_id), span)
    demands = (seat, patient, *suiting.patient_demands(kind, patient_id, day))
    _take(store, claim_id, demands)
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


def _refuse_unsuited(
    call: Call, store: Store, row: GroupVisit, kind: AppointmentType, patient_id: UUID, claim_id: UUID
) -> None:
    """Raises the refusal of a patient whom the visit does not suit, or who has as many of the type ahead as they may."""
    cell = cell_at(row.start_time)
    person = suiting.person_for(call, store, patient_id, [kind])
    clinician = clinician_of(store.need(PractitionerCopy, row.practitioner_id, "practitioner"))
    day = zones.local_date(row.time_zone, cell)
    found = suiting.conflicts_of(kind, clinician, person, day, cell, online=guards.is_patient(call))
    further = suiting.further_ahead(store, kind, patient_id, claim_id, call.now)
    if further is not None and not further.left:
        found.append(suiting.too_many_ahead(patient_id))
    if found:
        raise refusals.of(found)


def _take(store: Store, claim_id: UUID, demands: tuple[Demand, ...]) -> None:
    """Takes the seat, the patient's time and their limits, or says which is not to be had."""
    for _ in range(placing.ATTEMPTS):
        ledger = Ledger([taken for one in demands for taken in store.occupied([one.resource.id], one.span)])
        for demand in demands:
            full = ledger.first_full(demand, claim_id)
            if full is None:
                continue
            if demand.resource.kind is ResourceKind.GROUP:
                raise GroupFull
            if demand.resource.kind is ResourceKind.LIMIT:
                raise LimitReached
            raise refusals.of([Conflict(Reason.TAKEN, ResourceKind.PATIENT, demand.resource.id, cell=full)])
        if not store.take([Claim(claim_id, demands, {})]):
            return
    raise GroupFull


def _views(store: Store, rows: Sequence[GroupVisit]) -> list[GroupView]:
    taken = store.seats_taken([row.id for row in rows])
    return [GroupView(row, 0 if row.cancelled_at else row.seats - taken.get(row.id, 0)) for row in rows]
