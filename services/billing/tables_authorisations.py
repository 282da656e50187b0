"""What payers agreed to beforehand."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from billing.tables_base import Base
from chassis.orm import Tenanted, Versioned, patient_scoped


class Authorisation(Tenanted, Versioned, Base):
    """A prior authorisation or a referral. What is left of it is counted from the charges, never stored."""

    __tablename__ = "authorisation"
    # authorisation, referral
    kind: Mapped[str]
    patient_id: Mapped[UUID]
    coverage_id: Mapped[UUID]
    payer_id: Mapped[UUID]
    # requested, approved, denied, ended
    state: Mapped[str]
    # The payer's number; '' until it is approved.
    number: Mapped[str]
    # Codes and ranges; none: any service.
    procedures: Mapped[list]
    # units, visits
    measure: Mapped[str]
    # None: without limit.
    limit_count: Mapped[int | None]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    practitioner_id: Mapped[UUID | None]
    location_id: Mapped[UUID | None]
    referring_npi: Mapped[str]
    referring_name: Mapped[str]
    note: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "payer_id"], ["payer.tenant_id", "payer.id"]),
        Index("ix_authorisation_patient_id", "tenant_id", "patient_id", "payer_id"),
        Index("ix_authorisation_end_date", "tenant_id", "end_date"),
        patient_scoped("patient_id"),
    )
