"""Keeps a carrier that hangs from taking all worker threads: after several slow failures in a row it is left alone."""

from __future__ import annotations

from chassis.clock import monotonic
from chassis.peers import Breaker
from notifications.adapters.outcome import Carrier, Parcel
from notifications.domain.delivery import UNREACHABLE, HandOver, Refused

# A refused connection costs nothing and is no reason to stop trying; waiting for an answer that does not come is.
SLOW_SECONDS = 1.0


class Guarded:
    """A carrier behind a circuit breaker."""

    def __init__(self, carrier: Carrier, slow_seconds: float = SLOW_SECONDS) -> None:
        self._carrier = carrier
        self._slow_seconds = slow_seconds
        self._breaker = Breaker()

    def hand_over(self, parcel: Parcel) -> HandOver:
        """Hands over. Raises Unavailable while the breaker is open: the attempt does not count and is repeated soon."""
        self._breaker.check()
        started = monotonic()
        outcome = self._carrier.hand_over(parcel)
        unreachable = isinstance(outcome, Refused) and outcome.code == UNREACHABLE
        if unreachable and monotonic() - started >= self._slow_seconds:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return outcome
