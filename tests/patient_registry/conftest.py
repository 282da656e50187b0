"""The patient registry as it runs in production, in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from chassis.testing.harness import Harness

# How long an example takes says something about the machine, not about the rule.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def registry(service_harness: Callable[..., Harness]) -> Harness:
    """The real service on real PostgreSQL and NATS."""
    return service_harness("patient_registry")
