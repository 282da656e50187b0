"""Webhooks to our side: kept on disk, signed, sent in order within a lane, and tried again until a 2xx comes."""

from __future__ import annotations

import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from infra.simulators.kit.clock import BusinessClock, stamp
from infra.simulators.kit.database import Database

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 10.0
TIMEOUT_SECONDS = 10.0
PARALLEL_LANES = 4


@dataclass(frozen=True)
class Webhook:
    """One request to be made: the raw body, where to, and the secret that signs it."""

    id: int
    lane: str
    url: str
    body: bytes
    content_type: str
    secret: str


Signer = Callable[[Webhook], Mapping[str, str]]


class WebhookQueue:
    """Sends what is due. `deliver_due` is called when business time moves; failures are retried by one background
    thread in real time, because the receiver may be restarting while simulated time stands still."""

    def __init__(self, database: Database, clock: BusinessClock, sign: Signer) -> None:
        """`sign` gives the signature headers for a webhook at the moment of sending."""
        self._database = database
        self._clock = clock
        self._sign = sign
        self._sending = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def add(self, *, lane: str, due_at: datetime, url: str, body: bytes, content_type: str, secret: str) -> None:
        """Keeps a webhook to be sent at business instant `due_at`; those of one lane go one after the other."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO webhook (lane, due_at, url, body, content_type, secret) VALUES (?, ?, ?, ?, ?, ?)",
                (lane, stamp(due_at), url, body, content_type, secret),
            )
        self._wake.set()

    def pending(self) -> int:
        """How many have not been taken by the receiver yet, due or not."""
        row = self._database.one("SELECT count(*) AS n FROM webhook WHERE delivered = 0")
        return int(row["n"]) if row else 0

    def next_due(self) -> str | None:
        """The earliest future business instant at which one is to be sent; overdue ones are retried in real time."""
        now = stamp(self._clock.now())
        row = self._database.one("SELECT min(due_at) AS at FROM webhook WHERE delivered = 0 AND due_at > ?", now)
        return row["at"] if row else None

    def deliver_due(self) -> int:
        """Tries everything due by now once, lanes in parallel, and returns how many were taken (2xx)."""
        with self._sending:
            rows = self._database.all(
                "SELECT id, lane, url, body, content_type, secret FROM webhook"
                " WHERE delivered = 0 AND due_at <= ? ORDER BY lane, due_at, id",
                stamp(self._clock.now()),
            )
            if not rows:
                return 0
            lanes = [[Webhook(**dict(row)) for row in lane] for _, lane in groupby(rows, key=lambda row: row["lane"])]
            unreachable: set[str] = set()
            with ThreadPoolExecutor(max_workers=PARALLEL_LANES) as pool:
                taken = sum(pool.map(lambda lane: self._send_lane(lane, unreachable), lanes))
        return taken

    def start(self) -> None:
        """Starts the background thread: retries in real time, and delivery when no driver steps the clock."""
        self._thread = threading.Thread(target=self._retry_forever, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the background thread; what is pending stays on disk."""
        self._stopped = True
        self._wake.set()
        if self._thread:
            self._thread.join(timeout=TIMEOUT_SECONDS)

    def _send_lane(self, lane: list[Webhook], unreachable: set[str]) -> int:
        taken = 0
        for webhook in lane:
            if webhook.url in unreachable or not self._send(webhook, unreachable):
                break  # the order within a lane is kept: the rest waits for the one that failed
            taken += 1
        return taken

    def _send(self, webhook: Webhook, unreachable: set[str]) -> bool:
        headers = {"Content-Type": webhook.content_type, **self._sign(webhook)}
        request = urllib.request.Request(webhook.url, data=webhook.body, headers=headers, method="POST")  # noqa: S310 - the driver gives the URL
        delivered = False
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
                delivered = 200 <= response.status < 300
        except urllib.error.HTTPError as answer:
            log.info("webhook %d was answered %d", webhook.id, answer.code)
        except OSError as error:
            unreachable.add(webhook.url)
            log.info("webhook %d could not be sent: %s", webhook.id, error)
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE webhook SET attempts = attempts + 1, delivered = ? WHERE id = ?", (int(delivered), webhook.id)
            )
        return delivered

    def _seconds_to_next(self, failures: int) -> float | None:
        """How long the background thread may sleep: None = until something is added."""
        row = self._database.one("SELECT min(due_at) AS due_at FROM webhook WHERE delivered = 0")
        if row is None or row["due_at"] is None:
            return None
        remaining: float = (datetime.fromisoformat(row["due_at"]) - self._clock.now()) / timedelta(seconds=1)
        if remaining > 0:
            return None if self._clock.simulated else remaining
        return float(min(FIRST_RETRY_SECONDS * 2**failures, LONGEST_RETRY_SECONDS))

    def _retry_forever(self) -> None:
        failures = 0
        while not self._stopped:
            woken = self._wake.wait(timeout=self._seconds_to_next(failures))
            self._wake.clear()
            if woken:
                failures = 0  # something was added or has just been tried: look anew at how long to pause
            elif not self._stopped:
                failures = 0 if self.deliver_due() else min(failures + 1, 5)
