"""Tenancy, idempotency, refusals, deadlines: what the pipeline promises around every RPC."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from uuid import UUID

import pytest
from polyclinic.identity.v1 import events_pb2
from polyclinic.identity.v1 import identity_pb2 as pb
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import ProgrammingError

from chassis import errors
from chassis.database import Scope
from chassis.ids import uuid7
from chassis.tables import Outbox
from chassis.testing import expect_error
from identity.tables import AuditEntry, Location, Room
from tests.identity import cases


@pytest.fixture
def world(identity):
    """A tenant with a location and a room."""
    return cases.world(identity, identity.tenant())


@pytest.fixture
def owner(identity, world):
    """A client that may do everything in the tenant."""
    return identity.client(world.tenant_id, ["*"], principal_id=str(uuid7()))


def room(world, name="2"):
    return pb.CreateRoomRequest(
        room=pb.Room(location_id=world.location.location_id, name=name, room_class="x", capacity=1)
    )


def test_a_forgotten_where_shows_nothing_of_another_tenant(identity, world):
    """Row-level security answers an unfiltered query with the tenant's own rows only; without a tenant, with none."""
    everything = select(func.count()).select_from(Location)
    for tenant, expected in ((world.tenant_id, 1), (identity.tenant(), 0), (None, 0)):
        with identity.session(tenant) as session:
            assert session.scalar(everything) == expected


def test_a_row_cannot_be_written_into_another_tenant(identity, world):
    """The policy checks what is written as well as what is read."""
    row = Room(
        tenant_id=world.tenant_id,
        id=uuid7(),
        location_id=UUID(world.location.location_id),
        name="x",
        room_class="x",
        capacity=1,
        active=True,
    )
    with pytest.raises(ProgrammingError, match="row-level security"), identity.session(identity.tenant()) as session:
        session.add(row)
        session.flush()


def test_the_worker_role_reads_no_business_table(identity):
    """It may touch outbox, inbox and due work, across tenants, and nothing else."""
    with identity.service.database.worker_engine.connect() as connection:
        connection.execute(text("select count(*) from outbox"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("select count(*) from account"))


def test_the_audit_trail_is_append_only_for_the_service_itself(identity, world):
    """Not even our own code can change or delete an entry."""
    for statement in (delete(AuditEntry), update(AuditEntry).values(reason="x")):
        with pytest.raises(ProgrammingError, match="permission denied"), identity.session(world.tenant_id) as session:
            session.execute(statement)


def test_the_same_key_gives_the_same_answer_and_one_effect(owner, world):
    """A repeated create returns the first one's answer."""
    first = owner.call("CreateRoom", room(world), key="k1")
    again = owner.call("CreateRoom", room(world), key="k1")
    assert again == first
    rooms = owner.call("ListRooms", pb.ListRoomsRequest()).rooms
    assert len([one for one in rooms if one.name == "2"]) == 1


def test_the_same_key_with_another_body_is_refused(owner, world):
    """A key stands for one request."""
    owner.call("CreateRoom", room(world), key="k2")
    with expect_error("IDEMPOTENCY_KEY_REUSED"):
        owner.call("CreateRoom", room(world, "3"), key="k2")


def test_a_create_without_a_key_is_refused(owner, world):
    """The option in the proto demands it."""
    with expect_error("IDEMPOTENCY_KEY_REQUIRED"):
        owner.call("CreateRoom", room(world), key="")


def test_many_calls_with_one_key_at_once_have_one_effect(owner, world):
    """The second waits for the first one's commit and gets its answer."""
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: owner.call("CreateRoom", room(world), key="k3"), range(12)))
    assert len({answer.room_id for answer in answers}) == 1


def test_a_refused_call_keeps_nothing_and_its_key_stays_free(owner, world):
    """Nothing is half-written; the mended request may use the same key."""
    bad = room(world)
    bad.room.location_id = str(uuid7())
    with expect_error("INVALID_INPUT", field="location_id"):
        owner.call("CreateRoom", bad, key="k4")
    assert owner.call("CreateRoom", room(world), key="k4").room_id


def test_every_violation_is_told_with_its_path(owner, world):
    """All at once, nested fields by their path."""
    location = cases.location(world.entity.billing_entity_id)
    location.address.state = "Colorado"
    location.phone = "call me"
    location.name = ""
    with pytest.raises(errors.Remote) as refused:
        owner.call("CreateLocation", pb.CreateLocationRequest(location=location))
    fields = {violation.field for violation in refused.value.violations}
    assert {"location.address.state", "location.phone", "location.name"} <= fields


