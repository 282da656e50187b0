"""claim rules and claim work."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "billing_0008"
down_revision = "billing_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim_rule_set",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("copy_of_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_claim_rule_set")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_claim_rule_set_tenant_id_number")),
    )
    op.create_index(
        "uq_claim_rule_set_live",
        "claim_rule_set",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_table(
        "claim_follow_up",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("next_action", sa.Text(), nullable=False),
        sa.Column("next_action_on", sa.Date(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"], ["claim.tenant_id", "claim.id"], name=op.f("fk_claim_follow_up_tenant_id_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_claim_follow_up")),
    )
    op.create_index(
        "ix_claim_follow_up_next_action_on", "claim_follow_up", ["tenant_id", "next_action_on", "id"], unique=False
    )
    op.create_index(
        "ix_claim_follow_up_owner_id",
        "claim_follow_up",
        ["tenant_id", "owner_id", "next_action_on", "id"],
        unique=False,
    )
    op.create_index("ix_claim_follow_up_patient_id", "claim_follow_up", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "ix_claim_follow_up_queue", "claim_follow_up", ["tenant_id", "queue", "next_action_on", "id"], unique=False
    )
    op.create_table(
        "claim_note",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "claim_id"], ["claim.tenant_id", "claim.id"], name=op.f("fk_claim_note_tenant_id_claim_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_claim_note")),
    )
    op.create_index("ix_claim_note_claim_id", "claim_note", ["tenant_id", "claim_id", "id"], unique=False)
    op.create_index("ix_claim_note_patient_id", "claim_note", ["tenant_id", "patient_id"], unique=False)
    op.add_column("claim", sa.Column("split_from_id", sa.Uuid(), nullable=True))
    protect("claim_rule_set")
    protect("claim_follow_up", patient_column="patient_id")
    protect("claim_note", patient_column="patient_id")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
