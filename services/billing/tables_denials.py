"""What payers refused or paid short, how it is worked, and the letters that go out about it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billing.tables_base import Base
from chassis.orm import Tenanted, Versioned, patient_scoped


class DenialPlaybook(Tenanted, Versioned, Base):
    """One dated row of what to do about a kind of denial; '' and None mean any. It goes before the built-in rows."""

    __tablename__ = "denial_playbook"
    carc: Mapped[str]
    rarc: Mapped[str]
    payer_id: Mapped[UUID | None]
    family: Mapped[str]
    # Who works it: an account's id; '' is everybody's.
    owner_id: Mapped[str]
    work_days: Mapped[int]
    # How long the payer takes appeals, from its answer.
    appeal_days: Mapped[int]
    steps: Mapped[str]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    __table_args__ = (Index("ix_denial_playbook_start_date", "tenant_id", "start_date", "id"),)


class Denial(Tenanted, Versioned, Base):
    """What a payer refused of one claim, and how it stands. `priority` orders the worklist (domain.denials)."""

    __tablename__ = "denial"
    claim_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    payer_id: Mapped[UUID]
    location_id: Mapped[UUID]
    remittance_id: Mapped[UUID]
    service_date: Mapped[date]
    family: Mapped[str]
    # Each with charge_line_id, group, carc, rarcs, amount_minor.
    reasons: Mapped[list]
    amount_minor: Mapped[int]
    steps: Mapped[str]
    owner_id: Mapped[str]
    denied_on: Mapped[date]
    work_by: Mapped[date]
    appeal_by: Mapped[date]
    # open, appealed, resubmitted; then overturned, upheld, written_off
    state: Mapped[str]
    priority: Mapped[int]
    recovered_minor: Mapped[int]
    note: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("tenant_id", "claim_id"),
        ForeignKeyConstraint(["tenant_id", "claim_id"], ["claim.tenant_id", "claim.id"]),
        Index("ix_denial_worklist", "tenant_id", "priority", "id", postgresql_where="closed_at is null"),
        Index("ix_denial_denied_on", "tenant_id", "denied_on", "id"),
        Index("ix_denial_patient_id", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )


class AppealTemplate(Tenanted, Base):
    """One version of a letter's text; versions are never changed. `body` has {placeholders} (domain.appeals)."""

    __tablename__ = "appeal_template"
    code: Mapped[str]
    number: Mapped[int]
    title: Mapped[str]
    body: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    __table_args__ = (UniqueConstraint("tenant_id", "code", "number"),)


class Appeal(Tenanted, Versioned, Base):
    """One letter to a payer about a denial, from its text's version; the PDF is a stored file."""

    __tablename__ = "appeal"
    denial_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    # First, second, … letter about this denial.
    level: Mapped[int]
    template_code: Mapped[str]
    template_number: Mapped[int]
    file_id: Mapped[UUID]
    # drafted, sent, overturned, partly_overturned, upheld
    state: Mapped[str]
    amount_minor: Mapped[int]
    written_at: Mapped[datetime]
    written_by: Mapped[str]
    sent_on: Mapped[date | None]
    sent_how: Mapped[str]
    decided_on: Mapped[date | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "denial_id", "level"),
        ForeignKeyConstraint(["tenant_id", "denial_id"], ["denial.tenant_id", "denial.id"]),
        Index("ix_appeal_patient_id", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )


class Underpayment(Tenanted, Versioned, Base):
    """A claim on which the payer allowed less than its contract says."""

    __tablename__ = "underpayment"
    claim_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    payer_id: Mapped[UUID]
    location_id: Mapped[UUID]
    remittance_id: Mapped[UUID]
    service_date: Mapped[date]
    # Each with charge_line_id, line_control, procedure, expected_minor, allowed_minor.
    lines: Mapped[list]
    short_minor: Mapped[int]
    found_on: Mapped[date]
    dispute_by: Mapped[date]
    owner_id: Mapped[str]
    # open, disputed; then recovered, accepted
    state: Mapped[str]
    priority: Mapped[int]
    recovered_minor: Mapped[int]
    note: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("tenant_id", "claim_id"),
        ForeignKeyConstraint(["tenant_id", "claim_id"], ["claim.tenant_id", "claim.id"]),
        Index("ix_underpayment_worklist", "tenant_id", "priority", "id", postgresql_where="closed_at is null"),
        Index("ix_underpayment_found_on", "tenant_id", "found_on", "id"),
        Index("ix_underpayment_patient_id", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )
