"""Discounts by rule, never by favour: the sliding fee by household and income, self-pay and prompt pay.

The sliding fee follows HRSA's Health Center Program Compliance Manual, chapter 9: by household size and income against the federal
poverty guidelines of the day; up to 100 % a full discount or a nominal charge, partial discounts in steps up to 200 %, none above.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from billing.domain.estimates import part_of, spread
from billing.domain.poverty_guidelines import Guideline, Region

FULL = 10_000
# A thousand times the guideline.
MOST_POVERTY_LEVEL = 1_000 * FULL


class Reduction(StrEnum):
    """What a step of the sliding fee leaves the patient to pay."""

    NOMINAL = "nominal"  # a fixed amount for the visit
    SHARE = "share"  # a share of the charge


@dataclass(frozen=True, slots=True)
class Step:
    """Households up to so much of the guideline pay this: minor units a visit, or hundredths of a percent of the charge."""

    up_to_basis_points: int
    reduction: Reduction
    value: int

    def pays(self, charge_minor: int) -> int:
        """What the patient pays of a visit's charges."""
        if self.reduction is Reduction.NOMINAL:
            return min(self.value, charge_minor)
        return part_of(charge_minor, self.value)


@dataclass(frozen=True, slots=True)
class PromptPay:
    """Who pays the rest within so many days of the signature is let off a share of what they were asked for."""

    basis_points: int
    days: int
    minimum_minor: int = 0

    def let_off(self, asked_minor: int) -> int:
        """How much is let off, minor units."""
        return part_of(asked_minor, self.basis_points) if asked_minor >= self.minimum_minor else 0

    def in_time(self, signed_on: date, today: date) -> bool:
        """Whether it is still prompt."""
        return today <= signed_on + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the discounts. `self_pay_basis_points`: let off whoever has no insurance, whatever their income."""

    steps: tuple[Step, ...] = ()
    self_pay_basis_points: int = 0
    prompt_pay: PromptPay | None = None
    region: Region = Region.CONTIGUOUS


def faults_of(policy: Policy) -> list[tuple[str, str]]:
    """What is wrong with a policy: (field, what)."""
    faults = []
    for index, (before, after) in enumerate(pairwise(policy.steps)):
        if after.up_to_basis_points <= before.up_to_basis_points:
            faults.append((f"steps[{index + 1}].up_to_basis_points", "must be above the step before it"))
        if after.reduction is before.reduction and after.value < before.value:
            faults.append(
                (f"steps[{index + 1}].value", "must not be below the step before it: less income never pays more")
            )
    for index, step in enumerate(policy.steps):
        if step.reduction is Reduction.SHARE and not 0 <= step.value <= FULL:
            faults.append((f"steps[{index}].value", "must be a share of 0 to 10000"))
    return faults


def poverty_level(income_minor: int, household_size: int, guideline: Guideline) -> int:
    """A household's yearly income in hundredths of a percent of its guideline, rounded down (in the household's favour).

    Beyond MOST_POVERTY_LEVEL, where no step reaches, it is that.
    """
    return min(income_minor * FULL // guideline.of(household_size), MOST_POVERTY_LEVEL)


def step_of(steps: Iterable[Step], poverty_basis_points: int) -> Step | None:
    """The step of a household; None: its income is above them all."""
    return next((step for step in steps if poverty_basis_points <= step.up_to_basis_points), None)


@dataclass(frozen=True, slots=True)
class Discount:
    """What is let off a visit, by line in the order given, and what the patient pays; minor units."""

    kind: str  # sliding_fee, self_pay, prompt_pay, none
    let_off: tuple[int, ...]
    pays_minor: int

    @property
    def total_minor(self) -> int:
        """All that is let off."""
        return sum(self.let_off)


def discount(owed: Sequence[int], policy: Policy, poverty_basis_points: int | None, *, insured: bool) -> Discount:
    """What is let off the amounts that a patient owes on a visit's lines: the sliding fee where the household has one, else the
    self-pay discount where nobody insures the visit; never more than is owed, never both."""
    total = sum(owed)
    step = step_of(policy.steps, poverty_basis_points) if poverty_basis_points is not None else None
    if step is not None:
        return _taken("sliding_fee", owed, total - step.pays(total))
    if not insured and policy.self_pay_basis_points:
        return _taken("self_pay", owed, part_of(total, policy.self_pay_basis_points))
    return Discount("none", tuple(0 for _ in owed), total)


def within(found: Discount, owed: Sequence[int]) -> Discount:
    """The discount as far as it is still owed, line by line: what was paid already is not given back."""
    let_off = tuple(min(off, due) for off, due in zip(found.let_off, owed, strict=True))
    return Discount(found.kind if any(let_off) else "none", let_off, sum(owed) - sum(let_off))


def prompt_pay(owed: Sequence[int], asked_minor: int, policy: Policy) -> Discount:
    """What is let off what is still owed when the rest was paid in time: nothing unless it covers all that is owed."""
    most = policy.prompt_pay.let_off(asked_minor) if policy.prompt_pay else 0
    total = sum(owed)
    if 0 < total <= most:
        return _taken("prompt_pay", owed, total)
    return Discount("none", tuple(0 for _ in owed), total)


def _taken(kind: str, owed: Sequence[int], off_minor: int) -> Discount:
    return Discount(kind, tuple(spread(off_minor, owed)), sum(owed) - off_minor)
