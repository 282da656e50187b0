"""`polyclinic`: what an operator does: migrate a service, see how all are doing, list and replay dead letters."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import requests
from sqlalchemy import CursorResult, Engine, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from chassis import epochs, migrating, screen, status
from chassis.bus import Bus
from chassis.clock import monotonic, real_now
from chassis.database import tls_options
from chassis.deadletters import DeadLetters
from chassis.errors import Unavailable
from chassis.settings import Secret, ServiceSettings, SettingsError, Url
from chassis.status import Report
from chassis.tables import Outbox

# How often a step that waits looks again.
LOOK_SECONDS = 1.0


class Unreachable(Exception):
    """Nobody could be asked; the message says where."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the process's exit code; every failure is one clear line on stderr."""
    parser = argparse.ArgumentParser(prog="polyclinic", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("migrate", help="bring a service's database to the newest schema")
    one.add_argument("service")
    one.add_argument("--wait-seconds", type=float, default=0.0, help="wait so long for the database to answer")
    schema = commands.add_parser("wait-for-schema", help="return when a service's database has the code's schema")
    schema.add_argument("service")
    schema.add_argument("--seconds", type=float, default=600.0, help="give up after so long")
    letters = commands.add_parser("dead-letters", help="list or replay what could not be processed")
    letters.add_argument("action", choices=["list", "replay"])
    letters.add_argument("service")
    letters.add_argument("ids", nargs="*", help="replay only these (default: all)")
    refill = commands.add_parser("republish", help="publish events again, for a broker that lost its streams")
    refill.add_argument("service")
    refill.add_argument("--hours", type=float, default=7 * 24.0, help="those that were made so long ago or later")
    lift = commands.add_parser("new-epoch", help="after a restore: versions above all that were told before")
    lift.add_argument("service")
    health = commands.add_parser(
        "status", help="one screen of health: every process that NATS reaches, or one service's database"
    )
    health.add_argument("service", nargs="?", help="read this service's database, past NATS")
    health.add_argument("--seconds", type=float, default=2.0, help="how long answers are waited for")
    health.add_argument("--json", action="store_true", help="the answers as JSON, for programs")
    chosen = parser.parse_args(arguments)
    if arguments is None:
        # As a container's first process it would ignore SIGTERM, and the pod would linger until it is killed.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return COMMANDS[chosen.command](chosen)
    except (SettingsError, Unreachable, migrating.MigrationError) as error:
        print(f"polyclinic: {error}", file=sys.stderr)
        return 1


def _migrate(chosen: argparse.Namespace) -> int:
    settings = ServiceSettings.from_environment()
    if chosen.wait_seconds:
        engine = migrating.plain_engine(settings.database_owner_url, tls_options(settings))
        if not _until(lambda: _answers(engine), chosen.wait_seconds):
            raise migrating.MigrationError(
                f"{chosen.service}: the database did not answer in {chosen.wait_seconds:.0f} s"
            )
    migrating.migrate(
        chosen.service,
        settings.database_owner_url,
        migrating.role_of(settings.database_url),
        migrating.role_of(settings.database_worker_url),
        tls_options(settings),
    )
    print(f"{chosen.service}: schema is {', '.join(sorted(migrating.code_heads(chosen.service)))}")
    return 0


def _wait_for_schema(chosen: argparse.Namespace) -> int:
    """Asks as the app role, which owns nothing: whoever waits must not be able to migrate."""
    settings = ServiceSettings.from_environment()
    engine = migrating.plain_engine(settings.database_url, tls_options(settings))
    if not _until(lambda: migrating.schema_is_current(chosen.service, engine), chosen.seconds):
        raise migrating.MigrationError(
            f"{chosen.service}: the database does not have this code's schema after {chosen.seconds:.0f} s; "
            "look at the migration's log"
        )
    print(f"{chosen.service}: the schema is there")
    return 0


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Looks again and again until the condition holds; False when `seconds` of real time have passed."""
    deadline = monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if monotonic() >= deadline:
            return False
        pause.wait(LOOK_SECONDS)
    return True


def _answers(engine: Engine) -> bool:
    try:
        with engine.connect():
            return True
    except SQLAlchemyError:
        return False


def _dead_letters(chosen: argparse.Namespace) -> int:
    settings = ServiceSettings.from_environment()
    dead_letters = DeadLetters(settings.key_encryption_key)
    with _worker_session(settings) as session, session.begin():
        waiting = [letter for letter in dead_letters.waiting(session) if not chosen.ids or str(letter.id) in chosen.ids]
        for letter in waiting:
            if chosen.action == "replay":
                dead_letters.replay(session, letter)
            print(
                f"{letter.id}  {letter.created_at:%Y-%m-%d %H:%M:%S}Z  {letter.consumer}  {letter.subject}  {letter.error[:120]}"
            )
    print(f"{len(waiting)} dead letters {'replayed' if chosen.action == 'replay' else 'waiting'}")
    return 0


def _republish(chosen: argparse.Namespace) -> int:
    """The relay publishes them again in their order; whoever has heard of one already drops it by its message id."""
    settings = ServiceSettings.from_environment()
    since = real_now() - timedelta(hours=chosen.hours)
    with _worker_session(settings) as session, session.begin():
        again = update(Outbox).where(Outbox.published_at.is_not(None), Outbox.created_at >= since)
        result: CursorResult[Any] = session.execute(again.values(published_at=None))  # type: ignore[assignment]
        count = result.rowcount
    print(f"{chosen.service}: {count} events are published again")
    return 0


def _new_epoch(chosen: argparse.Namespace) -> int:
    """For a service that is stopped, as its database's owner."""
    settings = ServiceSettings.from_environment()
    lifted = epochs.begin(chosen.service, settings.database_owner_url, tls_options(settings))
    print(f"{chosen.service}: a new epoch, {lifted} rows")
    return 0


@dataclass(frozen=True, kw_only=True)
class OperatorSettings(ServiceSettings):
    """What asking everybody needs: the way to NATS, and which services should answer (those whose addresses are set)."""

    database_url: Secret = Secret("")
    database_worker_url: Secret = Secret("")
    public_url: Url = Url("")


def _status(chosen: argparse.Namespace) -> int:
    """Exit code 0 when nothing needs attention, 2 when something does, 1 when nobody could be asked."""
    if chosen.service:
        seen = screen.Seen(_of_database(chosen.service), [chosen.service])
    else:
        settings = OperatorSettings.from_environment()
        seen = screen.Seen(
            _of_everybody(settings, chosen.seconds), list(settings.addresses), _gateway(settings.public_url)
        )
    print(json.dumps([asdict(report) for report in seen.reports], indent=1) if chosen.json else seen.drawn(real_now()))
    return 2 if seen.attention() else 0


def _gateway(url: str) -> screen.Gateway | None:
    """Whether the gateway would serve; None when nobody has said where it is."""
    if not url:
        return None
    try:
        answer = requests.get(f"{url}/readyz", timeout=3)
    except requests.RequestException as error:
        return screen.Gateway(url, False, type(error).__name__)
    return screen.Gateway(url, answer.ok, f"{answer.status_code}")


def _of_everybody(settings: OperatorSettings, seconds: float) -> list[Report]:
    bus = Bus("polyclinic-status", settings, streams=[])
    bus.start()
    try:
        if not bus.wait_connected(seconds + 3):
            raise Unreachable(
                f"NATS does not answer at {settings.nats_url}; `polyclinic status <service>` asks a service's database"
            )
        answers = bus.ask_all(status.SUBJECT, b"", seconds=seconds)
    except Unavailable as error:
        raise Unreachable(f"NATS: {error.internal}") from error
    finally:
        bus.stop()
    return [Report.from_bytes(answer) for answer in answers]


def _of_database(service: str) -> list[Report]:
    settings = ServiceSettings.from_environment()
    options = tls_options(settings)
    process = status.Process(
        service=service,
        instance="",
        clock="system",
        app_engine=migrating.plain_engine(settings.database_url, options),
        worker_engine=migrating.plain_engine(settings.database_worker_url, options),
        business_now=real_now,
        is_ready=lambda: True,
        consumption=list,
        started_at=real_now(),
    )
    return [status.report(process)]


@contextmanager
def _worker_session(settings: ServiceSettings) -> Iterator[Session]:
    engine = migrating.plain_engine(settings.database_worker_url, tls_options(settings))
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "migrate": _migrate,
    "wait-for-schema": _wait_for_schema,
    "dead-letters": _dead_letters,
    "republish": _republish,
    "new-epoch": _new_epoch,
    "status": _status,
}

if __name__ == "__main__":
    sys.exit(main())
