"""Searching free time: the soonest, or in another order, and what would fit when nothing does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling.cache import AvailabilityCache
from scheduling.domain import fairness, visits
from scheduling.domain.appointment_types import AppointmentType
from scheduling.domain.cells import instant_at
from scheduling.domain.search import Found
from scheduling.domain.visits import Status, Step
from scheduling.moving_view import MovingView
from scheduling.store import Store
from scheduling.stores.rules import Catalogue
from scheduling.tables import Appointment
from scheduling.usecases import guards, slot_order
from scheduling.usecases.asking import NOBODY, Asking, asking_for, asking_to_move
from scheduling.usecases.errors import SeatOfAGroup, WrongStatus
from scheduling.usecases.finding import MOST_DAYS, SlotSearch, find, place_of
from scheduling.view import View

__all__ = ["NOBODY", "SlotSearch", "find"]

ALTERNATIVES_EACH = 5
# A pool's turns are counted over the visits of so many days before and after now.
FAIR_OVER = timedelta(days=28)


class Order(Enum):
    """How slots are put; the values are the proto's SlotOrder."""

    SOONEST = 0
    CONTINUITY = 1
    LEAST_FRAGMENTATION = 2


class Wish(Enum):
    """What a search may give up; the values are the proto's."""

    TIME_OF_DAY = 1
    WEEKDAYS = 2
    PRACTITIONER = 3
    LOCATION = 4
    DATES = 5
    ALL = 6


@dataclass(frozen=True)
class Slot:
    """A time that books. ``kilometres`` is None unless a search asked from somewhere."""

    kind: AppointmentType
    practitioner_id: UUID
    practitioner_name: str
    location_id: UUID
    location_name: str
    time_zone: str
    start: datetime
    end: datetime
    kilometres: float | None = None
    usual_practitioner: bool = False
    wasted_minutes: int = 0


@dataclass(frozen=True)
class SearchResult:
    """What fits; when nothing does, what would if one wish were given up."""

    slots: list[Slot]
    alternatives: list[tuple[Wish, list[Slot]]]


def search_slots(call: Call, cache: AvailabilityCache, wanted: SlotSearch) -> list[Slot]:
    """Free slots. Raises InvalidInput, NotFound (appointment type, patient, pool), NotBookableOnline."""
    return _search(call, cache, wanted, alternatives=False).slots


def search(call: Call, cache: AvailabilityCache, wanted: SlotSearch) -> SearchResult:
    """Free slots and, when there are none, alternatives. Raises what ``search_slots`` raises."""
    return _search(call, cache, wanted, alternatives=True)


def _search(call: Call, cache: AvailabilityCache, wanted: SlotSearch, *, alternatives: bool) -> SearchResult:
    store = Store(call.session)
    _refuse_bad_search(wanted)
    if wanted.patient_id:
        guards.own_patient(call, wanted.patient_id)
    moving = _to_be_moved(call, store, wanted)
    with cache.reading(store, call.now) as known:
        view, kinds = known, _kinds(call, known.catalogue, wanted)
        if moving is None:
            asking, possible = asking_for(call, store, wanted.patient_id, kinds)
        else:
            view = MovingView(
                known, store, moving.id, {r: span for r, (_, span) in store.claim_spans(moving.id).items()}
            )
            possible = [kind for kind in kinds if kind.id == moving.appointment_type_id]
            asking = asking_to_move(call, store, moving.patient_id, moving.id, possible)
        wanted = _of_pool(call, store, view.catalogue, wanted)
        slots = _ordered(call, store, view, wanted, possible, asking)
        given_up: list[tuple[Wish, list[Slot]]] = []
        if alternatives and not slots:
            few = replace(wanted, limit=ALTERNATIVES_EACH, limit_per_practitioner=0, order=Order.SOONEST.value)
            for wish, relaxed in relaxations(few):
                other = _ordered(call, store, view, relaxed, possible, asking)
                given_up += [(wish, other)] if other else []
    return SearchResult(slots, given_up)


def _to_be_moved(call: Call, store: Store, wanted: SlotSearch) -> Appointment | None:
    """The visit that a search is to find another time for. Raises NotFound, WrongStatus, SeatOfAGroup, InvalidInput."""
    if wanted.moving_id is None:
        return None
    row = guards.seen_appointment(call, store, wanted.moving_id)
    if visits.after(Status(row.status), Step.MOVE) is None:
        raise WrongStatus(internal=Status(row.status).name)
    if row.group_visit_id is not None:
        raise SeatOfAGroup
    if row.appointment_type_id not in wanted.type_ids:
        raise InvalidInput([Violation("appointment_type_ids", "must hold the type of the visit that is moved")])
    if wanted.patient_id not in (None, row.patient_id):
        raise InvalidInput([Violation("patient_id", "must be that of the visit that is moved")])
    return row


