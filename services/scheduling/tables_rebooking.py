"""Changes of availability that move visits: what was proposed, what was done, and what it takes to undo it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from chassis.orm import Tenanted, Versioned, patient_scoped
from scheduling.tables_base import Base, JsonObject


class Rebooking(Tenanted, Versioned, Base):
    """One change of availability with the moves it asks for.

    ``change`` is the change as it was asked for (the contract's JSON), ``before`` the row that it changes, column by column.
    """

    __tablename__ = "rebooking"
    change_kind: Mapped[int]
    change: Mapped[JsonObject]
    before: Mapped[JsonObject]
    # The template or exception that was changed or made, and its version afterwards.
    target_id: Mapped[UUID | None]
    target_version: Mapped[int | None]
    status: Mapped[int]
    within_days: Mapped[int]
    others_allowed: Mapped[bool]
    planned_at: Mapped[datetime]
    planned_by: Mapped[str]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class RebookingItem(Tenanted, Base):
    """One affected visit: where it was, where it is to go (None: nowhere found), and what became of it."""

    __tablename__ = "rebooking_item"
    __table_args__ = (
        UniqueConstraint("tenant_id", "rebooking_id", "appointment_id"),
        Index("ix_rebooking_item_appointment", "tenant_id", "appointment_id"),
        patient_scoped("patient_id"),
    )
    rebooking_id: Mapped[UUID]
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    from_start: Mapped[datetime]
    from_practitioner_id: Mapped[UUID]
    from_location_id: Mapped[UUID]
    to_start: Mapped[datetime | None]
    to_practitioner_id: Mapped[UUID | None]
    to_location_id: Mapped[UUID | None]
    explanation: Mapped[str]
    outcome: Mapped[int]
    # The visit's version once it was moved: whether somebody has touched it since.
    version_after: Mapped[int | None]
