"""Tables of messages. Columns that hold words hold the values of `domain.vocabulary`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Reference, Tenanted, TenantOnly, Versioned, patient_scoped
from notifications import tables_conversations
from notifications.tables_base import Base

__all__ = ["Base", "tables_conversations"]


# ---- copies of what other services own


class Clinic(TenantOnly, Reference, Base):
    """The tenant, from identity."""

    __tablename__ = "clinic"
    name: Mapped[str]
    # Of its portal's address; '' until identity tells it.
    slug: Mapped[str] = mapped_column(server_default="")
    default_language: Mapped[str]
    active: Mapped[bool]
    source_version: Mapped[int]


class Location(Tenanted, Reference, Base):
    """A location's public facts, from identity."""

    __tablename__ = "location"
    name: Mapped[str]
    time_zone: Mapped[str]
    phone: Mapped[str]
    # Street and town on one line; '' until identity tells it.
    address: Mapped[str] = mapped_column(server_default="")
    source_version: Mapped[int]


class Appointment(Tenanted, Base):
    """What reminders need of an appointment, from scheduling."""

    __tablename__ = "appointment"
    patient_id: Mapped[UUID]
    location_id: Mapped[UUID]
    appointment_type_code: Mapped[str]
    start_time: Mapped[datetime]
    # Unknown for visits that were told before it was kept.
    end_time: Mapped[datetime | None]
    time_zone: Mapped[str]
    modality: Mapped[str]
    status: Mapped[str]
    reschedule_count: Mapped[int]
    # When the present time was agreed: booked_at, or the moment the move was heard of.
    agreed_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    # Its place in a series, from 1.
    series_number: Mapped[int | None]
    source_version: Mapped[int]
    __table_args__ = (
        Index("ix_appointment_start", "tenant_id", "start_time", "id"),
        patient_scoped("patient_id"),
    )


# ---- what the tenant decides


class Policy(TenantOnly, Reference, Versioned, Base):
    """Send windows (minutes after local midnight), limits and senders."""

    __tablename__ = "policy"
    sms_opens_minute: Mapped[int]
    sms_closes_minute: Mapped[int]
    email_opens_minute: Mapped[int]
    email_closes_minute: Mapped[int]
    sms_per_day: Mapped[int]
    email_per_day: Mapped[int]
    sms_from: Mapped[str]
    email_from: Mapped[str]


class Template(Tenanted, Reference, Versioned, Base):
    """A text's identity; `version` is the published one (each publishing raises it by one)."""

    __tablename__ = "template"
    code: Mapped[str]
    channel: Mapped[str]
    language: Mapped[str]
    published_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("tenant_id", "code", "channel", "language"),)


class TemplateVersion(TenantOnly, Reference, Base):
    """A published text; never changed."""

    __tablename__ = "template_version"
    template_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    published_at: Mapped[datetime]
    published_by: Mapped[str]
    built_in: Mapped[bool]
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "template_id"], ["template.tenant_id", "template.id"]),)


class Rule(Tenanted, Reference, Versioned, Base):
    """What is sent when."""

    __tablename__ = "rule"
    name: Mapped[str]
    trigger: Mapped[str]
    offset_minutes: Mapped[int]
    # Empty: every type without its own rules of the trigger.
    appointment_type_code: Mapped[str]
    # Channels in the order they are tried.
    channels: Mapped[list]
    template_code: Mapped[str]
    any_hour: Mapped[bool]
    active: Mapped[bool]
    effective_from: Mapped[datetime]
    __table_args__ = (Index("ix_rule_order", "tenant_id", "trigger", "offset_minutes", "id"),)


# ---- what is planned, sent and answered


class Reminder(Tenanted, Base):
    """One planned sending: at most one per subject, occurrence, rule and channel."""

    __tablename__ = "reminder"
    # appointment, waitlist_offer, statement or visit_delay, and its id.
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    # The appointment's reschedule_count; 0 for others.
    occurrence: Mapped[int]
    rule_id: Mapped[UUID]
    channel: Mapped[str]
    trigger: Mapped[str]
    patient_id: Mapped[UUID]
    intended_at: Mapped[datetime]
    due_at: Mapped[datetime]
    status: Mapped[str]
    # Empty while it waits or once it is sent.
    reason: Mapped[str]
    reference: Mapped[str]
    message_id: Mapped[UUID | None]
    # Facts of a subject that is no appointment: start_time, time_zone, location_id, expires_at.
    facts: Mapped[dict]
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "subject_id", "occurrence", "rule_id", "channel"),
        ForeignKeyConstraint(["tenant_id", "rule_id"], ["rule.tenant_id", "rule.id"]),
        patient_scoped("patient_id"),
    )


