"""Billing in process beside the clearinghouse's simulator as a process of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import delete

from chassis.tables import Due
from chassis.testing import Harness
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.forks import Fork

SUBMITTER, SECRET = "POLYCLINIC", "clearinghouse secret"
# Payers without second thoughts, mistakes or chance: each test adds the one it is about.
CALM = {
    "rejection_fraction": 0.0,
    "denial_fraction": 0.0,
    "reversal_fraction": 0.0,
    "drop_modifier_fraction": 0.0,
    "drop_line_reference_fraction": 0.0,
    "crossover_fraction": 0.0,
    "days_to_277ca": [1, 1],
}


class ClearinghouseProcess:
    """The simulator; every test gets an empty one at the same address."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._process: Fork | None = None
        self._data = Path()

    def restart(self) -> None:
        """Starts it again over what it had."""
        self.start(self._data)

    def start(self, data: Path) -> None:
        """Starts it over a folder."""
        self._data = data
        environment = {"POLYCLINIC_CLEARINGHOUSE_SUBMITTER": SUBMITTER, "POLYCLINIC_CLEARINGHOUSE_SECRET": SECRET}
        options = ["--port", str(self._port), "--data", str(data), "--seed", "3"]
        log = data.with_suffix(".log")
        program = "infra.simulators.clearinghouse.__main__"
        self._process = Fork(program, *options, log=log, environment=environment)
        assert "http://" in self._process.first_line(), log.read_text()

    def kill(self) -> None:
        """Ends it at once."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def configure(self, payers: dict[str, dict[str, Any]], **config: Any) -> None:
        """Overlays the payers and the rest of the configuration."""
        calm = {code: {**CALM, **payers.get(code, {})} for code in ("MEDB1", "MCD01", "COMM1", "COMM2")}
        body = {"payers": calm, "unknown_member_fraction": 0.0, "inactive_member_fraction": 0.0, **config}
        answer = requests.put(f"{self.url}/_sim/config", json=body, timeout=5)
        assert answer.ok, answer.text

    def step(self, now: datetime) -> None:
        """Sets its business time; what is due by then happens before it answers."""
        stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert requests.post(f"{self.url}/_sim/clock", json={"now": stamp}, timeout=30).ok

    def state(self) -> dict[str, Any]:
        """Its totals."""
        return dict(requests.get(f"{self.url}/_sim/state", timeout=5).json())


@pytest.fixture(scope="session")
def clearinghouse_address() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def clearinghouse(clearinghouse_address: int, tmp_path: Path) -> Iterator[ClearinghouseProcess]:
    """An empty clearinghouse with calm payers."""
    process = ClearinghouseProcess(clearinghouse_address)
    process.start(tmp_path / "clearinghouse")
    process.configure({})
    yield process
    process.kill()


@pytest.fixture
def billing(service_harness: Callable[..., Harness], clearinghouse_address: int) -> Iterator[Harness]:
    """The real service, speaking to the clearinghouse; each test begins on the same day of 2026."""
    harness = service_harness(
        "billing",
        POLYCLINIC_CLEARINGHOUSE_URL=f"http://127.0.0.1:{clearinghouse_address}",
        POLYCLINIC_CLEARINGHOUSE_SUBMITTER=SUBMITTER,
        POLYCLINIC_CLEARINGHOUSE_SECRET=SECRET,
    )
    with harness.from_start():
        yield harness


@pytest.fixture
def clinic(billing: Harness, clearinghouse: ClearinghouseProcess) -> Iterator[InsuredClinic]:
    """A tenant with four payers, alone at the clearinghouse: what others still had to do there is forgotten."""
    _forget_work(billing)
    yield InsuredClinic(billing, clearinghouse)
    _forget_work(billing)


def _forget_work(billing: Harness) -> None:
    with billing.service.database.worker_engine.begin() as connection:
        connection.execute(delete(Due))
