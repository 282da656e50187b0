"""Queries about cards on file and payment plans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text

from billing.store_keyed import KeyedStore
from billing.tables_money import Payment
from billing.tables_plans import PaymentPlan, PlanAttempt, StoredCard
from chassis.store import among

_PAID_SINCE = text(
    """
    select asked.key, -sum(entry.amount_minor) as paid
    from unnest(cast(:keys as uuid[]), cast(:instants as timestamptz[]), cast(:patients as uuid[]))
        as asked(key, since, patient_id)
    join ledger_entry as entry on entry.tenant_id = :tenant_id and entry.patient_id = asked.patient_id
        and entry.account = 'unapplied_patient' and entry.kind in ('receipt', 'refund')
    join journal on journal.tenant_id = entry.tenant_id and journal.id = entry.journal_id
        and journal.posted_at >= asked.since
    join payment on payment.tenant_id = entry.tenant_id and payment.id = entry.payment_id
        and payment.encounter_id is null
    group by asked.key
    """
)


class PlanStore(KeyedStore):
    """Cards on file, plans, attempts."""

    def card_by_token(self, token: str) -> StoredCard | None:
        """The card that is kept under the processor's token."""
        query = select(StoredCard).where(
            StoredCard.tenant_id == self.tenant_id, StoredCard.token == token, StoredCard.removed_at.is_(None)
        )
        return self.session.scalar(query)

    def card_page(self, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[StoredCard], str]:
        query = select(StoredCard).where(
            StoredCard.tenant_id == self.tenant_id, StoredCard.patient_id == patient_id, StoredCard.removed_at.is_(None)
        )
        return self.page(query, [StoredCard.id], page_size, page_token, descending=True)

    def cards(self, card_ids: Iterable[UUID]) -> dict[UUID, StoredCard]:
        query = select(StoredCard).where(StoredCard.tenant_id == self.tenant_id, among(StoredCard.id, card_ids))
        return {row.id: row for row in self.session.scalars(query)}

    def plans_with_card(self, card_id: UUID) -> list[PaymentPlan]:
        """Active plans that a card pays, locked."""
        query = select(PaymentPlan).where(
            PaymentPlan.tenant_id == self.tenant_id, PaymentPlan.card_id == card_id, PaymentPlan.state == "active"
        )
        return list(self.session.scalars(query.with_for_update()))

    def active_plan(self, guarantor_id: UUID) -> PaymentPlan | None:
        query = select(PaymentPlan).where(
            PaymentPlan.tenant_id == self.tenant_id,
            PaymentPlan.patient_id == guarantor_id,
            PaymentPlan.state == "active",
        )
        return self.session.scalar(query)

    def plan_page(
        self, patient_id: UUID | None, state: str, page_size: int, page_token: str
    ) -> tuple[list[PaymentPlan], str]:
        query = select(PaymentPlan).where(PaymentPlan.tenant_id == self.tenant_id)
        if patient_id is not None:
            query = query.where(PaymentPlan.patient_id == patient_id)
        if state:
            query = query.where(PaymentPlan.state == state)
        return self.page(query, [PaymentPlan.agreed_at, PaymentPlan.id], page_size, page_token, descending=True)

    def attempts_of(self, plan_id: UUID, instalment: int) -> list[tuple[PlanAttempt, Payment]]:
        """The charges of a plan's card for one instalment with what came of them, in order."""
        query = (
            select(PlanAttempt, Payment)
            .join(Payment, (Payment.tenant_id == PlanAttempt.tenant_id) & (Payment.id == PlanAttempt.payment_id))
            .where(
                PlanAttempt.tenant_id == self.tenant_id,
                PlanAttempt.plan_id == plan_id,
                PlanAttempt.instalment == instalment,
            )
            .order_by(PlanAttempt.attempt)
        )
        return [(attempt, payment) for attempt, payment in self.session.execute(query)]

    def paid_since(self, plans: Iterable[tuple[UUID, datetime, Iterable[UUID]]]) -> dict[UUID, int]:
        """What came in since an instant and was not given back, minor units; money taken for a visit is that visit's.

        `plans`: (key, instant, patients whose payments count).
        """
        asked = [(key, since, patient_id) for key, since, patients in plans for patient_id in patients]
        values = {
            "tenant_id": self.tenant_id,
            "keys": [key for key, _, _ in asked],
            "instants": [since for _, since, _ in asked],
            "patients": [patient_id for _, _, patient_id in asked],
        }
        return {row.key: int(row.paid) for row in self.session.execute(_PAID_SINCE, values)} if asked else {}
