"""Tables of conversations: threads, their messages, the pools they are given to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, TenantOnly, Versioned, patient_scoped
from notifications.tables_base import Base


class Pool(TenantOnly, Versioned, Base):
    """A group of people who are written to together."""

    __tablename__ = "message_pool"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_en: Mapped[str]
    name_es: Mapped[str]
    answer_minutes: Mapped[int]
    for_patients: Mapped[bool]
    active: Mapped[bool]


class Thread(Tenanted, Versioned, Base):
    """A conversation with a patient or about one.

    `shared_with` is the patient where they take part and the nil UUID where they do not: the database itself shows a patient's
    token no other thread.
    """

    __tablename__ = "thread"
    __table_args__ = (
        Index("ix_thread_due", "tenant_id", "state", "due_at", "id"),
        Index("ix_thread_pool", "tenant_id", "state", "pool", "due_at", "id"),
        Index("ix_thread_assignee", "tenant_id", "state", "assignee_id", "due_at", "id"),
        Index("ix_thread_patient", "tenant_id", "patient_id", "state", "last_message_at", "id"),
        Index("ix_thread_closed", "tenant_id", "state", "last_message_at", "id"),
        patient_scoped("shared_with"),
    )

    patient_id: Mapped[UUID]
    shared_with: Mapped[UUID]
    kind: Mapped[str]
    state: Mapped[str]
    subject: Mapped[str]
    # Empty when it is nobody's: a note for the record.
    pool: Mapped[str]
    assignee_id: Mapped[str]
    assignee_name: Mapped[str]
    # `domain.conversations.NEVER` when nothing is awaited of staff.
    due_at: Mapped[datetime]
    urgent: Mapped[bool]
    caller_name: Mapped[str]
    caller_phone: Mapped[str]
    started_by: Mapped[str]
    started_by_patient: Mapped[bool]
    started_at: Mapped[datetime]
    last_message_at: Mapped[datetime]
    last_author_id: Mapped[str]
    last_author: Mapped[str]
    last_by_patient: Mapped[bool]
    message_count: Mapped[int]
    read_by_staff_at: Mapped[datetime | None]
    read_by_patient_at: Mapped[datetime | None]
    # How often the patient has been told that something waits.
    notices: Mapped[int]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str]


class ThreadMessage(Tenanted, Base):
    """One message; never changed."""

    __tablename__ = "thread_message"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "thread_id"], ["thread.tenant_id", "thread.id"]),
        Index("ix_thread_message_thread", "tenant_id", "thread_id", "id"),
        Index("ix_thread_message_patient", "tenant_id", "patient_id", "sent_at", "id"),
        {"info": {"patient_column": "shared_with", "append_only": True}},
    )

    thread_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    shared_with: Mapped[UUID]
    by_patient: Mapped[bool]
    author_id: Mapped[str]
    author_name: Mapped[str]
    text: Mapped[str]
    sent_at: Mapped[datetime]
