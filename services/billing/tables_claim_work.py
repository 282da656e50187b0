"""What people do about claims: notes of calls and letters, and what is to be done next."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from billing.tables_base import Base
from chassis.orm import Tenanted, Versioned, patient_scoped


class ClaimFollowUp(Tenanted, Versioned, Base):
    """What is to be done next about a claim, by whom and when. The id is the claim's."""

    __tablename__ = "claim_follow_up"
    patient_id: Mapped[UUID]
    # '' for the general one; the biller's rules name others.
    queue: Mapped[str]
    # '' for nobody's.
    owner_id: Mapped[str]
    next_action: Mapped[str]
    next_action_on: Mapped[date]
    set_at: Mapped[datetime]
    set_by: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "id"], ["claim.tenant_id", "claim.id"]),
        Index("ix_claim_follow_up_next_action_on", "tenant_id", "next_action_on", "id"),
        Index("ix_claim_follow_up_owner_id", "tenant_id", "owner_id", "next_action_on", "id"),
        Index("ix_claim_follow_up_queue", "tenant_id", "queue", "next_action_on", "id"),
        Index("ix_claim_follow_up_patient_id", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )


class ClaimNote(Tenanted, Base):
    """What somebody did or learned about a claim; never changed."""

    __tablename__ = "claim_note"
    claim_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    # note, call, portal, letter
    channel: Mapped[str]
    # The payer's number of the call or letter.
    reference: Mapped[str]
    text: Mapped[str]
    written_at: Mapped[datetime]
    written_by: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "claim_id"], ["claim.tenant_id", "claim.id"]),
        Index("ix_claim_note_claim_id", "tenant_id", "claim_id", "id"),
        Index("ix_claim_note_patient_id", "tenant_id", "patient_id"),
        patient_scoped("patient_id"),
    )
