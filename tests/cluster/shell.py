"""A superuser's shell beside the tests' PostgreSQL."""

from __future__ import annotations

import os
import subprocess

from infra.local.servers import EmbeddedPostgres


def environment(postgres: EmbeddedPostgres) -> dict[str, str]:
    """What the PostgreSQL programs need to know."""
    return {
        "PATH": f"{postgres.programs}:{os.environ['PATH']}",
        "PGHOST": str(postgres._socket_dir),
        "PGPORT": str(postgres.port),
        "PGUSER": "postgres",
    }


def run(shell: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """A command in that shell."""
    return subprocess.run(list(command), env=shell, capture_output=True, text=True, check=False, timeout=120)
