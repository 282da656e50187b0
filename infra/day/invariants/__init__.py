"""What must be true at the end of every day, whatever happened in it. Each module holds the proofs of one subject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.day.context import Day


@dataclass(frozen=True)
class Finding:
    """The outcome of one proof: how many things were looked at, and what was wrong with which of them."""

    name: str
    count: int
    failures: list[str] = field(default_factory=list)
    # A proof that looked at nothing has proved nothing, unless nothing is what it expects.
    may_be_empty: bool = False

    @property
    def passed(self) -> bool:
        return not self.failures and (self.count > 0 or self.may_be_empty)


Proof = Callable[["Day"], Finding]


def proofs() -> list[Proof]:
    """Every proof, in the order a reader would ask. What they ask of outside parties counts all tenants of the installation."""
    from infra.day.invariants import audit, booking, claims, events, ledger, messages

    return [
        *booking.PROOFS,
        *messages.PROOFS,
        *claims.PROOFS,
        *ledger.PROOFS,
        *events.PROOFS,
        *audit.PROOFS,
    ]


def check_all(day: Day) -> list[Finding]:
    """All proofs of a finished day."""
    from infra.day.invariants import kills

    return [proof(day) for proof in [*proofs(), *(kills.PROOFS if day.options.chaos else [])]]
