"""NATS: one connection and one asyncio loop, in one background thread. The only asyncio of the house.

The rest of the process is synchronous and talks to it through futures.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nats
import uvloop
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    StreamConfig,
)
from nats.js.errors import APIError

from chassis import telemetry
from chassis.acks import Acks, Message
from chassis.clock import CLOCK_LAST_SUBJECT, CLOCK_STREAM
from chassis.errors import Unavailable
from chassis.ids import uuid7
from chassis.settings import ServiceSettings
from chassis.streams import service_streams
from chassis.tls import Certificates

log = telemetry.logger(__name__)
RECONNECT_SECONDS = 0.25
# What cancelled tasks, and then the connection, may take to end.
STOP_SECONDS = 3.0
FOLLOW_FETCH = 64
# How long a question for messages stands at the broker before it is asked anew.
FETCH_SECONDS = 5.0
# A consumer of one process is forgotten by the broker when its process has not asked for so long.
FOLLOWER_SECONDS = 30.0


class Bus:
    """The process's connection to NATS. It may come and go; who publishes while it is away gets Unavailable."""

    def __init__(self, service: str, settings: ServiceSettings, streams: list[StreamConfig] | None = None) -> None:
        self._service = service
        self._settings = settings
        self._certificates = Certificates.of(settings)
        self._streams = streams if streams is not None else service_streams(service, settings)
        # Half of what a message costs here is the loop, not the client: a loop in C gives it back.
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)
        self._client: Client | None = None
        self._js: JetStreamContext | None = None
        self._acks = Acks(self._loop)
        self._connected = threading.Event()
        self._stopping = threading.Event()
        # Who waits for an answer of the broker that is connected now. Touched on the loop only.
        self._waiting: set[asyncio.Timeout] = set()

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the thread and connects in the background: a service serves with NATS down."""
        self._thread.start()
        self.spawn(self._connect())

    def stop(self) -> None:
        """Closes the connection and ends the loop."""
        if self._stopping.is_set() or not self._thread.is_alive():
            return
        self._stopping.set()
        done = asyncio.run_coroutine_threadsafe(self._shut_down(), self._loop)
        done.result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def connected(self) -> bool:
        return self._connected.is_set() and self._client is not None and self._client.is_connected

    def wait_connected(self, timeout: float) -> bool:
        """Waits up to `timeout` real seconds for the first connection."""
        return self._connected.wait(timeout)

    # --- use ------------------------------------------------------------------------------------------------------

    def spawn(self, task: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Runs a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(task, self._loop)

    def publish(
        self, subject: str, payload: bytes, headers: dict[str, str] | None = None, timeout: float = 2.0
    ) -> None:
        """Publishes to JetStream and waits for the ack. Raises Unavailable."""
        self.publish_all([(subject, payload, headers or {})], timeout)

    def publish_all(self, messages: Sequence[Message], timeout: float = 5.0) -> None:
        """Publishes many at once and waits for every ack. Raises Unavailable when any is missing."""
        if not self.connected:
            raise Unavailable(internal="NATS is not connected")
        self._acks.send(messages, timeout)

    def publish_core(self, subject: str, payload: bytes) -> None:
        """Publishes at most once, to whoever listens now (signalling). Raises Unavailable when not connected."""
        client = self._client
        if client is None or not self.connected:
            raise Unavailable(internal="NATS is not connected")
        self.spawn(client.publish(subject, payload)).result(2)

    def subscribe_core(
        self, subject: str, handler: Callable[[str, bytes, Callable[[bytes], None]], None]
    ) -> Future[Any]:
        """Calls `handler(subject, payload, reply)` on the loop for each message; it must be quick. Returns when subscribed."""

        async def on_message(message: Msg) -> None:
            def reply(data: bytes) -> None:
                if message.reply:
                    self._loop.create_task(message.respond(data))

            handler(message.subject, message.data, reply)

        async def subscribe() -> Any:
            client = await self.client()
            return await client.subscribe(subject, cb=on_message)

        return self.spawn(subscribe())

    def answer_core(self, subject: str, make: Callable[[bytes], bytes]) -> Future[Any]:
        """Answers each question on `subject` with what `make` makes of its payload, in a thread: it may take a while."""

        async def on_message(message: Msg) -> None:
            answer = await asyncio.get_running_loop().run_in_executor(None, make, message.data)
            await message.respond(answer)

        async def subscribe() -> Any:
            client = await self.client()
            return await client.subscribe(subject, cb=on_message)

        return self.spawn(subscribe())

    def ask_all(self, subject: str, payload: bytes, *, seconds: float) -> list[bytes]:
        """Asks everybody who listens to `subject`; what was answered within `seconds`. Raises Unavailable when not
        connected.
        """
        if not self.connected:
            raise Unavailable(internal="NATS is not connected")

        async def ask() -> list[bytes]:
            client = await self.client()
            inbox = client.new_inbox()
            answers: list[bytes] = []

            async def on_answer(message: Msg) -> None:
                if message.data:  # an empty one says that nobody listens
                    answers.append(message.data)

            listening = await client.subscribe(inbox, cb=on_answer)
            await client.publish(subject, payload, reply=inbox)
            await asyncio.sleep(seconds)
            await listening.unsubscribe()
            return answers

        found: list[bytes] = self.spawn(ask()).result(seconds + 5)
        return found

    def follow(
        self, stream: str, subject: str, handler: Callable[[Msg], None], *, since_seconds: float = 0.0
    ) -> Future[Any]:
        """Hears `subject` on every process, in order, from `since_seconds` of real time ago on; nothing is acknowledged.

        For caches, revocations and browser streams; `handler` runs on the loop and must be quick. After a broker's restart
        it goes on behind the last message that was heard. (The client's own ordered consumer does not come back when it
        began at an instant: it then names the instant and a sequence, which the server refuses.)
        """
        beginning = datetime.now(UTC) - timedelta(seconds=since_seconds)
        return self.spawn(self._follow(stream, subject, handler, beginning))

    async def client(self) -> Client:
        """The connected client (waits for it). For coroutines on the loop."""
        while not (self._client is not None and self._client.is_connected and self._connected.is_set()):
            await asyncio.sleep(0.05)
        return self._client

    async def jetstream(self) -> JetStreamContext:
        await self.client()
        if self._js is None:
            raise Unavailable(internal="NATS is not connected")
        return self._js

    @asynccontextmanager
    async def waiting_for_broker(self) -> AsyncIterator[None]:
        """Around awaits of the broker's answers: raises Unavailable as soon as the connection breaks.

        A broker that went away has forgotten what was asked of it; the client would wait for its answer to the end
        of the timeout, although the next broker is there within a moment. For coroutines on the loop.
        """
        try:
            async with asyncio.timeout(None) as patience:
                self._waiting.add(patience)
                try:
                    yield
                finally:
                    self._waiting.discard(patience)
        except TimeoutError as error:
            if patience.expired():
                raise Unavailable(internal="NATS went away") from error
            raise

    def last_clock(self) -> bytes | None:
        """The last simulated instant that was published, or None. Waits for the connection."""

        async def read() -> bytes | None:
            js = await self.jetstream()
            try:
                message = await js.get_last_msg(CLOCK_STREAM, CLOCK_LAST_SUBJECT)
            except APIError:
                return None
            return message.data

        found: bytes | None = self.spawn(read()).result(30)
        return found

    async def _follow(self, stream: str, subject: str, handler: Callable[[Msg], None], since: datetime) -> None:
        last = 0
        while not self._stopping.is_set():
            subscription = None
            try:
                subscription = await self._ephemeral(stream, subject, since)
                while True:
                    try:
                        async with self.waiting_for_broker():
                            messages = await subscription.fetch(FOLLOW_FETCH, timeout=FETCH_SECONDS)
                    except TimeoutError:
                        await subscription.consumer_info()  # still there?
                        continue
                    for message in messages:
                        if message.metadata.sequence.stream != last:
                            _heard(handler, message)
                        since, last = message.metadata.timestamp, message.metadata.sequence.stream
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.debug("follower waits", subject=subject, error=error)
                await asyncio.sleep(0.5)
            finally:
                if subscription is not None:
                    with suppress(nats.errors.Error):
                        await subscription.unsubscribe()

    async def _ephemeral(self, stream: str, subject: str, since: datetime) -> JetStreamContext.PullSubscription:
        """A consumer of this process alone, which the server forgets when nobody asks it any more."""
        js = await self.jetstream()
        name = uuid7().hex
        config = ConsumerConfig(
            name=name,
            filter_subject=subject,
            ack_policy=AckPolicy.NONE,
            deliver_policy=DeliverPolicy.BY_START_TIME,
            opt_start_time=since,
            inactive_threshold=FOLLOWER_SECONDS,
            mem_storage=True,
        )
        await js.add_consumer(stream, config)
        return await js.pull_subscribe_bind(consumer=name, stream=stream)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _connect(self) -> None:
        while not self._stopping.is_set():
            try:
                self._client = await nats.connect(
                    self._settings.nats_url,
                    user=self._settings.nats_user or None,
                    password=str(self._settings.nats_password) or None,
                    tls=self._tls(),
                    name=f"{self._service} {self._settings.instance}".strip(),
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=RECONNECT_SECONDS,
                    error_cb=self._on_error,
                    disconnected_cb=self._on_disconnect,
                    reconnected_cb=self._on_reconnect,
                    connect_timeout=2,
                    max_outstanding_pings=2,
                    ping_interval=5,
                    allow_reconnect=True,
                )
                self._js = self._client.jetstream()
                await self._ensure_streams()
                await self._acks.listen(self._client)
                self._connected.set()
                return
            except Exception as error:  # anything: a server that is not there yet, or not ready
                log.warning("nats not reachable", error=error)
                if self._client is not None:
                    await self._client.close()
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _ensure_streams(self) -> None:
        js = self._js
        if js is None:
            return
        for config in self._streams:
            try:
                await js.add_stream(config)
            except APIError as error:
                if error.err_code != 10058:  # stream exists with another configuration: keep the operator's
                    raise

    async def _on_error(self, error: Exception) -> None:
        log.warning("nats error", error=error)

    async def _on_disconnect(self) -> None:
        for patience in self._waiting:
            patience.reschedule(self._loop.time())
        self._acks.lost()
        # The certificate may have been renewed since the connection began.
        context = self._tls()
        if self._client is not None and context is not None:
            self._client.options["tls"] = context

    def _tls(self) -> ssl.SSLContext | None:
        """How to speak TLS to NATS, with the certificate as it is now; None where the URL asks for none."""
        settings = self._settings
        if not settings.nats_url.startswith("tls://"):
            return None
        authority = Path(settings.nats_ca_file) if settings.nats_ca_file else None
        if self._certificates is not None:
            return self._certificates.client_context(authority)
        return ssl.create_default_context(cafile=authority)

    async def _on_reconnect(self) -> None:
        # A broker that lost its disk has lost its streams too.
        try:
            await self._ensure_streams()
        except Exception as error:
            log.warning("streams not ensured", error=error)

    async def _shut_down(self) -> None:
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        # They end before the loop does: each lets go of what it holds.
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        if self._client is not None:
            try:
                await asyncio.wait_for(self._client.close(), STOP_SECONDS)
            except Exception as error:
                log.warning("nats not closed", error=error)


def _heard(handler: Callable[[Msg], None], message: Msg) -> None:
    """One message that nobody can be asked to deliver again: what its handler cannot take is logged."""
    try:
        handler(message)
    except Exception as error:
        log.error("follower failed", exception=error, subject=message.subject)
