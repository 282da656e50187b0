"""Where locations are, for searches by distance. Old code leaves it empty."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0002"
down_revision = "identity_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("location", sa.Column("latitude", sa.Double(), nullable=True))
    op.add_column("location", sa.Column("longitude", sa.Double(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
