"""The search through the bitmaps: everything that a visit needs, block by block, until enough has been found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from scheduling.domain import availability, bitmaps, people, search, zones
from scheduling.domain.appointment_types import (
    ROLES_OF_HELPERS,
    ROLES_OF_THINGS,
    AppointmentType,
    Modality,
    ResourceKind,
    Role,
)
from scheduling.domain.cells import Span, cell_containing, cells_of, first_cell_from
from scheduling.domain.people import Clinician
from scheduling.domain.places import Place
from scheduling.domain.search import Found, Starts, Tally
from scheduling.free_time import WorkingTime
from scheduling.stores.rules import Catalogue
from scheduling.usecases import asking as patients
from scheduling.usecases import suiting
from scheduling.usecases.asking import Asking
from scheduling.view import Sought, View

DEFAULT_DAYS = 30
MOST_DAYS = 120
DEFAULT_LIMIT = 50
# Locations whose place is not known come after all others.
FAR = float("inf")
NOBODY_KNOWN = Clinician(UUID(int=0))


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
    # The contract's SlotOrder.
    order: int = 0
    near: Place | None = None
    within_kilometres: float = 0.0
    pool_id: UUID | None = None
    # The visit that is to be moved: its own time counts as free.
    moving_id: UUID | None = None
    # Who is not looked for, whatever else is asked.
    without: frozenset[UUID] = frozenset()
    # Starts at or after, and before (aware); besides the days.
    start_from: datetime | None = None
    start_to: datetime | None = None
    # Of a pool: whose turn it is, the next one first. Each start is found once.
    turns: Mapping[UUID, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """A location that is searched: the UTC cells of its days, and who works there."""

    location_id: UUID
    zone: str
    days: Span
    people: list[WorkingTime]


def find(
    view: View, now: datetime, wanted: SlotSearch, kinds: Sequence[AppointmentType], asking: Asking = patients.NOBODY
) -> list[Found]:
    """The soonest starts of these types, block by block until there are enough."""
    sites = _sites(view, now, wanted)
    hull = _hull([site.days for site in sites], view.span)
    if hull is None:
        return []
    _load(view, sites, kinds)
    tally = Tally(wanted.limit or DEFAULT_LIMIT, wanted.limit_per_practitioner, distinct=bool(wanted.turns))
    found: list[Found] = []
    for block in search.blocks(hull, view.span.first):
        candidates: list[Starts] = []
        for kind in kinds:
            allowed: dict[str, int] = {}
            for site in sites:
                if site.zone not in allowed:
                    wished = _allowed(now, site.zone, wanted, kind, site.days, block)
                    allowed[site.zone] = wished and wished & asking.allowed(kind, site.zone, block)
                if allowed[site.zone]:
                    candidates += _candidates(view, kind, site, allowed[site.zone], block, asking, now)
        found += search.soonest(candidates, block.first, tally)
        if tally.done:
            break
    return found


def _sites(view: View, now: datetime, wanted: SlotSearch) -> list[Site]:
    """Where is searched, the nearest first."""
    found = [
        (FAR if distance is None else distance, Site(location_id, zone, _days(zone, now, wanted), staff))
        for location_id, zone, staff in _wanted_people(view, wanted)
        for distance in [_distance(view.catalogue, wanted, location_id)]
        if distance is not None or not wanted.within_kilometres
        if distance is None or not wanted.within_kilometres or distance <= wanted.within_kilometres
    ]
    return [site for _, site in (sorted(found, key=lambda one: one[0]) if wanted.near else found)]


def _distance(catalogue: Catalogue, wanted: SlotSearch, location_id: UUID) -> float | None:
    place = place_of(catalogue, location_id) if wanted.near else None
    return wanted.near.kilometres_to(place) if wanted.near and place else None


def place_of(catalogue: Catalogue, location_id: UUID) -> Place | None:
    """Where a location is, if that is known."""
    row = catalogue.locations[location_id]
    if row.latitude is None or row.longitude is None:
        return None
    return Place(row.latitude, row.longitude)


def _wanted_people(view: View, wanted: SlotSearch) -> Iterator[tuple[UUID, str, list[WorkingTime]]]:
    """(location, zone, people) of everybody who is looked for."""
    narrowed = (
        wanted.practitioner_ids or wanted.specialty or wanted.language or wanted.practitioner_sex or wanted.without
    )
    for location_id, everybody in view.working.items():
        if wanted.location_ids and location_id not in wanted.location_ids:
            continue
        here = [where for where in everybody if _is_wanted(view.catalogue, where, wanted)] if narrowed else everybody
        if here and wanted.turns:
            here = sorted(here, key=lambda where: wanted.turns[where.practitioner_id])
        if here:
            yield location_id, view.catalogue.locations[location_id].time_zone, here


def _load(view: View, sites: Sequence[Site], kinds: Sequence[AppointmentType]) -> None:
    """What the search will look at is read, as far as it is not known, in one query."""
    staff = [where for site in sites for where in site.people]
    for kind in kinds:
        if kind.asks_for_people:
            staff += [other for site in sites for role in kind.roles for other in _could_fill(view, site, role)]
    view.load(
        staff,
        [(site.location_id, role) for site in sites for kind in kinds for role in kind.roles],
        [
            counter
            for kind in kinds
            for where in (staff if kind.practitioner_limits else (one for one in staff if one.narrowed))
            for counter in where.counters(kind)
        ],
    )


def _could_fill(view: View, site: Site, role: Role) -> list[WorkingTime]:
    """Who of the location could fill a helper's role for some patient."""
    if role.kind not in ROLES_OF_HELPERS:
        return []
    specialty = people.INTERPRETER if role.kind is ResourceKind.INTERPRETER else role.resource_class.casefold()
    return [
        where
        for where in view.working[site.location_id]
        if specialty in view.catalogue.clinicians.get(where.practitioner_id, NOBODY_KNOWN).specialties
    ]


