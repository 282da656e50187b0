"""Orders of slots other than the soonest: the usual practitioner first, or the day least cut to pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from scheduling.domain import search
from scheduling.domain.appointment_types import AppointmentType, ResourceKind
from scheduling.domain.cells import CELL_MINUTES, CELLS_PER_DAY, Span
from scheduling.domain.search import Found
from scheduling.free_time import WorkingTime
from scheduling.store import Store
from scheduling.usecases.asking import Asking
from scheduling.usecases.finding import DEFAULT_LIMIT, SlotSearch, find
from scheduling.view import View

# Who was seen most in so long is a patient's usual practitioner.
USUAL_SINCE = timedelta(days=731)
# Of so many times as many of the soonest starts as are asked for, the least fragmenting are chosen; at most so many.
LOOKED_AT_TIMES = 10
MOST_LOOKED_AT = 1_000


def usual_practitioner(store: Store, patient_id: UUID, now: datetime) -> UUID | None:
    """Whom the patient saw most within two years (of equals: last); None when nobody."""
    visits = store.visits_with(patient_id, now - USUAL_SINCE)
    return max(visits, key=lambda one: (visits[one], one), default=None)


def usual_first(
    view: View,
    now: datetime,
    wanted: SlotSearch,
    kinds: Sequence[AppointmentType],
    asking: Asking,
    usual: UUID | None,
) -> list[Found]:
    """The usual practitioner's slots, soonest first, then the others' as far as there is room for them."""
    if usual is None or (wanted.practitioner_ids and usual not in wanted.practitioner_ids):
        return find(view, now, wanted, kinds, asking)
    first = find(view, now, replace(wanted, practitioner_ids=frozenset({usual})), kinds, asking)
    left = (wanted.limit or DEFAULT_LIMIT) - len(first)
    if left <= 0:
        return first
    return first + find(view, now, replace(wanted, without=wanted.without | {usual}, limit=left), kinds, asking)


def least_fragmenting(
    view: View, now: datetime, wanted: SlotSearch, kinds: Sequence[AppointmentType], asking: Asking
) -> list[tuple[Found, int]]:
    """Of the soonest starts those that waste the fewest minutes beside them, with the minutes; of equals the soonest."""
    limit = wanted.limit or DEFAULT_LIMIT
    many = min(limit * LOOKED_AT_TIMES, MOST_LOOKED_AT)
    by_id = {kind.id: kind for kind in kinds}
    found = find(view, now, replace(wanted, limit=many), kinds, asking)
    scored = [(one, CELL_MINUTES * _wasted(view, now, by_id[one.type_id], one)) for one in found]
    return sorted(scored, key=lambda one: (one[1], one[0].cell))[:limit]


def _wasted(view: View, now: datetime, kind: AppointmentType, found: Found) -> int:
    where = _working(view, found)
    before, after = search.buffers(kind, ResourceKind.PRACTITIONER)
    around = Span(found.cell - CELLS_PER_DAY, found.cell + found.duration + CELLS_PER_DAY)
    idle = view.openness(where, around, kind, now)
    return search.wasted_cells(idle, CELLS_PER_DAY, before, found.duration, after)


def _working(view: View, found: Found) -> WorkingTime:
    return next(one for one in view.working[found.location_id] if one.practitioner_id == found.practitioner_id)
