"""``python -m infra.day`` (``make day``): lives one clinic day through a whole stack of its own, and proves it."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from infra.day.chaos import Chaos
from infra.day.client import ApiError, RequestLog
from infra.day.clock import BusinessTime, ClockError
from infra.day.context import Day, Options, wall_clock
from infra.day.observe import Observer, Stuck
from infra.day.outside import Outside
from infra.day.progress import Progress
from infra.day.report import Report
from infra.day.steps import STEPS
from infra.day.world import DAYS_BEFORE, PLACES, VISIT_DAY
from infra.local.plan import ROOT
from infra.local.process import StartError
from infra.local.stack import Stack


def main(argv: list[str] | None = None) -> int:
    """Run the day; 0 when every invariant holds, 1 with a clear line otherwise."""
    options = read_options(argv)
    console = Console(highlight=False)
    data = Path(tempfile.mkdtemp(prefix="polyclinic-day-"))
    stack = Stack(data, clock="simulated", durable=False, seed=options.seed)
    kept = False
    try:
        with Progress(console) as progress:
            progress.step("starting PostgreSQL, NATS, six services, the gateway and four outside parties")
            stack.start()
            report = live(options, stack, progress)
        console.print(report.summary())
        if options.keep:
            keep(stack, console)
        # What a broken invariant was broken by is in there.
        kept = not report.passed
        return 0 if report.passed else 1
    except (StartError, ApiError, Stuck, ClockError) as error:
        kept = True
        console.print(f"[red]the day broke off:[/red] {error}")
        return 1
    except Exception:
        kept = True
        raise
    except KeyboardInterrupt:
        return 130
    finally:
        stack.stop()
        if kept:
            console.print(f"databases and logs are kept in {data}")
        else:
            stack.postgres.destroy()
            shutil.rmtree(data, ignore_errors=True)


def live(options: Options, stack: Stack, progress: Progress) -> Report:
    """All steps of the day on a running stack, then the report."""
    observer = Observer(stack)
    start = wall_clock(PLACES[0], VISIT_DAY - timedelta(days=DAYS_BEFORE + 1), 6)
    time = BusinessTime(stack, observer, start)
    try:
        day = Day(options, stack, observer, time, Outside.of(stack.plan), RequestLog(), progress)
        chaos = Chaos(day) if options.chaos else None
        if chaos is not None:
            day.reach = chaos.reach
        time.settle()
        try:
            for title, step in STEPS:
                progress.step(title)
                step(day)
        finally:
            # A victim that did not get up again is why everything after it fails: that is told first.
            if chaos is not None:
                chaos.finish()
        if chaos is not None:
            day.figures["chaos"] = chaos.figures()
            time.settle()
        report = Report(day)
        report.write()
        return report
    finally:
        time.close()
        observer.databases.close()


def keep(stack: Stack, console: Console) -> None:
    """Leave everything running until Ctrl-C."""
    console.print(f"The clinic stays up on {stack.url}; Ctrl-C stops it.")
    try:
        stack.watch()
    except KeyboardInterrupt:
        console.print("stopping …")


def read_options(argv: list[str] | None) -> Options:
    """The command line as ``Options``."""
    parser = argparse.ArgumentParser(prog="python -m infra.day", description="Live one clinic day and prove it.")
    parser.add_argument("--visits", type=int, default=200, help="visits to be booked (default 200)")
    parser.add_argument("--seed", type=int, default=7, help="decides everything that is left to chance")
    parser.add_argument("--patients", type=Path, help="folder of FHIR R4 bundles (default: generated ones)")
    parser.add_argument("--chaos", action="store_true", help="kill processes at named points")
    parser.add_argument("--keep", action="store_true", help="leave the system running afterwards")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "day", help="folder for the report and the files")
    found = parser.parse_args(argv)
    if found.visits < 1:
        parser.error("--visits must be at least 1")
    if found.patients is not None and not found.patients.is_dir():
        parser.error(f"--patients: {found.patients} is not a folder")
    return Options(found.visits, found.seed, found.patients, found.chaos, found.keep, found.out)


if __name__ == "__main__":
    sys.exit(main())
