"""Visits and their charges, payments and drawers, statements."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, Versioned, patient_scoped


class Encounter(Tenanted, Versioned, Base):
    """A visit: expected since it was booked, open since check-in, then signed, without charge, or cancelled."""

    __tablename__ = "encounter"
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    location_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    appointment_type_code: Mapped[str]
    modality: Mapped[str]
    start_time: Mapped[datetime]
    time_zone: Mapped[str]
    # Local day at the location.
    service_date: Mapped[date]
    state: Mapped[str]
    # The appointment's version last taken over; 0: only a telehealth record is known yet.
    source_version: Mapped[int]
    # When billing first heard of it; None: before this was kept.
    booked_at: Mapped[datetime | None]
    checked_in_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    # Without dots, the principal first.
    diagnoses: Mapped[list]
    lines: Mapped[list]
    facts: Mapped[dict]
    # {patient_at_home, audio_only, seconds_together, recorded}; None: not known.
    telehealth: Mapped[dict | None]
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[str]
    no_charge_reason: Mapped[str]
    __table_args__ = (
        UniqueConstraint("tenant_id", "appointment_id"),
        Index("ix_encounter_service_date", "tenant_id", "service_date", "start_time", "id"),
        Index("ix_encounter_start_time", "tenant_id", "start_time", "id"),
        Index("ix_encounter_patient_id", "tenant_id", "patient_id"),
        Index(
            "ix_encounter_missing",
            "tenant_id",
            "start_time",
            "id",
            postgresql_where="state = 'open' and seen_at is not null",
        ),
        # The last charged visits of a patient, and of a clinician.
        Index(
            "ix_encounter_charged_patient",
            "tenant_id",
            "patient_id",
            "start_time",
            "id",
            postgresql_where="state = 'signed'",
        ),
        Index(
            "ix_encounter_charged_practitioner",
            "tenant_id",
            "practitioner_id",
            "start_time",
            "id",
            postgresql_where="state = 'signed'",
        ),
        patient_scoped("patient_id"),
    )


class SessionRecord(TenantOnly, Base):
    """How a telehealth visit was held, as its session's record says; it may arrive before the appointment is known."""

    __tablename__ = "session_record"
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    patient_at_home: Mapped[bool]
    audio_only: Mapped[bool]
    seconds_together: Mapped[int]
    __table_args__ = (patient_scoped("patient_id"),)


class ChargeLine(Tenanted, Base):
    """A service as it was charged; never changed. Its balance is in the ledger."""

    __tablename__ = "charge_line"
    encounter_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    location_id: Mapped[UUID]
    billing_entity_id: Mapped[UUID]
    line_number: Mapped[int]
    procedure: Mapped[str]
    modifiers: Mapped[list]
    diagnosis_pointers: Mapped[list]
    units: Mapped[int]
    charge_minor: Mapped[int]
    service_date: Mapped[date]
    place_of_service: Mapped[str]
    ndc: Mapped[str]
    ndc_quantity: Mapped[str]
    ndc_unit: Mapped[str]
    # The version of the charge master it was priced from; None: a fee by rule, or a balance of another system.
    fee_schedule_id: Mapped[UUID | None]
    # Who owed it first; None: the patient.
    payer_id: Mapped[UUID | None]
    # Why no claim carried it when it was charged; '': one does, or the patient pays.
    held_reason: Mapped[str]
    __table_args__ = (
        UniqueConstraint("tenant_id", "encounter_id", "line_number"),
        ForeignKeyConstraint(["tenant_id", "encounter_id"], ["encounter.tenant_id", "encounter.id"]),
        ForeignKeyConstraint(["tenant_id", "fee_schedule_id"], ["fee_schedule.tenant_id", "fee_schedule.id"]),
        Index("ix_charge_line_fee_schedule_id", "tenant_id", "fee_schedule_id"),
        Index("ix_charge_line_patient_id", "tenant_id", "patient_id"),
        CheckConstraint("charge_minor >= 0 and units > 0", name="amounts"),
        patient_scoped("patient_id"),
    )


class GuarantorAccount(Tenanted, Base):
    """Where a guarantor's statements stand; its row is locked while the family's money is moved. The id is the
    guarantor's.
    """

    __tablename__ = "guarantor_account"
    # Statements sent about the present balance; 0: none yet, or it was settled since.
    cycle: Mapped[int]
    next_statement_on: Mapped[date | None]
    last_statement_on: Mapped[date | None]
    # Why somebody wants no statement sent now ('': nobody does), and the last day of it; None: until it is released.
    hold_reason: Mapped[str] = mapped_column(server_default="")
    hold_until: Mapped[date | None]
    held_by: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (
        Index("ix_guarantor_account_next_statement_on", "tenant_id", "next_statement_on"),
        Index("ix_guarantor_account_held", "tenant_id", "id", postgresql_where="hold_reason <> ''"),
        patient_scoped("id"),
    )


class StatementHold(Tenanted, Base):
    """What may not be asked of a patient: one charge line until somebody has looked, or all from a day on (protected
    patients).
    """

    __tablename__ = "statement_hold"
    patient_id: Mapped[UUID]
    # None: every service from `from_date` on.
    charge_line_id: Mapped[UUID | None]
    from_date: Mapped[date]
    # 'review' or 'protected'.
    kind: Mapped[str]
    reason: Mapped[str]
    source: Mapped[str]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str]
    __table_args__ = (
        Index("ix_statement_hold_patient_id", "tenant_id", "patient_id"),
        UniqueConstraint(
            "tenant_id", "patient_id", "kind", "charge_line_id", "source", postgresql_nulls_not_distinct=True
        ),
        patient_scoped("patient_id"),
    )


