"""The waitlist: entries, freed times and offers."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update

from chassis.store import BaseStore
from scheduling.tables import FreedTime, WaitlistEntry, WaitlistOffer

WAITING, OFFERED, BOOKED, LEFT, LAPSED = 1, 2, 3, 4, 5
OPEN, ACCEPTED, DECLINED, EXPIRED = 0, 1, 2, 3


class WaitlistStore(BaseStore):
    """Reads and writes the waitlist."""

    def list_entries(
        self,
        patient_id: UUID | None,
        location_id: UUID | None,
        statuses: Collection[int],
        page_size: int,
        page_token: str,
    ) -> tuple[list[WaitlistEntry], str]:
        """A page of entries in the order in which they are served."""
        query = select(WaitlistEntry).where(
            WaitlistEntry.tenant_id == self.tenant_id, WaitlistEntry.status.in_(statuses or (WAITING, OFFERED))
        )
        if patient_id:
            query = query.where(WaitlistEntry.patient_id == patient_id)
        if location_id:
            anywhere = WaitlistEntry.location_ids == []
            query = query.where(anywhere | WaitlistEntry.location_ids.contains([str(location_id)]))
        order = [WaitlistEntry.rank, WaitlistEntry.joined_at, WaitlistEntry.id]
        return self.page(query, order, page_size, page_token)

    def entries_with(self, status: int) -> list[WaitlistEntry]:
        """Everybody who waits, or has an offer open."""
        query = select(WaitlistEntry).where(WaitlistEntry.tenant_id == self.tenant_id, WaitlistEntry.status == status)
        return list(self.session.scalars(query))

    def idle_freed_times(self) -> list[UUID]:
        """Freed times that are neither being offered nor settled."""
        query = select(FreedTime.id).where(
            FreedTime.tenant_id == self.tenant_id, FreedTime.closed_at.is_(None), FreedTime.hold_id.is_(None)
        )
        return list(self.session.scalars(query))

    def entries_of_patient(self, patient_id: UUID) -> list[WaitlistEntry]:
        """All entries of a patient."""
        query = select(WaitlistEntry).where(
            WaitlistEntry.tenant_id == self.tenant_id, WaitlistEntry.patient_id == patient_id
        )
        return list(self.session.scalars(query))

    def offers_of_freed(self, freed_time_id: UUID) -> list[WaitlistOffer]:
        """All offers of one freed time."""
        query = select(WaitlistOffer).where(
            WaitlistOffer.tenant_id == self.tenant_id, WaitlistOffer.freed_time_id == freed_time_id
        )
        return list(self.session.scalars(query.order_by(WaitlistOffer.id)))

    def open_offer_of(self, entry_id: UUID) -> WaitlistOffer | None:
        """The open offer of an entry."""
        query = select(WaitlistOffer).where(
            WaitlistOffer.tenant_id == self.tenant_id,
            WaitlistOffer.waitlist_entry_id == entry_id,
            WaitlistOffer.outcome == OPEN,
        )
        return self.session.scalars(query).first()

    def list_offers(
        self, patient_id: UUID | None, include_settled: bool, page_size: int, page_token: str
    ) -> tuple[list[WaitlistOffer], str]:
        """A page of offers, newest first."""
        query = select(WaitlistOffer).where(WaitlistOffer.tenant_id == self.tenant_id)
        if patient_id:
            query = query.where(WaitlistOffer.patient_id == patient_id)
        if not include_settled:
            query = query.where(WaitlistOffer.outcome == OPEN)
        return self.page(query, [WaitlistOffer.id], page_size, page_token, descending=True)

    def mark_accepted(self, freed_time_id: UUID, offer_id: UUID) -> None:
        """The freed time has found its taker; the hold is gone with it."""
        self.session.execute(
            update(FreedTime)
            .where(FreedTime.tenant_id == self.tenant_id, FreedTime.id == freed_time_id)
            .values(accepted_offer_id=offer_id, hold_id=None)
        )
