"""Free slots over many practitioners and locations, soonest first.

All bitmaps of one search begin at the same cell and are cut to its span, so a search is a handful of operations on integers per
practitioner. Only the starts that are answered are ever looked at one by one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from scheduling.domain import availability, bitmaps
from scheduling.domain.appointment_types import AppointmentType, ResourceKind, Role


@dataclass(frozen=True)
class Provider:
    """A practitioner at a location, within the span searched."""

    practitioner_id: UUID
    location_id: UUID
    working: int
    busy: int


@dataclass(frozen=True)
class Pool:
    """The busy bitmaps of all rooms or devices of one class at one location."""

    location_id: UUID
    role: Role
    busy: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """One appointment type to be placed.

    ``allowed`` holds, by location, the cells at which a search may offer a start (limits, dates, wishes).
    """

    kind: AppointmentType
    allowed: dict[UUID, int]
    providers: Sequence[Provider]
    pools: dict[tuple[UUID, Role], Pool] = field(default_factory=dict)
    patient_busy: int = 0


@dataclass(frozen=True, order=True)
class Found:
    """A start that books: ``cell`` counts from the span's first cell, ``duration`` is in cells."""

    cell: int
    practitioner_id: UUID
    location_id: UUID
    type_id: UUID
    duration: int = field(compare=False)


def soonest(questions: Iterable[Question], limit: int, limit_per_practitioner: int = 0) -> list[Found]:
    """The first ``limit`` starts in order of time (ties by practitioner), at most so many of one practitioner (0: any number)."""
    heap: list[tuple[int, UUID, UUID, UUID, int, int]] = []
    for question in questions:
        roles: dict[tuple[UUID, int], int] = {}
        for provider in question.providers:
            starts, duration = _starts(question, provider, roles)
            if starts:
                kind = question.kind
                first = bitmaps.lowest(starts)
                heap.append((first, provider.practitioner_id, provider.location_id, kind.id, duration, starts))
    heapq.heapify(heap)
    found: list[Found] = []
    taken: dict[UUID, int] = {}
    while heap and len(found) < limit:
        cell, practitioner, location, kind_id, duration, starts = heap[0]
        count = taken.get(practitioner, 0)
        if limit_per_practitioner and count >= limit_per_practitioner:
            heapq.heappop(heap)
            continue
        found.append(Found(cell, practitioner, location, kind_id, duration))
        taken[practitioner] = count + 1
        rest = starts & (starts - 1)
        if rest:
            heapq.heapreplace(heap, (bitmaps.lowest(rest), practitioner, location, kind_id, duration, rest))
        else:
            heapq.heappop(heap)
    return found


def _starts(question: Question, provider: Provider, roles: dict[tuple[UUID, int], int]) -> tuple[int, int]:
    """The cells at which this provider can start the visit, and how many cells it takes."""
    kind = question.kind
    duration = kind.duration_cells(provider.practitioner_id)
    allowed = question.allowed.get(provider.location_id, 0)
    if not allowed or not kind.offered_by(provider.practitioner_id):
        return 0, duration
    key = (provider.location_id, duration)
    if key not in roles:
        roles[key] = _role_starts(question, provider.location_id, duration, allowed)
    starts = roles[key] & availability.visit_starts(
        provider.working, provider.busy, duration, kind.before_cells, kind.after_cells
    )
    return starts, duration


def _role_starts(question: Question, location_id: UUID, duration: int, allowed: int) -> int:
    """Where the patient and, for every role, some room or device is free for the whole visit; within ``allowed``."""
    kind = question.kind
    length = allowed.bit_length()
    starts = allowed & availability.free_starts(question.patient_busy, length, duration, 0, 0)
    for role in kind.roles:
        pool = question.pools.get((location_id, role))
        any_free = 0
        before, after = buffers(kind, role.kind)
        for busy in pool.busy if pool else ():
            any_free |= availability.free_starts(busy, length, duration, before, after)
        starts &= any_free
    return starts


def buffers(kind: AppointmentType, resource: ResourceKind) -> tuple[int, int]:
    """Cells before and after a visit for which it keeps this kind of resource: the practitioner and the room have to be made
    ready, equipment and patient are free at once."""
    if resource in (ResourceKind.PRACTITIONER, ResourceKind.ROOM):
        return kind.before_cells, kind.after_cells
    return 0, 0
