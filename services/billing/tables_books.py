"""The bank's word, closed periods and their proof."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, Versioned


class BankDeposit(Tenanted, Versioned, Base):
    """One line of the bank's account as somebody keyed it; `remittance_id` or `day_close_id` once it is explained."""

    __tablename__ = "bank_deposit"
    deposited_on: Mapped[date]
    amount_minor: Mapped[int]
    # The bank's reference: an EFT's trace (TRN02), a slip's number.
    reference: Mapped[str]
    remittance_id: Mapped[UUID | None]
    day_close_id: Mapped[UUID | None]
    keyed_at: Mapped[datetime]
    keyed_by: Mapped[str]
    explained_at: Mapped[datetime | None]
    explained_by: Mapped[str]
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        UniqueConstraint("tenant_id", "reference", "deposited_on", "amount_minor"),
        UniqueConstraint("tenant_id", "remittance_id"),
        UniqueConstraint("tenant_id", "day_close_id"),
        Index("ix_bank_deposit_deposited_on", "tenant_id", "deposited_on", "id"),
    )


class PeriodClose(Tenanted, Base):
    """The balances at the end of a closed period, kept for ever; nothing is posted to its days any more."""

    __tablename__ = "period_close"
    last_day: Mapped[date]
    closed_at: Mapped[datetime]
    closed_by: Mapped[str]
    # Each as account, location id or null, debits, credits up to and with the last day, minor units.
    balances: Mapped[list]
    journals: Mapped[int]
    __table_args__ = (UniqueConstraint("tenant_id", "last_day"), {"info": {"append_only": True}})


class PeriodJournal(TenantOnly, Base):
    """A journal of a closed period with a digest of its entries, so that a proof that fails names it."""

    __tablename__ = "period_journal"
    period_id: Mapped[UUID] = mapped_column(primary_key=True)
    journal_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "period_id"], ["period_close.tenant_id", "period_close.id"]),
        {"info": {"append_only": True}},
    )


class PeriodProof(Tenanted, Base):
    """One nightly proof of a closed period against the ledger."""

    __tablename__ = "period_proof"
    period_id: Mapped[UUID]
    proved_at: Mapped[datetime]
    holds: Mapped[bool]
    # What differs: journals by id, balances by account and location; the first of each.
    faults: Mapped[list]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "period_id"], ["period_close.tenant_id", "period_close.id"]),
        Index("ix_period_proof_period_id", "tenant_id", "period_id", "proved_at"),
    )
