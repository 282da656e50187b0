"""Coverages, eligibility checks, claims and their files, remittances, work items."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, Versioned, patient_scoped


class Coverage(Tenanted, Base):
    """Who pays for a patient, in which order and when; from the registry. The id is the coverage's."""

    __tablename__ = "coverage"
    patient_id: Mapped[UUID]
    payer_code: Mapped[str]
    kind: Mapped[str]
    priority: Mapped[int]
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    active: Mapped[bool]
    source_version: Mapped[int]
    __table_args__ = (Index("ix_coverage_patient_id", "tenant_id", "patient_id"), patient_scoped("patient_id"))


class EligibilityCheck(Tenanted, Versioned, Base):
    """One question to a payer (270) and its answer (271). The last answered check of a coverage holds its benefits."""

    __tablename__ = "eligibility_check"
    coverage_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    payer_id: Mapped[UUID]
    service_date: Mapped[date]
    trace: Mapped[str]
    # ISA13 of the next question; a new one for every attempt.
    interchange_control: Mapped[int]
    # queued (for the next file to its payer), planned, asked, answered, failed
    state: Mapped[str]
    # active, inactive, rejected, unknown; '' until answered
    outcome: Mapped[str]
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    attempts: Mapped[int]
    plan: Mapped[str]
    copay_minor: Mapped[int | None]
    deductible_left_minor: Mapped[int | None]
    coinsurance_basis_points: Mapped[int | None]
    out_of_pocket_left_minor: Mapped[int | None]
    plan_starts: Mapped[date | None]
    plan_ends: Mapped[date | None]
    protected: Mapped[bool]
    # The answer's benefits and refusals as they were read; the texts as they were sent.
    benefits: Mapped[list]
    refusals: Mapped[list]
    request_text: Mapped[str]
    response_text: Mapped[str]
    # The file that it went out in; None: asked in real time.
    batch_id: Mapped[UUID | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "trace"),
        Index("ix_eligibility_check_queued", "tenant_id", "payer_id", "id", postgresql_where="state = 'queued'"),
        Index("ix_eligibility_check_batch_id", "tenant_id", "batch_id", postgresql_where="batch_id is not null"),
        Index("ix_eligibility_check_coverage_id", "tenant_id", "coverage_id", "answered_at"),
        Index("ix_eligibility_check_patient_id", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )


class Claim(Tenanted, Versioned, Base):
    """One claim to one payer. `control` is CLM01; `content` the claim as it was written last (ProfessionalClaim)."""

    __tablename__ = "claim"
    control: Mapped[str]
    state: Mapped[str]
    encounter_id: Mapped[UUID]
    appointment_id: Mapped[UUID | None]
    patient_id: Mapped[UUID]
    coverage_id: Mapped[UUID]
    payer_id: Mapped[UUID]
    # SBR01 (primary, secondary, tertiary) and CLM05-3 (original, replacement, void).
    responsibility: Mapped[str]
    frequency: Mapped[str]
    # The first payer's claim that this one follows, or the claim that it replaces or voids.
    previous_claim_id: Mapped[UUID | None]
    replaces_claim_id: Mapped[UUID | None]
    crossed_over: Mapped[bool]
    billing_entity_id: Mapped[UUID]
    location_id: Mapped[UUID]
    service_date: Mapped[date]
    charge_minor: Mapped[int]
    paid_minor: Mapped[int]
    patient_minor: Mapped[int]
    payer_control: Mapped[str]
    hold_reason: Mapped[str]
    content: Mapped[dict | None]
    findings: Mapped[list]
    batch_id: Mapped[UUID | None]
    sent_on: Mapped[date | None]
    # How many things have happened to it; numbers its happenings.
    happenings: Mapped[int]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    # The claim that a biller's rule took its lines from.
    split_from_id: Mapped[UUID | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "control"),
        Index("ix_claim_state", "tenant_id", "state", "payer_id"),
        Index("ix_claim_patient_id", "tenant_id", "patient_id"),
        Index("ix_claim_encounter_id", "tenant_id", "encounter_id"),
        Index("ix_claim_batch_id", "tenant_id", "batch_id"),
        Index("ix_claim_previous_claim_id", "tenant_id", "previous_claim_id"),
        patient_scoped("patient_id"),
    )


