"""The stack of the journeys: started once a session, on free ports, with simulated business time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from infra.local.stack import Stack
from infra.observability.receiver import Receiver

from tests.journeys.house import House, build

# Foreign files are not part of the project.
collect_ignore = [] if os.environ.get("POLYCLINIC_SAMPLE_DATA") else ["test_fhir_samples.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder is a journey."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("journey")


@pytest.fixture(scope="session")
def telemetry() -> Iterator[Receiver]:
    """What the house tells about itself, from its first second on."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, telemetry: Receiver) -> Iterator[House]:
    """The whole system with the day's network in it."""
    data = tmp_path_factory.mktemp("house")
    stack = Stack(data, clock="simulated", durable=False, telemetry_endpoint=telemetry.url)
    stack.start()
    try:
        built = build(stack, data / "out")
        try:
            yield built
        finally:
            built.close()
    finally:
        stack.stop()
        stack.postgres.destroy()
