"""Consumers with effects: durable pull consumers; one transaction a message; the inbox makes redelivery harmless."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager, suppress
from enum import Enum
from itertools import groupby
from typing import Any
from uuid import UUID

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from opentelemetry.trace import SpanKind

from chassis import telemetry
from chassis.backlog import Consumption
from chassis.bus import FETCH_SECONDS, Bus
from chassis.clock import monotonic
from chassis.database import Database, Retry
from chassis.deadletters import DeadLetters
from chassis.errors import Unavailable, Unprocessable
from chassis.processor import Processor, Subscription, UnknownEvent
from chassis.units import HANDLER_SECONDS, Units

log = telemetry.logger(__name__)
ACK_WAIT_SECONDS = 40
DELIVERY_LIMIT = 8
# How often an event of a newer release is handed back, in the hope that a replica of that release takes it. Two replicas of
# equal luck miss each other so often once in a million; then it is a dead letter, which is replayed when the release is out.
UNKNOWN_LIMIT = 20
UNKNOWN_SECONDS = 5.0
FETCH = 64
# What a message in hand may still take when the process is told to stop (a handler's own limit).
DRAIN_SECONDS = HANDLER_SECONDS
# How long the broker may take to say what is left.
ASK_SECONDS = 3.0
duration = telemetry.histogram("polyclinic.consumer.duration", "s", "time a message took, by what became of it")


class Ended(Enum):
    """What is said to the broker of a message that it need not deliver again."""

    ACK = "ack"
    TERM = "term"


def backoff_seconds(attempt: int) -> float:
    """Seconds to wait after the `attempt`-th failure (1-based): 0.2 doubling, 60 at most."""
    return min(60.0, 0.1 * 2.0 ** min(attempt, 12))


class Consumers:
    """All durable consumers of a service, one per purpose and source stream."""

    def __init__(
        self,
        service: str,
        bus: Bus,
        units: Units,
        database: Database,
        dead_letters: DeadLetters,
        pool: ThreadPoolExecutor,
        redelivery_seconds: float = ACK_WAIT_SECONDS,
    ) -> None:
        self._service = service
        self._redelivery_seconds = redelivery_seconds
        self._bus = bus
        self._units = units
        self._database = database
        self._dead_letters = dead_letters
        self._pool = pool
        self._subscriptions: list[Subscription] = []
        self._tasks: dict[str, Future[Any]] = {}
        self._draining = False
        # Consumers with messages in hand.
        self._busy: set[str] = set()

    def add(self, subscriptions: Sequence[Subscription]) -> None:
        self._subscriptions.extend(subscriptions)

    def groups(self) -> list[tuple[str, str, list[Subscription]]]:
        """(durable name, stream, subscriptions) for each consumer."""

        def key(subscription: Subscription) -> tuple[str, str]:
            return subscription.purpose, subscription.kind.stream

        ordered = sorted(self._subscriptions, key=key)
        return [
            (f"{self._service}-{purpose}-{stream.lower()}", stream, list(group))
            for (purpose, stream), group in groupby(ordered, key)
        ]

    def processors(self) -> list[Processor]:
        """One processor per consumer (the tests deliver to them directly)."""
        return [
            Processor(name, group, self._units, self._dead_letters, self._database) for name, _, group in self.groups()
        ]

    def start(self) -> None:
        for name, stream, group in self.groups():
            processor = Processor(name, group, self._units, self._dead_letters, self._database)
            self._tasks[name] = self._bus.spawn(self._consume(name, stream, group, processor))

    def drain(self) -> None:
        """Takes no more messages: the one in hand is finished, what was fetched behind it goes to another process at once."""
        if not self._draining:
            self._draining = True
            self._bus.spawn(self._cancel_idle())

    def stop(self) -> None:
        """Drains, and waits until what was in hand is done."""
        if self._tasks:
            self.drain()
            wait(self._tasks.values(), timeout=DRAIN_SECONDS)
            for task in self._tasks.values():
                task.cancel()

    async def _cancel_idle(self) -> None:
        for name, task in self._tasks.items():
            if name not in self._busy:
                task.cancel()

    def consumption(self) -> list[Consumption]:
        """What each durable consumer has left, as the broker says. Raises Unavailable when it does not answer."""
        if not self._bus.connected:
            raise Unavailable(internal="NATS is not connected")
        asked = self._bus.spawn(self._ask_consumption())
        try:
            found: list[Consumption] = asked.result(ASK_SECONDS)
            return found
        except TimeoutError as error:
            asked.cancel()
            raise Unavailable(internal="NATS does not answer") from error

    async def _ask_consumption(self) -> list[Consumption]:
        js = await self._bus.jetstream()
        found = []
        for name, stream, _ in self.groups():
            try:
                info = await js.consumer_info(stream, name)
            except NotFoundError:
                continue  # it is made when its stream is there
            found.append(Consumption(name, info.num_pending or 0, info.num_ack_pending or 0, info.num_redelivered or 0))
        return found

    async def _consume(self, name: str, stream: str, group: list[Subscription], processor: Processor) -> None:
        """Fetches and processes for ever; whatever breaks (broker restarts, lost streams), a new consumer is made."""
        while not self._bus.stopping and not self._draining:
            try:
                async with self._bound(name, stream, group) as subscription:
                    await self._fetch_all(name, group, processor, subscription)
            except asyncio.CancelledError:
                raise
            except TimeoutError:  # NATS's own, or asyncio's
                log.debug("broker is slow", consumer=name)
            except Unavailable:
                log.debug("broker went away", consumer=name)
            except NotFoundError:
                await asyncio.sleep(0.3)  # the publisher has not made its stream yet
            except Exception as error:
                log.warning("consumer restarts", consumer=name, error=error)
                await asyncio.sleep(0.3)

    async def _fetch_all(self, name: str, group: list[Subscription], processor: Processor, subscription: Any) -> None:
        """Fetches and processes until the consumer is no longer ours or whole."""
        while not self._draining:
            try:
                async with self._bus.waiting_for_broker():
                    messages = await subscription.fetch(FETCH, timeout=FETCH_SECONDS)
            except TimeoutError:  # the client's own kind, or asyncio's
                # Still there, and whole? A restarted broker may have lost it, and another release's replica that
                # bound in the same moment may have written its own subjects over ours.
                present = _subjects_of((await subscription.consumer_info()).config)
                if not {s.kind.filter for s in group if s.handler is not None} <= present:
                    return
                continue
            self._busy.add(name)
            try:
                await self._process_fetch(processor, messages)
            finally:
                self._busy.discard(name)
            if processor.gathers and len(messages) < FETCH:
                await asyncio.sleep(processor.gathers)

    @asynccontextmanager
    async def _bound(self, name: str, stream: str, group: list[Subscription]) -> AsyncIterator[Any]:
        """The consumer for as long as it is asked. Whoever stops asking closes the inbox: a question that the client still
        holds when the broker comes back would be answered there, and what is in the answer would wait for redelivery."""
        subscription = await self._bind(name, stream, group)
        try:
            yield subscription
        finally:
            with suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def _bind(self, name: str, stream: str, group: list[Subscription]) -> Any:
        js = await self._bus.jetstream()
        config = ConsumerConfig(
            durable_name=name,
            filter_subjects=sorted(await self._subjects(js, name, stream, group)),
            ack_policy=AckPolicy.EXPLICIT,
            deliver_policy=DeliverPolicy.ALL,
            ack_wait=self._redelivery_seconds,
            max_deliver=-1,
            max_ack_pending=256,
        )
        await js.add_consumer(stream, config)
        return await js.pull_subscribe_bind(name, stream)

    @staticmethod
    async def _subjects(js: JetStreamContext, name: str, stream: str, group: list[Subscription]) -> set[str]:
        """What the consumer reads: our events, and those of another release's replicas, but what ours takes back."""
        try:
            known = _subjects_of((await js.consumer_info(stream, name)).config)
        except NotFoundError:
            known = set()
        taken_back = {s.kind.filter for s in group if s.handler is None}
        return (known | {s.kind.filter for s in group}) - taken_back

    async def _process_fetch(self, processor: Processor, messages: list[Msg]) -> None:
        if processor.bulk and len(messages) > 1 and await self._process_bulk(processor, messages):
            return
        async with self._held(messages) as waiting:
            while waiting:
                if self._draining:
                    await waiting[0].nak()
                else:
                    await self._process(processor, waiting[0])
                waiting.popleft()

    @asynccontextmanager
    async def _held(self, messages: list[Msg]) -> AsyncIterator[deque[Msg]]:
        """What was fetched and is not done yet stays ours: the broker is told so before it would deliver it again."""
        waiting = deque(messages)

        async def hold() -> None:
            while True:
                await asyncio.sleep(self._redelivery_seconds / 3)
                for message in list(waiting):
                    await message.in_progress()

        holding = asyncio.create_task(hold())
        try:
            yield waiting
        finally:
            holding.cancel()

    async def _process_bulk(self, processor: Processor, messages: list[Msg]) -> bool:
        """Processes a whole fetch; returns False, with nothing applied of what failed, when it must go one by one."""
        outcome = await asyncio.get_running_loop().run_in_executor(self._pool, self._apply_bulk, processor, messages)
        if outcome is None:
            return False
        for message in messages:
            await _answer(message, outcome)
        return True

    def _apply_bulk(self, processor: Processor, messages: list[Msg]) -> Ended | float | None:
        """Runs in a worker thread; returns how all of them ended, or the seconds after which to deliver them again.

        None: they must be applied one by one.
        """
        try:
            by_tenant: dict[UUID, list[tuple[UUID, str, bytes]]] = {}
            for message in messages:
                headers = dict(message.headers or {})
                one = (UUID(headers["Nats-Msg-Id"]), headers.get("ce-type", ""), message.data)
                by_tenant.setdefault(UUID(message.subject.split(".")[3]), []).append(one)
            for tenant_id, theirs in by_tenant.items():
                # One transaction for requests of many traces: a trace of its own, begun by none of them.
                with telemetry.span(f"{processor.consumer} process bulk", SpanKind.CONSUMER):
                    processor.apply_bulk(tenant_id, theirs)
        except UnknownEvent:
            return None
        except (Unavailable, Retry) as error:  # none of them would fare better alone
            log.warning("bulk waits", consumer=processor.consumer, error=error)
            return backoff_seconds(min(messages[0].metadata.num_delivered, 6))
        except Exception as error:
            log.warning("bulk goes one by one", consumer=processor.consumer, error=error)
            return None
        return Ended.ACK

    async def _process(self, processor: Processor, message: Msg) -> None:
        started = monotonic()
        outcome = await asyncio.get_running_loop().run_in_executor(self._pool, self._apply, processor, message)
        ended = outcome.value if isinstance(outcome, Ended) else "retry"
        duration.record(monotonic() - started, {"consumer": processor.consumer, "outcome": ended})
        await _answer(message, outcome)

    def _apply(self, processor: Processor, message: Msg) -> Ended | float:
        """Runs in a worker thread; returns how the message ended, or the seconds after which to deliver it again."""
        headers = dict(message.headers or {})
        attempts = message.metadata.num_delivered
        parts = message.subject.split(".")
        try:
            tenant_id, message_id = UUID(parts[3]), UUID(headers["Nats-Msg-Id"])
        except (ValueError, IndexError, KeyError) as error:
            log.error("message without tenant or id", subject=message.subject, error=error)
            return Ended.TERM
        with telemetry.span(
            f"{processor.consumer} process", SpanKind.CONSUMER, headers, subject=".".join(parts[:3] + parts[4:])
        ) as span:
            try:
                processor.apply(
                    tenant_id=tenant_id,
                    message_id=message_id,
                    event_type=headers.get("ce-type", ""),
                    payload=message.data,
                )
                return Ended.ACK
            except (Unavailable, Retry) as error:  # not the message's fault: the limit does not count
                telemetry.mark_error(span, type(error).__name__)
                return backoff_seconds(min(attempts, 6))
            except UnknownEvent as error:
                if attempts < UNKNOWN_LIMIT:
                    return min(UNKNOWN_SECONDS, backoff_seconds(attempts))
                return self._give_up(processor, tenant_id, message_id, message, error)
            except Exception as error:
                telemetry.mark_error(span, type(error).__name__)
                log.error(
                    "handler failed",
                    exception=error,
                    consumer=processor.consumer,
                    attempts=attempts,
                    message_id=message_id,
                )
                if attempts < DELIVERY_LIMIT and not isinstance(error, Unprocessable):
                    return backoff_seconds(attempts)
                return self._give_up(processor, tenant_id, message_id, message, error)

    @staticmethod
    def _give_up(
        processor: Processor, tenant_id: UUID, message_id: UUID, message: Msg, error: Exception
    ) -> Ended | float:
        """Keeps the message as a dead letter; what to do with it afterwards, as `_apply`."""
        attempts = message.metadata.num_delivered
        try:
            processor.give_up(
                tenant_id=tenant_id, message_id=message_id, message=message, error=error, attempts=attempts
            )
        except Exception as failure:
            log.error("dead letter not written", exception=failure)
            return backoff_seconds(attempts)
        return Ended.TERM


async def _answer(message: Msg, outcome: Ended | float) -> None:
    """Tells the broker how a message ended, or after how many seconds to deliver it again."""
    if outcome is Ended.ACK:
        await message.ack()
    elif outcome is Ended.TERM:
        await message.term()
    else:
        await message.nak(delay=outcome)


def _subjects_of(config: ConsumerConfig) -> set[str]:
    """What a consumer reads: the broker keeps a single subject in a field of its own."""
    return {*(config.filter_subjects or ()), *([config.filter_subject] if config.filter_subject else ())}
