"""Queries about one account: its lines with the balances after them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, literal, select, tuple_

from billing.domain.ledger import RECEIVABLES, Account
from billing.store_ledger import LedgerStore
from billing.tables_ledger import Journal, LedgerEntry
from chassis.store import DEFAULT_PAGE, LARGEST_PAGE, among, make_token, read_token


@dataclass(frozen=True, slots=True)
class AccountRow:
    """The movements of one journal on one charge line or payment of a patient, minor units."""

    journal_id: UUID
    journal_kind: str
    reverses_id: UUID | None
    memo: str
    posted_on: date
    kind: str
    charge_line_id: UUID | None
    payer_id: UUID | None
    service_date: date | None
    # Change of what payers and patient owe together, and of the patient's part.
    amount_minor: int
    patient_amount_minor: int
    # The same two after it.
    balance_minor: int
    patient_balance_minor: int


class AccountStore(LedgerStore):
    """The lines of accounts."""

    def account_rows(
        self, patient_ids: Iterable[UUID], page_size: int, page_token: str
    ) -> tuple[list[AccountRow], str]:
        """A page of what changed what payers or the patient owe, in the order it was posted, with the balances after it."""
        size = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
        owed = LedgerEntry.account.in_([account.value for account in RECEIVABLES])
        patient_part = func.sum(LedgerEntry.amount_minor).filter(
            LedgerEntry.account == Account.PATIENT_RECEIVABLE.value
        )
        amount = func.coalesce(func.sum(LedgerEntry.amount_minor), 0)
        patient_amount = func.coalesce(patient_part, 0)
        place = (Journal.posted_at, Journal.id, func.min(LedgerEntry.number))
        moved = (
            select(
                Journal.posted_at,
                Journal.id.label("journal_id"),
                place[2].label("number"),
                LedgerEntry.kind,
                LedgerEntry.charge_line_id,
                LedgerEntry.service_date,
                func.array_agg(LedgerEntry.payer_id).filter(LedgerEntry.payer_id.is_not(None)).label("payers"),
                amount.label("amount"),
                patient_amount.label("patient_amount"),
                func.sum(amount).over(order_by=place).label("balance"),
                func.sum(patient_amount).over(order_by=place).label("patient_balance"),
            )
            .join(Journal, (Journal.tenant_id == LedgerEntry.tenant_id) & (Journal.id == LedgerEntry.journal_id))
            .where(LedgerEntry.tenant_id == self.tenant_id, among(LedgerEntry.patient_id, patient_ids), owed)
            .group_by(
                Journal.posted_at, Journal.id, LedgerEntry.kind, LedgerEntry.charge_line_id, LedgerEntry.service_date
            )
            .subquery()
        )
        key = (moved.c.posted_at, moved.c.journal_id, moved.c.number)
        query = (
            select(moved, Journal)
            .join(Journal, (Journal.tenant_id == self.tenant_id) & (Journal.id == moved.c.journal_id))
            .order_by(*key)
            .limit(size + 1)
        )
        if page_token:
            last = read_token(page_token, len(key))
            query = query.where(
                tuple_(*key) > tuple_(*(literal(one, column.type) for one, column in zip(last, key, strict=True)))
            )
        rows = self.session.execute(query).all()
        token = make_token([rows[size - 1][n] for n in range(len(key))]) if len(rows) > size else ""
        return [
            AccountRow(
                journal_id=row.Journal.id,
                journal_kind=row.Journal.kind,
                reverses_id=row.Journal.reverses_id,
                memo=row.Journal.memo,
                posted_on=row.Journal.posted_on,
                kind=row.kind,
                charge_line_id=row.charge_line_id,
                payer_id=row.payers[0] if row.payers else None,
                service_date=row.service_date,
                amount_minor=int(row.amount),
                patient_amount_minor=int(row.patient_amount),
                balance_minor=int(row.balance),
                patient_balance_minor=int(row.patient_balance),
            )
            for row in rows[:size]
        ], token
