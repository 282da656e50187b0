"""Tables of video visits. Columns that hold words hold the values of `domain.vocabulary`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, Versioned, declarative_base, patient_scoped

Base: Any = declarative_base()


class Practitioner(Tenanted, Base):
    """What rooms need of a practitioner, from identity: the account that hosts, and licences for when identity is down."""

    __tablename__ = "practitioner"
    account_id: Mapped[str]
    display_name: Mapped[str]
    # [{"state", "valid_from", "valid_to"}], dates as ISO text or null.
    licences: Mapped[list]
    active: Mapped[bool]
    source_version: Mapped[int]
    __table_args__ = (Index("ix_practitioner_account", "tenant_id", "account_id"),)


class VideoSession(Tenanted, Versioned, Base):
    """A room: one per appointment by video. Its id is the room's id."""

    __tablename__ = "video_session"
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    location_id: Mapped[UUID]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    time_zone: Mapped[str]
    status: Mapped[str]
    # What the patient stated when they came in; empty before.
    patient_state: Mapped[str]
    patient_at_home: Mapped[bool]
    ended_at: Mapped[datetime | None]
    # Final once it is over.
    seconds_together: Mapped[int]
    audio_only: Mapped[bool]
    # What the host says to those who wait.
    waiting_message: Mapped[str] = mapped_column(server_default="")
    # The appointment's version this was made from.
    source_version: Mapped[int]
    __table_args__ = (
        UniqueConstraint("tenant_id", "appointment_id"),
        Index("ix_video_session_start", "tenant_id", "start_time", "id"),
        Index("ix_video_session_practitioner", "tenant_id", "practitioner_id", "start_time"),
        patient_scoped("patient_id"),
    )


class Participant(Tenanted, Base):
    """Somebody who came to a room's door: one row per role and name, however often they come."""

    __tablename__ = "participant"
    session_id: Mapped[UUID]
    role: Mapped[str]
    display_name: Mapped[str]
    state: Mapped[str]
    media: Mapped[str]
    # Set once they were let in: who drops out comes straight back.
    admitted_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]
    last_seen: Mapped[datetime]
    # Clinicians: whose licence counts.
    practitioner_id: Mapped[UUID | None]
    # When they agreed to a visit by video.
    consented_at: Mapped[datetime | None]
    # Counts the browsers they came in with: only the last one's token speaks for them.
    seat: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        UniqueConstraint("tenant_id", "session_id", "role", "display_name"),
        ForeignKeyConstraint(["tenant_id", "session_id"], ["video_session.tenant_id", "video_session.id"]),
    )


class UsedLink(Tenanted, Base):
    """A guest's link that somebody came in with, by its number, and a hash of the key of that browser; gone with the visit."""

    __tablename__ = "used_link"
    session_id: Mapped[UUID]
    participant_id: Mapped[UUID]
    device: Mapped[str]
    __table_args__ = (
        Index("ix_used_link_session", "tenant_id", "session_id"),
        ForeignKeyConstraint(["tenant_id", "session_id"], ["video_session.tenant_id", "video_session.id"]),
    )


class Presence(Tenanted, Base):
    """The ledger: one unbroken presence of a participant with one kind of media. Closed rows are never changed."""

    __tablename__ = "presence"
    session_id: Mapped[UUID]
    participant_id: Mapped[UUID]
    role: Mapped[str]
    media: Mapped[str]
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    ended_by: Mapped[str]
    __table_args__ = (
        Index("ix_presence_session", "tenant_id", "session_id", "entered_at"),
        Index("uq_presence_open", "tenant_id", "participant_id", unique=True, postgresql_where="left_at is null"),
        ForeignKeyConstraint(["tenant_id", "session_id"], ["video_session.tenant_id", "video_session.id"]),
        ForeignKeyConstraint(["tenant_id", "participant_id"], ["participant.tenant_id", "participant.id"]),
    )