def test_a_stale_version_is_refused_and_the_present_one_accepted(owner, world):
    """Two people change the same room; the second is told."""
    stale = pb.UpdateRoomRequest(room_id=world.room.room_id, room=pb.Room(name="A"), version=world.room.version)
    stale.update_mask.paths.append("name")
    changed = owner.call("UpdateRoom", stale)
    assert changed.version == world.room.version + 1
    with expect_error("STALE_VERSION"):
        owner.call("UpdateRoom", stale)


def test_a_change_and_its_event_are_one(identity, owner, world):
    """The event is in the outbox exactly when the change is committed, with the version it has then."""
    owner.call("CreateRoom", room(world, "evented"))
    events = identity.events(world.tenant_id, events_pb2.RoomChanged)
    assert [event.version for event in events if event.name == "evented"] == [1]


def test_a_nul_byte_is_bad_input_not_an_error_of_ours(owner, world):
    """PostgreSQL cannot store it; the caller is told."""
    with expect_error("INVALID_INPUT"):
        owner.call("CreateRoom", room(world, "a\x00b"))


def test_work_that_cannot_be_finished_in_time_is_refused(owner, world):
    """A deadline of a millisecond is not worth starting for."""
    with expect_error("DEADLINE_EXCEEDED"):
        owner.call("GetLocation", pb.GetLocationRequest(location_id=world.location.location_id), seconds=0.001)


def test_a_lock_that_is_not_given_back_becomes_unavailable_not_a_hang(identity, owner, world):
    """The lock timeout turns a stuck row into a clean refusal that says to try again."""
    with identity.session(world.tenant_id) as session:
        session.execute(select(Room).where(Room.id == UUID(world.room.room_id)).with_for_update())
        request = pb.UpdateRoomRequest(room_id=world.room.room_id, room=pb.Room(name="B"))
        request.update_mask.paths.append("name")
        with expect_error("UNAVAILABLE"):
            owner.call("UpdateRoom", request)


def test_an_unexpected_failure_says_an_incident_and_no_detail(identity, owner, monkeypatch):
    """Stack traces, SQL and names stay in the log."""
    from identity.usecases import organisation

    def explode(*_args):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(organisation, "list_page", explode)
    with pytest.raises(errors.Error) as refused:
        owner.call("ListRooms", pb.ListRoomsRequest(), request_id="incident-7")
    assert refused.value.reason == "INTERNAL"
    assert "incident-7" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_read_only_call_cannot_write(identity, world):
    """Reads run in read-only transactions: a write in one is refused by the database."""
    with (
        pytest.raises(Exception, match="read-only"),
        identity.service.database.transaction(Scope(world.tenant_id, read_only=True)) as session,
    ):
        session.execute(update(Room).values(name="x"))


def test_a_patients_token_narrows_the_transaction(identity, world):
    """A patient's own token reaches only RPCs that say so."""
    patient = identity.client(world.tenant_id, patient_ids=[uuid7()])
    assert patient.call("GetLocation", pb.GetLocationRequest(location_id=world.location.location_id)).name == "Downtown"
    with expect_error("PERMISSION_DENIED"):
        patient.call("ListAccounts", pb.ListAccountsRequest())


def test_outbox_rows_carry_cloud_event_headers(identity, owner, world):
    """Consumers find id, type and source where the CloudEvents NATS binding puts them."""
    owner.call("CreateRoom", room(world, "headers"))
    with identity.session(world.tenant_id) as session:
        row = session.scalars(
            select(Outbox).where(Outbox.subject.like("%room.changed")).order_by(Outbox.id.desc())
        ).first()
    assert row.headers["ce-type"] == "polyclinic.identity.v1.RoomChanged"
    assert row.headers["Nats-Msg-Id"] == row.headers["ce-id"] == str(row.message_id)


HANG_UP = (
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and usename = current_user and pid <> pg_backend_pid()"
)


def test_connections_that_the_server_closed_are_nobodys_trouble(identity, world):
    """After a restart of the database every pooled connection is dead; the next calls find that out and nobody is refused."""
    with ExitStack() as together:
        sessions = [together.enter_context(identity.session(world.tenant_id)) for _ in range(4)]
        for session in sessions:
            session.execute(text("select 1"))
    with identity.session(world.tenant_id) as session:
        session.execute(text(HANG_UP))
    with ExitStack() as together:
        again = [together.enter_context(identity.session(world.tenant_id)) for _ in range(4)]
        assert [session.scalar(text("select current_setting('app.tenant')")) for session in again] == [
            str(world.tenant_id)
        ] * 4
