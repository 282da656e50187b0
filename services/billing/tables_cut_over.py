"""What was taken over from another system."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, patient_scoped


class CutOver(Tenanted, Base):
    """A file of open balances that was posted, with the totals that were proved; minor units."""

    __tablename__ = "cut_over"
    name: Mapped[str]
    sha256: Mapped[str]
    rows: Mapped[int]
    patient_minor: Mapped[int]
    payer_minor: Mapped[int]
    posted_at: Mapped[datetime]
    posted_by: Mapped[str]
    __table_args__ = (UniqueConstraint("tenant_id", "sha256"),)


class CutOverLine(TenantOnly, Base):
    """One balance by its number in the other system: taken over once, whatever file it stands in."""

    __tablename__ = "cut_over_line"
    reference: Mapped[str] = mapped_column(primary_key=True)
    cut_over_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    charge_line_id: Mapped[UUID]
    claim_id: Mapped[UUID | None]
    __table_args__ = (Index("ix_cut_over_line_patient_id", "tenant_id", "patient_id"), patient_scoped("patient_id"))
