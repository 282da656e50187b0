"""How far a clinic goes to be paid by its patients: the policy, what was handed to an agency, invoices."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, Versioned, patient_scoped


class CollectionPolicy(TenantOnly, Versioned, Base):
    """One row a tenant; without it the built-in policy holds (domain.collections). Amounts in minor units."""

    __tablename__ = "collection_policy"
    cycle_days: Mapped[int]
    last_cycle: Mapped[int]
    minimum_minor: Mapped[int]
    # The statement's link goes out first; paper follows for who has not paid after so many days. 0: paper at once.
    portal_first_days: Mapped[int]
    small_balance_minor: Mapped[int]
    small_balance_days: Mapped[int]
    # After the last statement; 0: nothing is handed off by rule.
    hand_off_days: Mapped[int]
    hand_off_minimum_minor: Mapped[int]
    agency: Mapped[str]
    changed_by: Mapped[str]


class CollectionCase(Tenanted, Versioned, Base):
    """A family's balance that was written off as bad debt and handed to an agency."""

    __tablename__ = "collection_case"
    patient_id: Mapped[UUID]
    # handed_off, recalled
    state: Mapped[str]
    agency: Mapped[str]
    amount_minor: Mapped[int]
    handed_on: Mapped[date]
    handed_by: Mapped[str]
    reason: Mapped[str]
    # The write-offs' journals.
    journal_ids: Mapped[list]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str]
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        Index(
            "uq_collection_case_open", "tenant_id", "patient_id", unique=True, postgresql_where="state = 'handed_off'"
        ),
        Index("ix_collection_case_handed_on", "tenant_id", "handed_on", "id"),
        Index("ix_collection_case_patient_id", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )


class Invoice(Tenanted, Base):
    """What an employer or another payer without claims, or a patient who pays themselves, is asked for on paper."""

    __tablename__ = "invoice"
    number: Mapped[str]
    # The debtor: a payer, or a patient.
    payer_id: Mapped[UUID | None]
    patient_id: Mapped[UUID | None]
    issued_on: Mapped[date]
    issued_by: Mapped[str]
    due_on: Mapped[date]
    amount_minor: Mapped[int]
    # Each with charge_line_id, patient_name, service_date, procedure, amount_minor.
    lines: Mapped[list]
    file_id: Mapped[UUID]
    issued_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        Index("ix_invoice_issued_on", "tenant_id", "issued_on", "id"),
        Index("ix_invoice_patient_id", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )
