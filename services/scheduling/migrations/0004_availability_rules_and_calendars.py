"""Availability rules and calendars."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "scheduling_0004"
down_revision = "scheduling_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "busy_calendar",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("busy_count", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_busy_calendar")),
    )
    op.create_index("ix_busy_calendar_practitioner", "busy_calendar", ["tenant_id", "practitioner_id"], unique=False)
    op.create_table(
        "busy_time",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("first_cell", sa.Integer(), nullable=False),
        sa.Column("end_cell", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_busy_time")),
    )
    op.create_index("ix_busy_time_calendar", "busy_time", ["tenant_id", "calendar_id"], unique=False)
    op.create_index(
        "ix_busy_time_practitioner", "busy_time", ["tenant_id", "practitioner_id", "end_cell"], unique=False
    )
    op.create_table(
        "calendar_feed",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_calendar_feed")),
    )
    op.create_index("ix_calendar_feed_patient", "calendar_feed", ["tenant_id", "patient_id"], unique=False)
    op.create_index("ix_calendar_feed_practitioner", "calendar_feed", ["tenant_id", "practitioner_id"], unique=False)
    op.create_table(
        "clearance",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clearance")),
    )
    op.create_index("ix_clearance_patient", "clearance", ["tenant_id", "patient_id", "id"], unique=False)
    op.create_table(
        "clock_shift",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("promised_time", sa.Text(), nullable=False),
        sa.Column("shown_time", sa.Text(), nullable=False),
        sa.Column("proposed_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved", sa.Boolean(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clock_shift")),
        sa.UniqueConstraint(
            "tenant_id", "appointment_id", "found_at", name=op.f("uq_clock_shift_tenant_id_appointment_id_found_at")
        ),
    )
    op.create_index(
        "ix_clock_shift_open", "clock_shift", ["tenant_id", "id"], unique=False, postgresql_where="settled_at is null"
    )
    op.create_table(
        "coverage_copy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("payer_code", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_coverage_copy")),
    )
    op.create_index("ix_coverage_copy_patient", "coverage_copy", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "practitioner_pool",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("members", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_practitioner_pool")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_practitioner_pool_tenant_id_name")),
    )
    op.create_table(
        "resource_rule",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buffer_before_minutes", sa.BigInteger(), nullable=False),
        sa.Column("buffer_after_minutes", sa.BigInteger(), nullable=False),
        sa.Column("visits_per_day", sa.BigInteger(), nullable=False),
        sa.Column("visits_per_week", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_resource_rule")),
    )
    op.create_table(
        "zone_clock",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("segments", postgresql.JSONB(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "zone", name=op.f("pk_zone_clock")),
    )
    op.add_column("appointment", sa.Column("helper_ids", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("appointment_type", sa.Column("rules", postgresql.JSONB(), server_default="{}", nullable=False))
    op.add_column("hold", sa.Column("helper_ids", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("location_copy", sa.Column("latitude", sa.Double(), nullable=True))
    op.add_column("location_copy", sa.Column("longitude", sa.Double(), nullable=True))
    op.add_column("patient_copy", sa.Column("birth_date", sa.Date(), nullable=True))
    op.add_column("patient_copy", sa.Column("language", sa.Text(), server_default="", nullable=False))
    op.add_column("patient_copy", sa.Column("state", sa.Text(), server_default="", nullable=False))
    op.add_column("practitioner_copy", sa.Column("licences", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("schedule_template", sa.Column("cycle_weeks", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("schedule_template", sa.Column("cycle_starts", sa.Date(), nullable=True))
    protect("busy_calendar")
    protect("busy_time")
    protect("calendar_feed", patient_column="patient_id")
    protect("clearance", patient_column="patient_id")
    protect("clock_shift", patient_column="patient_id")
    protect("coverage_copy", patient_column="patient_id")
    protect("practitioner_pool")
    protect("resource_rule")
    protect("zone_clock")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
