"""Open event streams of this process: their queues, their limit, their end."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from flask import Response

from chassis import telemetry
from chassis.bus import Bus
from chassis.errors import Unavailable
from chassis.settings import ServiceSettings

log = telemetry.logger(__name__)
# A comment this often keeps proxies from closing an idle stream and finds browsers that are gone.
HEARTBEAT_SECONDS = 15.0
# A browser that reads more slowly than this many events behind is told to fetch everything again.
QUEUE_LENGTH = 256
RETRY_MILLISECONDS = 2_000
_open_streams = telemetry.gauge("polyclinic.gateway.streams", "{stream}", "event streams that browsers hold open")
_HEARTBEAT = b": still here\n\n"


def event(name: str, data: bytes = b"{}") -> bytes:
    """One server-sent event (HTML Living Standard §9.2.6). ``data`` is JSON without line breaks."""
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


RESET = event("reset")
EXPIRED = event("expired")
ENDED = event("ended")


@dataclass(eq=False)
class Channel:
    """One open stream. ``expires_at`` is real Unix seconds: the token's end is the stream's end."""

    principal_id: str
    expires_at: float
    events: queue.Queue[bytes | None] = field(default_factory=lambda: queue.Queue(QUEUE_LENGTH))
    overflown: bool = False
    ended: bool = False

    def put(self, item: bytes) -> None:
        """Hands an event to the reader, from any thread and at once; past the queue's length only a reset remains."""
        try:
            self.events.put_nowait(item)
        except queue.Full:
            self.overflown = True

    def forget(self) -> None:
        """Drops what waits."""
        self.overflown = False
        with contextlib.suppress(queue.Empty):
            while True:
                self.events.get_nowait()

    def end(self) -> None:
        """Ends the stream as soon as its reader looks."""
        self.ended = True
        with contextlib.suppress(queue.Full):  # a full queue wakes its reader anyway
            self.events.put_nowait(None)


class Channels:
    """All open streams of the process and the NATS connection that feeds them (made when the first one opens)."""

    def __init__(self, settings: ServiceSettings, maximum: int, real_seconds: Callable[[], float]) -> None:
        self._settings = settings
        self._maximum = maximum
        self._real_seconds = real_seconds
        self._open: set[Channel] = set()
        self._lock = threading.Lock()
        self._bus: Bus | None = None
        self._ended = threading.Event()
        self._on_start: list[Callable[[Bus], None]] = []
        _open_streams.watch(lambda: [(len(self._open), {})])

    def on_start(self, begin: Callable[[Bus], None]) -> None:
        """Calls ``begin`` with the bus once it has been started."""
        self._on_start.append(begin)

    def bus(self) -> Bus:
        """The connected bus. Raises Unavailable when NATS does not answer within two seconds."""
        with self._lock:
            if self._bus is None:
                self._bus = Bus("gateway", self._settings, streams=[])
                self._bus.start()
                for begin in self._on_start:
                    begin(self._bus)
        if not self._bus.wait_connected(2.0):
            raise Unavailable(retry_after=3, internal="NATS does not answer")
        return self._bus

    def respond(self, channel: Channel, on_close: Callable[[], None]) -> Response:
        """The streaming response of a channel. Raises Unavailable when too many are open. ``on_close`` runs in any
        case."""
        with self._lock:
            full = len(self._open) >= self._maximum or self._ended.is_set()
            if not full:
                self._open.add(channel)
        if full:
            on_close()
            raise Unavailable(retry_after=5, internal="too many open streams")
        response = Response(self._events(channel), content_type="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"

        def close() -> None:
            with self._lock:
                self._open.discard(channel)
            on_close()

        response.call_on_close(close)
        return response

    def end_of(self, principal_id: str) -> None:
        """Ends the streams of one principal (the account was disabled)."""
        for channel in self._snapshot():
            if channel.principal_id == principal_id:
                channel.end()

    def end_all(self) -> None:
        """Ends all streams and takes no more; safe in a signal handler's thread."""
        self._ended.set()
        for channel in list(self._open):
            channel.end()

    def close(self) -> None:
        """Ends all streams and the connection."""
        self.end_all()
        if self._bus is not None:
            self._bus.stop()

    def _snapshot(self) -> list[Channel]:
        with self._lock:
            return list(self._open)

    def _events(self, channel: Channel) -> Iterator[bytes]:
        """What goes over the wire: a hint for reconnecting, a reset (fetch first), then events until the token runs
        out."""
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode() + RESET
        connected = True
        while True:
            left = channel.expires_at - self._real_seconds()
            if left <= 0:
                yield EXPIRED
                return
            try:
                item = None if channel.ended else channel.events.get(timeout=min(HEARTBEAT_SECONDS, left))
            except queue.Empty:
                item = _HEARTBEAT
            if item is None or channel.ended:
                yield ENDED
                return
            now_connected = self._bus is None or self._bus.connected
            if channel.overflown or (now_connected and not connected):
                # Something was missed: while the queue was full, or while NATS was away. Reading everything again
                # covers what still waits as well.
                channel.forget()
                item = RESET
            connected = now_connected
            yield item
