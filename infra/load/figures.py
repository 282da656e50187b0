"""Figures and how they are shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Sample:
    """One measured stretch: how many, in how many seconds, with which latencies (milliseconds)."""

    count: int
    seconds: float
    latencies_ms: list[float] = field(repr=False, default_factory=list)
    errors: int = 0

    @property
    def rate(self) -> float:
        """Per second."""
        return self.count / self.seconds if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        """Milliseconds under which `percent` of the latencies lie."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


@dataclass(frozen=True)
class Figure:
    """One line of the report. `limit` is what the same machine did at most in the same run; `bar` is our own promise."""

    name: str
    value: float
    unit: str
    detail: str = ""
    limit: float | None = None
    limit_name: str = ""
    bar: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Value ÷ limit."""
        return self.value / self.limit if self.limit else None


def rate_figure(
    name: str,
    samples: list[Sample],
    limits: Sequence[Sample] = (),
    limit_name: str = "",
    bar: str = "",
    least: float | None = None,
) -> Figure:
    """The median rate of interleaved samples beside the median of their limits; `least` is the least ratio promised."""
    rate = median(sample.rate for sample in samples)
    limit = median(sample.rate for sample in limits) if limits else None
    latencies = [one for sample in samples for one in sample.latencies_ms]
    whole = Sample(len(latencies), 1, latencies)
    errors = sum(sample.errors for sample in samples)
    detail = (
        f"p50 {whole.percentile(50):.1f}  p95 {whole.percentile(95):.1f}  p99 {whole.percentile(99):.1f} ms"
        if latencies
        else ""
    )
    if errors:
        detail += f"  errors {errors}"
    met = None if least is None or not limit else rate / limit >= least and not errors
    return Figure(name, rate, "/s", detail, limit, limit_name, bar, met)


def show(figures: list[Figure], path: Path) -> None:
    """Prints the table and writes it as JSON."""
    Console(width=170).print(table(figures, "Measured on this machine, in this run"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{**asdict(one), "ratio": one.ratio} for one in figures], indent=1))


def table(figures: list[Figure], title: str) -> Table:
    """Each figure beside its limit and its bar."""
    shown = Table(title=title)
    for heading in ("what", "figure", "limit", "ratio", "details", "bar"):
        shown.add_column(heading, justify="right" if heading in ("figure", "limit", "ratio") else "left")
    for one in figures:
        limit = f"{one.limit:,.0f}" if one.limit else ""
        ratio = f"{one.ratio:.0%}" if one.ratio is not None else ""
        mark = {None: "", True: " ✓", False: " ✗"}[one.met]
        value = f"{one.value:,.2f} {one.unit}" if one.value < 10 else f"{one.value:,.0f} {one.unit}"
        shown.add_row(one.name, value, f"{limit} {one.limit_name}".strip(), ratio, one.detail, one.bar + mark)
    return shown
