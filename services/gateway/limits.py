"""Throughput limits: token buckets per principal, tenant and client address, in each process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from chassis.errors import RateLimited

# A bucket holds this many seconds' worth, so that a page that asks ten things at once is no offence.
BURST_SECONDS = 2.0
# Beyond this, buckets that are full again are forgotten.
MAX_BUCKETS = 20_000


class Buckets:
    """One kind of limit: ``rate`` requests a second for each key; 0 means no limit."""

    def __init__(self, rate: float, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._size = max(1.0, rate * BURST_SECONDS)
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        """Takes one token of a key. Raises RateLimited with the seconds until there is one."""
        if self._rate <= 0:
            return
        now = self._monotonic()
        with self._lock:
            tokens, at = self._buckets.get(key, (self._size, now))
            tokens = min(self._size, tokens + (now - at) * self._rate)
            if tokens < 1.0:
                self._buckets[key] = (tokens, now)
                raise RateLimited(retry_after=(1.0 - tokens) / self._rate)
            self._buckets[key] = (tokens - 1.0, now)
            if len(self._buckets) > MAX_BUCKETS:
                self._forget_full(now)

    def _forget_full(self, now: float) -> None:
        idle = [key for key, (tokens, at) in self._buckets.items() if tokens + (now - at) * self._rate >= self._size]
        for key in idle:
            del self._buckets[key]


class Limits:
    """The limits of a process: the installation's limit divided by the replicas that share it."""

    def __init__(
        self,
        *,
        principal: float,
        tenant: float,
        address: float,
        webhook: float,
        replicas: int,
        monotonic: Callable[[], float],
    ) -> None:
        share = max(1, replicas)
        self._principals = Buckets(principal / share, monotonic)
        self._tenants = Buckets(tenant / share, monotonic)
        self._addresses = Buckets(address / share, monotonic)
        self._webhooks = Buckets(webhook / share, monotonic)

    def take(self, principal_id: str, tenant_id: str, address: str) -> None:
        """Counts one request: of a verified principal (and its tenant), else of an address. Raises RateLimited."""
        if not principal_id:
            self._addresses.take(address)
            return
        self._principals.take(principal_id)
        if tenant_id:
            self._tenants.take(tenant_id)

    def take_webhook(self, path: str) -> None:
        """Counts one call of an outside party. Its receipts come in floods from few addresses. Raises RateLimited."""
        self._webhooks.take(path)
