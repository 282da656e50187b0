"""Asking payers whether a patient is covered (270), and keeping what they answer (271)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from billing.adapters.clearinghouse import Clearinghouse, ClearinghousePaused, ClearinghouseRefused
from billing.adapters.registry import Registry
from billing.domain.eligibility import Outcome, Refusal
from billing.domain.eligibility_policy import Answer, EligibilityPolicy
from billing.domain.payers import PayerKind
from billing.domain.x12.eligibility import EligibilityAnswer
from billing.domain.x12.eligibility_reader import read_eligibility
from billing.domain.x12.errors import X12Error
from billing.domain.x12.reader import X12Reader
from billing.store import Store
from billing.tables_claims import Coverage, EligibilityCheck
from billing.tables_eligibility import EligibilityPolicyRow
from billing.usecases import eligibility_answers as answers
from billing.usecases import eligibility_batches as batches
from billing.usecases import eligibility_questions as questions
from billing.usecases import journals
from billing.usecases.eligibility_answers import ASK_DUE
from billing.usecases.interchanges import TradingPartner, envelope, next_interchange_control
from billing.usecases.payment_order import in_force
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound, Unavailable

AHEAD_DUE = "eligibility.ahead"
REPLAN_DUE = "eligibility.replan"
# Visits whose questions are planned anew in one transaction.
MOST_REPLANNED = 500
# An outage of the clearinghouse is no attempt: the question waits for it.
PAUSED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Benefits:
    """What the front desk needs of the last good answer; minor units, None: the payer did not say."""

    coverage_id: UUID
    payer_id: UUID
    active: bool
    copay_minor: int | None
    deductible_left_minor: int | None
    coinsurance_basis_points: int | None
    protected: bool
    checked_at: datetime


def coverages_on(store: Store, patient_id: UUID, on: date) -> list[Coverage]:
    """A patient's coverages in force on a day, in order of payment; accident and work coverages are for their own visits."""
    return [row for row in store.coverages_of(patient_id) if row.kind == "health" and in_force(row, on)]


def benefits(store: Store, patient_id: UUID, on: date) -> Benefits | None:
    """The last good answer about the coverage that pays first on that day; None when there is none."""
    for coverage in coverages_on(store, patient_id, on):
        answer = store.last_answer(coverage.id)
        if answer is not None and answer.answered_at is not None:
            return Benefits(
                coverage_id=coverage.id,
                payer_id=answer.payer_id,
                active=answer.outcome == Outcome.ACTIVE,
                copay_minor=answer.copay_minor,
                deductible_left_minor=answer.deductible_left_minor,
                coinsurance_basis_points=answer.coinsurance_basis_points,
                protected=answer.protected,
                checked_at=answer.answered_at,
            )
        return None
    return None


def keep_coverage(call: Call, row: Coverage) -> None:
    """Keeps a coverage's copy; a new or changed one is asked about at once."""
    store = Store(call.session)
    if not store.mirror(row):
        return
    kept = store.coverage(row.id)
    if kept is not None and kept.active and kept.payer_code:
        plan_check(call, store, kept, journals.local_day(call, store, None), again=True)


def policy_of(store: Store) -> EligibilityPolicy:
    """The organisation's rule, or the built-in one."""
    row = store.eligibility_policy()
    return EligibilityPolicy(row.days_ahead, row.fresh_days, row.again_each_month) if row else EligibilityPolicy()


def put_policy(call: Call, policy: EligibilityPolicy, version: int) -> EligibilityPolicyRow:
    """Sets the rule; visits that are booked already follow it. Raises StaleVersion."""
    store = Store(call.session)
    row = store.eligibility_policy()
    call.expect_version(row.version if row else 0, version)
    row = row or EligibilityPolicyRow()
    row.days_ahead, row.fresh_days, row.again_each_month = policy.days_ahead, policy.fresh_days, policy.again_each_month
    store.add(row)
    call.due.at(REPLAN_DUE, "visits", call.now)
    return row


def replan(call: Call, after: UUID | None) -> None:
    """Plans anew when to ask ahead of every visit that is booked, some hundreds at a time, in the order of their ids."""
    store = Store(call.session)
    policy, visits = (
        policy_of(store),
        store.expected_visits(journals.local_day(call, store, None), after, MOST_REPLANNED),
    )
    for visit in visits:
        _plan_ahead(call, policy, visit.patient_id, visit.service_date)
    if len(visits) == MOST_REPLANNED:
        call.due.at(REPLAN_DUE, "visits", call.now, {"after": str(visits[-1].id)})


def ahead_of_visit(call: Call, store: Store, *, patient_id: UUID, service_date: date) -> None:
    """Has the patient's coverages asked about ahead of a visit by the organisation's rule (at once when it is nearer)."""
    _plan_ahead(call, policy_of(store), patient_id, service_date)


def _plan_ahead(call: Call, policy: EligibilityPolicy, patient_id: UUID, service_date: date) -> None:
    payload = {"patient_id": str(patient_id), "service_date": service_date.isoformat()}
    call.due.at(AHEAD_DUE, f"{patient_id}:{service_date}", policy.asks_at(service_date, call.now), payload)


