"""Prior authorisations and referrals: what a payer has agreed to beforehand, counted down by what was charged.

Nothing is counted in a column: what is left is worked out from the charges that stand, so that a voided or moved charge gives its
units back by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from billing.domain.procedure_ranges import names


class AuthorisationKind(StrEnum):
    """Which number a claim carries."""

    AUTHORISATION = "authorisation"  # REF*G1
    REFERRAL = "referral"  # REF*9F


class Measure(StrEnum):
    """What an authorisation counts."""

    UNITS = "units"
    VISITS = "visits"


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What was agreed to; no `procedures`: any service, no `limit`: as much as is needed."""

    authorisation_id: UUID
    kind: AuthorisationKind
    number: str
    start: date
    end: date | None
    procedures: tuple[str, ...] = ()
    practitioner_id: UUID | None = None
    location_id: UUID | None = None
    measure: Measure = Measure.UNITS
    limit: int | None = None

    def fits(self, use: Use) -> bool:
        """Whether it is about a service like this one, whatever is left of it."""
        return (
            self.start <= use.service_date
            and (self.end is None or use.service_date <= self.end)
            and (not self.procedures or names(self.procedures, use.procedure))
            and self.practitioner_id in (None, use.practitioner_id)
            and self.location_id in (None, use.location_id)
        )


@dataclass(frozen=True, slots=True)
class Use:
    """A service that was charged (or, with no procedure, a visit that is booked)."""

    line_id: UUID
    visit_id: UUID
    service_date: date
    procedure: str
    units: int
    practitioner_id: UUID
    location_id: UUID


@dataclass(frozen=True, slots=True)
class Ledger:
    """Which authorisation each service uses, and how much of each is used."""

    of_line: Mapping[UUID, Authorisation] = field(default_factory=dict)
    used: Mapping[UUID, int] = field(default_factory=dict)
    # Services that an authorisation is about, of which nothing was left for them.
    over: frozenset[UUID] = frozenset()

    def left(self, authorisation: Authorisation) -> int | None:
        """How much is left; None: without limit."""
        if authorisation.limit is None:
            return None
        return authorisation.limit - self.used.get(authorisation.authorisation_id, 0)


def count_down(authorisations: Sequence[Authorisation], uses: Iterable[Use]) -> Ledger:
    """Gives each service, in the order of their days, the authorisation that ends first and has enough left.

    All authorisations are of one kind, one patient and one payer. Never more than its limit is used of any.
    """
    in_order = sorted(
        authorisations, key=lambda one: (one.end or date.max, one.start, one.number, one.authorisation_id)
    )
    of_line: dict[UUID, Authorisation] = {}
    used: dict[UUID, int] = defaultdict(int)
    visits: dict[UUID, set[UUID]] = defaultdict(set)
    over: set[UUID] = set()
    for use in sorted(uses, key=lambda use: (use.service_date, use.visit_id, use.line_id)):
        fitting = [one for one in in_order if one.fits(use)]
        for one in fitting:
            counted = one.measure is Measure.VISITS and use.visit_id in visits[one.authorisation_id]
            cost = 0 if counted else (1 if one.measure is Measure.VISITS else use.units)
            if one.limit is not None and used[one.authorisation_id] + cost > one.limit:
                continue
            used[one.authorisation_id] += cost
            visits[one.authorisation_id].add(use.visit_id)
            of_line[use.line_id] = one
            break
        else:
            over.update([use.line_id] if fitting else [])
    return Ledger(of_line, dict(used), frozenset(over))
