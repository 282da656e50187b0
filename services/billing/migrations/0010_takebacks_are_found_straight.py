"""takebacks are found straight."""

from alembic import op

revision = "billing_0010"
down_revision = "billing_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_remittance_posting_takeback",
        "remittance_posting",
        ["tenant_id", "id"],
        unique=False,
        postgresql_where="kind = 'takeback'",
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
