"""Outbox, relay, inbox, dead letters, due work and audit on a real broker: nothing lost, nothing doubled."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from polyclinic.identity.v1 import events_pb2 as events
from polyclinic.identity.v1 import identity_pb2 as pb
from sqlalchemy import func, select

from chassis import errors
from chassis.bus import Bus
from chassis.consumers import Consumers
from chassis.due import Bulk, DueItem
from chassis.ids import uuid7
from chassis.outbox import Relay
from chassis.processor import Subscription
from chassis.tables import DeadLetter, Inbox, Outbox
from chassis.worker import BULK_SIZE
from tests.identity import cases


@pytest.fixture
def tenant(identity):
    return identity.tenant()


@pytest.fixture
def quiet(identity):
    """Identity without its own relay, so that a test relays by hand."""
    identity.service.relay.stop()
    yield identity
    identity.service.relay = Relay(identity.service.database.worker_engine, identity.service.bus)
    identity.service.relay.start()


def emit(harness, tenant, name="r", version=1, room_id=None):
    """Commits one event."""
    event = events.RoomChanged(room_id=room_id or str(uuid7()), name=name, version=version)
    with harness.call(tenant) as call:
        call.emit(event)
    return event


def unpublished(harness, tenant):
    with harness.session(tenant) as session:
        return session.scalar(select(func.count()).select_from(Outbox).where(Outbox.published_at.is_(None)))


def wait_for(condition, seconds=30.0):
    """Waits until `condition()` is true; returns whether it became so."""
    done = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        done.wait(0.02)
    return False


class Listening:
    """A durable consumer of RoomChanged in the same process, as a service would have."""

    def __init__(self, harness, purpose, handler, bulk=False, redelivery_seconds=40.0):
        service = harness.service
        self._pool = service._pool
        self.consumers = Consumers(
            "identity",
            service.bus,
            service.units,
            service.database,
            service.dead_letters,
            self._pool,
            redelivery_seconds,
        )
        self.consumers.add([Subscription(events.RoomChanged, handler, purpose, bulk)])

    def __enter__(self):
        self.consumers.start()
        return self

    def __exit__(self, *_):
        self.consumers.stop()


def test_an_event_reaches_a_consumer_once(identity, tenant):
    """Commit → relay → JetStream → inbox → handler."""
    seen = []

    def on_room(call, event):
        if call.tenant_id == tenant:
            seen.append(event.name)

    with Listening(identity, f"once-{tenant.hex}", on_room):
        emit(identity, tenant, "a")
        assert wait_for(lambda: seen == ["a"])


def test_a_relay_killed_between_publish_and_mark_publishes_again_and_the_consumer_applies_once(
    quiet, tenant, monkeypatch
):
    """The crash leaves the row unmarked; its second publication has the same message id."""
    seen = []
    with Listening(
        quiet, f"kill-{tenant.hex}", lambda call, event: seen.append(event.name) if call.tenant_id == tenant else None
    ):
        emit(quiet, tenant, "b")
        relay = Relay(quiet.service.database.worker_engine, quiet.service.bus)
        real = quiet.service.bus.publish_all

        def publish_then_die(messages, timeout=5.0):
            real(messages, timeout)
            raise KeyboardInterrupt

        monkeypatch.setattr(quiet.service.bus, "publish_all", publish_then_die)
        with pytest.raises(KeyboardInterrupt):
            relay.publish_batch()
        assert unpublished(quiet, tenant) == 1
        monkeypatch.setattr(quiet.service.bus, "publish_all", real)
        while relay.publish_batch():
            continue
        assert unpublished(quiet, tenant) == 0
        assert wait_for(lambda: seen)
        assert not wait_for(lambda: len(seen) > 1, 0.5)


def test_two_relays_do_not_break_the_order_within_an_aggregate(quiet, tenant):
    """Only one publishes at a time; the versions arrive in order."""
    room_id, seen = str(uuid7()), []
    with Listening(
        quiet,
        f"order-{tenant.hex}",
        lambda call, event: seen.append(event.version) if event.room_id == room_id else None,
    ):
        for version in range(1, 31):
            emit(quiet, tenant, version=version, room_id=room_id)
        relays = [Relay(quiet.service.database.worker_engine, quiet.service.bus) for _ in range(2)]
        threads = [threading.Thread(target=relay.publish_batch) for relay in relays]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        relays[0].publish_batch()
        assert wait_for(lambda: len(seen) == 30)
    assert seen == sorted(seen)


def test_a_failing_handler_is_tried_again_and_leaves_nothing_behind(identity, tenant):
    """Its transaction is rolled back with the inbox row; the next delivery succeeds."""
    attempts = []

    def fails_twice(call, event):
        if call.tenant_id != tenant:
            return
        attempts.append(1)
        call.emit(events.EquipmentChanged(equipment_id=event.room_id, name="derived", version=1))
        if len(attempts) < 3:
            raise RuntimeError("not yet")

    with Listening(identity, f"retry-{tenant.hex}", fails_twice):
        emit(identity, tenant)
        assert wait_for(lambda: len(attempts) == 3)
        assert wait_for(lambda: identity.events(tenant, events.EquipmentChanged))
    assert len(identity.events(tenant, events.EquipmentChanged)) == 1


def test_a_poison_message_becomes_a_dead_letter_that_can_be_replayed(identity, tenant):
    """It is kept with its error and without an inbox row; once mended, its replay is applied."""
    mended, seen = threading.Event(), []

    def handler(call, event):
        if call.tenant_id != tenant:
            return
        if not mended.is_set():
            raise errors.Unprocessable(internal="poison")
        seen.append(event.name)

    with Listening(identity, f"poison-{tenant.hex}", handler):
        emit(identity, tenant, "p")
        assert wait_for(lambda: identity.dead_letters(tenant))
        [letter] = identity.dead_letters(tenant)
        assert "poison" in letter.error
        assert b"p" not in bytes(letter.payload)[:1]
        mended.set()
        with identity.session(tenant) as session:
            identity.service.dead_letters.replay(session, session.get(DeadLetter, (tenant, letter.id)))
        identity.service.relay.wake()
        assert wait_for(lambda: seen == ["p"])


def test_dead_letters_are_encrypted_at_rest(identity, tenant):
    """The payload may hold PHI: it is not readable in the table."""
    letters = identity.service.dead_letters
    with identity.session(tenant) as session:
        letters.write(
            session,
            tenant_id=tenant,
            source="message",
            consumer="c",
            subject="s",
            message_id=uuid7(),
            payload=b"Jane Doe",
            headers={},
            error=ValueError("x"),
            attempts=8,
        )
    [letter] = identity.dead_letters(tenant)
    assert b"Jane" not in bytes(letter.payload)
    assert letters._open(bytes(letter.payload)) == b"Jane Doe"


def test_what_waits_behind_a_slow_message_is_not_delivered_again(identity, tenant):
    """A fetch takes longer than the broker waits for one acknowledgement: all of it is still handled at its first delivery."""
    handled, pause = [], threading.Event()

    def slowly(call, event):
        if call.tenant_id == tenant:
            pause.wait(0.25)
        handled.append((call.tenant_id, event.name))

    wanted = {(tenant, f"s{number}") for number in range(8)}
    for _, name in wanted:
        emit(identity, tenant, name)
    assert wait_for(lambda: unpublished(identity, tenant) == 0)
    with Listening(identity, f"slow-{tenant.hex}", slowly, redelivery_seconds=0.6) as listening:
        assert wait_for(lambda: wanted <= set(handled) and delivered(identity, listening).num_ack_pending == 0)
        assert delivered(identity, listening).delivered.consumer_seq == len(handled)


def delivered(harness, listening):
    """What the broker says of the only consumer."""
    ((name, stream, _),) = listening.consumers.groups()

    async def ask():
        return await (await harness.service.bus.jetstream()).consumer_info(stream, name)

    return harness.service.bus.spawn(ask()).result(5)


def test_a_bulk_that_cannot_be_applied_now_waits_as_a_whole(identity, tenant):
    """With the database away for a moment nobody tries each message of a fetch by itself."""
    lots, names = [], []

    def on_rooms(call, rooms):
        if call.tenant_id != tenant:
            return
        lots.append(len(rooms))
        if len(lots) == 1:
            raise errors.Unavailable(internal="away")
        names.extend(room.name for room in rooms)

    wanted = [f"w{number}" for number in range(8)]
    for name in wanted:
        emit(identity, tenant, name)
    assert wait_for(lambda: unpublished(identity, tenant) == 0)
    with Listening(identity, f"bulk-{tenant.hex}", on_rooms, bulk=True):
        assert wait_for(lambda: len(names) >= len(wanted))
    assert sorted(names) == wanted
    assert len(lots) <= 4


def test_delivering_the_same_message_twice_applies_it_once(identity, tenant):
    """The inbox remembers."""
    from polyclinic.audit.v1 import audit_pb2

    entry = audit_pb2.AuditEntry(entry_id=str(uuid7()), tenant_id=str(tenant), service="x", rpc="r", outcome="OK")
    message_id = uuid7()
    assert identity.deliver(tenant, entry, message_id=message_id) == 1
    assert identity.deliver(tenant, entry, message_id=message_id) == 0
    with identity.session(tenant) as session:
        assert session.scalar(select(func.count()).select_from(Inbox)) == 1


def test_due_work_is_done_when_its_time_has_come_and_not_before(identity, tenant):
    """Business time decides; what was taken back is not done; rescheduling replaces."""
    done = []
    worker = identity.service.due_worker
    kind = f"test-{tenant.hex}"
    worker.add({kind: lambda call, item: done.append((item.key, item.payload["n"]))})
    now = identity.clock.now()
    with identity.call(tenant) as call:
        call.due.at(kind, "a", now + timedelta(minutes=5), {"n": 1})
        call.due.at(kind, "b", now + timedelta(minutes=1), {"n": 2})
        call.due.at(kind, "c", now + timedelta(minutes=1), {"n": 3})
        call.due.cancel(kind, "c")
        call.due.at(kind, "a", now + timedelta(minutes=10), {"n": 4})
    identity.run_due()
    assert done == []
    identity.run_due(now + timedelta(minutes=5))
    assert done == [("b", 2)]
    identity.run_due(now + timedelta(minutes=10))
    assert done == [("b", 2), ("a", 4)]


def test_work_under_way_is_known_without_waiting_for_it(identity, tenant):
    """Somebody who asks while a worker has the item in hand is told at once; before and after it is not under way."""
    kind = f"test.busy-{uuid7()}"
    seen = []

    def look(key):
        with identity.call(tenant) as call:
            seen.append(call.due.under_way(kind, key))

    identity.service.due_worker.add({kind: lambda call, item: look(item.key)})
    look("a")
    with identity.call(tenant) as call:
        call.due.at(kind, "a", identity.clock.now())
    look("a")
    identity.run_due()
    look("a")
    assert seen == [False, False, True, False]


def test_due_work_that_schedules_itself_again_is_kept(identity, tenant):
    """A recurring item is one row that moves on."""
    kind, runs = f"again-{tenant.hex}", []
    now = identity.clock.now()

    def handler(call, item: DueItem):
        runs.append(item.due_at)
        call.due.at(kind, item.key, item.due_at + timedelta(hours=1))

    identity.service.due_worker.add({kind: handler})
    with identity.call(tenant) as call:
        call.due.at(kind, "x", now + timedelta(hours=1))
    identity.run_due(now + timedelta(hours=3))
    assert len(runs) == 3
    assert [item.due_at for item in identity.due(tenant, kind)] == [now + timedelta(hours=4)]


def test_due_work_that_can_never_succeed_becomes_a_dead_letter(identity, tenant):
    """It does not block the rest."""
    kind = f"never-{tenant.hex}"

    def handler(call, item):
        raise errors.Unprocessable(internal="never")

    identity.service.due_worker.add({kind: handler})
    with identity.call(tenant) as call:
        call.due.at(kind, "x", identity.clock.now())
    identity.run_due()
    assert [letter.subject for letter in identity.dead_letters(tenant)] == [kind]
    assert identity.due(tenant, kind) == []


def crowd(harness, tenant, kind, keys):
    """Work of one kind that is due now."""
    with harness.call(tenant) as call:
        for key in keys:
            call.due.at(kind, key, harness.clock.now())


def test_work_in_crowds_is_done_in_bulk_and_never_across_tenants(identity, tenant):
    """A handler of lists gets a tenant's pieces together, each once, and no more than a bulk has."""
    kind, other, bulks = f"crowd-{tenant.hex}", identity.tenant(), []
    identity.service.due_worker.add({kind: Bulk(lambda call, items: bulks.append([item.key for item in items]))})
    keys = [f"k{number:02d}" for number in range(BULK_SIZE + 3)]
    crowd(identity, tenant, kind, keys)
    crowd(identity, other, kind, ["alone"])
    identity.run_due()
    assert sorted(key for bulk in bulks for key in bulk) == sorted([*keys, "alone"])
    assert ["alone"] in bulks
    assert max(map(len, bulks)) == BULK_SIZE
    assert identity.due(tenant, kind) == []


