"""The chassis is tested on identity, the smallest service that uses all of it."""

from __future__ import annotations

import pytest

from chassis.testing import Harness
from tests.identity.conftest import SECRETS


@pytest.fixture(scope="session")
def identity(service_harness) -> Harness:
    """Identity in process."""
    return service_harness("identity", **SECRETS)
