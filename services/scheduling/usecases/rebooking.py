"""What a change of availability does to booked visits: planned, applied and undone as one thing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from scheduling.domain import availability, bitmaps, rebooking
from scheduling.domain.cells import Span, cell_at, day_of_cell
from scheduling.domain.visits import PENDING, Status
from scheduling.store import Store
from scheduling.stores.rebookings import columns_of, restored
from scheduling.tables import Appointment, LocationCopy, RescheduleRequest, ScheduleExceptionRow, ScheduleTemplateRow
from scheduling.tables_rebooking import Rebooking, RebookingItem
from scheduling.usecases import guards, moving, schedules
from scheduling.usecases.errors import AvailabilityChanged, RebookingClosed
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.openings import Openings, place_somewhere
from scheduling.usecases.placing import Wanted

DEFAULT_WITHIN_DAYS = 14
MOST_VISITS = 500
# What `Change.make` answers: the template or exception that was changed, and the visits left outside.
Made = tuple[UUID, list[UUID]]


class ChangeKind(Enum):
    """What is changed; the values are those of the contract's oneof."""

    CREATE_EXCEPTION = 1
    UPDATE_TEMPLATE = 2
    DELETE_TEMPLATE = 3


class PlanStatus(Enum):
    """Where a plan stands; the values are the proto's."""

    PROPOSED = 1
    APPLIED = 2
    UNDONE = 3


class Outcome(Enum):
    """What became of a visit; the values are the proto's."""

    PROPOSED = 1
    NO_PLACE = 2
    MOVED = 3
    LEFT = 4
    MOVED_BACK = 5
    CHANGED_SINCE = 6
    TIME_TAKEN = 7


@dataclass(frozen=True)
class Change:
    """A change of availability: how it is written down, and how it is made (in the transaction of the call)."""

    kind: ChangeKind
    stored: dict[str, Any]
    template_id: UUID | None
    make: Callable[[Call], Made]


@dataclass(frozen=True)
class PlanView:
    """A plan with its visits as they are now."""

    row: Rebooking
    items: list[tuple[RebookingItem, AppointmentView]]


def plan(call: Call, change: Change, within_days: int, *, others: bool) -> PlanView:
    """Writes down which visits the change leaves outside, and where each could go. Raises InvalidInput, NotFound, StaleVersion."""
    store = Store(call.session)
    row = store.add(
        Rebooking(
            change_kind=change.kind.value,
            change=change.stored,
            before=_before(store, change),
            status=PlanStatus.PROPOSED.value,
            within_days=within_days or DEFAULT_WITHIN_DAYS,
            others_allowed=others,
            planned_at=call.now,
            planned_by=call.principal.id,
        )
    )
    _propose(call, store, row, change, _affected(call, store, change))
    return _view(store, row)


def apply(call: Call, rebooking_id: UUID, version: int, leave: Collection[UUID], change_of: ChangeOf) -> PlanView:
    """Makes the change and the moves, or plans anew when something has changed since. Raises NotFound, StaleVersion, RebookingClosed."""
    store = Store(call.session)
    row = _locked(call, store, rebooking_id, version, PlanStatus.PROPOSED)
    change = change_of(row)
    items = {item.appointment_id: item for item in store.items_of(row.id)}
    visits = _affected(call, store, change)
    if {(visit.id, visit.start_time) for visit in visits} != {(i.appointment_id, i.from_start) for i in items.values()}:
        return _planned_anew(call, store, row, change, visits)
    moves = [(visit, _target(visit, items[visit.id])) for visit in visits if _goes(items[visit.id], leave)]
    savepoint = call.savepoint()
    target_id, _ = change.make(call)
    if moves and moving.move_all(call, store, moves):
        savepoint.rollback()
        return _planned_anew(call, store, row, change, _affected(call, store, change))
    savepoint.commit()
    moved = {visit.id for visit, _ in moves}
    for visit in visits:
        item = items[visit.id]
        item.outcome = (Outcome.MOVED if visit.id in moved else Outcome.LEFT).value
        item.version_after = visit.version
        if visit.id not in moved:
            _ask_for_another_time(call, store, visit)
    row.status, row.applied_at = PlanStatus.APPLIED.value, call.now
    row.target_id, row.target_version = target_id, _version_of(store, target_id)
    store.session.flush()
    return _view(store, row)