def test_what_came_due_one_after_another_is_done_in_that_order(identity, tenant):
    """Pieces with instants of their own share bulks, too; the next bulk begins when the one before it has ended."""
    kind, bulks = f"queue-{tenant.hex}", []
    identity.service.due_worker.add({kind: Bulk(lambda call, items: bulks.append([item.key for item in items]))})
    keys = [f"k{number:02d}" for number in range(2 * BULK_SIZE + 1)]
    with identity.call(tenant) as call:
        for minutes, key in enumerate(reversed(keys)):
            call.due.at(kind, key, identity.clock.now() - timedelta(minutes=minutes))
    identity.run_due()
    assert [key for bulk in bulks for key in bulk] == keys
    assert [len(bulk) for bulk in bulks] == [BULK_SIZE, BULK_SIZE, 1]


def test_a_bulk_that_fails_is_done_piece_by_piece(identity, tenant):
    """One bad piece takes nobody with it: the others are done once, it alone becomes a dead letter, and nothing of the first try stays."""
    kind, done = f"bad-{tenant.hex}", []

    def handler(call, items):
        call.due.at(f"after-{kind}", items[0].key, call.now + timedelta(days=1))
        if any(item.key == "bad" for item in items):
            raise errors.Unprocessable(internal="never")
        done.extend(item.key for item in items)

    identity.service.due_worker.add({kind: Bulk(handler)})
    crowd(identity, tenant, kind, ["a", "bad", "c"])
    identity.run_due()
    assert sorted(done) == ["a", "c"]
    assert sorted(item.key for item in identity.due(tenant, f"after-{kind}")) == ["a", "c"]
    assert [letter.subject for letter in identity.dead_letters(tenant)] == [kind]


