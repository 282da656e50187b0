"""Place of a visit in its series."""

import sqlalchemy as sa
from alembic import op

revision = "notifications_0004"
down_revision = "notifications_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("appointment", sa.Column("series_number", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
