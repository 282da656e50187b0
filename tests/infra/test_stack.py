"""The local stack: what goes wrong is said in one line, and whatever had come up is stopped again."""

from __future__ import annotations

import ctypes
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import psutil
import psycopg
import pytest
from infra.local.__main__ import main
from infra.local.plan import ROOT
from infra.local.process import StartError, free_port
from infra.local.seed import seed_demo
from infra.local.servers import EmbeddedPostgres
from infra.local.stack import Stack, empty
from polyclinic.identity.v1 import identity_pb2

from tests.depth import pieces

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


def test_a_service_starts_and_answers_while_nats_is_down(stack: Stack) -> None:
    """A service needs its own database and nothing else: with NATS dead it starts, is ready and answers."""
    for name in ("identity", "NATS"):
        stack.kill(name)
    try:
        stack.restart("identity")
        with grpc.insecure_channel(stack.plan.ports.address("identity")) as channel:
            ask = channel.unary_unary(
                "/polyclinic.identity.v1.Identity/GetKeySet",
                request_serializer=identity_pb2.GetKeySetRequest.SerializeToString,
                response_deserializer=identity_pb2.KeySet.FromString,
            )
            assert "keys" in json.loads(ask(identity_pb2.GetKeySetRequest(), timeout=10).jwks_json)
    finally:
        stack.restart("NATS")


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


@pytest.fixture
def adopted() -> Iterator[None]:
    """Orphans are this process's (PR_SET_CHILD_SUBREAPER), who collects them at once: a container's first process may take its time."""
    libc = ctypes.CDLL(None)
    subreaper = 36
    if hasattr(libc, "prctl"):
        libc.prctl(subreaper, 1, 0, 0, 0)
    yield
    if hasattr(libc, "prctl"):
        libc.prctl(subreaper, 0, 0, 0, 0)


@pytest.mark.usefixtures("adopted")
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
        with suppress(psutil.NoSuchProcess):
            assert left.status() == psutil.STATUS_ZOMBIE
    finally:
        second.stop()
        empty(tmp_path)


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    """Where the data cannot lie, the line says where and why, and nothing of our insides."""
    (tmp_path / "file").write_text("in the way")
    tried = subprocess.run(
        [sys.executable, "-m", "infra.local", "run", "--data", str(tmp_path / "file" / "data")],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (tried.returncode, tried.stderr) == (1, f"polyclinic: Not a directory: {tmp_path / 'file' / 'data'}\n")


@pytest.mark.parametrize("moment", pieces(["while it stops", "before it stops"], "before it stops"))
def test_a_second_interrupt_ends_at_once(moment: str, tmp_path: Path) -> None:
    """Whoever does not want to wait for an orderly end interrupts again, be it ever so soon: everything is gone, without a traceback."""
    program = (
        "import sys, pathlib, signal\n"
        # A shell has its background jobs ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from infra.local import __main__ as local\n"
        "from infra.local.stack import Stack\n"
        "local.Stack = lambda data, **options: Stack(data, durable=False, services=(), **options | {'port_base': None})\n"
        "local.seed_demo = lambda stack: [' '.join(map(str, stack.processes().values()))]\n"
        "say = local.Console.print\n"
        "def say_and_interrupt(console, line, **how):\n"
        "    say(console, line, **how)\n"
        "    if 'stopping' in line and sys.argv[2] == 'before it stops':\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "local.Console.print = say_and_interrupt\n"
        "sys.exit(local.main(['run', '--data', sys.argv[1]]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), moment],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, process_group=0,
    ) as started:  # fmt: skip
        assert started.stdout is not None
        assert started.stderr is not None
        pids = next(list(map(int, line.split())) for line in started.stdout if line.split()[0].isdigit())
        started.send_signal(signal.SIGINT)
        assert any(line.startswith("stopping") for line in started.stdout)
        if moment == "while it stops":
            started.send_signal(signal.SIGINT)
        assert started.wait(20) == 0
        assert started.stderr.read() == ""
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=5)
    assert alive == []
    empty(tmp_path)


def test_an_installation_that_was_filled_by_half_is_said_so(stack: Stack) -> None:
    """Whoever broke off the first start is told to begin again, instead of being shown half a clinic."""
    (stack.data / "filling").touch()
    try:
        with pytest.raises(StartError, match=r"was broken off; empty it with `make reset`"):
            list(seed_demo(stack))
    finally:
        (stack.data / "filling").unlink()


@pytest.mark.parametrize("port", ["abc", "0", "80", "65505", "99999", "١٢٣٤"])
def test_a_port_that_is_none_is_refused_in_one_line(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Ports that do not exist, that need an administrator, or after which there are not enough others."""
    with pytest.raises(SystemExit, match="2"):
        main(["run", "--port-base", port])
    assert f"must be a port from 1024 to 65504, not {port!r}" in capsys.readouterr().err
