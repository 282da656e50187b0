"""What a visit takes: the plan of cells that a booking or a hold asks the database for.

The plan is made from what is seen to be free; only the database's primary key decides. Whoever comes second learns it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from scheduling.domain.appointment_types import ROLES_OF_HELPERS, AppointmentType, ResourceKind, Role
from scheduling.domain.cells import Span
from scheduling.domain.resources import Demand, Resource
from scheduling.domain.search import buffers_of

__all__ = ["Demand", "Resource"]


@dataclass(frozen=True)
class Visit:
    """What is to be placed: who, when (``span`` without buffers) and what besides. ``patient`` is None for a hold.

    ``pools`` holds, by role, what could fill it then; ``roles`` those that have to be filled (None: all of the type);
    ``counters`` the limits on the number of visits that it counts for.
    """

    claim_id: UUID
    kind: AppointmentType
    practitioner: Resource
    span: Span
    patient: Resource | None
    pools: Mapping[Role, Sequence[Resource]]
    roles: tuple[Role, ...] | None = None
    counters: tuple[Demand, ...] = ()


class ConflictReason(Enum):
    """Why a visit cannot be placed; the values are the proto's."""

    TAKEN = 1
    NONE_FREE = 2
    OUTSIDE_WORKING_TIME = 3
    TOO_SOON = 4
    TOO_FAR_AHEAD = 5
    NOT_LICENSED = 20
    LANGUAGE = 21
    LIMIT_REACHED = 22
    RESERVED = 23
    NOT_BOOKABLE_ONLINE = 24


@dataclass(frozen=True)
class Conflict:
    """One thing in the way. ``resource_id`` is None for a class, ``cell`` is the first in conflict where it is one; ``detail`` says
    which rule it is where a reason stands for several."""

    reason: ConflictReason
    kind: ResourceKind
    resource_id: UUID | None = None
    resource_class: str = ""
    cell: int | None = None
    detail: str = ""


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

    def is_taken(self, demand: Demand, claim_id: UUID) -> bool:
        """Whether another claim has any of these cells."""
        return any(
            claim != claim_id and span.overlaps(demand.span) for claim, span in self._taken.get(demand.resource.id, ())
        )

    def add(self, claim_id: UUID, demands: Sequence[Demand]) -> None:
        """Counts these as taken from now on."""
        for demand in demands:
            self._taken.setdefault(demand.resource.id, []).append((claim_id, demand.span))


def demand_of(visit: Visit, resource: Resource, role: Role | None = None) -> Demand:
    """The resource for the visit's time and, where it needs them, its buffers."""
    before, after = buffers_of(visit.kind, resource, role)
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
    filled, unfilled = _fill(visit, ledger, keep)
    demands += filled
    conflicts += [
        Conflict(ConflictReason.NONE_FREE, role.kind, None, role.resource_class, visit.span.first) for role in unfilled
    ]
    for demand in visit.counters:
        if ledger.first_full(demand, visit.claim_id) is not None:
            conflicts.append(limit_reached(demand))
        demands.append(demand)
    return demands, conflicts


def limit_reached(demand: Demand) -> Conflict:
    """The conflict of a counter that takes no more; its class says whether it is the day's or the week's."""
    return Conflict(ConflictReason.LIMIT_REACHED, ResourceKind.LIMIT, None, demand.resource.resource_class)


def _fill(visit: Visit, ledger: Ledger, keep: frozenset[UUID]) -> tuple[list[Demand], list[Role]]:
    """Something free for each role, nobody in two roles at once; else the roles that cannot be filled."""
    filled: list[Demand] = []
    unfilled: list[Role] = []
    helpers: list[tuple[Role, list[Demand]]] = []
    for role in visit.kind.roles if visit.roles is None else visit.roles:
        free = _free_for(visit, role, ledger, keep)
        if role.kind in ROLES_OF_HELPERS:
            helpers.append((role, list(free)))
        elif (first := next(free, None)) is not None:
            filled.append(first)
        else:
            unfilled.append(role)
    # A thing is of one class, a person may suit several roles.
    chosen = _one_of_each([free for _, free in helpers], frozenset())
    if chosen is None:
        unfilled += [role for role, free in helpers if not free] or [helpers[-1][0]]
    return filled + (chosen or []), unfilled


def _free_for(visit: Visit, role: Role, ledger: Ledger, keep: frozenset[UUID]) -> Iterator[Demand]:
    candidates = sorted(
        visit.pools.get(role, ()),
        key=lambda r: (r.id not in keep, (r.id.int ^ visit.claim_id.int) & 0xFFFFFFFF, r.id),
    )
    for resource in candidates:
        demand = demand_of(visit, resource, role)
        if ledger.first_full(demand, visit.claim_id) is None:
            yield demand


def _one_of_each(free: Sequence[Sequence[Demand]], used: frozenset[UUID]) -> list[Demand] | None:
    """A demand from each list, no resource twice; None when there is no such choice."""
    if not free:
        return []
    for demand in free[0]:
        if demand.resource.id not in used:
            rest = _one_of_each(free[1:], used | {demand.resource.id})
            if rest is not None:
                return [demand, *rest]
    return None


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
