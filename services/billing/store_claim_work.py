"""Queries about what people do about claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from billing.tables_claim_work import ClaimFollowUp, ClaimNote
from billing.tables_claims import Claim
from chassis.store import BaseStore, among

# Nothing is to be done about these any more.
OVER = ("closed", "voided")


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which follow-ups are asked for; '' and None: all. `owner_id` '' with `unowned`: nobody's."""

    owner_id: str = ""
    unowned: bool = False
    queue: str | None = None
    due_by: date | None = None
    state: str = ""
    payer_id: UUID | None = None
    location_ids: Sequence[UUID] = ()


class ClaimWorkStore(BaseStore):
    """Notes and follow-ups."""

    def follow_up(self, claim_id: UUID) -> ClaimFollowUp | None:
        """What is to be done next about a claim."""
        return self.get(ClaimFollowUp, claim_id)

    def note_page(self, claim_id: UUID, page_size: int, page_token: str) -> tuple[list[ClaimNote], str]:
        """A claim's notes, the newest first."""
        query = select(ClaimNote).where(ClaimNote.tenant_id == self.tenant_id, ClaimNote.claim_id == claim_id)
        return self.page(query, [ClaimNote.id], page_size, page_token, descending=True)

    def claims_of(self, claim_ids: Iterable[UUID]) -> dict[UUID, Claim]:
        """Claims by id; not locked."""
        query = select(Claim).where(Claim.tenant_id == self.tenant_id, among(Claim.id, claim_ids))
        return {row.id: row for row in self.session.scalars(query)}

    def queue_page(self, wanted: QueueFilter, page_size: int, page_token: str) -> tuple[list[ClaimFollowUp], str]:
        """Follow-ups of claims that are not over, what is due first first."""
        query = (
            select(ClaimFollowUp)
            .join(Claim, (Claim.tenant_id == ClaimFollowUp.tenant_id) & (Claim.id == ClaimFollowUp.id))
            .where(ClaimFollowUp.tenant_id == self.tenant_id, Claim.state.not_in(OVER))
        )
        if wanted.unowned or wanted.owner_id:
            query = query.where(ClaimFollowUp.owner_id == ("" if wanted.unowned else wanted.owner_id))
        if wanted.queue:
            query = query.where(ClaimFollowUp.queue == wanted.queue)
        if wanted.due_by is not None:
            query = query.where(ClaimFollowUp.next_action_on <= wanted.due_by)
        if wanted.state:
            query = query.where(Claim.state == wanted.state)
        if wanted.payer_id is not None:
            query = query.where(Claim.payer_id == wanted.payer_id)
        if wanted.location_ids:
            query = query.where(among(Claim.location_id, wanted.location_ids))
        return self.page(query, [ClaimFollowUp.next_action_on, ClaimFollowUp.id], page_size, page_token)
