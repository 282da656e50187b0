"""Where tests get their PostgreSQL and NATS from: ``POLYCLINIC_TEST_BACKEND`` = embedded | containers | external.

- ``embedded`` (default): from wheels, as child processes.
- ``containers``: by testcontainers, from POLYCLINIC_TEST_POSTGRES_IMAGE and POLYCLINIC_TEST_NATS_IMAGE (the official images by
  default), over the socket that DOCKER_HOST names; docker or podman.
- ``external``: POLYCLINIC_TEST_POSTGRES_URL, a superuser's, and POLYCLINIC_TEST_NATS_URL, a JetStream server without
  authorization. Every test process makes databases of its own there and drops them at its end.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from infra.local.process import StartError
from infra.local.servers import EmbeddedNats, EmbeddedPostgres

BACKENDS: Final = ("embedded", "containers", "external")
POSTGRES_IMAGE: Final = "postgres:18"
NATS_IMAGE: Final = "nats:2.12-alpine"
# Roles are the server's, not a database's: two test processes must not make them at once.
PROVISION_LOCK: Final = 4902
ANSWER_SECONDS: Final = 60
FLAGS: Final = ("max_connections=200", "fsync=off", "full_page_writes=off", "jit=off", "timezone=UTC")


class DerivedSecrets:
    """Passwords that every test process derives alike, because they share the server's roles."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def __contains__(self, name: object) -> bool:
        """Every secret there can be is known."""
        return True

    def get(self, name: str) -> str:
        """The secret of this name."""
        return "p" + hashlib.sha256(f"{self._seed}/{name}".encode()).hexdigest()[:32]


class ExternalPostgres(EmbeddedPostgres):
    """A PostgreSQL that is there already, asked as its superuser. Databases are this process's own and end with it."""

    def __init__(self, admin_url: str, suffix: str) -> None:
        self._admin = urlsplit(admin_url)
        self._suffix = suffix
        self._made: set[str] = set()
        self.port = self._admin.port or 5432
        self.child = None
        self.secrets = DerivedSecrets(admin_url)  # type: ignore[assignment]

    def start(self) -> ExternalPostgres:
        """Waits until the server answers. StartError when it does not, or is too old."""
        pause = threading.Event()
        for _ in range(ANSWER_SECONDS * 5):
            try:
                with psycopg.connect(self.admin_url(), connect_timeout=2) as connection:
                    version = connection.info.server_version
                break
            except psycopg.OperationalError:
                pause.wait(0.2)
        else:
            raise StartError(f"PostgreSQL does not answer at {self._admin.hostname}:{self.port}")
        if version < 160000:
            raise StartError(f"PostgreSQL 16 or later is needed; {self._admin.hostname} has {version // 10000}")
        return self

    def admin_url(self, database: str = "postgres") -> str:
        """URL of the superuser."""
        return urlunsplit(self._admin._replace(path=f"/{self._real(database)}"))

    def url(self, role: str, database: str) -> str:
        """URL of a role made by ``provision``."""
        place = f"{self._admin.hostname}:{self.port}"
        return f"postgresql://{quote(role)}:{self.secrets.get(role)}@{place}/{self._real(database)}"

    def provision(self, service: str, database: str | None = None) -> None:
        """As the embedded server's; the roles are shared with other test processes, the database is not."""
        name = self._real(database or service)
        with psycopg.connect(self.admin_url(), autocommit=True) as guard:
            guard.execute("SELECT pg_advisory_lock(%s)", [PROVISION_LOCK])
            super().provision(service, name)
        self._made.add(name)

    def drop_database(self, name: str) -> None:
        """Drop a database of this process, ending whoever is connected to it."""
        super().drop_database(self._real(name))

    def stop(self) -> None:
        """The server is not ours to stop."""

    def destroy(self) -> None:
        """Drop this process's databases."""
        for name in sorted(self._made):
            self.drop_database(name)

    def alive(self) -> bool:
        """Whether the server answers."""
        return self._answers()

    def _real(self, database: str) -> str:
        ours = database in ("postgres", "template1") or database.endswith(self._suffix)
        return database if ours else f"{database}{self._suffix}"


