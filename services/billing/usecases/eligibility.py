"""Asking payers whether a patient is covered (270), and keeping what they answer (271)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from billing import figures
from billing import published_claims as published
from billing.adapters.clearinghouse import Clearinghouse, ClearinghouseRefused
from billing.adapters.registry import Registry
from billing.domain.codec import to_json
from billing.domain.eligibility import Outcome, Refusal, Summary, refusals, summarise
from billing.domain.payers import PayerKind, PayerProfile
from billing.domain.profiles import CoverageDetails, Profile
from billing.domain.x12.eligibility import VERSION, EligibilityAnswer, EligibilityInquiry, Person, write_inquiry
from billing.domain.x12.eligibility_reader import read_eligibility
from billing.domain.x12.errors import X12Error
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.writer import InterchangeWriter
from billing.store import Store
from billing.tables_claims import Coverage, EligibilityCheck
from billing.usecases import receivables, work_items
from billing.usecases.interchanges import TradingPartner, envelope, next_interchange_control
from billing.usecases.payment_order import in_force
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound, Unavailable

AHEAD_DUE = "eligibility.ahead"
ASK_DUE = "eligibility.ask"
AHEAD = timedelta(days=3)
AHEAD_HOUR = time(6, 0, tzinfo=UTC)
RETRY = timedelta(hours=1)
MOST_ATTEMPTS = 6
WORK_KIND = "eligibility"


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
        plan_check(call, store, kept, call.now.date(), again=True)


def ahead_of_visit(call: Call, store: Store, *, patient_id: UUID, service_date: date) -> None:
    """Has the patient's coverages asked about three days before a visit, in the morning (at once when it is nearer)."""
    when = max(call.now, datetime.combine(service_date - AHEAD, AHEAD_HOUR))
    payload = {"patient_id": str(patient_id), "service_date": service_date.isoformat()}
    call.due.at(AHEAD_DUE, f"{patient_id}:{service_date}", when, payload)


def check_ahead(call: Call, patient_id: UUID, service_date: date) -> None:
    """Plans the questions for one visit: every coverage in force that day whose payer answers 270s."""
    store = Store(call.session)
    for coverage in coverages_on(store, patient_id, service_date):
        plan_check(call, store, coverage, service_date)


def plan_check(
    call: Call, store: Store, coverage: Coverage, service_date: date, *, again: bool = False
) -> EligibilityCheck | None:
    """Commits the intent to ask about a coverage for a day; once per day unless `again`. None: nothing to ask."""
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
    call.due.at(ASK_DUE, check.id, call.now)
    return check


def check_coverage(call: Call, coverage_id: UUID, service_date: date | None) -> EligibilityCheck:
    """A person asks now. Raises NotFound, FailedPrecondition (the payer takes no questions)."""
    store = Store(call.session)
    coverage = store.coverage(coverage_id)
    if coverage is None or not coverage.active:
        raise NotFound("coverage")
    check = plan_check(call, store, coverage, service_date or call.now.date(), again=True)
    if check is None:
        raise FailedPrecondition("The payer of this coverage takes no eligibility questions.")
    return check


def ask(call: Call, check_id: UUID, registry: Registry, clearinghouse: Clearinghouse, partner: TradingPartner) -> None:
    """Asks one planned question and keeps the answer. The question changes nothing at the payer: after a crash it is asked again."""
    store = Store(call.session)
    check = store.lock(EligibilityCheck, check_id, "eligibility check")
    if check.state not in ("planned", "asked"):
        return
    payer = store.payer(check.payer_id, check.service_date)
    profile = registry.profiles(call, [check.patient_id]).get(check.patient_id)
    coverage = profile.coverage(check.coverage_id) if profile else None
    if payer is None or profile is None or coverage is None:
        check.state = "failed"
        return
    lacking = _lacking(store, profile, coverage)
    if lacking:
        _refused(
            call, store, check, payer, [Refusal("lacking", f"{lacking} is missing", "Complete the coverage.", False)]
        )
        return
    known_as = payer.through(partner.receiver_id, check.service_date, eligibility=True)
    text = _question(call, store, check, known_as, profile, coverage, partner)
    check.state, check.asked_at, check.request_text = "asked", call.now, text.decode()
    check.attempts += 1
    try:
        answer_bytes = clearinghouse.ask(text)
        answer = _answer_in(answer_bytes, check.trace)
    except (Unavailable, ClearinghouseRefused, X12Error) as error:
        _try_again(call, store, check, payer, str(error))
        return
    check.response_text = answer_bytes.decode("latin-1")
    take_answer(call, store, check, payer, answer)


