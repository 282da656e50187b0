"""Before the visit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "billing_0009"
down_revision = "billing_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discount_policy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_discount_policy")),
        sa.UniqueConstraint("tenant_id", "start_date", name=op.f("uq_discount_policy_tenant_id_start_date")),
    )
    op.create_table(
        "estimate",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("coverage_id", sa.Uuid(), nullable=True),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("diagnoses", postgresql.JSONB(), nullable=False),
        sa.Column("services", postgresql.JSONB(), nullable=False),
        sa.Column("charge_minor", sa.BigInteger(), nullable=False),
        sa.Column("patient_minor", sa.BigInteger(), nullable=False),
        sa.Column("basis", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("billed_minor", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_estimate")),
    )
    op.create_index("ix_estimate_encounter_id", "estimate", ["tenant_id", "encounter_id"], unique=False)
    op.create_index("ix_estimate_patient_id", "estimate", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "poverty_guideline",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("first_person_minor", sa.BigInteger(), nullable=False),
        sa.Column("each_more_minor", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_poverty_guideline")),
        sa.UniqueConstraint(
            "tenant_id", "region", "start_date", name=op.f("uq_poverty_guideline_tenant_id_region_start_date")
        ),
    )
    op.create_table(
        "sliding_fee",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("household_size", sa.BigInteger(), nullable=False),
        sa.Column("income_minor", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("poverty_basis_points", sa.BigInteger(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sliding_fee")),
    )
    op.create_index("ix_sliding_fee_patient_id", "sliding_fee", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "estimate_delivery",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("estimate_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_by", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "estimate_id"],
            ["estimate.tenant_id", "estimate.id"],
            name=op.f("fk_estimate_delivery_tenant_id_estimate_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "estimate_id", "number", name=op.f("pk_estimate_delivery")),
    )
    op.alter_column("charge_line", "fee_schedule_id", existing_type=sa.UUID(), nullable=True)
    op.add_column("eligibility_check", sa.Column("out_of_pocket_left_minor", sa.BigInteger(), nullable=True))
    op.add_column("eligibility_check", sa.Column("plan_starts", sa.Date(), nullable=True))
    op.add_column("eligibility_check", sa.Column("plan_ends", sa.Date(), nullable=True))
    op.add_column("encounter", sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True))
    protect("discount_policy")
    protect("estimate", patient_column="patient_id")
    protect("poverty_guideline")
    protect("sliding_fee", patient_column="patient_id")
    protect("estimate_delivery", patient_column="patient_id")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
