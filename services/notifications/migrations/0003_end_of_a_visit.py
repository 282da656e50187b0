"""A visit's end, so that the calendar entry in a message can say it. Old code leaves it empty; scheduling's next word fills it."""

import sqlalchemy as sa
from alembic import op

revision = "notifications_0003"
down_revision = "notifications_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("appointment", sa.Column("end_time", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
