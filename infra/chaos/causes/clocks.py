"""Clocks that jump: business time leaps by days at once; one process's real clock is off, and is set back while it works."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Final

from infra.chaos.stage import Stage
from infra.chaos.trouble import Trouble

LEAP: Final = timedelta(days=2)
SKEW: Final = Path(__file__).resolve().parent.parent / "skew" / "sitecustomize.py"
# What machines drift apart before anybody notices, in seconds.
DRIFT_SECONDS: Final = 20
SECONDS: Final = 5.0
DRIFTERS: Final = ("identity", "scheduling", "billing")


def leap(stage: Stage) -> None:
    """Business time jumps: whatever was planned for two days is due at one instant."""
    with stage.cause():
        stage.town.time.leap(LEAP)
        stage.last(1.0)


def drift(service: str) -> Trouble:
    """One service's machine has another time than all others: first too late, then too early, then it is set right."""

    def act(stage: Stage) -> None:
        folder = stage.stack.data / f"skew-{service}"
        folder.mkdir()
        shutil.copy(SKEW, folder)
        file = folder / "seconds"
        set_clock(file, 0)
        with stage.cause():
            stage.stack.restart_with(service, {"PYTHONPATH": str(folder)})
        for seconds in (DRIFT_SECONDS, -DRIFT_SECONDS, 0):
            with stage.cause():
                set_clock(file, seconds)
                stage.last(SECONDS if seconds else 0.1)
        with stage.cause():
            stage.stack.restart_with(service, {})

    words = f"{service}'s clock jumps {DRIFT_SECONDS} s ahead, {DRIFT_SECONDS} s back, and is set right while it works"
    return Trouble(f"clock-drift-{service}", words, act, may_feel=frozenset({service}))


def set_clock(file: Path, seconds: int) -> None:
    """Sets a turned clock at one stroke: the process reads the file at any moment."""
    fresh = file.with_suffix(".new")
    fresh.write_text(str(seconds))
    fresh.replace(file)


TROUBLES: Final = [
    Trouble("clock-leaps", f"business time jumps {LEAP.days} days ahead at once", leap),
    *(drift(service) for service in DRIFTERS),
]
