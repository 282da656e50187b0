"""quiet hours."""

import sqlalchemy as sa
from alembic import op

revision = "patient_registry_0005"
down_revision = "patient_registry_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("patient", sa.Column("quiet_from_minute", sa.BigInteger(), nullable=True))
    op.add_column("patient", sa.Column("quiet_until_minute", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
