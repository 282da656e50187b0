"""Writes a migration: compares a service's models with a throw-away database at its present migrations.

`python -m infra.revision scheduling -m "Waitlist rounds"`; development only.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import create_engine

from chassis import migrating
from infra.local.servers import EmbeddedPostgres


def write(service: str, message: str, *, rewrite: bool = False) -> Path:
    """Writes services/<service>/migrations/NNNN_<message>.py and returns its path.

    `rewrite` regenerates 0001 in place of all others: only before the first release.
    """
    folder = Path(str(importlib.import_module(service).__file__)).parent / "migrations"
    folder.mkdir(exist_ok=True)
    existing = sorted(folder.glob("[0-9]*.py"))
    if rewrite:
        for path in existing:
            path.unlink()
        existing = []
    number = len(existing) + 1
    revision, down = f"{service}_{number:04d}", f"{service}_{number - 1:04d}" if existing else None
    path = folder / f"{number:04d}_{message.lower().replace(' ', '_')}.py"
    path.write_text(_render(service, revision, down, message))
    # What a revision does not need of the template is taken out, so that the house's rules hold for it as for all code.
    for command in (["check", "--quiet", "--fix"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, str(path)], check=True)
    return path


def _render(service: str, revision: str, down: str | None, message: str) -> str:
    with tempfile.TemporaryDirectory() as data:
        server = EmbeddedPostgres(Path(data), durable=False)
        server.start()
        try:
            server.provision(service)
            owner = server.url(f"{service}_owner", service)
            migrating.migrate(service, owner, f"{service}_app", f"{service}_worker")
            engine = create_engine(owner.replace("postgresql://", "postgresql+psycopg://", 1))
            with engine.connect() as connection:
                text = migrating.render_revision(service, connection, revision, down, message)
            engine.dispose()
        finally:
            server.destroy()
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service")
    parser.add_argument("--message", "-m", required=True)
    parser.add_argument(
        "--rewrite", action="store_true", help="regenerate 0001 in place; only before the first release"
    )
    chosen = parser.parse_args()
    path = write(chosen.service, chosen.message, rewrite=chosen.rewrite)
    print(f"wrote {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
