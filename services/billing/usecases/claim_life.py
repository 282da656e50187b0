"""Moving a claim from state to state: the one way in which it happens, with its happening written down and told."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from billing import published_claims as published
from billing.domain.claims import TRANSITIONS, ClaimEvent, ClaimState, after
from billing.store import Store
from billing.tables_claims import Claim, ClaimHappening
from chassis.call import Call


def move(
    call: Call,
    store: Store,
    claim: Claim,
    event: ClaimEvent,
    *,
    detail: str = "",
    codes: Sequence[str] = (),
    by: str = "",
    batch_id: UUID | None = None,
    file_id: UUID | None = None,
) -> ClaimState:
    """Lets `event` happen to a (locked) claim. Raises IllegalTransition; nothing is written then."""
    changed = step(call, store, claim, event, detail=detail, codes=codes, by=by, batch_id=batch_id, file_id=file_id)
    store.session.flush()
    if changed:
        tell(call, store, claim)
    return ClaimState(claim.state)


def step(
    call: Call,
    store: Store,
    claim: Claim,
    event: ClaimEvent,
    *,
    detail: str = "",
    codes: Sequence[str] = (),
    by: str = "",
    batch_id: UUID | None = None,
    file_id: UUID | None = None,
) -> bool:
    """As `move`, for many claims at once: the caller flushes, then tells of those that changed (True)."""
    before = ClaimState(claim.state)
    state = after(before, event)
    claim.state, claim.changed_at = state.value, call.now
    note(call, store, claim, event.value, before.value, detail, codes, by, batch_id, file_id)
    return state is not before


def can(claim: Claim, event: ClaimEvent) -> bool:
    """Whether the table has a row for it."""
    return (ClaimState(claim.state), event) in TRANSITIONS


def note(
    call: Call,
    store: Store,
    claim: Claim,
    event: str,
    before: str,
    detail: str = "",
    codes: Sequence[str] = (),
    by: str = "",
    batch_id: UUID | None = None,
    file_id: UUID | None = None,
) -> None:
    """Writes a happening of a locked claim down, also one that changes no state."""
    claim.happenings += 1
    store.session.add(
        ClaimHappening(
            claim_id=claim.id,
            number=claim.happenings,
            patient_id=claim.patient_id,
            happened_at=call.now,
            event=event,
            from_state=before,
            to_state=claim.state,
            by=by or call.principal.id,
            detail=detail,
            codes=list(codes),
            batch_id=batch_id,
            file_id=file_id,
        )
    )


def tell(call: Call, store: Store, *claims: Claim) -> None:
    """Publishes the states that (flushed) claims are in now."""
    codes = store.payer_codes()
    call.emit_all(
        [
            published.claim_state_changed(
                claim_id=claim.id,
                appointment_id=claim.appointment_id,
                patient_id=claim.patient_id,
                payer_code=codes.get(claim.payer_id, ""),
                state=claim.state,
                version=claim.version,
            )
            for claim in claims
        ]
    )
