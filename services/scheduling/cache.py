"""Free time as this process sees it: bitmaps per practitioner, room and device, kept between searches.

The cache is advisory, the primary key of the cells decides. It is nevertheless never stale when it is used: before each search it
reads, in one query, what has changed since it read last (`availability_change`), and reads only that again. A reader that
remembers the oldest transaction that was still running misses no change, however late it commits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from scheduling.domain.cells import CELLS_PER_DAY, Span, cell_containing, day_of_cell
from scheduling.free_time import DAYS_BACK, REBASE_AFTER_DAYS, TenantCache
from scheduling.store import Store
from scheduling.stores.rules import Catalogue
from scheduling.view import View


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
