"""Queries about drawers, payments, refunds and card events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from billing.domain.ledger import Account
from billing.store_encounters import EncounterStore
from billing.tables_ledger import LedgerEntry
from billing.tables_money import CardEvent, Drawer, Payment, Refund
from chassis.store import among


@dataclass(frozen=True, slots=True)
class DrawerTotals:
    """What a drawer's receipts and refunds come to, minor units, from the ledger, before it was emptied."""

    cash_received_minor: int
    cash_refunded_minor: int
    checks_received_minor: int
    receipt_count: int


class PaymentStore(EncounterStore):
    """Drawers, payments, refunds, card events."""

    def open_drawer(self, location_id: UUID, user_id: str, *, lock: bool = False) -> Drawer | None:
        """The user's open drawer at the location; locked, it stays open until the transaction ends."""
        query = select(Drawer).where(
            Drawer.tenant_id == self.tenant_id,
            Drawer.location_id == location_id,
            Drawer.user_id == user_id,
            Drawer.closed_at.is_(None),
        )
        return self.session.scalar(query.with_for_update() if lock else query)

    def open_drawer_count(self, location_id: UUID, up_to: date) -> int:
        """How many drawers of the location, opened on or before a day, are not counted yet."""
        query = select(func.count()).where(
            Drawer.tenant_id == self.tenant_id,
            Drawer.location_id == location_id,
            Drawer.business_date <= up_to,
            Drawer.closed_at.is_(None),
        )
        return int(self.session.scalar(query) or 0)

    def drawer_totals(self, drawer_ids: Iterable[UUID]) -> dict[UUID, DrawerTotals]:
        """From the entries that name each drawer; emptying it into the bank (kind deposit) is not counted."""
        ids = list(drawer_ids)
        query = (
            select(
                LedgerEntry.drawer_id,
                LedgerEntry.account,
                func.coalesce(func.sum(LedgerEntry.amount_minor).filter(LedgerEntry.amount_minor > 0), 0),
                func.coalesce(func.sum(LedgerEntry.amount_minor).filter(LedgerEntry.amount_minor < 0), 0),
                func.count(LedgerEntry.payment_id.distinct()),
            )
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                among(LedgerEntry.drawer_id, ids),
                LedgerEntry.kind.not_in(("deposit", "over_short")),
                LedgerEntry.account.in_((Account.CASH_DRAWER.value, Account.CHECKS_ON_HAND.value)),
            )
            .group_by(LedgerEntry.drawer_id, LedgerEntry.account)
        )
        rows = self.session.execute(query)
        found = {(drawer_id, account): (int(into), -int(out), count) for drawer_id, account, into, out, count in rows}
        totals = {}
        for drawer_id in ids:
            cash_in, cash_out, cash_count = found.get((drawer_id, Account.CASH_DRAWER.value), (0, 0, 0))
            checks_in, checks_out, check_count = found.get((drawer_id, Account.CHECKS_ON_HAND.value), (0, 0, 0))
            totals[drawer_id] = DrawerTotals(cash_in, cash_out, checks_in - checks_out, cash_count + check_count)
        return totals

    def drawer_page(
        self,
        *,
        location_id: UUID | None,
        business_date: date | None,
        is_open: bool | None,
        location_ids: Iterable[UUID],
        page_size: int,
        page_token: str,
    ) -> tuple[list[Drawer], str]:
        query = select(Drawer).where(Drawer.tenant_id == self.tenant_id)
        allowed = list(location_ids)
        if allowed:
            query = query.where(among(Drawer.location_id, allowed))
        if location_id is not None:
            query = query.where(Drawer.location_id == location_id)
        if business_date is not None:
            query = query.where(Drawer.business_date == business_date)
        if is_open is not None:
            query = query.where(Drawer.closed_at.is_(None) if is_open else Drawer.closed_at.is_not(None))
        return self.page(query, [Drawer.opened_at, Drawer.id], page_size, page_token, descending=True)

    def payment_page(
        self,
        *,
        patient_id: UUID | None,
        drawer_id: UUID | None,
        encounter_id: UUID | None,
        state: str,
        location_ids: Iterable[UUID],
        page_size: int,
        page_token: str,
    ) -> tuple[list[Payment], str]:
        """Payments, the newest first; `location_ids` are those the caller may see (empty: all, and those online)."""
        query = select(Payment).where(Payment.tenant_id == self.tenant_id)
        allowed = list(location_ids)
        if allowed:
            query = query.where(among(Payment.location_id, allowed))
        if patient_id is not None:
            query = query.where(Payment.patient_id.in_(self.with_merged([patient_id])))
        if drawer_id is not None:
            query = query.where(Payment.drawer_id == drawer_id)
        if encounter_id is not None:
            query = query.where(Payment.encounter_id == encounter_id)
        if state:
            query = query.where(Payment.state == state)
        return self.page(query, [Payment.created_at, Payment.id], page_size, page_token, descending=True)

    def payment_id_of(self, intent_id: str, payment_id: UUID | None) -> UUID | None:
        """The payment of a processor's intent, or, while that is not known, the one of our id; None: none of ours."""
        known = Payment.intent_id == intent_id
        query = select(Payment.id).where(
            Payment.tenant_id == self.tenant_id, known if payment_id is None else known | (Payment.id == payment_id)
        )
        return self.session.scalar(query.limit(1)) if intent_id or payment_id else None

    def paid_for_encounter(self, encounter_id: UUID) -> int:
        """Money received (and not given back whole) for one visit, minor units."""
        query = select(func.coalesce(func.sum(Payment.amount_minor), 0)).where(
            Payment.tenant_id == self.tenant_id,
            Payment.encounter_id == encounter_id,
            Payment.state.in_(("received", "pending")),
        )
        return int(self.session.scalar(query) or 0)

    def pending_for_statement(self, statement_id: UUID) -> int:
        """Online payments of a statement that the processor has not answered yet, minor units."""
        query = select(func.coalesce(func.sum(Payment.amount_minor), 0)).where(
            Payment.tenant_id == self.tenant_id, Payment.statement_id == statement_id, Payment.state == "pending"
        )
        return int(self.session.scalar(query) or 0)

    def refunds_of(self, payment_ids: Iterable[UUID]) -> list[Refund]:
        query = (
            select(Refund)
            .where(Refund.tenant_id == self.tenant_id, among(Refund.payment_id, payment_ids))
            .order_by(Refund.id)
        )
        return list(self.session.scalars(query))

    def first_card_event(self, event_id: str, kind: str, now: datetime) -> bool:
        """Notes a webhook event; False when it has been noted before."""
        statement = (
            insert(CardEvent)
            .values(tenant_id=self.tenant_id, event_id=event_id, kind=kind, received_at=now)
            .on_conflict_do_nothing()
            .returning(CardEvent.event_id)
        )
        return self.session.scalar(statement) is not None
