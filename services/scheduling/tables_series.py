"""Recurring visits."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from chassis.orm import Tenanted, Versioned, patient_scoped
from scheduling.tables_base import Base


class AppointmentSeries(Tenanted, Versioned, Base):
    """The rule behind recurring visits; the visits themselves are rows of `appointment`, each with a life of its own.

    ``rule`` is an RFC 5545 recurrence rule counted from ``first_date``; each occurrence begins at ``start_minute`` after midnight on the
    wall clock of ``time_zone``, whatever its offset is that day.
    """

    __tablename__ = "appointment_series"
    __table_args__ = (
        Index("ix_appointment_series_patient", "tenant_id", "patient_id", "id"),
        patient_scoped("patient_id"),
    )
    patient_id: Mapped[UUID]
    appointment_type_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    location_id: Mapped[UUID]
    rule: Mapped[str]
    first_date: Mapped[date]
    # Every date is so many days after the one that the rule names: the whole series was moved.
    days_later: Mapped[int]
    start_minute: Mapped[int]
    time_zone: Mapped[str]
    reason: Mapped[str]
    booked_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    # The series that this one continues, from an edit of "this and following".
    following_of: Mapped[UUID | None]
