"""slug of a clinic."""

import sqlalchemy as sa
from alembic import op

revision = "notifications_0006"
down_revision = "notifications_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clinic", sa.Column("slug", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
