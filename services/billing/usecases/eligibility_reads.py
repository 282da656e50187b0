"""Reading eligibility checks and benefits."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from billing.store import Store
from billing.tables_claims import EligibilityCheck
from billing.usecases.eligibility import coverages_on
from chassis.call import Call
from chassis.errors import NotFound


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
    coverage_ids = [row.id for row in coverages_on(store, patient_id, on or call.now.date())]
    answers = store.last_answers(coverage_ids)
    return [answers[coverage_id] for coverage_id in coverage_ids if coverage_id in answers]
