"""The operator's hand on NATS: look at a stream's messages, put one in, take one out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import nats
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

Result = TypeVar("Result")
BATCH = 500


@dataclass(frozen=True)
class Stored:
    """A message as it lies in a stream."""

    sequence: int
    subject: str
    data: bytes
    headers: Mapping[str, str]


class Bus:
    """Each call connects by itself: the server may have been another one a moment ago."""

    def __init__(self, url: str) -> None:
        self._url = url

    def publish(self, subject: str, data: bytes, headers: Mapping[str, str]) -> int:
        """Puts a message in; returns its place in the stream."""

        async def work(js: JetStreamContext) -> int:
            return int((await js.publish(subject, data, headers=dict(headers))).seq)

        return self._run(work)

    def last(self, stream: str, subject: str) -> Stored:
        """The last message of a subject (wildcards allowed)."""

        async def work(js: JetStreamContext) -> Stored:
            found = await js.get_last_msg(stream, subject)
            return Stored(found.seq or 0, found.subject or "", found.data or b"", found.headers or {})

        return self._run(work)

    def delete(self, stream: str, sequence: int) -> None:
        """Takes a message out."""

        async def work(js: JetStreamContext) -> None:
            await js.delete_msg(stream, sequence)

        self._run(work)

    def message_ids(self, stream: str) -> list[str]:
        """The ids of all messages in the order in which they lie in the stream."""

        async def work(js: JetStreamContext) -> list[str]:
            left = (await js.stream_info(stream)).state.messages
            config = ConsumerConfig(
                ack_policy=AckPolicy.NONE, inactive_threshold=5.0, mem_storage=True, headers_only=True
            )
            reader = await js.pull_subscribe("", stream=stream, config=config)
            found: list[str] = []
            while len(found) < left:
                found += [
                    (message.headers or {}).get("Nats-Msg-Id", "") for message in await reader.fetch(BATCH, timeout=5)
                ]
            await reader.unsubscribe()
            return found

        return self._run(work)

    def _run(self, work: Callable[[JetStreamContext], Awaitable[Result]]) -> Result:
        async def connected() -> Result:
            client = await nats.connect(self._url, connect_timeout=2)
            try:
                return await work(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(connected())
