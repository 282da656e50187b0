"""Reading eligibility checks and benefits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.benefits import CostShare, cost_share, service_types
from billing.domain.codec import from_json
from billing.domain.x12.eligibility import OFFICE_VISIT, Benefit
from billing.store import Store
from billing.tables_claims import EligibilityCheck
from billing.usecases import journals
from billing.usecases.eligibility import coverages_on, is_stale
from chassis.call import Call
from chassis.errors import NotFound

# Kinds of service that are told of at most.
MOST_SERVICES = 100


@dataclass(frozen=True, slots=True)
class CoverageBenefits:
    """A coverage's last good answer by kind of service; `later` is what was asked since and brought none."""

    answer: EligibilityCheck
    services: Sequence[CostShare]
    stale: bool
    later: EligibilityCheck | None


def benefits_of(call: Call, coverage_id: UUID, on: date | None, asked: Sequence[str]) -> CoverageBenefits:
    """What the last good answer says about kinds of service (none: an office visit, and all that the payer answered for) on a day.

    Raises NotFound (the coverage; or nobody has answered about it).
    """
    store = Store(call.session)
    coverage = store.coverage(coverage_id)
    answer = store.last_answer(coverage_id) if coverage is not None else None
    if answer is None:
        raise NotFound("an answer about the coverage" if coverage is not None else "coverage")
    day = on or journals.local_day(call, store, None)
    benefits = [from_json(Benefit, kept) for kept in answer.benefits]
    kinds = list(asked) or list(dict.fromkeys([OFFICE_VISIT, *service_types(benefits)]))[:MOST_SERVICES]
    return CoverageBenefits(
        answer,
        [cost_share(benefits, kind, day) for kind in kinds],
        is_stale(store, answer, day, call.now),
        store.later_failure(answer),
    )


def get_check(call: Call, check_id: UUID) -> EligibilityCheck:
    """One check. Raises NotFound."""
    return Store(call.session).need(EligibilityCheck, check_id, "eligibility check")


def list_checks(
    call: Call,
    *,
    patient_id: UUID | None,
    coverage_id: UUID | None,
    outcome: str,
    page_size: int,
    page_token: str,
) -> tuple[list[EligibilityCheck], str]:
    """A page of checks, the newest first."""
    return Store(call.session).check_page(
        patient_id=patient_id, coverage_id=coverage_id, outcome=outcome, page_size=page_size, page_token=page_token
    )


def answers_of(call: Call, patient_id: UUID, on: date | None) -> list[EligibilityCheck]:
    """The last good answer about each coverage in force on a day. Raises NotFound (patient)."""
    store = Store(call.session)
    if store.patient(patient_id) is None:
        raise NotFound("patient")
    coverage_ids = [row.id for row in coverages_on(store, patient_id, on or journals.local_day(call, store, None))]
    answers = store.last_answers(coverage_ids)
    return [answers[coverage_id] for coverage_id in coverage_ids if coverage_id in answers]
