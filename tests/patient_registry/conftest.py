"""The patient registry as it runs in production, in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chassis.testing.harness import Harness


@pytest.fixture(scope="session")
def registry(service_harness: Callable[..., Harness]) -> Harness:
    """The real service on real PostgreSQL and NATS."""
    return service_harness("patient_registry")
