"""People, coverage, relations, consent, and what they are found by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "patient_registry_0001"
down_revision = None
branch_labels = ("patient_registry",)
depends_on = "chassis_0001"


def upgrade() -> None:
    op.create_table(
        "duplicate_pair",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("score_hundredths", sa.BigInteger(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_duplicate_pair")),
    )
    op.create_index(
        "ix_duplicate_pair_open",
        "duplicate_pair",
        ["tenant_id", "score_hundredths", "id"],
        unique=False,
        postgresql_where=sa.text("dismissed_at is null"),
    )
    op.create_index("ix_duplicate_pair_second", "duplicate_pair", ["tenant_id", "second_id"], unique=False)
    op.create_index("uq_duplicate_pair", "duplicate_pair", ["tenant_id", "first_id", "second_id"], unique=True)
    op.create_table(
        "external_key",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "resource_type", "system", "value", name=op.f("pk_external_key")),
    )
    op.create_index("ix_external_key_record", "external_key", ["tenant_id", "record_id"], unique=False)
    op.create_index("ix_external_key_value", "external_key", ["tenant_id", "value"], unique=False)
    op.create_table(
        "patient",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mrn", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("middle", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("suffix", sa.Text(), nullable=False),
        sa.Column("preferred_name", sa.Text(), nullable=False),
        sa.Column("former_names", postgresql.JSONB(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("interpreter_needed", sa.Boolean(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("addresses", postgresql.JSONB(), nullable=False),
        sa.Column("contact_points", postgresql.JSONB(), nullable=False),
        sa.Column("identifiers", postgresql.JSONB(), nullable=False),
        sa.Column("ssn_last_four", sa.Text(), nullable=False),
        sa.Column("payer_hint", sa.Text(), nullable=False),
        sa.Column("deceased", sa.Boolean(), nullable=False),
        sa.Column("deceased_on", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("guarantor_id", sa.Uuid(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_patient")),
    )
    op.create_index("ix_patient_birth_date", "patient", ["tenant_id", "birth_date", "id"], unique=False)
    op.create_index("ix_patient_guarantor", "patient", ["tenant_id", "guarantor_id"], unique=False)
    op.create_index("uq_patient_mrn", "patient", ["tenant_id", "mrn"], unique=True)
    op.create_table(
        "patient_key",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", "patient_id", name=op.f("pk_patient_key")),
    )
    op.create_index("ix_patient_key_patient", "patient_key", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "patient_name",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("family_key", sa.Text(collation="C"), nullable=False),
        sa.Column("given_key", sa.Text(collation="C"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "family_key", "given_key", "patient_id", name=op.f("pk_patient_name")),
    )
    op.create_index(
        "ix_patient_name_given", "patient_name", ["tenant_id", "given_key", "family_key", "patient_id"], unique=False
    )
    op.create_index("ix_patient_name_patient", "patient_name", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "payer_alias",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("text_key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("payer_code", sa.Text(), nullable=False),
        sa.Column("payer_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "text_key", name=op.f("pk_payer_alias")),
    )
    op.create_table(
        "visit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Text(), nullable=False),
        sa.Column("appointment_type_code", sa.Text(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("modality", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_visit")),
    )
    op.create_index("ix_visit_patient", "visit", ["tenant_id", "patient_id", "start_time", "id"], unique=False)
    op.create_table(
        "consent_change",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "patient_id"],
            ["patient.tenant_id", "patient.id"],
            name=op.f("fk_consent_change_tenant_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_consent_change")),
    )
    op.create_index(
        "ix_consent_change_patient", "consent_change", ["tenant_id", "patient_id", "changed_at"], unique=False
    )
    op.create_table(
        "coverage",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("payer_code", sa.Text(), nullable=False),
        sa.Column("payer_name", sa.Text(), nullable=False),
        sa.Column("plan_name", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("group_number", sa.Text(), nullable=False),
        sa.Column("subscriber_relation", sa.Text(), nullable=False),
        sa.Column("subscriber", postgresql.JSONB(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("case_details", postgresql.JSONB(), nullable=True),
        sa.Column("insurance_type_code", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("last_outcome", sa.Text(), nullable=False),
        sa.Column("last_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("benefit_active", sa.Boolean(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("copay_minor", sa.BigInteger(), nullable=True),
        sa.Column("deductible_remaining_minor", sa.BigInteger(), nullable=True),
        sa.Column("coinsurance_basis_points", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "patient_id"],
            ["patient.tenant_id", "patient.id"],
            name=op.f("fk_coverage_tenant_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_coverage")),
    )
    op.create_index("ix_coverage_patient", "coverage", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "relation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("related_patient_id", sa.Uuid(), nullable=True),
        sa.Column("relationship", sa.Text(), nullable=False),
        sa.Column("person", postgresql.JSONB(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("proxy", sa.Boolean(), nullable=False),
        sa.Column("emergency_contact", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "patient_id"],
            ["patient.tenant_id", "patient.id"],
            name=op.f("fk_relation_tenant_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_relation")),
    )
    op.create_index(
        "ix_relation_email", "relation", ["tenant_id", "email"], unique=False, postgresql_where=sa.text("email <> ''")
    )
    op.create_index("ix_relation_patient", "relation", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "ix_relation_phone", "relation", ["tenant_id", "phone"], unique=False, postgresql_where=sa.text("phone <> ''")
    )
    op.create_index("ix_relation_related", "relation", ["tenant_id", "related_patient_id"], unique=False)
    protect("duplicate_pair")
    protect("external_key")
    protect("patient", patient_column="id")
    protect("patient_key", patient_column="patient_id")
    protect("patient_name", patient_column="patient_id")
    protect("payer_alias")
    protect("visit", patient_column="patient_id")
    protect("consent_change", patient_column="patient_id", append_only=True)
    protect("coverage", patient_column="patient_id")
    protect("relation", patient_column="patient_id")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
