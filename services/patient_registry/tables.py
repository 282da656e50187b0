"""The registry's tables."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Sequence, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, TenantOnly, Versioned, patient_scoped
from patient_registry import tables_coverage_files, tables_intake
from patient_registry.tables_base import Base

__all__ = ["Base", "tables_coverage_files", "tables_intake"]

# Compared byte by byte, so that a beginning is a range of the index whatever the database's locale is.
Bytewise = Text(collation="C")

# Numbers of medical records: one sequence for all tenants, so that registering takes no lock; gaps are of no account.
mrn_numbers = Sequence("mrn_number", start=1, metadata=Base.metadata)


def _of_patient() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "patient_id"], ["patient.tenant_id", "patient.id"])


class Patient(Tenanted, Versioned, Base):
    """A person. Lists that are always read and written with the person are kept in it."""

    __tablename__ = "patient"
    __table_args__ = (
        Index("uq_patient_mrn", "tenant_id", "mrn", unique=True),
        Index("ix_patient_birth_date", "tenant_id", "birth_date", "id"),
        Index("ix_patient_guarantor", "tenant_id", "guarantor_id"),
        patient_scoped("id"),
    )

    mrn: Mapped[str]
    family: Mapped[str]
    given: Mapped[str]
    middle: Mapped[str]
    prefix: Mapped[str]
    suffix: Mapped[str]
    preferred_name: Mapped[str]
    former_names: Mapped[list]
    birth_date: Mapped[date]
    sex: Mapped[str]
    language: Mapped[str]
    interpreter_needed: Mapped[bool]
    time_zone: Mapped[str]
    # Minutes after local midnight; both or neither.
    quiet_from_minute: Mapped[int | None]
    quiet_until_minute: Mapped[int | None]
    addresses: Mapped[list]
    contact_points: Mapped[list]
    identifiers: Mapped[list]
    ssn_last_four: Mapped[str]
    payer_hint: Mapped[str]
    deceased: Mapped[bool]
    deceased_on: Mapped[date | None]
    active: Mapped[bool]
    merged_into: Mapped[UUID | None]
    # A patient's id (the person's own when they pay for themselves) or a relation's.
    guarantor_id: Mapped[UUID]
    registered_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PatientName(TenantOnly, Base):
    """A name a person is found by: the one in use, a preferred, a former one, a part of a double one. Normalised."""

    __tablename__ = "patient_name"
    __table_args__ = (
        Index("ix_patient_name_given", "tenant_id", "given_key", "family_key", "patient_id"),
        Index("ix_patient_name_patient", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )

    family_key: Mapped[str] = mapped_column(Bytewise, primary_key=True)
    given_key: Mapped[str] = mapped_column(Bytewise, primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    in_use: Mapped[bool]


class PatientKey(TenantOnly, Base):
    """Anything else a person is found by (see domain/keys.py)."""

    __tablename__ = "patient_key"
    __table_args__ = (Index("ix_patient_key_patient", "tenant_id", "patient_id"), patient_scoped("patient_id"))

    key: Mapped[str] = mapped_column(Bytewise, primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)


class DuplicatePair(Tenanted, Base):
    """Two patients who are likely one person. `first_id` is the smaller id."""

    __tablename__ = "duplicate_pair"
    __table_args__ = (
        Index("uq_duplicate_pair", "tenant_id", "first_id", "second_id", unique=True),
        Index("ix_duplicate_pair_second", "tenant_id", "second_id"),
        Index(
            "ix_duplicate_pair_open",
            "tenant_id",
            "score_hundredths",
            "id",
            postgresql_where=text("dismissed_at is null"),
        ),
    )

    first_id: Mapped[UUID]
    second_id: Mapped[UUID]
    # Match weight in hundredths of a bit.
    score_hundredths: Mapped[int]
    grade: Mapped[str]
    reasons: Mapped[list]
    found_at: Mapped[datetime]
    dismissed_at: Mapped[datetime | None]
    dismissed_by: Mapped[str]


class Relation(Tenanted, Versioned, Base):
    """A person around a patient: another patient, or somebody known by name and contact only."""

    __tablename__ = "relation"
    __table_args__ = (
        _of_patient(),
        Index("ix_relation_patient", "tenant_id", "patient_id"),
        Index("ix_relation_related", "tenant_id", "related_patient_id"),
        Index("ix_relation_phone", "tenant_id", "phone", postgresql_where=text("phone <> ''")),
        Index("ix_relation_email", "tenant_id", "email", postgresql_where=text("email <> ''")),
        patient_scoped("patient_id"),
    )

    patient_id: Mapped[UUID]
    related_patient_id: Mapped[UUID | None]
    relationship: Mapped[str]
    # Name, address, birth date, sex of somebody who is not a patient; empty otherwise.
    person: Mapped[dict]
    phone: Mapped[str]
    email: Mapped[str]
    proxy: Mapped[bool]
    emergency_contact: Mapped[bool]


class Coverage(Tenanted, Versioned, Base):
    """An insurance coverage of a patient, and what its payer last answered about it."""

    __tablename__ = "coverage"
    __table_args__ = (
        _of_patient(),
        Index("ix_coverage_patient", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )

    patient_id: Mapped[UUID]
    kind: Mapped[str]
    priority: Mapped[int]
    payer_code: Mapped[str]
    payer_name: Mapped[str]
    plan_name: Mapped[str]
    member_id: Mapped[str]
    group_number: Mapped[str]
    subscriber_relation: Mapped[str]
    subscriber: Mapped[dict | None]
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    case_number: Mapped[str]
    case_details: Mapped[dict | None]
    insurance_type_code: Mapped[str]
    active: Mapped[bool]
    # The last request, whatever came of it.
    last_outcome: Mapped[str]
    last_checked_at: Mapped[datetime | None]
    # The last good answer.
    benefit_active: Mapped[bool | None]
    verified_at: Mapped[datetime | None]
    copay_minor: Mapped[int | None]
    deductible_remaining_minor: Mapped[int | None]
    coinsurance_basis_points: Mapped[int | None]
    currency: Mapped[str]


class PayerAlias(TenantOnly, Base):
    """Which payer a text on foreign documents means; an empty code means that there is no insurance."""

    __tablename__ = "payer_alias"

    text_key: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    payer_code: Mapped[str]
    payer_name: Mapped[str]


class ConsentChange(Tenanted, Base):
    """One thing a patient has said about being written to. Never changed: what holds now is the last of each kind."""

    __tablename__ = "consent_change"
    __table_args__ = (
        _of_patient(),
        Index("ix_consent_change_patient", "tenant_id", "patient_id", "changed_at"),
        {"info": {"patient_column": "patient_id", "append_only": True}},
    )

    patient_id: Mapped[UUID]
    channel: Mapped[str]
    purpose: Mapped[str]
    granted: Mapped[bool]
    changed_at: Mapped[datetime]
    source: Mapped[str]
    changed_by: Mapped[str]


class Visit(Tenanted, Base):
    """A visit as scheduling has told of it; `id` is the appointment's."""

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_patient", "tenant_id", "patient_id", "start_time", "id"),
        patient_scoped("patient_id"),
    )

    patient_id: Mapped[UUID]
    location_id: Mapped[str]
    practitioner_id: Mapped[str]
    appointment_type_code: Mapped[str]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    time_zone: Mapped[str]
    modality: Mapped[int]
    status: Mapped[int]
    source_version: Mapped[int]


class ExternalKey(TenantOnly, Base):
    """By what an imported resource is recognised when it comes again, and what it said the last time.

    Of coverages and relations the value begins with the patient's id: a family shares the number of its policy.
    """

    __tablename__ = "external_key"
    __table_args__ = (
        Index("ix_external_key_value", "tenant_id", "value"),
        Index("ix_external_key_record", "tenant_id", "record_id"),
    )

    resource_type: Mapped[str] = mapped_column(primary_key=True)
    system: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    fingerprint: Mapped[str]


class PortalCodeRequest(Tenanted, Base):
    """A code for the portal was asked for at an address, known by its digest alone; real time, to limit how often."""

    __tablename__ = "portal_code_request"
    __table_args__ = (Index("ix_portal_code_request_contact", "tenant_id", "contact_digest", "requested_at"),)
    contact_digest: Mapped[bytes]
    requested_at: Mapped[datetime]