class ContainerPostgres(ExternalPostgres):
    """A PostgreSQL in a container of this process's own."""

    def __init__(self, image: str, suffix: str) -> None:
        self._container = _container(image, 5432)
        self._container.with_env("POSTGRES_PASSWORD", "test").with_command(["postgres", *_flags()])
        self._container.start()
        place = f"{self._container.get_container_host_ip()}:{self._container.get_exposed_port(5432)}"
        super().__init__(f"postgresql://postgres:test@{place}/postgres", suffix)

    def destroy(self) -> None:
        """The container goes, and everything in it."""
        self._container.stop()


class ExternalNats(EmbeddedNats):
    """A NATS with JetStream that is there already and asks nobody for a password."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self.port = self._url.port or 4222
        self.child = None
        self.secrets = DerivedSecrets(url)  # type: ignore[assignment]

    def start(self) -> ExternalNats:
        """It runs already; a client waits for it by itself."""
        return self

    def stop(self) -> None:
        """The server is not ours to stop."""

    @property
    def address(self) -> str:
        """URL without credentials."""
        return f"nats://{self._url.hostname}:{self.port}"

    def url(self, user: str) -> str:
        """URL with the user's credentials."""
        return f"nats://{user}:{self.password(user)}@{self._url.hostname}:{self.port}"


class ContainerNats(ExternalNats):
    """A NATS in a container of this process's own, with the users and permissions of every other installation."""

    def __init__(self, image: str, folder: Path) -> None:
        configured = _Configured(folder)
        folder.chmod(0o755)
        (folder / "nats.conf").write_text(configured.text())
        (folder / "nats.conf").chmod(0o644)
        self._container = _container(image, 4222)
        self._container.with_volume_mapping(str(folder / "nats.conf"), "/etc/polyclinic/nats.conf", "ro")
        self._container.with_command(["nats-server", "-c", "/etc/polyclinic/nats.conf"])
        self._container.start()
        super().__init__(f"nats://{self._container.get_container_host_ip()}:{self._container.get_exposed_port(4222)}")
        self.secrets = configured.secrets

    def stop(self) -> None:
        """The container goes."""
        self._container.stop()


class _Configured(EmbeddedNats):
    """The embedded server's configuration, for a container's addresses and folders."""

    def text(self) -> str:
        self.port, self.monitor_port = 4222, 8222
        local = self._configuration()
        return local.replace("127.0.0.1:", "0.0.0.0:").replace(str(self.data_dir / "jetstream"), "/tmp/jetstream")  # noqa: S108


def postgres_for_tests(folder: Path) -> EmbeddedPostgres:
    """The PostgreSQL of this test process, started."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    suffix = f"_{worker}_{os.getpid()}"
    match _backend():
        case "containers":
            return ContainerPostgres(os.environ.get("POLYCLINIC_TEST_POSTGRES_IMAGE", POSTGRES_IMAGE), suffix).start()
        case "external":
            return ExternalPostgres(_needed("POLYCLINIC_TEST_POSTGRES_URL"), suffix).start()
        case _:
            return EmbeddedPostgres(folder, durable=False).start()


def nats_for_tests(folder: Path) -> EmbeddedNats:
    """The NATS of this test process, started."""
    match _backend():
        case "containers":
            return ContainerNats(os.environ.get("POLYCLINIC_TEST_NATS_IMAGE", NATS_IMAGE), folder).start()
        case "external":
            return ExternalNats(_needed("POLYCLINIC_TEST_NATS_URL")).start()
        case _:
            return EmbeddedNats(folder).start()


def _backend() -> str:
    chosen = os.environ.get("POLYCLINIC_TEST_BACKEND", "embedded")
    if chosen not in BACKENDS:
        raise StartError(f"POLYCLINIC_TEST_BACKEND must be one of {', '.join(BACKENDS)}, not {chosen!r}")
    return chosen


def _needed(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise StartError(f"{variable} is needed for POLYCLINIC_TEST_BACKEND=external")
    return value


def _flags() -> list[str]:
    return [part for flag in FLAGS for part in ("-c", flag)]


def _container(image: str, port: int) -> Any:
    from testcontainers.core.container import DockerContainer

    return DockerContainer(image).with_exposed_ports(port)
