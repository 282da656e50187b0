"""The day's hand on business time, over a real broker."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import nats
import pytest
from infra.day.clock import LAST_SUBJECT, STEP_SUBJECT, STREAM, BusinessTime
from infra.local.process import free_port
from infra.local.servers import EmbeddedNats
from nats.aio.msg import Msg

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def broker(tmp_path) -> Iterator[EmbeddedNats]:
    """A broker that may be killed."""
    server = EmbeddedNats(tmp_path, free_port())
    server.start()
    yield server
    server.kill()


@pytest.fixture
def time(broker: EmbeddedNats) -> Iterator[BusinessTime]:
    """Business time of a stack whose only service is identity."""
    nowhere = SimpleNamespace(simulator_control=lambda _name: "http://127.0.0.1:1")
    stack = SimpleNamespace(nats=broker, services=("identity",), plan=nowhere)
    made = BusinessTime(stack, SimpleNamespace(), NOON)  # type: ignore[arg-type]
    yield made
    made.close()


@contextmanager
def service(broker: EmbeddedNats) -> Iterator[list[str]]:
    """A process that keeps business time: it acknowledges every step, from when it has connected."""
    heard: list[str] = []
    ready, stop = threading.Event(), asyncio.Event()

    async def live() -> None:
        client = await nats.connect(broker.url("ops"))
        await client.jetstream().add_stream(name=STREAM, subjects=[LAST_SUBJECT], max_msgs=1)

        async def on_step(message: Msg) -> None:
            heard.append(message.data.decode())
            await message.respond(json.dumps({"process": "identity-1"}).encode())

        await client.subscribe(STEP_SUBJECT, cb=on_step)
        await client.flush()
        ready.set()
        await stop.wait()
        await client.close()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield heard
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def test_a_step_is_said_again_until_everybody_has_heard_it(broker: EmbeddedNats, time: BusinessTime) -> None:
    """While nobody listens the broker itself answers that; a service that comes later still hears the instant."""
    with service(broker):
        assert time._tell_services(NOON).result(10) == set()
    telling = time._tell_services(NOON)
    with pytest.raises(TimeoutError):
        telling.result(0.3)
    with service(broker) as heard:
        assert telling.result(10) == set()
    assert heard[0] == "2026-03-10T12:00:00.000000Z"


def test_a_step_survives_the_brokers_restart(broker: EmbeddedNats, time: BusinessTime) -> None:
    """A broker that is killed and comes back is told the instant again, and so is everybody."""
    with service(broker) as heard:
        broker.kill()
        telling = time._tell_services(NOON)
        broker.restart()
        assert telling.result(20) == set()
        assert heard
