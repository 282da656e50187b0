"""One run: undisturbed work first, then each trouble, then everything once more; proved every time."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import Final

from infra.chaos.clinics import Clinic, Town
from infra.chaos.display import Display
from infra.chaos.load import Load
from infra.chaos.proofs import Judge, broken_bars, wrong
from infra.chaos.recovery import Probes, Recovery
from infra.chaos.report import Line, Report, line_of
from infra.chaos.stage import Points, Stage
from infra.chaos.trouble import Course, Trouble
from infra.chaos.watch import Answer
from infra.day.clock import ClockError
from infra.day.invariants import Finding
from infra.day.observe import Stuck

# Real seconds of undisturbed work: before the first trouble (so that claims are on their way), and after each.
WARM_UP_SECONDS: Final = 25.0
BREATH_SECONDS: Final = 1.0
# How long a probe may still be answered when it is to pause.
PROBE_SECONDS: Final = 35.0
UNDISTURBED: Final = Trouble("undisturbed", "nothing: clients and proofs must find nothing", lambda stage: None)
EVERYTHING: Final = Trouble("the-whole-run", "nothing: all proofs over everything that happened", lambda stage: None)


@dataclass
class Proof:
    """What the invariants said, and what else was found on the way to them."""

    findings: list[Finding]
    wrong: list[Finding]
    faults: list[str] = field(default_factory=list)


class Run:
    """All troubles, one after the other, on clinics that never stop working but to be proved."""

    def __init__(
        self, troubles: list[Trouble], town: Town, clinics: list[Clinic], points: Points, display: Display
    ) -> None:
        self._troubles = troubles
        self._town = town
        self._clinics = clinics
        self._points = points
        self._display = display
        self._judge = Judge(clinics, town.stack.bus)
        self._load = Load(clinics, town.seed)
        self._probes = Probes(clinics)
        self._recovery = Recovery(
            town.watch,
            self._probes,
            town.stack.postgres.admin_url,
            town.observer.streams,
            lambda: town.time.now,
        )

    def report(self) -> Report:
        """Live through everything; the report of it, written after each trouble."""
        report = Report(self._town.seed)
        began = time.monotonic()
        try:
            self._display.doing("undisturbed work")
            self._work()
            time.sleep(WARM_UP_SECONDS)
            self._tell(report, self._line(UNDISTURBED, Course(), self._town.watch.since(began), self._prove()))
            for trouble in self._troubles:
                self._work()
                self._tell(report, self._live_through(trouble))
            self._display.doing("proving everything once more")
            findings = self._judge.prove(at_the_end=True)
            proof = Proof(findings, wrong(findings))
            self._tell(report, self._line(EVERYTHING, Course(), [], proof))
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
        report.write(self._town.out)
        return report

    def _tell(self, report: Report, line: Line) -> None:
        report.lines.append(line)
        report.write(self._town.out)
        self._display.ended(line)

    def _work(self) -> None:
        """Drawers are opened, time flows, everybody works."""
        self._load.resume()
        self._probes.gate.open()
        self._town.time.flow()

    def _live_through(self, trouble: Trouble) -> Line:
        self._display.begins(trouble.name, trouble.cause)
        began = time.monotonic()
        chance = random.Random(f"{self._town.seed}/{trouble.name}")
        stage = Stage(self._town, self._clinics, self._points, self._recovery, chance)
        trouble.act(stage)
        time.sleep(BREATH_SECONDS)
        answers = self._town.watch.since(began)
        return self._line(trouble, stage.course, answers, self._prove(told_again=trouble.tells_again))

    def _prove(self, *, told_again: bool = False) -> Proof:
        """Let everything come to rest, and ask all proofs; also what surprised the desks meanwhile."""
        self._display.doing("proving")
        faults: list[str] = []
        if not self._load.rest():
            faults.append("a desk did not finish its work")
        self._probes.gate.close(PROBE_SECONDS)
        self._town.time.hold()
        try:
            self._town.time.settle()
        except (Stuck, ClockError) as error:
            faults.append(str(error))
        faults += [f"a desk was surprised: {surprise}" for surprise in self._load.surprises[:5]]
        self._load.surprises.clear()
        findings = self._judge.prove(told_again=told_again)
        return Proof(findings, wrong(findings), faults)

    @staticmethod
    def _line(trouble: Trouble, course: Course, answers: list[Answer], proof: Proof) -> Line:
        return line_of(
            trouble.name,
            trouble.cause,
            recoveries=course.recoveries,
            hurt_seconds=course.seconds_hurt,
            answers=answers,
            findings=proof.findings,
            wrong=proof.wrong,
            broken=broken_bars(trouble, course, answers) + proof.faults,
            notes=course.notes,
        )
