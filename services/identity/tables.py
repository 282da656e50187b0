"""Identity's tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, TenantOnly, Versioned, declarative_base, unprotected_by_tenant

Base: Any = declarative_base()


class Tenant(Versioned, Tenanted, Base):
    """An organisation; its id is its tenant id."""

    __tablename__ = "tenant"
    slug: Mapped[str]
    name: Mapped[str]
    active: Mapped[bool]
    default_language: Mapped[str]


class TenantSlug(TenantOnly, Base):
    """Slug → tenant, read at sign-in, before the tenant is known."""

    __tablename__ = "tenant_slug"
    slug: Mapped[str] = mapped_column(primary_key=True)
    # Whether the clinic's page is published: a search engine's list is made before any tenant is known.
    published: Mapped[bool] = mapped_column(server_default="false", default=False)
    __table_args__ = (UniqueConstraint("slug"), unprotected_by_tenant("sign-in finds the tenant by its slug"))


class BillingEntity(Versioned, Tenanted, Base):
    __tablename__ = "billing_entity"
    name: Mapped[str]
    tax_id: Mapped[str]
    npi: Mapped[str]
    taxonomy: Mapped[str]
    address: Mapped[dict]
    pay_to: Mapped[dict | None]
    phone: Mapped[str]
    email: Mapped[str]
    active: Mapped[bool]


class Location(Versioned, Tenanted, Base):
    __tablename__ = "location"
    billing_entity_id: Mapped[UUID]
    name: Mapped[str]
    address: Mapped[dict]
    time_zone: Mapped[str]
    npi: Mapped[str]
    phone: Mapped[str]
    place_of_service: Mapped[str]
    clia_number: Mapped[str]
    hours: Mapped[list]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    active: Mapped[bool]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "billing_entity_id"], ["billing_entity.tenant_id", "billing_entity.id"]),
    )


class Practitioner(Versioned, Tenanted, Base):
    __tablename__ = "practitioner"
    name: Mapped[dict]
    credential: Mapped[str]
    npi: Mapped[str]
    taxonomy: Mapped[str]
    specialties: Mapped[list]
    languages: Mapped[list]
    sex: Mapped[int]
    location_ids: Mapped[list]
    licences: Mapped[list]
    account_id: Mapped[UUID | None]
    active: Mapped[bool]
    __table_args__ = (UniqueConstraint("tenant_id", "npi"),)


class Room(Versioned, Tenanted, Base):
    __tablename__ = "room"
    location_id: Mapped[UUID]
    name: Mapped[str]
    room_class: Mapped[str]
    capacity: Mapped[int]
    active: Mapped[bool]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "location_id"], ["location.tenant_id", "location.id"]),
        Index("ix_room_location", "tenant_id", "location_id"),
    )


class Equipment(Versioned, Tenanted, Base):
    __tablename__ = "equipment"
    location_id: Mapped[UUID]
    name: Mapped[str]
    equipment_class: Mapped[str]
    capacity: Mapped[int]
    active: Mapped[bool]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "location_id"], ["location.tenant_id", "location.id"]),
        Index("ix_equipment_location", "tenant_id", "location_id"),
    )


class Account(Versioned, Tenanted, Base):
    """Who may sign in. Failures in a row lock it for a while (real time)."""

    __tablename__ = "account"
    # Lower case.
    login: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    password_hash: Mapped[str]
    roles: Mapped[list]
    location_ids: Mapped[list]
    patient_ids: Mapped[list]
    active: Mapped[bool]
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    # A patient's: when they last signed in by a code (real time): for a while they may set a password without the old one.
    proved_at: Mapped[datetime | None]
    # A patient's: as of when (business time) the registry said whom they may act for.
    reach_as_of: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("tenant_id", "login"),)


class UserSession(Tenanted, Base):
    """A signed-in browser or app: the hash of its present refresh token, and of the one before (theft detection)."""

    __tablename__ = "user_session"
    account_id: Mapped[UUID]
    token_hash: Mapped[bytes]
    previous_hash: Mapped[bytes | None]
    started_at: Mapped[datetime]
    rotated_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        Index("ix_user_session_account", "tenant_id", "account_id"),
    )


class ApiClient(Versioned, Tenanted, Base):
    """A machine of the tenant's; signs in by client credentials. Times are real; rows from before they were kept have none."""

    __tablename__ = "api_client"
    name: Mapped[str]
    secret_hash: Mapped[bytes]
    roles: Mapped[list]
    active: Mapped[bool]
    made_at: Mapped[datetime | None]
    secret_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # The release before this column makes clients, too.
    version: Mapped[int] = mapped_column(nullable=False, server_default="1")
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)


class SigningKey(Tenanted, Base):
    """An Ed25519 key, sealed by the key-encryption key; shared by the replicas. Belongs to the nil tenant."""

    __tablename__ = "signing_key"
    public_jwk: Mapped[dict]
    sealed_private_key: Mapped[bytes]
    created_at: Mapped[datetime]
    # Signs no more from then on; verifies until its last token has expired.
    retired_at: Mapped[datetime | None]
    __table_args__ = (unprotected_by_tenant("tokens of every tenant are signed with the same keys"),)


class AuditEntry(TenantOnly, Base):
    """One audited call of any service."""

    __tablename__ = "audit_entry"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str]
    rpc: Mapped[str]
    category: Mapped[str]
    phi: Mapped[str]
    principal_kind: Mapped[str]
    principal_id: Mapped[str]
    principal_name: Mapped[str]
    patient_ids: Mapped[list]
    outcome: Mapped[str]
    request_id: Mapped[str]
    client_address: Mapped[str]
    occurred_at: Mapped[datetime]
    business_time: Mapped[datetime]
    reason: Mapped[str]
    __table_args__ = (
        Index("ix_audit_entry_occurred_at", "tenant_id", "occurred_at", "id"),
        Index("ix_audit_entry_principal", "tenant_id", "principal_id", "occurred_at"),
        Index("ix_audit_entry_request", "tenant_id", "request_id"),
        {"info": {"append_only": True}},
    )


class AuditedPatient(TenantOnly, Base):
    """Which patients an entry is about: "who looked at this record" is one index scan."""

    __tablename__ = "audited_patient"
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    __table_args__ = ({"info": {"append_only": True}},)


class ClinicPage(Versioned, Tenanted, Base):
    """What the organisation shows to anybody; its id is the tenant's. Without a row nothing is published."""

    __tablename__ = "clinic_page"
    published: Mapped[bool]
    # Language → text.
    about: Mapped[dict]
    phone: Mapped[str]
    email: Mapped[str]
    takes_new_patients: Mapped[bool]
    location_ids: Mapped[list]
    practitioner_ids: Mapped[list]


class PortalCode(Tenanted, Base):
    """A one-time code for one sign-in of a patient, under the id of its request. Real time."""

    __tablename__ = "portal_code"
    patient_id: Mapped[UUID]
    proxied_patient_ids: Mapped[list]
    name: Mapped[str]
    code_hash: Mapped[str]
    attempts: Mapped[int]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
