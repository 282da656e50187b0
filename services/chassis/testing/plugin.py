"""The fixtures: one PostgreSQL and one NATS per test process, one database per service, built by the real migrations."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from chassis import migrating
from chassis.testing.harness import Harness

if TYPE_CHECKING:
    from infra.local.servers import EmbeddedNats, EmbeddedPostgres

TEST_KEY = base64.b64encode(b"0" * 32).decode()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server of this test process's own."""
    from infra.local.backends import postgres_for_tests

    server = postgres_for_tests(tmp_path_factory.mktemp("postgres"))
    yield server
    server.destroy()


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNats]:
    """A NATS server of this test process's own."""
    from infra.local.backends import nats_for_tests

    server = nats_for_tests(tmp_path_factory.mktemp("nats"))
    yield server
    server.stop()


def environment_for(name: str, postgres: EmbeddedPostgres, nats_server: EmbeddedNats) -> dict[str, str]:
    """The environment a service is started with in tests."""
    return {
        "POLYCLINIC_DATABASE_URL": postgres.url(f"{name}_app", name),
        "POLYCLINIC_DATABASE_WORKER_URL": postgres.url(f"{name}_worker", name),
        "POLYCLINIC_DATABASE_OWNER_URL": postgres.url(f"{name}_owner", name),
        "POLYCLINIC_NATS_URL": nats_server.url(name),
        "POLYCLINIC_NATS_USER": name,
        "POLYCLINIC_NATS_PASSWORD": nats_server.password(name),
        "POLYCLINIC_CLOCK": "simulated",
        "POLYCLINIC_DEMO": "1",
        "POLYCLINIC_LISTEN": "127.0.0.1:0",
        "POLYCLINIC_KEY_ENCRYPTION_KEY": TEST_KEY,
        "POLYCLINIC_RPC_THREADS": "16",
        "POLYCLINIC_DATABASE_POOL_SIZE": "18",
    }


@pytest.fixture(scope="session")
def service_harness(postgres: EmbeddedPostgres, nats_server: EmbeddedNats) -> Iterator[Callable[..., Harness]]:
    """`service_harness("scheduling", POLYCLINIC_X="…")` → the service in process; made once per test process and settings."""
    made: dict[Any, Harness] = {}
    provisioned: set[str] = set()

    def harness(name: str, **environment: str) -> Harness:
        key = (name, tuple(sorted(environment.items())))
        if key not in made:
            if name not in provisioned:
                postgres.provision(name)
                migrating.migrate(name, postgres.url(f"{name}_owner", name), f"{name}_app", f"{name}_worker")
                provisioned.add(name)
            made[key] = Harness(name, environment_for(name, postgres, nats_server) | environment)
        return made[key]

    harness.made = made.values()  # type: ignore[attr-defined]
    yield harness
    if made:
        # Side by side: each waits for its threads, its calls and its connections.
        with ThreadPoolExecutor(len(made)) as pool:
            list(pool.map(Harness.close, made.values()))


@pytest.fixture(autouse=True)
def _tenants_of_a_test_end_with_it(request: pytest.FixtureRequest) -> Iterator[None]:
    """Work that past tests left due, refused and tried again, is not done once more in every test that follows.

    Fixtures of a wider scope are made before this one: their tenants stay.
    """
    if "service_harness" not in request.fixturenames:
        yield
        return
    made = request.getfixturevalue("service_harness").made
    before = {id(harness): len(harness.tenants) for harness in made}
    yield
    for harness in made:
        if over := harness.tenants[before.get(id(harness), 0) :]:
            harness.retire(over)
