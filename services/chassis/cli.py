"""`polyclinic`: what an operator does to one service: migrate it, look at its health, list and replay its dead letters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from chassis import migrating
from chassis.deadletters import DeadLetters
from chassis.settings import ServiceSettings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the process's exit code; every failure is one clear line on stderr."""
    parser = argparse.ArgumentParser(prog="polyclinic", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("migrate", help="bring a service's database to the newest schema")
    one.add_argument("service")
    letters = commands.add_parser("dead-letters", help="list or replay what could not be processed")
    letters.add_argument("action", choices=["list", "replay"])
    letters.add_argument("service")
    letters.add_argument("ids", nargs="*", help="replay only these (default: all)")
    status = commands.add_parser("status", help="a service's backlog: outbox, due work, dead letters")
    status.add_argument("service")
    revision = commands.add_parser("revision", help="write a migration for changed models (development)")
    revision.add_argument("service")
    revision.add_argument("--message", "-m", required=True)
    revision.add_argument(
        "--rewrite", action="store_true", help="regenerate 0001 in place; only before the first release"
    )
    chosen = parser.parse_args(arguments)
    try:
        return {"migrate": _migrate, "dead-letters": _dead_letters, "status": _status, "revision": _revision}[
            chosen.command
        ](chosen)
    except (SettingsError, migrating.MigrationError) as error:
        print(f"polyclinic: {error}", file=sys.stderr)
        return 1


def _migrate(chosen: argparse.Namespace) -> int:
    settings = ServiceSettings.from_environment()
    migrating.migrate(
        chosen.service,
        settings.database_owner_url,
        migrating.role_of(settings.database_url),
        migrating.role_of(settings.database_worker_url),
    )
    print(f"{chosen.service}: schema is {', '.join(sorted(migrating.code_heads(chosen.service)))}")
    return 0


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
    engine = create_engine(settings.database_worker_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


def _revision(chosen: argparse.Namespace) -> int:
    """Compares the models with a throw-away database at the present migrations and writes what differs."""
    import importlib
    import tempfile

    from infra.local.servers import EmbeddedPostgres  # development only; no image carries it

    service = chosen.service
    folder = Path(str(importlib.import_module(service).__file__)).parent / "migrations"
    folder.mkdir(exist_ok=True)
    existing = sorted(folder.glob("[0-9]*.py"))
    if chosen.rewrite:
        for path in existing:
            path.unlink()
        existing = []
    number = len(existing) + 1
    revision, down = f"{service}_{number:04d}", f"{service}_{number - 1:04d}" if existing else None
    with tempfile.TemporaryDirectory() as data:
        server = EmbeddedPostgres(Path(data), durable=False)
        server.start()
        try:
            server.provision(service)
            owner = server.url(f"{service}_owner", service)
            migrating.migrate(service, owner, f"{service}_app", f"{service}_worker")
            engine = create_engine(owner.replace("postgresql://", "postgresql+psycopg://", 1))
            with engine.connect() as connection:
                body = migrating.render_revision(service, connection, revision, down, chosen.message)
            engine.dispose()
        finally:
            server.destroy()
    path = folder / f"{number:04d}_{chosen.message.lower().replace(' ', '_')}.py"
    path.write_text(body)
    print(f"wrote {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
