"""Searching free time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling.cache import AvailabilityCache, View, WorkingTime
from scheduling.domain import availability, bitmaps, search, zones
from scheduling.domain.appointment_types import AppointmentType, ResourceKind
from scheduling.domain.cells import CELLS_PER_DAY, Span, cell_containing, instant_at
from scheduling.domain.search import Found, Starts, Tally
from scheduling.store import Store
from scheduling.stores.rules import Catalogue
from scheduling.usecases import guards

DEFAULT_DAYS = 30
MOST_DAYS = 120
DEFAULT_LIMIT = 50


@dataclass(frozen=True)
class SlotSearch:
    """What is looked for; empty fields do not narrow. Days and minutes are each location's wall clock."""

    type_ids: tuple[UUID, ...]
    practitioner_ids: frozenset[UUID] = frozenset()
    location_ids: frozenset[UUID] = frozenset()
    specialty: str = ""
    language: str = ""
    practitioner_sex: int = 0
    modality: int = 0
    first_day: date | None = None
    last_day: date | None = None
    earliest_minute: int = 0
    latest_minute: int = 0
    weekdays: tuple[int, ...] = ()
    patient_id: UUID | None = None
    limit: int = 0
    limit_per_practitioner: int = 0


@dataclass(frozen=True)
class Slot:
    """A time that books."""

    kind: AppointmentType
    practitioner_id: UUID
    practitioner_name: str
    location_id: UUID
    location_name: str
    time_zone: str
    start: datetime
    end: datetime


def search_slots(call: Call, cache: AvailabilityCache, wanted: SlotSearch) -> list[Slot]:
    """Free slots, soonest first. Raises InvalidInput, NotFound (appointment type, patient)."""
    store = Store(call.session)
    _refuse_bad_search(wanted)
    if wanted.patient_id:
        guards.own_patient(call, wanted.patient_id)
    with cache.reading(store, call.now) as view:
        kinds = _kinds(call, view.catalogue, wanted)
        found = find(view, call.now, wanted, kinds, lambda span: _patient_busy(store, wanted.patient_id, span))
        catalogue = view.catalogue
    by_id = {kind.id: kind for kind in kinds}
    return [_slot(catalogue, by_id[one.type_id], one) for one in found]


def find(
    view: View, now: datetime, wanted: SlotSearch, kinds: Sequence[AppointmentType], patient_busy: Callable[[Span], int]
) -> list[Found]:
    """The soonest starts of these types, block by block until there are enough; ``patient_busy`` tells the patient's time."""
    places = [
        Place(location_id, zone, _days(zone, now, wanted), people)
        for location_id, zone, people in _wanted_people(view, wanted)
    ]
    hull = _hull([place.days for place in places], view.span)
    if hull is None:
        return []
    roles = [role for kind in kinds for role in kind.roles]
    view.load(
        (where for place in places for where in place.people),
        [(place.location_id, role) for place in places for role in roles],
    )
    tally = Tally(wanted.limit or DEFAULT_LIMIT, wanted.limit_per_practitioner)
    found: list[Found] = []
    for block in search.blocks(hull, view.span.first):
        busy = patient_busy(block)
        candidates: list[Starts] = []
        for kind in kinds:
            allowed = {place.zone: _allowed(now, place.zone, wanted, kind, place.days, block) for place in places}
            for place in places:
                if allowed[place.zone]:
                    candidates += _candidates(view, kind, place, allowed[place.zone], block, busy)
        found += search.soonest(candidates, block.first, tally)
        if tally.done:
            break
    return found


@dataclass(frozen=True)
class Place:
    """A location that is searched: the UTC cells of its days, and who works there."""

    location_id: UUID
    zone: str
    days: Span
    people: list[WorkingTime]


def _wanted_people(view: View, wanted: SlotSearch) -> Iterator[tuple[UUID, str, list[WorkingTime]]]:
    """(location, zone, people) of everybody who is looked for."""
    narrowed = wanted.practitioner_ids or wanted.specialty or wanted.language or wanted.practitioner_sex
    for location_id, people in view.working.items():
        if wanted.location_ids and location_id not in wanted.location_ids:
            continue
        here = [where for where in people if _is_wanted(view.catalogue, where, wanted)] if narrowed else people
        if here:
            yield location_id, view.catalogue.locations[location_id].time_zone, here


