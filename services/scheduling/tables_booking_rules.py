"""What a clinic may choose about bookings, who went beyond a rule, visits of a group, and who is to come again."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from chassis.orm import Tenanted, Versioned, patient_scoped
from scheduling.tables_base import Base, JsonList


class BookingPolicyRow(Tenanted, Versioned, Base):
    """What holds at one location (its id), or where a location has none of its own (the id of all zeros). Minutes."""

    __tablename__ = "booking_policy"
    cancel_cutoff_minutes: Mapped[int]
    patients_change_until_minutes: Mapped[int]
    no_show_grace_minutes: Mapped[int]
    late_tell_minutes: Mapped[int]
    late_again_minutes: Mapped[int]
    late_clear_minutes: Mapped[int]


class RuleOverride(Tenanted, Base):
    """A visit that a supervisor booked beyond the rules: which ones (names of ConflictReason), why, and who."""

    __tablename__ = "rule_override"
    __table_args__ = (
        Index("ix_rule_override_appointment", "tenant_id", "appointment_id"),
        Index("ix_rule_override_location", "tenant_id", "location_id", "id"),
        patient_scoped("patient_id"),
    )
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    location_id: Mapped[UUID]
    rules: Mapped[JsonList]
    reason: Mapped[str]
    overridden_by: Mapped[str]
    overridden_at: Mapped[datetime]


class GroupVisit(Tenanted, Versioned, Base):
    """A visit of several patients together: it takes practitioner, rooms and devices once, and has so many seats."""

    __tablename__ = "group_visit"
    __table_args__ = (Index("ix_group_visit_location", "tenant_id", "location_id", "start_time", "id"),)
    appointment_type_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    location_id: Mapped[UUID]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    time_zone: Mapped[str]
    title: Mapped[str]
    seats: Mapped[int]
    room_id: Mapped[UUID | None]
    equipment_ids: Mapped[JsonList]
    made_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class RecallRule(Tenanted, Versioned, Base):
    """After a visit of the type with this id the patient is due again, for a visit of ``recall_type_id``, so many months later."""

    __tablename__ = "recall_rule"
    recall_type_id: Mapped[UUID]
    months: Mapped[int]


class Recall(Tenanted, Versioned, Base):
    """Somebody who is due for a visit. That they have booked is seen from their appointments, and not written here."""

    __tablename__ = "recall"
    __table_args__ = (
        Index("ix_recall_due", "tenant_id", "due_on", "id", postgresql_where="closed_at is null"),
        Index("ix_recall_patient", "tenant_id", "patient_id", "appointment_type_id"),
        patient_scoped("patient_id"),
    )
    patient_id: Mapped[UUID]
    appointment_type_id: Mapped[UUID]
    practitioner_id: Mapped[UUID | None]
    location_id: Mapped[UUID | None]
    due_on: Mapped[date]
    reason: Mapped[str]
    made_at: Mapped[datetime]
    # The visit after which the rule made it.
    after_appointment_id: Mapped[UUID | None]
    contacted_at: Mapped[datetime | None]
    contacts: Mapped[int]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[int]
