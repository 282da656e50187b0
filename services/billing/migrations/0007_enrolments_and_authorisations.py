"""Enrolments and authorisations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "billing_0007"
down_revision = "billing_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authorisation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("coverage_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("procedures", postgresql.JSONB(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("limit_count", sa.BigInteger(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("referring_npi", sa.Text(), nullable=False),
        sa.Column("referring_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payer_id"], ["payer.tenant_id", "payer.id"], name=op.f("fk_authorisation_tenant_id_payer_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_authorisation")),
    )
    op.create_index("ix_authorisation_end_date", "authorisation", ["tenant_id", "end_date"], unique=False)
    op.create_index(
        "ix_authorisation_patient_id", "authorisation", ["tenant_id", "patient_id", "payer_id"], unique=False
    )
    op.create_table(
        "enrolment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("transaction", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("provider_number", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payer_id"], ["payer.tenant_id", "payer.id"], name=op.f("fk_enrolment_tenant_id_payer_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_enrolment")),
    )
    op.create_index("ix_enrolment_payer_id", "enrolment", ["tenant_id", "payer_id", "transaction"], unique=False)
    op.create_index("ix_enrolment_practitioner_id", "enrolment", ["tenant_id", "practitioner_id"], unique=False)
    op.add_column("payer", sa.Column("routes", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("payer_rule", sa.Column("demands", postgresql.JSONB(), server_default="{}", nullable=False))
    protect("authorisation", patient_column="patient_id")
    protect("enrolment")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
