"""Free time as this process sees it: bitmaps per practitioner, room and device, kept between searches.

The cache is advisory, the primary key of the cells decides. It is nevertheless never stale when it is used: before each search it
reads, in one query, what has changed since it read last (`availability_change`), and reads only that again. A reader that
remembers the oldest transaction that was still running misses no change, however late it commits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from scheduling.domain import availability, bitmaps, limits, overbooking
from scheduling.domain.appointment_types import AppointmentType, Role
from scheduling.domain.availability import Reserve, WorkingRules
from scheduling.domain.cells import CELLS_PER_DAY, CELLS_PER_WEEK, Span, cell_containing, day_of_cell
from scheduling.domain.limits import Counter, ResourceRule
from scheduling.store import Store
from scheduling.stores.rows import NO_RULE
from scheduling.stores.rules import Catalogue

# How far back the bitmaps begin (a limit of the week counts from its Monday, zones differ), how far ahead they reach (the longest
# horizon of an appointment type and a margin), and after how many days they are begun anew.
DAYS_BACK = 8
DAYS_AHEAD = 404
REBASE_AFTER_DAYS = 14

# Cells of a visit and of its buffers before and after, and the first cell of a block.
Shape = tuple[int, int, int]
# Shape, block, the sessions whose reserved time may be used, and whether no other may.
Opened = tuple[Shape, int, frozenset[str], bool]
# Layers of an occupancy: a room or device is busy when its last lane is taken, a practitioner (as a rule) when anything is.
LAST, ALONE = -1, 0


@dataclass(slots=True)
class TakenTime:
    """What is taken of one practitioner, room, device or limit."""

    occupancy: bitmaps.Occupancy
    # Where visits fit, by shape, block and layer: worked out when first asked for, forgotten when something changes.
    free: dict[tuple[Shape, int, int], int] = field(default_factory=dict)
    # Of a limit: the cells of days and weeks that can take no more, by zone and block.
    full: dict[tuple[str, int], int] = field(default_factory=dict)
    changes: int = 0

    def changed(self) -> None:
        """What was worked out holds no more."""
        self.free.clear()
        self.full.clear()
        self.changes += 1


@dataclass(slots=True)
class WorkingTime:
    """When one practitioner works at one location; bit 0 is the tenant's base."""

    practitioner_id: UUID
    location_id: UUID
    rules: WorkingRules
    bits: int
    # What of it is reserved for sessions; what the clinic has set for the practitioner and for the location.
    reserves: tuple[Reserve, ...] = ()
    own: ResourceRule = NO_RULE
    place: ResourceRule = NO_RULE
    # The practitioner's taken time, once it has been read.
    taken: TakenTime | None = None
    # Where visits can start, by shape and block; of the practitioner's time as it was after so many changes.
    starts: dict[tuple[Shape, int], int] = field(default_factory=dict)
    # The same for sessions' types where time is reserved: up to where each reserve was released then, and the starts.
    opened: dict[Opened, tuple[tuple[int, ...], int]] = field(default_factory=dict)
    as_of: int = -1
    # (Further visits, cells that take so many more): where templates plan several at a time.
    levels: tuple[tuple[int, int], ...] = ()
    # The limits that visits of a type count for here, by type, as they were first asked for.
    counted: dict[UUID, tuple[Counter, ...]] = field(default_factory=dict)
    # Whether anything but working and taken time has to be looked at.
    narrowed: bool = False

    def ruled_by(self, own: ResourceRule, place: ResourceRule) -> None:
        """Takes what the clinic has set for the practitioner and the location."""
        self.own, self.place, self.counted = own, place, {}
        self.narrowed = bool(self.reserves) or own is not NO_RULE or place is not NO_RULE

    def counters(self, kind: AppointmentType) -> tuple[Counter, ...]:
        """The limits that a visit of this type here counts for, whoever the patient is."""
        found = self.counted.get(kind.id)
        if found is None:
            found = tuple(
                limits.practitioner_counters(
                    kind.practitioner_limits, kind.id, self.practitioner_id, self.own, self.location_id, self.place
                )
            )
            self.counted[kind.id] = found
        return found


