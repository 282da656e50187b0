"""Indexes of lists."""

from alembic import op

revision = "scheduling_0006"
down_revision = "scheduling_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_busy_calendar_practitioner"), table_name="busy_calendar")
    op.create_index(
        "ix_busy_calendar_practitioner", "busy_calendar", ["tenant_id", "practitioner_id", "id"], unique=False
    )
    op.drop_index(op.f("ix_calendar_feed_patient"), table_name="calendar_feed")
    op.create_index("ix_calendar_feed_patient", "calendar_feed", ["tenant_id", "patient_id", "id"], unique=False)
    op.drop_index(op.f("ix_calendar_feed_practitioner"), table_name="calendar_feed")
    op.create_index(
        "ix_calendar_feed_practitioner", "calendar_feed", ["tenant_id", "practitioner_id", "id"], unique=False
    )
    op.create_index(
        "ix_schedule_exception_first_day", "schedule_exception", ["tenant_id", "first_day", "id"], unique=False
    )
    op.create_index(
        "ix_waitlist_entry_waiting",
        "waitlist_entry",
        ["tenant_id", "rank", "joined_at", "id"],
        unique=False,
        postgresql_where="status in (1, 2)",
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
