"""Posting one proven 835 set: every claim line by line, in one transaction, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from billing import figures
from billing.domain.adjustment_rules import AdjustmentTable
from billing.domain.claims import ClaimEvent
from billing.domain.codec import from_json
from billing.domain.line_matching import ClaimLine as OurLine
from billing.domain.payers import PayerProfile
from billing.domain.posting import (
    ClaimPosting,
    ClaimToPost,
    EarlierPosting,
    LineState,
    Outcome,
    Poster,
    PostingDecision,
    PostingKind,
    RemittancePosting,
    unmatched_money,
)
from billing.domain.provider_level import provider_level
from billing.domain.secondary import NextStep, next_step
from billing.domain.x12.professional_claim import Responsibility
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.remittance import Remittance as RemittanceSet
from billing.domain.x12.remittance import RemittanceClaim
from billing.domain.x12.remittance_reader import read_remittance
from billing.store import Store
from billing.tables_claims import Claim, Coverage, InboundFile, Remittance
from billing.usecases import claim_life, claims, inbound, journals, ledger, receivables, remittance_work, work_items
from billing.usecases.denial_worklist import Findings
from billing.usecases.payment_order import PaymentOrder
from billing.usecases.remittances import deposit_of
from chassis.call import Call
from chassis.errors import Unprocessable

TABLE = AdjustmentTable()


@dataclass(slots=True)
class Known:
    """What is known of our claims before the set is posted."""

    claims: dict[str, Claim]
    followers: dict[tuple[UUID, UUID], Claim]  # (earlier claim, payer) → the claim that follows it
    lines: dict[UUID, tuple[OurLine, ...]]
    states: dict[UUID, LineState]
    earlier: dict[UUID, list[EarlierPosting]]
    order: PaymentOrder
    following: dict[UUID, tuple[Coverage, PayerProfile] | None]  # claim → who pays after it; see `_following`
    items: work_items.Known
    contracts: remittance_work.Contracts
    findings: Findings


@dataclass(frozen=True, slots=True)
class Posted:
    """One CLP with what was decided about it and the ids its rows get."""

    row_id: UUID
    said: RemittanceClaim
    claim: Claim | None
    posting: ClaimPosting
    posting_ids: tuple[UUID, ...]


def post(call: Call, remittance_id: UUID) -> None:
    """Posts a proved set. What it does, it does in this one transaction; a set that is posted is left alone."""
    store = Store(call.session)
    row = store.lock(Remittance, remittance_id, "remittance")
    if row.state != "proved" or row.payer_id is None:
        return
    set_ = _read(call, store, row)
    known = load(store, set_.claims)
    posted = decide(call, store, set_.claims, known, row.payer_id)
    entity = _entity_of(store, set_)
    extra = tuple(provider_level(entry, row.payer_id, entity) for entry in set_.provider_adjustments)
    decisions = tuple(decision for one in posted for decision in one.posting.decisions) + extra
    row.journal_id = ledger.post_remittance(call, store, RemittancePosting(deposit_of(call, store, row), decisions))
    store.add_answers(row.id, [_answer_row(number, one) for number, one in enumerate(posted, 1)])
    store.add_postings(row.id, [*posting_rows(posted), *({"id": call.new_id(), **posting_row(d)} for d in extra)])
    store.mark_reversed({one.posting.reverses: one.row_id for one in posted if one.posting.reverses is not None})
    follow_up(call, store, row, posted, known)
    row.state, row.posted_at = "posted", call.now
    store.session.flush()
    said = [(one.posting.outcome.value, one.claim.sent_on if one.claim else None) for one in posted]
    figures.remittance_posted(call, said, row.payment_minor)


def follow_up(call: Call, store: Store, row: Remittance, posted: Sequence[Posted], known: Known) -> None:
    """What the answers do to the claims, what they leave to people, and who is billed next."""
    with store.session.no_autoflush:
        changed = {one.claim.id: one.claim for one in posted if _answer(call, store, row, one, known) and one.claim}
        store.save_answers(list({one.claim.id: one.claim for one in posted if one.claim is not None}.values()))
        store.write_happenings()
    known.findings.keep(call, row, [(one.claim, one.posting) for one in posted if one.claim is not None], known.items)
    store.session.flush()
    claim_life.tell(call, store, *changed.values())
    call.emit_all(known.items.news)
    for one in posted:
        if one.claim is not None and one.posting.outcome in (Outcome.PAID, Outcome.DENIED):
            _go_on(call, store, one.claim, one.posting, known)


def _read(call: Call, store: Store, row: Remittance) -> RemittanceSet:
    file = store.need(InboundFile, row.inbound_file_id, "file")
    with inbound.opened(call, file) as stream:
        for index, transaction in enumerate(X12Reader(stream).sets()):
            if index == row.set_index:
                return read_remittance(transaction)
    raise Unprocessable(internal=f"set {row.set_index} is not in file {file.id}")


def load(store: Store, answers: Sequence[RemittanceClaim]) -> Known:
    """What is known of the claims that are answered; they are locked."""
    by_control = store.claims_by_control(said.claim_control for said in answers)
    # Later payers' claims are looked for when the families' accounts are locked; claims are locked before those everywhere.
    after = store.claims_after(claim.id for claim in by_control.values())
    followers = {(claim.previous_claim_id, claim.payer_id): claim for claim in after if claim.previous_claim_id}
    ours = [*by_control.values(), *followers.values()]
    rows = store.claim_lines(claim.id for claim in ours)
    charge_ids = {line.charge_line_id for lines in rows.values() for line in lines}
    charges = store.charge_lines(charge_ids)
    lines = {
        claim_id: tuple(
            OurLine(
                line.charge_line_id,
                line.line_control,
                charge.procedure,
                charge.modifiers,
                charge.units,
                charge.charge_minor,
                charge.service_date,
            )
            for line in of_claim
            if (charge := charges.get(line.charge_line_id)) is not None
        )
        for claim_id, of_claim in rows.items()
    }
    states = {
        line_id: LineState(balance.insurance_paid_minor, balance.written_off_minor, balance.open_minor)
        for line_id, balance in journals.line_balances(store, charge_ids).items()
    }
    reversed_ids = [claim.id for said in answers if said.is_reversal and (claim := by_control.get(said.claim_control))]
    reversed_ids += [claim.id for claim in followers.values()] if reversed_ids else []
    order = PaymentOrder(store)
    order.preload({claim.patient_id for claim in ours})
    items = work_items.Known.of(store, [claim.id for claim in ours])
    earlier = _earlier(store, reversed_ids)
    contracts, findings = remittance_work.Contracts(store), Findings(store)
    return Known(by_control, followers, lines, states, earlier, order, {}, items, contracts, findings)


def _earlier(store: Store, claim_ids: Sequence[UUID]) -> dict[UUID, list[EarlierPosting]]:
    """What was posted about these claims and not undone."""
    if not claim_ids:
        return {}
    answers = store.answers_to(claim_ids)
    postings = store.postings_of(row.id for rows in answers.values() for row in rows)
    return {
        claim_id: [
            EarlierPosting(
                row.id,
                row.payer_control,
                row.charge_minor,
                row.paid_minor,
                {p.id: from_json(PostingDecision, p.decision) for p in postings.get(row.id, [])},
            )
            for row in rows
        ]
        for claim_id, rows in answers.items()
    }


def decide(call: Call, store: Store, answers: Sequence[RemittanceClaim], known: Known, payer_id: UUID) -> list[Posted]:
    """What is posted out of each answer, in order."""
    poster = Poster(TABLE, known.states)
    posted: list[Posted] = []
    for said in answers:
        claim = _claim_of(said, known, payer_id)
        if claim is None:
            posting = ClaimPosting(Outcome.UNMATCHED, unmatched_money(said, payer_id, None))
        else:
            earlier = known.earlier.setdefault(claim.id, [])
            posting = poster.post(said, _to_post(store, claim, known), earlier)
        one = Posted(call.new_id(), said, claim, posting, tuple(call.new_id() for _ in posting.decisions))
        posted.append(one)
        if claim is not None:
            _remember(known.earlier[claim.id], one)
    return posted


def _remember(earlier: list[EarlierPosting], one: Posted) -> None:
    """Keeps what is posted and not undone up to date within the set: a reversal may follow its original."""
    if one.posting.reverses is not None:
        earlier[:] = [e for e in earlier if e.posted_claim_id != one.posting.reverses]
    elif one.posting.outcome in (Outcome.PAID, Outcome.DENIED):
        decisions = dict(zip(one.posting_ids, one.posting.decisions, strict=True))
        said = one.said
        earlier.append(EarlierPosting(one.row_id, said.payer_control, said.charge_minor, said.paid_minor, decisions))


def _claim_of(said: RemittanceClaim, known: Known, payer_id: UUID) -> Claim | None:
    """CLP01 names our claim; another payer's answer under it is about the claim that was forwarded to it."""
    claim = known.claims.get(said.claim_control)
    if claim is None or claim.payer_id == payer_id:
        return claim
    return known.followers.get((claim.id, payer_id))


