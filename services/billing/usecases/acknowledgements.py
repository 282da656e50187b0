"""What TA1, 999 and 277CA do to batches and claims, and what the answer to a 276 does."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from billing.adapters.clearinghouse import Clearinghouse, ClearinghouseRefused
from billing.adapters.registry import Registry
from billing.domain.acknowledgements import BatchWord, ClaimWord, words_of
from billing.domain.claims import AWAITING, ClaimEvent, ClaimState
from billing.domain.payers import PayerProfile
from billing.domain.x12.acknowledgement import FunctionalAcknowledgement, faults_in
from billing.domain.x12.claim_status import StatusAnswer, read_status
from billing.domain.x12.envelope import InterchangeAcknowledgement
from billing.domain.x12.errors import X12Error
from billing.domain.x12.reader import X12Reader
from billing.store import Store
from billing.tables_claims import Claim, ClaimBatch, InboundFile
from billing.usecases import claim_life, eligibility_batches, journals, status_questions, work_items
from billing.usecases.interchanges import TradingPartner
from billing.usecases.scrubbing import content_of
from chassis.call import Call
from chassis.errors import Unavailable

SILENCE_DUE = "claim.silence"
ASK_AGAIN = timedelta(days=7)
# Days of silence until somebody looks after a claim, for a payer whose table does not say.
LONG_SILENCE = 30
MEND_WITHIN = timedelta(days=5)


def take_interchange(call: Call, store: Store, file: InboundFile, ta1: InterchangeAcknowledgement) -> None:
    """A TA1 that rejects returns every claim of the file; one that accepts says nothing about claims."""
    if not ta1.rejected or not ta1.control.isdigit():
        return
    batch = store.batch_by_interchange(int(ta1.control))
    if batch is not None:
        _return_batch(call, store, file, batch, f"interchange rejected (TA1 note {ta1.note})", [f"TA1:{ta1.note}"])
        return
    questions = store.eligibility_batch_by_interchange(int(ta1.control))
    if questions is not None:
        eligibility_batches.reject(call, store, questions, f"interchange rejected (TA1 note {ta1.note})")


def take_functional(call: Call, store: Store, file: InboundFile, ack: FunctionalAcknowledgement) -> None:
    """A 999: the set's claims were received, or all of them come back with the place of the fault."""
    if not ack.group_control.isdigit():
        return
    if ack.group_kind == "HS":
        eligibility_batches.take_functional(call, store, ack)
    if ack.group_kind != "HC":
        return
    batch = store.batch_by_interchange(int(ack.group_control))
    if batch is None:
        return
    if not ack.accepted("0001"):
        faults = list(faults_in(ack.sets)) or [f"group {ack.code}"]
        _return_batch(call, store, file, batch, "; ".join(faults)[:500], [f"999:{ack.code}"])
        return
    _acknowledge(call, batch, "accepted", {"kind": "999", "code": ack.code, "file": file.name})
    for claim in store.claims_of_batch(batch.id):
        if claim_life.can(claim, ClaimEvent.ACKNOWLEDGED):
            claim_life.move(
                call, store, claim, ClaimEvent.ACKNOWLEDGED, codes=[f"999:{ack.code}"], by=file.name, file_id=file.id
            )


def take_status(call: Call, store: Store, file: InboundFile, answer: StatusAnswer) -> None:
    """A 277CA (or a 277 by file): word about claims, and rejections of whole batches that name no claims."""
    words, batch_words = words_of(answer)
    claims = store.claims_by_control(word.control for word in words)
    named: set[UUID] = set()
    for word in words:
        claim = claims.get(word.control)
        if claim is not None:
            named.add(claim.id)
            _take_word(call, store, claim, word, by=file.name, file_id=file.id)
    for batch_word in batch_words:
        _take_batch_word(call, store, file, batch_word, named)


def ask_about(
    call: Call, claim_id: UUID, clearinghouse: Clearinghouse, partner: TradingPartner, registry: Registry
) -> None:
    """Asks the payer (276) about a claim it has not answered, and again after the days of its table (a week, when it names none).

    Once the payer has been silent for longer than its table allows, the claim is a work item, too. A claim of another
    system is asked about with what the registry says of the patient and the coverage now.
    """
    store = Store(call.session)
    claim = store.lock(Claim, claim_id, "claim")
    if claim.state not in AWAITING or claim.crossed_over:
        return
    payer = store.payer(claim.payer_id, claim.service_date)
    by_schedule = timedelta(days=payer.demands.status_inquiry_days) if payer else timedelta()
    call.due.at(SILENCE_DUE, claim.id, call.now + (by_schedule or ASK_AGAIN))
    if _silent_for(call, store, claim) >= silence_alarm_of(payer):
        _silence(call, store, claim)
    on_paper = payer is not None and payer.demands.paper_claims
    try:
        question = None if on_paper else status_questions.write(call, store, claim, partner, registry)
        if question is None:
            return
        data = clearinghouse.ask(question)
        answers = [read_status(t) for t in X12Reader(io.BytesIO(data)).sets() if t.set_id == "277"]
    except (Unavailable, ClearinghouseRefused, X12Error):
        return
    for answer in answers:
        for word in words_of(answer)[0]:
            _take_word(call, store, claim, word, by="277", file_id=None)


