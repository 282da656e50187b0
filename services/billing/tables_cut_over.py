"""What was taken over from another system: each file once, each of its rows once."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly


class CutOverFile(Tenanted, Base):
    """A file that was taken in whole, with the totals that proved it."""

    __tablename__ = "cut_over_file"
    # balances, claims
    kind: Mapped[str]
    # SHA-256 of its bytes, hexadecimal.
    digest: Mapped[str]
    name: Mapped[str]
    # The day at whose end the other system's books said so.
    as_of: Mapped[date]
    rows: Mapped[int]
    # Each with bucket, rows, amount_minor: as the user gave them, the file has them and the ledger holds them.
    totals: Mapped[list]
    journal_id: Mapped[UUID | None]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "digest"),
        Index("ix_cut_over_file_imported_at", "tenant_id", "imported_at", "id"),
    )


class CutOverRow(TenantOnly, Base):
    """A row of a file by the other system's own key: what it became."""

    __tablename__ = "cut_over_row"
    kind: Mapped[str] = mapped_column(primary_key=True)
    row_key: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[UUID]
    line: Mapped[int]
    charge_line_id: Mapped[UUID | None]
    payment_id: Mapped[UUID | None]
    claim_id: Mapped[UUID | None]
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "file_id"], ["cut_over_file.tenant_id", "cut_over_file.id"]),)