def _candidates(
    view: View, kind: AppointmentType, place: Place, allowed: int, block: Span, patient_busy: int
) -> list[Starts]:
    """Where each practitioner can start this type of visit within the block, everything that it needs considered."""
    before, after = search.buffers(kind, ResourceKind.PRACTITIONER)
    elsewhere: dict[int, int] = {}
    candidates = []
    for where in place.people:
        if kind.practitioner_ids and where.practitioner_id not in kind.practitioner_ids:
            continue
        duration = kind.duration_cells(where.practitioner_id)
        if duration not in elsewhere:
            free = availability.free_starts(patient_busy, len(block), duration, 0, 0) if patient_busy else -1
            elsewhere[duration] = allowed & free & _roles(view, kind, place.location_id, duration, block)
        bits = elsewhere[duration] and elsewhere[duration] & view.starts(where, (duration, before, after), block)
        if bits:
            candidates.append(Starts(where.practitioner_id, place.location_id, kind.id, duration, bits))
    return candidates


def _roles(view: View, kind: AppointmentType, location_id: UUID, duration: int, block: Span) -> int:
    """Where, for every role, some room or device of the location is free for the whole visit."""
    bits = -1
    for role in kind.roles:
        before, after = search.buffers(kind, role.kind)
        any_free = 0
        for resource in view.catalogue.pools.get((location_id, role), ()):
            any_free |= view.free(resource.id, (duration, before, after), block)
        bits &= any_free
    return bits


def _patient_busy(store: Store, patient_id: UUID | None, block: Span) -> int:
    """The patient's booked time; bit 0 is the block's first cell. A visit may reach beyond the block."""
    if patient_id is None:
        return 0
    taken = store.occupied([patient_id], block.widened(0, CELLS_PER_DAY))
    return bitmaps.of_spans((span for _, _, span in taken), block.first)


def _refuse_bad_search(wanted: SlotSearch) -> None:
    problems = []
    if wanted.first_day and wanted.last_day:
        if wanted.last_day < wanted.first_day:
            problems.append(Violation("dates.end", "must not be before the start"))
        elif wanted.last_day - wanted.first_day >= timedelta(days=MOST_DAYS):
            problems.append(Violation("dates.end", f"must be less than {MOST_DAYS} days after the start"))
    if wanted.latest_minute and wanted.latest_minute < wanted.earliest_minute:
        problems.append(Violation("latest_minute", "must not be before earliest_minute"))
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


def _is_wanted(catalogue: Catalogue, where: WorkingTime, wanted: SlotSearch) -> bool:
    if wanted.practitioner_ids and where.practitioner_id not in wanted.practitioner_ids:
        return False
    practitioner = catalogue.practitioners[where.practitioner_id]
    return (
        (not wanted.specialty or wanted.specialty.casefold() in (s.casefold() for s in practitioner.specialties))
        and (not wanted.language or wanted.language.casefold() in (x.casefold() for x in practitioner.languages))
        and (not wanted.practitioner_sex or wanted.practitioner_sex == practitioner.sex)
    )


def _days(zone: str, now: datetime, wanted: SlotSearch) -> Span:
    """The UTC cells of the days searched at a location of this zone."""
    first = max(wanted.first_day or date.min, zones.local_date(zone, cell_containing(now)))
    last = wanted.last_day or (wanted.first_day or first) + timedelta(days=DEFAULT_DAYS)
    last = max(min(last, first + timedelta(days=MOST_DAYS)), first - timedelta(days=1))
    begin = zones.day_span(zone, first).first
    return Span(begin, max(zones.day_span(zone, last).end, begin))


def _hull(days: Sequence[Span], known: Span) -> Span | None:
    """One span for all locations, as far as the bitmaps reach."""
    wide = [span for span in days if len(span)]
    if not wide:
        return None
    first = max(min(span.first for span in wide), known.first)
    end = min(max(span.end for span in wide), known.end)
    return Span(first, end) if first < end else None


def _allowed(now: datetime, zone: str, wanted: SlotSearch, kind: AppointmentType, days: Span, block: Span) -> int:
    """The cells of the block at which a search may offer a start there: limits of the type, days and wishes."""
    limits = availability.start_limits(now, zone, kind.minimum_notice_minutes, kind.horizon_days)
    first, end = max(limits.first, days.first), min(limits.end, days.end)
    if first >= block.end or end <= block.first:
        return 0
    wishes = availability.wished_starts(
        zone,
        block,
        every_minutes=kind.start_every_minutes,
        weekdays=wanted.weekdays,
        earliest_minute=wanted.earliest_minute,
        latest_minute=wanted.latest_minute,
    )
    return wishes & bitmaps.mask(first - block.first, end - block.first)


def _slot(catalogue: Catalogue, kind: AppointmentType, found: Found) -> Slot:
    location = catalogue.locations[found.location_id]
    return Slot(
        kind=kind,
        practitioner_id=found.practitioner_id,
        practitioner_name=catalogue.practitioners[found.practitioner_id].name,
        location_id=location.id,
        location_name=location.name,
        time_zone=location.time_zone,
        start=instant_at(found.cell),
        end=instant_at(found.cell + found.duration),
    )
