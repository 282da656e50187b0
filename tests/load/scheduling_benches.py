"""The search engine of scheduling by itself: what a search costs once it knows what changed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

from infra.load.figures import Figure, Sample

from scheduling.cache import TenantCache, View
from scheduling.domain.appointment_types import AppointmentType, Modality, ResourceKind, Role
from scheduling.domain.availability import Template, WeeklyWindow, WorkingRules
from scheduling.domain.cells import CELLS_PER_DAY, Span, cell_at
from scheduling.domain.claims import Resource
from scheduling.domain.limits import ResourceRule, VisitLimits
from scheduling.stores.rules import Catalogue
from scheduling.tables import LocationCopy, PractitionerCopy
from scheduling.usecases import slots
from tests.load.world import World

PROVIDERS = 200
DAYS = 60
VISITS_A_DAY = 12
ROOMS = 60
SEARCHES = 400
ZONE = "America/New_York"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
EXAM = Role(ResourceKind.ROOM.value, "exam")
KIND = AppointmentType(
    UUID(int=1),
    "visit",
    "Visit",
    30,
    Modality.IN_PERSON,
    roles=(EXAM,),
    buffer_after_minutes=10,
    start_every_minutes=15,
)
PLACE = UUID(int=2)


@dataclass
class Booked:
    """A store that answers with a well booked network: three quarters of each provider's day."""

    dice: random.Random

    def occupied_stretches(self, stretches: Sequence[tuple[UUID, Span]]) -> list[tuple[UUID, Span]]:
        """Random visits of 30 minutes between nine and five, local time, on each of the days."""
        nine = cell_at(NOW.replace(hour=14, minute=0))
        return [
            (resource_id, Span(first, first + 6))
            for resource_id, _ in stretches
            for day in range(DAYS)
            for slot in self.dice.sample(range(16), VISITS_A_DAY)
            for first in (nine + day * CELLS_PER_DAY + slot * 6,)
        ]


def slot_engine(_world: World) -> list[Figure]:
    """200 providers × 60 days: the soonest fifty starts, and the whole range looked through in vain."""
    view, tenant = _view()
    wanted: dict[str, Any] = {"first_day": date(2026, 3, 2), "last_day": date(2026, 3, 2) + timedelta(days=DAYS)}
    soonest = _measure(view, tenant, slots.SlotSearch((KIND.id,), **wanted))
    nothing = _measure(view, tenant, slots.SlotSearch((KIND.id,), weekdays=(7,), **wanted))
    ruled = _measure(*_view(ruled=True), slots.SlotSearch((KIND.id,), weekdays=(7,), **wanted))
    return [
        _figure("slot engine, 50 soonest", soonest),
        _figure("slot engine, nothing in 60 days", nothing),
        _figure("slot engine, limits, buffers and reserves", ruled),
    ]


def _figure(name: str, sample: Sample) -> Figure:
    p99 = sample.percentile(99)
    detail = f"p50 {sample.percentile(50):.2f}  p99 {p99:.2f} ms ({PROVIDERS} providers × {DAYS} days)"
    return Figure(name, sample.rate, "/s", detail, bar="p99 ≤ 3 ms", met=p99 <= 3.0)


def _view(*, ruled: bool = False) -> tuple[View, TenantCache]:
    """A tenant's bitmaps as they are after the first search; ``ruled``: with a limit, a buffer and reserved time for everybody."""
    windows = tuple(WeeklyWindow(day, begin, end) for day in range(1, 6) for begin, end in ((540, 720), (780, 1020)))
    kept = tuple(WeeklyWindow(day, 660, 720, session="urgent", release_minutes=120) for day in range(1, 6))
    rules = WorkingRules(ZONE, templates=(Template((*windows, *kept) if ruled else windows),))
    people = {
        UUID(int=1000 + n): PractitionerCopy(name="A", specialties=[], languages=[], sex=0) for n in range(PROVIDERS)
    }
    rooms = tuple(Resource(UUID(int=5000 + n), ResourceKind.ROOM, 1, "exam") for n in range(ROOMS))
    catalogue = Catalogue(
        types={KIND.id: KIND},
        locations={PLACE: LocationCopy(id=PLACE, name="Main", time_zone=ZONE)},
        practitioners=people,
        pools={(PLACE, EXAM): rooms},
        working={(person, PLACE): rules for person in people},
        rules={person: ResourceRule(0, 10, VisitLimits(per_day=20)) for person in people} if ruled else {},
    )
    tenant = TenantCache()
    tenant.begin_anew(NOW)
    tenant.take_rules(catalogue)
    store: Any = Booked(random.Random(7))
    return View(tenant, store, catalogue), tenant


def _measure(view: View, tenant: TenantCache, wanted: slots.SlotSearch) -> Sample:
    """Searches one after the other on warm bitmaps; every tenth comes after a change of some provider's time."""
    slots.find(view, NOW, wanted, [KIND])
    latencies = []
    began = perf_counter()
    for number in range(SEARCHES):
        if number % 10 == 0:
            for taken in list(tenant.taken.values())[number % PROVIDERS : number % PROVIDERS + 1]:
                taken.changed()
        start = perf_counter()
        slots.find(view, NOW, wanted, [KIND])
        latencies.append((perf_counter() - start) * 1000)
    return Sample(SEARCHES, perf_counter() - began, latencies)
