"""A base backup of the running PostgreSQL, and a copy of it as it was at a named point, recovered from the archive."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, Final

import psycopg
from psycopg import sql

from infra.local.process import LOOPBACK, Child, StartError, free_port, wait_until
from infra.local.servers import EmbeddedPostgres

ARCHIVED_SECONDS: Final = 20.0
DUMP: Final = ("--format=custom", "--compress=0", "--no-password")


class Backup:
    """A base backup in ``folder``; everything since is in the server's archive."""

    def __init__(self, server: EmbeddedPostgres, folder: Path, archive: Path) -> None:
        self._server = server
        self._folder = folder
        self._archive = archive
        self._copy: Child | None = None
        self._port = free_port()

    def take(self) -> None:
        """Copies the cluster while it works."""
        self._folder.mkdir(mode=0o700)
        self._own(self._folder)
        source = f"--dbname={self._server.admin_url()}"
        self._run("pg_basebackup", source, f"--pgdata={self._folder}", "--wal-method=none", "--checkpoint=fast")

    def name_point(self, name: str) -> None:
        """Names the present in the log: a recovery can stop exactly there."""
        with psycopg.connect(self._server.admin_url(), autocommit=True) as connection:
            connection.execute("SELECT pg_create_restore_point(%s)", [name])

    def finish_log(self) -> None:
        """Returns when everything up to now is in the archive."""
        with psycopg.connect(self._server.admin_url(), autocommit=True) as connection:
            row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        segment = self._archive / (row[0] if row else "")
        deadline = time.monotonic() + ARCHIVED_SECONDS
        while not segment.is_file():
            if time.monotonic() > deadline:
                raise StartError(f"{segment.name} did not come into the archive")
            time.sleep(0.05)

    def recover(self, point: str) -> None:
        """Starts a second server on the backup, brought to the named point."""
        settings = {
            "restore_command": f"cp {self._archive}/%f %p",
            "recovery_target_name": point,
            "recovery_target_action": "promote",
            "archive_mode": "off",
            "listen_addresses": LOOPBACK,
            "port": str(self._port),
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            # Nobody looks in before it is recovered.
            "hot_standby": "off",
        }
        (self._folder / "recovery.signal").touch()
        self._own(self._folder / "recovery.signal")
        command = [self._program("postgres"), "-D", str(self._folder)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = self._archive.parent / "logs" / "recovery.log"
        self._copy = Child("the recovered copy", command, log=log, cwd=Path("/"), user=self._server.user)
        self._copy.start()
        wait_until(self._recovered, self._copy, timeout=60)

    def put_back(self, database: str) -> None:
        """Copies one database of the recovered server into the running one, where it must be empty."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            # It may have been closed to everybody when the point was named.
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(database)))
        with (self._archive.parent / "put-back.dump").open("w+b") as dump:
            self._run("pg_dump", *DUMP, f"--dbname={self._url(database)}", out=dump)
            dump.seek(0)
            target = self._server.admin_url(database)
            self._run(
                "pg_restore",
                "--no-password",
                "--clean",
                "--if-exists",
                "--exit-on-error",
                f"--dbname={target}",
                into=dump,
            )

    def close(self) -> None:
        """Ends the copy and deletes it."""
        if self._copy is not None:
            self._copy.stop(signal.SIGINT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _url(self, database: str) -> str:
        """The recovered server's superuser, over its own socket."""
        return f"postgresql://postgres@/{database}?host={self._folder}&port={self._port}"

    def _recovered(self) -> bool:
        try:
            with psycopg.connect(self._url("postgres"), connect_timeout=2) as connection:
                row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
                return row is not None and not row[0]
        except psycopg.OperationalError:
            return False

    def _run(self, program: str, *options: str, out: IO[bytes] | None = None, into: IO[bytes] | None = None) -> None:
        done = subprocess.run(
            [self._program(program), *options],
            stdin=into or subprocess.DEVNULL,
            stdout=out or subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            user=self._server.user,
            extra_groups=[] if self._server.user is not None else None,
            check=False,
            timeout=120,
        )
        if done.returncode != 0:
            raise StartError(f"{program}: {done.stderr.decode(errors='replace').strip().splitlines()[-1:]}")

    def _program(self, name: str) -> str:
        return str(self._server.programs / name)

    def _own(self, path: Path) -> None:
        """Gives a file to the user the server runs as."""
        if self._server.user is not None:
            owner = pwd.getpwnam(self._server.user)
            with contextlib.suppress(PermissionError):
                os.chown(path, owner.pw_uid, owner.pw_gid)
