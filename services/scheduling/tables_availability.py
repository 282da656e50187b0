"""What narrows availability beside templates: rules of single resources, pools, clearances, and the zones' clocks as last seen."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, TenantOnly, Versioned, patient_scoped
from scheduling.tables_base import Base, JsonList


class ResourceRuleRow(Tenanted, Versioned, Base):
    """Buffers and limits of one practitioner, room, device or location, whose id it has."""

    __tablename__ = "resource_rule"
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    visits_per_day: Mapped[int]
    visits_per_week: Mapped[int]


class PractitionerPool(Tenanted, Versioned, Base):
    """Practitioners among whom visits are shared out; ``members`` is [[practitioner id, weight]]."""

    __tablename__ = "practitioner_pool"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)
    name: Mapped[str]
    members: Mapped[JsonList]


class Clearance(Tenanted, Base):
    """A referral or a filled-in questionnaire that a patient has; both days are included, None is open."""

    __tablename__ = "clearance"
    __table_args__ = (Index("ix_clearance_patient", "tenant_id", "patient_id", "id"), patient_scoped("patient_id"))
    patient_id: Mapped[UUID]
    kind: Mapped[int]
    code: Mapped[str]
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    given_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ZoneClock(TenantOnly, Base):
    """A zone's offsets as working time was last worked out with them: ``segments`` is [[first cell, end cell, offset in cells]]."""

    __tablename__ = "zone_clock"
    zone: Mapped[str] = mapped_column(primary_key=True)
    segments: Mapped[JsonList]
    seen_at: Mapped[datetime]


class ClockShift(Tenanted, Versioned, Base):
    """A visit whose wall-clock time moved because its zone's rules changed: booked for ``promised_time``, now at ``shown_time`` on the
    clocks there (both without zone, ISO 8601); ``proposed_start`` is when the promised time comes by the new rules."""

    __tablename__ = "clock_shift"
    __table_args__ = (
        UniqueConstraint("tenant_id", "appointment_id", "found_at"),
        Index("ix_clock_shift_open", "tenant_id", "id", postgresql_where="settled_at is null"),
        patient_scoped("patient_id"),
    )
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    location_id: Mapped[UUID]
    zone: Mapped[str]
    promised_time: Mapped[str]
    shown_time: Mapped[str]
    proposed_start: Mapped[datetime]
    found_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    # Whether the visit was moved to the proposed start; None while open.
    moved: Mapped[bool | None]
