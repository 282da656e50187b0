"""The way in for webhooks: a small HTTP relay in front of the gateway that can tell everything twice, or in another order."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from infra.local.process import LOOPBACK, free_port

HOP_BY_HOP: Final = frozenset({"connection", "transfer-encoding", "content-length", "host", "keep-alive"})
# How long a request is held back so that later ones overtake it.
HELD_SECONDS: Final = 1.2


class Manner(Enum):
    """How the door passes on what comes."""

    ONCE = "once"
    TWICE = "twice"
    SHUFFLED = "shuffled"


class Door:
    """Relays to ``target`` (a port of this machine); the sender hears the answer to the first of two tellings."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.manner = Manner.ONCE
        self.passed = 0
        self._target = target
        self._lock = threading.Lock()
        self._closing = threading.Event()
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Passes a webhook on."""
                door._take(self)

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                """What passes is counted, not printed."""
                del code, size

        self._server = ThreadingHTTPServer((LOOPBACK, self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="door", daemon=True).start()

    @property
    def url(self) -> str:
        """What outside parties are told to call."""
        return f"http://{LOOPBACK}:{self.port}"

    def close(self) -> None:
        """Closes the door; does nothing twice."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        with self._lock:
            self.passed += 1
            held = self.manner is Manner.SHUFFLED and self.passed % 2 == 1
            twice = self.manner is Manner.TWICE
        if held:
            self._closing.wait(HELD_SECONDS)
        status, answer = self._pass(request.path, headers, body)
        if twice:
            self._pass(request.path, headers, body)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # whoever asked has lost patience
            request.send_response(status)
            request.send_header("Content-Length", str(len(answer)))
            request.end_headers()
            request.wfile.write(answer)

    def _pass(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(LOOPBACK, self._target, timeout=20)
        try:
            # Signatures cover the address that the sender called, so the gateway is told that one.
            connection.request("POST", path, body, {**headers, "Host": f"{LOOPBACK}:{self.port}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return HTTPStatus.BAD_GATEWAY, b""
        finally:
            connection.close()
