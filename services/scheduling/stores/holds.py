"""Holds: locked, dropped and expired one by one, and what is held now of a location's or a practitioner's time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from chassis.principal import Principal
from chassis.store import among
from scheduling.domain.cells import Span
from scheduling.stores.cells import CellStore
from scheduling.stores.waitlist import OPEN
from scheduling.tables import AppointmentTypeRow, Hold, Occupation, WaitlistOffer

# The contract's longest appointment type: a hold that began before touches nothing that is asked for.
LONGEST_VISIT = timedelta(minutes=720)


@dataclass(frozen=True)
class HoldFilter:
    """Whose holds; those that touch [start_from, start_to) and have not expired at ``now`` (UTC instants)."""

    location_id: UUID | None
    practitioner_id: UUID | None
    start_from: datetime
    start_to: datetime
    now: datetime


class HoldStore(CellStore):
    """Holds, one by one and as lists."""

    # ---- each hold ----

    def lock_hold(self, hold_id: UUID, *, wait: bool = True) -> Hold | None:
        """The hold, locked until the transaction ends; None when there is none (any more). Without ``wait`` a hold that somebody
        else has locked raises Unavailable at once."""
        return self.session.get(
            Hold, self.key(hold_id), with_for_update=True if wait else {"nowait": True}, populate_existing=True
        )

    def holds_by_id(self, hold_ids: Sequence[UUID]) -> list[Hold]:
        """Those of the holds that are still there, not locked."""
        if not hold_ids:
            return []
        return list(
            self.session.scalars(select(Hold).where(Hold.tenant_id == self.tenant_id, among(Hold.id, hold_ids)))
        )

    def drop_holds(self, hold_ids: Sequence[UUID]) -> None:
        """Deletes holds and frees their time."""
        self.session.execute(delete(Hold).where(Hold.tenant_id == self.tenant_id, Hold.id.in_(hold_ids)))
        self.give_back(hold_ids)

    def drop_expired_holds(self, resource_ids: Iterable[UUID], span: Span, now: datetime) -> int:
        """Deletes the expired holds that stand in the way of these resources in this span, whole; those that somebody else is
        dealing with are left alone. Returns how many."""
        in_the_way = select(Occupation.claim_id).where(
            Occupation.tenant_id == self.tenant_id,
            among(Occupation.resource_id, set(resource_ids)),
            Occupation.end_cell > span.first,
            Occupation.first_cell < span.end,
        )
        expired = list(
            self.session.scalars(
                select(Hold.id)
                .where(Hold.tenant_id == self.tenant_id, Hold.id.in_(in_the_way), Hold.expires_at <= now)
                .with_for_update(skip_locked=True)
            )
        )
        if expired:
            self.drop_holds(expired)
        return len(expired)

    def holds_of(self, patient_ids: Iterable[UUID], now: datetime) -> int:
        """How many live holds these patients have."""
        query = select(Hold.id).where(
            Hold.tenant_id == self.tenant_id,
            among(Hold.patient_id, patient_ids),
            Hold.expires_at > now,
            Hold.waitlist.is_(False),
        )
        return len(self.session.scalars(query).all())

    # ---- lists ----

    def list_holds(
        self, wanted: HoldFilter, principal: Principal, page_size: int, page_token: str
    ) -> tuple[list[Hold], str]:
        """A page of holds by start, at the locations that the principal may see."""
        query = select(Hold).where(
            Hold.tenant_id == self.tenant_id,
            Hold.start_time > wanted.start_from - LONGEST_VISIT,
            Hold.start_time < wanted.start_to,
            Hold.end_time > wanted.start_from,
            Hold.expires_at > wanted.now,
        )
        if wanted.location_id:
            query = query.where(Hold.location_id == wanted.location_id)
        if wanted.practitioner_id:
            query = query.where(Hold.practitioner_id == wanted.practitioner_id)
        if principal.location_ids:
            query = query.where(among(Hold.location_id, principal.location_ids))
        return self.page(query, [Hold.start_time, Hold.id], page_size, page_token)

    def open_offers_of(self, hold_ids: Collection[UUID]) -> list[WaitlistOffer]:
        """The open offers of held times, in the order in which they were made."""
        query = select(WaitlistOffer).where(
            WaitlistOffer.tenant_id == self.tenant_id,
            WaitlistOffer.outcome == OPEN,
            among(WaitlistOffer.hold_id, hold_ids),
        )
        return list(self.session.scalars(query.order_by(WaitlistOffer.id))) if hold_ids else []

    def type_names(self, type_ids: Collection[UUID]) -> dict[UUID, str]:
        """Names of appointment types by id."""
        query = select(AppointmentTypeRow.id, AppointmentTypeRow.name).where(
            AppointmentTypeRow.tenant_id == self.tenant_id, among(AppointmentTypeRow.id, set(type_ids))
        )
        return {row.id: row.name for row in self.session.execute(query)} if type_ids else {}
