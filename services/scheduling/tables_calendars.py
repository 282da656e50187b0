"""Calendars that go out (feeds) and come in (times at which practitioners are busy elsewhere)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, Versioned, patient_scoped
from scheduling.tables_base import Base


class CalendarFeed(Tenanted, Versioned, Base):
    """A calendar that can be read by whoever knows its secret; of a practitioner or of a patient, never of both."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        Index("ix_calendar_feed_practitioner", "tenant_id", "practitioner_id", "id"),
        Index("ix_calendar_feed_patient", "tenant_id", "patient_id", "id"),
        patient_scoped("patient_id"),
    )
    practitioner_id: Mapped[UUID | None]
    patient_id: Mapped[UUID | None]
    # SHA-256 of the secret: the token is shown once, when it is made.
    secret_hash: Mapped[bytes]
    made_at: Mapped[datetime]
    rotated_at: Mapped[datetime]


class BusyCalendar(Tenanted, Versioned, Base):
    """A practitioner's calendar elsewhere, read now and then from ``url`` or uploaded ("")."""

    __tablename__ = "busy_calendar"
    __table_args__ = (Index("ix_busy_calendar_practitioner", "tenant_id", "practitioner_id", "id"),)
    practitioner_id: Mapped[UUID]
    name: Mapped[str]
    url: Mapped[str]
    read_at: Mapped[datetime | None]
    # Why the last reading failed, "" when it did not: a word for people, nothing that was read.
    problem: Mapped[str]
    busy_count: Mapped[int]


class BusyTime(Tenanted, Base):
    """Cells [first_cell, end_cell) at which a practitioner is busy elsewhere. What for is not kept."""

    __tablename__ = "busy_time"
    __table_args__ = (
        Index("ix_busy_time_practitioner", "tenant_id", "practitioner_id", "end_cell"),
        Index("ix_busy_time_calendar", "tenant_id", "calendar_id"),
    )
    calendar_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    first_cell: Mapped[int] = mapped_column(Integer)
    end_cell: Mapped[int] = mapped_column(Integer)
