"""The billing service in process, with the card processor's simulator as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from polyclinic.options.v1 import options_pb2

from chassis import errors
from chassis.testing import Harness
from tests.billing.clinic import Clinic

ROOT = Path(__file__).resolve().parents[2]
CARD_SECRET_KEY, CARD_WEBHOOK_SECRET = "sk_test_billing", "whsec_billing"


class Processor:
    """The card processor's simulator, and a receiver of its webhooks that hands them to billing as the gateway does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.deliver: Callable[[options_pb2.WebhookRequest], None] | None = None
        # Set when an event was handed over, so that a test can wait for it.
        self.arrived = threading.Event()
        self.answers: list[int] = []
        processor = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                tenant_id = self.path.rsplit("/", 1)[-1]
                request = options_pb2.WebhookRequest(
                    url=f"http://127.0.0.1{self.path}", tenant_id=tenant_id, headers=headers, body=body
                )
                status = 204
                try:
                    if processor.deliver is not None:
                        processor.deliver(request)
                except errors.Error as error:
                    status = 401 if error.reason == "UNAUTHENTICATED" else 503
                self.send_response(status)
                self.end_headers()
                processor.answers.append(status)
                processor.arrived.set()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stops receiving."""
        self._server.shutdown()
        self._server.server_close()

    def aim_at(self, tenant_id: object, **config: object) -> None:
        """Sends this tenant's webhooks to the receiver."""
        self.arrived.clear()
        self.answers.clear()
        url = f"http://127.0.0.1:{self._server.server_port}/webhooks/cards/{tenant_id}"
        body = {"webhook_url": url, "webhook_secret": CARD_WEBHOOK_SECRET, **config}
        assert requests.put(f"{self.url}/_sim/config", json=body, timeout=5).ok

    def token_of(self, number: str) -> str:
        """The processor's token of a card, as the browser gets it."""
        form = {
            "type": "card",
            "card[number]": number,
            "card[exp_month]": "12",
            "card[exp_year]": "2031",
            "card[cvc]": "123",
        }
        answer = requests.post(
            f"{self.url}/v1/payment_methods", data=form, headers={"Authorization": "Bearer pk_test_billing"}, timeout=5
        )
        return str(answer.json()["id"])

    def step(self, now: str) -> None:
        """Sets the simulator's business time; what is due by then happens."""
        assert requests.post(f"{self.url}/_sim/clock", json={"now": now}, timeout=10).ok

    def wait(self) -> None:
        """Until a webhook has been handed over."""
        assert self.arrived.wait(10), "no webhook came"


@pytest.fixture(scope="session")
def processor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processor]:
    """One processor for the test session."""
    environment = {
        **os.environ,
        "POLYCLINIC_CARD_SECRET_KEY": CARD_SECRET_KEY,
        "POLYCLINIC_CARD_PUBLISHABLE_KEY": "pk_test_billing",
        "POLYCLINIC_CARD_WEBHOOK_SECRET": CARD_WEBHOOK_SECRET,
    }
    data = tmp_path_factory.mktemp("cards")
    command = [sys.executable, "-m", "infra.simulators.cards", "--port", "0", "--data", str(data), "--seed", "7"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert "http://" in said, f"the simulator said {said!r}"
        simulator = Processor("http://" + said.rsplit("http://", 1)[1].strip())
        yield simulator
        simulator.close()
        process.terminate()


@pytest.fixture
def billing(service_harness: Callable[..., Harness], processor: Processor) -> Harness:
    """The real service: migrations, roles, row-level security, pipeline."""
    return service_harness(
        "billing",
        POLYCLINIC_CARD_URL=processor.url,
        POLYCLINIC_CARD_SECRET_KEY=CARD_SECRET_KEY,
        POLYCLINIC_CARD_WEBHOOK_SECRET=CARD_WEBHOOK_SECRET,
    )


@pytest.fixture
def clinic(billing: Harness) -> Clinic:
    """A tenant of its own with a site, a clinician, payers and prices."""
    return Clinic(billing)