def undo(call: Call, rebooking_id: UUID, version: int) -> PlanView:
    """Takes the change back, and the moves as far as they still can be. Raises NotFound, StaleVersion, RebookingClosed,
    AvailabilityChanged."""
    store = Store(call.session)
    row = _locked(call, store, rebooking_id, version, PlanStatus.APPLIED)
    _restore_availability(call, store, row)
    items = {item.appointment_id: item for item in store.items_of(row.id)}
    moves = []
    for visit in store.lock_appointments(items):
        item = items[visit.id]
        if item.outcome == Outcome.LEFT.value:
            store.close_requests(visit.id, call.now)
        elif Status(visit.status) not in PENDING or visit.version != item.version_after:
            item.outcome = Outcome.CHANGED_SINCE.value
        else:
            back = Wanted(visit.appointment_type_id, item.from_practitioner_id, item.from_location_id, item.from_start)
            moves.append((visit, back))
    while moves:
        conflicts = {index for index, _ in moving.move_all(call, store, moves)}
        for index, (visit, _) in enumerate(moves):
            outcome = Outcome.TIME_TAKEN if index in conflicts else Outcome.MOVED_BACK
            items[visit.id].outcome = outcome.value
        if not conflicts:
            break
        moves = [move for index, move in enumerate(moves) if index not in conflicts]
    row.status, row.undone_at = PlanStatus.UNDONE.value, call.now
    store.session.flush()
    return _view(store, row)


def get(call: Call, rebooking_id: UUID) -> PlanView:
    """One plan. Raises NotFound."""
    store = Store(call.session)
    return _view(store, store.need(Rebooking, rebooking_id, "rebooking"))


def list_rebookings(call: Call, page_size: int, page_token: str) -> tuple[list[Rebooking], str]:
    """A page of plans, newest first."""
    return Store(call.session).list_rebookings(page_size, page_token)


# ---- inside ----------------------------------------------------------------------------------------------------------

ChangeOf = Callable[[Rebooking], Change]


def _affected(call: Call, store: Store, change: Change) -> list[Appointment]:
    """The visits, locked, that the change would leave outside the working time and that lie within it now."""
    savepoint = call.savepoint()
    _, ids = change.make(call)
    savepoint.rollback()
    if len(ids) > MOST_VISITS:
        raise InvalidInput([Violation("change", f"affects more than {MOST_VISITS} visits; plan it in parts")])
    visits = [visit for visit in store.lock_appointments(ids) if Status(visit.status) in PENDING]
    return sorted((v for v in visits if _lies_within(store, v)), key=lambda v: (v.start_time, v.id))


def _lies_within(store: Store, row: Appointment) -> bool:
    span = Span(cell_at(row.start_time), cell_at(row.end_time))
    location = store.get(LocationCopy, row.location_id)
    if location is None:
        return False
    rules = store.working_rules(row.practitioner_id, location, day_of_cell(span.first) - timedelta(days=1))
    return bool(bitmaps.runs(availability.working_bits(rules, span), len(span)) & 1)


