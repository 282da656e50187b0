"""`polyclinic`: what an operator does to one service: migrate it, look at its health, list and replay its dead letters."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from chassis import migrating
from chassis.clock import monotonic
from chassis.database import tls_options
from chassis.deadletters import DeadLetters
from chassis.settings import ServiceSettings, SettingsError

# How often a step that waits looks again.
LOOK_SECONDS = 1.0


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
    status = commands.add_parser("status", help="a service's backlog: outbox, due work, dead letters")
    status.add_argument("service")
    chosen = parser.parse_args(arguments)
    try:
        return COMMANDS[chosen.command](chosen)
    except (SettingsError, migrating.MigrationError) as error:
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


def _status(chosen: argparse.Namespace) -> int:
    settings = ServiceSettings.from_environment()
    query = text(
        "select count(*) filter (where published_at is null) as unpublished,"
        " coalesce(extract(epoch from clock_timestamp() - min(created_at) filter (where published_at is null)), 0)::int"
        " as oldest, (select count(*) from due) as due, (select count(*) from due where attempts > 1) as retrying,"
        " (select count(*) from dead_letter where replayed_at is null) as dead from outbox"
    )
    with _worker_session(settings) as session:
        row = session.execute(query).one()
    backlog = f"outbox {row.unpublished} (oldest {row.oldest} s), due {row.due} (retrying {row.retrying})"
    print(f"{chosen.service}: {backlog}, dead letters {row.dead}")
    return 0 if not row.dead else 2


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
    "status": _status,
}

if __name__ == "__main__":
    sys.exit(main())
