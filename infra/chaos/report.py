"""What a run leaves: ``report.json`` with one line a trouble, and the verdict."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.chaos.watch import Answer, errors_by_kind
from infra.day.invariants import Finding


@dataclass(frozen=True)
class Line:
    """One trouble as it went. Seconds are real ones; ``recovery_seconds`` None: it did not recover."""

    name: str
    cause: str
    blows: int
    hurt_seconds: float
    recovery_seconds: float | None
    answers: int
    errors: dict[str, int]
    slowest_seconds: float
    invariants_checked: int
    invariants_broken: list[str]
    bars_broken: list[str]
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every invariant held and every promise was kept."""
        return not self.invariants_broken and not self.bars_broken


def line_of(
    name: str,
    cause: str,
    *,
    recoveries: list[float],
    hurt_seconds: float,
    answers: list[Answer],
    findings: list[Finding],
    wrong: list[Finding],
    broken: list[str],
    notes: list[str],
) -> Line:
    """The line of a trouble from what was seen of it."""
    worst = max(recoveries, default=0.0)
    return Line(
        name=name,
        cause=cause,
        blows=len(recoveries),
        hurt_seconds=round(hurt_seconds, 1),
        recovery_seconds=None if math.isinf(worst) else worst,
        answers=len(answers),
        errors=errors_by_kind(answers),
        slowest_seconds=round(max((answer.seconds for answer in answers), default=0.0), 2),
        invariants_checked=len(findings),
        invariants_broken=[f"{finding.name}: {'; '.join(finding.failures[:5])}" for finding in wrong],
        bars_broken=broken,
        notes=notes,
    )


@dataclass
class Report:
    """All lines of a run."""

    seed: int
    lines: list[Line] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every trouble was survived as promised."""
        return bool(self.lines) and all(line.passed for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """The whole report."""
        return {
            "seed": self.seed,
            "pass": self.passed,
            "figures": self.figures,
            "troubles": [asdict(line) | {"pass": line.passed} for line in self.lines],
        }

    def write(self, out: Path) -> Path:
        """Write ``report.json`` into a folder; returns its path."""
        out.mkdir(parents=True, exist_ok=True)
        path = out / "report.json"
        path.write_text(json.dumps(self.as_json(), indent=1) + "\n")
        return path