def test_due_work_in_bulk_that_must_wait_waits_as_a_whole(identity, tenant):
    """What another service has to answer is asked once, not once for each piece."""
    kind, tries = f"waits-{tenant.hex}", []

    def handler(call, items):
        tries.append(len(items))
        raise errors.Unavailable(internal="away")

    identity.service.due_worker.add({kind: Bulk(handler)})
    crowd(identity, tenant, kind, ["a", "b"])
    identity.service.due_worker.run_batch()
    assert tries == [2]
    assert [item.attempts for item in identity.due(tenant, kind)] == [1, 1]


async def _last_audit(js, tenant):
    message = await js.get_last_msg("AUDIT", f"audit.identity.v1.{tenant}.entry.written")
    from polyclinic.audit.v1 import audit_pb2

    return audit_pb2.AuditEntry.FromString(message.data)


def last_audit(harness, tenant):
    """The newest entry on the AUDIT stream of a tenant."""

    async def read():
        return await _last_audit(await harness.service.bus.jetstream(), tenant)

    return harness.service.bus.spawn(read()).result(5)


def test_a_read_of_phi_is_on_the_audit_stream_before_the_reply(identity):
    """Who, what, about whom, from which request."""
    tenant, patient = identity.tenant(), str(uuid7())
    reader = identity.client(tenant, ["audit.read"], principal_id="reader")
    reader.call("SearchAudit", pb.SearchAuditRequest(patient_id=patient), request_id="req-1")
    entry = last_audit(identity, tenant)
    assert (entry.principal_id, entry.phi, entry.outcome, entry.request_id) == ("reader", "read", "OK", "req-1")
    assert list(entry.patient_ids) == [patient]


