"""The ledger's two tables. The app role may insert and read; it may neither update nor delete (see the migration)."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, patient_scoped


class Journal(Tenanted, Base):
    """One business event in the books. `source_kind` and `source_key` name what it was made from: posted once."""

    __tablename__ = "journal"
    kind: Mapped[str]
    source_kind: Mapped[str]
    source_key: Mapped[str]
    # Local day at the location; never a closed one.
    posted_on: Mapped[date]
    posted_at: Mapped[datetime]
    posted_by: Mapped[str]
    memo: Mapped[str]
    location_id: Mapped[UUID | None]
    patient_id: Mapped[UUID | None]
    reverses_id: Mapped[UUID | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "source_kind", "source_key"),
        UniqueConstraint("tenant_id", "reverses_id"),
        Index("ix_journal_posted_on", "tenant_id", "posted_on", "id"),
        Index("ix_journal_patient_id", "tenant_id", "patient_id"),
        {"info": {"append_only": True}},
    )


class LedgerEntry(TenantOnly, Base):
    """One line of a journal: a debit (> 0) or a credit (< 0) of an account, in minor units."""

    __tablename__ = "ledger_entry"
    journal_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    amount_minor: Mapped[int]
    kind: Mapped[str]
    posted_on: Mapped[date]
    patient_id: Mapped[UUID | None]
    payer_id: Mapped[UUID | None]
    charge_line_id: Mapped[UUID | None]
    claim_id: Mapped[UUID | None]
    payment_id: Mapped[UUID | None]
    drawer_id: Mapped[UUID | None]
    location_id: Mapped[UUID | None]
    billing_entity_id: Mapped[UUID | None]
    service_date: Mapped[date | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "journal_id"], ["journal.tenant_id", "journal.id"]),
        CheckConstraint("amount_minor <> 0", name="amount"),
        Index("ix_ledger_entry_charge_line_id", "tenant_id", "charge_line_id"),
        Index("ix_ledger_entry_patient_id", "tenant_id", "patient_id", "account"),
        Index("ix_ledger_entry_payment_id", "tenant_id", "payment_id"),
        Index("ix_ledger_entry_account", "tenant_id", "account", "posted_on"),
        Index("ix_ledger_entry_drawer_id", "tenant_id", "drawer_id", postgresql_where="drawer_id is not null"),
        {"info": {"append_only": True, **patient_scoped("patient_id")["info"]}},  # type: ignore[dict-item]
    )
