"""Business time: the day's one hand on it.

``BusinessTime.to`` moves from one instant at which somebody has something to do to the next. Each step is published,
acknowledged by every process, lived through by the simulators, and ends only when the whole system has come to rest.
``BusinessTime.tick`` only publishes and hears that everybody knows: the day goes on while the system still works.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import nats
from nats.aio.client import Client

from infra.day.observe import Observer
from infra.local.plan import SIMULATORS
from infra.local.stack import Stack

STEP_SUBJECT: Final = "clock.step"
LAST_SUBJECT: Final = "clock.last"
STREAM: Final = "CLOCK"
ACKNOWLEDGE_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 0.25
# Real seconds in which an outside party must get rid of a webhook; it pauses up to ten between two attempts.
WEBHOOK_SECONDS: Final = 60.0

ONE_MINUTE: Final = timedelta(minutes=1)

Result = TypeVar("Result")


class Time(Protocol):
    """What the steps need of business time."""

    steps: int

    @property
    def now(self) -> datetime:
        """The present business instant, UTC."""

    def to(self, target: datetime, *, grid: timedelta = ONE_MINUTE) -> None:
        """Live on to ``target``."""

    def tick(self, target: datetime) -> None:
        """Tell everybody that it is ``target`` and go on: what is due by then is done meanwhile, beside what people do."""

    def rest(self, target: datetime) -> None:
        """As ``tick``, but return when the system has done all that there is to do by then."""

    def settle(self, *, trail: bool = True) -> None:
        """Return when the system has done all that there is to do now; the audit trail may still be on its way to where it is
        kept without ``trail``."""


class RealTime:
    """Business time of a stack on the system clock: it goes on by itself, and nobody can hurry it."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.steps = 0

    @property
    def now(self) -> datetime:
        """The machine's clock."""
        return datetime.now(UTC)

    def to(self, target: datetime, *, grid: timedelta = ONE_MINUTE) -> None:
        """Only what has passed can have been lived through. Raises ClockError for the future."""
        if target > self.now:
            raise ClockError(f"{target:%Y-%m-%d %H:%M} UTC has not come yet, and the real clock is not stepped")

    def tick(self, target: datetime) -> None:
        """As ``to``: the real clock needs nobody to tell it."""
        self.to(target)

    def rest(self, target: datetime) -> None:
        """As ``to``, and wait until events have reached everybody."""
        self.to(target)
        self.settle()

    def settle(self, *, trail: bool = True) -> None:
        """Wait until events have reached everybody."""
        self._observer.settle(self.now, trail=trail)


class ClockError(Exception):
    """A process did not acknowledge a step, or did not take what an outside party told it."""


@dataclass(frozen=True)
class Outsiders:
    """What the simulators answer to a step: when they do something by themselves next, how many webhooks were taken, and
    how many are due and were not."""

    planned: tuple[datetime, ...]
    sent: int
    owed: int


