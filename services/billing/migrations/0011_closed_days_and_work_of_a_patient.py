"""lists of closed days and of a patient's work are found straight."""

from alembic import op

revision = "billing_0011"
down_revision = "billing_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_day_close_business_date", "day_close", ["tenant_id", "business_date", "id"], unique=False)
    op.drop_index(op.f("ix_work_item_patient_id"), table_name="work_item")
    op.create_index("ix_work_item_patient_id", "work_item", ["tenant_id", "patient_id", "kind", "id"], unique=False)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