class Drawer(Tenanted, Versioned, Base):
    """One user's drawer at one location from opening to count."""

    __tablename__ = "drawer"
    location_id: Mapped[UUID]
    user_id: Mapped[str]
    user_name: Mapped[str]
    business_date: Mapped[date]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    opening_float_minor: Mapped[int]
    counted_cash_minor: Mapped[int | None]
    counted_checks_minor: Mapped[int | None]
    over_short_minor: Mapped[int | None]
    note: Mapped[str]
    __table_args__ = (
        # One open drawer a user and location, whatever races.
        Index(
            "uq_drawer_open", "tenant_id", "location_id", "user_id", unique=True, postgresql_where="closed_at is null"
        ),
        Index("ix_drawer_location_id", "tenant_id", "location_id", "business_date"),
    )


class Payment(Tenanted, Versioned, Base):
    """A patient's payment. What is left of it is in the ledger."""

    __tablename__ = "payment"
    patient_id: Mapped[UUID]
    # None: paid online.
    location_id: Mapped[UUID | None]
    drawer_id: Mapped[UUID | None]
    encounter_id: Mapped[UUID | None]
    statement_id: Mapped[UUID | None]
    method: Mapped[str]
    state: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    # '' until the money is received.
    receipt_number: Mapped[str]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    taken_by: Mapped[str]
    check_number: Mapped[str]
    card_token: Mapped[str]
    # The processor's id of the intent; '' until it answered.
    intent_id: Mapped[str]
    decline_code: Mapped[str]
    __table_args__ = (
        Index(
            "uq_payment_receipt_number",
            "tenant_id",
            "receipt_number",
            unique=True,
            postgresql_where="receipt_number <> ''",
        ),
        Index("ix_payment_created_at", "tenant_id", "created_at", "id"),
        Index("ix_payment_patient_id", "tenant_id", "patient_id"),
        Index("ix_payment_drawer_id", "tenant_id", "drawer_id"),
        Index("ix_payment_encounter_id", "tenant_id", "encounter_id"),
        Index("ix_payment_intent_id", "tenant_id", "intent_id"),
        CheckConstraint("amount_minor > 0", name="amount"),
        patient_scoped("patient_id"),
    )


class Refund(Tenanted, Versioned, Base):
    """Money given back from a payment; a card's refund is pending until the processor has answered."""

    __tablename__ = "refund"
    payment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    drawer_id: Mapped[UUID | None]
    amount_minor: Mapped[int]
    # pending, done, failed.
    state: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    refunded_by: Mapped[str]
    processor_id: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "payment_id"], ["payment.tenant_id", "payment.id"]),
        Index("ix_refund_payment_id", "tenant_id", "payment_id"),
        CheckConstraint("amount_minor > 0", name="amount"),
        patient_scoped("patient_id"),
    )


class CardEvent(TenantOnly, Base):
    """A webhook event of the card processor that has had its effect."""

    __tablename__ = "card_event"
    event_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    received_at: Mapped[datetime]


class Counter(TenantOnly, Base):
    """The last number given out of a series (receipts, statements)."""

    __tablename__ = "counter"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class Statement(Tenanted, Base):
    """A statement as it was issued; its PDF is a stored file. The patient is the guarantor."""

    __tablename__ = "statement"
    number: Mapped[str]
    patient_id: Mapped[UUID]
    issued_at: Mapped[datetime]
    statement_date: Mapped[date]
    due_date: Mapped[date]
    cycle: Mapped[int]
    amount_due_minor: Mapped[int]
    unapplied_minor: Mapped[int]
    lines: Mapped[list]
    aging: Mapped[list]
    file_id: Mapped[UUID]
    # The day on which it goes to paper unless it is paid by then; None: it was issued before this was kept.
    mail_on: Mapped[date | None]
    # The mailing it went in.
    mailing_id: Mapped[UUID | None]
    __table_args__ = (
        Index(
            "ix_statement_mail_on",
            "tenant_id",
            "mail_on",
            "id",
            postgresql_where="mail_on is not null and mailing_id is null",
        ),
        Index("ix_statement_mailing_id", "tenant_id", "mailing_id", postgresql_where="mailing_id is not null"),
        UniqueConstraint("tenant_id", "number"),
        # Never two for the same guarantor and day, whatever races.
        UniqueConstraint("tenant_id", "patient_id", "statement_date"),
        Index("ix_statement_statement_date", "tenant_id", "statement_date", "id"),
        patient_scoped("patient_id"),
    )


class DayClose(Tenanted, Base):
    """A location's closed day with its totals (minor units)."""

    __tablename__ = "day_close"
    location_id: Mapped[UUID]
    business_date: Mapped[date]
    closed_at: Mapped[datetime]
    closed_by: Mapped[str]
    totals: Mapped[dict]
    __table_args__ = (
        UniqueConstraint("tenant_id", "location_id", "business_date"),
        Index("ix_day_close_business_date", "tenant_id", "business_date", "id"),
    )