class ClaimLine(TenantOnly, Base):
    """A charge line on a claim. `line_control` is REF*6R. Of the live claims of one rank only one carries it."""

    __tablename__ = "claim_line"
    claim_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    charge_line_id: Mapped[UUID]
    line_control: Mapped[str]
    responsibility: Mapped[str]
    live: Mapped[bool]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "claim_id"], ["claim.tenant_id", "claim.id"]),
        UniqueConstraint("tenant_id", "line_control"),
        Index(
            "uq_claim_line_live",
            "tenant_id",
            "charge_line_id",
            "responsibility",
            unique=True,
            postgresql_where=text("live"),
        ),
    )


class ClaimHappening(TenantOnly, Base):
    """One thing that happened to a claim; in the order of their numbers they are its life."""

    __tablename__ = "claim_happening"
    claim_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    happened_at: Mapped[datetime]
    event: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    # Whose word or deed: a user's id, 'system', or the file that said it.
    by: Mapped[str]
    detail: Mapped[str]
    # Statuses of a 277CA, adjustment reasons, edit ids …
    codes: Mapped[list]
    batch_id: Mapped[UUID | None]
    file_id: Mapped[UUID | None]
    __table_args__ = (
        Index("ix_claim_happening_batch_id", "tenant_id", "batch_id", postgresql_where="batch_id is not null"),
        Index("ix_claim_happening_file_id", "tenant_id", "file_id", postgresql_where="file_id is not null"),
        ForeignKeyConstraint(["tenant_id", "claim_id"], ["claim.tenant_id", "claim.id"]),
        patient_scoped("patient_id"),
    )


class ClaimBatch(Tenanted, Versioned, Base):
    """One 837P file: committed with its name, numbers and bytes before it is sent; sending is idempotent by name."""

    __tablename__ = "claim_batch"
    file_name: Mapped[str]
    # BHT03
    reference: Mapped[str]
    interchange_control: Mapped[int]
    payer_id: Mapped[UUID]
    # committed, sent, accepted, partly_accepted, rejected
    state: Mapped[str]
    stored_file_id: Mapped[UUID]
    claim_count: Mapped[int]
    charge_minor: Mapped[int]
    committed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledgement: Mapped[list]
    __table_args__ = (
        UniqueConstraint("tenant_id", "file_name"),
        UniqueConstraint("tenant_id", "interchange_control"),
        Index("ix_claim_batch_committed_at", "tenant_id", "committed_at"),
    )


class InboundFile(Tenanted, Versioned, Base):
    """A file from the clearinghouse, or one that somebody uploaded; kept once by its content."""

    __tablename__ = "inbound_file"
    name: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    # clearinghouse, upload
    source: Mapped[str]
    # received, processed, refused
    state: Mapped[str]
    reason: Mapped[str]
    # Set ids found in it: 999, 277, 835, TA1 …
    kinds: Mapped[list]
    oddities: Mapped[list]
    stored_file_id: Mapped[UUID]
    received_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("tenant_id", "sha256"),)


class ClearinghouseCursor(TenantOnly, Base):
    """How far the clearinghouse's list of inbound files has been read."""

    __tablename__ = "clearinghouse_cursor"
    cursor: Mapped[str]