class TenantCache:
    """The bitmaps of one tenant. Guarded by its lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.base = 0
        self.seen = 0
        self.catalogue: Catalogue | None = None
        self.working: dict[tuple[UUID, UUID], WorkingTime] = {}
        self.by_location: dict[UUID, list[WorkingTime]] = {}
        self.taken: dict[UUID, TakenTime] = {}
        self.lanes: dict[UUID, int] = {}

    @property
    def span(self) -> Span:
        """The cells that the bitmaps cover."""
        return Span(self.base, self.base + (DAYS_BACK + DAYS_AHEAD + REBASE_AFTER_DAYS) * CELLS_PER_DAY)

    def begin_anew(self, now: datetime) -> None:
        """Forgets everything."""
        first = cell_containing(now - timedelta(days=DAYS_BACK))
        self.base = first - first % CELLS_PER_WEEK
        self.catalogue = None
        self.working, self.taken = {}, {}

    def take_rules(self, catalogue: Catalogue) -> None:
        """Takes new rules; working time whose rules are as they were is kept as it was worked out."""
        self.catalogue = catalogue
        known, self.working, self.by_location = self.working, {}, {}
        for (practitioner_id, location_id), rules in sorted(catalogue.working.items()):
            kept = known.get((practitioner_id, location_id))
            if kept is None or kept.rules != rules:
                bits = availability.working_bits(rules, self.span)
                reserves = availability.reserves(rules, self.span)
                kept = WorkingTime(practitioner_id, location_id, rules, bits, reserves)
                kept.levels = overbooking.planned_levels(rules, self.span)
            kept.ruled_by(catalogue.rules.get(practitioner_id, NO_RULE), catalogue.rules.get(location_id, NO_RULE))
            self.working[practitioner_id, location_id] = kept
            self.by_location.setdefault(location_id, []).append(kept)
        self._count_lanes()

    def _count_lanes(self) -> None:
        """How many visits at a time each practitioner may have anywhere; what was counted with fewer lanes is counted anew."""
        self.lanes = {}
        for (practitioner_id, _), where in self.working.items():
            most = 1 + max((level for level, _ in where.levels), default=0)
            self.lanes[practitioner_id] = max(most, self.lanes.get(practitioner_id, 1))
        for (practitioner_id, _), where in self.working.items():
            if where.taken is not None and where.taken.occupancy.capacity != self.lanes[practitioner_id]:
                where.taken = None
                self.taken.pop(practitioner_id, None)


class View:
    """What a search may read while it holds the tenant's lock."""

    def __init__(self, tenant: TenantCache, store: Store, catalogue: Catalogue) -> None:
        self._tenant = tenant
        self._store = store
        self.catalogue = catalogue

    @property
    def span(self) -> Span:
        """The cells that can be read."""
        return self._tenant.span

    @property
    def working(self) -> dict[UUID, list[WorkingTime]]:
        """Who works at each location, in a steady order."""
        return self._tenant.by_location

    def load(
        self,
        people: Iterable[WorkingTime],
        pools: Iterable[tuple[UUID, Role]],
        counters: Iterable[Counter] = (),
    ) -> None:
        """Reads what has been taken of these people, pools and limits, as far as it is not known yet, in one query."""
        taken, span = self._tenant.taken, self._tenant.span
        new = [where for where in people if where.taken is None]
        lanes = self._tenant.lanes
        missing = {
            where.practitioner_id: lanes[where.practitioner_id] for where in new if where.practitioner_id not in taken
        }
        for key in pools:
            for resource in self.catalogue.pools.get(key, ()):
                known = taken.get(resource.id)
                if known is None or known.occupancy.capacity != resource.capacity:
                    missing[resource.id] = resource.capacity
        for counter in counters:
            known = taken.get(counter.id)
            if known is None or known.occupancy.capacity != counter.allowed:
                missing[counter.id] = counter.allowed
        occupied = self._store.occupied_stretches([(resource_id, span) for resource_id in missing])
        for resource_id, capacity in missing.items():
            taken[resource_id] = TakenTime(bitmaps.Occupancy(capacity))
        for resource_id, stretch in occupied:
            taken[resource_id].occupancy.add(stretch)
        for where in new:
            where.taken = taken[where.practitioner_id]

    def starts(self, where: WorkingTime, shape: Shape, block: Span) -> int:
        """Where a loaded practitioner can start a visit of this shape within the block: it lies in the working time, it and its
        buffers are free. Bit 0 is the block's first cell."""
        taken = where.taken
        if taken is None:
            return 0
        _forget_the_past(where, taken)
        key = (shape, block.first)
        bits = where.starts.get(key)
        if bits is None:
            working = bitmaps.section(where.bits, block.first - self._tenant.base, len(block) + shape[0])
            bits = bitmaps.runs(working, shape[0]) & _free(taken, shape, block, ALONE)
            where.starts[key] = bits
        return bits

    def open_starts(self, where: WorkingTime, shape: Shape, block: Span, kind: AppointmentType, now: datetime) -> int:
        """The same, of the time alone that visits of this type may use now."""
        taken = where.taken
        if taken is None:
            return 0
        _forget_the_past(where, taken)
        span = block.widened(0, shape[0])
        released = tuple(availability.released_until(one, now, span) for one in where.reserves)
        key = (shape, block.first, kind.sessions, kind.session_only)
        known = where.opened.get(key)
        if known is not None and known[0] == released:
            return known[1]
        usable = self._usable(where, span, kind, now)
        bits = bitmaps.runs(usable, shape[0]) & _free(taken, shape, block, ALONE)
        bits |= self.beside(where, shape, block, usable)
        where.opened[key] = (released, bits)
        return bits

    def beside(self, where: WorkingTime, shape: Shape, block: Span, usable: int = -1) -> int:
        """Where a loaded practitioner can start a visit beside others, as the templates plan it; no operation at all for most."""
        found, taken = 0, where.taken
        if where.levels and taken is not None:
            for level, cells in where.levels:
                working = bitmaps.section(cells, block.first - self._tenant.base, len(block) + shape[0]) & usable
                found |= bitmaps.runs(working, shape[0]) & _free(taken, shape, block, level)
        return found

    def full(self, counter: Counter, zone: str, block: Span) -> int:
        """The cells of the block whose local day or week takes no more visits that count for this limit."""
        taken = self._tenant.taken[counter.id]
        key = (zone, block.first)
        bits = taken.full.get(key)
        if bits is None:
            bits = limits.full_cells(taken.occupancy, counter.period, zone, block)
            taken.full[key] = bits
        return bits

    def openness(self, where: WorkingTime, block: Span, kind: AppointmentType, now: datetime) -> int:
        """The practitioner's time that is usable for visits of this type and not taken; bit 0 is the block's first cell."""
        taken = where.taken
        return self._usable(where, block, kind, now) & ~taken.occupancy.busy(block, ALONE) if taken is not None else 0

    def _usable(self, where: WorkingTime, span: Span, kind: AppointmentType, now: datetime) -> int:
        shift = span.first - self._tenant.base
        return availability.open_to(
            bitmaps.section(where.bits, shift, len(span)),
            [replace(one, bits=bitmaps.section(one.bits, shift, len(span))) for one in where.reserves],
            span.first,
            now,
            kind.sessions,
            only=kind.session_only,
        )

    def free(self, resource_id: UUID, shape: Shape, block: Span) -> int:
        """Where a loaded room or device has a lane free for a visit of this shape; bit 0 is the block's first cell."""
        return _free(self._tenant.taken[resource_id], shape, block)


