"""Who may send which transactions to a payer."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from billing.tables_base import Base
from chassis.orm import Tenanted, Versioned


class Enrolment(Tenanted, Versioned, Base):
    """One enrolment of a practitioner (None: everybody) at a location (None: everywhere) with a payer."""

    __tablename__ = "enrolment"
    payer_id: Mapped[UUID]
    practitioner_id: Mapped[UUID | None]
    location_id: Mapped[UUID | None]
    # claims, eligibility, remittances
    transaction: Mapped[str]
    # requested, approved, refused
    state: Mapped[str]
    # The payer's number of the provider, where it gives one.
    provider_number: Mapped[str]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    note: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "payer_id"], ["payer.tenant_id", "payer.id"]),
        Index("ix_enrolment_payer_id", "tenant_id", "payer_id", "transaction"),
        Index("ix_enrolment_practitioner_id", "tenant_id", "practitioner_id"),
    )
