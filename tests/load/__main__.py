"""`python -m tests.load`: starts the whole stack at production settings, measures, prints the table, stops."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.load.figures import Figure, show
from infra.local.stack import Stack
from rich.console import Console

from chassis import garbage
from tests.load import (
    billing_benches,
    engine_benches,
    http_benches,
    notification_benches,
    page_benches,
    scheduling_benches,
    store_benches,
    world,
)
from tests.load.world import World

# Those that need nothing but themselves, and those on a running stack with its people.
ALONE: dict[str, Callable[[], list[Figure]]] = {
    "slot-engine": scheduling_benches.slot_engine,
    "slot-one": scheduling_benches.one_provider,
    "slot-growth": scheduling_benches.growth,
    "slot-memory": scheduling_benches.memory,
    "store": store_benches.store_bookings,
}
BENCHES: dict[str, Callable[[World], list[Figure]]] = {
    "memory": engine_benches.idle_memory,
    "read": http_benches.patient_read,
    "search": http_benches.patient_search,
    "create": http_benches.patient_create,
    "pages": page_benches.pages,
    "slots": http_benches.slot_search,
    "book": http_benches.booking,
    "events": engine_benches.event_latency,
    "837": billing_benches.claim_writing,
    "835-read": billing_benches.remittance_reading,
    "835-post": billing_benches.remittance_posting_rate,
    "reminders": notification_benches.reminders,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help=f"measure only these: {', '.join([*ALONE, *BENCHES])}")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--practitioners", type=int, default=200)
    chosen = parser.parse_args()
    console = Console()
    garbage.settle()  # what is measured in this process is set as in the services' own
    figures: list[Figure] = []
    for name, alone in ALONE.items():
        if not chosen.only or name in chosen.only:
            console.print(f"measuring {name}")
            figures += alone()
    on_a_stack = {name: bench for name, bench in BENCHES.items() if not chosen.only or name in chosen.only}
    if on_a_stack:
        figures += _on_a_stack(on_a_stack, chosen, console)
    show(figures, Path("out/bench/report.json"))
    return 0  # figures are for people to judge: a busy machine must not fail a build


def _on_a_stack(
    benches: dict[str, Callable[[World], list[Figure]]], chosen: argparse.Namespace, console: Console
) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="polyclinic-bench-") as data:
        stack = Stack(Path(data), tell=lambda line: console.print(f"[dim]{line}"))
        stack.start()
        try:
            made = world.make(stack, chosen.people, chosen.practitioners, lambda line: console.print(f"making {line}"))
            for name, bench in benches.items():
                console.print(f"measuring {name}")
                figures += bench(made)
        finally:
            stack.stop()
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
