"""Cards on file and payment plans."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billing.tables_base import Base
from chassis.orm import Tenanted, Versioned, patient_scoped


class StoredCard(Tenanted, Versioned, Base):
    """A guarantor's card on file: the processor's token and what a person recognises it by; never its number."""

    __tablename__ = "stored_card"
    patient_id: Mapped[UUID]
    token: Mapped[str]
    brand: Mapped[str]
    last_four: Mapped[str]
    # Last day of the month in which it expires.
    expires_on: Mapped[date]
    agreed_at: Mapped[datetime]
    agreed_by: Mapped[str]
    removed_at: Mapped[datetime | None]
    __table_args__ = (
        Index("uq_stored_card_token", "tenant_id", "token", unique=True, postgresql_where="removed_at is null"),
        Index("ix_stored_card_patient_id", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )


class PaymentPlan(Tenanted, Versioned, Base):
    """What a guarantor agreed to pay in instalments. What has been paid of it is in the ledger (domain.payment_plans)."""

    __tablename__ = "payment_plan"
    patient_id: Mapped[UUID]
    # None: the guarantor pays each instalment themselves.
    card_id: Mapped[UUID | None]
    # active; then completed, broken, cancelled
    state: Mapped[str]
    total_minor: Mapped[int]
    instalment_minor: Mapped[int]
    # week, two_weeks, month
    every: Mapped[str]
    first_due: Mapped[date]
    agreed_at: Mapped[datetime]
    agreed_by: Mapped[str]
    # Instalments that were missed; how many are forgiven is in the domain.
    missed: Mapped[int]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str]
    __table_args__ = (
        CheckConstraint("total_minor > 0 and instalment_minor > 0", name="amounts"),
        Index("uq_payment_plan_active", "tenant_id", "patient_id", unique=True, postgresql_where="state = 'active'"),
        Index("ix_payment_plan_patient_id", "tenant_id", "patient_id"),
        Index("ix_payment_plan_agreed_at", "tenant_id", "agreed_at", "id"),
        patient_scoped("patient_id"),
    )


class PlanAttempt(Tenanted, Base):
    """One charge of a plan's card, by the payment it made; what came of it is the payment's state."""

    __tablename__ = "plan_attempt"
    plan_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    instalment: Mapped[int]
    # First, second, … for this instalment.
    attempt: Mapped[int]
    payment_id: Mapped[UUID]
    asked_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("tenant_id", "plan_id", "instalment", "attempt"),
        ForeignKeyConstraint(["tenant_id", "plan_id"], ["payment_plan.tenant_id", "payment_plan.id"]),
        ForeignKeyConstraint(["tenant_id", "payment_id"], ["payment.tenant_id", "payment.id"]),
        patient_scoped("patient_id"),
    )
