"""Codes as the tenant has taken them in, and what clinicians use most."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import TenantOnly


class ProcedureCode(TenantOnly, Base):
    """A CPT or HCPCS code with the words that the tenant may use (CPT descriptors are licensed)."""

    __tablename__ = "procedure_code"
    code: Mapped[str] = mapped_column(primary_key=True)
    start_date: Mapped[date] = mapped_column(primary_key=True)
    end_date: Mapped[date | None]
    words: Mapped[str]
    # The words in lower case, for searching.
    folded: Mapped[str]


class Superbill(TenantOnly, Base):
    """The services that are usually done in visits of one appointment type."""

    __tablename__ = "superbill"
    appointment_type_code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    # Coded lines and diagnoses as an encounter keeps them.
    diagnoses: Mapped[list]
    lines: Mapped[list]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class FavouriteCode(TenantOnly, Base):
    """A code that one account keeps at hand."""

    __tablename__ = "favourite_code"
    account_id: Mapped[str] = mapped_column(primary_key=True)
    # diagnosis, procedure
    kind: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    added_at: Mapped[datetime]
    __table_args__ = (Index("ix_favourite_code_account_id", "tenant_id", "account_id", "added_at"),)
