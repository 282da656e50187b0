"""Chaos: enough was killed for the other proofs to mean something. Asked only of days that were to be lived under kills."""

from __future__ import annotations

from collections import Counter

from infra.day.context import Day
from infra.day.invariants import Finding
from infra.local.servers import SERVICES

VICTIMS = (*SERVICES, "gateway", "NATS", "PostgreSQL")
LEAST_KILLS = 20
LEAST_KILLS_EACH = 2


def enough_was_killed(day: Day) -> Finding:
    """At least twenty processes were killed while they ran, each service, the gateway, NATS and PostgreSQL twice."""
    killed = Counter(strike.victim for strike in day.strikes if strike.process is not None)
    failures = [
        f"{victim} was killed {killed[victim]} times of {LEAST_KILLS_EACH}"
        for victim in VICTIMS
        if killed[victim] < LEAST_KILLS_EACH
    ]
    if killed.total() < LEAST_KILLS:
        failures.append(f"{killed.total()} kills of {LEAST_KILLS}")
    failures += [
        f"{strike.victim} was dead already at {strike.point}" for strike in day.strikes if strike.process is None
    ]
    return Finding("every part was killed twice, and twenty kills were survived", killed.total(), failures)


PROOFS = [enough_was_killed]
