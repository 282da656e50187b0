"""Insurance coverage: which are in force, who pays first, and what a bill still needs.

Coverages are ordered within a case. Ordinary health coverage is the case "". An accident or an injury at work is a case
of its own, whose coverages pay its visits before health coverage does, and pay no other visit (coordination of benefits,
42 CFR 411.20 for Medicare as the secondary payer).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from patient_registry.domain.people import Address, Name, Sex
from patient_registry.domain.problems import Problem

HIGHEST_PRIORITY_NUMBER = 9


class CoverageKind(StrEnum):
    HEALTH = "health"
    AUTO = "auto"
    WORKERS_COMP = "workers_comp"
    EMPLOYER = "employer"


# Kinds that only exist because something happened, and therefore need their case.
KINDS_OF_A_CASE = frozenset({CoverageKind.AUTO, CoverageKind.WORKERS_COMP})


class SubscriberRelation(StrEnum):
    """The patient's relation to the subscriber. X12 individual relationship codes: 18, 01, 19, G8."""

    SELF = "self"
    SPOUSE = "spouse"
    CHILD = "child"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Whose policy it is, when it is not the patient's own."""

    name: Name
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    address: Address | None = None
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What happened: coverages with the same `number` belong together."""

    number: str
    accident_date: date | None = None
    accident_state: str = ""
    employer_name: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A coverage as entered. Both ends of the period are included, None is open. Priority 1 is primary."""

    coverage_id: UUID
    kind: CoverageKind = CoverageKind.HEALTH
    priority: int = 1
    payer_code: str = ""
    payer_name: str = ""
    plan_name: str = ""
    member_id: str = ""
    group_number: str = ""
    subscriber_relation: SubscriberRelation = SubscriberRelation.SELF
    subscriber: Subscriber | None = None
    start: date | None = None
    end: date | None = None
    case: Case | None = None
    insurance_type_code: str = ""
    active: bool = True

    @property
    def case_number(self) -> str:
        """The case it belongs to; "" for ordinary health coverage."""
        return self.case.number if self.case else ""


def in_force(coverage: Coverage, day: date) -> bool:
    """Whether it covers that day and was not taken back."""
    return coverage.active and (coverage.start or day) <= day <= (coverage.end or day)


def overlap(one: Coverage, other: Coverage) -> bool:
    """Whether the two periods have a day in common."""
    starts = [day for day in (one.start, other.start) if day is not None]
    ends = [day for day in (one.end, other.end) if day is not None]
    return not starts or not ends or max(starts) <= min(ends)


def rivals(coverage: Coverage, others: Iterable[Coverage]) -> list[Coverage]:
    """The other active coverages of its case with which it shares a day."""
    return [
        other
        for other in others
        if other.active
        and coverage.active
        and other.coverage_id != coverage.coverage_id
        and other.case_number == coverage.case_number
        and overlap(coverage, other)
    ]


def clashes(coverage: Coverage, others: Iterable[Coverage]) -> list[Coverage]:
    """The others that have its priority in its case on a common day: there is one primary a day and case, one secondary, …"""
    return [other for other in rivals(coverage, others) if other.priority == coverage.priority]


def next_free_priority(coverage: Coverage, others: Iterable[Coverage]) -> int:
    """The first priority (1 …) that no other coverage of the case has on a common day."""
    taken = {other.priority for other in rivals(coverage, others)}
    return next(priority for priority in range(1, len(taken) + 2) if priority not in taken)


def order_of_payment(coverages: Iterable[Coverage], day: date | None, case_number: str = "") -> list[Coverage]:
    """Who pays for a visit on `day` that belongs to `case_number`: coverages of that case, then health, each by priority.

    `day` None takes all active ones whatever their period; coverages of other cases never pay, except that with neither a
    day nor a case all active ones are listed, health first.
    """
    chosen = [coverage for coverage in coverages if (in_force(coverage, day) if day else coverage.active)]
    if day is not None or case_number:
        chosen = [coverage for coverage in chosen if coverage.case_number in ("", case_number)]
    return sorted(
        chosen,
        key=lambda c: (
            c.case_number != case_number,
            c.case_number,
            c.priority,
            c.start or date.min,
            str(c.coverage_id),
        ),
    )


def lacking(coverage: Coverage) -> tuple[str, ...]:
    """What a claim needs and the coverage does not say yet: payer_code, member_id, subscriber."""
    needs = []
    if not coverage.payer_code:
        needs.append("payer_code")
    if not coverage.member_id and coverage.kind is CoverageKind.HEALTH:
        needs.append("member_id")
    if coverage.subscriber_relation is not SubscriberRelation.SELF and coverage.subscriber is None:
        needs.append("subscriber")
    return tuple(needs)


def check(coverage: Coverage, *, complete: bool = True) -> list[Problem]:
    """Everything that is wrong with a coverage as entered.

    `complete` False (imports) forgives what a foreign document may leave out and somebody must add before a bill goes out.
    """
    problems = []
    if not coverage.payer_code and not coverage.payer_name:
        problems.append(Problem("payer_code", "say which payer: a code, or at least a name"))
    if coverage.start and coverage.end and coverage.end < coverage.start:
        problems.append(Problem("period.end", "must not be before its start"))
    if not 1 <= coverage.priority <= HIGHEST_PRIORITY_NUMBER:
        problems.append(Problem("priority", f"must be between 1 and {HIGHEST_PRIORITY_NUMBER}"))
    if coverage.subscriber_relation is not SubscriberRelation.SELF and coverage.subscriber is None and complete:
        problems.append(Problem("subscriber", "is needed when the patient is not the subscriber"))
    if coverage.subscriber_relation is SubscriberRelation.SELF and coverage.subscriber is not None:
        problems.append(Problem("subscriber", "must be left out when the patient is the subscriber"))
    if coverage.kind in KINDS_OF_A_CASE and coverage.case is None:
        problems.append(Problem("case", "is needed for an accident or an injury at work"))
    if coverage.case is not None and coverage.kind is CoverageKind.HEALTH:
        problems.append(Problem("case", "must be left out for ordinary health coverage"))
    stateless = coverage.case is not None and not coverage.case.accident_state
    if coverage.kind is CoverageKind.AUTO and stateless and complete:
        problems.append(Problem("case.accident_state", "is needed for a car accident (X12 837 CLM11-4)"))
    return problems


def reordered(case: Sequence[Coverage]) -> dict[UUID, int]:
    """New priorities for the coverages of one case, in the order in which they shall pay."""
    return {coverage.coverage_id: position for position, coverage in enumerate(case, start=1)}
