"""codes at hand reviews and questions by file."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "billing_0013"
down_revision = "billing_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "code_set",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_set", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("code_count", sa.BigInteger(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_code_set")),
        sa.UniqueConstraint(
            "tenant_id", "code_set", "start_date", name=op.f("uq_code_set_tenant_id_code_set_start_date")
        ),
    )
    op.create_table(
        "eligibility_batch",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("interchange_control", sa.BigInteger(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("stored_file_id", sa.Uuid(), nullable=False),
        sa.Column("check_count", sa.BigInteger(), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_eligibility_batch")),
        sa.UniqueConstraint("tenant_id", "file_name", name=op.f("uq_eligibility_batch_tenant_id_file_name")),
        sa.UniqueConstraint(
            "tenant_id", "interchange_control", name=op.f("uq_eligibility_batch_tenant_id_interchange_control")
        ),
    )
    op.create_index(
        "ix_eligibility_batch_committed_at", "eligibility_batch", ["tenant_id", "committed_at"], unique=False
    )
    op.create_table(
        "eligibility_policy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("days_ahead", sa.BigInteger(), nullable=False),
        sa.Column("fresh_days", sa.BigInteger(), nullable=False),
        sa.Column("again_each_month", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_eligibility_policy")),
    )
    op.create_table(
        "favourite_code",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("modifiers", postgresql.JSONB(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_favourite_code")),
        sa.UniqueConstraint(
            "tenant_id",
            "practitioner_id",
            "kind",
            "code",
            name=op.f("uq_favourite_code_tenant_id_practitioner_id_kind_code"),
        ),
    )
    op.create_table(
        "review_rule",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("asks", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_review_rule")),
    )
    op.create_table(
        "superbill_template",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_code", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("services", postgresql.JSONB(), nullable=False),
        sa.Column("diagnoses", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_superbill_template")),
        sa.UniqueConstraint(
            "tenant_id",
            "appointment_type_code",
            "practitioner_id",
            "start_date",
            name="uq_superbill_template_version",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "charge_review",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("charge_minor", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "encounter_id"],
            ["encounter.tenant_id", "encounter.id"],
            name=op.f("fk_charge_review_tenant_id_encounter_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_charge_review")),
    )
    op.create_index("ix_charge_review_patient_id", "charge_review", ["tenant_id", "patient_id"], unique=False)
    op.create_index("ix_charge_review_state", "charge_review", ["tenant_id", "state", "id"], unique=False)
    op.create_index(
        "uq_charge_review_waiting",
        "charge_review",
        ["tenant_id", "encounter_id"],
        unique=True,
        postgresql_where="state = 'waiting'",
    )
    op.create_table(
        "code_set_code",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("code_set_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "code_set_id"],
            ["code_set.tenant_id", "code_set.id"],
            name=op.f("fk_code_set_code_tenant_id_code_set_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "code_set_id", "code", name=op.f("pk_code_set_code")),
    )
    op.add_column("eligibility_check", sa.Column("batch_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_eligibility_check_batch_id",
        "eligibility_check",
        ["tenant_id", "batch_id"],
        unique=False,
        postgresql_where="batch_id is not null",
    )
    op.create_index(
        "ix_eligibility_check_queued",
        "eligibility_check",
        ["tenant_id", "payer_id", "id"],
        unique=False,
        postgresql_where="state = 'queued'",
    )
    op.create_index(
        "ix_encounter_charged_patient",
        "encounter",
        ["tenant_id", "patient_id", "start_time", "id"],
        unique=False,
        postgresql_where="state = 'signed'",
    )
    op.create_index(
        "ix_encounter_charged_practitioner",
        "encounter",
        ["tenant_id", "practitioner_id", "start_time", "id"],
        unique=False,
        postgresql_where="state = 'signed'",
    )
    protect("code_set")
    protect("eligibility_batch")
    protect("eligibility_policy")
    protect("favourite_code")
    protect("review_rule")
    protect("superbill_template")
    protect("charge_review", patient_column="patient_id")
    protect("code_set_code")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
