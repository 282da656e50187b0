"""What is left to do and how full a process is: read for gauges and for the screen of health."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from polyclinic.identity.v1 import events_pb2 as events
from sqlalchemy import create_engine

from chassis import backlog, outbox
from chassis.clock import real_now
from chassis.errors import Unavailable
from chassis.ids import uuid7
from chassis.pools import MeasuredPool


def test_a_pool_counts_who_works_and_who_waits():
    """Two threads and five tasks: two work, three wait; afterwards nobody does either."""
    begun, go = threading.Semaphore(0), threading.Event()

    def task() -> bool:
        begun.release()
        return go.wait(10)

    with MeasuredPool("rpc", 2) as pool:
        tasks = [pool.submit(task) for _ in range(5)]
        assert begun.acquire(timeout=5)
        assert begun.acquire(timeout=5)
        assert (pool.busy, pool.waiting, pool.threads) == (2, 3, 2)
        go.set()
        assert all(each.result(5) for each in tasks)
    assert (pool.busy, pool.waiting) == (0, 0)


def test_a_task_that_fails_sets_its_thread_free():
    """Its error goes to who asked for it."""
    with MeasuredPool("work", 1) as pool:
        with pytest.raises(ZeroDivisionError):
            pool.submit(lambda: 1 // 0).result(5)
        assert pool.submit(lambda: 7).result(5) == 7
    assert pool.busy == 0


def test_a_closed_pool_takes_nothing_and_counts_nothing():
    """What was refused does not wait."""
    pool = MeasuredPool("work", 1)
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(lambda: 1)
    assert pool.waiting == 0


def test_the_backlog_is_what_lies_in_the_tables(identity):
    """An event that is not published, work that is late, all tenants together; gone when it is done."""
    tenant, now = identity.tenant(), identity.clock.now()
    worker = identity.service.database.worker_engine
    before = backlog.read(worker, now)
    with identity.call(tenant) as call:
        call.due.at(f"late-{tenant.hex}", "k", now - timedelta(hours=2), {})
        call.due.at(f"later-{tenant.hex}", "k", now + timedelta(hours=2), {})
    late = backlog.read(worker, now)
    assert late.overdue == before.overdue + 1
    assert late.planned == before.planned + 2
    assert late.overdue_seconds >= 7_200
    with identity.call(tenant) as call:
        call.due.cancel(f"late-{tenant.hex}", "k")
        call.due.cancel(f"later-{tenant.hex}", "k")
    assert backlog.read(worker, now).planned == before.planned


def test_an_unpublished_event_has_an_age(identity):
    """Seen from within the transaction that holds the relay's lock, so that nobody publishes it meanwhile."""
    tenant = identity.tenant()
    worker = identity.service.database.worker_engine
    with worker.begin() as held:
        assert held.scalar(outbox._LOCK) is True
        with identity.session(tenant) as session:
            outbox.emit(session, tenant, events.RoomChanged(room_id=str(uuid7()), name="1", version=1))
        seen = backlog.read(worker, identity.clock.now())
        assert seen.unpublished >= 1
        assert 0 <= seen.oldest_seconds < 60


def test_a_database_that_is_away_is_said_so():
    """Unavailable, not an exception of the driver's."""
    with pytest.raises(Unavailable):
        backlog.read(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), real_now())


def test_consumers_say_what_they_have_left(identity):
    """Each durable consumer whose stream is there, by its name, as the broker counts."""
    names = {one.consumer for one in identity.service.consumers.consumption()}
    mine = {name for name, stream, _ in identity.service.consumers.groups() if stream == "AUDIT"}
    assert mine
    assert names >= mine
    assert names <= {name for name, _, _ in identity.service.consumers.groups()}


def test_memory_and_processor_time_are_plausible():
    """A Python process takes megabytes and has taken time."""
    assert 10 * 2**20 < backlog.resident_bytes() < 8 * 2**30
    assert backlog.cpu_seconds() > 0
