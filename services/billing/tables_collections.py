"""How far a clinic goes to be paid by its patients: the policy, what is put on paper, what was handed to an agency."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

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
    # By which number the agency knows the clinic.
    agency_client: Mapped[str] = mapped_column(server_default="")
    # What a notice says, each with level (the statement's cycle), language and text; where there is none the built-in words.
    texts: Mapped[list] = mapped_column(server_default="[]")


class StatementMailing(Tenanted, Base):
    """Statements that went to paper together: a ZIP of their PDFs with a list."""

    __tablename__ = "statement_mailing"
    made_on: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    statements: Mapped[int]
    file_id: Mapped[UUID]
    __table_args__ = (Index("ix_statement_mailing_made_at", "tenant_id", "made_at", "id"),)


class CollectionCase(Tenanted, Versioned, Base):
    """A family's balance that was written off as bad debt and handed to an agency."""

    __tablename__ = "collection_case"
    patient_id: Mapped[UUID]
    # handed_off; then recalled or settled
    state: Mapped[str]
    agency: Mapped[str]
    amount_minor: Mapped[int]
    handed_on: Mapped[date]
    handed_by: Mapped[str]
    reason: Mapped[str]
    # The write-off's journal, then the recall's.
    journal_ids: Mapped[list]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str]
    # Each with charge_line_id and amount_minor, as they were written off.
    lines: Mapped[list] = mapped_column(server_default="[]")
    # The agency's file it went out in.
    file_id: Mapped[UUID | None]
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        Index(
            "uq_collection_case_open", "tenant_id", "patient_id", unique=True, postgresql_where="state = 'handed_off'"
        ),
        Index("ix_collection_case_handed_on", "tenant_id", "handed_on", "id"),
        Index("ix_collection_case_patient_id", "tenant_id", "patient_id"),
        Index("ix_collection_case_file_id", "tenant_id", "file_id"),
        patient_scoped("patient_id"),
    )


class CollectionFile(Tenanted, Base):
    """What an agency was told at one time: balances handed to it, or taken back from it."""

    __tablename__ = "collection_file"
    # hand_off, recall
    kind: Mapped[str]
    agency: Mapped[str]
    made_on: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    cases: Mapped[int]
    amount_minor: Mapped[int]
    # The stored CSV.
    stored_file_id: Mapped[UUID]
    __table_args__ = (Index("ix_collection_file_made_at", "tenant_id", "made_at", "id"),)


class CollectionPayment(Tenanted, Base):
    """What an agency collected of a case and paid over, less its fee; the money is a payment of the guarantor's."""

    __tablename__ = "collection_payment"
    case_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    payment_id: Mapped[UUID]
    # The agency's own; once a case.
    reference: Mapped[str]
    gross_minor: Mapped[int]
    fee_minor: Mapped[int]
    received_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("tenant_id", "case_id", "reference"),
        ForeignKeyConstraint(["tenant_id", "case_id"], ["collection_case.tenant_id", "collection_case.id"]),
        ForeignKeyConstraint(["tenant_id", "payment_id"], ["payment.tenant_id", "payment.id"]),
        CheckConstraint("gross_minor > 0 and fee_minor >= 0 and fee_minor <= gross_minor", name="amounts"),
        patient_scoped("patient_id"),
    )


class VisitFee(Tenanted, Versioned, Base):
    """A late cancellation or a missed visit: the fee that was asked for it, or why none was."""

    __tablename__ = "visit_fee"
    appointment_id: Mapped[UUID]
    encounter_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    location_id: Mapped[UUID]
    # late_cancellation, no_show
    kind: Mapped[str]
    # charged, not_charged; then waived (by a person) or withdrawn (the visit took place after all)
    state: Mapped[str]
    amount_minor: Mapped[int]
    # Whose rule it was; None: nobody insures the visit and no self-pay payer has a rule.
    payer_id: Mapped[UUID | None]
    # Why none was charged, or why it was taken back.
    reason: Mapped[str]
    happened_at: Mapped[datetime]
    charge_line_id: Mapped[UUID | None]
    journal_id: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("tenant_id", "appointment_id", "kind"),
        Index("ix_visit_fee_happened_at", "tenant_id", "happened_at", "id"),
        Index("ix_visit_fee_patient_id", "tenant_id", "patient_id", "happened_at", "id"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        patient_scoped("patient_id"),
    )
