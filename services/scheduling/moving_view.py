"""Free time as it is for a visit that is to be moved: what it has taken, and what it counts for, is free for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from scheduling.domain.appointment_types import Role
from scheduling.domain.cells import Span
from scheduling.domain.limits import Counter
from scheduling.free_time import TakenTime, WorkingTime
from scheduling.store import Store
from scheduling.view import View


class MovingView(View):
    """A view in which one claim has taken nothing; what it shares with the tenant's other searches it leaves as it is.

    :param had: what the claim has taken, by resource
    """

    def __init__(self, view: View, store: Store, claim_id: UUID, had: Mapping[UUID, Span]) -> None:
        super().__init__(view.tenant, store, view.catalogue)
        self._claim_id = claim_id
        self._had = had
        self._without: dict[UUID, TakenTime] = {}
        # What is worked out for this search is its own.
        self._working = {
            location_id: [_anew(where) for where in people] for location_id, people in view.working.items()
        }
        self.things = {}

    @property
    def working(self) -> dict[UUID, list[WorkingTime]]:
        """Who works at each location, in a steady order."""
        return self._working

    def taken(self, resource_id: UUID) -> TakenTime:
        """What others have taken of a resource."""
        known = super().taken(resource_id)
        span = self._had.get(resource_id)
        if span is None:
            return known
        if resource_id not in self._without:
            occupancy = known.occupancy.copy()
            occupancy.clear(span)
            for _, claim_id, other in self._store.occupied([resource_id], span):
                if claim_id != self._claim_id:
                    occupancy.add(Span(max(span.first, other.first), min(span.end, other.end)))
            self._without[resource_id] = TakenTime(occupancy)
        return self._without[resource_id]

    def load(
        self, people: Iterable[WorkingTime], pools: Iterable[tuple[UUID, Role]], counters: Iterable[Counter] = ()
    ) -> None:
        """Reads what has been taken, as far as it is not known yet, in one query."""
        super().load(people, pools, counters)
        self.things = {}

    def attach(self, where: WorkingTime, taken: TakenTime) -> None:
        """The practitioner's taken time, without the claim; it learns nothing of this search."""
        where.taken = self.taken(where.practitioner_id)

    def decides(self, taken: TakenTime, memo: dict[Any, Any]) -> None:
        """Nothing is kept beyond this search, so nothing has to be forgotten."""
        del taken, memo


def _anew(where: WorkingTime) -> WorkingTime:
    """The same working time, with nothing taken or worked out yet."""
    return replace(where, taken=None, starts={}, opened={}, possible={})
