"""Clocks that jump: business time leaps by days at once; one process's real clock is off, and is set back while it works."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from infra.chaos.stage import Stage
from infra.chaos.trouble import Trouble

LEAP: Final = timedelta(days=2)
SKEW_FOLDER: Final = Path(__file__).resolve().parent.parent / "skew"
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
        file = stage.stack.data / f"skew-{service}"
        file.write_text("0")
        more = {"PYTHONPATH": str(SKEW_FOLDER), "POLYCLINIC_CHAOS_SKEW": str(file)}
        with stage.cause():
            stage.stack.restart_with(service, more)
        for seconds in (DRIFT_SECONDS, -DRIFT_SECONDS, 0):
            with stage.cause():
                file.write_text(str(seconds))
                stage.last(SECONDS if seconds else 0.1)
        with stage.cause():
            stage.stack.restart_with(service, {})

    words = f"{service}'s clock jumps {DRIFT_SECONDS} s ahead, {DRIFT_SECONDS} s back, and is set right while it works"
    return Trouble(f"clock-drift-{service}", words, act, may_feel=frozenset({service}))


TROUBLES: Final = [
    Trouble("clock-leaps", f"business time jumps {LEAP.days} days ahead at once", leap),
    *(drift(service) for service in DRIFTERS),
]
