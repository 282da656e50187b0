"""The webhook queue: order within a lane, pauses between refusals, retries in real time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from infra.simulators.kit.clock import BusinessClock
from infra.simulators.kit.database import Database
from infra.simulators.kit.webhooks import WebhookQueue

from tests.simulators.receiver import Receiver, receiving

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Our side."""
    with receiving() as listening:
        yield listening


@pytest.fixture
def clock_and_queue(tmp_path: Path) -> Iterator[tuple[BusinessClock, WebhookQueue]]:
    """A queue over a new database, at a fixed business time, without its background thread."""
    database = Database(tmp_path / "queue.sqlite3", "")
    clock = BusinessClock(database)
    clock.set(START)
    queue = WebhookQueue(database, clock, lambda webhook: {"X-Signed": webhook.secret})
    yield clock, queue
    queue.stop()
    database.close()


def add(queue: WebhookQueue, url: str, lane: str, body: str, seconds: int = 0) -> None:
    """Plans a webhook."""
    due_at = START + timedelta(seconds=seconds)
    queue.add(lane=lane, due_at=due_at, url=url, body=body.encode(), content_type="text/plain", secret="s1")


def bodies(receiver: Receiver) -> list[str]:
    """What has come, in order."""
    return [body.decode() for _, _, body in receiver.taken]


def test_a_lane_keeps_its_order_and_others_go_on(
    clock_and_queue: tuple[BusinessClock, WebhookQueue], receiver: Receiver
) -> None:
    """A refused webhook holds back the later ones of its lane only; nothing not yet due is sent."""
    _, queue = clock_and_queue
    receiver.statuses = [500]
    add(queue, receiver.url, "a", "a1")
    add(queue, receiver.url, "a", "a2")
    add(queue, receiver.url, "a", "a3", seconds=60)
    assert queue.deliver_due() == 0
    add(queue, receiver.url, "b", "b1")
    assert queue.deliver_due() == 3
    assert bodies(receiver)[:1] == ["a1"]
    assert sorted(bodies(receiver)[1:]) == ["a1", "a2", "b1"]
    assert (queue.pending(), queue.next_due()) == (1, "2026-03-02T14:01:00.000000Z")


def test_refusals_are_not_answered_with_a_flood(
    clock_and_queue: tuple[BusinessClock, WebhookQueue], receiver: Receiver
) -> None:
    """After two refusals a lane pauses in real time: further steps do not knock at once."""
    _, queue = clock_and_queue
    receiver.statuses = [404] * 10
    add(queue, receiver.url, "a", "a1")
    for _ in range(10):
        queue.deliver_due()
    assert len(receiver.taken) == 2
    assert queue.pending() == 1


def test_what_our_side_has_not_taken_is_owed(
    clock_and_queue: tuple[BusinessClock, WebhookQueue], receiver: Receiver
) -> None:
    """A webhook that is due and was refused is owed until it is taken; one for later is not."""
    _, queue = clock_and_queue
    receiver.statuses = [503]
    add(queue, receiver.url, "a", "a1")
    add(queue, receiver.url, "a", "a2", seconds=60)
    queue.deliver_due()
    assert queue.owed() == 1
    queue.deliver_due()
    assert (queue.owed(), queue.pending()) == (0, 1)


def test_the_background_thread_retries_while_business_time_stands_still(
    clock_and_queue: tuple[BusinessClock, WebhookQueue], receiver: Receiver
) -> None:
    """With the clock stopped a refused webhook comes again within seconds, signed as before."""
    _, queue = clock_and_queue
    receiver.statuses = [503]
    add(queue, receiver.url, "a", "a1")
    queue.deliver_due()
    queue.start()
    assert receiver.wait(2)
    assert bodies(receiver) == ["a1", "a1"]
    assert receiver.taken[1][1]["X-Signed"] == "s1"


def test_without_a_driver_webhooks_go_out_by_the_machines_clock(tmp_path: Path, receiver: Receiver) -> None:
    """In real time the background thread sends what becomes due by itself."""
    database = Database(tmp_path / "queue.sqlite3", "")
    queue = WebhookQueue(database, BusinessClock(database), lambda webhook: {})
    queue.start()
    due_at = datetime.now(UTC) + timedelta(milliseconds=50)
    queue.add(lane="a", due_at=due_at, url=receiver.url, body=b"x", content_type="text/plain", secret="")
    assert receiver.wait(1)
    queue.stop()
    database.close()
