"""Denials and underpayments: which family, who works it until when and how, and in which order.

What a code means is public (X12 code lists 139, CARC, and 411, RARC); how long payers take appeals differs, and a clinic's own dated rows
(`Playbook`) say it better than the built-in ones. The family of a code is the category that posting gave it (`adjustment_rules`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from billing.domain.posting import Denial

# So many days of a deadline weigh as much as the money e times over: an order that stays the same from day to day.
URGENCY_DAYS = 14
DISPUTE_DAYS = 90


@dataclass(frozen=True, slots=True)
class FamilyRule:
    """The built-in row of a family. `edit` is the scrub edit that sees the cause before the claim goes out, '' when none can."""

    work_days: int
    appeal_days: int
    text_code: str
    edit: str
    suggestion: str


_OTHER = FamilyRule(30, 90, "reconsideration", "", "")
FAMILIES: Mapping[str, FamilyRule] = {
    "authorisation": FamilyRule(
        14, 60, "authorisation", "AUTH", "Hold claims of these codes to this payer without an authorisation."
    ),
    "timely_filing": FamilyRule(14, 60, "timely_filing", "TIMELY", "Shorten the payer's filing limit in its rules."),
    "medical_necessity": FamilyRule(
        30, 120, "medical_necessity", "LCD", "Check these codes against the diagnoses the payer accepts."
    ),
    "modifier": FamilyRule(30, 90, "reconsideration", "MODIFIER", "Ask for the modifier on these codes."),
    "bundled": FamilyRule(30, 90, "bundled", "NCCI", "Take in the NCCI table of the quarter of service."),
    "units": FamilyRule(30, 90, "medical_necessity", "MUE", "Take in the MUE table of the quarter of service."),
    "diagnosis": FamilyRule(30, 90, "reconsideration", "DX", "Hold these codes without a covered diagnosis."),
    "procedure_code": FamilyRule(30, 90, "reconsideration", "PROCEDURE", "Hold codes that ended before the day."),
    "place_of_service": FamilyRule(30, 90, "reconsideration", "PLACE", "Correct the payer's place-of-service rows."),
    "demographics": FamilyRule(14, 90, "reconsideration", "PERSON", "Ask for sex and birth date before the visit."),
    "member_unknown": FamilyRule(14, 90, "reconsideration", "MEMBER", "Hold claims whose 271 named another member id."),
    "not_covered_then": FamilyRule(
        14, 90, "reconsideration", "COVERAGE", "Hold claims without an active 271 of the day."
    ),
    "wrong_payer": FamilyRule(7, 60, "reconsideration", "COVERAGE", "Hold claims without an active 271 of the day."),
    "other_payer_first": FamilyRule(14, 90, "reconsideration", "COB", "Ask for the order of coverages at check-in."),
    "missing_information": FamilyRule(14, 90, "reconsideration", "PERSON", "Complete what the remark names first."),
    "provider": FamilyRule(14, 90, "reconsideration", "ENROLMENT", "Hold claims of providers who are not enrolled."),
    "enrolment": FamilyRule(14, 90, "reconsideration", "ENROLMENT", "Hold claims of providers who are not enrolled."),
    "duplicate": FamilyRule(30, 90, "reconsideration", "DUPLICATE", "Hold the second claim of a patient's day."),
    "documentation": FamilyRule(14, 60, "medical_necessity", "", ""),
    "non_covered": FamilyRule(30, 90, "reconsideration", "LCD", "Ask for a signed waiver (GA, GX) on these codes."),
    "benefit_limit": FamilyRule(30, 90, "reconsideration", "AUTH", "Count visits against the benefit's limit."),
}


@dataclass(frozen=True, slots=True)
class Playbook:
    """A clinic's own row; '' means any code, remark or payer. Days count from the payer's answer."""

    carc: str
    rarc: str
    payer: str
    family: str
    owner_id: str
    work_days: int
    appeal_days: int
    steps: str
    start: date
    end: date | None

    def fits(self, denial: Denial, payer: str, on: date) -> bool:
        """Whether the row speaks of this denial by this payer on this day."""
        return (
            self.carc in ("", denial.carc)
            and (not self.rarc or self.rarc in denial.rarcs)
            and self.payer in ("", payer)
            and self.start <= on
            and (self.end is None or on <= self.end)
        )

    @property
    def particularity(self) -> tuple[bool, bool, bool, date]:
        """A payer's own row goes before a remark's, that before a code's; of two alike the younger."""
        return (bool(self.payer), bool(self.rarc), bool(self.carc), self.start)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done about a denial: by whom, until when, how."""

    family: str
    owner_id: str
    work_by: date
    appeal_by: date
    steps: str


def plan(denials: Sequence[Denial], playbooks: Iterable[Playbook], payer: str, on: date) -> Plan:
    """The plan for what a payer refused of one claim on a day: the costliest reason decides the family."""
    by_category: dict[str, int] = {}
    for denial in denials:
        by_category[denial.category] = by_category.get(denial.category, 0) + denial.amount_minor
    leading = min(denials, key=lambda denial: (-by_category[denial.category], -denial.amount_minor, denial.carc))
    fitting = [row for row in playbooks if row.fits(leading, payer, on)]
    if fitting:
        row = max(fitting, key=lambda row: row.particularity)
        return Plan(
            row.family,
            row.owner_id,
            on + timedelta(days=row.work_days),
            on + timedelta(days=row.appeal_days),
            row.steps,
        )
    rule = FAMILIES.get(leading.category, _OTHER)
    advice = " ".join(dict.fromkeys(denial.advice for denial in denials))
    return Plan(
        leading.category, "", on + timedelta(days=rule.work_days), on + timedelta(days=rule.appeal_days), advice
    )


def rule_of(family: str) -> FamilyRule:
    """The family's built-in row; one for all that have none."""
    return FAMILIES.get(family, _OTHER)


def priority(amount_minor: int, deadline: date) -> int:
    """The place in the worklist, the smallest first: thousandths of (deadline in URGENCY_DAYS − ln of the money).

    It is amount × e^(−days left / URGENCY_DAYS) in another unit, so that its order does not depend on today. A rank, not an amount.
    """
    return round(1000 * (deadline.toordinal() / URGENCY_DAYS - math.log(max(amount_minor, 1))))


def overturned(again_denied: bool, moved_minor: int) -> bool:
    """Whether a later answer ended a denial: nothing is refused any more, and something was paid or left to somebody."""
    return not again_denied and moved_minor > 0


def basis_points(part: int, whole: int) -> int:
    """A share in hundredths of a percent, rounded half up; 0 of nothing."""
    return 0 if whole == 0 else (2 * 10_000 * part + whole) // (2 * whole)
