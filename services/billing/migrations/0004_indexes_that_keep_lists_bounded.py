"""indexes that keep lists bounded."""

from alembic import op

revision = "billing_0004"
down_revision = "billing_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_claim_happening_batch_id",
        "claim_happening",
        ["tenant_id", "batch_id"],
        unique=False,
        postgresql_where="batch_id is not null",
    )
    op.create_index(
        "ix_claim_happening_file_id",
        "claim_happening",
        ["tenant_id", "file_id"],
        unique=False,
        postgresql_where="file_id is not null",
    )
    op.drop_index(
        op.f("ix_encounter_missing"),
        table_name="encounter",
        postgresql_where="((state = 'open'::text) AND (seen_at IS NOT NULL))",
    )
    op.create_index(
        "ix_encounter_missing",
        "encounter",
        ["tenant_id", "start_time", "id"],
        unique=False,
        postgresql_where="state = 'open' and seen_at is not null",
    )
    op.create_index("ix_encounter_start_time", "encounter", ["tenant_id", "start_time", "id"], unique=False)
    op.create_index("ix_payment_created_at", "payment", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index("ix_remittance_inbound_file_id", "remittance", ["tenant_id", "inbound_file_id"], unique=False)
    op.create_index("ix_statement_statement_date", "statement", ["tenant_id", "statement_date", "id"], unique=False)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
