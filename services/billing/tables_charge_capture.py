"""What visits are coded from, and what is looked at before they are charged."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billing.tables_base import Base
from chassis.orm import Tenanted, Versioned, patient_scoped


class SuperbillTemplate(Tenanted, Versioned, Base):
    """One version of an appointment type's superbill; in force from `start_date` until the next one of the same owner."""

    __tablename__ = "superbill_template"
    appointment_type_code: Mapped[str]
    # None: every clinician's who has none of their own.
    practitioner_id: Mapped[UUID | None]
    start_date: Mapped[date]
    # Each {procedure, modifiers, units, chosen}.
    services: Mapped[list]
    # Without dots.
    diagnoses: Mapped[list]
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "appointment_type_code",
            "practitioner_id",
            "start_date",
            name="uq_superbill_template_version",
            postgresql_nulls_not_distinct=True,
        ),
    )


class FavouriteCode(Tenanted, Base):
    """A code that a clinician has chosen to have at hand."""

    __tablename__ = "favourite_code"
    practitioner_id: Mapped[UUID]
    # diagnosis, procedure
    kind: Mapped[str]
    # Without dot.
    code: Mapped[str]
    modifiers: Mapped[list]
    units: Mapped[int]
    # From 1, without gaps.
    position: Mapped[int]
    __table_args__ = (UniqueConstraint("tenant_id", "practitioner_id", "kind", "code"),)


class ReviewRule(Tenanted, Versioned, Base):
    """One rule that holds signed visits for review (domain.charge_reviews.ReviewRule in `asks`)."""

    __tablename__ = "review_rule"
    name: Mapped[str]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    asks: Mapped[dict]


class ChargeReview(Tenanted, Versioned, Base):
    """A signed visit that somebody looks at before it is charged."""

    __tablename__ = "charge_review"
    encounter_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    location_id: Mapped[UUID]
    service_date: Mapped[date]
    # waiting; then approved or returned
    state: Mapped[str]
    # Names of the rules that hold it.
    rules: Mapped[list]
    charge_minor: Mapped[int]
    opened_at: Mapped[datetime]
    signed_by: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str]
    note: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "encounter_id"], ["encounter.tenant_id", "encounter.id"]),
        Index("ix_charge_review_state", "tenant_id", "state", "id"),
        # A visit waits once, whatever races.
        Index(
            "uq_charge_review_waiting", "tenant_id", "encounter_id", unique=True, postgresql_where="state = 'waiting'"
        ),
        Index("ix_charge_review_patient_id", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )
