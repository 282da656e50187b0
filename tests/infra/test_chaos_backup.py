"""A dropped database comes back as it was at a named point, while the server goes on with the others."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from infra.chaos.backup import Backup
from infra.chaos.system import archiving
from infra.local.servers import EmbeddedPostgres

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[tuple[EmbeddedPostgres, Path]]:
    """A server that archives, with two services' databases, and its archive."""
    folder = Path(tempfile.mkdtemp(prefix="polyclinic-backup-"))
    folder.chmod(0o711)
    (folder / "logs").mkdir()
    archive = folder / "archive"
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    postgres.settings |= archiving(archive)
    postgres.start()
    for service in ("billing", "scheduling"):
        postgres.provision(service)
        execute(postgres, service, "CREATE TABLE kept (what text)")
    yield postgres, archive
    postgres.destroy()
    shutil.rmtree(folder, ignore_errors=True)


def execute(postgres: EmbeddedPostgres, database: str, statement: str) -> None:
    with psycopg.connect(postgres.admin_url(database), autocommit=True) as connection:
        connection.execute(statement.encode())


def kept(postgres: EmbeddedPostgres, database: str) -> list[str]:
    with psycopg.connect(postgres.admin_url(database)) as connection:
        return [row[0] for row in connection.execute("SELECT what FROM kept ORDER BY what").fetchall()]


def test_one_database_comes_back_as_it_was_at_the_point(server: tuple[EmbeddedPostgres, Path]) -> None:
    """What was written before the backup and between it and the point is there, what came later is not; others are untouched."""
    postgres, archive = server
    backup = Backup(postgres, archive.parent / "backup", archive)
    execute(postgres, "billing", "INSERT INTO kept VALUES ('1 before the backup')")
    backup.take()
    execute(postgres, "billing", "INSERT INTO kept VALUES ('2 before the point')")
    execute(postgres, "postgres", "ALTER DATABASE billing ALLOW_CONNECTIONS false")
    backup.name_point("the point")
    execute(postgres, "postgres", "ALTER DATABASE billing ALLOW_CONNECTIONS true")
    execute(postgres, "billing", "INSERT INTO kept VALUES ('3 after the point')")
    execute(postgres, "scheduling", "INSERT INTO kept VALUES ('another service')")
    execute(postgres, "postgres", "DROP DATABASE billing WITH (FORCE)")
    backup.finish_log()
    backup.recover("the point")
    postgres.provision("billing")
    backup.put_back("billing")
    backup.close()
    assert kept(postgres, "billing") == ["1 before the backup", "2 before the point"]
    assert kept(postgres, "scheduling") == ["another service"]
    assert not (archive.parent / "backup").exists()
