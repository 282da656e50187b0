"""The scheduling service in process, and a clinic in a tenant of its own for each test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chassis.testing.harness import Harness
from tests.scheduling.clinic import Clinic, open_clinic


@pytest.fixture
def scheduling(service_harness: Callable[..., Harness]) -> Harness:
    """The real service: migrations, PostgreSQL, row-level security, pipeline."""
    return service_harness("scheduling")


@pytest.fixture
def clinic(scheduling: Harness) -> Clinic:
    """A clinic in a new tenant."""
    return open_clinic(scheduling)
