"""The alerts on made-up series, evaluated by Prometheus's own promtool (collected where it is on the path)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from infra.observability.__main__ import HERE

CASES = Path(__file__).with_name("alerts_test.yaml")


def run(*arguments: str) -> str:
    promtool = shutil.which("promtool")
    assert promtool is not None
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_rules():
    """Every rule file is valid."""
    assert "FAILED" not in run("check", "rules", *map(str, sorted((HERE / "alerts").glob("*.yaml"))))


def test_alerts_fire_when_they_should_and_not_otherwise():
    """Outages, slowness, backlogs and silence, and what only looks like them."""
    assert "SUCCESS" in run("test", "rules", str(CASES))
