"""Rules, claims on time, visits, the waitlist, and copies of what others tell."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "scheduling_0001"
down_revision = None
branch_labels = ("scheduling",)
depends_on = "chassis_0001"


def upgrade() -> None:
    op.create_table(
        "appointment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_code", sa.Text(), nullable=False),
        sa.Column("appointment_type_name", sa.Text(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("modality", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("equipment_ids", postgresql.JSONB(), nullable=False),
        sa.Column("actual_room_id", sa.Uuid(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("roomed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("no_show_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancellation_reason", sa.BigInteger(), nullable=False),
        sa.Column("cancellation_note", sa.Text(), nullable=False),
        sa.Column("reschedule_count", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_appointment")),
    )
    op.create_index(
        "ix_appointment_location", "appointment", ["tenant_id", "location_id", "start_time", "id"], unique=False
    )
    op.create_index(
        "ix_appointment_patient", "appointment", ["tenant_id", "patient_id", "start_time", "id"], unique=False
    )
    op.create_index(
        "ix_appointment_practitioner", "appointment", ["tenant_id", "practitioner_id", "start_time", "id"], unique=False
    )
    op.create_table(
        "appointment_type",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("duration_minutes", sa.BigInteger(), nullable=False),
        sa.Column("modality", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_durations", postgresql.JSONB(), nullable=False),
        sa.Column("buffer_before_minutes", sa.BigInteger(), nullable=False),
        sa.Column("buffer_after_minutes", sa.BigInteger(), nullable=False),
        sa.Column("roles", postgresql.JSONB(), nullable=False),
        sa.Column("online_bookable", sa.Boolean(), nullable=False),
        sa.Column("minimum_notice_minutes", sa.BigInteger(), nullable=False),
        sa.Column("horizon_days", sa.BigInteger(), nullable=False),
        sa.Column("start_every_minutes", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_ids", postgresql.JSONB(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_appointment_type")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_appointment_type_tenant_id_code")),
    )
    op.create_table(
        "availability_change",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("first_cell", sa.Integer(), nullable=False),
        sa.Column("end_cell", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "xid", "resource_id", "first_cell", name=op.f("pk_availability_change")),
    )
    op.create_table(
        "availability_floor",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_availability_floor")),
    )
    op.create_table(
        "booking_cell",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "resource_id", "cell", "lane", name=op.f("pk_booking_cell")),
        postgresql_partition_by="RANGE (cell)",
    )
    op.create_table(
        "freed_time",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("first_cell", sa.BigInteger(), nullable=False),
        sa.Column("end_cell", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_offer_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_freed_time")),
    )
    op.create_index(
        "ix_freed_time_open", "freed_time", ["tenant_id", "id"], unique=False, postgresql_where="closed_at is null"
    )
    op.create_table(
        "hold",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("waitlist", sa.Boolean(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("equipment_ids", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_hold")),
    )
    op.create_index("ix_hold_patient", "hold", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "location_copy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("hours", postgresql.JSONB(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_location_copy")),
    )
    op.create_table(
        "occupation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("resource_kind", sa.SmallInteger(), nullable=False),
        sa.Column("first_cell", sa.Integer(), nullable=False),
        sa.Column("end_cell", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "claim_id", "resource_id", name=op.f("pk_occupation")),
    )
    op.create_index("ix_occupation_resource", "occupation", ["tenant_id", "resource_id", "end_cell"], unique=False)
    op.create_table(
        "patient_copy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mrn", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_patient_copy")),
    )
    op.create_table(
        "practitioner_copy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("specialties", postgresql.JSONB(), nullable=False),
        sa.Column("languages", postgresql.JSONB(), nullable=False),
        sa.Column("sex", sa.BigInteger(), nullable=False),
        sa.Column("location_ids", postgresql.JSONB(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_practitioner_copy")),
    )
    op.create_table(
        "reschedule_request",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_reschedule_request")),
    )
    op.create_index(
        "ix_reschedule_request_appointment", "reschedule_request", ["tenant_id", "appointment_id"], unique=False
    )
    op.create_index(
        "ix_reschedule_request_open",
        "reschedule_request",
        ["tenant_id", "requested_at", "id"],
        unique=False,
        postgresql_where="closed_at is null",
    )
    op.create_table(
        "resource_copy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("resource_class", sa.Text(), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_resource_copy")),
    )
    op.create_index(
        "ix_resource_copy_location",
        "resource_copy",
        ["tenant_id", "location_id", "kind", "resource_class"],
        unique=False,
    )
    op.create_table(
        "schedule_exception",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("starts_minute", sa.BigInteger(), nullable=False),
        sa.Column("ends_minute", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_schedule_exception")),
    )
    op.create_index(
        "ix_schedule_exception_location", "schedule_exception", ["tenant_id", "location_id", "last_day"], unique=False
    )
    op.create_index(
        "ix_schedule_exception_practitioner",
        "schedule_exception",
        ["tenant_id", "practitioner_id", "last_day"],
        unique=False,
    )
    op.create_table(
        "schedule_template",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("windows", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_schedule_template")),
    )
    op.create_index("ix_schedule_template_location", "schedule_template", ["tenant_id", "location_id"], unique=False)
    op.create_index(
        "ix_schedule_template_practitioner",
        "schedule_template",
        ["tenant_id", "practitioner_id", "location_id"],
        unique=False,
    )
    op.create_table(
        "tenant_copy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenant_copy")),
    )
    op.create_table(
        "visit_step",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("from_status", sa.BigInteger(), nullable=False),
        sa.Column("to_status", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_visit_step")),
    )
    op.create_index("ix_visit_step_appointment", "visit_step", ["tenant_id", "appointment_id", "id"], unique=False)
    op.create_table(
        "waitlist_entry",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_ids", postgresql.JSONB(), nullable=False),
        sa.Column("location_ids", postgresql.JSONB(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("weekdays", postgresql.JSONB(), nullable=False),
        sa.Column("earliest_minute", sa.BigInteger(), nullable=False),
        sa.Column("latest_minute", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_waitlist_entry")),
    )
    op.create_index("ix_waitlist_entry_patient", "waitlist_entry", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "ix_waitlist_entry_status", "waitlist_entry", ["tenant_id", "status", "rank", "joined_at", "id"], unique=False
    )
    op.create_table(
        "waitlist_offer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("freed_time_id", sa.Uuid(), nullable=False),
        sa.Column("waitlist_entry_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_waitlist_offer")),
        sa.UniqueConstraint(
            "tenant_id",
            "freed_time_id",
            "waitlist_entry_id",
            name=op.f("uq_waitlist_offer_tenant_id_freed_time_id_waitlist_entry_id"),
        ),
    )
    op.create_index("ix_waitlist_offer_patient", "waitlist_offer", ["tenant_id", "patient_id", "id"], unique=False)
    protect("appointment", patient_column="patient_id")
    protect("appointment_type")
    protect("availability_change")
    protect("availability_floor")
    protect("booking_cell")
    protect("freed_time")
    protect("hold")
    protect("location_copy")
    protect("occupation")
    protect("patient_copy", patient_column="id")
    protect("practitioner_copy")
    protect("reschedule_request", patient_column="patient_id")
    protect("resource_copy")
    protect("schedule_exception")
    protect("schedule_template")
    protect("tenant_copy")
    protect("visit_step", patient_column="patient_id")
    protect("waitlist_entry", patient_column="patient_id")
    protect("waitlist_offer", patient_column="patient_id")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
