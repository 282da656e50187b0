"""What the day leaves: ``report.json``, a summary on the screen, and the files a person can open.

Amounts in the file are cents, shares are percent, ``*_seconds`` are real seconds.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import psutil
from rich.console import RenderableType

from infra.day.context import Day
from infra.day.files import write_files
from infra.day.invariants import Finding, check_all
from infra.day.summary import summary
from infra.day.world import BILLING_ENTITY


class Report:
    """Figures and invariants of a finished day."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self.findings: list[Finding] = check_all(day)
        self.files = write_files(day)

    @property
    def passed(self) -> bool:
        """Whether every invariant holds."""
        return all(finding.passed for finding in self.findings)

    def write(self) -> None:
        """Write ``report.json``."""
        self._day.options.out.mkdir(parents=True, exist_ok=True)
        path = self._day.options.out / "report.json"
        path.write_text(json.dumps(self.as_json(), indent=1, sort_keys=False, default=str) + "\n")

    def as_json(self) -> dict[str, Any]:
        """The whole report."""
        day = self._day
        return {
            "network": BILLING_ENTITY["name"],
            "visit_day": day.visit_day.isoformat(),
            "seed": day.options.seed,
            "seconds": round(day.progress.seconds, 1),
            "business_steps": day.time.steps,
            "requests": len(day.log.entries),
            "figures": day.figures,
            "notes": day.notes,
            "invariants": [
                {
                    "name": finding.name,
                    "count": finding.count,
                    "pass": finding.passed,
                    **({"failures": finding.failures[:20]} if finding.failures else {}),
                }
                for finding in self.findings
            ],
            "files": self.files,
            "processes": processes(day),
        }

    def summary(self) -> RenderableType:
        """What is printed at the end."""
        return summary(self.as_json(), self._day.options.out)


def processes(day: Day) -> dict[str, dict[str, float]]:
    """What each process of the stack has used: seconds of processor time since it was last started, memory now."""
    found = {}
    for name, pid in day.stack.processes().items():
        process = psutil.Process(pid)
        times = process.cpu_times()
        spent = times.user + times.system + times.children_user + times.children_system
        memory = process.memory_info().rss
        for child in process.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # PostgreSQL's come and go
                spent += sum(child.cpu_times()[:2])
                memory += child.memory_info().rss if name == "gateway" else 0
        found[name] = {"cpu_seconds": round(spent, 1), "memory_mb": round(memory / 1e6)}
    return found
