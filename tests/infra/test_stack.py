"""The local stack: what goes wrong is said in one line, and whatever had come up is stopped again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from infra.local.plan import ROOT
from infra.local.process import StartError, free_port
from infra.local.servers import EmbeddedPostgres
from infra.local.stack import Stack, empty

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack with identity as its only service."""
    data = tmp_path_factory.mktemp("stack")
    running = Stack(data, durable=False, services=("identity",))
    running.start()
    yield running
    running.stop()
    empty(data)


def test_a_second_stack_on_the_same_data_is_refused(stack: Stack) -> None:
    """Two stacks never share a data folder."""
    with pytest.raises(StartError, match="another stack is already running on the data in"):
        Stack(stack.data, services=("identity",)).start()


def test_a_dead_child_is_named_with_its_log(stack: Stack) -> None:
    """When a process dies by itself the watcher says which, how, and where its log is; a restart makes it whole."""
    stack.kill("identity")
    with pytest.raises(StartError, match=r"identity was ended by SIGKILL: .*identity\.log\)"):
        stack.watch(poll=0.01)
    stack.restart("identity")
    assert set(stack.processes()) >= {"identity", "gateway", "PostgreSQL", "NATS"}


def test_every_process_survives_a_kill_of_the_servers(stack: Stack) -> None:
    """PostgreSQL and NATS may be killed and come back under running services."""
    before = stack.processes()
    for server in ("PostgreSQL", "NATS"):
        stack.kill(server)
        stack.restart(server)
    after = stack.processes()
    assert before["identity"] == after["identity"]
    assert before["PostgreSQL"] != after["PostgreSQL"]


def test_a_taken_port_is_named(stack: Stack, tmp_path: Path) -> None:
    """A port in use is refused before anything starts, with the part that wanted it."""
    base = stack.plan.ports["gateway"]
    with pytest.raises(StartError, match=rf"already taken by another program: {base} \(for gateway\)"):
        Stack(tmp_path / "other", port_base=base, services=("identity",)).start()


def test_a_half_migrated_database_is_said_so_and_nothing_is_left_running(tmp_path: Path) -> None:
    """A migration that cannot be applied stops the start with one line, and stops what had come up."""
    server = EmbeddedPostgres(tmp_path / "postgres", free_port(), durable=False).start()
    server.provision("identity")
    with psycopg.connect(server.url("identity_owner", "identity")) as connection:
        connection.execute("CREATE TABLE tenant (in_the_way int)")
    server.stop()
    broken = Stack(tmp_path, durable=False, services=("identity",))
    with pytest.raises(
        StartError, match=r"identity's database is only half migrated: .*identity-migrate\.log\)"
    ) as error:
        broken.start()
    assert "\n" not in str(error.value)
    assert broken.processes() == {}
    empty(tmp_path)


def test_what_a_killed_stack_left_running_is_ended(tmp_path: Path) -> None:
    """A stack whose supervisor was killed leaves processes; the next start on its data ends exactly those."""
    program = (
        "import sys, pathlib; from infra.local.stack import Stack\n"
        "stack = Stack(pathlib.Path(sys.argv[1]), durable=False, services=()); stack.start()\n"
        "print(stack.processes()['sms-simulator'], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as supervisor:
        assert supervisor.stdout is not None
        left = psutil.Process(int(supervisor.stdout.readline()))
        supervisor.kill()
    assert left.is_running()
    second = Stack(tmp_path, durable=False, services=())
    second.start()
    try:
        assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
    finally:
        second.stop()
        empty(tmp_path)
