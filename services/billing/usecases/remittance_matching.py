"""A biller says which claim an answer is about: money that waited as unmatched is posted to its lines."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from billing.domain.codec import from_json
from billing.domain.posting import Outcome, PostingDecision, PostingKind
from billing.domain.x12.remittance import RemittanceClaim as Said
from billing.store import Store
from billing.tables_claims import Claim, Remittance, RemittanceClaim
from billing.usecases import ledger, work_items
from billing.usecases.remittance_posting import decide, follow_up, load, posting_row, posting_rows
from chassis.call import Call
from chassis.errors import FailedPrecondition

WAITING = frozenset({Outcome.UNMATCHED.value, Outcome.REVERSAL_UNMATCHED.value})


def match(call: Call, remittance_claim_id: UUID, claim_id: UUID) -> UUID:
    """Posts an answer that waits to the claim that a person names, by the same rules and to the same cent.

    Returns the remittance. Raises NotFound, FailedPrecondition (it is posted already, the claim went to another payer,
    or the answer's lines and amounts do not fit the claim's).
    """
    store = Store(call.session)
    seen = store.need(RemittanceClaim, remittance_claim_id, "remittance claim")
    remittance = store.lock(Remittance, seen.remittance_id, "remittance")
    claim = store.lock(Claim, claim_id, "claim")
    row = store.lock(RemittanceClaim, remittance_claim_id, "remittance claim")
    if row.outcome not in WAITING or remittance.payer_id is None:
        raise FailedPrecondition("The answer is posted already.")
    if claim.payer_id != remittance.payer_id:
        raise FailedPrecondition("The claim went to another payer.")
    said = replace(from_json(Said, row.said), claim_control=claim.control)
    known = load(store, [said])
    [found] = decide(call, store, [said], known, remittance.payer_id)
    if found.posting.outcome.value in WAITING:
        raise FailedPrecondition("The answer's lines and amounts do not fit the claim's.")
    one = replace(found, row_id=row.id)
    before = store.postings_of_remittance(remittance.id)
    waited = [posting for posting in before if posting.remittance_claim_id == row.id]
    taken_out = [
        _taken_out(from_json(PostingDecision, p.decision), p.id) for p in waited if p.kind == PostingKind.UNMATCHED
    ]
    ledger.transfer(
        call,
        store,
        [*taken_out, *one.posting.decisions],
        f"matched {claim.control}",
        key=f"match:{row.id}:{len(before)}",
    )
    more = [{"id": call.new_id(), "remittance_claim_id": row.id, **posting_row(decision)} for decision in taken_out]
    store.add_postings(remittance.id, [*more, *posting_rows([one])], after=len(before))
    row.claim_id, row.patient_id, row.outcome = claim.id, claim.patient_id, one.posting.outcome.value
    if one.posting.reverses is not None:
        store.mark_reversed({one.posting.reverses: row.id})
    for kind in ("unmatched_remittance", "unmatched_reversal"):
        item = store.work_item_by_key(kind, str(row.id))
        work_items.settle(call, [item] if item is not None else [], f"matched to {claim.control}")
    follow_up(call, store, remittance, [one], known)
    return remittance.id


def _taken_out(waiting: PostingDecision, posting_id: UUID) -> PostingDecision:
    """The money leaves where it waited."""
    return replace(waiting, amount_minor=-waiting.amount_minor, reverses=posting_id)
