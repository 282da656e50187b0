"""links seats and words to those who wait."""

import sqlalchemy as sa
from alembic import op

from chassis.migrating import protect

revision = "telehealth_0002"
down_revision = "telehealth_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "used_link",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["video_session.tenant_id", "video_session.id"],
            name=op.f("fk_used_link_tenant_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_used_link")),
    )
    op.create_index("ix_used_link_session", "used_link", ["tenant_id", "session_id"], unique=False)
    op.add_column("participant", sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("participant", sa.Column("seat", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("video_session", sa.Column("waiting_message", sa.Text(), server_default="", nullable=False))
    protect("used_link")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
