"""Invoices to employers and to patients who pay themselves, with the money that came for them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, patient_scoped


class Invoice(Tenanted, Base):
    """What an employer, or a patient who pays themselves, is asked for on paper."""

    __tablename__ = "invoice"
    number: Mapped[str]
    # The debtor: a payer, or a patient.
    payer_id: Mapped[UUID | None]
    patient_id: Mapped[UUID | None]
    issued_on: Mapped[date]
    issued_by: Mapped[str]
    due_on: Mapped[date]
    amount_minor: Mapped[int]
    # As printed, each with charge_line_id, patient_name, service_date, procedure, description, amount_minor.
    lines: Mapped[list]
    file_id: Mapped[UUID]
    issued_at: Mapped[datetime]
    # What the debtor wants to read on it, e.g. a purchase order.
    reference: Mapped[str] = mapped_column(server_default="")
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[str] = mapped_column(server_default="")
    void_reason: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        Index("ix_invoice_issued_on", "tenant_id", "issued_on", "id"),
        Index("ix_invoice_patient_id", "tenant_id", "patient_id"),
        Index("ix_invoice_payer_id", "tenant_id", "payer_id", "issued_on", "id"),
        patient_scoped("patient_id"),
    )


class InvoiceLine(TenantOnly, Base):
    """A charge line on an invoice; of those that hold, only one carries it."""

    __tablename__ = "invoice_line"
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    charge_line_id: Mapped[UUID]
    amount_minor: Mapped[int]
    live: Mapped[bool]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(["tenant_id", "charge_line_id"], ["charge_line.tenant_id", "charge_line.id"]),
        Index("uq_invoice_line_live", "tenant_id", "charge_line_id", unique=True, postgresql_where="live"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )


class InvoicePayment(Tenanted, Base):
    """Money that an employer sent for an invoice; what a patient pays is a payment like any other."""

    __tablename__ = "invoice_payment"
    invoice_id: Mapped[UUID]
    # Of the check or the transfer; once an invoice.
    reference: Mapped[str]
    amount_minor: Mapped[int]
    received_on: Mapped[date]
    journal_id: Mapped[UUID]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    reversed_at: Mapped[datetime | None]
    reverse_reason: Mapped[str]
    __table_args__ = (
        UniqueConstraint("tenant_id", "invoice_id", "reference"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        CheckConstraint("amount_minor > 0", name="amount"),
    )