class Remittance(Tenanted, Versioned, Base):
    """One 835 set (ST–SE) by its identity, with its proof; posted once in whatever file it comes."""

    __tablename__ = "remittance"
    set_key: Mapped[str]
    content_hash: Mapped[str]
    inbound_file_id: Mapped[UUID]
    # Which set of the file it is, from 0.
    set_index: Mapped[int]
    # proved, posted, refused
    state: Mapped[str]
    payer_id: Mapped[UUID | None]
    payer_name: Mapped[str]
    trace: Mapped[str]
    method: Mapped[str]
    paid_on: Mapped[date | None]
    payment_minor: Mapped[int]
    claims_paid_minor: Mapped[int]
    provider_adjustments_minor: Mapped[int]
    claim_count: Mapped[int]
    imbalances: Mapped[list]
    oddities: Mapped[list]
    reason: Mapped[str]
    journal_id: Mapped[UUID | None]
    received_at: Mapped[datetime]
    posted_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "set_key"),
        Index("ix_remittance_inbound_file_id", "tenant_id", "inbound_file_id"),
        Index("ix_remittance_received_at", "tenant_id", "received_at"),
        Index("ix_remittance_trace", "tenant_id", "trace"),
    )


class RemittanceClaim(Tenanted, Base):
    """One CLP of a posted set. `said` is the whole answer (x12.remittance.RemittanceClaim) for the next payer."""

    __tablename__ = "remittance_claim"
    remittance_id: Mapped[UUID]
    number: Mapped[int]
    claim_id: Mapped[UUID | None]
    patient_id: Mapped[UUID | None]
    claim_control: Mapped[str]
    payer_control: Mapped[str]
    status: Mapped[str]
    outcome: Mapped[str]
    charge_minor: Mapped[int]
    paid_minor: Mapped[int]
    patient_minor: Mapped[int]
    # The CLP that undid this one.
    reversed_by_id: Mapped[UUID | None]
    said: Mapped[dict]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "remittance_id"], ["remittance.tenant_id", "remittance.id"]),
        UniqueConstraint("tenant_id", "remittance_id", "number"),
        Index("ix_remittance_claim_claim_id", "tenant_id", "claim_id"),
        Index("ix_remittance_claim_claim_control", "tenant_id", "claim_control"),
    )


class RemittancePosting(Tenanted, Base):
    """One decision posted out of a set (a PostingDecision in `decision`); a reversal names what it undoes."""

    __tablename__ = "remittance_posting"
    remittance_id: Mapped[UUID]
    number: Mapped[int]
    remittance_claim_id: Mapped[UUID | None]
    claim_id: Mapped[UUID | None]
    charge_line_id: Mapped[UUID | None]
    kind: Mapped[str]
    amount_minor: Mapped[int]
    decision: Mapped[dict]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "remittance_id"], ["remittance.tenant_id", "remittance.id"]),
        Index("ix_remittance_posting_remittance_claim_id", "tenant_id", "remittance_claim_id"),
        UniqueConstraint("tenant_id", "remittance_id", "number"),
        Index("ix_remittance_posting_charge_line_id", "tenant_id", "charge_line_id"),
        Index("ix_remittance_posting_takeback", "tenant_id", "id", postgresql_where="kind = 'takeback'"),
    )


class WorkItem(Tenanted, Versioned, Base):
    """Something that waits for a person. One per (kind, key); a resolved item opens anew when it happens again."""

    __tablename__ = "work_item"
    kind: Mapped[str]
    key: Mapped[str]
    # open, resolved
    state: Mapped[str]
    title: Mapped[str]
    owner_id: Mapped[str]
    claim_id: Mapped[UUID | None]
    patient_id: Mapped[UUID | None]
    payer_id: Mapped[UUID | None]
    remittance_id: Mapped[UUID | None]
    amount_minor: Mapped[int]
    due_on: Mapped[date | None]
    detail: Mapped[dict]
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str]
    resolution: Mapped[str]
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "key"),
        Index("ix_work_item_state", "tenant_id", "state", "kind", "opened_at"),
        Index("ix_work_item_claim_id", "tenant_id", "claim_id"),
        Index("ix_work_item_patient_id", "tenant_id", "patient_id", "kind", "id"),
    )
