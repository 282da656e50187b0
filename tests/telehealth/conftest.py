"""Telehealth in process."""

from __future__ import annotations

import pytest

from chassis.testing import Harness
from tests.telehealth.house import ENVIRONMENT, House


@pytest.fixture
def telehealth(service_harness) -> Harness:
    """The real service."""
    return service_harness("telehealth", **ENVIRONMENT)


@pytest.fixture
def house(telehealth: Harness) -> House:
    """A new tenant with a practitioner who is licensed in Arizona and Nevada."""
    return House(telehealth)
