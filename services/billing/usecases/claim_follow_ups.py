"""What is to be done next about a claim: set by people and by the biller's rules."""

from __future__ import annotations

from datetime import date

from billing.store import Store
from billing.tables_claim_work import ClaimFollowUp
from billing.tables_claims import Claim
from chassis.call import Call


def put(
    call: Call, store: Store, claim: Claim, *, queue: str, owner_id: str, next_action: str, next_action_on: date
) -> ClaimFollowUp:
    """Says what is to be done next about a claim, instead of whatever was said before."""
    row = store.follow_up(claim.id)
    values = {"queue": queue, "owner_id": owner_id, "next_action": next_action, "next_action_on": next_action_on}
    if row is None:
        row = ClaimFollowUp(
            id=claim.id, patient_id=claim.patient_id, set_at=call.now, set_by=call.principal.id, **values
        )
        return store.add(row)
    for name, value in values.items():
        setattr(row, name, value)
    row.set_at, row.set_by = call.now, call.principal.id
    store.session.flush()
    return row
