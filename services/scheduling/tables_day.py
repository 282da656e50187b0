"""The day: the walk-in queue, what patients were told about delays, and what is known about no-shows."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, TenantOnly, Versioned, patient_scoped
from scheduling.tables_base import Base, JsonObject


class WalkIn(Tenanted, Versioned, Base):
    """Somebody who came without an appointment and waits for their turn. ``code`` is the secret on their ticket."""

    __tablename__ = "walk_in"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_walk_in_day", "tenant_id", "location_id", "day", "number"),
        patient_scoped("patient_id"),
    )
    location_id: Mapped[UUID]
    day: Mapped[date]
    number: Mapped[int]
    code: Mapped[str]
    # None: not known yet; the desk finds out who it is when they are called.
    patient_id: Mapped[UUID | None]
    appointment_type_id: Mapped[UUID]
    priority: Mapped[int]
    status: Mapped[int]
    joined_at: Mapped[datetime]
    called_at: Mapped[datetime | None]
    practitioner_id: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    appointment_id: Mapped[UUID | None]


class WalkInCounter(TenantOnly, Base):
    """The last token given out at a location on a local day."""

    __tablename__ = "walk_in_counter"
    location_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    number: Mapped[int]


class DelayNotice(Tenanted, Base):
    """What a patient was told last about the delay of the visit with this id (minutes; 0: that it is on time again)."""

    __tablename__ = "delay_notice"
    __table_args__ = (patient_scoped("patient_id"),)
    patient_id: Mapped[UUID]
    told_minutes: Mapped[int]
    told_at: Mapped[datetime]
    expected_start: Mapped[datetime]


class RiskModel(Tenanted, Base):
    """What was learned from a tenant's history about visits that nobody comes to; the newest is used. See the domain's NoShowModel."""

    __tablename__ = "risk_model"
    trained_at: Mapped[datetime]
    kind: Mapped[str]
    body: Mapped[JsonObject]
    figures: Mapped[JsonObject]
