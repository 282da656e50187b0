"""A broker that is killed and comes back: nobody waits for the answers that it took with it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from queue import Queue

import psutil
import pytest
from infra.local.process import free_port
from infra.local.servers import EmbeddedNats
from nats.js.errors import NotFoundError
from polyclinic.identity.v1 import events_pb2 as events

from chassis import errors
from chassis.bus import Bus
from chassis.clock import monotonic
from chassis.consumers import Consumers
from chassis.ids import uuid7
from chassis.processor import Subscription
from chassis.settings import Secret
from tests.chassis.test_messages import wait_for

# Some questions for messages (`chassis.bus.FETCH_SECONDS`), on a machine that has other things to do: one of them may be lost
# with the broker. Far below what a publisher waits here, and what a message in lost hands waits for.
SOON = 25.0
PATIENCE = 120.0


@pytest.fixture
def broker(tmp_path) -> Iterator[EmbeddedNats]:
    """A broker that the test may kill."""
    server = EmbeddedNats(tmp_path, free_port())
    server.start()
    yield server
    server.kill()


@contextmanager
def connected(identity, broker) -> Iterator[Bus]:
    """A bus on that broker."""
    password = Secret(broker.password("identity"))
    bus = Bus("identity", replace(identity.settings, nats_url=broker.address, nats_password=password))
    bus.start()
    try:
        assert bus.wait_connected(10)
        yield bus
    finally:
        bus.stop()


def message(tenant, name):
    """An event as the relay publishes it: subject, payload, headers."""
    event = events.RoomChanged(room_id=str(uuid7()), name=name, version=1)
    subject = f"polyclinic.identity.v1.{tenant}.room.changed"
    headers = {"Nats-Msg-Id": str(uuid7()), "ce-type": "polyclinic.identity.v1.RoomChanged"}
    return subject, event.SerializeToString(), headers


def test_a_publisher_hears_at_once_that_the_broker_died(identity, broker):
    """An acknowledgement under way is lost with the broker: the relay is told so when the connection breaks."""
    with connected(identity, broker) as bus, ThreadPoolExecutor(1) as pool:
        pause(broker)
        publishing = pool.submit(bus.publish_all, [message(uuid7(), "lost")], PATIENCE)
        with pytest.raises(TimeoutError):
            publishing.result(0.3)
        broker.kill()
        with pytest.raises(errors.Unavailable):
            publishing.result(SOON)


def test_what_is_published_after_a_restart_is_consumed_soon(identity, broker):
    """A consumer asks a restarted broker anew instead of waiting for what it had asked the old one."""
    tenant = identity.tenant()
    seen = threading.Event()
    service = identity.service
    with connected(identity, broker) as bus:
        consumers = Consumers(
            "identity",
            bus,
            service.units,
            service.database,
            service.dead_letters,
            service._pool,
            redelivery_seconds=PATIENCE,
        )
        names = []

        def on_room(call, event):
            names.append(event.name)
            seen.set()

        consumers.add([Subscription(events.RoomChanged, on_room, f"restart-{tenant.hex}")])
        consumers.start()
        bus.publish_all([message(tenant, "before")])
        assert seen.wait(10)
        seen.clear()
        broker.kill()
        broker.restart()
        began = monotonic()
        while not published(bus, message(tenant, "after")):
            assert monotonic() - began < SOON
        assert seen.wait(SOON)
        consumers.stop()
    assert names == ["before", "after"]


def pause(broker) -> None:
    """Stops the broker in the middle of whatever it does: it keeps its connections and answers nobody."""
    os.kill(broker.child.pid, signal.SIGSTOP)
    while psutil.Process(broker.child.pid).status() != psutil.STATUS_STOPPED:
        continue


def published(bus, one) -> bool:
    """Whether the broker has acknowledged the message."""
    try:
        bus.publish_all([one])
    except errors.Unavailable:
        threading.Event().wait(0.05)
        return False
    return True


def test_a_follower_hears_on_after_a_restart(identity, broker):
    """Caches, revocations and browser streams miss nothing and hear nothing twice when the broker was away for a moment."""
    tenant, heard, more = uuid7(), [], threading.Event()
    with connected(identity, broker) as bus:

        def on_message(each):
            heard.append(events.RoomChanged.FromString(each.data).name)
            more.set()

        bus.follow("IDENTITY", f"polyclinic.identity.v1.{tenant}.room.changed", on_message)
        bus.publish_all([message(tenant, "before")])
        assert more.wait(10)
        for name in ("after", "after that"):
            more.clear()
            broker.kill()
            broker.restart()
            began = monotonic()
            while not published(bus, message(tenant, name)):
                assert monotonic() - began < SOON
            assert more.wait(SOON)
    assert heard == ["before", "after", "after that"]


def replica(identity, bus, seen, *read, taken_back=()) -> Consumers:
    """A process of some release: it reads these events, each into `seen`, and reads those no longer."""
    service = identity.service
    made = Consumers("identity", bus, service.units, service.database, service.dead_letters, service._pool)
    subscriptions = [
        Subscription(event, lambda call, one: seen.put((type(one).__name__, one.name)), "release") for event in read
    ]
    made.add([*subscriptions, *(Subscription(event, None, "release") for event in taken_back)])
    return made


def subjects(bus) -> set[str]:
    """The events that the shared consumer reads."""

    async def ask() -> set[str]:
        js = await bus.jetstream()
        found = (await js.consumer_info("IDENTITY", "identity-release-identity")).config
        return {subject.split(".", 4)[4] for subject in found.filter_subjects or [found.filter_subject]}

    return bus.spawn(ask()).result(5)


def test_an_older_replica_takes_nothing_from_a_newer_one(identity, broker):
    """Old and new code share a consumer: whoever binds last, an event that only the new code reads reaches it, once."""
    tenant, old_seen, new_seen = identity.tenant(), Queue(), Queue()
    with connected(identity, broker) as old_bus, connected(identity, broker) as new_bus:
        new = replica(identity, new_bus, new_seen, events.RoomChanged, events.LocationChanged)
        old = replica(identity, old_bus, old_seen, events.RoomChanged)
        new.start()
        assert wait_for(lambda: bound(new_bus))
        old.start()
        sent = [location(tenant, f"place {number}") for number in range(12)]
        try:
            for one in sent:
                assert published(new_bus, one)
            heard = {new_seen.get(timeout=20) for _ in sent}
        finally:
            old.stop()
            new.stop()
        assert heard == {("LocationChanged", f"place {number}") for number in range(12)}
        assert new_seen.empty()
        assert old_seen.empty()
        assert subjects(new_bus) == {"room.changed", "location.changed"}


def test_an_event_that_is_read_no_longer_is_taken_back(identity, broker):
    """A subscription without a handler takes its subject out of the consumer that an earlier release has made."""
    with connected(identity, broker) as bus:
        earlier = replica(identity, bus, Queue(), events.RoomChanged, events.LocationChanged)
        earlier.start()
        assert wait_for(lambda: bound(bus))
        earlier.stop()
        later = replica(identity, bus, Queue(), events.RoomChanged, taken_back=(events.LocationChanged,))
        later.start()
        try:
            assert wait_for(lambda: subjects(bus) == {"room.changed"})
        finally:
            later.stop()


def location(tenant, name):
    """An event of a location as the relay publishes it."""
    event = events.LocationChanged(location_id=str(uuid7()), name=name, version=1)
    subject = f"polyclinic.identity.v1.{tenant}.location.changed"
    headers = {"Nats-Msg-Id": str(uuid7()), "ce-type": "polyclinic.identity.v1.LocationChanged"}
    return subject, event.SerializeToString(), headers


def bound(bus) -> bool:
    """Whether the shared consumer is there."""
    try:
        return bool(subjects(bus))
    except NotFoundError:
        return False
