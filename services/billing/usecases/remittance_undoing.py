"""Taking back what was posted, dismissing what was refused, and settling with payers what they have overpaid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from billing.domain.claims import ClaimEvent, ClaimState
from billing.domain.codec import from_json
from billing.domain.ledger import Account, Dimensions, EntryKind, pair, reversal_of
from billing.domain.posting import ClaimPosting, Outcome, PostingDecision, PostingKind, unmatched_money
from billing.domain.x12.remittance import RemittanceClaim as Said
from billing.errors import ExceedsBalance
from billing.store import Store
from billing.store_keyed import TakebackMovement, TakebackSum
from billing.tables_claims import Claim, Remittance, RemittanceClaim
from billing.tables_ledger import Journal
from billing.usecases import claim_life, journals, ledger, remittance_work, work_items
from billing.usecases.remittance_matching import as_sent
from billing.usecases.remittance_posting import posting_row
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound

POSTED = frozenset({Outcome.PAID.value, Outcome.DENIED.value})
NOT_GONE = frozenset({ClaimState.DRAFT.value, ClaimState.READY.value})
# In the sub-ledger: what we paid back ourselves; not a code of X12.
PAID_BACK = "CK"


@dataclass(frozen=True, slots=True)
class Takeback:
    """A reference of a payer with its movements and the claim that it names, when it is one of ours."""

    sum: TakebackSum
    movements: tuple[TakebackMovement, ...]
    claim_id: UUID | None
    patient_id: UUID | None


def undo(call: Call, remittance_claim_id: UUID, reason: str) -> UUID:
    """Reverses what was posted out of one answer; its money waits under its number. Returns the remittance.

    Raises NotFound, FailedPrecondition (not posted, or the payer has taken it back itself).
    """
    store = Store(call.session)
    seen = store.need(RemittanceClaim, remittance_claim_id, "remittance claim")
    if seen.claim_id is None:
        raise FailedPrecondition("Nothing of this answer is posted.")
    remittance = store.lock(Remittance, seen.remittance_id, "remittance")
    claim = store.lock(Claim, seen.claim_id, "claim")
    row = store.lock(RemittanceClaim, remittance_claim_id, "remittance claim")
    if row.outcome not in POSTED or row.reversed_by_id is not None or row.claim_id != claim.id:
        raise FailedPrecondition("Nothing of this answer is posted.")
    call.touch(claim.patient_id)
    before = store.postings_of([row.id]).get(row.id, [])
    # What a person had placed is undone with it: the answer waits as the payer sent it.
    row.said = as_sent(row.said)
    said = from_json(Said, row.said)
    negated = [
        replace(decision, amount_minor=-decision.amount_minor, reverses=posting.id)
        for posting in before
        if (decision := from_json(PostingDecision, posting.decision)).kind is not PostingKind.UNMATCHED
    ]
    waits = unmatched_money(said, claim.payer_id, None)
    posted = store.posting_count(remittance.id)
    ledger.transfer(call, store, [*negated, *waits], f"undone: {reason}", key=f"undo:{row.id}:{posted}")
    rows = [{"id": call.new_id(), "remittance_claim_id": row.id, **posting_row(one)} for one in (*negated, *waits)]
    store.add_postings(remittance.id, rows, after=posted)
    claim.paid_minor -= row.paid_minor
    claim.patient_minor -= sum(-one.amount_minor for one in negated if one.kind is PostingKind.PATIENT_SHARE)
    claim_life.move(call, store, claim, ClaimEvent.REVERSAL, detail=f"undone: {reason}")
    work_items.settle(call, store.open_items_of_claim(claim.id, ("denial", "underpaid")), f"undone: {reason}")
    for later in store.claims_after([claim.id]):
        if later.state in NOT_GONE:
            claim_life.move(
                call, store, later, ClaimEvent.HOLD, detail=f"the earlier payer's answer was undone: {reason}"
            )
            later.hold_reason = "the earlier payer's answer was undone"
    remittance_work.tell_later_payers(call, store, claim)
    row.outcome, row.claim_id, row.patient_id = Outcome.UNMATCHED.value, None, None
    posting = ClaimPosting(Outcome.UNMATCHED, waits)
    remittance_work.tell_unmatched(call, store, remittance, said, None, posting, row.id)
    store.session.flush()
    return remittance.id


def dismiss(call: Call, remittance_id: UUID, reason: str) -> Remittance:
    """A refused set's payment is none of ours, or never came: its deposit is taken out again. Raises NotFound, FailedPrecondition."""
    store = Store(call.session)
    row = store.lock(Remittance, remittance_id, "remittance")
    if row.state != "refused":
        raise FailedPrecondition("Only a refused remittance is dismissed.")
    booked = store.journal_of("unapplied_deposit", row.set_key)
    if booked is not None:
        journals.post(
            call,
            store,
            kind="reversal",
            source=("reversal", str(booked.id)),
            memo=f"dismissed: {reason}",
            entries=reversal_of(journals.entry_of(one) for one in store.entries_of([booked.id])[booked.id]),
            reverses_id=booked.id,
        )
    row.state, row.reason = "dismissed", f"{row.reason}; dismissed: {reason}"
    item = store.work_item_by_key("refused_remittance", row.set_key)
    work_items.settle(call, [item] if item is not None else [], f"dismissed: {reason}")
    store.session.flush()
    return row


