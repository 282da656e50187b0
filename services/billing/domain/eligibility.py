"""What a 271 means for a coverage: active or not, copay, deductible left, coinsurance; what its refusals ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from billing.domain.x12.eligibility import (
    HEALTH_BENEFIT_PLAN,
    OFFICE_VISIT,
    Benefit,
    EligibilityAnswer,
    Information,
)

_ACTIVE = frozenset({"1", "2", "3", "4", "5"})
_INACTIVE = frozenset({"6", "7", "8"})
VISIT, REMAINING = "27", "29"
# Service types that an office visit's copay may stand under, the most particular first.
_VISIT_TYPES = (OFFICE_VISIT, "BY", "BZ", "96", "UC", HEALTH_BENEFIT_PLAN)


class Outcome(StrEnum):
    """What the payer's answer comes to."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    REJECTED = "rejected"  # the payer could not find the person, or refused the question
    UNKNOWN = "unknown"  # no usable answer (yet)


@dataclass(frozen=True, slots=True)
class Summary:
    """Minor units; None: the payer did not say. Coinsurance in basis points of what is allowed (2000 = 20 %)."""

    outcome: Outcome
    plan: str
    copay_minor: int | None
    deductible_left_minor: int | None
    coinsurance_basis_points: int | None
    plan_starts: date | None
    plan_ends: date | None
    other_payers: tuple[str, ...]
    protected: bool  # a Qualified Medicare Beneficiary: owes no cost sharing


@dataclass(frozen=True, slots=True)
class Refusal:
    """One AAA in words: `fix` is what a person does, `again` whether asking again later helps."""

    reason: str
    message: str
    fix: str
    again: bool


# AAA03, X12 code list 901, as far as clinics meet them.
_REASONS: Mapping[str, tuple[str, str]] = {
    "15": ("required application data is missing", "Complete the coverage and ask again."),
    "33": ("input errors", "Check the coverage's data."),
    "41": ("the provider may not ask this payer", "Enrol the provider for eligibility with the payer."),
    "42": ("the payer cannot answer at present", "Nothing: it is asked again."),
    "43": ("the provider's identification is invalid", "Check the NPI's enrolment with the payer."),
    "45": ("the provider's specialty is invalid", "Check the taxonomy code."),
    "50": ("the provider may not be asked about", "Check the NPI's enrolment with the payer."),
    "51": ("the provider is not on file", "Check the NPI's enrolment with the payer."),
    "57": ("the date of service is invalid", "Check the date of the visit."),
    "58": ("the birth date is invalid", "Correct the birth date."),
    "62": ("the date of service is out of the payer's range", "Ask for a later date."),
    "63": ("the date of service lies in the future", "Nothing: it is asked again on the day."),
    "64": ("the patient id is invalid", "Correct the member id from the card."),
    "65": ("the patient's name is invalid", "Write the name as it stands on the card."),
    "67": ("the patient is not found", "Check name, birth date and member id on the card."),
    "71": ("the birth date does not match", "Correct the birth date."),
    "72": ("the member id is invalid", "Correct the member id from the card."),
    "73": ("the name does not match", "Write the name as it stands on the card."),
    "74": ("the sex does not match", "Correct the sex as the payer has it."),
    "75": ("the subscriber is not found", "Check member id and payer on the card."),
    "76": ("the member id is ambiguous", "Ask for the full member id."),
    "78": ("the subscriber is not in the group", "Check the group number on the card."),
    "79": ("the payer or participant is unknown", "Check the payer's X12 id."),
    "80": ("no answer from the payer", "Nothing: it is asked again."),
}
_LATER = frozenset({"42", "80", "63"})


def refusals(answer: EligibilityAnswer) -> tuple[Refusal, ...]:
    """The answer's rejections in words. AAA04 R, W, X, Y and reason 42 or 80 mean: ask again later."""
    found = []
    for rejection in answer.rejections:
        message, fix = _REASONS.get(rejection.reason, (f"reason {rejection.reason}", "Ask the payer."))
        again = rejection.reason in _LATER or rejection.follow_up in ("R", "W", "X", "Y", "P")
        found.append(Refusal(rejection.reason, message, fix, again))
    return tuple(found)


def summarise(answer: EligibilityAnswer, on: date) -> Summary:
    """What the answer says about a visit on `on`, in network, for the individual before the family."""
    benefits = [b for b in answer.benefits if b.in_network != "N" and _holds(b, on)]
    in_plan_dates = (answer.plan_starts is None or answer.plan_starts <= on) and (
        answer.plan_ends is None or on <= answer.plan_ends
    )
    codes = {b.information for b in answer.benefits}
    if answer.rejections and not answer.benefits:
        outcome = Outcome.UNKNOWN if all(r.again for r in refusals(answer)) else Outcome.REJECTED
    elif codes & _ACTIVE and in_plan_dates:
        outcome = Outcome.ACTIVE
    elif codes & _INACTIVE or (codes & _ACTIVE and not in_plan_dates):
        outcome = Outcome.INACTIVE
    else:
        outcome = Outcome.UNKNOWN
    copay = _first(benefits, Information.COPAYMENT, (VISIT, ""), lambda b: b.amount_minor is not None)
    deductible = _first(benefits, Information.DEDUCTIBLE, (REMAINING,), lambda b: b.amount_minor is not None)
    coinsurance = _first(benefits, Information.COINSURANCE, (VISIT, ""), lambda b: b.fraction is not None)
    return Summary(
        outcome=outcome,
        plan=next((b.plan for b in answer.benefits if b.plan), ""),
        copay_minor=copay.amount_minor if copay else None,
        deductible_left_minor=deductible.amount_minor if deductible else None,
        coinsurance_basis_points=_basis_points(coinsurance.fraction) if coinsurance and coinsurance.fraction else None,
        plan_starts=answer.plan_starts,
        plan_ends=answer.plan_ends,
        other_payers=tuple(
            b.related_name for b in answer.benefits if b.information == Information.OTHER_PAYER and b.related_name
        ),
        protected=_is_protected(answer.benefits),
    )


def _holds(benefit: Benefit, on: date) -> bool:
    return (benefit.starts is None or benefit.starts <= on) and (benefit.ends is None or on <= benefit.ends)


def _first(
    benefits: Sequence[Benefit], information: Information, periods: Sequence[str], usable: Callable[[Benefit], bool]
) -> Benefit | None:
    """The most particular benefit: by service type, individual before family, period as asked for."""
    fitting = [b for b in benefits if b.information == information and b.period in periods and usable(b)]
    return min(
        (b for b in fitting if not b.service_types or set(b.service_types) & set(_VISIT_TYPES)),
        key=lambda b: (_rank(b.service_types), b.level == "FAM", periods.index(b.period)),
        default=None,
    )


def _rank(service_types: Iterable[str]) -> int:
    """How near the service types are to an office visit; none named is the farthest."""
    return min((_VISIT_TYPES.index(one) for one in service_types if one in _VISIT_TYPES), default=len(_VISIT_TYPES))


def _basis_points(fraction: Decimal) -> int:
    return int((fraction * 10_000).quantize(Decimal(1), ROUND_HALF_EVEN))


def _is_protected(benefits: Iterable[Benefit]) -> bool:
    """CMS's HETS tells QMB by an insurance type QM, or in the plan's name and messages."""
    return any(
        b.insurance_type == "QM" or any("QMB" in text.upper() for text in (b.plan, *b.messages))
        for b in benefits
        if b.information not in _INACTIVE
    )
