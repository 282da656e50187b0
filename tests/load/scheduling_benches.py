"""The search engine of scheduling by itself: what a search costs once it knows what changed, and how that grows."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from time import perf_counter, thread_time
from typing import Any
from uuid import UUID

import psutil
from infra.load.figures import Figure, Sample

from scheduling.domain.appointment_types import AppointmentType, Modality, ResourceKind, Role
from scheduling.domain.availability import Template, WeeklyWindow, WorkingRules
from scheduling.domain.cells import CELLS_PER_DAY, Span, cell_at
from scheduling.domain.claims import Resource
from scheduling.domain.limits import ResourceRule, VisitLimits
from scheduling.free_time import TenantCache
from scheduling.stores.rules import Catalogue
from scheduling.tables import LocationCopy, PractitionerCopy
from scheduling.usecases import finding, slots
from scheduling.view import View

PROVIDERS = 200
DAYS = 60
MANY_PROVIDERS, THEIR_VISITS = 10_000, 4
# Cost as one thing grows ten times and the others stay.
GROWTH = (("providers", (20, 200, 2_000)), ("days", (12, 60, 120)), ("visits a day", (1, 4, 12)))
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
    days: int = DAYS
    visits_a_day: int = VISITS_A_DAY

    def occupied_stretches(self, stretches: Sequence[tuple[UUID, Span]]) -> list[tuple[UUID, Span]]:
        """Random visits of 30 minutes between nine and five, local time, on each of the days."""
        nine = cell_at(NOW.replace(hour=14, minute=0))
        return [
            (resource_id, Span(first, first + 6))
            for resource_id, _ in stretches
            for day in range(self.days)
            for slot in self.dice.sample(range(16), self.visits_a_day)
            for first in (nine + day * CELLS_PER_DAY + slot * 6,)
        ]


def slot_engine() -> list[Figure]:
    """200 providers × 60 days: the soonest fifty starts, and the whole range looked through in vain."""
    view, tenant = _view()
    soonest = _measure(view, tenant, _wanted())
    nothing = _measure(view, tenant, _wanted(weekdays=(7,)))
    ruled = _measure(*_view(ruled=True), _wanted(weekdays=(7,)))
    return [
        _figure("slot engine, 50 soonest", soonest),
        _figure("slot engine, nothing in 60 days", nothing),
        _figure("slot engine, limits, buffers and reserves", ruled),
    ]


def one_provider() -> list[Figure]:
    """Fourteen days of one practitioner of two hundred, as a calendar asks for them."""
    view, tenant = _view()
    wanted = _wanted(days=14, practitioner_ids=frozenset({UUID(int=1000)}), limit=500)
    sample = _measure(view, tenant, wanted)
    detail = f"p50 {sample.percentile(50):.2f}  p99 {sample.percentile(99):.2f} ms"
    return [
        Figure(
            "slot engine, 14 days of one",
            sample.rate,
            "/s",
            detail,
            300.0,
            "/s promised",
            "≥ 300/s",
            sample.rate >= 300,
        )
    ]


def growth() -> list[Figure]:
    """The CPU time of a search in vain (it looks at everything) as providers, days and bookings grow, the rest as in the other benches."""
    figures = []
    for name, sizes in GROWTH:
        for size in sizes:
            shape = {"providers": PROVIDERS, "days": DAYS, "visits a day": VISITS_A_DAY} | {name: size}
            view, tenant = _view(shape["providers"], shape["days"], shape["visits a day"])
            days = min(shape["days"], finding.MOST_DAYS)
            sample = _measure(view, tenant, _wanted(weekdays=(7,), days=days), searches=50, clock=thread_time)
            detail = f"{shape['providers']:,} providers × {days} days, {shape['visits a day']} visits a day each"
            figures.append(Figure(f"search as {name} grow: {size:,}", sample.percentile(50), "ms", detail))
    return figures


def memory() -> list[Figure]:
    """Ten thousand providers with sixty days of visits in one process, after a search through all of them."""
    command = [sys.executable, "-m", "tests.load.scheduling_benches"]
    used = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)
    detail = (
        f"{MANY_PROVIDERS:,} providers × {DAYS} days, {THEIR_VISITS} visits a day each; read in {used['seconds']:.1f} s"
    )
    return [
        Figure(
            "memory of one process",
            used["megabytes"],
            "MB",
            detail,
            300.0,
            "MB promised",
            "≤ 300 MB",
            used["megabytes"] <= 300,
        )
    ]


def _wanted(days: int = DAYS, **more: Any) -> slots.SlotSearch:
    first = date(2026, 3, 2)
    return slots.SlotSearch((KIND.id,), first_day=first, last_day=first + timedelta(days=days), **more)


def _figure(name: str, sample: Sample) -> Figure:
    p50, p99 = sample.percentile(50), sample.percentile(99)
    detail = f"p99 {p99:.2f} ms, {sample.rate:,.0f}/s ({PROVIDERS} providers × {DAYS} days)"
    return Figure(f"{name}, p50", p50, "ms", detail, 1.0, "ms promised", "p50 ≤ 1 ms", p50 <= 1.0)


def _view(
    providers: int = PROVIDERS, days: int = DAYS, visits_a_day: int = VISITS_A_DAY, *, ruled: bool = False
) -> tuple[View, TenantCache]:
    """A tenant's bitmaps as they are after the first search; ``ruled``: with a limit, a buffer and reserved time for everybody."""
    windows = tuple(WeeklyWindow(day, begin, end) for day in range(1, 6) for begin, end in ((540, 720), (780, 1020)))
    kept = tuple(WeeklyWindow(day, 660, 720, session="urgent", release_minutes=120) for day in range(1, 6))
    rules = WorkingRules(ZONE, templates=(Template((*windows, *kept) if ruled else windows),))
    people = {
        UUID(int=1000 + n): PractitionerCopy(name="A", specialties=[], languages=[], sex=0) for n in range(providers)
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
    store: Any = Booked(random.Random(7), days, visits_a_day)
    return View(tenant, store, catalogue), tenant


def _measure(
    view: View,
    tenant: TenantCache,
    wanted: slots.SlotSearch,
    searches: int = SEARCHES,
    clock: Callable[[], float] = perf_counter,
) -> Sample:
    """Searches one after the other on warm bitmaps; every tenth comes after a change of some provider's time."""
    slots.find(view, NOW, wanted, [KIND])
    taken = list(tenant.taken.values())
    latencies = []
    began = clock()
    for number in range(searches):
        if number % 10 == 0:
            taken[number % len(taken)].changed()
        start = clock()
        slots.find(view, NOW, wanted, [KIND])
        latencies.append((clock() - start) * 1000)
    return Sample(searches, clock() - began, latencies)


def main() -> None:
    """Reads ten thousand providers and says what the process then takes; for `memory`, in a process of its own."""
    began = perf_counter()
    view, _ = _view(MANY_PROVIDERS, DAYS, THEIR_VISITS)
    slots.find(view, NOW, _wanted(weekdays=(7,)), [KIND])
    megabytes = psutil.Process().memory_info().rss / 1e6
    print(json.dumps({"megabytes": megabytes, "seconds": perf_counter() - began}))


if __name__ == "__main__":
    main()
