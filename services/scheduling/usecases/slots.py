"""Searching free time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling.cache import AvailabilityCache, View
from scheduling.domain import availability, bitmaps, search, zones
from scheduling.domain.appointment_types import AppointmentType, Role
from scheduling.domain.cells import CELLS_PER_DAY, Span, cell_containing, instant_at
from scheduling.domain.search import Pool, Provider, Question
from scheduling.store import Store
from scheduling.stores.rules import Catalogue
from scheduling.tables import PractitionerCopy
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
        catalogue = view.catalogue
        kinds = _kinds(call, catalogue, wanted)
        pairs = _pairs(catalogue, wanted)
        days = {
            location_id: _days(catalogue.locations[location_id].time_zone, call.now, wanted)
            for location_id in {location_id for _, location_id in pairs}
        }
        span = _span(view, list(days.values()))
        if span is None:
            return []
        questions = [_question(call, view, wanted, kind, pairs, days, span) for kind in kinds]
    if wanted.patient_id:
        taken = (occupied for _, _, occupied in store.occupied([wanted.patient_id], span))
        patient_busy = bitmaps.of_spans(taken, span.first)
        questions = [Question(q.kind, q.allowed, q.providers, q.pools, patient_busy) for q in questions]
    found = search.soonest(questions, wanted.limit or DEFAULT_LIMIT, wanted.limit_per_practitioner)
    by_id = {kind.id: kind for kind in kinds}
    return [_slot(catalogue, by_id[one.type_id], one, span) for one in found]


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


def _pairs(catalogue: Catalogue, wanted: SlotSearch) -> list[tuple[UUID, UUID]]:
    """Who works where and is wanted, as (practitioner, location)."""
    return [
        (practitioner_id, location_id)
        for practitioner_id, location_id in sorted(catalogue.working)
        if (not wanted.practitioner_ids or practitioner_id in wanted.practitioner_ids)
        and (not wanted.location_ids or location_id in wanted.location_ids)
        and _suits(catalogue.practitioners[practitioner_id], wanted)
    ]


def _suits(practitioner: PractitionerCopy, wanted: SlotSearch) -> bool:
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


def _span(view: View, days: list[Span]) -> Span | None:
    """One span for all locations, with a day around it for buffers and for visits across midnight."""
    wide = [span for span in days if len(span)]
    if not wide:
        return None
    first = max(min(span.first for span in wide) - CELLS_PER_DAY, view.span.first)
    end = min(max(span.end for span in wide) + CELLS_PER_DAY, view.span.end)
    return Span(first, end) if first < end else None


def _question(
    call: Call,
    view: View,
    wanted: SlotSearch,
    kind: AppointmentType,
    pairs: list[tuple[UUID, UUID]],
    days: dict[UUID, Span],
    span: Span,
) -> Question:
    pairs = [pair for pair in pairs if kind.offered_by(pair[0])]
    keys = {(location_id, role) for _, location_id in pairs for role in kind.roles}
    view.load({practitioner_id for practitioner_id, _ in pairs}, keys)
    return Question(
        kind=kind,
        allowed={
            location_id: _allowed(
                call.now, view.catalogue.locations[location_id].time_zone, wanted, kind, days[location_id], span
            )
            for location_id in {location_id for _, location_id in pairs}
        },
        providers=[Provider(p, where, view.working(p, where, span), view.busy(p, span)) for p, where in pairs],
        pools={key: _pool(view, key, span) for key in keys},
    )


def _pool(view: View, key: tuple[UUID, Role], span: Span) -> Pool:
    resources = view.catalogue.pools.get(key, ())
    return Pool(key[0], key[1], tuple(view.busy(resource.id, span) for resource in resources))


def _allowed(now: datetime, zone: str, wanted: SlotSearch, kind: AppointmentType, days: Span, span: Span) -> int:
    limits = availability.start_limits(now, zone, kind.minimum_notice_minutes, kind.horizon_days)
    wishes = availability.wished_starts(
        zone,
        span,
        every_minutes=kind.start_every_minutes,
        weekdays=wanted.weekdays,
        earliest_minute=wanted.earliest_minute,
        latest_minute=wanted.latest_minute,
    )
    first, end = max(limits.first, days.first), min(limits.end, days.end)
    return wishes & bitmaps.mask(first - span.first, end - span.first)


def _slot(catalogue: Catalogue, kind: AppointmentType, found: search.Found, span: Span) -> Slot:
    location = catalogue.locations[found.location_id]
    start = span.first + found.cell
    return Slot(
        kind=kind,
        practitioner_id=found.practitioner_id,
        practitioner_name=catalogue.practitioners[found.practitioner_id].name,
        location_id=location.id,
        location_name=location.name,
        time_zone=location.time_zone,
        start=instant_at(start),
        end=instant_at(start + found.duration),
    )
