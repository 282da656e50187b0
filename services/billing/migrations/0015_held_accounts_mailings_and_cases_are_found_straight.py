"""held accounts mailings and cases are found straight."""

from alembic import op

revision = "billing_0015"
down_revision = "billing_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_collection_case_file_id", "collection_case", ["tenant_id", "file_id"], unique=False)
    op.create_index(
        "ix_guarantor_account_held",
        "guarantor_account",
        ["tenant_id", "id"],
        unique=False,
        postgresql_where="hold_reason <> ''",
    )
    op.create_index(
        "ix_statement_mailing_id",
        "statement",
        ["tenant_id", "mailing_id"],
        unique=False,
        postgresql_where="mailing_id is not null",
    )
    op.drop_index(op.f("ix_visit_fee_patient_id"), table_name="visit_fee")
    op.create_index(
        "ix_visit_fee_patient_id", "visit_fee", ["tenant_id", "patient_id", "happened_at", "id"], unique=False
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
