"""CMS's NCCI tables, as each tenant has taken them in."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, Versioned


class CodingTable(Tenanted, Versioned, Base):
    """One quarter's PTP or MUE table; in force from `start_date` until the next one's."""

    __tablename__ = "coding_table"
    # ptp, mue
    kind: Mapped[str]
    start_date: Mapped[date]
    # CMS publishes the PTP table in parts: each as {name, sha256, rows}, in the order they came.
    files: Mapped[list]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]
    __table_args__ = (UniqueConstraint("tenant_id", "kind", "start_date"),)


class CodingEdit(TenantOnly, Base):
    """All edits of one table that begin with one code: pairs [column 2, first, last or null, modifier allowed], or the one
    limit [units, indicator]."""

    __tablename__ = "coding_edit"
    table_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[list]
