"""What an operator does: migrate, look at the backlog, replay dead letters; and what upkeep deletes."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from polyclinic.identity.v1 import events_pb2 as identity_events
from sqlalchemy import func, select, update

from chassis import cli, errors, upkeep
from chassis.clock import real_now
from chassis.ids import uuid7
from chassis.tables import DeadLetter, IdempotencyKey, Inbox, Outbox


@pytest.fixture
def environment(identity, monkeypatch):
    """The environment of an operator's shell."""
    settings = identity.settings
    monkeypatch.setenv("POLYCLINIC_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("POLYCLINIC_DATABASE_WORKER_URL", settings.database_worker_url)
    monkeypatch.setenv("POLYCLINIC_DATABASE_OWNER_URL", settings.database_owner_url)
    return identity


def test_migrating_twice_changes_nothing(environment, capsys):
    """The step is safe to repeat: every release runs it."""
    assert cli.main(["migrate", "identity"]) == 0
    assert "schema is chassis_0001, identity_" in capsys.readouterr().out


def test_a_database_that_cannot_be_reached_is_one_clear_line(monkeypatch, capsys, environment):
    """No traceback for an operator."""
    monkeypatch.setenv("POLYCLINIC_DATABASE_OWNER_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert cli.main(["migrate", "identity"]) == 1
    told = capsys.readouterr().err.strip()
    assert told.startswith("polyclinic: identity: the database could not be migrated")
    assert "\n" not in told


def test_missing_settings_are_one_clear_line(monkeypatch, capsys):
    """They are named."""
    monkeypatch.delenv("POLYCLINIC_DATABASE_URL", raising=False)
    assert cli.main(["status", "identity"]) == 1
    assert "POLYCLINIC_DATABASE_URL is required" in capsys.readouterr().err


def test_dead_letters_are_listed_and_replayed_from_the_shell(environment, capsys, monkeypatch):
    """Status tells that there are some; a replayed due item is done."""
    harness, tenant = environment, environment.tenant()
    kind, mended, done = f"shell-{tenant.hex}", [], []

    def handler(call, item):
        if not mended:
            raise errors.Unprocessable(internal="broken")
        done.append(item.payload)

    harness.service.due_worker.add({kind: handler})
    with harness.call(tenant) as call:
        call.due.at(kind, "k", harness.clock.now(), {"n": 1})
    harness.run_due()
    monkeypatch.setenv("POLYCLINIC_KEY_ENCRYPTION_KEY", "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=")
    assert cli.main(["status", "identity"]) == 2
    assert cli.main(["dead-letters", "list", "identity"]) == 0
    assert kind in capsys.readouterr().out
    [letter] = harness.dead_letters(tenant)
    mended.append(True)
    assert cli.main(["dead-letters", "replay", "identity", str(letter.id)]) == 0
    harness.run_due(harness.clock.now() + timedelta(days=1))
    assert done == [{"n": 1}]


def test_upkeep_deletes_what_has_had_its_time_and_nothing_else(identity):
    """Old inbox rows, keys and dead letters go; young ones stay."""
    tenant, now = identity.tenant(), real_now()
    old = now - timedelta(days=40)
    with identity.session(tenant) as session:
        for age in (now, old):
            session.add(Inbox(consumer="c", message_id=uuid7(), received_at=age))
            session.add(
                IdempotencyKey(
                    principal_id="p", rpc="r", key=str(uuid7()), request_hash=b"", response=b"", created_at=age
                )
            )
        identity.service.dead_letters.write(
            session,
            tenant_id=tenant,
            source="message",
            consumer="c",
            subject="s",
            message_id=uuid7(),
            payload=b"",
            headers={},
            error=ValueError(),
            attempts=1,
        )
        session.flush()
        session.execute(update(DeadLetter).values(expires_at=old))
    upkeep.prune(identity.service.database.worker_engine, now)
    with identity.session(tenant) as session:
        left = [
            session.scalar(select(func.count()).select_from(table)) for table in (Inbox, IdempotencyKey, DeadLetter)
        ]
    assert left == [1, 1, 0]


def test_a_broker_that_lost_its_streams_is_filled_again(environment, capsys):
    """Events that were published already go out once more; those that are older than asked for stay where they are."""
    harness, tenant = environment, environment.tenant()
    mine, then = Outbox.tenant_id == tenant, real_now() - timedelta(hours=1)
    with harness.call(tenant) as call:
        for _ in range(2):
            call.emit(identity_events.LocationChanged(location_id=str(uuid7()), version=1))

    def published():
        with harness.service.database.worker_engine.begin() as connection:
            return list(connection.scalars(select(Outbox.published_at).where(mine).order_by(Outbox.id)))

    pause = threading.Event()

    def wait_until_published():
        for _ in range(100):
            if None not in published():
                return
            pause.wait(0.1)

    wait_until_published()
    with harness.service.database.worker_engine.begin() as connection:
        connection.execute(update(Outbox).where(mine).values(published_at=then))
        oldest = connection.scalar(select(func.min(Outbox.id)).where(mine))
        three_days_ago = real_now() - timedelta(days=3)
        connection.execute(update(Outbox).where(mine, Outbox.id == oldest).values(created_at=three_days_ago))
    assert cli.main(["republish", "identity", "--hours", "48"]) == 0
    assert "events are published again" in capsys.readouterr().out
    wait_until_published()
    old, recent = published()
    assert old == then
    assert recent > then
