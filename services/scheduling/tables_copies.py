"""Copies of what other services tell: who and what can be booked, and what rules of booking ask about it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Reference, Tenanted, TenantOnly, patient_scoped
from scheduling.tables_base import Base, JsonList


class TenantCopy(TenantOnly, Base):
    """The clinic organisation itself."""

    __tablename__ = "tenant_copy"
    name: Mapped[str]
    active: Mapped[bool]
    source_version: Mapped[int]


class LocationCopy(Tenanted, Reference, Base):
    """A location; ``hours`` is [[weekday, opens minute, closes minute]], empty: no limit."""

    __tablename__ = "location_copy"
    name: Mapped[str]
    time_zone: Mapped[str]
    hours: Mapped[JsonList]
    # Degrees (WGS 84); None where identity does not know them.
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    active: Mapped[bool]
    source_version: Mapped[int]


class PractitionerCopy(Tenanted, Reference, Base):
    """A practitioner: what searches filter by and lists show."""

    __tablename__ = "practitioner_copy"
    name: Mapped[str]
    specialties: Mapped[JsonList]
    languages: Mapped[JsonList]
    sex: Mapped[int]
    location_ids: Mapped[JsonList]
    # [[state, first day, last day]], days in ISO 8601 or null.
    licences: Mapped[JsonList] = mapped_column(server_default="[]")
    active: Mapped[bool]
    source_version: Mapped[int]


class ResourceCopy(Tenanted, Base):
    """A room or a device of a location; ``kind`` is the proto's ResourceKind."""

    __tablename__ = "resource_copy"
    __table_args__ = (Index("ix_resource_copy_location", "tenant_id", "location_id", "kind", "resource_class"),)
    kind: Mapped[int]
    location_id: Mapped[UUID]
    name: Mapped[str]
    resource_class: Mapped[str]
    capacity: Mapped[int]
    active: Mapped[bool]
    source_version: Mapped[int]


class PatientCopy(Tenanted, Base):
    """A patient's name for lists, whether they can be booked, and what rules of booking ask."""

    __tablename__ = "patient_copy"
    __table_args__ = (patient_scoped("id"),)
    name: Mapped[str]
    mrn: Mapped[str]
    birth_date: Mapped[date | None]
    # BCP 47, and the USPS state of residence; "" when unknown.
    language: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="")
    merged_into: Mapped[UUID | None]
    active: Mapped[bool]
    source_version: Mapped[int]


class CoverageCopy(Tenanted, Base):
    """A patient's insurance: which payer, from when to when. Rules of booking online ask for it."""

    __tablename__ = "coverage_copy"
    __table_args__ = (Index("ix_coverage_copy_patient", "tenant_id", "patient_id"), patient_scoped("patient_id"))
    patient_id: Mapped[UUID]
    payer_code: Mapped[str]
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    active: Mapped[bool]
    source_version: Mapped[int]
