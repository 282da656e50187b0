"""What care will cost the patient, before it is given: from the contract and the benefits, or from the clinic's own prices.

Copay and deductible as plans usually have them: an office visit that has a copay costs the copay and nothing else; every other
service is paid up to what is left of the deductible, and beyond it by the coinsurance. What is left of the out-of-pocket maximum
bounds all of it. Nobody protected from cost sharing owes anything (QMB: 42 U.S.C. 1396a(n)(3)(B)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain.benefits import CostShare
from billing.domain.business_days import add_business_days
from billing.domain.procedure_ranges import names

# Visits that a plan's copay is for: CPT evaluation and management in the office and by video or phone.
VISIT_PROCEDURES = ("99202-99215", "98000-98016", "99381-99397", "99241-99245", "G0402", "G0438-G0439")
# 45 CFR 149.620(b)(1): a bill that exceeds the good-faith estimate by so much may be disputed.
SUBSTANTIAL_EXCESS_MINOR = 40_000


@dataclass(frozen=True, slots=True)
class PricedService:
    """A service with its prices for all units, minor units; `allowed_minor` None: no contract says what the payer allows."""

    procedure: str
    modifiers: tuple[str, ...]
    units: int
    charge_minor: int
    allowed_minor: int | None = None


@dataclass(frozen=True, slots=True)
class EstimatedService:
    """A service and what the patient will pay of it; `expected_minor` is what all parties together will pay."""

    procedure: str
    modifiers: tuple[str, ...]
    units: int
    charge_minor: int
    expected_minor: int
    patient_minor: int
    copay_minor: int = 0
    deductible_minor: int = 0
    coinsurance_minor: int = 0


def insured_shares(
    services: Sequence[PricedService], share: CostShare, *, protected: bool = False
) -> tuple[EstimatedService, ...]:
    """Each service with the patient's part, in the order given. The parts never exceed what is allowed, nor what is left out of pocket."""
    copay_left = share.copay_minor if any(_is_visit(one) for one in services) else None
    deductible_left = share.deductible_left_minor or 0
    pocket = share.out_of_pocket_left_minor
    found = []
    for service in services:
        allowed = (
            service.charge_minor if service.allowed_minor is None else min(service.allowed_minor, service.charge_minor)
        )
        copay = deductible = coinsurance = 0
        if not protected and share.covered is not False:
            if copay_left is not None and _is_visit(service):
                copay, copay_left = min(copay_left, allowed), max(copay_left - allowed, 0)
            else:
                deductible = min(deductible_left, allowed)
                coinsurance = part_of(allowed - deductible, share.coinsurance_basis_points or 0)
        elif not protected:
            coinsurance = allowed  # what the plan does not cover is the patient's
        copay, deductible, coinsurance = _within(
            pocket if share.covered is not False else None, copay, deductible, coinsurance
        )
        patient = copay + deductible + coinsurance
        deductible_left -= deductible
        pocket = None if pocket is None else pocket - patient
        found.append(
            EstimatedService(
                service.procedure,
                service.modifiers,
                service.units,
                service.charge_minor,
                allowed,
                patient,
                copay,
                deductible,
                coinsurance,
            )
        )
    return tuple(found)


def self_pay_shares(services: Sequence[PricedService], total_minor: int) -> tuple[EstimatedService, ...]:
    """Each service at its part of a total that the patient pays (after discounts), to the cent."""
    charges = [service.charge_minor for service in services]
    return tuple(
        EstimatedService(s.procedure, s.modifiers, s.units, s.charge_minor, part, part)
        for s, part in zip(services, spread(total_minor, charges), strict=True)
    )


def spread(total_minor: int, weights: Sequence[int]) -> list[int]:
    """An amount shared out by weights: the parts add up to it exactly, and no part exceeds its weight when the amount does not exceed
    their sum. The largest remainders get the odd cents, the earlier first."""
    weight = sum(weights)
    if weight == 0:
        return [0] * len(weights)
    parts = [total_minor * one // weight for one in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(total_minor * weights[at] % weight), at))
    for at in by_remainder[: total_minor - sum(parts)]:
        parts[at] += 1
    return parts


def part_of(amount_minor: int, basis_points: int) -> int:
    """A share of an amount; half a cent is rounded up."""
    return (amount_minor * basis_points + 5_000) // 10_000


def good_faith_due(asked_on: date, service_date: date, *, requested: bool) -> date | None:
    """The last day on which the good-faith estimate may be given; None: the visit is so near that none is owed.

    45 CFR 149.610(b)(1)(vi): scheduled at least 10 business days before: within 3 business days after scheduling; at least 3 business
    days before: within 1; when the patient asks for it: within 3 business days after asking.
    """
    if requested or add_business_days(asked_on, 10) <= service_date:
        return add_business_days(asked_on, 3)
    return add_business_days(asked_on, 1) if add_business_days(asked_on, 3) <= service_date else None


def substantially_exceeds(billed_minor: int, estimated_minor: int) -> bool:
    """Whether a bill may be disputed against its good-faith estimate (45 CFR 149.620(b)(1): at least $400 more)."""
    return billed_minor - estimated_minor >= SUBSTANTIAL_EXCESS_MINOR


def _is_visit(service: PricedService) -> bool:
    return names(VISIT_PROCEDURES, service.procedure)


def _within(pocket: int | None, *parts: int) -> tuple[int, int, int]:
    """The parts, cut where what is left out of pocket ends."""
    kept = []
    for part in parts:
        taken = part if pocket is None else min(part, max(pocket, 0))
        pocket = None if pocket is None else pocket - taken
        kept.append(taken)
    return kept[0], kept[1], kept[2]
