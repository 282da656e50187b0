"""An HTTP load in a process of its own, so that the clients do not share an interpreter with what is measured.

Reads one JSON object from stdin: port, connections, seconds, requests (raw HTTP texts in which ``{key}`` stands for a
fresh UUID and ``{n}`` for a number that is never used twice). Writes one: count, seconds, latencies, errors.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from itertools import count
from typing import Any

from tests.load.figures import Sample


def drive(port: int, requests: list[str], *, connections: int = 8, seconds: float = 3.0) -> Sample:
    """Sends the requests round and round over `connections` keep-alive connections for `seconds`."""
    spec = {"port": port, "connections": connections, "seconds": seconds, "requests": requests}
    done = subprocess.run(
        [sys.executable, "-m", "tests.load.driver"],
        input=json.dumps(spec),
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    return Sample(**json.loads(done.stdout))


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
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
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


def _fill(template: str, numbers: Any) -> bytes:
    text = template.replace("{key}", str(uuid.uuid4())).replace("{n}", str(next(numbers)))
    head, _, body = text.partition("\r\n\r\n")
    return (head.replace("{length}", str(len(body.encode()))) + "\r\n\r\n" + body).encode()


def main() -> None:
    spec = json.load(sys.stdin)
    numbers = count(time.time_ns() // 1_000_000 % 100_000_000)
    latencies: list[float] = []
    errors = [0]
    stop_at = time.monotonic() + spec["seconds"]

    def work(offset: int) -> None:
        connection = _Connection(spec["port"])
        for index in count(offset):
            message = _fill(spec["requests"][index % len(spec["requests"])], numbers)
            started = time.perf_counter()
            status = connection.exchange(message)
            latencies.append((time.perf_counter() - started) * 1000)
            if status >= 400:
                errors[0] += 1
            if time.monotonic() >= stop_at:
                return

    started = time.monotonic()
    threads = [threading.Thread(target=work, args=(offset * 7,)) for offset in range(spec["connections"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = {
        "count": len(latencies) - errors[0],
        "seconds": time.monotonic() - started,
        "latencies_ms": latencies,
        "errors": errors[0],
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
