"""The portal's tests share one clinic; each makes the patients and visits it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from infra.local.process import free_ports

from chassis.testing.harness import Harness
from infra import assets
from tests.console.house import House, build
from tests.identity.conftest import SECRETS
from tests.notifications.clinic import Mail
from tests.notifications.conftest import started
from tests.portal.house import account, online


@pytest.fixture(scope="session")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mail]:
    """An SMTP server that keeps every message."""
    port, control_port = free_ports(2)
    control = f"http://127.0.0.1:{control_port}"
    ports = ["--port", str(port), "--http-port", str(control_port)]
    child = started("smtp", ports, control, tmp_path_factory.mktemp("smtp"))
    yield Mail(port, control)
    child.stop()


@pytest.fixture(scope="session")
def house(service_harness: Callable[..., Harness], mail: Mail) -> Iterator[House]:
    """Every service in process and a gateway in front of them; ``ana`` is the account of the clinic's first patient."""
    assets.build()
    environment = {"identity": SECRETS, "notifications": {"POLYCLINIC_SMTP_PORT": str(mail.port)}}
    made = build(service_harness, environment, "portal")
    account(made, "ana", made.ids["patient"])
    online(made)
    yield made
    for name in ("polyclinic.backends", "polyclinic.streams"):
        made.gateway.extensions[name].close()