def silence_alarm_of(payer: PayerProfile | None) -> int:
    """Days without a final word until somebody looks after a claim."""
    return payer.silence_alarm_days if payer and payer.silence_alarm_days else LONG_SILENCE


def first_question_after(payer: PayerProfile | None) -> int:
    """Days after sending until the payer is asked for the first time."""
    scheduled = payer.demands.status_inquiry_days if payer else 0
    alarm = silence_alarm_of(payer)
    return min(scheduled, alarm) if scheduled else alarm


def _silent_for(call: Call, store: Store, claim: Claim) -> int:
    """Whole days since the claim was sent, at its location."""
    return (journals.local_day(call, store, claim.location_id) - claim.sent_on).days if claim.sent_on else 0


def _take_word(call: Call, store: Store, claim: Claim, word: ClaimWord, *, by: str, file_id: UUID | None) -> None:
    if word.payer_control and word.event in (ClaimEvent.ACCEPT, ClaimEvent.PEND, None):
        claim.payer_control = word.payer_control
    if word.event is not None and claim_life.can(claim, word.event):
        claim_life.move(call, store, claim, word.event, detail=word.text, codes=word.statuses, by=by, file_id=file_id)
    else:
        claim_life.note(call, store, claim, "status", claim.state, word.text, word.statuses, by, None, file_id)
    rejected_late = word.work == "rejection" and claim.state != ClaimState.REJECTED
    if word.work and not rejected_late:
        _open_work(call, store, claim, word.work, word.statuses, word.text)


def _take_batch_word(call: Call, store: Store, file: InboundFile, word: BatchWord, named: set[UUID]) -> None:
    """A rejection at the receiver's or a provider's level: all of that batch that is not spoken of itself."""
    batch = store.batch_by_reference(word.reference)
    if batch is None:
        return
    returned = 0
    for claim in store.claims_of_batch(batch.id):
        if claim.id in named or not claim_life.can(claim, ClaimEvent.REJECT):
            continue
        content = content_of(claim)
        if word.provider_npi and content is not None and content.billing_provider.npi != word.provider_npi:
            continue
        _reject(call, store, claim, file, word.text or f"batch {word.reference} rejected", word.statuses)
        returned += 1
    if returned:
        state = "rejected" if returned == batch.claim_count else "partly_accepted"
        _acknowledge(call, batch, state, {"kind": "277CA", "code": ",".join(word.statuses), "file": file.name})


def _return_batch(
    call: Call, store: Store, file: InboundFile, batch: ClaimBatch, why: str, codes: Sequence[str]
) -> None:
    _acknowledge(call, batch, "rejected", {"kind": codes[0].partition(":")[0], "code": codes[0], "file": file.name})
    for claim in store.claims_of_batch(batch.id):
        if claim_life.can(claim, ClaimEvent.REJECT):
            _reject(call, store, claim, file, why, codes)


def _reject(call: Call, store: Store, claim: Claim, file: InboundFile, why: str, codes: Sequence[str]) -> None:
    claim_life.move(call, store, claim, ClaimEvent.REJECT, detail=why, codes=codes, by=file.name, file_id=file.id)
    _open_work(call, store, claim, "rejection", codes, why)


def _acknowledge(call: Call, batch: ClaimBatch, state: str, what: dict[str, str]) -> None:
    batch.state, batch.acknowledged_at = state, call.now
    batch.acknowledgement = [*batch.acknowledgement, what]


def _open_work(call: Call, store: Store, claim: Claim, kind: str, codes: Sequence[str], text: str) -> None:
    titles = {
        "rejection": "was returned before it was judged",
        "payer_request": "waits for something the payer asks of us",
        "patient_request": "waits for something the payer asks of the patient",
        "not_on_file": "is not on file at the payer",
    }
    work_items.open_item(
        call,
        store,
        kind=kind,
        key=str(claim.id),
        title=f"Claim {claim.control} {titles.get(kind, 'needs attention')}",
        claim_id=claim.id,
        patient_id=claim.patient_id,
        payer_id=claim.payer_id,
        amount_minor=claim.charge_minor,
        due_on=journals.local_day(call, store, claim.location_id) + MEND_WITHIN,
        detail={"codes": " ".join(codes), "text": text[:500]},
    )


def _silence(call: Call, store: Store, claim: Claim) -> None:
    work_items.open_item(
        call,
        store,
        kind="silence",
        key=str(claim.id),
        title=f"Nothing final has been heard about claim {claim.control}",
        claim_id=claim.id,
        patient_id=claim.patient_id,
        payer_id=claim.payer_id,
        amount_minor=claim.charge_minor,
        detail={"state": claim.state},
    )
