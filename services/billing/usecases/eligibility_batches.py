"""Questions by file: what is asked ahead of visits goes to a payer in one 270 file, committed before it is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from billing.adapters.clearinghouse import Clearinghouse, ClearinghouseRefused
from billing.adapters.registry import Registry
from billing.domain.eligibility import Refusal
from billing.domain.payers import PayerProfile
from billing.domain.profiles import Profile
from billing.domain.x12.acknowledgement import FunctionalAcknowledgement, faults_in
from billing.domain.x12.eligibility import EligibilityInquiry
from billing.store import Store
from billing.tables_claims import EligibilityCheck
from billing.tables_eligibility import EligibilityBatch
from billing.usecases import eligibility_answers as answers
from billing.usecases import eligibility_questions as questions
from billing.usecases import work_items
from billing.usecases.interchanges import TradingPartner, envelope, next_interchange_control
from billing.usecases.polling import start_polling
from chassis import files
from chassis.call import Call
from chassis.errors import Unavailable

MAKE_DUE = "eligibility.batch"
SEND_DUE = "eligibility.send_batch"
SILENCE_DUE = "eligibility.batch_silence"
# Questions are gathered until the next full or half hour.
GATHERED = timedelta(minutes=30)
RETRY = timedelta(minutes=30)
# A payer that has not answered a file by then is asked again.
ANSWERED_WITHIN = timedelta(hours=24)
MOST_CHECKS = 500
EDI = "application/edi-x12"


def queue(call: Call, check: EligibilityCheck) -> None:
    """Leaves a question for the next file to its payer."""
    check.state = "queued"
    call.due.at(MAKE_DUE, check.payer_id, next_file_at(call.now))


def next_file_at(now: datetime) -> datetime:
    """The next full or half hour (UTC instant), later than now."""
    return now.replace(minute=0, second=0, microsecond=0) + GATHERED * (now.minute // 30 + 1)


def make(call: Call, payer_id: UUID, registry: Registry, partner: TradingPartner) -> None:
    """Commits one file of what waits to be asked of a payer, and plans its sending. Raises Unavailable (registry)."""
    store = Store(call.session)
    checks = store.queued_checks(payer_id, MOST_CHECKS)
    if not checks:
        return
    profiles = registry.profiles(call, sorted({check.patient_id for check in checks}))
    control = next_interchange_control(store)
    written = envelope(call, partner, control)
    inquiries: list[EligibilityInquiry] = []
    batch_id = call.new_id()
    for check in checks:
        payer = store.payer(check.payer_id, check.service_date)
        profile = profiles.get(check.patient_id)
        if payer is None or profile is None or profile.coverage(check.coverage_id) is None:
            check.state = "failed"
            continue
        known_as = payer.through(partner.receiver_id, check.service_date, eligibility=True)
        inquiry = _question(store, check, known_as, profile)
        refused = inquiry if isinstance(inquiry, Refusal) else questions.unwritable(written, inquiry)
        if refused is not None:
            answers.refuse(call, store, check, payer, [refused])
        elif isinstance(inquiry, EligibilityInquiry):
            inquiries.append(inquiry)
            check.state, check.asked_at, check.attempts = "asked", call.now, check.attempts + 1
            check.interchange_control, check.batch_id = control, batch_id
    store.session.flush()
    if inquiries:
        _commit(call, store, batch_id, payer_id, questions.write(written, inquiries), control, len(inquiries), partner)
    if len(checks) == MOST_CHECKS:
        call.due.at(MAKE_DUE, payer_id, call.now)


def _question(
    store: Store, check: EligibilityCheck, payer: PayerProfile, profile: Profile
) -> EligibilityInquiry | Refusal:
    coverage = profile.coverage(check.coverage_id)
    if coverage is None:
        return Refusal("lacking", "the coverage is gone", "Complete the coverage.", False)
    return questions.inquiry_of(store, check, payer, profile, coverage)


def _commit(
    call: Call,
    store: Store,
    batch_id: UUID,
    payer_id: UUID,
    data: bytes,
    control: int,
    count: int,
    partner: TradingPartner,
) -> None:
    name = f"270-{partner.submitter_id}-{call.now:%Y%m%d}-{control:09d}.edi"
    store.add(
        EligibilityBatch(
            id=batch_id,
            file_name=name,
            interchange_control=control,
            payer_id=payer_id,
            state="committed",
            stored_file_id=files.put(call, name, EDI, data),
            check_count=count,
            committed_at=call.now,
            sent_at=None,
        )
    )
    call.due.at(SEND_DUE, batch_id, call.now)


def send(call: Call, batch_id: UUID, clearinghouse: Clearinghouse) -> None:
    """Hands a committed file over; the same name and bytes again after a crash."""
    store = Store(call.session)
    batch = store.lock(EligibilityBatch, batch_id, "batch")
    if batch.sent_at is not None:
        return
    try:
        clearinghouse.send(batch.file_name, files.get(call, batch.stored_file_id).read())
    except Unavailable:
        call.due.at(SEND_DUE, batch.id, call.now + RETRY)
        return
    except ClearinghouseRefused as refused:
        reject(call, store, batch, str(refused))
        return
    batch.state, batch.sent_at = "sent", call.now
    start_polling(call)
    call.due.at(SILENCE_DUE, batch.id, call.now + ANSWERED_WITHIN)


def silence(call: Call, batch_id: UUID) -> None:
    """What a file has brought no answer to by now is asked again, in real time where that can be; after some attempts a person is told."""
    store = Store(call.session)
    _ask_again(call, store, batch_id, "the file was not answered")


def reject(call: Call, store: Store, batch: EligibilityBatch, why: str) -> None:
    """A file that was not taken: somebody is told, its questions are asked again."""
    batch.state = "rejected"
    work_items.open_item(
        call,
        store,
        kind="batch_refused",
        key=str(batch.id),
        title=f"The clearinghouse does not take {batch.file_name}",
        payer_id=batch.payer_id,
        detail={"reason": why[:500]},
    )
    _ask_again(call, store, batch.id, why)


def take_functional(call: Call, store: Store, ack: FunctionalAcknowledgement) -> None:
    """A 999 about a file of questions: those whose set was rejected were malformed, and are mended by a person."""
    batch = store.eligibility_batch_by_interchange(int(ack.group_control))
    if batch is None:
        return
    faults = "; ".join(faults_in(ack.sets)) or f"group {ack.code}"
    told = [Refusal("malformed", faults[:200], "Check what the coverage and the person say.", False)]
    for number, check in enumerate(store.checks_of_batch(batch.id), start=1):
        payer = store.payer(check.payer_id, check.service_date)
        if check.state == "asked" and payer is not None and not ack.accepted(f"{number:04d}"):
            answers.refuse(call, store, check, payer, told)


def _ask_again(call: Call, store: Store, batch_id: UUID, why: str) -> None:
    for check in store.checks_of_batch(batch_id):
        payer = store.payer(check.payer_id, check.service_date)
        if check.state == "asked" and payer is not None:
            answers.try_again(call, store, check, payer, why)
