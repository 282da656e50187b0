"""`python -m infra.load`: starts the stack, seeds it, drives the morning, prints what was found, stops."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from infra.load import measures, report
from infra.load.bed import Bed
from infra.load.measures import Findings
from infra.local.stack import Stack

STAGES = ("reads", "endpoints", "mixed", "knee", "neighbour", "tenants", "growth")
OUT = Path("out/load")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="make load")
    parser.add_argument("only", nargs="*", help=f"only these: {', '.join(STAGES)}")
    parser.add_argument("--clinics", type=int, default=200)
    parser.add_argument(
        "--patients", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="sizes to grow to"
    )
    parser.add_argument("--tenants", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=12.0, help="of each stretch that is measured")
    parser.add_argument("--rate", type=float, default=60.0, help="mixed requests a second while costs are compared")
    chosen = parser.parse_args()
    if unknown := set(chosen.only) - set(STAGES):
        parser.error(f"no stage is called {', '.join(sorted(unknown))}")
    console = Console(width=170)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the stack's processes are ended in any case
    found = Findings()
    with tempfile.TemporaryDirectory(prefix="polyclinic-load-") as data:
        stack = Stack(Path(data), tell=lambda line: console.print(f"[dim]{line}"))
        stack.start()
        try:
            _measure(Bed(stack, console.print), found, chosen)
        finally:
            stack.stop()
            OUT.mkdir(parents=True, exist_ok=True)
            (OUT / "report.json").write_text(json.dumps(found.as_data(), indent=1))
            report.show(found, console)
    return 0  # figures are for people to judge: a busy machine must not fail a build


def _measure(bed: Bed, found: Findings, chosen: argparse.Namespace) -> None:
    def wanted(stage: str) -> bool:
        if chosen.only and stage not in chosen.only:
            return False
        bed.tell(f"[bold]{stage}")
        return True

    sizes, seconds = sorted(chosen.patients), chosen.seconds
    bed.tell(f"seeding {chosen.clinics} clinics and {sizes[0]:,} patients")
    bed.add("load", clinics=chosen.clinics, practitioners=2 * chosen.clinics, people=sizes[0], visits_today=30)
    bed.analyze()
    bed.rest()
    if wanted("reads"):
        measures.reads(bed, found, seconds / 3)
    if wanted("endpoints"):
        measures.endpoints(bed, found, seconds / 4)
    if wanted("mixed"):
        measures.mixed(bed, found, seconds)
    if wanted("knee"):
        measures.knee(bed, found, seconds / 2)
    if wanted("neighbour"):
        if len(bed.desks) < 2:
            bed.add("noisy", clinics=2, practitioners=4, people=1_000, visits_today=10)
        measures.neighbour(bed, found, seconds, chosen.rate / 2)
    if wanted("tenants"):
        measures.tenants(bed, found, chosen.tenants, 1_000, seconds, chosen.rate)
    if wanted("growth"):
        measures.growth(bed, found, sizes, seconds, chosen.rate)


if __name__ == "__main__":
    raise SystemExit(main())
