"""``python -m infra.chaos`` (``make chaos``): hurts a running stack in every way, and proves it after each."""

from __future__ import annotations

import argparse
import fnmatch
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from infra.chaos.causes import catalogue
from infra.chaos.clinics import Clinic, Town, found
from infra.chaos.display import Display, summary
from infra.chaos.flow import FlowingTime
from infra.chaos.report import Report
from infra.chaos.routes import Routes
from infra.chaos.run import Run
from infra.chaos.stage import Points
from infra.chaos.system import ChaosStack
from infra.chaos.trouble import Trouble
from infra.chaos.watch import Watch
from infra.day.client import ApiError
from infra.day.clock import ClockError
from infra.day.context import wall_clock
from infra.day.observe import Observer, Stuck
from infra.day.outside import Outside
from infra.day.progress import Progress
from infra.day.world import PLACES, VISIT_DAY
from infra.local.plan import ROOT
from infra.local.process import StartError


@dataclass(frozen=True)
class Choice:
    """What the command line decides."""

    troubles: list[Trouble]
    seed: int
    out: Path


def main(argv: list[str] | None = None) -> int:
    """Run the troubles; 0 when every invariant held and every promise was kept."""
    choice = read_choice(argv)
    console = Console(highlight=False)
    data = Path(tempfile.mkdtemp(prefix="polyclinic-chaos-"))
    data.chmod(0o711)  # PostgreSQL runs as somebody else when we are root, and must reach its archive
    signal.signal(signal.SIGTERM, _interrupt)
    stack = ChaosStack(data, seed=choice.seed)
    kept = True
    try:
        console.print(f"[bold]{len(choice.troubles)} troubles[/bold], seed {choice.seed}; starting the stack …")
        stack.start()
        report = live(choice, stack, console)
        console.print(summary(report))
        console.print(f"{choice.out / 'report.json'}: {'survived' if report.passed else 'NOT survived'}")
        kept = not report.passed
        return 0 if report.passed else 1
    except (StartError, ApiError, Stuck, ClockError) as error:
        console.print(f"[red]the run broke off:[/red] {error}")
        return 1
    except KeyboardInterrupt:
        kept = False
        return 130
    finally:
        stack.stop()
        if kept:
            console.print(f"databases and logs are kept in {data}")
        else:
            stack.postgres.destroy()
            shutil.rmtree(data, ignore_errors=True)


def live(choice: Choice, stack: ChaosStack, console: Console) -> Report:
    """Found the clinics, let them work, hurt them, prove them."""
    observer, watch, routes = Observer(stack), Watch(), Routes()
    business = FlowingTime(stack, observer, wall_clock(PLACES[0], VISIT_DAY, 7))
    progress = Progress(Console(quiet=True))
    town = Town(stack, observer, business, Outside.of(stack.plan), watch, routes, progress, choice.seed, choice.out)
    clinics: list[Clinic] = []
    try:
        business.settle()
        with Display(console, watch, len(choice.troubles), lambda: f"{business.now:%a %d %b %H:%M}") as display:
            display.doing("founding two clinics")
            clinics = found(town)
            points = Points()
            watch.on_request(points.reach)
            for line in stack.lines.values():
                line.on_connection(points.reach)
            return Run(choice.troubles, town, clinics, points, display).report()
    finally:
        business.hold()
        business.close()
        observer.databases.close()


def read_choice(argv: list[str] | None) -> Choice:
    """The command line as ``Choice``."""
    parser = argparse.ArgumentParser(prog="python -m infra.chaos", description="Hurt a running stack and prove it.")
    parser.add_argument("--only", default="", help="names of troubles (patterns like 'kill-*'), separated by commas")
    parser.add_argument("--seed", type=int, default=7, help="decides everything that is left to chance")
    parser.add_argument("--list", action="store_true", help="name the troubles and end")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "chaos", help="folder for the report")
    given = parser.parse_args(argv)
    troubles = catalogue()
    if given.list:
        for trouble in troubles:
            print(f"{trouble.name:<34} {trouble.cause}")
        raise SystemExit(0)
    wanted = [pattern.strip() for pattern in given.only.split(",") if pattern.strip()]
    chosen = [each for each in troubles if not wanted or any(fnmatch.fnmatch(each.name, one) for one in wanted)]
    if not chosen:
        parser.error(f"--only: no trouble is called {given.only}; --list names them")
    return Choice(chosen, given.seed, given.out)


def _interrupt(signum: int, frame: object) -> None:
    """Whoever ends us ends what we have started."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
