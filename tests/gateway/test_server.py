"""The gateway as its own process: ``python -m gateway``."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from infra.local.process import free_port

from gateway.server import GRACE_SECONDS
from gateway.waiting import LONGEST_HEAD, missing
from tests.gateway.backend import Backend

POST = b"POST /auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Process:
    """A running gateway."""

    child: subprocess.Popen[str]
    port: int

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def raw(self, data: bytes) -> bytes:
        """Sends bytes as they are and reads until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)


@pytest.fixture(scope="module")
def environment(running: Backend, nats_server: Any) -> dict[str, str]:
    """What the process is told."""
    paths = [str(ROOT / "services"), str(ROOT / "build" / "protos"), str(ROOT)]
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(paths),
        "POLYCLINIC_SESSION_KEY": base64.b64encode(b"k" * 32).decode(),
        "POLYCLINIC_IDENTITY_ADDRESS": running.address,
        "POLYCLINIC_SCHEDULING_ADDRESS": running.address,
        "POLYCLINIC_NATS_URL": nats_server.url("gateway"),
        "POLYCLINIC_NATS_USER": "gateway",
        "POLYCLINIC_NATS_PASSWORD": nats_server.password("gateway"),
    }


@contextmanager
def started(environment: dict[str, str], **changes: str) -> Iterator[Process]:
    """A gateway that has started, at a port of its own."""
    listen = f"127.0.0.1:{free_port()}"
    own = environment | {"POLYCLINIC_LISTEN": listen} | changes
    child = subprocess.Popen([sys.executable, "-m", "gateway"], env=own, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        for line in child.stdout:
            if json.loads(line)["event"] == "started":
                break
        yield Process(child, int(listen.split(":")[1]))
    finally:
        # Its worker ends with it; of a killed one it would go on for a moment.
        child.terminate()
        child.wait(30)
        child.stdout.close()


@pytest.fixture(scope="module")
def shared(environment: dict[str, str]) -> Iterator[Process]:
    """The gateway of all tests that leave it running."""
    with started(environment) as one:
        yield one


@pytest.fixture
def process(shared: Process, backend: Backend) -> Process:
    """A gateway that has started, and runs on after the test."""
    assert shared.child.poll() is None
    return shared


def problem_of(answer: bytes) -> tuple[int, str]:
    """(status, reason) of a raw problem+json answer."""
    head, body = answer.split(b"\r\n\r\n", 1)
    assert b"application/problem+json" in head
    problem = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {problem['status']} ".encode())
    assert len(problem["request_id"]) == 32
    assert f"X-Request-Id: {problem['request_id']}".encode() in head
    return problem["status"], problem["reason"]


def test_what_is_no_request(process: Process) -> None:
    """What cannot even be parsed as HTTP is answered with one problem as well."""
    host = b"Host: x\r\n"
    assert problem_of(process.raw(b"GARBAGE\r\n\r\n")) == (400, "MALFORMED_REQUEST")
    assert problem_of(process.raw(b"GET /livez HTTP/9.9\r\n\r\n")) == (400, "MALFORMED_REQUEST")
    assert problem_of(process.raw(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + host + b"\r\n"))[0] == 414
    big = b"GET /livez HTTP/1.1\r\n" + host + b"X-Big: " + b"a" * 20_000 + b"\r\n\r\n"
    assert problem_of(process.raw(big)) == (431, "HEADERS_TOO_LARGE")
    many = b"GET /livez HTTP/1.1\r\n" + host + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n"
    assert problem_of(process.raw(many)) == (431, "HEADERS_TOO_LARGE")
    twice = b"POST /auth/sign-in HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"
    assert problem_of(process.raw(twice))[0] == 400


def test_chunked_body_over_the_limit(process: Process) -> None:
    """A body of unknown length is read up to the limit and refused."""
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert problem_of(process.raw(head + chunk * 17 + b"0\r\n\r\n")) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}x\r\n0\r\n\r\n", b"-1\r\n{}\r\n0\r\n\r\n"])
def test_broken_chunks(process: Process, chunks: bytes) -> None:
    """A body whose chunks are none is the sender's mistake, not an incident of ours."""
    head = POST.replace(b"Connection: close\r\n", b"Transfer-Encoding: chunked\r\n\r\n")
    answer = process.raw(head + chunks)
    assert problem_of(answer) == (400, "MALFORMED_REQUEST")
    assert b"Connection: close" in answer


def test_announced_body_over_the_limit(process: Process) -> None:
    """A body announced as too large is refused without being read."""
    head = POST + b"Content-Length: 99999999999\r\n\r\n"
    assert problem_of(process.raw(head)) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(("size", "kept"), [(2, True), (60_000, True), (300_000, False), (3_000_000, False)])