class Message(Tenanted, Base):
    """A message as it was written down before it was handed over, and what became of it."""

    __tablename__ = "message"
    patient_id: Mapped[UUID]
    appointment_id: Mapped[UUID | None]
    # The appointment's reschedule_count it speaks of.
    occurrence: Mapped[int]
    reminder_id: Mapped[UUID | None]
    channel: Mapped[str]
    recipient: Mapped[str]
    sender: Mapped[str]
    template_id: Mapped[UUID]
    template_code: Mapped[str]
    template_version: Mapped[int]
    language: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    body_hash: Mapped[str]
    reference: Mapped[str]
    # Whether a C, R or X in answer to it is about its appointment.
    asks: Mapped[bool]
    # Our answer to what the recipient wrote: no send window, no limit, also after STOP.
    is_answer: Mapped[bool]
    status: Mapped[str]
    attempts: Mapped[int]
    error_code: Mapped[str]
    provider_reference: Mapped[str]
    created_at: Mapped[datetime]
    # Pointless from this instant on (the visit begins, the offer expires).
    not_after: Mapped[datetime | None]
    # The recipient's zone, and whether the send window binds: attempts are repeated, and the window may close meanwhile.
    time_zone: Mapped[str]
    any_hour: Mapped[bool]
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "reference"),
        Index("ix_message_recipient", "tenant_id", "channel", "recipient", "created_at"),
        Index("ix_message_patient", "tenant_id", "patient_id", "created_at", "id"),
        Index("ix_message_appointment", "tenant_id", "appointment_id", "created_at", "id"),
        Index("ix_message_log", "tenant_id", "created_at", "id"),
        Index("ix_message_provider", "tenant_id", "provider_reference"),
        ForeignKeyConstraint(["tenant_id", "template_id"], ["template.tenant_id", "template.id"]),
        patient_scoped("patient_id"),
    )


class TestMessage(Tenanted, Base):
    """A test of a template's version, to somebody who is no patient; its text can be made again at any time."""

    __tablename__ = "test_message"
    template_id: Mapped[UUID]
    template_version: Mapped[int]
    recipient: Mapped[str]
    # The account's id and name.
    sent_by: Mapped[str]
    sent_by_name: Mapped[str]
    # planned, sent, failed.
    status: Mapped[str]
    error_code: Mapped[str]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_test_message_created", "tenant_id", "created_at", "sent_by"),
        Index("ix_test_message_template", "tenant_id", "template_id", "id"),
        ForeignKeyConstraint(["tenant_id", "template_id"], ["template.tenant_id", "template.id"]),
    )


class Suppression(Tenanted, Base):
    """An address nothing is sent to; lifted ones are kept."""

    __tablename__ = "suppression"
    channel: Mapped[str]
    address: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "uq_suppression_live", "tenant_id", "channel", "address", unique=True, postgresql_where="lifted_at is null"
        ),
        Index("ix_suppression_log", "tenant_id", "created_at", "id"),
    )


class Reply(Tenanted, Base):
    """What somebody wrote to our number, once per the provider's id, and how it was understood."""

    __tablename__ = "reply"
    provider_reference: Mapped[str]
    sender: Mapped[str]
    recipient: Mapped[str]
    text: Mapped[str]
    meaning: Mapped[str]
    ambiguous: Mapped[bool]
    needs_attention: Mapped[bool]
    asked_which: Mapped[bool]
    received_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("tenant_id", "provider_reference"),
        Index("ix_reply_log", "tenant_id", "received_at", "id"),
        Index("ix_reply_sender", "tenant_id", "sender", "received_at"),
    )


class ReplyVisit(TenantOnly, Base):
    """A patient a reply concerned, with the appointment when it was about one."""

    __tablename__ = "reply_visit"
    reply_id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    # The nil UUID when the reply was about no visit (STOP, START).
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "reply_id"], ["reply.tenant_id", "reply.id"]),
        Index("ix_reply_visit_patient", "tenant_id", "patient_id", "reply_id"),
        patient_scoped("patient_id"),
    )


class ReplyQuestion(TenantOnly, Base):
    """Our open question to a number, which visit it means; the latest one counts."""

    __tablename__ = "reply_question"
    sender: Mapped[str] = mapped_column(primary_key=True)
    intent: Mapped[str]
    # Appointment ids in the order of their numbers.
    appointment_ids: Mapped[list]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
