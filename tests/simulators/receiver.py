"""A webhook receiver for tests: keeps what comes and answers as the test wants."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """The receiver's side: `statuses` are answered in turn, then 204; `taken` holds (path, headers, body) of each."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.arrived = threading.Condition()
        self.url = ""

    def wait(self, count: int, seconds: float = 5.0) -> bool:
        """Waits until `count` requests have come."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.taken) >= count, timeout=seconds)


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Listens on a port of the loopback (0 = a free one) while the block runs."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with receiver.arrived:
                receiver.taken.append((self.path, dict(self.headers), body))
                status = receiver.statuses.pop(0) if receiver.statuses else 204
                receiver.arrived.notify_all()
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
