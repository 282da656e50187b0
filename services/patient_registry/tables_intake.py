"""Tables of intake: forms and their answers, consents and signatures, pictures of cards."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, TenantOnly, Versioned, patient_scoped
from patient_registry.tables_base import Base


def _of_patient() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "patient_id"], ["patient.tenant_id", "patient.id"])


class IntakeForm(TenantOnly, Base):
    """One version of a form; only who has taken its place (`in_use`) and whether it is retired ever changes."""

    __tablename__ = "intake_form"
    __table_args__ = (
        Index("uq_intake_form_in_use", "tenant_id", "code", unique=True, postgresql_where=text("in_use")),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    form_version: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[dict]
    text: Mapped[dict]
    ask: Mapped[str]
    appointment_type_codes: Mapped[list]
    # As `domain.intake_forms.sections_json` writes them.
    sections: Mapped[list]
    published_at: Mapped[datetime]
    published_by: Mapped[str]
    in_use: Mapped[bool]
    retired: Mapped[bool]


class FormResponse(Tenanted, Versioned, Base):
    """A patient's answers to one version of a form. One draft of a form for a patient and visit."""

    __tablename__ = "form_response"
    __table_args__ = (
        _of_patient(),
        Index(
            "uq_form_response_draft",
            "tenant_id",
            "patient_id",
            "form_code",
            "appointment_id",
            unique=True,
            postgresql_where=text("state = 'draft'"),
        ),
        Index("ix_form_response_patient", "tenant_id", "patient_id", "started_at", "id"),
        Index("ix_form_response_state", "tenant_id", "state", "started_at", "id"),
        Index("ix_form_response_log", "tenant_id", "started_at", "id"),
        Index("ix_form_response_latest", "tenant_id", "patient_id", "form_code", "submitted_at"),
        patient_scoped("patient_id"),
    )

    patient_id: Mapped[UUID]
    # The nil UUID when it is not about a visit.
    appointment_id: Mapped[UUID]
    form_code: Mapped[str]
    form_version: Mapped[int]
    state: Mapped[str]
    # Field → values.
    answers: Mapped[dict]
    # What the answers change in the record: field, record, before, after, state.
    changes: Mapped[list]
    section: Mapped[int]
    started_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[str]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[str]
    review_note: Mapped[str]


class ConsentText(TenantOnly, Base):
    """One version of a consent's words."""

    __tablename__ = "consent_text"
    __table_args__ = (
        Index("uq_consent_text_in_use", "tenant_id", "code", unique=True, postgresql_where=text("in_use")),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    text_version: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[dict]
    text: Mapped[dict]
    # Days a signature holds; 0: until it is revoked.
    valid_days: Mapped[int]
    # The oldest version whose signature still counts.
    accepted_from_version: Mapped[int]
    published_at: Mapped[datetime]
    published_by: Mapped[str]
    in_use: Mapped[bool]
    retired: Mapped[bool]


class SignedConsent(Tenanted, Base):
    """A signature under one version of a text."""

    __tablename__ = "signed_consent"
    __table_args__ = (
        _of_patient(),
        Index("ix_signed_consent_patient", "tenant_id", "patient_id", "signed_at", "id"),
        Index("ix_signed_consent_latest", "tenant_id", "patient_id", "code", "signed_at"),
        patient_scoped("patient_id"),
    )

    patient_id: Mapped[UUID]
    code: Mapped[str]
    text_version: Mapped[int]
    language: Mapped[str]
    # SHA-256 of the words that were shown, in hexadecimal.
    text_digest: Mapped[str]
    signer_name: Mapped[str]
    signer_relationship: Mapped[str]
    # The drawn signature; none when only the name was typed.
    signature_file_id: Mapped[UUID | None]
    signed_at: Mapped[datetime]
    signed_by_account: Mapped[str]
    # The last day it holds; none: until it is revoked.
    expires_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str]
    revoked_reason: Mapped[str]


class PatientDocument(Tenanted, Base):
    """A picture that belongs to a patient's record."""

    __tablename__ = "patient_document"
    __table_args__ = (
        _of_patient(),
        Index("ix_patient_document_patient", "tenant_id", "patient_id", "uploaded_at", "id"),
        Index(
            "ix_patient_document_current",
            "tenant_id",
            "patient_id",
            "kind",
            "uploaded_at",
            postgresql_where=text("current"),
        ),
        patient_scoped("patient_id"),
    )

    patient_id: Mapped[UUID]
    kind: Mapped[str]
    name: Mapped[str]
    coverage_id: Mapped[UUID | None]
    file_id: Mapped[UUID]
    content_type: Mapped[str]
    size_bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str]
    by_patient: Mapped[bool]
    # False once a newer one took its place or it was removed.
    current: Mapped[bool]
    removed_at: Mapped[datetime | None]


class IntakeConfirmation(TenantOnly, Base):
    """That a step before a visit was looked at and is right, or was left out."""

    __tablename__ = "intake_confirmation"
    __table_args__ = (_of_patient(), patient_scoped("patient_id"))

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    left_out: Mapped[bool]
    confirmed_at: Mapped[datetime]
    confirmed_by: Mapped[str]
