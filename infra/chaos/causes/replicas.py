"""More than one process of a service: two relays, and a rolling upgrade with the old and the new code side by side."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from polyclinic.options.v1 import options_pb2

from infra.chaos.stage import Stage
from infra.chaos.trouble import EVERY_SERVICE, Trouble
from infra.day.invariants.audit import contracts
from infra.local.plan import ROOT
from infra.local.servers import SERVICES

SIDE_BY_SIDE_SECONDS: Final = 2.0
RELAYING: Final = "scheduling"
# Facts may come in any order; an older state must never come behind a newer one.
STATES: Final = (
    "SELECT message_id::text AS message_id, id, aggregate FROM outbox"
    " WHERE split_part(subject, '.', 5) || '.' || split_part(subject, '.', 6) = ANY(%s) ORDER BY id"
)
# What an older release is made of.
PARTS: Final = ("services", "protos", "infra")


def two_relays(stage: Stage) -> None:
    """Two processes of one service, each with a relay; the one that works is killed, twice."""
    with stage.cause():
        stage.stack.start_replica(RELAYING)
        stage.last(SIDE_BY_SIDE_SECONDS)
    for _ in range(2):
        with stage.cause():
            stage.stack.kill(RELAYING)
            stage.last(stage.chance.uniform(0.5, 1.5))
            stage.stack.restart(RELAYING, wait=False)
    with stage.cause():
        stage.stack.end_replica(RELAYING)
    in_stream = stage.stack.bus.message_ids(RELAYING.upper())
    rows = stage.town.observer.databases.rows(RELAYING, STATES, [state_subjects()])
    overtaken = out_of_order(in_stream, [(row["message_id"], row["id"], row["aggregate"]) for row in rows])
    stage.must(not overtaken, f"{len(overtaken)} events overtook an earlier state of their aggregate")
    stage.must(len(in_stream) == len(set(in_stream)), "an event is in the stream twice")
    stage.note(f"{len(in_stream)} events, each once; {len(rows)} states in their aggregates' order")


def state_subjects() -> list[str]:
    """The events that carry a state (``appointment.booked``), as the contracts say."""
    found = []
    for contract in contracts():
        for message in contract.message_types_by_name.values():
            event: options_pb2.Event = message.GetOptions().Extensions[options_pb2.event]  # type: ignore[index]
            if event.kind == options_pb2.EVENT_KIND_STATE:
                found.append(event.subject)
    return found


def out_of_order(in_stream: Sequence[str], written: Sequence[tuple[str, int, str]]) -> list[str]:
    """Message ids that lie in a stream behind a later event of their aggregate.

    ``written`` are (message id, place in the outbox, aggregate); what is not among them was written later.
    """
    known = {message_id: (place, aggregate) for message_id, place, aggregate in written}
    furthest: dict[str, int] = {}
    late = []
    for message_id in in_stream:
        if message_id not in known:
            continue
        place, aggregate = known[message_id]
        if place < furthest.get(aggregate, 0):
            late.append(message_id)
        furthest[aggregate] = max(place, furthest.get(aggregate, 0))
    return late


def rolling_upgrade(stage: Stage) -> None:
    """Each service in turn: the release before serves beside today's on today's schema, takes over alone, and leaves."""
    old = older_release(stage.stack.data / "older-release")
    stage.note(
        f"the release before: {old.revision}" if old else "no history here: today's code stood in for an older release"
    )
    path = old.python_path if old else ""
    for service in SERVICES:
        with stage.cause():
            stage.stack.start_replica(service, path)
            stage.last(SIDE_BY_SIDE_SECONDS)
        with stage.cause():
            stage.stack.roll_over(service)
        with stage.cause():
            stage.stack.end_replica(service)


class OlderRelease:
    """The code of an earlier commit, laid out and generated beside this repository."""

    def __init__(self, root: Path, revision: str) -> None:
        self.revision = revision
        self.python_path = ":".join(str(root / part) for part in ("", "services", "build/protos"))


def older_release(folder: Path) -> OlderRelease | None:
    """Lays out the release before: the last tag, else what the newest migration found. None where there is no history."""
    newest = _git("log", "--max-count=1", "--format=%h", "--", "services/*/migrations/*.py")
    revision = _git("describe", "--tags", "--abbrev=0", "HEAD^") or (
        newest and _git("rev-parse", "--short", f"{newest}^")
    )
    if not revision:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    packed = folder / "release.tar"
    _git("archive", "--output", str(packed), revision, *PARTS)
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    release = OlderRelease(folder, revision)
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": release.python_path}
    subprocess.run(
        [sys.executable, "-m", "infra.protos"],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=True,
        timeout=120,
    )
    return release


def _git(*arguments: str) -> str:
    """What git says, or nothing where there is no git or no history."""
    git = shutil.which("git")
    if git is None:
        return ""
    done = subprocess.run([git, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip() if done.returncode == 0 else ""


TROUBLES: Final = [
    Trouble(
        "two-relays",
        f"two processes of {RELAYING} relay its events, and the one at work is killed",
        two_relays,
        frozenset({RELAYING}),
    ),
    Trouble(
        "rolling-upgrade",
        "each service is replaced while the release before serves beside it",
        rolling_upgrade,
        EVERY_SERVICE,
    ),
]