def _propose(call: Call, store: Store, row: Rebooking, change: Change, visits: Sequence[Appointment]) -> None:
    """Writes an item for each visit: each place is found by really booking it there, beside those found before, and taken back."""
    within, others = row.within_days, row.others_allowed
    savepoint = call.savepoint()
    change.make(call)
    store.give_back([visit.id for visit in visits])
    openings = Openings(store, call.now, {visit.id for visit in visits})
    found = [place_somewhere(call, store, openings, visit, within, others=others) for visit in visits]
    savepoint.rollback()
    for visit, got in zip(visits, found, strict=True):
        store.add(
            RebookingItem(
                rebooking_id=row.id,
                appointment_id=visit.id,
                patient_id=visit.patient_id,
                from_start=visit.start_time,
                from_practitioner_id=visit.practitioner_id,
                from_location_id=visit.location_id,
                to_start=rebooking.start_of(got[0]) if got else None,
                to_practitioner_id=got[0].practitioner_id if got else None,
                to_location_id=visit.location_id if got else None,
                explanation=got[1] if got else _why_nowhere(visit, within),
                outcome=(Outcome.PROPOSED if got else Outcome.NO_PLACE).value,
            )
        )


def _why_nowhere(visit: Appointment, within_days: int) -> str:
    if visit.group_visit_id is not None:
        return "a seat of a group visit: cancel the group, or open it at another time"
    return f"nothing free within {within_days} days"


def _planned_anew(call: Call, store: Store, row: Rebooking, change: Change, visits: Sequence[Appointment]) -> PlanView:
    store.forget_items(row.id)
    row.planned_at, row.before = call.now, _before(store, change)
    store.renew(row)
    _propose(call, store, row, change, visits)
    return _view(store, row)


def _goes(item: RebookingItem, leave: Collection[UUID]) -> bool:
    return item.outcome == Outcome.PROPOSED.value and item.appointment_id not in leave


def _target(visit: Appointment, item: RebookingItem) -> Wanted:
    if item.to_start is None or item.to_practitioner_id is None or item.to_location_id is None:
        raise InvalidInput([Violation("rebooking_id", "has a visit without a place")])
    return Wanted(visit.appointment_type_id, item.to_practitioner_id, item.to_location_id, item.to_start)


def _ask_for_another_time(call: Call, store: Store, visit: Appointment) -> None:
    if not store.open_requests([visit.id]):
        store.add(
            RescheduleRequest(
                appointment_id=visit.id,
                patient_id=visit.patient_id,
                location_id=visit.location_id,
                requested_at=call.now,
            )
        )


def _before(store: Store, change: Change) -> dict[str, Any]:
    """The template as it is, for whoever undoes the change."""
    if change.template_id is None:
        return {}
    return columns_of(store.need(ScheduleTemplateRow, change.template_id, "schedule template"))


def _version_of(store: Store, target_id: UUID) -> int | None:
    row = store.get(ScheduleTemplateRow, target_id) or store.get(ScheduleExceptionRow, target_id)
    return None if row is None else int(row.version)


def _restore_availability(call: Call, store: Store, row: Rebooking) -> None:
    if row.target_id is None:
        raise RebookingClosed
    if _version_of(store, row.target_id) != row.target_version:
        raise AvailabilityChanged
    if ChangeKind(row.change_kind) is ChangeKind.CREATE_EXCEPTION:
        schedules.delete_exception(call, row.target_id)
        return
    columns = restored(row.before)
    store.lock_exclusive([columns["practitioner_id"]])
    template = store.get(ScheduleTemplateRow, row.target_id)
    if template is None:
        store.add(ScheduleTemplateRow(**columns))
    else:
        _set(template, columns)
    store.session.flush()
    store.note_rules_changed(columns["practitioner_id"])


def _set(template: ScheduleTemplateRow, columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        if name != "id":
            setattr(template, name, value)


def _locked(call: Call, store: Store, rebooking_id: UUID, version: int, status: PlanStatus) -> Rebooking:
    row = store.lock(Rebooking, rebooking_id, "rebooking")
    call.expect_version(row.version, version)
    if PlanStatus(row.status) is not status:
        raise RebookingClosed(internal=PlanStatus(row.status).name)
    return row


def _view(store: Store, row: Rebooking) -> PlanView:
    items = store.items_of(row.id)
    visits = guards.describe(store, store.appointments_by_id([item.appointment_id for item in items]))
    by_id = {view.row.id: view for view in visits}
    return PlanView(row, [(item, by_id[item.appointment_id]) for item in items if item.appointment_id in by_id])
