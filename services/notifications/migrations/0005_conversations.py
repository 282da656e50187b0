"""conversations."""

import sqlalchemy as sa
from alembic import op

from chassis.migrating import protect

revision = "notifications_0005"
down_revision = "notifications_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_pool",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_es", sa.Text(), nullable=False),
        sa.Column("answer_minutes", sa.BigInteger(), nullable=False),
        sa.Column("for_patients", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "code", name=op.f("pk_message_pool")),
    )
    op.create_table(
        "thread",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("shared_with", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("assignee_id", sa.Text(), nullable=False),
        sa.Column("assignee_name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("caller_name", sa.Text(), nullable=False),
        sa.Column("caller_phone", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_by_patient", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_author_id", sa.Text(), nullable=False),
        sa.Column("last_author", sa.Text(), nullable=False),
        sa.Column("last_by_patient", sa.Boolean(), nullable=False),
        sa.Column("message_count", sa.BigInteger(), nullable=False),
        sa.Column("read_by_staff_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_by_patient_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notices", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_thread")),
    )
    op.create_index("ix_thread_assignee", "thread", ["tenant_id", "state", "assignee_id", "due_at", "id"], unique=False)
    op.create_index("ix_thread_closed", "thread", ["tenant_id", "state", "last_message_at", "id"], unique=False)
    op.create_index("ix_thread_due", "thread", ["tenant_id", "state", "due_at", "id"], unique=False)
    op.create_index(
        "ix_thread_patient", "thread", ["tenant_id", "patient_id", "state", "last_message_at", "id"], unique=False
    )
    op.create_index("ix_thread_pool", "thread", ["tenant_id", "state", "pool", "due_at", "id"], unique=False)
    op.create_table(
        "thread_message",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("shared_with", sa.Uuid(), nullable=False),
        sa.Column("by_patient", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "thread_id"],
            ["thread.tenant_id", "thread.id"],
            name=op.f("fk_thread_message_tenant_id_thread_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_thread_message")),
    )
    op.create_index(
        "ix_thread_message_patient", "thread_message", ["tenant_id", "patient_id", "sent_at", "id"], unique=False
    )
    op.create_index("ix_thread_message_thread", "thread_message", ["tenant_id", "thread_id", "id"], unique=False)
    protect("message_pool")
    protect("thread", patient_column="shared_with")
    protect("thread_message", patient_column="shared_with", append_only=True)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
