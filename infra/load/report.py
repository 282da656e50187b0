"""The tables at the end of `make load`."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from infra.load import figures
from infra.load.measures import CORES, OTHERS, Findings


def show(found: Findings, console: Console) -> None:
    """Prints figures with their bars, each kind of request, and what others did."""
    console.print(figures.table(found.figures, "A morning of the clinics, measured on this machine"))
    if found.endpoints:
        console.print(_endpoints(found))


def _endpoints(found: Findings) -> Table:
    table = Table(title=f"Each kind of request: by itself from 16 clients, and in the mix ({CORES} cores)")
    heads = (
        "request",
        "/s",
        "p50",
        "p95",
        "p99",
        "CPU ms",
        "queries",
        "mix p50",
        "mix p95",
        "mix p99",
        "/s and core",
        "others",
    )
    for head in heads:
        table.add_column(head, justify="left" if head == "request" else "right")
    for name, row in found.endpoints.items():
        per_core = row.get("per_second", 0.0) / CORES
        others = " and ".join(map(str, OTHERS[name])) if name in OTHERS else ""
        cells = [
            row.get(key)
            for key in ("per_second", "p50", "p95", "p99", "cpu_ms", "queries", "mixed_p50", "mixed_p95", "mixed_p99")
        ]
        texts = ["" if cell is None else f"{cell:,.1f}" for cell in cells]
        table.add_row(name, *texts, f"{per_core:,.0f}" if name in OTHERS and per_core else "", others)
    return table
