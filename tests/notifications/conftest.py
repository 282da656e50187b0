"""Notifications in process, with the mail server and the SMS provider as processes of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from infra.local.process import Child, free_ports, wait_until

from chassis.testing import Harness
from tests.notifications.clinic import AUTH_TOKEN, PUBLIC_URL, Clinic, Mail, Sms

START_SECONDS = 20.0


def started(name: str, command: list[str], control: str, data: Path) -> Child:
    """A simulator in a process of its own, as soon as it answers its health check."""
    arguments = [sys.executable, "-m", f"infra.simulators.{name}", *command, "--data", str(data), "--seed", "1"]
    child = Child(name, arguments, log=data / "log.txt")
    child.start()

    def healthy() -> bool:
        try:
            return requests.get(f"{control}/_sim/health", timeout=1).ok
        except requests.ConnectionError:
            return False

    wait_until(healthy, child, timeout=START_SECONDS)
    return child


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
def sms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sms]:
    """An SMS provider on which nothing happens by chance."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    child = started("sms", ["--port", str(port)], url, tmp_path_factory.mktemp("sms"))
    provider = Sms(url)
    provider.configure(unavailable_fraction=0.0, undelivered_fraction=0.0)
    yield provider
    child.stop()


@pytest.fixture
def notifications(service_harness, mail: Mail, sms: Sms) -> Harness:
    """The real service."""
    return service_harness(
        "notifications",
        POLYCLINIC_SMTP_PORT=str(mail.port),
        POLYCLINIC_SMS_URL=sms.url,
        POLYCLINIC_SMS_TOKEN=AUTH_TOKEN,
        POLYCLINIC_PUBLIC_URL=PUBLIC_URL,
        POLYCLINIC_SMS_PROVIDER_ANSWERS_KEYWORDS="0",
    )


@pytest.fixture
def clinic(notifications: Harness, mail: Mail, sms: Sms) -> Clinic:
    """A new tenant with a location in New York, and what goes out of it."""
    return Clinic(notifications, mail, sms)
