"""What a search reads of a tenant's bitmaps: each answer is worked out once and kept until what it follows from changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from scheduling.domain import availability, bitmaps, limits, search
from scheduling.domain.appointment_types import AppointmentType, ResourceKind, Role
from scheduling.domain.cells import Span, cells_of
from scheduling.domain.limits import Counter
from scheduling.free_time import ALONE, LAST, MOST_WORKED_OUT, Shape, TakenTime, TenantCache, WorkingTime
from scheduling.store import Store
from scheduling.stores.rules import Catalogue


@dataclass(frozen=True, slots=True)
class Sought:
    """Visits of a type that take so long, of which the starts in a block are sought.

    ``shape`` has the type's own buffers; ``key`` says which visits and block these are; ``minute`` is the present one: reserves are
    released by the minute.
    """

    kind: AppointmentType
    shape: Shape
    block: Span
    zone: str
    now: datetime
    key: tuple[int, ...]
    minute: int

    @classmethod
    def of(cls, kind: AppointmentType, duration: int, block: Span, zone: str, now: datetime) -> Sought:
        """Visits of ``duration`` cells, at a location of this zone, at the instant ``now`` (aware)."""
        before, after = search.buffers(kind, ResourceKind.PRACTITIONER)
        minute = -int(-now.timestamp() // 60)
        return cls(kind, (duration, before, after), block, zone, now, (kind.id.int, block.first, duration), minute)


class View:
    """What a search may read while it holds the tenant's lock."""

    def __init__(self, tenant: TenantCache, store: Store, catalogue: Catalogue) -> None:
        self.tenant = tenant
        self._store = store
        self.catalogue = catalogue
        self.things = tenant.things

    @property
    def span(self) -> Span:
        """The cells that can be read."""
        return self.tenant.span

    @property
    def working(self) -> dict[UUID, list[WorkingTime]]:
        """Who works at each location, in a steady order."""
        return self.tenant.by_location

    def taken(self, resource_id: UUID) -> TakenTime:
        """What is taken of a loaded practitioner, room, device or limit."""
        return self.tenant.taken[resource_id]

    def load(
        self,
        people: Iterable[WorkingTime],
        pools: Iterable[tuple[UUID, Role]],
        counters: Iterable[Counter] = (),
    ) -> None:
        """Reads what has been taken of these people, pools and limits, as far as it is not known yet, in one query."""
        if self.tenant.worked_out > MOST_WORKED_OUT:
            self.tenant.forget_what_was_worked_out()
            self.things = self.tenant.things
        taken, span = self.tenant.taken, self.tenant.span
        new = [where for where in people if where.taken is None]
        lanes = self.tenant.lanes
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
            self.attach(where, taken[where.practitioner_id])

    def attach(self, where: WorkingTime, taken: TakenTime) -> None:
        """The practitioner's taken time has been read."""
        where.begin_with(taken)

    def decides(self, taken: TakenTime, memo: dict[Any, Any]) -> None:
        """What is kept in ``memo`` was worked out from this taken time, and is forgotten with it."""
        taken.decides(memo)

    def possible(self, where: WorkingTime, sought: Sought) -> int:
        """Where a loaded practitioner can start such a visit, with everything considered but the patient, rooms and helpers."""
        known = where.possible.get(sought.key)
        if known is not None and (known[0] is None or known[0] == sought.minute):
            return known[1]
        bits = self._possible(where, sought)
        where.possible[sought.key] = (sought.minute if where.reserves else None, bits)
        self.tenant.worked_out += 1
        return bits

    def _possible(self, where: WorkingTime, sought: Sought) -> int:
        kind, block = sought.kind, sought.block
        duration, before, after = sought.shape
        shape = (
            duration,
            max(before, cells_of(where.own.buffer_before_minutes)),
            max(after, cells_of(where.own.buffer_after_minutes)),
        )
        if where.reserves or kind.session_only:
            bits = self.open_starts(where, shape, block, kind, sought.now)
        else:
            bits = self.starts(where, shape, block)
            if where.levels:
                bits |= self.beside(where, shape, block)
        for counter in where.counters(kind):
            bits &= ~self.full(counter, sought.zone, block)
            self.decides(self.taken(counter.id), where.possible)
        return bits

    def any_free(self, location_id: UUID, role: Role, sought: Sought) -> int:
        """Where some room or device of the class is free at the location for the whole visit."""
        memo = self.things.setdefault((location_id, role), {})
        known = memo.get(sought.key)
        if known is None:
            known = 0
            for resource in self.catalogue.pools.get((location_id, role), ()):
                before, after = search.buffers_of(sought.kind, resource, role)
                known |= self.free(resource.id, (sought.shape[0], before, after), sought.block)
                self.decides(self.taken(resource.id), memo)
            memo[sought.key] = known
            self.tenant.worked_out += 1
        return known

    def starts(self, where: WorkingTime, shape: Shape, block: Span) -> int:
        """Where a loaded practitioner can start a visit of this shape within the block: it lies in the working time, it and its
        buffers are free. Bit 0 is the block's first cell."""
        taken = where.taken
        if taken is None:
            return 0
        key = (shape, block.first)
        bits = where.starts.get(key)
        if bits is None:
            working = bitmaps.section(where.bits, block.first - self.tenant.base, len(block) + shape[0])
            bits = bitmaps.runs(working, shape[0])
            bits = bits and bits & _fitting(taken, shape, block, ALONE)
            where.starts[key] = bits
            self.tenant.worked_out += 1
        return bits

    def open_starts(self, where: WorkingTime, shape: Shape, block: Span, kind: AppointmentType, now: datetime) -> int:
        """The same, of the time alone that visits of this type may use now."""
        taken = where.taken
        if taken is None:
            return 0
        span = block.widened(0, shape[0])
        released = tuple(availability.released_until(one, now, span) for one in where.reserves)
        key = (shape, block.first, kind.sessions, kind.session_only)
        known = where.opened.get(key)
        if known is not None and known[0] == released:
            return known[1]
        usable = self._usable(where, span, kind, now)
        bits = bitmaps.runs(usable, shape[0]) & _fitting(taken, shape, block, ALONE)
        bits |= self.beside(where, shape, block, usable)
        where.opened[key] = (released, bits)
        return bits

    def beside(self, where: WorkingTime, shape: Shape, block: Span, usable: int = -1) -> int:
        """Where a loaded practitioner can start a visit beside others, as the templates plan it; no operation at all for most."""
        found, taken = 0, where.taken
        if where.levels and taken is not None:
            for level, cells in where.levels:
                working = bitmaps.section(cells, block.first - self.tenant.base, len(block) + shape[0]) & usable
                found |= bitmaps.runs(working, shape[0]) & _fitting(taken, shape, block, level)
        return found

    def full(self, counter: Counter, zone: str, block: Span) -> int:
        """The cells of the block whose local day or week takes no more visits that count for this limit."""
        taken = self.taken(counter.id)
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
        shift = span.first - self.tenant.base
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
        taken = self.taken(resource_id)
        key = (shape, block.first, LAST)
        bits = taken.free.get(key)
        if bits is None:
            bits = taken.free[key] = _fitting(taken, shape, block, LAST)
            self.tenant.worked_out += 1
        return bits


def _fitting(taken: TakenTime, shape: Shape, block: Span, layer: int) -> int:
    """Where a visit of this shape finds a lane of this layer free; bit 0 is the block's first cell."""
    duration, before, after = shape
    busy = taken.occupancy.busy(block.widened(before, duration + after), layer)
    return availability.free_starts(busy, len(block), before + duration + after, 0, 0)