class Simulator:
    """The control interface of one outside party. Used a thousand times, so the connection is kept, and nothing between."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def tell(self, body: str) -> dict[str, Any]:
        """Step it (``{"now": …}``); returns its answer. Raises ClockError for a refusal."""
        self._connection.request("POST", "/_sim/clock", body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise ClockError(f"{self._connection.host}:{self._connection.port} refused a step: {content.decode()}")
        told: dict[str, Any] = json.loads(content)
        return told


class BusinessTime:
    """Publishes business instants and waits for everybody to have lived through them."""

    def __init__(self, stack: Stack, observer: Observer, start: datetime) -> None:
        self._stack = stack
        self._observer = observer
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="day-bus", daemon=True)
        self._thread.start()
        self._client: Client = self._run(self._connect())
        self._simulators = [Simulator(stack.plan.simulator_control(name)) for name in SIMULATORS]
        self._callers = ThreadPoolExecutor(len(SIMULATORS), "outside")
        # Every process that keeps business time, by its instance name; the gateway has none.
        self._listeners = {f"{service}-1" for service in stack.services}
        self._next_due: datetime | None = None
        self.steps = 0
        self._now = start

    @property
    def now(self) -> datetime:
        """The present business instant."""
        return self._now

    def to(self, target: datetime, *, grid: timedelta = ONE_MINUTE) -> None:
        """Live on to ``target`` (aware), stopping at every instant at which work is due, rounded up to ``grid``."""
        self._require_ahead(target)
        while True:
            instant = target
            if self._next_due is not None and self._next_due < target:
                instant = min(target, max(_round_up(self._next_due, grid), self.now))
            self._step(instant)
            if instant >= target and (self._next_due is None or self._next_due > target):
                return

    def tick(self, target: datetime) -> None:
        """Tell the services that it is ``target`` (aware) and wait only until they know it, as a clinic's minutes go: nobody
        holds their breath until everybody else has finished. Outside parties hear of it at the next rest."""
        self._require_ahead(target)
        self._now = target
        self.steps += 1
        self._require_acknowledged(target, self._tell_services(target))

    def rest(self, target: datetime) -> None:
        """Tell everybody that it is ``target``, outside parties too, and return when all that was due by then is done.
        Unlike ``to``, no stop is made between: for who ticks the minutes by."""
        self._require_ahead(target)
        self._step(target)

    def settle(self, *, trail: bool = True) -> None:
        """Live through the present instant again: what has been asked for meanwhile is done when this returns, and with
        ``trail`` audited."""
        self._step(self.now)
        if trail:
            self._observer.settle(self.now)

    def close(self) -> None:
        """End the connections and their threads."""
        self._callers.shutdown()
        self._run(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _require_ahead(self, target: datetime) -> None:
        if target < self.now:
            raise ValueError(f"business time is {self.now} already, {target} lies before it")

    def _step(self, instant: datetime) -> None:
        self._now = instant
        self.steps += 1
        # Whoever waits for the system to rest need not wait first until everybody has said that they know the time: work
        # that is due stays to be seen until somebody who knows it has done it.
        telling = self._tell_services(instant)
        mine = self._observer.settle(instant, trail=False)
        self._require_acknowledged(instant, telling)
        outside = self._tell_simulators(instant)
        if outside.sent:  # the services have heard of it, and may have something to do now
            mine = self._observer.settle(instant, trail=False)
        deadline = monotonic() + WEBHOOK_SECONDS
        while outside.owed:  # our side was away when they called: they try again, and until then the day is not at rest
            if monotonic() > deadline:
                raise ClockError(f"nobody has taken {outside.owed} webhooks at {_text(instant)}")
            sleep(0.1)
            outside = self._tell_simulators(instant)
            mine = self._observer.settle(instant, trail=False)
        self._next_due = min((*outside.planned, *([mine] if mine else [])), default=None)

    @staticmethod
    def _require_acknowledged(instant: datetime, telling: Future[set[str]]) -> None:
        if missing := telling.result():
            raise ClockError(f"no acknowledgement of {_text(instant)} from {', '.join(sorted(missing))}")

    def _tell_services(self, instant: datetime) -> Future[set[str]]:
        """Who had not acknowledged the instant when the time for it was up."""
        return asyncio.run_coroutine_threadsafe(self._publish(instant), self._loop)

    def _tell_simulators(self, instant: datetime) -> Outsiders:
        """Step each simulator, all at once: they know nothing of each other."""

        body = json.dumps({"now": _text(instant)})
        answers = list(self._callers.map(lambda simulator: simulator.tell(body), self._simulators))
        planned = [datetime.fromisoformat(told["next_due"]) for told in answers if told.get("next_due")]
        return Outsiders(
            planned=tuple(due.astimezone(UTC) for due in planned if due > instant),
            sent=sum(int(told.get("sent", 0)) for told in answers),
            owed=sum(int(told.get("owed", 0)) for told in answers),
        )

    async def _connect(self) -> Client:
        return await nats.connect(
            self._stack.nats.url("ops"),
            name="day",
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.1,
            error_cb=_quietly,
        )

    async def _publish(self, instant: datetime) -> set[str]:
        """Keep the instant for processes that start later, tell those that run, and gather who has acknowledged it."""
        payload = _text(instant).encode()
        deadline = self._loop.time() + ACKNOWLEDGE_SECONDS
        missing = set(self._listeners)
        while True:
            kept = asyncio.create_task(self._keep(payload))
            try:
                await self._ask(payload, missing, deadline)
                await kept
                return missing
            except nats.errors.Error:
                # The broker is being restarted; saying the same instant again changes nothing for who has heard it.
                if self._loop.time() > deadline:
                    return missing
                await asyncio.sleep(0.1)
            finally:
                kept.cancel()

    async def _keep(self, payload: bytes) -> None:
        await self._client.jetstream().publish(LAST_SUBJECT, payload, timeout=2)

    async def _ask(self, payload: bytes, missing: set[str], deadline: float) -> None:
        """Publish a step until nobody is ``missing`` or the deadline has passed."""
        inbox = self._client.new_inbox()
        answers = await self._client.subscribe(inbox)
        try:
            while missing and (left := deadline - self._loop.time()) > 0:
                await self._client.publish(STEP_SUBJECT, payload, reply=inbox)
                # Said again now and then to whoever has only just come back.
                again = self._loop.time() + min(left, AGAIN_SECONDS)
                with contextlib.suppress(nats.errors.TimeoutError):
                    while missing and (wait := again - self._loop.time()) > 0:
                        answer = await answers.next_msg(timeout=wait)
                        if answer.data:  # without: the broker's own word that nobody listens, just after its restart
                            missing.discard(json.loads(answer.data)["process"])
        finally:
            with contextlib.suppress(nats.errors.Error):
                await answers.unsubscribe()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _quietly(error: Exception) -> None:
    """A broken connection is no news here: the next publish waits for it to come back, and says so if it does not."""
    del error


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _round_up(instant: datetime, grid: timedelta) -> datetime:
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    return epoch + -((epoch - instant) // grid) * grid
