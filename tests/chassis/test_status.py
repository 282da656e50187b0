"""`polyclinic status`: every process answers over NATS, and one screen says what needs attention."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from polyclinic.identity.v1 import events_pb2 as events

from chassis import cli, screen
from chassis.backlog import Backlog, Consumption
from chassis.ids import uuid7
from chassis.status import Planned, Report, Told

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
WELL = Report(
    service="scheduling",
    instance="scheduling-1",
    version="0.1.0",
    started_at=(NOW - timedelta(hours=3)).isoformat(),
    clock="system",
    business_time=NOW.isoformat(),
    ready=True,
    schema="current",
    memory_bytes=130 * 2**20,
    cpu_seconds=42.0,
    backlog=Backlog(2, 0.4, 0, 0.0, 12, 0, 0),
    consumers=[Consumption("scheduling-directory-identity", 3, 1, 0)],
    told=[Told("appointment.booked", 214, "2026-03-02T14:59:00+00:00")],
    planned=[Planned("hold.expire", 12, "2026-03-02T15:05:00+00:00", 0, 0)],
)


@pytest.fixture
def shell(identity, monkeypatch):
    """An operator's shell: NATS and nothing else."""
    for variable in ("URL", "USER", "PASSWORD"):
        value = getattr(identity.settings, f"nats_{variable.lower()}")
        monkeypatch.setenv(f"POLYCLINIC_NATS_{variable}", str(value))
    return identity


def published(harness, tenant) -> None:
    """One event of the tenant that has left the outbox."""
    seen = threading.Event()
    with harness.session(tenant) as session:
        from chassis import outbox

        outbox.emit(session, tenant, events.RoomChanged(room_id=str(uuid7()), name="1", version=1))
    harness.service.relay.wake()
    for _ in range(100):
        if not harness.service.relay.publish_batch():
            return
        seen.wait(0.05)


def test_everybody_who_runs_answers(shell, capsys):
    """The screen has a line for the service, its backlog, its consumers, what it told and what it plans."""
    published(shell, shell.tenant())
    cli.main(["status", "--seconds", "1"])
    text = capsys.readouterr().out
    row = next(line for line in text.splitlines() if line.startswith("identity"))
    assert re.search(r"\b([1-9]) of \1 ready", row)  # other tests of this process may run one, too
    assert "current" in row
    assert "room.changed" in text
    assert "(simulated)" in text


def test_programs_get_the_same_as_json(shell, capsys):
    """With --json, each process's answer with all its figures."""
    cli.main(["status", "--json", "--seconds", "1"])
    # Services of other tests may be reached by the same NATS.
    reports = [one for one in json.loads(capsys.readouterr().out) if one["service"] == "identity"]
    assert reports
    for report in reports:
        assert (report["schema"], report["ready"]) == ("current", True)
        assert report["backlog"]["dead_letters"] >= 0
        assert "identity-audit-trail-audit" in {consumer["consumer"] for consumer in report["consumers"]}


def test_a_service_that_does_not_answer_is_missed(shell, capsys, monkeypatch):
    """Whose address is known and who says nothing needs attention, and the exit code says so."""
    monkeypatch.setenv("POLYCLINIC_PHARMACY_ADDRESS", "127.0.0.1:1")
    assert cli.main(["status", "--seconds", "1"]) == 2
    assert "pharmacy: no process answers" in capsys.readouterr().out


def test_without_nats_the_way_past_it_is_told(monkeypatch, capsys):
    """One clear line, and exit code 1."""
    monkeypatch.setenv("POLYCLINIC_NATS_URL", "nats://127.0.0.1:1")
    assert cli.main(["status", "--seconds", "0.1"]) == 1
    assert "polyclinic status <service>" in capsys.readouterr().err


def test_a_report_is_read_as_it_was_written():
    """Also by an older or newer program: what it does not know is left out."""
    assert Report.from_bytes(WELL.to_bytes()) == WELL
    newer = json.dumps(json.loads(WELL.to_bytes()) | {"colour": "green"}).encode()
    assert Report.from_bytes(newer) == WELL
    for odd in (b"[]", b"{}", b'{"service": "x"}', b"no"):
        with pytest.raises(ValueError, match=r"report|Expecting"):
            Report.from_bytes(odd)


def test_a_healthy_house_needs_nothing():
    """All is on the screen and nothing is said."""
    text = screen.Seen([WELL, replace(WELL, instance="scheduling-2")], ["scheduling"]).drawn(NOW)
    assert "Nothing needs attention." in text
    assert "2 of 2 ready" in text
    assert "214" in text
    assert "hold.expire" in text
    assert "260 MB" in text


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (replace(WELL, ready=False), "scheduling-1 is not ready"),
        (replace(WELL, schema="behind"), "the schema is older than the code"),
        (
            replace(WELL, backlog=Backlog(9, 300.0, 0, 0.0, 0, 0, 0)),
            "9 events not published, the oldest for 5 min",
        ),
        (
            replace(WELL, backlog=Backlog(0, 0.0, 4, 7_200.0, 4, 0, 0)),
            "4 due items overdue, the oldest by 2 h",
        ),
        (
            replace(WELL, backlog=Backlog(0, 0.0, 0, 0.0, 0, 0, 3)),
            "3 dead letters: polyclinic dead-letters list scheduling",
        ),
        (replace(WELL, consumers=[Consumption("c", 5_000, 0, 0)]), "c is 5000 messages behind"),
        (replace(WELL, planned=[Planned("claims.send", 1, NOW.isoformat(), 0, 1)]), "1 × claims.send failed"),
        (replace(WELL, trouble=["database: Unavailable: refused"], backlog=None), "database: Unavailable: refused"),
    ],
    ids=["unready", "schema", "outbox", "overdue", "dead letters", "consumer", "retrying", "trouble"],
)
def test_what_is_wrong_is_said_in_words(report, said):
    """Each trouble is a line under "Needs attention"."""
    text = screen.Seen([report], ["scheduling"]).drawn(NOW)
    assert "Needs attention:" in text
    assert said in text


def test_two_versions_side_by_side_are_told():
    """During a rolling upgrade one wants to know; afterwards one wants to know more."""
    text = screen.Seen([WELL, replace(WELL, instance="scheduling-2", version="0.2.0")], []).drawn(NOW)
    assert "0.1.0 and 0.2.0 run side by side" in text


def test_a_gateway_that_does_not_serve_is_told(shell, capsys, monkeypatch):
    """It is asked over HTTP, where its address is known."""
    monkeypatch.setenv("POLYCLINIC_PUBLIC_URL", "http://127.0.0.1:1")
    assert cli.main(["status", "--seconds", "0.5"]) == 2
    assert "gateway: not ready at http://127.0.0.1:1" in capsys.readouterr().out
