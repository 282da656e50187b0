"""Recurring visits."""

import sqlalchemy as sa
from alembic import op

from chassis.migrating import protect

revision = "scheduling_0003"
down_revision = "scheduling_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "appointment_series",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("first_date", sa.Date(), nullable=False),
        sa.Column("days_later", sa.BigInteger(), nullable=False),
        sa.Column("start_minute", sa.BigInteger(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("following_of", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_appointment_series")),
    )
    op.create_index(
        "ix_appointment_series_patient", "appointment_series", ["tenant_id", "patient_id", "id"], unique=False
    )
    op.add_column("appointment", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column("appointment", sa.Column("occurrence_date", sa.Date(), nullable=True))
    op.add_column("appointment", sa.Column("series_number", sa.BigInteger(), nullable=True))
    op.add_column("appointment", sa.Column("occurrence_changed", sa.Boolean(), nullable=True))
    op.add_column("appointment", sa.Column("link_id", sa.Uuid(), nullable=True))
    op.add_column("appointment", sa.Column("group_visit_id", sa.Uuid(), nullable=True))
    op.add_column("appointment", sa.Column("late_cancelled", sa.Boolean(), nullable=True))
    op.add_column("appointment", sa.Column("overbooked", sa.Boolean(), nullable=True))
    op.create_index(
        "ix_appointment_series",
        "appointment",
        ["tenant_id", "series_id"],
        unique=False,
        postgresql_where="series_id is not null",
    )
    protect("appointment_series", patient_column="patient_id")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
