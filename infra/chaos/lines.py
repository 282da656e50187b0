"""Lines that can be hurt: small TCP relays in front of NATS and of each outside party.

What passes is not read (but for the way in for webhooks, ``doors``); a line only decides whether bytes go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from typing import Any, Final, TypeVar

from infra.local.process import LOOPBACK, free_port

CHUNK: Final = 1 << 16
LATE_SECONDS: Final = 4.0
HTTP_500: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry"
SMTP_421: Final = b"421 4.3.0 Internal error, closing channel\r\n"

Result = TypeVar("Result")


class State(Enum):
    """What a line does with what comes."""

    # Everything passes at once.
    FLOWS = "flows"
    # Connections are broken, new ones refused.
    CUT = "cut"
    # Connections stay open and nothing passes any more, as behind a firewall that forgot them: half open.
    SILENT = "silent"
    # Answers come some seconds late.
    LATE = "late"
    # Questions pass, and the connection breaks before the answer: it was done, and the asker does not know.
    LOSES_ANSWERS = "loses answers"
    # Whoever connects is told at once that something is wrong inside.
    FAILS = "fails"


class Loop:
    """One event loop in a thread of its own, for all lines."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lines", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of a coroutine, waited for from another thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        """Ends what runs, and the loop; does nothing twice."""
        if self._loop.is_closed():
            return
        self.run(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @staticmethod
    async def _cancel_all() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # what was aborted says good-bye to its sockets


class Line:
    """A relay from a port of its own to ``target`` (a port of this machine). ``failure`` is said in the state FAILS."""

    def __init__(self, loop: Loop, name: str, target: int, failure: bytes = HTTP_500) -> None:
        self.name = name
        self.port = free_port()
        self._loop = loop
        self._target = target
        self._failure = failure
        self._state = State.FLOWS
        self._open: set[asyncio.StreamWriter] = set()
        self._listeners: list[Callable[[str], None]] = []
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        loop.run(self._listen())

    @property
    def address(self) -> str:
        """Host and port to connect to."""
        return f"{LOOPBACK}:{self.port}"

    def on_connection(self, listener: Callable[[str], None]) -> None:
        """Calls ``listener`` with the line's name at each new connection."""
        self._listeners.append(listener)

    def become(self, state: State) -> None:
        """Changes what the line does; broken lines break what is open, mended ones end what was held."""
        self._loop.run(self._become(state))

    async def _become(self, state: State) -> None:
        before, self._state = self._state, state
        if state is State.CUT or before is State.SILENT:
            for writer in list(self._open):
                writer.transport.abort()
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self) -> None:
        """Breaks what is open and listens no more; does nothing twice."""
        if self._server is not None:
            self._loop.run(self._close(self._server))
            self._server = None

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        await self._become(State.CUT)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port, limit=CHUNK)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for listener in self._listeners:
            listener(self.name)
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort() if self._state is State.CUT else writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._state is State.CUT:
            return
        if self._state is State.FAILS:
            if self._failure is HTTP_500:
                await reader.readuntil(b"\r\n\r\n")
            writer.write(self._failure)
            await writer.drain()
            return
        await self._until_it_flows()
        back, forth = await asyncio.open_connection(LOOPBACK, self._target, limit=CHUNK)
        self._open.add(forth)
        try:
            await _both(self._pump(reader, forth, self._ask), self._pump(back, writer, self._answer))
        finally:
            self._open.discard(forth)
            forth.close()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, admit: Callable[[], Awaitable[bool]]
    ) -> None:
        while data := await source.read(CHUNK):
            if not await admit():
                return
            sink.write(data)
            await sink.drain()

    async def _ask(self) -> bool:
        await self._until_it_flows()
        return True

    async def _answer(self) -> bool:
        await self._until_it_flows()
        if self._state is State.LATE:
            await asyncio.sleep(LATE_SECONDS)
        return self._state is not State.LOSES_ANSWERS

    async def _until_it_flows(self) -> None:
        while self._state is State.SILENT:
            await self._changed.wait()


async def _both(one: Coroutine[Any, Any, None], other: Coroutine[Any, Any, None]) -> None:
    """Runs two pumps until the first ends: a connection with one direction is none."""
    tasks = [asyncio.create_task(one), asyncio.create_task(other)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
