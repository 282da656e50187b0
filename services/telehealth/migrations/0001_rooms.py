"""rooms."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "telehealth_0001"
down_revision = None
branch_labels = ("telehealth",)
depends_on = "chassis_0001"


def upgrade() -> None:
    op.create_table(
        "practitioner",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("licences", postgresql.JSONB(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_practitioner")),
    )
    op.create_index("ix_practitioner_account", "practitioner", ["tenant_id", "account_id"], unique=False)
    op.create_table(
        "video_session",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("patient_state", sa.Text(), nullable=False),
        sa.Column("patient_at_home", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds_together", sa.BigInteger(), nullable=False),
        sa.Column("audio_only", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_video_session")),
        sa.UniqueConstraint("tenant_id", "appointment_id", name=op.f("uq_video_session_tenant_id_appointment_id")),
    )
    op.create_index(
        "ix_video_session_practitioner", "video_session", ["tenant_id", "practitioner_id", "start_time"], unique=False
    )
    op.create_index("ix_video_session_start", "video_session", ["tenant_id", "start_time", "id"], unique=False)
    op.create_table(
        "participant",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["video_session.tenant_id", "video_session.id"],
            name=op.f("fk_participant_tenant_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_participant")),
        sa.UniqueConstraint(
            "tenant_id",
            "session_id",
            "role",
            "display_name",
            name=op.f("uq_participant_tenant_id_session_id_role_display_name"),
        ),
    )
    op.create_table(
        "presence",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "participant_id"],
            ["participant.tenant_id", "participant.id"],
            name=op.f("fk_presence_tenant_id_participant_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["video_session.tenant_id", "video_session.id"],
            name=op.f("fk_presence_tenant_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_presence")),
    )
    op.create_index("ix_presence_session", "presence", ["tenant_id", "session_id", "entered_at"], unique=False)
    op.create_index(
        "uq_presence_open", "presence", ["tenant_id", "participant_id"], unique=True, postgresql_where="left_at is null"
    )
    protect("practitioner")
    protect("video_session", patient_column="patient_id")
    protect("participant")
    protect("presence")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
