"""What billing knows of others (copies kept by event) and of payers and prices."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Reference, Tenanted, TenantOnly, Versioned, patient_scoped


class TenantCopy(TenantOnly, Reference, Base):
    """The clinic organisation, from identity."""

    __tablename__ = "tenant_copy"
    slug: Mapped[str]
    name: Mapped[str]
    active: Mapped[bool]
    default_language: Mapped[str]
    source_version: Mapped[int]


class BillingEntity(Tenanted, Reference, Base):
    """Who bills: tax id, group NPI, pay-to address; from identity. Addresses: {lines, city, state, postal_code}."""

    __tablename__ = "billing_entity"
    name: Mapped[str]
    tax_id: Mapped[str]
    npi: Mapped[str]
    taxonomy: Mapped[str]
    address: Mapped[dict]
    # None: money goes to `address`.
    pay_to: Mapped[dict | None]
    phone: Mapped[str]
    email: Mapped[str]
    active: Mapped[bool]
    source_version: Mapped[int]


class Location(Tenanted, Reference, Base):
    """A clinic site; from identity. `number` is ours: the order in which sites became known, printed in receipt
    numbers.
    """

    __tablename__ = "location"
    billing_entity_id: Mapped[UUID]
    number: Mapped[int]
    name: Mapped[str]
    address: Mapped[dict]
    # IANA zone.
    time_zone: Mapped[str]
    npi: Mapped[str]
    phone: Mapped[str]
    # CMS place of service of a visit in person.
    place_of_service: Mapped[str]
    clia: Mapped[str]
    active: Mapped[bool]
    source_version: Mapped[int]
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)


class Practitioner(Tenanted, Reference, Base):
    """Who sees patients; from identity."""

    __tablename__ = "practitioner"
    last: Mapped[str]
    first: Mapped[str]
    middle: Mapped[str]
    credential: Mapped[str]
    npi: Mapped[str]
    taxonomy: Mapped[str]
    active: Mapped[bool]
    source_version: Mapped[int]


class PatientCopy(Tenanted, Reference, Base):
    """Whom an account belongs to and who pays for them; from the registry. The id is the patient's."""

    __tablename__ = "patient_copy"
    mrn: Mapped[str]
    last: Mapped[str]
    first: Mapped[str]
    guarantor_id: Mapped[UUID]
    # Set when the record was merged into another: its money is shown there.
    merged_into: Mapped[UUID | None]
    deceased: Mapped[bool]
    source_version: Mapped[int]
    __table_args__ = (
        Index("ix_patient_copy_guarantor_id", "tenant_id", "guarantor_id"),
        Index("ix_patient_copy_merged_into", "tenant_id", "merged_into"),
        patient_scoped("id"),
    )


class Payer(Tenanted, Reference, Versioned, Base):
    """A payer; what it demands is in its rules."""

    __tablename__ = "payer"
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    x12_payer_id: Mapped[str]
    filing_indicator: Mapped[str]
    active_from: Mapped[date]
    active_to: Mapped[date | None]
    # Its ids at each clearinghouse (PayerRoute).
    routes: Mapped[list] = mapped_column(server_default="[]")
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_payer_x12_payer_id", "tenant_id", "x12_payer_id"),
    )


class PayerRule(TenantOnly, Reference, Base):
    """What a payer demands for service dates of one period."""

    __tablename__ = "payer_rule"
    payer_id: Mapped[UUID] = mapped_column(primary_key=True)
    start_date: Mapped[date] = mapped_column(primary_key=True)
    end_date: Mapped[date | None]
    timely_filing_days: Mapped[int]
    corrected_filing_days: Mapped[int]
    silence_alarm_days: Mapped[int]
    claim_provider: Mapped[str]
    crosses_over: Mapped[bool]
    sequestration: Mapped[bool]
    eligibility: Mapped[bool]
    video_modifier: Mapped[str]
    audio_modifier: Mapped[str]
    home_place: Mapped[str]
    other_place: Mapped[str]
    # PayerDemands
    demands: Mapped[dict] = mapped_column(server_default="{}")
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "payer_id"], ["payer.tenant_id", "payer.id"]),)


class FeeSchedule(Tenanted, Reference, Versioned, Base):
    """One version of a price list; the fees are in `fee`."""

    __tablename__ = "fee_schedule"
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    payer_id: Mapped[UUID | None]
    location_id: Mapped[UUID | None]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "code", "start_date"),
        ForeignKeyConstraint(["tenant_id", "payer_id"], ["payer.tenant_id", "payer.id"]),
    )


class Fee(TenantOnly, Base):
    """One price: minor units for one unit. `modifier` is '' for the code alone."""

    __tablename__ = "fee"
    fee_schedule_id: Mapped[UUID] = mapped_column(primary_key=True)
    procedure: Mapped[str] = mapped_column(primary_key=True)
    modifier: Mapped[str] = mapped_column(primary_key=True)
    amount_minor: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "fee_schedule_id"], ["fee_schedule.tenant_id", "fee_schedule.id"]),
        Index("ix_fee_procedure", "tenant_id", "procedure"),
    )
