"""How one payer is called at different clearinghouses: each gives payers ids of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class PayerRoute:
    """A payer's ids at one clearinghouse (its ISA08) for services of a period; '' where they are the payer's general ones."""

    clearinghouse: str
    start: date
    end: date | None
    claims_id: str = ""
    eligibility_id: str = ""
    filing_indicator: str = ""

    def covers(self, day: date) -> bool:
        """Whether it holds for a service on `day`."""
        return self.start <= day and (self.end is None or day <= self.end)


def route_on(routes: Iterable[PayerRoute], clearinghouse: str, day: date) -> PayerRoute | None:
    """The payer's ids at a clearinghouse for services of a day; None: its general ones."""
    return next((route for route in routes if route.clearinghouse == clearinghouse and route.covers(day)), None)


def faults_of(routes: Sequence[PayerRoute]) -> list[tuple[int, str]]:
    """What is wrong with a payer's routes: (index, what). Of one clearinghouse only one may hold on a day."""
    faults = []
    for index, route in enumerate(routes):
        if route.end is not None and route.end < route.start:
            faults.append((index, "ends before it starts"))
        elif any(_overlap(route, other) for other in routes[:index]):
            faults.append((index, "overlaps another period of this clearinghouse"))
        elif not (route.claims_id or route.eligibility_id or route.filing_indicator):
            faults.append((index, "says nothing that differs from the payer's general ids"))
    return faults


def _overlap(one: PayerRoute, other: PayerRoute) -> bool:
    return (
        one.clearinghouse == other.clearinghouse
        and (other.end is None or one.start <= other.end)
        and (one.end is None or other.start <= one.end)
    )
