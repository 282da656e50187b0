"""A location's address, so that a reminder can say where to come. Old code leaves it empty; identity's next word fills it."""

import sqlalchemy as sa
from alembic import op

revision = "notifications_0002"
down_revision = "notifications_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("location", sa.Column("address", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
