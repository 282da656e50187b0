"""The console's tests share one clinic; each makes the patients and visits it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chassis.testing.harness import Harness
from infra import assets
from tests.console.house import House, build
from tests.identity.conftest import SECRETS


@pytest.fixture(scope="session")
def house(service_harness: Callable[..., Harness]) -> Iterator[House]:
    """Every service in process and a gateway in front of them."""
    assets.build()
    made = build(service_harness, {"identity": SECRETS})
    yield made
    for name in ("polyclinic.backends", "polyclinic.streams"):
        made.gateway.extensions[name].close()
