"""Procedure codes with their words, as each tenant has taken them in."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, Versioned


class CodeSet(Tenanted, Versioned, Base):
    """One list (CPT, HCPCS …); in force from `start_date` until the next one of its name."""

    __tablename__ = "code_set"
    code_set: Mapped[str]
    start_date: Mapped[date]
    # The file's name and what it held.
    name: Mapped[str]
    sha256: Mapped[str]
    code_count: Mapped[int]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]
    __table_args__ = (UniqueConstraint("tenant_id", "code_set", "start_date"),)


class CodeSetCode(TenantOnly, Base):
    """One code of a list; its own days where the list names them."""

    __tablename__ = "code_set_code"
    code_set_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    words: Mapped[str]
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "code_set_id"], ["code_set.tenant_id", "code_set.id"]),)
