"""What people do about claims: notes, follow-ups, one thing for many claims, asking the payer now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.claims import AWAITING, ClaimState
from billing.store import Store
from billing.store_claim_work import QueueFilter
from billing.tables_claim_work import ClaimFollowUp, ClaimNote
from billing.tables_claims import Claim
from billing.usecases import claim_changes, claim_follow_ups
from billing.usecases.acknowledgements import SILENCE_DUE
from chassis.call import Call
from chassis.errors import Error, FailedPrecondition, NotFound


@dataclass(frozen=True, slots=True)
class NextAction:
    """What is to be done next, when (a local day), by whom ('' nobody's) and in which queue ('' the general one)."""

    action: str
    on: date
    owner_id: str = ""
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of one claim of many: the claim, and why not when it was refused."""

    claim_id: UUID
    claim: Claim | None
    refusal: Error | None = None


def add_note(
    call: Call, claim_id: UUID, channel: str, reference: str, text: str, following: NextAction | None
) -> ClaimNote:
    """Writes a note down, with what follows. Raises NotFound."""
    store = Store(call.session)
    claim = _seen(call, store, claim_id)
    note = store.add(
        ClaimNote(
            id=call.new_id(),
            claim_id=claim.id,
            patient_id=claim.patient_id,
            channel=channel,
            reference=reference,
            text=text,
            written_at=call.now,
            written_by=call.principal.id,
        )
    )
    if following is not None:
        before = store.follow_up(claim.id)
        _follow_up(call, store, claim, following, queue=before.queue if before else "")
    return note


def list_notes(call: Call, claim_id: UUID, page_size: int, page_token: str) -> tuple[list[ClaimNote], str]:
    """A claim's notes, the newest first. Raises NotFound."""
    store = Store(call.session)
    _seen(call, store, claim_id)
    return store.note_page(claim_id, page_size, page_token)


def get_follow_up(call: Call, claim_id: UUID) -> tuple[Claim, ClaimFollowUp | None]:
    """What is to be done next about a claim, if anything is. Raises NotFound."""
    store = Store(call.session)
    return _seen(call, store, claim_id), store.follow_up(claim_id)


def set_next_action(call: Call, claim_id: UUID, following: NextAction, version: int) -> ClaimFollowUp:
    """Says what is to be done next. Raises NotFound, StaleVersion."""
    store = Store(call.session)
    claim = _seen(call, store, claim_id)
    before = store.follow_up(claim_id)
    call.expect_version(before.version if before else 0, version)
    return _follow_up(call, store, claim, following, queue=following.queue)


def list_queue(
    call: Call,
    *,
    owner_id: str,
    unowned: bool,
    queue: str,
    due_by: date | None,
    state: str,
    payer_code: str,
    page_size: int,
    page_token: str,
) -> tuple[list[tuple[ClaimFollowUp, Claim]], str]:
    """Claims with something to be done, what is due first first, at locations the caller may see."""
    store = Store(call.session)
    payer = store.payer_row(payer_code) if payer_code else None
    if payer_code and payer is None:
        return [], ""
    wanted = QueueFilter(
        owner_id=owner_id,
        unowned=unowned,
        queue=queue or None,
        due_by=due_by,
        state=state,
        payer_id=payer.id if payer else None,
        location_ids=list(call.principal.location_ids),
    )
    rows, token = store.queue_page(wanted, page_size, page_token)
    found = store.claims_of(row.id for row in rows)
    return [(row, found[row.id]) for row in rows], token


def ask_status(call: Call, claim_id: UUID) -> Claim:
    """Has the payer asked now what became of a claim. Raises NotFound, FailedPrecondition."""
    store = Store(call.session)
    claim = _seen(call, store, claim_id)
    if ClaimState(claim.state) not in AWAITING or claim.crossed_over:
        raise FailedPrecondition("Only a claim that waits for its payer's answer can be asked about.")
    call.due.at(SILENCE_DUE, claim.id, call.now)
    return claim


def work(call: Call, claim_ids: Sequence[UUID], deed: Callable[[Call, UUID], object]) -> list[Worked]:
    """Does one thing to each claim; what one of them refuses undoes nothing of the others."""
    done: list[Worked] = []
    for claim_id in claim_ids:
        refusal: Error | None = None
        try:
            with call.session.begin_nested():
                deed(call, claim_id)
        except Error as refused:
            refusal = refused
        done.append(Worked(claim_id, None, refusal))
    known = Store(call.session).claims_of(claim_ids)
    return [Worked(one.claim_id, known.get(one.claim_id), one.refusal) for one in done]


def hold(reason: str) -> Callable[[Call, UUID], object]:
    """For `work`: keeps a claim back."""
    return lambda call, claim_id: claim_changes.hold(call, claim_id, reason, 0)


def release(reason: str) -> Callable[[Call, UUID], object]:
    """For `work`: lets a claim go."""
    return lambda call, claim_id: claim_changes.release(call, claim_id, reason, 0)


def rescrub(call: Call, claim_id: UUID) -> object:
    """For `work`: has a claim written and judged anew."""
    return claim_changes.rescrub(call, claim_id, 0)


def follow_up(following: NextAction) -> Callable[[Call, UUID], object]:
    """For `work`: says what is to be done next."""
    return lambda call, claim_id: set_next_action(call, claim_id, following, 0)


def _follow_up(call: Call, store: Store, claim: Claim, following: NextAction, *, queue: str) -> ClaimFollowUp:
    return claim_follow_ups.put(
        call,
        store,
        claim,
        queue=queue,
        owner_id=following.owner_id,
        next_action=following.action,
        next_action_on=following.on,
    )


def _seen(call: Call, store: Store, claim_id: UUID) -> Claim:
    """The claim, when the caller may see its location. Raises NotFound."""
    claim = store.need(Claim, claim_id, "claim")
    if call.principal.location_ids and claim.location_id not in call.principal.location_ids:
        raise NotFound("claim")
    return claim
