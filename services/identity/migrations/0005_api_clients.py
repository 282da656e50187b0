"""api clients."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0005"
down_revision = "identity_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_client", sa.Column("made_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_client", sa.Column("secret_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_client", sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_client", sa.Column("version", sa.BigInteger(), server_default="1", nullable=False))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