def _to_post(store: Store, claim: Claim, known: Known) -> ClaimToPost:
    following = _following(store, claim, known)
    return ClaimToPost(
        claim_id=claim.id,
        control=claim.control,
        payer_id=claim.payer_id,
        patient_id=claim.patient_id,
        location_id=claim.location_id,
        billing_entity_id=claim.billing_entity_id,
        next_payer_id=following[1].payer_id if following else None,
        first_payer=claim.responsibility == Responsibility.PRIMARY,
        lines=known.lines.get(claim.id, ()),
    )


def _following(store: Store, claim: Claim, known: Known) -> tuple[Coverage, PayerProfile] | None:
    """The coverage that pays after the claim's, and its payer; looked for once a set."""
    if claim.id not in known.following:
        known.following[claim.id] = claims.next_coverage(store, claim, known.order)
    return known.following[claim.id]


def _entity_of(store: Store, set_: RemittanceSet) -> UUID | None:
    """The billing entity that was paid, for provider-level money."""
    for location in store.locations():
        entity = store.billing_entity(location.billing_entity_id)
        if entity is not None and set_.header.payee_id in (entity.npi, entity.tax_id, location.npi):
            return entity.id
    return None


def _answer_row(number: int, one: Posted) -> dict[str, object]:
    said = one.said
    return {
        "id": one.row_id,
        "number": number,
        "claim_id": one.claim.id if one.claim else None,
        "patient_id": one.claim.patient_id if one.claim else None,
        "claim_control": said.claim_control,
        "payer_control": said.payer_control,
        "status": said.status,
        "outcome": one.posting.outcome.value,
        "charge_minor": said.charge_minor,
        "paid_minor": said.paid_minor,
        "patient_minor": said.patient_minor,
        "reversed_by_id": None,
        "said": said,
    }


