"""A biller says which claim, and which of its lines, an answer is about: money that waited as unmatched is posted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from billing.domain.codec import from_json, to_json
from billing.domain.line_placing import LinesDoNotFit, place_lines
from billing.domain.posting import Outcome, PostingDecision, PostingKind
from billing.domain.x12.remittance import RemittanceClaim as Said
from billing.store import Store
from billing.tables_claims import Claim, Remittance, RemittanceClaim
from billing.usecases import ledger, work_items
from billing.usecases.remittance_posting import Known, decide, follow_up, load, posting_row, posting_rows
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, Violation

WAITING = frozenset({Outcome.UNMATCHED.value, Outcome.REVERSAL_UNMATCHED.value})
# In a stored answer: the payer's lines as they came, while lines that a person placed stand in their stead.
AS_SENT = "lines_as_sent"


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of the answer by its number (from 1), and the lines of ours that it is about."""

    number: int
    charge_line_ids: tuple[UUID, ...]


def match(call: Call, remittance_claim_id: UUID, claim_id: UUID, placed: Sequence[PlacedLine] = ()) -> UUID:
    """Posts an answer that waits to the claim that a person names, by the same rules and to the same cent.

    `placed`: lines that a person has placed; the others are found as ever. Returns the remittance. Raises NotFound,
    InvalidInput (placed lines that are not there or whose charges differ), FailedPrecondition (it is posted already, the
    claim went to another payer, or the answer's lines and amounts do not fit the claim's).
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
    if placed:
        said = _named(said, known, claim, placed)
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
        f"matched {claim.control}{f', {len(placed)} lines placed by hand' if placed else ''}",
        key=f"match:{row.id}:{len(before)}",
    )
    more = [{"id": call.new_id(), "remittance_claim_id": row.id, **posting_row(decision)} for decision in taken_out]
    store.add_postings(remittance.id, [*more, *posting_rows([one])], after=len(before))
    if placed:
        # The next payer is told the lines as they were posted; the original stays beside them.
        row.said = {**row.said, "lines": to_json(said.lines), AS_SENT: row.said["lines"]}
    row.claim_id, row.patient_id, row.outcome = claim.id, claim.patient_id, one.posting.outcome.value
    if one.posting.reverses is not None:
        store.mark_reversed({one.posting.reverses: row.id})
    for kind in ("unmatched_remittance", "unmatched_reversal"):
        item = store.work_item_by_key(kind, str(row.id))
        work_items.settle(call, [item] if item is not None else [], f"matched to {claim.control}")
    follow_up(call, store, remittance, [one], known)
    return remittance.id


def as_sent(said: dict[str, Any]) -> dict[str, Any]:
    """A stored answer with the payer's own lines again: nothing of it is placed."""
    return {**{key: value for key, value in said.items() if key != AS_SENT}, "lines": said.get(AS_SENT, said["lines"])}


def _named(said: Said, known: Known, claim: Claim, placed: Sequence[PlacedLine]) -> Said:
    """The answer with the lines that a person placed named as ours."""
    if said.is_reversal:
        raise FailedPrecondition("A reversal takes back a whole answer; its lines are not placed one by one.")
    chosen = {each.number: each.charge_line_ids for each in placed}
    if len(chosen) != len(placed):
        raise InvalidInput([Violation("lines", "place each line of the answer once")])
    try:
        return replace(said, lines=place_lines(said.lines, known.lines.get(claim.id, ()), chosen))
    except LinesDoNotFit as refused:
        at = {each.number: number for number, each in enumerate(placed)}
        raise InvalidInput(
            [Violation(f"lines[{at[number]}].charge_line_ids", what) for number, what in refused.problems]
        ) from refused


def _taken_out(waiting: PostingDecision, posting_id: UUID) -> PostingDecision:
    """The money leaves where it waited."""
    return replace(waiting, amount_minor=-waiting.amount_minor, reverses=posting_id)
