"""What payers answer about coverages (271): kept, told on, and worked where a person is needed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from billing import figures
from billing import published_claims as published
from billing.domain.benefits import cost_share
from billing.domain.codec import to_json
from billing.domain.eligibility import Outcome, Refusal, Summary, refusals, summarise
from billing.domain.payers import PayerProfile
from billing.domain.x12.eligibility import OFFICE_VISIT, EligibilityAnswer
from billing.store import Store
from billing.tables_claims import EligibilityCheck
from billing.usecases import receivables, work_items
from billing.usecases.interchanges import next_interchange_control
from chassis.call import Call

ASK_DUE = "eligibility.ask"
RETRY = timedelta(hours=1)
MOST_ATTEMPTS = 6
WORK_KIND = "eligibility"


class CoverageException(StrEnum):
    """Why somebody has to look after a coverage; the work item's detail `exception`."""

    REJECTED = "rejected"  # AAA, or something is missing that must be there before a payer is asked
    NO_ANSWER = "no_answer"
    INACTIVE = "inactive"
    PLAN_CHANGED = "plan_changed"


def take_answer(
    call: Call, store: Store, check: EligibilityCheck, payer: PayerProfile, answer: EligibilityAnswer
) -> None:
    """Keeps an answer, from real time or from a file. A refusal leaves the last good answer where it was."""
    summary = summarise(answer, check.service_date)
    told = refusals(answer)
    if summary.outcome is Outcome.UNKNOWN and any(refusal.again for refusal in told):
        try_again(call, store, check, payer, told[0].message)
        return
    if summary.outcome is Outcome.REJECTED:
        refuse(call, store, check, payer, told)
        return
    # What the check has become is written once, below: neither question is about it.
    with store.session.no_autoflush:
        before = store.last_answer(check.coverage_id)
        items = store.open_items_of_patient(check.patient_id, [WORK_KIND])
    _keep(call, check, summary, answer)
    if summary.outcome is Outcome.ACTIVE:
        work_items.settle(
            call, [i for i in items if i.key == str(check.coverage_id)], "The payer confirms the coverage."
        )
        _compare_plans(call, store, check, payer, before)
    else:
        why = CoverageException.INACTIVE if summary.outcome is Outcome.INACTIVE else CoverageException.NO_ANSWER
        detail = {"outcome": summary.outcome.value}
        _open_work(call, store, check, payer, why, "The coverage was not active", detail)
    if summary.protected:
        receivables.protect(
            call, store, check.patient_id, check.service_date, "The payer says that no cost sharing is owed", "271"
        )
    _tell(call, check)


def _keep(call: Call, check: EligibilityCheck, summary: Summary, answer: EligibilityAnswer) -> None:
    check.state, check.outcome, check.answered_at = "answered", summary.outcome.value, call.now
    check.plan, check.copay_minor = summary.plan, summary.copay_minor
    check.deductible_left_minor = summary.deductible_left_minor
    check.coinsurance_basis_points = summary.coinsurance_basis_points
    check.protected, check.benefits, check.refusals = summary.protected, to_json(answer.benefits), []
    check.plan_starts, check.plan_ends = summary.plan_starts, summary.plan_ends
    share = cost_share(answer.benefits, OFFICE_VISIT, check.service_date)
    check.out_of_pocket_left_minor = share.out_of_pocket_left_minor


def _compare_plans(
    call: Call, store: Store, check: EligibilityCheck, payer: PayerProfile, before: EligibilityCheck | None
) -> None:
    """Another plan than before may have another network, copay and card: somebody looks at the coverage."""
    changed = before is not None and before.plan and check.plan and before.plan.upper() != check.plan.upper()
    if before is None or not changed:
        return
    _open_work(
        call,
        store,
        check,
        payer,
        CoverageException.PLAN_CHANGED,
        f"{payer.name} answers for another plan than before",
        {
            "before": before.plan,
            "plan": check.plan,
            "fix": "Look at the card, and correct the coverage's plan and group.",
        },
    )


def refuse(call: Call, store: Store, check: EligibilityCheck, payer: PayerProfile, told: Sequence[Refusal]) -> None:
    """Keeps why nothing was answered; the last good answer stays, and somebody mends the coverage."""
    check.state, check.outcome, check.answered_at = "answered", Outcome.REJECTED.value, call.now
    check.refusals = to_json(list(told))
    detail = {"reason": "; ".join(r.message for r in told), "fix": " ".join(r.fix for r in told)}
    title = f"{payer.name} does not confirm the coverage"
    _open_work(call, store, check, payer, CoverageException.REJECTED, title, detail)
    _tell(call, check)


def try_again(call: Call, store: Store, check: EligibilityCheck, payer: PayerProfile, why: str) -> None:
    """Asks again later under a new control number; after several attempts a person is told."""
    check.refusals = [{"reason": "unavailable", "message": why[:200], "fix": "", "again": True}]
    if check.attempts < MOST_ATTEMPTS:
        check.state, check.interchange_control = "planned", next_interchange_control(store)
        call.due.at(ASK_DUE, check.id, call.now + RETRY)
        return
    check.state, check.outcome, check.answered_at = "failed", Outcome.UNKNOWN.value, call.now
    _open_work(
        call, store, check, payer, CoverageException.NO_ANSWER, f"{payer.name} does not answer", {"reason": why[:200]}
    )
    _tell(call, check)


def _open_work(
    call: Call,
    store: Store,
    check: EligibilityCheck,
    payer: PayerProfile,
    why: CoverageException,
    title: str,
    detail: dict[str, str],
) -> None:
    # A plan that has changed is looked at, also when the payer confirms the new one again.
    suffix = ":plan" if why is CoverageException.PLAN_CHANGED else ""
    work_items.open_item(
        call,
        store,
        kind=WORK_KIND,
        key=f"{check.coverage_id}{suffix}",
        title=title,
        patient_id=check.patient_id,
        payer_id=payer.payer_id,
        due_on=check.service_date,
        detail={
            **detail,
            "exception": why.value,
            "coverage_id": str(check.coverage_id),
            "check_id": str(check.id),
        },
    )


def _tell(call: Call, check: EligibilityCheck) -> None:
    figures.eligibility_answered(call, check.outcome)
    call.emit(
        published.coverage_verified(
            coverage_id=check.coverage_id,
            patient_id=check.patient_id,
            outcome=check.outcome,
            checked_at=call.now,
            copay_minor=check.copay_minor,
            deductible_left_minor=check.deductible_left_minor,
            coinsurance_basis_points=check.coinsurance_basis_points,
        )
    )