def relaxations(wanted: SlotSearch) -> list[tuple[Wish, SlotSearch]]:
    """The same search with one of its wishes given up, for each that it has; at last with all of them but the dates."""
    found: list[tuple[Wish, SlotSearch]] = []
    if wanted.earliest_minute or wanted.latest_minute:
        found.append((Wish.TIME_OF_DAY, replace(wanted, earliest_minute=0, latest_minute=0)))
    if wanted.weekdays:
        found.append((Wish.WEEKDAYS, replace(wanted, weekdays=())))
    if wanted.practitioner_ids or wanted.specialty or wanted.language or wanted.practitioner_sex:
        found.append((Wish.PRACTITIONER, _with_anybody(wanted)))
    if wanted.location_ids or wanted.within_kilometres:
        found.append((Wish.LOCATION, _anywhere(wanted)))
    if wanted.last_day:
        first = wanted.first_day or wanted.last_day
        found.append((Wish.DATES, replace(wanted, last_day=first + timedelta(days=MOST_DAYS - 1))))
    if sum(wish is not Wish.DATES for wish, _ in found) > 1:
        none = replace(_anywhere(_with_anybody(wanted)), earliest_minute=0, latest_minute=0, weekdays=())
        found.append((Wish.ALL, none))
    return found


def _with_anybody(wanted: SlotSearch) -> SlotSearch:
    return replace(
        wanted, practitioner_ids=frozenset(), specialty="", language="", practitioner_sex=0, pool_id=None, turns={}
    )


def _anywhere(wanted: SlotSearch) -> SlotSearch:
    return replace(wanted, location_ids=frozenset(), within_kilometres=0.0)


def _ordered(
    call: Call, store: Store, view: View, wanted: SlotSearch, kinds: Sequence[AppointmentType], asking: Asking
) -> list[Slot]:
    by_id = {kind.id: kind for kind in kinds}
    order = Order(wanted.order)
    if order is Order.CONTINUITY and asking.person is not None:
        usual = slot_order.usual_practitioner(store, asking.person.id, call.now)
        found = slot_order.usual_first(view, call.now, wanted, kinds, asking, usual)
        return [
            replace(_slot(view.catalogue, by_id, wanted, one), usual_practitioner=one.practitioner_id == usual)
            for one in found
        ]
    if order is Order.LEAST_FRAGMENTATION:
        return [
            replace(_slot(view.catalogue, by_id, wanted, one), wasted_minutes=minutes)
            for one, minutes in slot_order.least_fragmenting(view, call.now, wanted, kinds, asking)
        ]
    return [_slot(view.catalogue, by_id, wanted, one) for one in find(view, call.now, wanted, kinds, asking)]


def _of_pool(call: Call, store: Store, catalogue: Catalogue, wanted: SlotSearch) -> SlotSearch:
    """The search among a pool's members, with whose turn it is. Raises NotFound."""
    if wanted.pool_id is None:
        return wanted
    weights = catalogue.practitioner_pools.get(wanted.pool_id)
    if weights is None:
        raise NotFound("practitioner pool")
    members = frozenset(weights) & wanted.practitioner_ids if wanted.practitioner_ids else frozenset(weights)
    loads = store.loads_of(weights, call.now - FAIR_OVER, call.now + FAIR_OVER)
    turns = {member: turn for turn, member in enumerate(fairness.by_turn(weights, loads))}
    return replace(wanted, practitioner_ids=members or frozenset({wanted.pool_id}), turns=turns)


def _refuse_bad_search(wanted: SlotSearch) -> None:
    problems = []
    if wanted.first_day and wanted.last_day:
        if wanted.last_day < wanted.first_day:
            problems.append(Violation("dates.end", "must not be before the start"))
        elif wanted.last_day - wanted.first_day >= timedelta(days=MOST_DAYS):
            problems.append(Violation("dates.end", f"must be less than {MOST_DAYS} days after the start"))
    if wanted.latest_minute and wanted.latest_minute < wanted.earliest_minute:
        problems.append(Violation("latest_minute", "must not be before earliest_minute"))
    if wanted.order == Order.CONTINUITY.value and wanted.patient_id is None:
        problems.append(Violation("patient_id", "is required for slots in the order of continuity"))
    if problems:
        raise InvalidInput(problems)


def _kinds(call: Call, catalogue: Catalogue, wanted: SlotSearch) -> list[AppointmentType]:
    kinds = []
    for type_id in wanted.type_ids:
        kind = catalogue.types.get(type_id)
        if kind is None or (guards.is_patient(call) and not kind.online_bookable):
            raise NotFound("appointment type")
        if not wanted.modality or kind.modality.value == wanted.modality:
            kinds.append(kind)
    return kinds


def _slot(catalogue: Catalogue, kinds: dict[UUID, AppointmentType], wanted: SlotSearch, found: Found) -> Slot:
    location = catalogue.locations[found.location_id]
    place = place_of(catalogue, location.id) if wanted.near else None
    return Slot(
        kind=kinds[found.type_id],
        practitioner_id=found.practitioner_id,
        practitioner_name=catalogue.practitioners[found.practitioner_id].name,
        location_id=location.id,
        location_name=location.name,
        time_zone=location.time_zone,
        start=instant_at(found.cell),
        end=instant_at(found.cell + found.duration),
        kilometres=wanted.near.kilometres_to(place) if wanted.near and place else None,
    )