def list_takebacks(
    call: Call, payer_code: str, *, settled_too: bool, page_size: int, page_token: str
) -> tuple[list[Takeback], str]:
    """References with their movements and what is open under them."""
    store = Store(call.session)
    payer = store.payer_row(payer_code) if payer_code else None
    if payer_code and payer is None:
        return [], ""
    payer_id = payer.id if payer else None
    sums, token = store.takeback_page(payer_id, settled_too=settled_too, page_size=page_size, page_token=page_token)
    movements = store.takeback_movements(sums)
    named: dict[str, RemittanceClaim] = {}
    for answer in store.answers_in({remittance_id for one in sums for remittance_id in one.remittance_ids}):
        named |= {answer.claim_control: answer, answer.payer_control: answer}
    found = []
    for one in sums:
        answer_of = next((named[word] for word in one.reference.split() if word in named), None)
        found.append(
            Takeback(
                one,
                tuple(movements[one.payer_id, one.reference]),
                answer_of.claim_id if answer_of else None,
                answer_of.patient_id if answer_of else None,
            )
        )
    return found, token


def pay_back(call: Call, payer_code: str, reference: str, amount_minor: int, reason: str) -> Journal:
    """Pays a payer by the bank what it has overpaid. Raises NotFound, ExceedsBalance."""
    store = Store(call.session)
    payer = store.payer_row(payer_code)
    if payer is None:
        raise NotFound("payer")
    # The series is locked until the end: two people do not pay the same money back.
    number = store.next_number(f"payer_refund:{payer.id}")
    of = Dimensions(payer_id=payer.id)
    takeback = store.takeback(payer.id, reference) if reference else None
    if reference and takeback is None:
        raise NotFound("takeback")
    owed = takeback.open_minor if takeback else store.unapplied_of_payer(payer.id)
    if amount_minor > owed:
        raise ExceedsBalance(internal=f"{amount_minor} of {owed}")
    last = store.lock(Remittance, takeback.remittance_ids[0], "remittance") if takeback else None
    account = Account.TAKEBACKS if takeback else Account.UNAPPLIED_INSURANCE
    journal = journals.post(
        call,
        store,
        kind="payer_refund",
        source=("payer_refund", f"{payer.id}:{number}"),
        memo=f"{payer.name} paid back {reference}: {reason}".strip(),
        entries=pair(account, Account.BANK, amount_minor, EntryKind.PROVIDER_LEVEL, of, of),
    )
    if last is not None:
        decision = PostingDecision(
            PostingKind.TAKEBACK, -amount_minor, payer.id, account="takeback", carc=PAID_BACK, reference=reference
        )
        rows = [{"id": call.new_id(), **posting_row(decision)}]
        store.add_postings(last.id, rows, after=store.posting_count(last.id))
    return journal
