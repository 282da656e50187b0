"""What is measured, each as a function of the bed; figures beside their bars, and tables of details."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from infra.load.bed import Bed
from infra.load.driver import Calls, Run, begin, run
from infra.load.figures import Figure, Sample
from infra.load.machine import memory, sequential_scans, statements
from infra.load.scenario import SHARES, WRITES, Desk

CORES = 2
# Authenticated, audited reads of the whole machine.
READS_BAR = 500.0
# Mixed requests a second and core, and how long 95 of 100 may take.
MIXED_BAR, P95_BAR_MS = 100.0, 200.0
GROWTH_BAR = NEIGHBOUR_BAR = 1.5
# What two other open-source systems did on one core of such a machine, 16 clients, requests a second.
OTHERS = {
    "open a record": (152, 89),
    "look for somebody": (43, 62),
    "register": (46, 81),
    "book": (116, 70),
    "free times": (40, 3),
}
CLIENTS = 16
PROBES = 12


@dataclass
class Findings:
    """Everything that has been found out."""

    figures: list[Figure] = field(default_factory=list)
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    growth: list[dict[str, Any]] = field(default_factory=list)
    tenants: list[dict[str, Any]] = field(default_factory=list)
    knee: list[dict[str, float]] = field(default_factory=list)
    parts: dict[str, float] = field(default_factory=dict)
    memory_mb: dict[str, float] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """For report.json."""
        return asdict(self)


def reads(bed: Bed, found: Findings, seconds: float) -> None:
    """As many authenticated, audited reads of records as the whole machine gives."""
    desk = bed.desks[0]
    texts = desk.requests("open a record", bed.token(desk), 300)
    run(bed.port, [Calls("", texts)], connections=CLIENTS, seconds=1)
    samples = [run(bed.port, [Calls("", texts)], connections=CLIENTS, seconds=seconds).sample() for _ in range(3)]
    rate = median(one.rate for one in samples)
    whole = Sample(1, 1, [one for sample in samples for one in sample.latencies_ms])
    bar = f"≥ {READS_BAR:,.0f}/s on {CORES} cores"
    found.figures.append(Figure("audited reads", rate, "/s", percentiles(whole), bar=bar, met=rate >= READS_BAR))


def endpoints(bed: Bed, found: Findings, seconds: float) -> None:
    """Each kind of request by itself: rate, latencies, CPU milliseconds and statements a request."""
    desk = bed.desks[0]
    for name in SHARES:
        texts = desk.requests(name, bed.token(desk), 1_500 if name in WRITES else 200)
        probes = texts[:PROBES]
        with statements(bed.stack) as asked:
            sent = run(bed.port, [Calls(name, probes)], connections=1, rate=40, seconds=PROBES / 40).sample()
        queries = len(asked) / max(1, sent.count + sent.errors)
        meter = bed.meter()
        sample = run(bed.port, [Calls(name, texts[PROBES:])], connections=CLIENTS, seconds=seconds).sample()
        count, used = len(sample.latencies_ms), meter()
        found.endpoints[name] = {
            "per_second": sample.rate,
            **_percentiles(sample),
            "cpu_ms": used.system * 1000 / max(1, count),
            "queries": queries,
            "errors": sample.errors,
            "parts": used.per_request(count),
        }


def mixed(bed: Bed, found: Findings, seconds: float) -> None:
    """The morning at the promised rate."""
    rate = MIXED_BAR * CORES
    bed.morning(rate / 2, 2.0)
    result, used = bed.morning(rate, seconds)
    sample = result.sample()
    p95, done = sample.percentile(95), sample.count / seconds
    kept = p95 <= P95_BAR_MS and not sample.errors and sample.count >= 0.95 * rate * seconds
    bar = f"p95 ≤ {P95_BAR_MS:.0f} ms at {MIXED_BAR:.0f}/s and core"
    found.figures.append(Figure(f"mixed, {done:,.0f}/s", p95, "ms p95", percentiles(sample), bar=bar, met=kept))
    count = len(sample.latencies_ms)
    found.parts = used.per_request(count)
    cost = used.system * 1000 / count
    detail = ", ".join(f"{name} {ms:.1f}" for name, ms in list(found.parts.items())[:7])
    found.figures.append(Figure("CPU of a mixed request", cost, "ms", detail))
    own = result.cpu_seconds * 1000 / count
    found.figures.append(Figure("CPU of the driver itself", own, "ms", f"a request; {own / cost:.0%} of the system's"))
    for name, latencies in result.latencies_ms.items():
        of_kind = Sample(1, 1, latencies)
        found.endpoints.setdefault(name, {}).update({f"mixed_{k}": v for k, v in _percentiles(of_kind).items()})
    found.memory_mb = {name: size / 1e6 for name, size in memory(bed.stack).items()}
    total = sum(found.memory_mb.values())
    largest = ", ".join(f"{name} {size:,.0f}" for name, size in list(found.memory_mb.items())[:5])
    found.figures.append(Figure("memory under load", total, "MB", largest))


def knee(bed: Bed, found: Findings, seconds: float) -> None:
    """Faster and faster, until 95 of 100 no longer come in time: the last rate that held."""
    rate, held = MIXED_BAR * CORES * 0.6, 0.0
    while rate < 2_000:
        result, used = bed.morning(rate, seconds)
        sample = result.sample()
        p95 = sample.percentile(95)
        step = {"offered": rate, "done": sample.rate, **_percentiles(sample), "busy": used.system / used.seconds}
        found.knee.append(step | {"errors": sample.errors})
        bed.tell(f"  {rate:.0f}/s: p95 {p95:.0f} ms, {sample.errors} errors")
        if p95 > P95_BAR_MS or sample.rate < 0.9 * rate:
            break
        held, rate = rate, rate * 1.2
    found.figures.append(Figure("knee: mixed requests in time", held, "/s", f"p95 ≤ {P95_BAR_MS:.0f} ms up to there"))


def growth(bed: Bed, found: Findings, sizes: list[int], seconds: float, rate: float) -> None:
    """What the same morning costs while the people become a hundred times as many."""
    desk = bed.desks[0]
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for size in sizes:
        bed.tell(f"  growing to {size:,} patients")
        bed.grow(desk, size)
        bed.analyze()
        bed.morning(rate, 4.0)
        before = sequential_scans(bed.stack)
        found.growth.append(_cost(bed, {"patients": size}, [desk], rate, seconds))
        after = sequential_scans(bed.stack)
    first, last = found.growth[0]["cpu_ms"], found.growth[-1]["cpu_ms"]
    detail = ", ".join(f"{row['patients']:,}: {row['cpu_ms']:.1f} ms, p95 {row['p95']:.0f}" for row in found.growth)
    name = f"cost at {sizes[-1]:,} ÷ at {sizes[0]:,} patients"
    met = last / first <= GROWTH_BAR
    found.figures.append(Figure(name, last / first, "×", detail, bar=f"≤ {GROWTH_BAR}", met=met))
    scanned = {table: scans - before.get(table, 0) for table, scans in after.items() if scans > before.get(table, 0)}
    name, detail = f"scans of whole tables at {sizes[-1]:,}", ", ".join(f"{table} {n}" for table, n in scanned.items())
    found.figures.append(Figure(name, sum(scanned.values()), "", detail, bar="0", met=not scanned))


def tenants(bed: Bed, found: Findings, count: int, people: int, seconds: float, rate: float) -> None:
    """What the same morning costs when it is that of many organisations instead of one."""
    found.tenants.append(_cost(bed, {"tenants": 1}, bed.desks[:1], rate, seconds))
    for number in range(len(bed.desks), count):
        bed.add(f"load-{number:03d}", clinics=2, practitioners=4, people=people, visits_today=10)
    bed.analyze()
    bed.morning(rate, 4.0, bed.desks)
    found.tenants.append(_cost(bed, {"tenants": count}, bed.desks, rate, seconds))
    one, many = found.tenants[0]["cpu_ms"], found.tenants[-1]["cpu_ms"]
    detail = ", ".join(f"{row['tenants']}: {row['cpu_ms']:.1f} ms, p95 {row['p95']:.0f}" for row in found.tenants)
    met = many / one <= GROWTH_BAR
    found.figures.append(
        Figure(f"cost with {count} tenants ÷ with 1", many / one, "×", detail, bar=f"≤ {GROWTH_BAR}", met=met)
    )


def neighbour(bed: Bed, found: Findings, seconds: float, rate: float) -> None:
    """One organisation's morning alone, and while another one asks without a pause."""
    quiet, noisy = bed.desks[0], bed.desks[1]
    alone = bed.morning(rate, seconds, [quiet])[0].sample()
    calls = bed.mix(rate, seconds, [quiet])
    flood = [Calls("flood", noisy.requests("open a record", bed.token(noisy), 200))]
    flood += [Calls("flood of searches", noisy.requests("look for somebody", bed.token(noisy), 200))]
    with begin(bed.port, flood, rate=0, connections=2 * CLIENTS, seconds=seconds + 2) as process:
        beside = run(bed.port, calls, rate=rate, connections=64, seconds=seconds).sample()
        out, _ = process.communicate(timeout=60)
    loud = Run(**json.loads(out))
    ratio = beside.percentile(95) / alone.percentile(95)
    answered = sum(by.get("200", 0) for by in loud.statuses.values()) / loud.seconds
    refused = sum(by.get("429", 0) for by in loud.statuses.values()) / loud.seconds
    other = f"{answered:,.0f}/s answered and {refused:,.0f}/s refused of the other"
    detail = f"p95 {alone.percentile(95):.0f} → {beside.percentile(95):.0f} ms beside {other}"
    if beside.errors:
        detail += f", {beside.errors} errors"
    met = ratio <= NEIGHBOUR_BAR and not beside.errors
    found.figures.append(
        Figure("p95 beside a noisy tenant ÷ alone", ratio, "×", detail, bar=f"≤ {NEIGHBOUR_BAR}", met=met)
    )


def percentiles(sample: Sample) -> str:
    """For a person."""
    text = f"p50 {sample.percentile(50):.1f}  p95 {sample.percentile(95):.1f}  p99 {sample.percentile(99):.1f} ms"
    return text + (f"  errors {sample.errors}" if sample.errors else "")


def _percentiles(sample: Sample) -> dict[str, float]:
    return {f"p{percent}": sample.percentile(percent) for percent in (50, 95, 99)}


def _cost(bed: Bed, about: Mapping[str, Any], desks: list[Desk], rate: float, seconds: float) -> dict[str, Any]:
    result, used = bed.morning(rate, seconds, desks)
    sample = result.sample()
    count = len(sample.latencies_ms)
    kinds = {name: _percentiles(Sample(1, 1, found)) for name, found in result.latencies_ms.items()}
    cost = used.system * 1000 / count
    bed.tell(f"  {dict(about)}: {cost:.2f} ms CPU a request, {percentiles(sample)}")
    return {
        **about,
        "cpu_ms": cost,
        **_percentiles(sample),
        "errors": sample.errors,
        "parts": used.per_request(count),
        "kinds": kinds,
    }
