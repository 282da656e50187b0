"""The sequence that medical record numbers are drawn from."""

from alembic import op

from chassis.migrating import app_role

revision = "patient_registry_0002"
down_revision = "patient_registry_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create sequence mrn_number start 1")
    op.execute(f'grant usage on sequence mrn_number to "{app_role()}"')


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
