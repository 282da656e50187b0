"""What care is expected to cost, told beforehand."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, Versioned, patient_scoped


class Estimate(Tenanted, Versioned, Base):
    """An estimate as it was given; never changed but for its delivery and the comparison with the bill."""

    __tablename__ = "estimate"
    # insured, good_faith
    kind: Mapped[str]
    patient_id: Mapped[UUID]
    # None: asked for without a visit.
    encounter_id: Mapped[UUID | None]
    location_id: Mapped[UUID]
    practitioner_id: Mapped[UUID | None]
    coverage_id: Mapped[UUID | None]
    payer_id: Mapped[UUID | None]
    service_date: Mapped[date]
    # The day on which it was scheduled or asked for, and the last day on which it may be given (good faith).
    asked_on: Mapped[date]
    due_on: Mapped[date | None]
    diagnoses: Mapped[list]
    # EstimatedService
    services: Mapped[list]
    charge_minor: Mapped[int]
    patient_minor: Mapped[int]
    # What it was worked out from, in words by name.
    basis: Mapped[dict]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    file_id: Mapped[UUID | None]
    delivered_at: Mapped[datetime | None]
    # A later estimate for the same visit.
    superseded: Mapped[bool]
    compared_at: Mapped[datetime | None]
    billed_minor: Mapped[int | None]
    __table_args__ = (
        Index("ix_estimate_patient_id", "tenant_id", "patient_id"),
        Index("ix_estimate_encounter_id", "tenant_id", "encounter_id"),
        patient_scoped("patient_id"),
    )


class EstimateDelivery(TenantOnly, Base):
    """One time an estimate was handed over: to whom, how, by whom, and the file's hash as it was then."""

    __tablename__ = "estimate_delivery"
    estimate_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    # mail, email, portal, in_person
    method: Mapped[str]
    # The address, or whoever took it.
    recipient: Mapped[str]
    delivered_at: Mapped[datetime]
    delivered_by: Mapped[str]
    sha256: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "estimate_id"], ["estimate.tenant_id", "estimate.id"]),
        patient_scoped("patient_id"),
    )
