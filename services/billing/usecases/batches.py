"""Batches: ready claims of a payer become one 837P file, committed with its name, numbers and bytes before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from billing import figures
from billing.adapters.clearinghouse import Clearinghouse, ClearinghouseRefused
from billing.domain.claims import ClaimEvent
from billing.domain.payers import PayerProfile
from billing.domain.x12.errors import X12Error
from billing.domain.x12.professional_claim import ProfessionalClaim, Receiver, Submitter
from billing.domain.x12.professional_claim_writer import VERSION, write_batch
from billing.domain.x12.writer import InterchangeWriter
from billing.store import Store
from billing.tables_claims import Claim, ClaimBatch
from billing.usecases import claim_forms, claim_life, work_items
from billing.usecases.acknowledgements import SILENCE_DUE, first_question_after
from billing.usecases.claims import local_day
from billing.usecases.interchanges import TradingPartner, envelope, next_interchange_control
from billing.usecases.polling import start_polling
from billing.usecases.scrubbing import content_of
from chassis import files
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound, Unavailable

DAILY_DUE = "claims.daily_batches"
PAYER_DUE = "claims.payer_batch"
SEND_DUE = "claims.send_batch"
MOST_CLAIMS = 1000
EDI = "application/edi-x12"
PDF = "application/pdf"
RETRY = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """When the day's claims go out (wall time at the network's first location), and as whom."""

    send_at: time
    partner: TradingPartner


def plan_daily(call: Call, store: Store, settings: BatchSettings) -> None:
    """Has the next daily batches made; every claim that is born says so again, which changes nothing."""
    call.due.at(DAILY_DUE, "daily", next_run(call, store, settings.send_at))


def next_run(call: Call, store: Store, send_at: time) -> datetime:
    """The next `send_at` at the network's first location (UTC instant), later than now."""
    location = next(iter(store.locations()), None)
    zone = ZoneInfo(location.time_zone if location else "UTC")
    local = call.now.astimezone(zone)
    at = datetime.combine(local.date(), send_at, zone)
    return at if at > call.now else datetime.combine(local.date() + timedelta(days=1), send_at, zone)


def daily(call: Call, settings: BatchSettings) -> None:
    """Plans the day's batches, each payer's in a transaction of its own, and the next day."""
    store = Store(call.session)
    for payer_id in store.ready_payers():
        call.due.at(PAYER_DUE, payer_id, call.now)
    plan_daily(call, store, settings)


def payer_batch(call: Call, payer_id: UUID, settings: BatchSettings) -> None:
    """Makes a payer's batch, and plans another while there are more claims than one file takes."""
    batch = make_batch(call, Store(call.session), payer_id, settings.partner)
    if batch is not None and batch.claim_count == MOST_CLAIMS:
        call.due.at(PAYER_DUE, payer_id, call.now)


def send_now(call: Call, payer_code: str, settings: BatchSettings) -> list[ClaimBatch]:
    """A person has the ready claims of a payer (of all, without a code) sent now. Raises NotFound."""
    store = Store(call.session)
    if payer_code:
        payer = store.payer_by_code(payer_code)
        if payer is None:
            raise NotFound("payer")
        payer_ids = [payer.payer_id]
    else:
        payer_ids = store.ready_payers()
    made = [make_batch(call, store, payer_id, settings.partner) for payer_id in payer_ids]
    return [batch for batch in made if batch is not None]


def make_batch(call: Call, store: Store, payer_id: UUID, partner: TradingPartner) -> ClaimBatch | None:
    """Commits one file of a payer's ready claims and plans its sending; None when there is none to send.

    A claim that cannot be written is held with the reason, and the others go. A payer that takes paper only gets CMS-1500 forms to
    be printed: the file is there to be fetched, nothing is handed over.
    """
    claims = store.ready_claims(payer_id, MOST_CLAIMS)
    writable = [(claim, content) for claim in claims if (content := _writable(call, store, claim)) is not None]
    if not writable:
        return None
    control = next_interchange_control(store)
    reference = f"B{control:09d}"
    payer, contents = store.payer(payer_id), [content for _, content in writable]
    on_paper = payer is not None and payer.demands.paper_claims
    if on_paper:
        data = claim_forms.forms_of(contents, local_day(call, store, claims[0]), with_form=False)
        name, kind = f"CMS1500-{call.now:%Y%m%d}-{control:09d}.pdf", PDF
    else:
        data = _write(call, store, control, reference, contents, partner)
        name, kind = f"837P-{partner.submitter_id}-{call.now:%Y%m%d}-{control:09d}.edi", EDI
    batch = store.add(
        ClaimBatch(
            id=call.new_id(),
            file_name=name,
            reference=reference,
            interchange_control=control,
            payer_id=payer_id,
            state="sent" if on_paper else "committed",
            stored_file_id=files.put(call, name, kind, data),
            claim_count=len(writable),
            charge_minor=sum(content.charge_minor for _, content in writable),
            committed_at=call.now,
            sent_at=call.now if on_paper else None,
            acknowledged_at=None,
            acknowledgement=[],
        )
    )
    with store.session.no_autoflush:
        for claim, content in writable:
            claim.batch_id, claim.sent_on = batch.id, claim.sent_on or local_day(call, store, claim)
            claim.charge_minor = content.charge_minor
            claim_life.step(call, store, claim, ClaimEvent.BATCHED, detail=name, batch_id=batch.id)
    store.session.flush()
    claim_life.tell(call, store, *(claim for claim, _ in writable))
    _watch(call, payer, [claim for claim, _ in writable])
    if not on_paper:
        call.due.at(SEND_DUE, batch.id, call.now)
    return batch


