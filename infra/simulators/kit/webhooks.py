"""Webhooks to our side: kept on disk, signed, sent in order within a lane, and tried again until a 2xx comes."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from urllib.parse import urlsplit

import urllib3

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
    attempts: int = 0


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
        self._http = urllib3.PoolManager(maxsize=PARALLEL_LANES, retries=False, timeout=TIMEOUT_SECONDS)

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

    def owed(self) -> int:
        """How many are due by now and have not been taken: their receiver is away, and they are being tried again."""
        now = stamp(self._clock.now())
        row = self._database.one("SELECT count(*) AS n FROM webhook WHERE delivered = 0 AND due_at <= ?", now)
        return int(row["n"]) if row else 0

    def next_due(self) -> str | None:
        """The earliest future business instant at which one is to be sent; overdue ones are retried in real time."""
        now = stamp(self._clock.now())
        row = self._database.one("SELECT min(due_at) AS at FROM webhook WHERE delivered = 0 AND due_at > ?", now)
        return row["at"] if row else None

    def deliver_due(self) -> int:
        """Tries everything due by now once, lanes in parallel, and returns how many were taken (2xx).

        A lane whose first webhook was refused again and again waits for its retry, in real time.
        """
        with self._sending:
            rows = self._database.all(
                "SELECT id, lane, url, body, content_type, secret, attempts, retry_at FROM webhook"
                " WHERE delivered = 0 AND due_at <= ? ORDER BY lane, due_at, id",
                stamp(self._clock.now()),
            )
            lanes = [list(lane) for _, lane in groupby(rows, key=lambda row: row["lane"])]
            ready = [_webhooks(lane) for lane in lanes if lane[0]["retry_at"] <= time.time()]
            if not ready:
                return 0
            unreachable: set[str] = set()
            with ThreadPoolExecutor(max_workers=PARALLEL_LANES) as pool:
                return sum(pool.map(lambda lane: self._send_lane(lane, unreachable), ready))

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
            if urlsplit(webhook.url).netloc in unreachable or not self._send(webhook, unreachable):
                break  # the order within a lane is kept: the rest waits for the one that failed
            taken += 1
        return taken

    def _send(self, webhook: Webhook, unreachable: set[str]) -> bool:
        headers = {"Content-Type": webhook.content_type, **self._sign(webhook)}
        delivered = False
        try:
            answer = self._http.request("POST", webhook.url, body=webhook.body, headers=headers, redirect=False)
            delivered = 200 <= answer.status < 300
            if not delivered:
                log.info("webhook %d was answered %d", webhook.id, answer.status)
        except urllib3.exceptions.HTTPError as error:
            unreachable.add(urlsplit(webhook.url).netloc)
            log.info("webhook %d could not be sent: %s", webhook.id, error)
        with self._database.transaction() as connection:
            change = "UPDATE webhook SET attempts = attempts + 1, delivered = ?, retry_at = ? WHERE id = ?"
            connection.execute(change, (int(delivered), time.time() + _pause(webhook.attempts), webhook.id))
        return delivered

    def _seconds_to_next(self) -> float | None:
        """How long the background thread may sleep: None = until something is added."""
        now = self._clock.now()
        due = self._database.one(
            "SELECT min(retry_at) AS retry_at FROM webhook WHERE delivered = 0 AND due_at <= ?", stamp(now)
        )
        if due and due["retry_at"] is not None:
            return max(FIRST_RETRY_SECONDS, float(due["retry_at"]) - time.time())
        upcoming = self.next_due()
        if upcoming is None or self._clock.simulated:
            return None
        return max(0.0, (datetime.fromisoformat(upcoming) - now) / timedelta(seconds=1))

    def _retry_forever(self) -> None:
        while not self._stopped:
            woken = self._wake.wait(timeout=self._seconds_to_next())
            self._wake.clear()
            if not woken and not self._stopped:  # woken = something was added: look anew at how long to sleep
                self.deliver_due()


def _webhooks(rows: list[sqlite3.Row]) -> list[Webhook]:
    return [Webhook(**{name: row[name] for name in row.keys() if name != "retry_at"}) for row in rows]  # noqa: SIM118


def _pause(failures_before: int) -> float:
    """Seconds until the next attempt: none after a first failure, then twice as long each time."""
    return (
        0.0 if failures_before == 0 else min(FIRST_RETRY_SECONDS * 2 ** min(failures_before, 8), LONGEST_RETRY_SECONDS)
    )