def take_answer(
    call: Call, store: Store, check: EligibilityCheck, payer: PayerProfile, answer: EligibilityAnswer
) -> None:
    """Keeps an answer, from real time or from a file. A refusal leaves the last good answer where it was."""
    summary = summarise(answer, check.service_date)
    told = refusals(answer)
    if summary.outcome is Outcome.UNKNOWN and any(refusal.again for refusal in told):
        _try_again(call, store, check, payer, told[0].message)
        return
    if summary.outcome is Outcome.REJECTED:
        _refused(call, store, check, payer, told)
        return
    _keep(call, check, summary, answer)
    items = store.open_items_of_patient(check.patient_id, [WORK_KIND])
    if summary.outcome is Outcome.ACTIVE:
        work_items.settle(
            call, [i for i in items if i.key == str(check.coverage_id)], "The payer confirms the coverage."
        )
    else:
        _open_work(call, store, check, payer, "The coverage was not active", {"outcome": summary.outcome.value})
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


def _refused(
    call: Call, store: Store, check: EligibilityCheck, payer: PayerProfile, told: list[Refusal] | tuple[Refusal, ...]
) -> None:
    check.state, check.outcome, check.answered_at = "answered", Outcome.REJECTED.value, call.now
    check.refusals = to_json(list(told))
    detail = {"reason": "; ".join(r.message for r in told), "fix": " ".join(r.fix for r in told)}
    _open_work(call, store, check, payer, f"{payer.name} does not confirm the coverage", detail)
    _tell(call, check)


def _try_again(call: Call, store: Store, check: EligibilityCheck, payer: PayerProfile, why: str) -> None:
    """Asks again later under a new control number; after several attempts a person is told."""
    check.refusals = [{"reason": "unavailable", "message": why[:200], "fix": "", "again": True}]
    if check.attempts < MOST_ATTEMPTS:
        check.state, check.interchange_control = "planned", next_interchange_control(store)
        call.due.at(ASK_DUE, check.id, call.now + RETRY)
        return
    check.state, check.outcome, check.answered_at = "failed", Outcome.UNKNOWN.value, call.now
    _open_work(call, store, check, payer, f"{payer.name} does not answer", {"reason": why[:200]})
    _tell(call, check)


def _open_work(
    call: Call, store: Store, check: EligibilityCheck, payer: PayerProfile, title: str, detail: dict[str, str]
) -> None:
    work_items.open_item(
        call,
        store,
        kind=WORK_KIND,
        key=str(check.coverage_id),
        title=title,
        patient_id=check.patient_id,
        payer_id=payer.payer_id,
        due_on=check.service_date,
        detail={**detail, "coverage_id": str(check.coverage_id), "check_id": str(check.id)},
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


def _lacking(store: Store, profile: Profile, coverage: CoverageDetails) -> str:
    """What must be there before a payer is asked at all."""
    if len(coverage.member_id) < 2:
        return "the member id"
    subscriber = profile.person if coverage.is_self else coverage.subscriber
    if subscriber is None or not subscriber.last:
        return "the subscriber"
    return "" if store.locations() else "a location of ours"


def _question(
    call: Call,
    store: Store,
    check: EligibilityCheck,
    payer: PayerProfile,
    profile: Profile,
    coverage: CoverageDetails,
    partner: TradingPartner,
) -> bytes:
    entity = store.billing_entity(store.locations()[0].billing_entity_id)
    if entity is None:
        raise Unavailable(internal="the billing entity is not known yet")
    own = profile.person
    subscriber = own if coverage.is_self or coverage.subscriber is None else coverage.subscriber
    inquiry = EligibilityInquiry(
        trace=check.trace,
        originator=f"1{entity.tax_id}",
        payer_name=payer.name,
        payer_id=payer.x12_payer_id,
        provider_name=entity.name,
        provider_npi=entity.npi,
        subscriber=Person(subscriber.last, subscriber.first, subscriber.birth_date, subscriber.sex),
        member_id=coverage.member_id,
        dependant=None if coverage.is_self else Person(own.last, own.first, own.birth_date, own.sex),
        service_date=check.service_date,
    )
    writer = InterchangeWriter(envelope(call, partner, check.interchange_control))
    with writer.group("HS", VERSION, check.interchange_control):
        write_inquiry(writer, inquiry, 1)
    return writer.finish()


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
