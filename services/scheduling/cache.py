"""Free time as this process sees it: bitmaps per practitioner, room and device, kept between searches.

The cache is advisory, the primary key of the cells decides. It is nevertheless never stale when it is used: before each search it
reads, in one query, what has changed since it read last (`availability_change`), and reads only that again. A reader that
remembers the oldest transaction that was still running misses no change, however late it commits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from scheduling.domain import availability, bitmaps
from scheduling.domain.appointment_types import Role
from scheduling.domain.availability import WorkingRules
from scheduling.domain.cells import CELLS_PER_DAY, CELLS_PER_WEEK, Span, cell_containing, day_of_cell
from scheduling.store import Store
from scheduling.stores.rules import Catalogue

# How far back the bitmaps begin (a video visit may start late, zones differ), how far ahead they reach (the longest horizon of an
# appointment type and a margin), and after how many days they are begun anew.
DAYS_BACK = 3
DAYS_AHEAD = 404
REBASE_AFTER_DAYS = 14


class TenantCache:
    """The bitmaps of one tenant; bit 0 is the cell ``base``. Guarded by its lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.base = 0
        self.seen = 0
        self.catalogue: Catalogue | None = None
        self.working: dict[tuple[UUID, UUID], tuple[WorkingRules, int]] = {}
        self.taken: dict[UUID, bitmaps.Layers] = {}
        self.capacities: dict[UUID, int] = {}

    @property
    def span(self) -> Span:
        """The cells that the bitmaps cover."""
        return Span(self.base, self.base + (DAYS_BACK + DAYS_AHEAD + REBASE_AFTER_DAYS) * CELLS_PER_DAY)

    def begin_anew(self, now: datetime) -> None:
        """Forgets everything."""
        first = cell_containing(now - timedelta(days=DAYS_BACK))
        self.base = first - first % CELLS_PER_WEEK
        self.catalogue = None
        self.working, self.taken, self.capacities = {}, {}, {}


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

    def load(self, practitioner_ids: Iterable[UUID], pools: Iterable[tuple[UUID, Role]]) -> None:
        """Reads what has been taken of these practitioners and pools, as far as it is not known yet, in one query."""
        wanted = dict.fromkeys(practitioner_ids, 1)
        for key in pools:
            wanted |= {resource.id: resource.capacity for resource in self.catalogue.pools.get(key, ())}
        tenant = self._tenant
        missing = [r for r, capacity in wanted.items() if tenant.capacities.get(r) != capacity]
        for resource_id in missing:
            tenant.taken[resource_id] = bitmaps.Layers(wanted[resource_id])
            tenant.capacities[resource_id] = wanted[resource_id]
        _add(
            tenant,
            self._store.occupied_stretches([(r, tenant.span) for r in missing]),
            {r: [tenant.span] for r in missing},
        )

    def working(self, practitioner_id: UUID, location_id: UUID, span: Span) -> int:
        """Working time within ``span`` as a bitmap that begins at its first cell."""
        key = (practitioner_id, location_id)
        rules = self.catalogue.working.get(key)
        if rules is None:
            return 0
        known = self._tenant.working.get(key)
        if known is None or known[0] != rules:
            known = (rules, availability.working_bits(rules, self._tenant.span))
            self._tenant.working[key] = known
        return bitmaps.section(known[1], span.first - self._tenant.base, len(span))

    def busy(self, resource_id: UUID, span: Span) -> int:
        """Cells of a loaded resource without a free lane, as a bitmap that begins at the span's first cell."""
        return bitmaps.section(self._tenant.taken[resource_id].busy, span.first - self._tenant.base, len(span))


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
        too_old = cell_containing(now) - tenant.base > (DAYS_BACK + REBASE_AFTER_DAYS + 7) * CELLS_PER_DAY
        if not tenant.seen or tenant.seen < changes.floor or too_old or cell_containing(now) < tenant.base:
            tenant.begin_anew(now)
        else:
            if any(not len(span) for _, span in changes.stretches):
                tenant.catalogue = None
            dirty: dict[UUID, list[Span]] = {}
            for resource_id, span in changes.stretches:
                if len(span) and resource_id in tenant.taken:
                    dirty.setdefault(resource_id, []).append(span)
            for resource_id, spans in dirty.items():
                tenant.taken[resource_id].clear(bitmaps.of_spans(spans, tenant.base))
            _add(tenant, store.occupied_stretches([(r, _hull(spans)) for r, spans in dirty.items()]), dirty)
        if tenant.catalogue is None:
            tenant.catalogue = store.catalogue(day_of_cell(tenant.base))
        tenant.seen = changes.seen
        return tenant.catalogue


def _add(tenant: TenantCache, occupied: Iterable[tuple[UUID, Span]], within: dict[UUID, list[Span]]) -> None:
    """Counts what is occupied, no further than the stretches that were cleared for it."""
    clips = {resource_id: bitmaps.of_spans(spans, tenant.base) for resource_id, spans in within.items()}
    for resource_id, span in occupied:
        bits = bitmaps.mask(span.first - tenant.base, span.end - tenant.base)
        tenant.taken[resource_id].add(bits & clips[resource_id])


def _hull(spans: Iterable[Span]) -> Span:
    listed = list(spans)
    return Span(min(span.first for span in listed), max(span.end for span in listed))
