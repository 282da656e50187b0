"""Below the transaction: how a read ends, what a cursor says of its columns, what the broker's acks say to whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from polyclinic.identity.v1 import events_pb2 as events
from sqlalchemy import select, text
from sqlalchemy.exc import InternalError

from chassis import errors
from chassis.database import Scope
from chassis.ids import uuid7
from chassis.tables import Outbox
from identity.tables import Location, Room

THREADS, EACH = 8, 25


def test_a_result_describes_its_columns_when_they_are_looked_at(identity):
    """Names and types are psycopg's own; a statement without rows has none, a select of nothing has no columns but rows."""
    with identity.service.database.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("select 1 as one, 'a'::text as two, now() as three")
        assert [(column.name, column.type_code) for column in cursor.description] == [
            (column.name, column.type_code) for column in cursor.described()
        ]
        assert (len(cursor.description), cursor.description[1].name) == (3, "two")
        cursor.execute("select")
        assert (cursor.description is None, len(cursor.description)) == (False, 0)
        cursor.execute("set local lock_timeout = 1000")
        assert cursor.description is None


def test_a_read_ends_its_transaction_and_keeps_what_was_prepared(identity):
    """After a read the connection is free of tenant and transaction, and still knows the statements it had prepared."""
    tenant, scope = identity.tenant(), Scope(identity.tenant(), read_only=True)
    for _ in range(7):
        with identity.service.database.transaction(scope) as session:
            session.get(Location, (tenant, uuid7()))
            raw = session.connection().connection.driver_connection
    assert raw.info.transaction_status.name == "IDLE"
    assert raw.execute("select current_setting('app.tenant', true)").fetchone() == ("",)
    assert raw.execute("select count(*) > 0 from pg_prepared_statements").fetchone() == (True,)
    raw.rollback()


def test_a_read_that_writes_is_told_so(identity):
    """What was added to a session that only reads is refused, not dropped."""
    tenant = identity.tenant()
    row = Room(location_id=uuid7(), name="x", room_class="x", capacity=1, active=True)
    scope = Scope(tenant, read_only=True)
    with pytest.raises(InternalError, match="read-only"), identity.service.database.transaction(scope) as session:
        session.add(row)


def test_a_read_whose_connection_broke_is_unavailable(identity):
    """A server that ends the connection before the end of a read is told as such."""
    database = identity.service.database
    with pytest.raises(errors.Unavailable), database.transaction(Scope(identity.tenant(), read_only=True)) as session:
        backend = session.scalar(text("select pg_backend_pid()"))
        with database.engine.connect() as other:
            other.execute(text("select pg_terminate_backend(:backend)"), {"backend": backend})


def test_each_thread_hears_of_its_own_messages(identity):
    """Many threads publish at once, some for a stream that is another's: those are refused, the others are kept."""
    bus = identity.service.bus
    assert bus.wait_connected(10)

    def publish(thread: int) -> list[str]:
        heard = []
        for _ in range(EACH):
            expected = {"Nats-Expected-Stream": "BILLING" if thread % 2 else "IDENTITY"}
            try:
                bus.publish(f"polyclinic.identity.v1.{uuid7()}.acks.tried", b"", expected)
                heard.append("kept")
            except errors.Unavailable as error:
                heard.append(error.internal)
        return heard

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(publish, range(THREADS)))
    for thread, heard in enumerate(answers):
        refused = "NATS did not acknowledge: 400 expected stream does not match"
        assert heard == [refused if thread % 2 else "kept"] * EACH


def test_many_events_stand_in_the_order_in_which_they_were_emitted(identity):
    """Written by one statement they are what they would be one by one: same order, payload and headers."""
    tenant = identity.tenant()
    rooms = [events.RoomChanged(room_id=str(uuid7()), name=f"Room {number} – é\\", version=1) for number in range(40)]
    with identity.service.units.system_call(tenant) as call:
        call.emit_all(rooms)
        call.emit(rooms[0])
    with identity.session(tenant) as session:
        written = session.scalars(select(Outbox).where(Outbox.tenant_id == tenant).order_by(Outbox.id)).all()
    assert [row.payload for row in written] == [room.SerializeToString() for room in [*rooms, rooms[0]]]
    assert {tuple(sorted(row.headers)) for row in written} == {tuple(sorted(written[-1].headers))}
    assert all(row.headers["Nats-Msg-Id"] == str(row.message_id) for row in written)
