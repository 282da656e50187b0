"""Payers and what they demand, as data with dates.

A payer's rules are a row of periods of service dates; a rule is looked up for the day of service, never for today,
because a claim
filed late is judged by what held when the patient was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from billing.domain.payer_demands import PayerDemands
from billing.domain.payer_routes import PayerRoute, route_on


class PayerKind(StrEnum):
    """What sort of payer it is; decides which general rules apply."""

    MEDICARE_B = "medicare_b"
    MEDICAID = "medicaid"
    COMMERCIAL = "commercial"
    SELF_PAY = "self_pay"
    # Pays by invoice, without claims.
    EMPLOYER = "employer"


class ClaimProvider(StrEnum):
    """Whose NPI stands in loop 2310B of the 837P."""

    RENDERING = "rendering"
    SUPERVISING = "supervising"


@dataclass(frozen=True, slots=True)
class TelehealthTable:
    """Place of service (CMS POS codes) and modifier of a visit that was not in person.

    An empty place means that the general one holds (10 at home, 02 elsewhere: CMS POS code set, 2022).
    """

    video_modifier: str = ""
    audio_modifier: str = ""
    home_place: str = "10"
    other_place: str = "02"


@dataclass(frozen=True, slots=True)
class PayerRules:
    """What a payer demands for service dates from `start` to `end` (both included; `end` None: still)."""

    start: date
    end: date | None
    timely_filing_days: int
    corrected_filing_days: int
    silence_alarm_days: int
    claim_provider: ClaimProvider = ClaimProvider.RENDERING
    crosses_over: bool = False
    sequestration: bool = False
    eligibility: bool = False
    telehealth: TelehealthTable = TelehealthTable()
    demands: PayerDemands = field(default_factory=PayerDemands)

    def covers(self, day: date) -> bool:
        """Whether the rules hold for a service on `day`."""
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class PayerProfile:
    """A payer with the rules of one day."""

    payer_id: UUID
    code: str
    name: str
    kind: PayerKind
    # NM109 in 2010BB and in NM1*PR of a 270; also how an 835's payer is recognised.
    x12_payer_id: str
    # SBR09 / CLP06.
    filing_indicator: str
    timely_filing_days: int
    corrected_filing_days: int
    silence_alarm_days: int
    claim_provider: ClaimProvider
    sequestration: bool
    crosses_over: bool
    eligibility: bool
    telehealth: TelehealthTable
    active_from: date
    active_to: date | None
    demands: PayerDemands = field(default_factory=PayerDemands)
    routes: tuple[PayerRoute, ...] = ()

    def through(self, clearinghouse: str, day: date, *, eligibility: bool = False) -> PayerProfile:
        """The payer as a clearinghouse knows it on a day: its id for claims, or for eligibility questions."""
        route = route_on(self.routes, clearinghouse, day)
        if route is None:
            return self
        known_as = route.eligibility_id if eligibility else route.claims_id
        return replace(
            self,
            x12_payer_id=known_as or self.x12_payer_id,
            filing_indicator=route.filing_indicator or self.filing_indicator,
        )

    def active_on(self, day: date) -> bool:
        """Whether services of `day` may be billed to it."""
        return self.active_from <= day and (self.active_to is None or day <= self.active_to)


def rules_on(rules: Sequence[PayerRules], day: date | None) -> PayerRules:
    """The rules that hold for a service on `day` (None: the latest); outside all periods, the nearest one before, else
    the first.

    `rules` is in order of time and not empty.
    """
    if day is None:
        return rules[-1]
    for period in reversed(rules):
        if period.start <= day:
            return period
    return rules[0]


def faults_of(rules: Iterable[PayerRules], active_from: date, active_to: date | None) -> list[tuple[int, str]]:
    """What is wrong with a payer's periods: (index in the given order, what). Empty: they cover its active days once
    and only once.
    """
    ordered = sorted(enumerate(rules), key=lambda pair: pair[1].start)
    faults: list[tuple[int, str]] = []
    for index, period in ordered:
        if period.end is not None and period.end < period.start:
            faults.append((index, "ends before it starts"))
    if faults or not ordered:
        return faults
    if ordered[0][1].start > active_from:
        faults.append((ordered[0][0], f"the first period must start on or before {active_from}"))
    for (_, before), (index, after) in pairwise(ordered):
        if before.end is None or before.end >= after.start:
            faults.append((index, "overlaps the period before it"))
        elif before.end + timedelta(days=1) < after.start:
            faults.append((index, "leaves a gap after the period before it"))
    last_index, last = ordered[-1]
    if last.end is not None and (active_to is None or last.end < active_to):
        faults.append((last_index, "the last period must not end before the payer does"))
    return faults
