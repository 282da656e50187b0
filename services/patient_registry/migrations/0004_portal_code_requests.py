"""portal code requests."""

import sqlalchemy as sa
from alembic import op

from chassis.migrating import protect

revision = "patient_registry_0004"
down_revision = "patient_registry_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "portal_code_request",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_digest", sa.LargeBinary(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_portal_code_request")),
    )
    op.create_index(
        "ix_portal_code_request_contact",
        "portal_code_request",
        ["tenant_id", "contact_digest", "requested_at"],
        unique=False,
    )
    protect("portal_code_request")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
