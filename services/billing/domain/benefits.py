"""What a plan makes the patient pay for one kind of service, out of the benefits of a 271."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from billing.domain.eligibility import REMAINING, VISIT
from billing.domain.x12.eligibility import HEALTH_BENEFIT_PLAN, OFFICE_VISIT, Benefit, Information

# EB06 of an amount for the whole of a plan's year: service year, calendar year, contract, or not said.
WHOLE_YEAR = ("22", "23", "25", "")
# Where a kind of service is not answered for, what holds for the whole plan does; an office visit's copay has many names.
OFFICE_VISITS = (OFFICE_VISIT, "BY", "BZ", "96", "UC")
NO, YES = "N", "Y"


@dataclass(frozen=True, slots=True)
class CostShare:
    """In network, minor units; None: the payer did not say. Coinsurance in hundredths of a percent of what is allowed."""

    service_type: str
    covered: bool | None = None
    copay_minor: int | None = None
    coinsurance_basis_points: int | None = None
    deductible_minor: int | None = None
    deductible_left_minor: int | None = None
    out_of_pocket_minor: int | None = None
    out_of_pocket_left_minor: int | None = None
    # EB11: whether the payer wants the service authorised beforehand.
    authorisation_required: bool = False
    messages: tuple[str, ...] = ()


def service_types(benefits: Iterable[Benefit]) -> tuple[str, ...]:
    """The kinds of service that the payer answered for (EB03), each once, in order."""
    return tuple(sorted({one for benefit in benefits for one in benefit.service_types}))


def cost_share(benefits: Sequence[Benefit], service_type: str, on: date) -> CostShare:
    """What the patient pays for a kind of service on a day.

    What is said of the service itself comes before what is said of the whole plan (30); of an individual's and a family's remaining
    deductible the smaller one is what is left, because a family's that is met meets everybody's.
    """
    asked = (*OFFICE_VISITS,) if service_type == OFFICE_VISIT else (service_type,)
    mine = [b for b in benefits if b.in_network != NO and _holds(b, on)]
    own = [b for b in mine if set(b.service_types) & set(asked)]
    plan = [b for b in mine if not b.service_types or HEALTH_BENEFIT_PLAN in b.service_types]
    near = [own, plan]
    copay = _first(near, Information.COPAYMENT, (VISIT, ""), lambda b: b.amount_minor)
    share = _first(near, Information.COINSURANCE, (VISIT, *WHOLE_YEAR), lambda b: b.fraction)
    return CostShare(
        service_type=service_type,
        covered=_covered(own, plan),
        copay_minor=copay.amount_minor if copay else None,
        coinsurance_basis_points=_basis_points(share.fraction) if share and share.fraction is not None else None,
        deductible_minor=_amount(near, Information.DEDUCTIBLE, WHOLE_YEAR),
        deductible_left_minor=_amount(near, Information.DEDUCTIBLE, (REMAINING,)),
        out_of_pocket_minor=_amount(near, Information.OUT_OF_POCKET, WHOLE_YEAR),
        out_of_pocket_left_minor=_amount(near, Information.OUT_OF_POCKET, (REMAINING,)),
        authorisation_required=any(b.authorisation_required == YES for b in own),
        messages=tuple(dict.fromkeys(message for b in own for message in b.messages)),
    )


def _holds(benefit: Benefit, on: date) -> bool:
    return (benefit.starts is None or benefit.starts <= on) and (benefit.ends is None or on <= benefit.ends)


def _covered(own: Sequence[Benefit], plan: Sequence[Benefit]) -> bool | None:
    for level in (own, plan):
        codes = {b.information for b in level}
        if Information.NOT_COVERED in codes:
            return False
        if codes & {"1", "2", "3", "4", "5"}:
            return True
        if codes & {"6", "7", "8"}:
            return False
    return None


def _first(
    levels: Sequence[Sequence[Benefit]],
    information: Information,
    periods: Sequence[str],
    value: Callable[[Benefit], object],
) -> Benefit | None:
    """The nearest benefit: of the service before the plan's, an individual's before a family's, by period as listed."""
    for level in levels:
        fitting = [b for b in level if b.information == information and b.period in periods and value(b) is not None]
        if fitting:
            return min(fitting, key=lambda b: (b.level == "FAM", periods.index(b.period)))
    return None


def _amount(levels: Sequence[Sequence[Benefit]], information: Information, periods: Sequence[str]) -> int | None:
    """A year's amount, or what is left of it: the smaller of the individual's and the family's."""
    for level in levels:
        amounts = [
            b.amount_minor
            for b in level
            if b.information == information and b.period in periods and b.amount_minor is not None
        ]
        if amounts:
            return min(amounts)
    return None


def _basis_points(fraction: Decimal) -> int:
    return int((fraction * 10_000).quantize(Decimal(1), ROUND_HALF_UP))
