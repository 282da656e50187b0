"""claims to later payers are found."""

from alembic import op

revision = "billing_0014"
down_revision = "billing_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_claim_previous_claim_id", "claim", ["tenant_id", "previous_claim_id"], unique=False)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
