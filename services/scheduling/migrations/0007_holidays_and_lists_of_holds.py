"""Holidays and lists of holds."""

import sqlalchemy as sa
from alembic import op

revision = "scheduling_0007"
down_revision = "scheduling_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_hold_location_start", "hold", ["tenant_id", "location_id", "start_time", "id"], unique=False)
    op.create_index(
        "ix_hold_practitioner_start", "hold", ["tenant_id", "practitioner_id", "start_time", "id"], unique=False
    )
    op.create_index(
        "ix_waitlist_offer_open",
        "waitlist_offer",
        ["tenant_id", "hold_id"],
        unique=False,
        postgresql_where="outcome = 0",
    )
    op.add_column("schedule_exception", sa.Column("holiday", sa.Boolean(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