def posting_rows(posted: Sequence[Posted]) -> list[dict[str, object]]:
    """The rows of what is posted out of answers."""
    return [
        {"id": posting_id, "remittance_claim_id": one.row_id, **posting_row(decision)}
        for one in posted
        for posting_id, decision in zip(one.posting_ids, one.posting.decisions, strict=True)
    ]


def posting_row(decision: PostingDecision) -> dict[str, object]:
    """The row of one decision, without its ids."""
    return {
        "claim_id": decision.claim_id,
        "charge_line_id": decision.charge_line_id,
        "kind": decision.kind.value,
        "amount_minor": decision.amount_minor,
        "decision": decision,
    }


# ---- what follows for the claim


# Work that a payer's answer settles by itself.
_ANSWERED = ("rejection", "silence", "not_on_file", "payer_request")
_EVENTS: Mapping[Outcome, ClaimEvent] = {
    Outcome.PAID: ClaimEvent.PAYMENT,
    Outcome.DENIED: ClaimEvent.DENIAL,
    Outcome.REVERSED: ClaimEvent.REVERSAL,
}


def _dollars(minor: int) -> str:
    """Cents as a person reads them: ``$155.00``, ``-$3.20``."""
    return f"{'-' if minor < 0 else ''}${abs(minor) // 100}.{abs(minor) % 100:02d}"


def _answer(call: Call, store: Store, row: Remittance, one: Posted, known: Known) -> bool:
    """What the answer does to the claim, and the work it leaves; whether the claim's state changed."""
    claim, posting, said = one.claim, one.posting, one.said
    if posting.outcome in (Outcome.UNMATCHED, Outcome.REVERSAL_UNMATCHED):
        remittance_work.tell_unmatched(call, store, row, said, claim, posting, one.row_id)
    if claim is None:
        return False
    event = _EVENTS.get(posting.outcome)
    codes = sorted({f"{a.group}-{a.reason}" for a in said.all_adjustments})
    detail = f"{row.payer_name} {row.trace}: charged {_dollars(said.charge_minor)}, paid {_dollars(said.paid_minor)}"
    if event is None or not claim_life.can(claim, event):
        claim_life.note(call, store, claim, posting.outcome.value, claim.state, detail, codes, row.trace)
        return False
    claim.paid_minor += said.paid_minor
    claim.patient_minor += _shares(posting)
    if posting.outcome is not Outcome.REVERSED:
        claim.payer_control = said.payer_control or claim.payer_control
    changed = claim_life.step(
        call, store, claim, event, detail=detail, codes=codes, by=row.trace, file_id=row.inbound_file_id
    )
    if posting.outcome is Outcome.REVERSED:
        remittance_work.tell_later_payers(call, store, claim)
        return changed
    work_items.settle(call, known.items.open_of(claim.id, _ANSWERED), "answered")
    if posting.denials:
        remittance_work.tell_denied(call, store, row, claim, posting, known.findings, known.items)
    if posting.protected:
        reason = "The payer says that no cost sharing is owed"
        receivables.protect(call, store, claim.patient_id, claim.service_date, reason, row.set_key)
    if posting.outcome is Outcome.PAID and claim.responsibility == Responsibility.PRIMARY:
        lines = known.lines.get(claim.id, ())
        remittance_work.check_contract(
            call, store, row, claim, posting, lines, known.contracts, known.findings, known.items
        )
    return changed


def _go_on(call: Call, store: Store, claim: Claim, posting: ClaimPosting, known: Known) -> None:
    step = next_step(
        responsibility=Responsibility(claim.responsibility),
        has_next_coverage=_following(store, claim, known) is not None,
        forwarded=posting.forwarded,
        left_minor=_shares(posting),
        denied=posting.outcome is Outcome.DENIED,
    )
    if step in (NextStep.SEND, NextStep.CROSSED_OVER):
        claims.make_next(call, store, claim, crossed_over=step is NextStep.CROSSED_OVER)


def _shares(posting: ClaimPosting) -> int:
    """What the payer left to the next payer or the patient, minor units."""
    return sum(d.amount_minor for d in posting.decisions if d.kind is PostingKind.PATIENT_SHARE)
