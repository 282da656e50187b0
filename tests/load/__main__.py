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
from tests.load import billing_benches, engine_benches, http_benches, notification_benches, scheduling_benches, world
from tests.load.world import World

BENCHES: dict[str, Callable[[World], list[Figure]]] = {
    "memory": engine_benches.idle_memory,
    "read": http_benches.patient_read,
    "search": http_benches.patient_search,
    "create": http_benches.patient_create,
    "slot-engine": scheduling_benches.slot_engine,
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
    parser.add_argument("only", nargs="*", help=f"measure only these: {', '.join(BENCHES)}")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--practitioners", type=int, default=200)
    chosen = parser.parse_args()
    console = Console()
    garbage.settle()  # what is measured in this process is set as in the services' own
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="polyclinic-bench-") as data:
        stack = Stack(Path(data), tell=lambda line: console.print(f"[dim]{line}"))
        stack.start()
        try:
            made = world.make(stack, chosen.people, chosen.practitioners, lambda line: console.print(f"making {line}"))
            for name, bench in BENCHES.items():
                if not chosen.only or name in chosen.only:
                    console.print(f"measuring {name}")
                    figures += bench(made)
        finally:
            stack.stop()
    show(figures, Path("out/bench/report.json"))
    return 0  # figures are for people to judge: a busy machine must not fail a build


if __name__ == "__main__":
    raise SystemExit(main())
