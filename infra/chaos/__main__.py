"""``python -m infra.chaos`` (``make chaos``): hurts a running stack in every way, and proves it after each."""

from __future__ import annotations

import argparse
import fnmatch
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from infra.chaos.causes import catalogue
from infra.chaos.clinics import Clinic, Town, found
from infra.chaos.display import Display, summary
from infra.chaos.flow import FlowingTime
from infra.chaos.load import Load
from infra.chaos.proofs import broken_bars, prove, wrong
from infra.chaos.recovery import Probes, Recovery
from infra.chaos.report import Line, Report, line_of
from infra.chaos.routes import Routes
from infra.chaos.stage import Points, Stage
from infra.chaos.system import ChaosStack
from infra.chaos.trouble import Trouble
from infra.chaos.watch import Watch
from infra.day.client import ApiError
from infra.day.clock import ClockError
from infra.day.context import wall_clock
from infra.day.invariants import Finding
from infra.day.observe import Observer, Stuck
from infra.day.outside import Outside
from infra.day.progress import Progress
from infra.day.world import PLACES, VISIT_DAY
from infra.local.plan import ROOT
from infra.local.process import StartError

# Real seconds of undisturbed work: before the first trouble (so that claims and remittances are on their way), and after each.
WARM_UP_SECONDS = 25.0
BREATH_SECONDS = 1.0


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
            return Run(choice, town, clinics, points, display).report()
    finally:
        business.hold()
        business.close()
        observer.databases.close()


class Run:
    """All troubles, one after the other, on clinics that never stop working but to be proved."""

    def __init__(self, choice: Choice, town: Town, clinics: list[Clinic], points: Points, display: Display) -> None:
        self._choice = choice
        self._town = town
        self._clinics = clinics
        self._points = points
        self._display = display
        self._load = Load(clinics, choice.seed)
        self._probes = Probes(clinics)
        self._recovery = Recovery(
            town.watch,
            self._probes,
            town.stack.postgres.admin_url,
            town.observer.streams,
            lambda: town.time.now,
        )

    def report(self) -> Report:
        """The report of the whole run."""
        report = Report(self._choice.seed)
        began = time.monotonic()
        try:
            self._display.doing("undisturbed work")
            self._work()
            time.sleep(WARM_UP_SECONDS)
            report.lines.append(self._undisturbed())
            self._display.ended(report.lines[-1])
            for trouble in self._choice.troubles:
                self._work()
                report.lines.append(self._live_through(trouble))
                self._display.ended(report.lines[-1])
                report.write(self._choice.out)
            report.lines.append(self._whole())
            self._display.ended(report.lines[-1])
        finally:
            self._load.end()
            self._probes.end()
            self._recovery.close()
        report.figures = {
            "seconds": round(time.monotonic() - began),
            "requests": self._town.watch.total,
            "business_days": len({visit.start.date() for visit in self._clinics[0].day.visits}),
            "visits": {clinic.name: len(clinic.day.visits) for clinic in self._clinics},
            "work": dict(self._load.done),
        }
        report.write(self._choice.out)
        return report

    def _work(self) -> None:
        self._load.resume()
        self._probes.gate.open()
        self._town.time.flow()

    def _live_through(self, trouble: Trouble) -> Line:
        self._display.begins(trouble.name, trouble.cause)
        began = time.monotonic()
        chance = random.Random(f"{self._choice.seed}/{trouble.name}")
        stage = Stage(self._town, self._clinics, self._points, self._recovery, chance)
        trouble.act(stage)
        time.sleep(BREATH_SECONDS)
        answers = self._town.watch.since(began)
        broken = broken_bars(trouble, stage.course, answers)
        findings, more = self._prove()
        return line_of(
            trouble.name,
            trouble.cause,
            recoveries=stage.course.recoveries,
            hurt_seconds=stage.course.seconds_hurt,
            answers=answers,
            findings=findings,
            wrong=wrong(findings),
            broken=broken + more,
            notes=stage.course.notes,
        )

    def _undisturbed(self) -> Line:
        """What the proofs and the clients find when nothing was hurt: it must be nothing."""
        answers = self._town.watch.since(0.0)
        nothing = Trouble("undisturbed", "nothing", lambda stage: None)
        return self._line(nothing, answers, *self._prove())

    def _whole(self) -> Line:
        """All proofs once more, over everything."""
        nothing = Trouble("the-whole-run", "all proofs over everything that happened", lambda stage: None)
        findings = prove(self._clinics, at_the_end=True)
        return self._line(nothing, [], findings, [])

    def _line(self, trouble: Trouble, answers: list, findings: list[Finding], more: list[str]) -> Line:  # type: ignore[type-arg]
        stage = Stage(self._town, self._clinics, self._points, self._recovery, random.Random(0))
        return line_of(
            trouble.name,
            trouble.cause,
            recoveries=[],
            hurt_seconds=0.0,
            answers=answers,
            findings=findings,
            wrong=wrong(findings),
            broken=broken_bars(trouble, stage.course, answers) + more,
            notes=[],
        )

    def _prove(self) -> tuple[list[Finding], list[str]]:
        """Let everything come to rest, and ask all proofs; also what surprised the desks meanwhile."""
        self._display.doing("proving")
        faults: list[str] = []
        if not self._load.rest():
            faults.append("a desk did not finish its work")
        self._probes.gate.close(BREATH_SECONDS * 30)
        self._town.time.hold()
        try:
            self._town.time.settle()
        except (Stuck, ClockError) as error:
            faults.append(str(error))
        faults += [f"a desk was surprised: {surprise}" for surprise in self._load.surprises[:5]]
        self._load.surprises.clear()
        return prove(self._clinics), faults


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


if __name__ == "__main__":
    sys.exit(main())
