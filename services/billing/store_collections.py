"""Queries about what patients owe beyond care: fees for visits that did not take place, policy, mailings, collections."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import func, literal_column, select

from billing.domain.ledger import Account
from billing.tables_collections import (
    CollectionCase,
    CollectionFile,
    CollectionPayment,
    CollectionPolicy,
    StatementMailing,
    VisitFee,
)
from billing.tables_ledger import LedgerEntry
from billing.tables_money import GuarantorAccount, Statement
from billing.tables_plans import PaymentPlan
from chassis.store import BaseStore, among


class CollectionStore(BaseStore):
    """Visit fees, the policy, statements on paper, cases with agencies."""

    # ---- fees for visits that did not take place

    def visit_fees_of(self, appointment_id: UUID) -> list[VisitFee]:
        """Whatever became of an appointment that did not take place."""
        query = select(VisitFee).where(VisitFee.tenant_id == self.tenant_id, VisitFee.appointment_id == appointment_id)
        return list(self.session.scalars(query))

    def visit_fee_page(
        self,
        patient_ids: Iterable[UUID] | None,
        state: str,
        page_size: int,
        page_token: str,
        location_ids: Iterable[UUID],
    ) -> tuple[list[VisitFee], str]:
        """The newest first; `patient_ids` None: everybody's; `location_ids` are those the caller may see (empty: all)."""
        query = select(VisitFee).where(VisitFee.tenant_id == self.tenant_id)
        if allowed := list(location_ids):
            query = query.where(among(VisitFee.location_id, allowed))
        if patient_ids is not None:
            # One record (nobody was merged) is found in its order; `in_` of one is an equality.
            query = query.where(VisitFee.patient_id.in_(patient_ids))
        if state:
            query = query.where(VisitFee.state == state)
        return self.page(query, [VisitFee.happened_at, VisitFee.id], page_size, page_token, descending=True)

    # ---- the policy, and statements on paper

    def collection_policy(self, *, lock: bool = False) -> CollectionPolicy | None:
        """The tenant's own policy, if it has one."""
        return self.session.get(CollectionPolicy, self.tenant_id, with_for_update=lock or None)

    def account_rows_of(self, guarantor_ids: Iterable[UUID]) -> dict[UUID, GuarantorAccount]:
        """Where guarantors' statements stand; who has never owed anything is left out."""
        query = (
            select(GuarantorAccount)
            .where(GuarantorAccount.tenant_id == self.tenant_id, among(GuarantorAccount.id, guarantor_ids))
            .execution_options(populate_existing=True)
        )
        return {row.id: row for row in self.session.scalars(query)}

    def guarantors_on_plan(self, guarantor_ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those who pay in instalments."""
        query = select(PaymentPlan.patient_id).where(
            PaymentPlan.tenant_id == self.tenant_id,
            among(PaymentPlan.patient_id, guarantor_ids),
            PaymentPlan.state == "active",
        )
        return frozenset(self.session.scalars(query))

    def guarantors_with_agency(self, guarantor_ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those of whom a balance is with an agency now."""
        query = select(CollectionCase.patient_id).where(
            CollectionCase.tenant_id == self.tenant_id,
            among(CollectionCase.patient_id, guarantor_ids),
            CollectionCase.state == "handed_off",
        )
        return frozenset(self.session.scalars(query))

    def last_statement_of(self, guarantor_id: UUID) -> Statement | None:
        """The guarantor's latest statement."""
        query = (
            select(Statement)
            .where(Statement.tenant_id == self.tenant_id, Statement.patient_id == guarantor_id)
            .order_by(Statement.statement_date.desc())
            .limit(1)
        )
        return self.session.scalar(query)

    def held_accounts(self, page_size: int, page_token: str) -> tuple[list[GuarantorAccount], str]:
        """Guarantors whom somebody wants no statement sent to."""
        query = select(GuarantorAccount).where(
            GuarantorAccount.tenant_id == self.tenant_id, GuarantorAccount.hold_reason != literal_column("''")
        )
        return self.page(query, [GuarantorAccount.id], page_size, page_token)

    def accounts_due_page(self, day: date, page_size: int, page_token: str) -> tuple[list[GuarantorAccount], str]:
        """Accounts whose next statement is due on or before a day."""
        query = select(GuarantorAccount).where(
            GuarantorAccount.tenant_id == self.tenant_id, GuarantorAccount.next_statement_on <= day
        )
        return self.page(query, [GuarantorAccount.id], page_size, page_token)

    def statements_to_mail(self, day: date, most: int) -> list[Statement]:
        """Statements that go to paper on or before a day and have not gone, locked, the longest waiting first."""
        query = (
            select(Statement)
            .where(
                Statement.tenant_id == self.tenant_id,
                Statement.mail_on.is_not(None),
                Statement.mailing_id.is_(None),
                Statement.mail_on <= day,
            )
            .order_by(Statement.mail_on, Statement.id)
            .limit(most)
        )
        return list(self.session.scalars(query.with_for_update(skip_locked=True)))

    def mailing_page(self, page_size: int, page_token: str) -> tuple[list[StatementMailing], str]:
        query = select(StatementMailing).where(StatementMailing.tenant_id == self.tenant_id)
        return self.page(query, [StatementMailing.made_at, StatementMailing.id], page_size, page_token, descending=True)

    def patients_of_mailing(self, mailing_id: UUID) -> list[UUID]:
        """Whose statements went to paper together."""
        query = select(Statement.patient_id).where(
            Statement.tenant_id == self.tenant_id, Statement.mailing_id == mailing_id
        )
        return list(self.session.scalars(query))

    # ---- collections

    def finished_accounts(
        self, last_cycle: int, asked_before: date, page_size: int, page_token: str
    ) -> tuple[list[GuarantorAccount], str]:
        """Guarantors who have had their last statement on or before a day and still none is planned."""
        query = select(GuarantorAccount).where(
            GuarantorAccount.tenant_id == self.tenant_id,
            GuarantorAccount.cycle >= last_cycle,
            GuarantorAccount.next_statement_on.is_(None),
            GuarantorAccount.last_statement_on <= asked_before,
        )
        return self.page(query, [GuarantorAccount.id], page_size, page_token)

    def case_page(
        self, patient_ids: Iterable[UUID] | None, state: str, page_size: int, page_token: str
    ) -> tuple[list[CollectionCase], str]:
        """Cases, the newest first."""
        query = select(CollectionCase).where(CollectionCase.tenant_id == self.tenant_id)
        if patient_ids is not None:
            query = query.where(among(CollectionCase.patient_id, patient_ids))
        if state:
            query = query.where(CollectionCase.state == state)
        return self.page(query, [CollectionCase.handed_on, CollectionCase.id], page_size, page_token, descending=True)

    def collected(self, case_ids: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
        """(collected, the agency's fees) of each case, minor units; cases of which nothing came are left out."""
        query = (
            select(
                CollectionPayment.case_id,
                func.sum(CollectionPayment.gross_minor),
                func.sum(CollectionPayment.fee_minor),
            )
            .where(CollectionPayment.tenant_id == self.tenant_id, among(CollectionPayment.case_id, case_ids))
            .group_by(CollectionPayment.case_id)
        )
        return {case_id: (int(gross), int(fee)) for case_id, gross, fee in self.session.execute(query)}

    def collection_payments(self, case_id: UUID) -> list[CollectionPayment]:
        """What the agency has paid over of a case, in that order."""
        query = (
            select(CollectionPayment)
            .where(CollectionPayment.tenant_id == self.tenant_id, CollectionPayment.case_id == case_id)
            .order_by(CollectionPayment.id)
        )
        return list(self.session.scalars(query))

    def collection_file_page(self, page_size: int, page_token: str) -> tuple[list[CollectionFile], str]:
        query = select(CollectionFile).where(CollectionFile.tenant_id == self.tenant_id)
        return self.page(query, [CollectionFile.made_at, CollectionFile.id], page_size, page_token, descending=True)

    def patients_of_collection_file(self, file_id: UUID) -> list[UUID]:
        """Whose balances a hand-off's file tells of."""
        query = select(CollectionCase.patient_id).where(
            CollectionCase.tenant_id == self.tenant_id, CollectionCase.file_id == file_id
        )
        return list(self.session.scalars(query))

    def bad_debt_of(self, charge_line_ids: Iterable[UUID]) -> dict[UUID, int]:
        """What of the patients' part of each charge line is written off as bad debt now, minor units."""
        query = (
            select(LedgerEntry.charge_line_id, func.sum(LedgerEntry.amount_minor))
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                among(LedgerEntry.charge_line_id, charge_line_ids),
                LedgerEntry.account == Account.WRITE_OFF_BAD_DEBT.value,
                LedgerEntry.payer_id.is_(None),
            )
            .group_by(LedgerEntry.charge_line_id)
        )
        return {line_id: int(amount) for line_id, amount in self.session.execute(query) if line_id is not None}
