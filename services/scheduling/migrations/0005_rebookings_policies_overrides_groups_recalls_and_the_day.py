"""Rebookings policies overrides groups recalls and the day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "scheduling_0005"
down_revision = "scheduling_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "booking_policy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cancel_cutoff_minutes", sa.BigInteger(), nullable=False),
        sa.Column("patients_change_until_minutes", sa.BigInteger(), nullable=False),
        sa.Column("no_show_grace_minutes", sa.BigInteger(), nullable=False),
        sa.Column("late_tell_minutes", sa.BigInteger(), nullable=False),
        sa.Column("late_again_minutes", sa.BigInteger(), nullable=False),
        sa.Column("late_clear_minutes", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_booking_policy")),
    )
    op.create_table(
        "delay_notice",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("told_minutes", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected_start", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_delay_notice")),
    )
    op.create_table(
        "group_visit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("seats", sa.BigInteger(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("equipment_ids", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_group_visit")),
    )
    op.create_index(
        "ix_group_visit_location", "group_visit", ["tenant_id", "location_id", "start_time", "id"], unique=False
    )
    op.create_table(
        "rebooking",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("change_kind", sa.BigInteger(), nullable=False),
        sa.Column("change", postgresql.JSONB(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("target_version", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("within_days", sa.BigInteger(), nullable=False),
        sa.Column("others_allowed", sa.Boolean(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_by", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_rebooking")),
    )
    op.create_table(
        "rebooking_item",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rebooking_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("from_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("from_location_id", sa.Uuid(), nullable=False),
        sa.Column("to_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("to_practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("to_location_id", sa.Uuid(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("outcome", sa.BigInteger(), nullable=False),
        sa.Column("version_after", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_rebooking_item")),
        sa.UniqueConstraint(
            "tenant_id",
            "rebooking_id",
            "appointment_id",
            name=op.f("uq_rebooking_item_tenant_id_rebooking_id_appointment_id"),
        ),
    )
    op.create_index("ix_rebooking_item_appointment", "rebooking_item", ["tenant_id", "appointment_id"], unique=False)
    op.create_table(
        "recall",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_appointment_id", sa.Uuid(), nullable=True),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contacts", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_recall")),
    )
    op.create_index(
        "ix_recall_due", "recall", ["tenant_id", "due_on", "id"], unique=False, postgresql_where="closed_at is null"
    )
    op.create_index("ix_recall_patient", "recall", ["tenant_id", "patient_id", "appointment_type_id"], unique=False)
    op.create_table(
        "recall_rule",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recall_type_id", sa.Uuid(), nullable=False),
        sa.Column("months", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_recall_rule")),
    )
    op.create_table(
        "risk_model",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_risk_model")),
    )
    op.create_table(
        "rule_override",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("overridden_by", sa.Text(), nullable=False),
        sa.Column("overridden_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_rule_override")),
    )
    op.create_index("ix_rule_override_appointment", "rule_override", ["tenant_id", "appointment_id"], unique=False)
    op.create_index("ix_rule_override_location", "rule_override", ["tenant_id", "location_id", "id"], unique=False)
    op.create_table(
        "walk_in",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_walk_in")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_walk_in_tenant_id_code")),
    )
    op.create_index("ix_walk_in_day", "walk_in", ["tenant_id", "location_id", "day", "number"], unique=False)
    op.create_table(
        "walk_in_counter",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "location_id", "day", name=op.f("pk_walk_in_counter")),
    )
    op.add_column("schedule_template", sa.Column("overbooking", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column(
        "schedule_template", sa.Column("overbooking_by_risk", sa.Boolean(), server_default="false", nullable=False)
    )
    protect("booking_policy")
    protect("delay_notice", patient_column="patient_id")
    protect("group_visit")
    protect("rebooking")
    protect("rebooking_item", patient_column="patient_id")
    protect("recall", patient_column="patient_id")
    protect("recall_rule")
    protect("risk_model")
    protect("rule_override", patient_column="patient_id")
    protect("walk_in", patient_column="patient_id")
    protect("walk_in_counter")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
