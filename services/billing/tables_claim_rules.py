"""The biller's own rules: one row a version of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from billing.tables_base import Base
from chassis.orm import Tenanted, Versioned


class ClaimRuleSet(Tenanted, Versioned, Base):
    """A set of rules in their order (domain.claim_rules.Rule, with their examples). Of all sets one at most is live."""

    __tablename__ = "claim_rule_set"
    number: Mapped[int]
    name: Mapped[str]
    # draft, live, retired
    state: Mapped[str]
    rules: Mapped[list]
    copy_of_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str]
    retired_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        Index("uq_claim_rule_set_live", "tenant_id", unique=True, postgresql_where=text("state = 'live'")),
    )
