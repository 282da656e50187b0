"""Messages that threads send to JetStream, and the broker's word that it keeps them.

The client's own way makes two tasks, two timers and a chain of futures of each message. Here a thread numbers its messages, lays
them into one queue and wakes the loop, once for all that lie there; the broker answers to one inbox, by number.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, SimpleQueue
from threading import Lock

from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis import loglines
from chassis.errors import Unavailable

Message = tuple[str, bytes, dict[str, str]]  # subject, payload, headers


@dataclass(slots=True)
class _Batch:
    """What one caller waits for: so many acks more, or the first problem."""

    left: int
    told: SimpleQueue[str] = field(default_factory=SimpleQueue)


class Acks:
    """Sends for all threads of a process over one connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._numbers = count()
        self._outgoing: deque[tuple[int, Message]] = deque()
        self._waiting: dict[int, _Batch] = {}
        self._client: Client | None = None
        self._inbox = ""
        # Whether the loop has been woken for what lies in the queue.
        self._woken = False
        self._waking = Lock()
        self._sending: asyncio.Task[None] | None = None

    async def listen(self, client: Client) -> None:
        """Takes a new connection: from now on messages go over it. On the loop."""
        inbox = client.new_inbox()
        await client.subscribe(f"{inbox}.*", cb=self._heard)
        self._client, self._inbox = client, inbox

    def send(self, messages: Sequence[Message], seconds: float) -> None:
        """Sends and waits until the broker keeps them all. Raises Unavailable with the first problem, or after so many seconds."""
        batch = _Batch(len(messages))
        numbered = [(next(self._numbers), message) for message in messages]
        if not numbered:
            return
        self._waiting.update((number, batch) for number, _ in numbered)
        self._outgoing.extend(numbered)
        self._wake()
        try:
            problem = batch.told.get(timeout=seconds)
        except Empty:
            problem = "no answer in time"
        if problem:
            for number, _ in numbered:
                self._waiting.pop(number, None)
            raise Unavailable(internal=f"NATS did not acknowledge: {problem}")

    def lost(self) -> None:
        """The connection broke: a broker that went away has forgotten what was sent to it. On the loop."""
        for number in list(self._waiting):
            self._settle(number, "NATS went away")

    def _wake(self) -> None:
        with self._waking:
            if self._woken:
                return
            self._woken = True
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        with self._waking:
            self._woken = False
        # One that is under way finds what has come meanwhile.
        if self._sending is None or self._sending.done():
            self._sending = self._loop.create_task(self._send())

    async def _send(self) -> None:
        client = self._client
        while self._outgoing:
            number, (subject, payload, headers) = self._outgoing.popleft()
            try:
                if client is None:
                    raise ConnectionError
                await client.publish(subject, payload, reply=f"{self._inbox}.{number}", headers=headers or None)
            except Exception as error:  # noqa: BLE001  (whoever waits is told, and the others' messages go on)
                self._settle(number, loglines.told(error))

    async def _heard(self, message: Msg) -> None:
        number = int(message.subject.rpartition(".")[2])
        if not message.data:  # nobody listens: there is no such stream
            self._settle(number, "no stream takes it")
            return
        answer = json.loads(message.data)
        error = answer.get("error")
        self._settle(number, f"{error.get('code')} {error.get('description')}" if error else "")

    def _settle(self, number: int, problem: str) -> None:
        batch = self._waiting.pop(number, None)
        if batch is None:
            return
        batch.left -= 1
        if problem or not batch.left:
            batch.told.put(problem)