def test_a_refusal_says_whether_the_connection_is_kept(process: Process, size: int, kept: bool) -> None:
    """What is told to be kept takes the next request; a body that is too much to be thrown away closes it, and that is said."""
    connection = process.connection()
    connection.request("POST", "/api/v1/patients", b"x" * size, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    assert (answer.status, answer.getheader("Connection")) == (401, "keep-alive" if kept else "close")
    connection.request("GET", "/livez")
    assert connection.getresponse().status == 200
    connection.close()


def test_stops_at_once_with_a_stream_open(environment: dict[str, str], backend: Backend, keys: Any) -> None:
    """SIGTERM ends open streams and idle connections, and the process within seconds."""
    with started(environment) as process:
        expect_a_quick_end(process, {"Authorization": f"Bearer {keys.token()}"})


def expect_a_quick_end(process: Process, headers: dict[str, str]) -> None:
    """It is told to stop while a stream is open and a connection idle."""
    idle, listening = process.connection(), process.connection()
    idle.request("GET", "/livez")
    assert idle.getresponse().read() == b'{"status":"ok"}'
    listening.request("GET", f"/api/v1/locations/{uuid4()}/stream", headers=headers)
    answer = listening.getresponse()
    assert answer.status == 200
    assert answer.readline().startswith(b"retry:")
    begun = monotonic()
    process.child.send_signal(signal.SIGTERM)
    assert b"event: ended" in answer.read()
    assert process.child.wait(30) == 0
    # Whoever waits for the stream or the connection waits for the whole time of grace.
    assert monotonic() - begun < GRACE_SECONDS / 2
    idle.close()
    listening.close()


def test_bad_settings(environment: dict[str, str]) -> None:
    """Wrong settings are all named in one line, and nothing starts."""
    wrong = environment | {"POLYCLINIC_SESSION_KEY": "short", "POLYCLINIC_REPLICAS": "many"}
    ran = subprocess.run(
        [sys.executable, "-m", "gateway"], env=wrong, cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert ran.returncode == 1
    assert "POLYCLINIC_SESSION_KEY" in ran.stderr
    assert "POLYCLINIC_REPLICAS" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_unknown_role(environment: dict[str, str]) -> None:
    """A role that does not exist is said with those that do."""
    wrong = environment | {"POLYCLINIC_GATEWAY_ROLE": "everything"}
    ran = subprocess.run(
        [sys.executable, "-m", "gateway"], env=wrong, cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert ran.returncode == 1
    assert "all, api, streams" in ran.stderr


SLOW_CLIENTS = 60


def test_slow_clients_hold_no_thread(environment: dict[str, str], backend: Backend) -> None:
    """Sixty clients in the middle of a request do not keep two threads from anybody else."""
    beginnings = [b"", b"POST /auth/sign-in HT", POST, POST + b"Content-Length: 40\r\n\r\n{", POST + CHUNKED]
    with started(environment, POLYCLINIC_HTTP_THREADS="2", POLYCLINIC_GATEWAY_ROLE="api") as slow, ExitStack() as open_:
        connections = [
            open_.enter_context(socket.create_connection(("127.0.0.1", slow.port), timeout=10))
            for _ in range(SLOW_CLIENTS)
        ]
        for number, connection in enumerate(connections):
            connection.sendall(beginnings[number % len(beginnings)])
        # Who waits for a thread waits until the slow ones are given up, which takes longer than this.
        answer = slow.raw(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.endswith(b'{"status":"ok"}')
        connections[3].sendall(b'"login": "anybody", "password": "x"' + b" " * 3 + b"}")
        assert connections[3].recv(65536).startswith(b"HTTP/1.1 ")


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n5\r\n"
HEAD = b"POST /x HTTP/1.1\r\nHost: x\r\n"
BEGINNINGS = [
    (b"", 1),
    (b"GET / HTTP/1.1\r\nHost: x\r\n", 1),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0),
    (HEAD + b"Content-Length: 7\r\n\r\n{", 6),
    (HEAD + b"content-length:7\r\n\r\n{      ", 0),
    (HEAD + b"Content-Length: 7\r\n\r\n{      GET / HTTP/1.1", 0),
    (HEAD + b"X-Content-Length: 7\r\n\r\n", 0),
    (HEAD + b"Content-Length: 99999999\r\n\r\n", 0),
    (HEAD + b"Content-Length: 7\r\nExpect: 100-continue\r\n\r\n", 0),
    (HEAD + b"Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n", 0),
    (HEAD + CHUNKED, 1),
    (HEAD + CHUNKED + b"hello\r\n0\r\n\r\n", 0),
]


@pytest.mark.parametrize(("beginning", "count"), BEGINNINGS)
def test_what_of_a_request_is_missing(beginning: bytes, count: int) -> None:
    """A thread begins when the head and a small body are there; large bodies and doubtful heads are given one at once."""
    assert missing(beginning, len(beginning)) == count


def test_a_head_without_end_is_the_parsers_to_refuse() -> None:
    """Nobody waits for the end of a head that is too long already."""
    assert missing(b"a" * LONGEST_HEAD, LONGEST_HEAD) == 0
