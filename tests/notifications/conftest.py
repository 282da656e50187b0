"""Notifications in process, with the mail server and the SMS provider as processes of their own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from chassis.testing import Harness
from tests.notifications.clinic import AUTH_TOKEN, PUBLIC_URL, Clinic, Mail, Sms

START_SECONDS = 20.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    """Returns when the simulator answers its health check."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the simulator at {url} ended with {process.returncode}"
        try:
            if requests.get(f"{url}/_sim/health", timeout=1).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(f"the simulator at {url} does not answer")


@pytest.fixture(scope="session")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mail]:
    """An SMTP server that keeps every message."""
    port, control = free_port(), free_port()
    data = tmp_path_factory.mktemp("smtp")
    command = [sys.executable, "-m", "infra.simulators.smtp", "--port", str(port), "--http-port", str(control)]
    process = subprocess.Popen([*command, "--data", str(data), "--seed", "1"])
    wait_until_healthy(f"http://127.0.0.1:{control}", process)
    yield Mail(port, f"http://127.0.0.1:{control}")
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def sms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sms]:
    """An SMS provider on which nothing happens by chance."""
    port = free_port()
    data = tmp_path_factory.mktemp("sms")
    command = [sys.executable, "-m", "infra.simulators.sms", "--port", str(port), "--data", str(data), "--seed", "1"]
    process = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}"
    wait_until_healthy(url, process)
    requests.put(f"{url}/_sim/config", json={"unavailable_fraction": 0.0, "undelivered_fraction": 0.0}, timeout=5)
    yield Sms(url)
    process.terminate()
    process.wait(10)


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
