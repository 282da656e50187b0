"""Free slots over many practitioners and locations, soonest first.

A search goes through time in blocks of four weeks and stops when it has found enough; within a block everything is a handful of
operations on integers per practitioner. Only the starts that are answered are ever looked at one by one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from scheduling.domain import bitmaps
from scheduling.domain.appointment_types import ROLES_OF_HELPERS, AppointmentType, ResourceKind, Role
from scheduling.domain.cells import CELLS_PER_DAY, Span, cells_of
from scheduling.domain.resources import Resource

BLOCK_CELLS = 28 * CELLS_PER_DAY


class Starts(NamedTuple):
    """Where one practitioner can start one type of visit at one location within a block; ``duration`` is in cells."""

    practitioner_id: UUID
    location_id: UUID
    type_id: UUID
    duration: int
    bits: int


@dataclass(frozen=True)
class Found:
    """A start that books; ``cell`` is a UTC cell, ``duration`` is in cells."""

    cell: int
    practitioner_id: UUID
    location_id: UUID
    type_id: UUID
    duration: int


@dataclass
class Tally:
    """What is still wanted: so many in all, at most ``each`` of one practitioner (0: any number); with ``distinct``, each start of a
    type at a location once, with the first candidate that has it."""

    limit: int
    each: int = 0
    distinct: bool = False
    taken: dict[UUID, int] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether enough has been found."""
        return self.limit <= 0

    def full(self, practitioner_id: UUID) -> bool:
        """Whether no more of this practitioner is wanted."""
        return bool(self.each) and self.taken.get(practitioner_id, 0) >= self.each

    def count(self, practitioner_id: UUID) -> None:
        """One more of this practitioner has been found."""
        if self.each:
            self.taken[practitioner_id] = self.taken.get(practitioner_id, 0) + 1
        self.limit -= 1


def soonest(candidates: Sequence[Starts], base: int, tally: Tally) -> list[Found]:
    """The first starts in order of time, ties in the order of the candidates, until the tally is done. Bit 0 is the cell ``base``."""
    heap = [(bitmaps.lowest(one.bits), index, one.bits) for index, one in enumerate(candidates) if one.bits]
    heapq.heapify(heap)
    found: list[Found] = []
    seen: set[tuple[int, UUID, UUID]] = set()
    while heap and not tally.done:
        cell, index, bits = heap[0]
        one = candidates[index]
        if tally.full(one.practitioner_id):
            heapq.heappop(heap)
            continue
        start = (base + cell, one.location_id, one.type_id)
        if not tally.distinct or start not in seen:
            found.append(Found(base + cell, one.practitioner_id, one.location_id, one.type_id, one.duration))
            tally.count(one.practitioner_id)
            if tally.distinct:
                seen.add(start)
        rest = bits & (bits - 1)
        if rest:
            heapq.heapreplace(heap, (bitmaps.lowest(rest), index, rest))
        else:
            heapq.heappop(heap)
    return found


def wasted_cells(idle: int, start: int, before: int, duration: int, after: int) -> int:
    """How many idle cells beside a visit would be too few for another such visit with its buffers.

    :param idle: usable and free time before the visit is placed; :param start: the visit's first cell, counted in the same bitmap
    """
    needed = before + duration + after
    left = start - before
    gap_before = bitmaps.lowest(~(idle_backwards(idle, left, needed)))
    gap_after = bitmaps.lowest(~(idle >> (start + duration + after)))
    return sum(gap for gap in (gap_before, gap_after) if 0 < gap < needed)


def idle_backwards(idle: int, end: int, most: int) -> int:
    """The ``most`` cells before ``end`` with the last one as bit 0."""
    length = min(end, most)
    return sum(1 << n for n in range(length) if idle >> (end - 1 - n) & 1)


def blocks(span: Span, base: int) -> Iterator[Span]:
    """The blocks, counted from the cell ``base``, that touch the span, in order of time."""
    first = base + (span.first - base) // BLOCK_CELLS * BLOCK_CELLS
    while first < span.end:
        yield Span(first, first + BLOCK_CELLS)
        first += BLOCK_CELLS


def buffers(kind: AppointmentType, resource: ResourceKind) -> tuple[int, int]:
    """Cells before and after a visit for which it keeps this kind of resource: practitioner and room have to be made ready, helpers,
    equipment and patient are free at once. A role's or a resource's own buffers come on top (see ``buffers_of``)."""
    if resource in (ResourceKind.PRACTITIONER, ResourceKind.ROOM):
        return kind.before_cells, kind.after_cells
    return 0, 0


def buffers_of(kind: AppointmentType, resource: Resource, role: Role | None = None) -> tuple[int, int]:
    """Cells before and after a visit of this type for which it keeps this very resource: the longest of what the type, the role it
    fills and the resource itself ask for."""
    helper = role is not None and role.kind in ROLES_OF_HELPERS
    before, after = (0, 0) if helper else buffers(kind, resource.kind)
    if role is not None:
        before, after = (
            max(before, cells_of(role.buffer_before_minutes)),
            max(after, cells_of(role.buffer_after_minutes)),
        )
    return max(before, resource.before), max(after, resource.after)
