"""clinic pages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "identity_0003"
down_revision = "identity_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clinic_page",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("about", postgresql.JSONB(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("takes_new_patients", sa.Boolean(), nullable=False),
        sa.Column("location_ids", postgresql.JSONB(), nullable=False),
        sa.Column("practitioner_ids", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clinic_page")),
    )
    op.add_column("tenant_slug", sa.Column("published", sa.Boolean(), server_default="false", nullable=False))
    protect("clinic_page")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
