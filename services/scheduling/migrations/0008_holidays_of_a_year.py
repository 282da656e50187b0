"""Holidays of a year are found by an index of their own."""

from alembic import op

revision = "scheduling_0008"
down_revision = "scheduling_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_schedule_exception_holiday",
        "schedule_exception",
        ["tenant_id", "location_id", "first_day"],
        unique=False,
        postgresql_where="holiday",
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