def _candidates(
    view: View, kind: AppointmentType, site: Site, allowed: int, block: Span, asking: Asking, now: datetime
) -> list[Starts]:
    """Where each practitioner can start this type of visit within the block, everything that it needs considered."""
    busy = asking.busy(block)
    new_patient = suiting.is_new(asking.person)
    personal = kind.asks_for_people or (kind.modality is Modality.VIDEO and asking.person is not None)
    same = 0 if kind.practitioner_durations or kind.lengths_differ else cells_of(kind.duration_minutes)
    known: dict[int, tuple[Sought, int]] = {}
    candidates = []
    for where in site.people:
        if kind.practitioner_ids and where.practitioner_id not in kind.practitioner_ids:
            continue
        duration = same or kind.duration_cells(where.practitioner_id, new_patient=new_patient)
        if duration not in known:
            sought = Sought.of(kind, duration, block, site.zone, now)
            free = availability.free_starts(busy, len(block), duration, 0, 0) if busy else -1
            known[duration] = sought, allowed & free & _things(view, site.location_id, sought)
        sought, elsewhere = known[duration]
        bits = elsewhere and elsewhere & view.possible(where, sought)
        if bits and personal:
            bits &= _of_people(view, site, where, sought, asking)
        if bits:
            candidates.append(Starts(where.practitioner_id, site.location_id, kind.id, duration, bits))
    return candidates


def _of_people(view: View, site: Site, where: WorkingTime, sought: Sought, asking: Asking) -> int:
    """Where the practitioner understands the patient and is licensed, and whoever else is needed is free and works there."""
    kind, block = sought.kind, sought.block
    clinician = view.catalogue.clinicians.get(where.practitioner_id, NOBODY_KNOWN)
    if not people.understands(kind, clinician, asking.person):
        return 0
    bits = patients.licensed_mask(kind, clinician, asking.person, site.zone, block)
    if bits and kind.asks_for_people:
        roles = suiting.helper_roles(people.needed_roles(kind, clinician, asking.person))
        bits &= _helpers(view, site, roles, where.practitioner_id, sought.shape[0], block, asking)
    return bits


def _helpers(
    view: View,
    site: Site,
    roles: Sequence[Role],
    practitioner_id: UUID,
    duration: int,
    block: Span,
    asking: Asking,
) -> int:
    """Where somebody else is free and works there for each of these roles, nobody in two of them."""
    free: list[dict[UUID, int]] = []
    for role in roles:
        shape = (duration, cells_of(role.buffer_before_minutes), cells_of(role.buffer_after_minutes))
        of_role = {}
        for other in _could_fill(view, site, role):
            helper = view.catalogue.clinicians[other.practitioner_id]
            if other.practitioner_id == practitioner_id or not people.fills(role, helper, asking.person):
                continue
            own = (
                duration,
                max(shape[1], cells_of(other.own.buffer_before_minutes)),
                max(shape[2], cells_of(other.own.buffer_after_minutes)),
            )
            of_role[other.practitioner_id] = view.starts(other, own, block)
        free.append(of_role)
    return _all_filled(free, frozenset())


def _all_filled(free: Sequence[Mapping[UUID, int]], used: frozenset[UUID]) -> int:
    if not free:
        return -1
    bits = 0
    for person, starts in free[0].items():
        if person not in used and starts & ~bits:
            bits |= starts & _all_filled(free[1:], used | {person})
    return bits


def _things(view: View, location_id: UUID, sought: Sought) -> int:
    """Where, for every role of things, some room or device of the location is free for the whole visit."""
    bits = -1
    for role in sought.kind.roles:
        if role.kind in ROLES_OF_THINGS:
            bits &= view.any_free(location_id, role, sought)
    return bits


def _is_wanted(catalogue: Catalogue, where: WorkingTime, wanted: SlotSearch) -> bool:
    if wanted.practitioner_ids and where.practitioner_id not in wanted.practitioner_ids:
        return False
    if where.practitioner_id in wanted.without:
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


def _hull(days: Iterable[Span], known: Span) -> Span | None:
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
    first = max(first, first_cell_from(wanted.start_from)) if wanted.start_from else first
    end = min(end, first_cell_from(wanted.start_to)) if wanted.start_to else end
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
