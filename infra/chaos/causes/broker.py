"""NATS is hurt: killed, cut off, silent behind a firewall, its disk full, its store lost; and a message that poisons."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from typing import Any, Final

from infra.chaos.lines import State
from infra.chaos.stage import Stage
from infra.chaos.trouble import Trouble
from infra.local.servers import SERVICES

AWAY_SECONDS: Final = 4.0
FULL_SECONDS: Final = 6.0
# Long enough for clients to notice by themselves that nothing passes any more.
SILENT_SECONDS: Final = 8.0
EMPTY_BYTES: Final = 16 * 1024
DEAD_LETTERS: Final = "SELECT consumer FROM dead_letter WHERE tenant_id = %s"


def kill(stage: Stage) -> None:
    """NATS dies and is started again some seconds later."""
    with stage.cause():
        stage.stack.kill("NATS")
        stage.last(AWAY_SECONDS)
        stage.stack.restart("NATS")


def cut(stage: Stage) -> None:
    """All connections to NATS break, and new ones are refused."""
    with stage.cause():
        stage.lines["nats"].become(State.CUT)
        stage.last(AWAY_SECONDS)
        stage.lines["nats"].become(State.FLOWS)


def silence(stage: Stage) -> None:
    """Connections to NATS stay open, and nothing passes."""
    with stage.cause():
        stage.lines["nats"].become(State.SILENT)
        stage.last(SILENT_SECONDS)
        stage.lines["nats"].become(State.FLOWS)


def fill_disk(stage: Stage) -> None:
    """NATS's disk is full; somebody makes room, and starts the server anew if it has given its store up."""
    disk = stage.stack.disk
    if disk is None:
        stage.note("this machine's users may make no namespaces: the store's own limit stood in for a full disk")
        _reach_the_stores_limit(stage)
        return
    with stage.cause():
        stage.note(f"{disk.fill() / 1e6:.0f} MB filled the disk")
        stage.last(FULL_SECONDS)
        disk.free()
        stage.stack.nats.stop()
        stage.stack.restart("NATS")


def _reach_the_stores_limit(stage: Stage) -> None:
    server = stage.stack.nats
    limit = server.store_bytes
    used = sum(int(stream["state"]["bytes"]) for stream in stage.town.observer.streams())
    with stage.cause():
        server.stop()
        server.store_bytes = used + EMPTY_BYTES
        stage.stack.restart("NATS")
        stage.last(FULL_SECONDS)
        server.stop()
        server.store_bytes = limit
        stage.stack.restart("NATS")


def lose_store(stage: Stage) -> None:
    """NATS comes back empty; the operator has every service publish again, as the runbook says."""
    with stage.cause():
        stage.stack.kill("NATS")
        if stage.stack.disk is not None:
            stage.stack.disk.lose()
        else:
            shutil.rmtree(stage.stack.nats.store_dir)
        stage.stack.restart("NATS")
        stage.last(1.0)
        for service in SERVICES:
            stage.stack.operate("republish", service, "--hours", "168")


def poison(stage: Stage) -> None:
    """A message that nobody can read lies between good ones: it becomes a dead letter of each reader, and nobody waits for it."""
    bus, databases = stage.stack.bus, stage.town.observer.databases
    tenant = stage.clinics[0].day.cast.tenant_id
    good = bus.last("SCHEDULING", f"polyclinic.scheduling.v1.{tenant}.appointment.booked")
    readers = [
        consumer["name"]
        for stream in stage.town.observer.streams()
        if stream["name"] == "SCHEDULING"
        for consumer in stream.get("consumer_detail") or []
        if consumer["config"].get("durable_name") and reads(consumer["config"], good.subject)
    ]
    with stage.cause():
        unreadable = bus.publish(good.subject, b"\xff\xff\xff", {**good.headers, "Nats-Msg-Id": str(uuid.uuid4())})
        anonymous = bus.publish(good.subject, good.data, {"ce-type": good.headers["ce-type"]})
    letters = [row["consumer"] for service in SERVICES for row in databases.rows(service, DEAD_LETTERS, [tenant])]
    stage.must(sorted(letters) == sorted(readers), f"dead letters of {sorted(letters)}, readers are {sorted(readers)}")
    stage.note(f"{len(letters)} dead letters, one of each reader of the message; an operator gives them up")
    # What an operator does with poison: looks at it, and throws it away.
    for service in SERVICES:
        stage.stack.as_superuser(service, "DELETE FROM dead_letter")
    for sequence in (unreadable, anonymous):
        bus.delete("SCHEDULING", sequence)


def reads(config: Mapping[str, Any], subject: str) -> bool:
    """Whether a consumer's filters let a subject through."""
    filters = config.get("filter_subjects") or [config.get("filter_subject", ">")]
    return any(_matches(str(one).split("."), subject.split(".")) for one in filters)


def _matches(pattern: list[str], parts: list[str]) -> bool:
    for index, wanted in enumerate(pattern):
        if wanted == ">":
            return len(parts) > index
        if index >= len(parts) or wanted not in ("*", parts[index]):
            return False
    return len(pattern) == len(parts)


TROUBLES: Final = [
    Trouble("nats-killed", f"SIGKILL of NATS, started again {AWAY_SECONDS:.0f} s later", kill),
    Trouble("nats-cut", f"every connection to NATS broken, none possible for {AWAY_SECONDS:.0f} s", cut),
    Trouble("nats-silent", f"connections to NATS half open for {SILENT_SECONDS:.0f} s", silence),
    Trouble("nats-disk-full", f"NATS's disk full for {FULL_SECONDS:.0f} s, then the server started anew", fill_disk),
    Trouble("nats-store-lost", "NATS comes back with an empty disk; every service publishes again", lose_store),
    Trouble("poison-message", "messages that nobody can read, in the stream that most services read", poison),
]