def test_a_refused_read_is_audited_too(identity):
    """Looking where one may not look is what an auditor looks for."""
    tenant = identity.tenant()
    with pytest.raises(errors.Error):
        identity.client(tenant, ["nothing.here"], principal_id="snoop").call("SearchAudit", pb.SearchAuditRequest())
    entry = last_audit(identity, tenant)
    assert (entry.principal_id, entry.outcome) == ("snoop", "PERMISSION_DENIED")


def test_with_nats_away_a_read_is_audited_in_the_outbox(identity, monkeypatch):
    """The read is still answered, and its entry waits for the broker."""
    tenant = identity.tenant()

    def away(*_args, **_kwargs):
        raise errors.Unavailable(internal="away")

    monkeypatch.setattr(identity.service.bus, "publish_all", away)
    identity.client(tenant, ["audit.read"]).call("SearchAudit", pb.SearchAuditRequest())
    with identity.session(tenant) as session:
        subjects = list(session.scalars(select(Outbox.subject).where(Outbox.tenant_id == tenant)))
    assert subjects == [f"audit.identity.v1.{tenant}.entry.written"]


def test_an_audited_write_can_be_found_by_patient_account_and_request(identity):
    """From the call to the searchable table, over the broker."""
    world = cases.world(identity, identity.tenant())
    service = identity.service
    from identity import events as identity_events

    consumers = Consumers("identity", service.bus, service.units, service.database, service.dead_letters, service._pool)
    consumers.add(identity_events.SUBSCRIPTIONS)
    consumers.start()
    owner = identity.client(world.tenant_id, ["*"], principal_id="the-owner")
    owner.call(
        "CreateRoom",
        pb.CreateRoomRequest(
            room=pb.Room(location_id=world.location.location_id, name="z", room_class="x", capacity=1)
        ),
        request_id="req-9",
    )

    def found():
        request = pb.SearchAuditRequest(request_id="req-9")
        return owner.call("SearchAudit", request).entries

    assert wait_for(lambda: len(found()) == 1)
    consumers.stop()
    assert found()[0].principal_id == "the-owner"


def test_a_service_serves_while_nats_is_down(identity, nats_server):
    """A bus that cannot connect refuses to publish and does not block its starter."""
    from dataclasses import replace

    bus = Bus("identity", replace(identity.settings, nats_url="nats://127.0.0.1:1"))
    bus.start()
    assert not bus.connected
    with pytest.raises(errors.Unavailable):
        bus.publish("polyclinic.identity.v1.x.y.z", b"")
    bus.stop()


def test_every_replica_hears_what_is_followed(identity, tenant):
    """Ephemeral consumers get each event on every process: used for revocations and caches."""
    heard = []
    subject = f"polyclinic.identity.v1.{tenant}.room.changed"
    future = identity.service.bus.follow(
        "IDENTITY", subject, lambda message: heard.append(message.subject), since_seconds=60
    )
    emit(identity, tenant)
    assert wait_for(lambda: heard == [subject])
    future.cancel()