def send(call: Call, batch_id: UUID, clearinghouse: Clearinghouse) -> None:
    """Hands a committed file over. Idempotent by its name: after a crash the same name and bytes go again, and nothing else."""
    store = Store(call.session)
    batch = store.lock(ClaimBatch, batch_id, "batch")
    if batch.sent_at is not None:
        return
    data = files.get(call, batch.stored_file_id).read()
    try:
        clearinghouse.send(batch.file_name, data)
    except Unavailable:
        call.due.at(SEND_DUE, batch.id, call.now + RETRY)
        return
    except ClearinghouseRefused as refused:
        work_items.open_item(
            call,
            store,
            kind="batch_refused",
            key=str(batch.id),
            title=f"The clearinghouse does not take {batch.file_name}",
            payer_id=batch.payer_id,
            amount_minor=batch.charge_minor,
            detail={"reason": str(refused)},
        )
        return
    batch.sent_at = call.now
    if batch.state == "committed":
        batch.state = "sent"
    figures.file_sent(call, store.written_in_batch(batch.id), batch.charge_minor)
    start_polling(call)


def resend(call: Call, batch_id: UUID) -> ClaimBatch:
    """A person has a file that was never taken sent again, as it is. Raises NotFound, FailedPrecondition."""
    store = Store(call.session)
    batch = store.lock(ClaimBatch, batch_id, "batch")
    if batch.sent_at is not None:
        raise FailedPrecondition("The clearinghouse has the file.")
    call.due.at(SEND_DUE, batch.id, call.now)
    return batch


def claim_text(call: Call, claim_id: UUID, partner: TradingPartner) -> bytes:
    """One claim alone as X12, as it was written last, in an envelope without a number of ours. Raises NotFound, FailedPrecondition."""
    store = Store(call.session)
    claim = store.need(Claim, claim_id, "claim")
    if call.principal.location_ids and claim.location_id not in call.principal.location_ids:
        raise NotFound("claim")
    call.touch(claim.patient_id)
    content = content_of(claim)
    if content is None:
        raise FailedPrecondition("The claim has not been written yet.")
    try:
        return _write(call, store, 1, claim.control, [content], replace(partner, production=False))
    except X12Error as error:
        raise FailedPrecondition(f"The claim cannot be written: {error.reason}.") from None


def file_of(call: Call, batch_id: UUID) -> tuple[bytes, str]:
    """A batch's file, byte by byte, and what it is (837P or PDF). Raises NotFound."""
    store = Store(call.session)
    batch = store.need(ClaimBatch, batch_id, "batch")
    call.touch(*store.patients_in_batch(batch.id))
    stored = files.get(call, batch.stored_file_id)
    return stored.read(), stored.content_type


def _writable(call: Call, store: Store, claim: Claim) -> ProfessionalClaim | None:
    """The claim's content with what became known since (the payer's number), or None when it cannot be written."""
    content = content_of(claim)
    try:
        if content is None:
            raise X12Error("the claim has no content")
        entity = replace(content, payer_control=claim.payer_control or content.payer_control)
        _trial(call, entity)
    except X12Error as error:
        claim.hold_reason = error.reason
        claim_life.move(call, store, claim, ClaimEvent.HOLD, detail=error.reason)
        work_items.open_item(
            call,
            store,
            kind="scrub",
            key=str(claim.id),
            title=f"Claim {claim.control} cannot be written: {error.reason}",
            claim_id=claim.id,
            patient_id=claim.patient_id,
            payer_id=claim.payer_id,
            amount_minor=claim.charge_minor,
        )
        return None
    return entity


_NOBODY = TradingPartner("TRIAL", "TRIAL", "TRIAL", production=False)
_TRIAL_SUBMITTER = Submitter("TRIAL", "TRIAL", "TRIAL", "0000000000")


def _trial(call: Call, content: ProfessionalClaim) -> None:
    """Writes the claim alone, so that one that cannot be written does not take the batch with it."""
    writer = InterchangeWriter(envelope(call, _NOBODY, 1))
    with writer.group("HC", VERSION, 1):
        write_batch(writer, _TRIAL_SUBMITTER, Receiver("TRIAL", "TRIAL"), "TRIAL", [content], 1)


def _write(
    call: Call,
    store: Store,
    control: int,
    reference: str,
    claims: Sequence[ProfessionalClaim],
    partner: TradingPartner,
) -> bytes:
    entity = store.billing_entity(store.locations()[0].billing_entity_id)
    telephone = "".join(c for c in (entity.phone if entity else "") if c.isdigit())[-10:].rjust(10, "0")
    name = entity.name if entity else partner.submitter_id
    writer = InterchangeWriter(envelope(call, partner, control))
    with writer.group("HC", VERSION, control):
        write_batch(
            writer,
            Submitter(name, partner.submitter_id, "Billing", telephone),
            Receiver(partner.receiver_name, partner.receiver_id),
            reference,
            claims,
            1,
        )
    return writer.finish()


def _watch(call: Call, payer: PayerProfile | None, claims: Sequence[Claim]) -> None:
    """A payer that has said nothing final by then is asked (276), by its schedule or when it has been silent too long."""
    days = first_question_after(payer)
    for claim in claims:
        call.due.at(SILENCE_DUE, claim.id, call.now + timedelta(days=days))