def _forget_the_past(where: WorkingTime, taken: TakenTime) -> None:
    """What was worked out before the practitioner's time changed holds no more."""
    if where.as_of != taken.changes:
        where.starts.clear()
        where.opened.clear()
        where.as_of = taken.changes


def _free(taken: TakenTime, shape: Shape, block: Span, layer: int = LAST) -> int:
    key = (shape, block.first, layer)
    bits = taken.free.get(key)
    if bits is None:
        duration, before, after = shape
        busy = taken.occupancy.busy(block.widened(before, duration + after), layer)
        bits = availability.free_starts(busy, len(block), before + duration + after, 0, 0)
        taken.free[key] = bits
    return bits


class AvailabilityCache:
    """One per process, made in ``__main__``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tenants: dict[UUID, TenantCache] = {}

    @contextmanager
    def reading(self, store: Store, now: datetime) -> Iterator[View]:
        """The tenant's bitmaps, brought up to what this transaction sees."""
        with self._lock:
            tenant = self._tenants.setdefault(store.tenant_id, TenantCache())
        with tenant.lock:
            try:
                yield View(tenant, store, self._refresh(tenant, store, now))
            except BaseException:
                # Whatever broke off half-way is not trusted.
                tenant.seen = 0
                raise

    @staticmethod
    def _refresh(tenant: TenantCache, store: Store, now: datetime) -> Catalogue:
        changes = store.changes_since(tenant.seen)
        here = cell_containing(now)
        too_old = here - tenant.base > (DAYS_BACK + REBASE_AFTER_DAYS + 7) * CELLS_PER_DAY
        rules_changed = any(not len(span) for _, span in changes.stretches)
        if not tenant.seen or tenant.seen < changes.floor or too_old or here < tenant.base:
            tenant.begin_anew(now)
        else:
            _read_again(tenant, store, [(r, span) for r, span in changes.stretches if len(span)])
        if tenant.catalogue is None or rules_changed:
            tenant.take_rules(store.catalogue(day_of_cell(tenant.base)))
        tenant.seen = changes.seen
        if tenant.catalogue is None:
            raise RuntimeError("the rules have been read")
        return tenant.catalogue


def _read_again(tenant: TenantCache, store: Store, stretches: list[tuple[UUID, Span]]) -> None:
    """Forgets the stretches that changed, of resources that are known, and counts them anew."""
    dirty: dict[UUID, Span] = {}
    for resource_id, span in stretches:
        if resource_id in tenant.taken:
            known = dirty.get(resource_id, span)
            dirty[resource_id] = Span(min(known.first, span.first), max(known.end, span.end))
    occupied = store.occupied_stretches(list(dirty.items()))
    for resource_id, span in dirty.items():
        tenant.taken[resource_id].occupancy.clear(span)
        tenant.taken[resource_id].changed()
    for resource_id, span in occupied:
        clip = dirty[resource_id]
        first, end = max(span.first, clip.first), min(span.end, clip.end)
        tenant.taken[resource_id].occupancy.add(Span(first, max(first, end)))
