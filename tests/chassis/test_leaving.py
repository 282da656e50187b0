"""How a service leaves: unready at once, still serving for a pause, what is in hand finished."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from polyclinic.identity.v1 import events_pb2, identity_pb2

from chassis import cli
from chassis.ids import uuid7
from chassis.processor import Subscription
from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.testing.plugin import environment_for
from identity.__main__ import build
from identity.settings import Settings
from tests.chassis.test_messages import wait_for
from tests.identity.conftest import SECRETS

PAUSE = 7.5
NO_PROXY = [("grpc.enable_http_proxy", 0)]


class Pause:
    """The pause before a service goes: as long as the test wants it to be."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.asked: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Instead of `time.sleep` in the service."""
        self.asked.append(seconds)
        assert self.over.wait(60)


@pytest.fixture
def pause(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pause]:
    """Held by the test, and over with it."""
    made = Pause()
    monkeypatch.setattr("chassis.service.time", made)
    yield made
    made.over.set()


@pytest.fixture
def leaving(identity: Any, postgres: Any, nats_server: Any, pause: Pause) -> Iterator[Service]:
    """A second process of identity's, in this one, that pauses before it goes."""
    environment = environment_for("identity", postgres, nats_server) | SECRETS
    environment |= {"POLYCLINIC_CLOCK": "system", "POLYCLINIC_DRAIN_DELAY_SECONDS": str(PAUSE)}
    service = build(Settings.from_environment(environment))
    yield service
    pause.over.set()
    service.stop()


def test_it_serves_on_while_it_is_unready(leaving: Service, pause: Pause) -> None:
    """After SIGTERM health says NOT_SERVING at once, and calls are answered until the pause is over."""
    leaving.start()
    assert leaving.ready.wait(20)
    with grpc.insecure_channel(f"127.0.0.1:{leaving.port}", options=NO_PROXY) as channel:
        ready = health_pb2_grpc.HealthStub(channel)
        ask = channel.unary_unary(
            "/polyclinic.identity.v1.Identity/GetKeySet",
            request_serializer=identity_pb2.GetKeySetRequest.SerializeToString,
        )
        assert b"keys" in ask(identity_pb2.GetKeySetRequest(), timeout=5)
        going = threading.Thread(target=leaving.stop)
        going.start()
        assert wait_for(lambda: pause.asked == [PAUSE])
        status = ready.Check(health_pb2.HealthCheckRequest(), timeout=5).status
        assert status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert b"keys" in ask(identity_pb2.GetKeySetRequest(), timeout=5)
        assert going.is_alive()
        pause.over.set()
        going.join(30)
        assert not going.is_alive()
        with pytest.raises(grpc.RpcError):
            ask(identity_pb2.GetKeySetRequest(), timeout=2)


def test_the_message_in_hand_is_finished_and_the_rest_is_given_back(leaving: Service, pause: Pause) -> None:
    """A handler that has begun is waited for and acknowledged; what was fetched behind it goes to others at once."""
    begun, go_on, done = threading.Event(), threading.Event(), []

    def slow(call: Any, event: events_pb2.LocationChanged) -> None:
        begun.set()
        assert go_on.wait(20)
        done.append(event.location_id)

    purpose = f"leaving-{uuid7().hex[-8:]}"
    leaving.consume([Subscription(events_pb2.LocationChanged, slow, purpose=purpose)])
    leaving.start()
    assert leaving.ready.wait(20)
    tenant = uuid7()
    for _ in range(3):
        publish(leaving, tenant)
    assert begun.wait(20)
    going = threading.Thread(target=leaving.stop)
    going.start()
    assert wait_for(lambda: pause.asked)
    go_on.set()
    pause.over.set()
    going.join(30)
    assert not going.is_alive()
    assert len(done) == 1


def publish(service: Service, tenant: UUID) -> None:
    """One event about a location, as identity's relay would publish it."""
    event = events_pb2.LocationChanged(location_id=str(uuid7()), version=1)
    headers = {"Nats-Msg-Id": str(uuid7()), "ce-type": events_pb2.LocationChanged.DESCRIPTOR.full_name}
    service.bus.wait_connected(10)
    service.bus.publish(f"polyclinic.identity.v1.{tenant}.location.changed", event.SerializeToString(), headers)


def test_waiting_for_a_schema_that_never_comes_ends(
    identity: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A pod whose migration failed says so in one line and is started again by the kubelet."""
    ours: ServiceSettings = identity.settings
    monkeypatch.setenv("POLYCLINIC_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("POLYCLINIC_DATABASE_WORKER_URL", ours.database_worker_url)
    assert cli.main(["wait-for-schema", "identity", "--seconds", "0"]) == 1
    assert "does not have this code's schema" in capsys.readouterr().err
    monkeypatch.setenv("POLYCLINIC_DATABASE_OWNER_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert cli.main(["migrate", "identity", "--wait-seconds", "0.1"]) == 1
    assert "did not answer" in capsys.readouterr().err
