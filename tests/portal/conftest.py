"""The portal's tests share one clinic; each makes the patients and visits it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chassis.testing.harness import Harness
from infra import assets
from tests.console.house import House, build
from tests.identity.conftest import SECRETS
from tests.portal.house import account, online


@pytest.fixture(scope="session")
def house(service_harness: Callable[..., Harness]) -> Iterator[House]:
    """Every service in process and a gateway in front of them; ``ana`` is the account of the clinic's first patient."""
    assets.build()
    made = build(service_harness, SECRETS, "portal")
    account(made, "ana", made.ids["patient"])
    online(made)
    yield made
    for name in ("polyclinic.backends", "polyclinic.streams"):
        made.gateway.extensions[name].close()