def check_ahead(call: Call, patient_id: UUID, service_date: date) -> None:
    """Plans the questions for one visit: every coverage in force that day whose payer answers 270s and has not done so lately."""
    store = Store(call.session)
    policy = policy_of(store)
    coverages = coverages_on(store, patient_id, service_date)
    known = store.last_answers(row.id for row in coverages)
    for coverage in coverages:
        if not policy.fresh(_answer_of(known.get(coverage.id)), service_date, call.now):
            plan_check(call, store, coverage, service_date, ahead=True)


def _answer_of(row: EligibilityCheck | None) -> Answer | None:
    if row is None or row.answered_at is None:
        return None
    return Answer(row.answered_at, row.service_date, row.outcome == Outcome.ACTIVE, row.plan_ends)


def is_stale(store: Store, row: EligibilityCheck, on: date, now: datetime) -> bool:
    """Whether a payer's answer is too old, by the organisation's rule, to be relied on for a day."""
    policy, answer = policy_of(store), _answer_of(row)
    return not (row.service_date == on or policy.fresh(answer, on, now))


def plan_check(
    call: Call, store: Store, coverage: Coverage, service_date: date, *, again: bool = False, ahead: bool = False
) -> EligibilityCheck | None:
    """Commits the intent to ask about a coverage for a day; once per day unless `again`. None: nothing to ask.

    What is asked `ahead` goes out by file where the payer takes files; everything else in real time.
    """
    payer = store.payer_by_code(coverage.payer_code, service_date)
    if payer is None or payer.kind is PayerKind.SELF_PAY or not payer.eligibility:
        return None
    known = None if again else store.recent_check(coverage.id, service_date)
    if known is not None:
        return known
    number = next_interchange_control(store)
    check = store.add(
        EligibilityCheck(
            id=call.new_id(),
            coverage_id=coverage.id,
            patient_id=coverage.patient_id,
            payer_id=payer.payer_id,
            service_date=service_date,
            trace=f"E{number}",
            interchange_control=number,
            state="planned",
            outcome="",
            asked_at=None,
            answered_at=None,
            attempts=0,
            plan="",
            copay_minor=None,
            deductible_left_minor=None,
            coinsurance_basis_points=None,
            protected=False,
            benefits=[],
            refusals=[],
            request_text="",
            response_text="",
        )
    )
    if ahead and payer.demands.batch_eligibility and service_date > journals.local_day(call, store, None):
        batches.queue(call, check)
    else:
        call.due.at(ASK_DUE, check.id, call.now)
    return check


def check_coverage(call: Call, coverage_id: UUID, service_date: date | None) -> EligibilityCheck:
    """A person asks now. Raises NotFound, FailedPrecondition (the payer takes no questions)."""
    store = Store(call.session)
    coverage = store.coverage(coverage_id)
    if coverage is None or not coverage.active:
        raise NotFound("coverage")
    day = service_date or journals.local_day(call, store, None)
    check = plan_check(call, store, coverage, day, again=True)
    if check is None:
        raise FailedPrecondition("The payer of this coverage takes no eligibility questions.")
    return check


def ask(call: Call, check_id: UUID, registry: Registry, clearinghouse: Clearinghouse, partner: TradingPartner) -> None:
    """Asks one planned question and keeps the answer. The question changes nothing at the payer: after a crash it is asked again."""
    store = Store(call.session)
    check = store.lock(EligibilityCheck, check_id, "eligibility check")
    if check.state not in ("planned", "asked"):
        return
    if not clearinghouse.real_time:
        batches.queue(call, check)
        return
    payer = store.payer(check.payer_id, check.service_date)
    profile = registry.profiles(call, [check.patient_id]).get(check.patient_id)
    coverage = profile.coverage(check.coverage_id) if profile else None
    if payer is None or profile is None or coverage is None:
        check.state = "failed"
        return
    known_as = payer.through(partner.receiver_id, check.service_date, eligibility=True)
    inquiry = questions.inquiry_of(store, check, known_as, profile, coverage)
    written = envelope(call, partner, check.interchange_control)
    refused = inquiry if isinstance(inquiry, Refusal) else questions.unwritable(written, inquiry)
    if isinstance(inquiry, Refusal) or refused is not None:
        answers.refuse(call, store, check, payer, [one for one in (refused,) if one is not None])
        return
    text = questions.write(written, [inquiry])
    check.state, check.asked_at, check.request_text = "asked", call.now, text.decode()
    check.attempts += 1
    try:
        answer_bytes = clearinghouse.ask(text)
        answer = _answer_in(answer_bytes, check.trace)
    except ClearinghousePaused:
        check.state, check.attempts = "planned", check.attempts - 1
        call.due.at(ASK_DUE, check.id, call.now + PAUSED)
        return
    except (Unavailable, ClearinghouseRefused, X12Error) as error:
        answers.try_again(call, store, check, payer, str(error))
        return
    check.response_text = answer_bytes.decode("latin-1")
    answers.take_answer(call, store, check, payer, answer)


def _answer_in(data: bytes, trace: str) -> EligibilityAnswer:
    """The answer to our trace. X12Error when the file holds none: a TA1 or 999 says that the question was malformed."""
    found: list[EligibilityAnswer] = []
    reader = X12Reader(io.BytesIO(data))
    for transaction in reader.sets():
        if transaction.set_id == "271":
            found += read_eligibility(transaction)
    for answer in found:
        if answer.trace == trace or (not answer.trace and answer.rejections):
            return answer
    raise X12Error("the clearinghouse answered without a 271 to our question")
