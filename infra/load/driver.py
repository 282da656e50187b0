"""An HTTP load in a process of its own, so that the clients do not share an interpreter with what is measured.

Two shapes. `drive` keeps every connection busy (a closed loop: the most the system can do). `arrive` sends requests when
they would come, whether the earlier ones have been answered or not (an open loop: what people feel); a latency is then
counted from the moment the request should have been sent, so that a queue in front of the clients is not forgotten.

The process reads one JSON object from stdin: port, connections, seconds, rate (0: closed), calls [{name, share, texts}]
(raw HTTP texts in which ``{key}`` stands for a fresh UUID and ``{n}`` for a number that is never used twice). It writes
one: seconds, its own CPU seconds, and by name latencies and statuses.
"""

from __future__ import annotations

import json
import random
import resource
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from infra.load.figures import Sample

LONGEST_ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Calls:
    """Requests of one kind: how many of a hundred, and their texts, sent round and round."""

    name: str
    texts: Sequence[str]
    share: float = 1.0


@dataclass(frozen=True)
class Run:
    """What one run has measured; by name of the calls."""

    seconds: float
    # Of the driver's own process.
    cpu_seconds: float
    latencies_ms: dict[str, list[float]] = field(repr=False)
    statuses: dict[str, dict[str, int]]

    def sample(self, *names: str) -> Sample:
        """The calls of these names (all when none is given) as one sample; a 4xx or 5xx is an error."""
        chosen = names or tuple(self.latencies_ms)
        latencies = [one for name in chosen for one in self.latencies_ms.get(name, ())]
        errors = sum(n for name in chosen for status, n in self.statuses.get(name, {}).items() if status >= "400")
        return Sample(len(latencies) - errors, self.seconds, latencies, errors)


def drive(port: int, requests: Sequence[str], *, connections: int = 8, seconds: float = 3.0) -> Sample:
    """Sends the requests round and round over `connections` keep-alive connections for `seconds`."""
    return run(port, [Calls("", requests)], connections=connections, seconds=seconds).sample()


def arrive(port: int, calls: Sequence[Calls], rate: float, *, connections: int = 64, seconds: float = 10.0) -> Run:
    """Sends `rate` requests a second, mixed by their shares, at random moments (a Poisson process)."""
    return run(port, calls, rate=rate, connections=connections, seconds=seconds)


def run(port: int, calls: Sequence[Calls], *, rate: float = 0.0, connections: int = 8, seconds: float = 3.0) -> Run:
    """Runs the driver's process to its end."""
    with begin(port, calls, rate=rate, connections=connections, seconds=seconds) as process:
        out, _ = process.communicate(timeout=seconds + 90)
    if process.returncode:
        raise RuntimeError("the driver has failed; see what it wrote above")
    return Run(**json.loads(out))


def begin(port: int, calls: Sequence[Calls], *, rate: float, connections: int, seconds: float) -> subprocess.Popen[str]:
    """Starts the driver's process; what it writes at its end is a `Run`."""
    spec = {
        "port": port,
        "connections": connections,
        "seconds": seconds,
        "rate": rate,
        "calls": [{"name": one.name, "share": one.share, "texts": list(one.texts)} for one in calls],
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.load.driver"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if process.stdin is None:
        raise RuntimeError("the driver has no stdin")
    process.stdin.write(json.dumps(spec))
    process.stdin.close()
    process.stdin = None
    return process


def request(method: str, path: str, token: str = "", body: dict[str, Any] | None = None, *, key: bool = False) -> str:
    """The text of a request. Numbers written as ``"{n}"`` in the body stay placeholders."""
    payload = json.dumps(body) if body is not None else ""
    headers = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: keep-alive"]
    if token:
        headers.append(f"Authorization: Bearer {token}")
    if key:
        headers.append("Idempotency-Key: {key}")
    if body is not None:
        headers += ["Content-Type: application/json", "Content-Length: {length}"]
    return "\r\n".join(headers) + "\r\n\r\n" + payload


class _Connection:
    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_ANSWER_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def exchange(self, message: bytes) -> int:
        """Sends one request and reads its whole answer; returns the status."""
        self._socket.sendall(message)
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        self._buffer = rest
        while len(self._buffer) < length:
            self._receive()
        self._buffer = self._buffer[length:]
        return int(head[9:12])

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._buffer += data


class _Sending:
    """The work of one driver process: connections that take the next request in turn."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._port, self._open = spec["port"], bool(spec["rate"])
        self._calls = spec["calls"]
        self._numbers = count(time.time_ns() // 1_000_000 % 100_000_000)
        self._rounds = [count() for _ in self._calls]
        self._lock = threading.Lock()
        self._began = time.perf_counter()
        self._next = self._schedule(spec["rate"], spec["seconds"], random.Random(spec["rate"]))
        self.latencies: dict[str, list[float]] = {one["name"]: [] for one in self._calls}
        self.statuses: dict[str, dict[str, int]] = {one["name"]: {} for one in self._calls}

    def _schedule(self, rate: float, seconds: float, dice: random.Random) -> Iterator[tuple[float, int]]:
        """(moment, index of the kind of call) of each request; in a closed loop the moment is always now."""
        shares, kinds = [one["share"] for one in self._calls], range(len(self._calls))
        at, end = self._began, self._began + seconds
        while True:
            at = at + dice.expovariate(rate) if rate else time.perf_counter()
            if at >= end:
                return
            yield at, dice.choices(kinds, shares)[0]

    def work(self) -> None:
        """One connection's: until there is nothing more to send."""
        connection = None
        while True:
            with self._lock:
                moment, kind = next(self._next, (0.0, -1))
            if kind < 0:
                return
            name, texts = self._calls[kind]["name"], self._calls[kind]["texts"]
            message = self._fill(texts[next(self._rounds[kind]) % len(texts)])
            ahead = moment - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)
            since = moment if self._open else time.perf_counter()
            try:
                connection = connection or _Connection(self._port)
                status = str(connection.exchange(message))
            except OSError as error:
                connection, status = None, type(error).__name__
            self.latencies[name].append((time.perf_counter() - since) * 1000)
            with self._lock:
                self.statuses[name][status] = self.statuses[name].get(status, 0) + 1

    def _fill(self, template: str) -> bytes:
        text = template.replace("{key}", str(uuid.uuid4())).replace("{n}", str(next(self._numbers)))
        head, _, body = text.partition("\r\n\r\n")
        return (head.replace("{length}", str(len(body.encode()))) + "\r\n\r\n" + body).encode()


def main() -> None:
    spec = json.load(sys.stdin)
    sending = _Sending(spec)
    started = time.monotonic()
    threads = [threading.Thread(target=sending.work) for _ in range(spec["connections"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = resource.getrusage(resource.RUSAGE_SELF)
    result = {
        "seconds": time.monotonic() - started,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "latencies_ms": sending.latencies,
        "statuses": sending.statuses,
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
