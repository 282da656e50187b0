"""When payers are asked ahead of visits, and the files that many questions go out in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billing.tables_base import Base
from chassis.orm import Tenanted, TenantOnly, Versioned


class EligibilityPolicyRow(TenantOnly, Versioned, Base):
    """The tenant's rule (domain.eligibility_policy); none: the built-in one."""

    __tablename__ = "eligibility_policy"
    days_ahead: Mapped[int]
    fresh_days: Mapped[int]
    again_each_month: Mapped[bool]


class EligibilityBatch(Tenanted, Versioned, Base):
    """One 270 file: committed with its name, number and bytes before it is sent; sending is idempotent by name."""

    __tablename__ = "eligibility_batch"
    file_name: Mapped[str]
    interchange_control: Mapped[int]
    payer_id: Mapped[UUID]
    # committed, sent, rejected
    state: Mapped[str]
    stored_file_id: Mapped[UUID]
    check_count: Mapped[int]
    committed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "file_name"),
        UniqueConstraint("tenant_id", "interchange_control"),
        Index("ix_eligibility_batch_committed_at", "tenant_id", "committed_at"),
    )
