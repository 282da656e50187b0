"""claims."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "billing_0003"
down_revision = "billing_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("coverage_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("responsibility", sa.Text(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("previous_claim_id", sa.Uuid(), nullable=True),
        sa.Column("replaces_claim_id", sa.Uuid(), nullable=True),
        sa.Column("crossed_over", sa.Boolean(), nullable=False),
        sa.Column("billing_entity_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("charge_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("patient_minor", sa.BigInteger(), nullable=False),
        sa.Column("payer_control", sa.Text(), nullable=False),
        sa.Column("hold_reason", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=True),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("happenings", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_claim")),
        sa.UniqueConstraint("tenant_id", "control", name=op.f("uq_claim_tenant_id_control")),
    )
    op.create_index("ix_claim_batch_id", "claim", ["tenant_id", "batch_id"], unique=False)
    op.create_index("ix_claim_encounter_id", "claim", ["tenant_id", "encounter_id"], unique=False)
    op.create_index("ix_claim_patient_id", "claim", ["tenant_id", "patient_id"], unique=False)
    op.create_index("ix_claim_state", "claim", ["tenant_id", "state", "payer_id"], unique=False)
    op.create_table(
        "claim_batch",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("interchange_control", sa.BigInteger(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("stored_file_id", sa.Uuid(), nullable=False),
        sa.Column("claim_count", sa.BigInteger(), nullable=False),
        sa.Column("charge_minor", sa.BigInteger(), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledgement", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_claim_batch")),
        sa.UniqueConstraint("tenant_id", "file_name", name=op.f("uq_claim_batch_tenant_id_file_name")),
        sa.UniqueConstraint(
            "tenant_id", "interchange_control", name=op.f("uq_claim_batch_tenant_id_interchange_control")
        ),
    )
    op.create_index("ix_claim_batch_committed_at", "claim_batch", ["tenant_id", "committed_at"], unique=False)
    op.create_table(
        "clearinghouse_cursor",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_clearinghouse_cursor")),
    )
    op.create_table(
        "coverage",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("payer_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_coverage")),
    )
    op.create_index("ix_coverage_patient_id", "coverage", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "eligibility_check",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("coverage_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("interchange_control", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("copay_minor", sa.BigInteger(), nullable=True),
        sa.Column("deductible_left_minor", sa.BigInteger(), nullable=True),
        sa.Column("coinsurance_basis_points", sa.BigInteger(), nullable=True),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("benefits", postgresql.JSONB(), nullable=False),
        sa.Column("refusals", postgresql.JSONB(), nullable=False),
        sa.Column("request_text", sa.Text(), nullable=False),
        sa.Column("response_text", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_eligibility_check")),
        sa.UniqueConstraint("tenant_id", "trace", name=op.f("uq_eligibility_check_tenant_id_trace")),
    )
    op.create_index(
        "ix_eligibility_check_coverage_id",
        "eligibility_check",
        ["tenant_id", "coverage_id", "answered_at"],
        unique=False,
    )
    op.create_index("ix_eligibility_check_patient_id", "eligibility_check", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "inbound_file",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.JSONB(), nullable=False),
        sa.Column("oddities", postgresql.JSONB(), nullable=False),
        sa.Column("stored_file_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_inbound_file")),
        sa.UniqueConstraint("tenant_id", "sha256", name=op.f("uq_inbound_file_tenant_id_sha256")),
    )
    op.create_table(
        "remittance",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("set_key", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("inbound_file_id", sa.Uuid(), nullable=False),
        sa.Column("set_index", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("payer_name", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("payment_minor", sa.BigInteger(), nullable=False),
        sa.Column("claims_paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("provider_adjustments_minor", sa.BigInteger(), nullable=False),
        sa.Column("claim_count", sa.BigInteger(), nullable=False),
        sa.Column("imbalances", postgresql.JSONB(), nullable=False),
        sa.Column("oddities", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("journal_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_remittance")),
        sa.UniqueConstraint("tenant_id", "set_key", name=op.f("uq_remittance_tenant_id_set_key")),
    )
    op.create_index("ix_remittance_received_at", "remittance", ["tenant_id", "received_at"], unique=False)
    op.create_index("ix_remittance_trace", "remittance", ["tenant_id", "trace"], unique=False)
    op.create_table(
        "work_item",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("remittance_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_work_item")),
        sa.UniqueConstraint("tenant_id", "kind", "key", name=op.f("uq_work_item_tenant_id_kind_key")),
    )
    op.create_index("ix_work_item_claim_id", "work_item", ["tenant_id", "claim_id"], unique=False)
    op.create_index("ix_work_item_patient_id", "work_item", ["tenant_id", "patient_id"], unique=False)
    op.create_index("ix_work_item_state", "work_item", ["tenant_id", "state", "kind", "opened_at"], unique=False)
    op.create_table(
        "claim_happening",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("codes", postgresql.JSONB(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "claim_id"],
            ["claim.tenant_id", "claim.id"],
            name=op.f("fk_claim_happening_tenant_id_claim_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "claim_id", "number", name=op.f("pk_claim_happening")),
    )
    op.create_table(
        "claim_line",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("charge_line_id", sa.Uuid(), nullable=False),
        sa.Column("line_control", sa.Text(), nullable=False),
        sa.Column("responsibility", sa.Text(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "claim_id"], ["claim.tenant_id", "claim.id"], name=op.f("fk_claim_line_tenant_id_claim_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "claim_id", "number", name=op.f("pk_claim_line")),
        sa.UniqueConstraint("tenant_id", "line_control", name=op.f("uq_claim_line_tenant_id_line_control")),
    )
    op.create_index(
        "uq_claim_line_live",
        "claim_line",
        ["tenant_id", "charge_line_id", "responsibility"],
        unique=True,
        postgresql_where=sa.text("live"),
    )
    op.create_table(
        "remittance_claim",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("remittance_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("claim_control", sa.Text(), nullable=False),
        sa.Column("payer_control", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("charge_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("patient_minor", sa.BigInteger(), nullable=False),
        sa.Column("reversed_by_id", sa.Uuid(), nullable=True),
        sa.Column("said", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "remittance_id"],
            ["remittance.tenant_id", "remittance.id"],
            name=op.f("fk_remittance_claim_tenant_id_remittance_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_remittance_claim")),
        sa.UniqueConstraint(
            "tenant_id", "remittance_id", "number", name=op.f("uq_remittance_claim_tenant_id_remittance_id_number")
        ),
    )
    op.create_index(
        "ix_remittance_claim_claim_control", "remittance_claim", ["tenant_id", "claim_control"], unique=False
    )
    op.create_index("ix_remittance_claim_claim_id", "remittance_claim", ["tenant_id", "claim_id"], unique=False)
    op.create_table(
        "remittance_posting",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("remittance_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("remittance_claim_id", sa.Uuid(), nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("charge_line_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("decision", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "remittance_id"],
            ["remittance.tenant_id", "remittance.id"],
            name=op.f("fk_remittance_posting_tenant_id_remittance_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_remittance_posting")),
        sa.UniqueConstraint(
            "tenant_id", "remittance_id", "number", name=op.f("uq_remittance_posting_tenant_id_remittance_id_number")
        ),
    )
    op.create_index(
        "ix_remittance_posting_charge_line_id", "remittance_posting", ["tenant_id", "charge_line_id"], unique=False
    )
    op.create_index(
        "ix_remittance_posting_remittance_claim_id",
        "remittance_posting",
        ["tenant_id", "remittance_claim_id"],
        unique=False,
    )
    protect("claim", patient_column="patient_id")
    protect("claim_batch")
    protect("clearinghouse_cursor")
    protect("coverage", patient_column="patient_id")
    protect("eligibility_check", patient_column="patient_id")
    protect("inbound_file")
    protect("remittance")
    protect("work_item")
    protect("claim_happening", patient_column="patient_id")
    protect("claim_line")
    protect("remittance_claim")
    protect("remittance_posting")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
