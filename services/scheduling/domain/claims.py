"""What a visit takes: the plan of cells that a booking or a hold asks the database for.

The plan is made from what is seen to be free; only the database's primary key decides. Whoever comes second learns it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from scheduling.domain.appointment_types import AppointmentType, ResourceKind, Role
from scheduling.domain.cells import Span
from scheduling.domain.search import buffers


@dataclass(frozen=True)
class Resource:
    """Something that can be taken: ``capacity`` visits at a time. ``resource_class`` is empty for people."""

    id: UUID
    kind: ResourceKind
    capacity: int = 1
    resource_class: str = ""


@dataclass(frozen=True)
class Demand:
    """One resource for one stretch of cells, buffers included."""

    resource: Resource
    span: Span


@dataclass(frozen=True)
class Visit:
    """What is to be placed: who, when (``span`` without buffers) and what besides. ``patient`` is None for a hold."""

    claim_id: UUID
    kind: AppointmentType
    practitioner: Resource
    span: Span
    patient: Resource | None
    pools: Mapping[Role, Sequence[Resource]]


class ConflictReason(Enum):
    """Why a visit cannot be placed; the values are the proto's."""

    TAKEN = 1
    NONE_FREE = 2
    OUTSIDE_WORKING_TIME = 3
    TOO_SOON = 4
    TOO_FAR_AHEAD = 5


@dataclass(frozen=True)
class Conflict:
    """One thing in the way. ``resource_id`` is None for a class, ``cell`` is the first in conflict where it is one."""

    reason: ConflictReason
    kind: ResourceKind
    resource_id: UUID | None = None
    resource_class: str = ""
    cell: int | None = None


class Ledger:
    """What is taken of each resource, by claim: loaded from the database, then added to while several visits are planned."""

    def __init__(self, taken: Sequence[tuple[UUID, UUID, Span]] = ()) -> None:
        """:param taken: (resource id, claim id, span)"""
        self._taken: dict[UUID, list[tuple[UUID, Span]]] = {}
        for resource_id, claim_id, span in taken:
            self._taken.setdefault(resource_id, []).append((claim_id, span))

    def first_full(self, demand: Demand, claim_id: UUID) -> int | None:
        """The first cell of the demand without a free lane, what the claim itself has taken not counted; None when it fits."""
        spans = [
            span
            for claim, span in self._taken.get(demand.resource.id, ())
            if claim != claim_id and span.overlaps(demand.span)
        ]
        if len(spans) < demand.resource.capacity:
            return None
        for cell in sorted({max(span.first, demand.span.first) for span in spans}):
            if sum(cell in span for span in spans) >= demand.resource.capacity:
                return cell
        return None

    def add(self, claim_id: UUID, demands: Sequence[Demand]) -> None:
        """Counts these as taken from now on."""
        for demand in demands:
            self._taken.setdefault(demand.resource.id, []).append((claim_id, demand.span))


def demand_of(visit: Visit, resource: Resource) -> Demand:
    """The resource for the visit's time and, where it needs them, its buffers."""
    before, after = buffers(visit.kind, resource.kind)
    return Demand(resource, visit.span.widened(before, after))


def plan(visit: Visit, ledger: Ledger, keep: frozenset[UUID] = frozenset()) -> tuple[list[Demand], list[Conflict]]:
    """Which resources the visit takes; every conflict when it cannot be placed.

    :param keep: rooms and devices the visit has already: taken again when they are free, so that a move changes no room without need.
        The others are tried in an order that depends on the claim, so that concurrent bookings do not all reach for the same room.
    """
    demands: list[Demand] = []
    conflicts: list[Conflict] = []
    for person in (visit.practitioner, visit.patient):
        if person is None:
            continue
        demand = demand_of(visit, person)
        full = ledger.first_full(demand, visit.claim_id)
        if full is not None:
            conflicts.append(Conflict(ConflictReason.TAKEN, person.kind, person.id, cell=full))
        demands.append(demand)
    for role in visit.kind.roles:
        candidates = sorted(
            visit.pools.get(role, ()),
            key=lambda r: (r.id not in keep, (r.id.int ^ visit.claim_id.int) & 0xFFFFFFFF, r.id),
        )
        chosen = next(
            (d for d in (demand_of(visit, r) for r in candidates) if ledger.first_full(d, visit.claim_id) is None), None
        )
        if chosen is None:
            conflicts.append(Conflict(ConflictReason.NONE_FREE, role.kind, None, role.resource_class, visit.span.first))
        else:
            demands.append(chosen)
    return demands, conflicts


def difference(wanted: Span, had: Sequence[Span]) -> list[Span]:
    """The parts of ``wanted`` that no span of ``had`` covers, ascending."""
    left = [wanted]
    for span in had:
        left = [
            part
            for piece in left
            for part in (
                Span(piece.first, min(piece.end, max(piece.first, span.first))),
                Span(max(piece.first, min(piece.end, span.end)), piece.end),
            )
            if len(part)
        ]
    return left
