"""Queries about one account: its lines with the balances after them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.orm.attributes import set_committed_value

from billing.domain.ledger import RECEIVABLES, Account
from billing.store_ledger import LedgerStore
from billing.tables_money import GuarantorAccount
from chassis.store import DEFAULT_PAGE, LARGEST_PAGE, among, make_token, read_token

# A line is what one journal moved on one charge line (or payment) in one way; lines are ordered as they were posted.
_LINES = text(
    """
    with moved as (
        select journal.posted_at, journal.id as journal_id, min(entry.number) as number, entry.kind, entry.charge_line_id,
            entry.service_date, min(entry.payer_id::text)::uuid as payer_id, sum(entry.amount_minor) as amount,
            coalesce(sum(entry.amount_minor) filter (where entry.account = :patients_part), 0) as patient_amount
        from ledger_entry as entry
        join journal on journal.tenant_id = entry.tenant_id and journal.id = entry.journal_id
        where entry.tenant_id = :tenant_id and entry.patient_id = any(:patients) and entry.account = any(:receivables)
        group by journal.posted_at, journal.id, entry.kind, entry.charge_line_id, entry.service_date),
    lines as (
        select *, sum(amount) over so_far as balance, sum(patient_amount) over so_far as patient_balance
        from moved window so_far as (order by posted_at, journal_id, number))
    select lines.*, journal.kind as journal_kind, journal.reverses_id, journal.memo, journal.posted_on
    from lines join journal on journal.tenant_id = :tenant_id and journal.id = lines.journal_id
    where cast(:at as timestamptz) is null or (lines.posted_at, lines.journal_id, lines.number)
        > (cast(:at as timestamptz), cast(:journal as uuid), cast(:number as bigint))
    order by lines.posted_at, lines.journal_id, lines.number
    limit :size
    """
)


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

    def plan_statements(self, accounts: Sequence[GuarantorAccount], day: date | None) -> None:
        """Begins a new cycle of statements of (locked) accounts: the first one on `day`, None: none. One statement, however many."""
        if not accounts:
            return
        these = (GuarantorAccount.tenant_id == self.tenant_id, among(GuarantorAccount.id, [one.id for one in accounts]))
        planned = update(GuarantorAccount).where(*these).values(cycle=0, next_statement_on=day)
        self.session.execute(planned, execution_options={"synchronize_session": False})
        for account in accounts:
            set_committed_value(account, "cycle", 0)
            set_committed_value(account, "next_statement_on", day)

    def account_rows(
        self, patient_ids: Iterable[UUID], page_size: int, page_token: str
    ) -> tuple[list[AccountRow], str]:
        """A page of what changed what payers or the patient owe, in the order it was posted, with the balances after it."""
        size = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
        at, journal, number = read_token(page_token, 3) if page_token else (None, None, None)
        values = {
            "tenant_id": self.tenant_id,
            "patients": list(patient_ids),
            "receivables": [account.value for account in RECEIVABLES],
            "patients_part": Account.PATIENT_RECEIVABLE.value,
            "at": at,
            "journal": journal,
            "number": number,
            "size": size + 1,
        }
        rows = self.session.execute(_LINES, values).all()
        token = ""
        if len(rows) > size:
            last = rows[size - 1]
            token = make_token([last.posted_at, last.journal_id, last.number])
        lines = [
            AccountRow(
                journal_id=row.journal_id,
                journal_kind=row.journal_kind,
                reverses_id=row.reverses_id,
                memo=row.memo,
                posted_on=row.posted_on,
                kind=row.kind,
                charge_line_id=row.charge_line_id,
                payer_id=row.payer_id,
                service_date=row.service_date,
                amount_minor=int(row.amount),
                patient_amount_minor=int(row.patient_amount),
                balance_minor=int(row.balance),
                patient_balance_minor=int(row.patient_balance),
            )
            for row in rows[:size]
        ]
        return lines, token
