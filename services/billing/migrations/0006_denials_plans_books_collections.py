"""Denials, underpayments, payment plans, cards on file, collections, invoices, the bank's word, closed periods."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "billing_0006"
down_revision = "billing_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "appeal_template",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_appeal_template")),
        sa.UniqueConstraint("tenant_id", "code", "number", name=op.f("uq_appeal_template_tenant_id_code_number")),
    )
    op.create_table(
        "bank_deposit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deposited_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("remittance_id", sa.Uuid(), nullable=True),
        sa.Column("day_close_id", sa.Uuid(), nullable=True),
        sa.Column("keyed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("keyed_by", sa.Text(), nullable=False),
        sa.Column("explained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("explained_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_bank_deposit_amount")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bank_deposit")),
        sa.UniqueConstraint("tenant_id", "day_close_id", name=op.f("uq_bank_deposit_tenant_id_day_close_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "reference",
            "deposited_on",
            "amount_minor",
            name=op.f("uq_bank_deposit_tenant_id_reference_deposited_on_amount_minor"),
        ),
        sa.UniqueConstraint("tenant_id", "remittance_id", name=op.f("uq_bank_deposit_tenant_id_remittance_id")),
    )
    op.create_index("ix_bank_deposit_deposited_on", "bank_deposit", ["tenant_id", "deposited_on", "id"], unique=False)
    op.create_table(
        "collection_case",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("handed_on", sa.Date(), nullable=False),
        sa.Column("handed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("journal_ids", postgresql.JSONB(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_collection_case_amount")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_collection_case")),
    )
    op.create_index("ix_collection_case_handed_on", "collection_case", ["tenant_id", "handed_on", "id"], unique=False)
    op.create_index("ix_collection_case_patient_id", "collection_case", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "uq_collection_case_open",
        "collection_case",
        ["tenant_id", "patient_id"],
        unique=True,
        postgresql_where="state = 'handed_off'",
    )
    op.create_table(
        "collection_policy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("cycle_days", sa.BigInteger(), nullable=False),
        sa.Column("last_cycle", sa.BigInteger(), nullable=False),
        sa.Column("minimum_minor", sa.BigInteger(), nullable=False),
        sa.Column("portal_first_days", sa.BigInteger(), nullable=False),
        sa.Column("small_balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("small_balance_days", sa.BigInteger(), nullable=False),
        sa.Column("hand_off_days", sa.BigInteger(), nullable=False),
        sa.Column("hand_off_minimum_minor", sa.BigInteger(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_collection_policy")),
    )
    op.create_table(
        "denial_playbook",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carc", sa.Text(), nullable=False),
        sa.Column("rarc", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("work_days", sa.BigInteger(), nullable=False),
        sa.Column("appeal_days", sa.BigInteger(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_denial_playbook")),
    )
    op.create_index("ix_denial_playbook_start_date", "denial_playbook", ["tenant_id", "start_date", "id"], unique=False)
    op.create_table(
        "invoice",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_invoice_tenant_id_number")),
    )
    op.create_index("ix_invoice_issued_on", "invoice", ["tenant_id", "issued_on", "id"], unique=False)
    op.create_index("ix_invoice_patient_id", "invoice", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "payment_plan",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("instalment_minor", sa.BigInteger(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("first_due", sa.Date(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.Text(), nullable=False),
        sa.Column("missed", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("total_minor > 0 and instalment_minor > 0", name=op.f("ck_payment_plan_amounts")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_payment_plan")),
    )
    op.create_index("ix_payment_plan_agreed_at", "payment_plan", ["tenant_id", "agreed_at", "id"], unique=False)
    op.create_index("ix_payment_plan_patient_id", "payment_plan", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "uq_payment_plan_active",
        "payment_plan",
        ["tenant_id", "patient_id"],
        unique=True,
        postgresql_where="state = 'active'",
    )
    op.create_table(
        "period_close",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("balances", postgresql.JSONB(), nullable=False),
        sa.Column("journals", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_period_close")),
        sa.UniqueConstraint("tenant_id", "last_day", name=op.f("uq_period_close_tenant_id_last_day")),
    )
    op.create_table(
        "stored_card",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("last_four", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_stored_card")),
    )
    op.create_index("ix_stored_card_patient_id", "stored_card", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "uq_stored_card_token",
        "stored_card",
        ["tenant_id", "token"],
        unique=True,
        postgresql_where="removed_at is null",
    )
    op.create_table(
        "denial",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("remittance_id", sa.Uuid(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("denied_on", sa.Date(), nullable=False),
        sa.Column("work_by", sa.Date(), nullable=False),
        sa.Column("appeal_by", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("recovered_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "claim_id"], ["claim.tenant_id", "claim.id"], name=op.f("fk_denial_tenant_id_claim_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_denial")),
        sa.UniqueConstraint("tenant_id", "claim_id", name=op.f("uq_denial_tenant_id_claim_id")),
    )
    op.create_index("ix_denial_denied_on", "denial", ["tenant_id", "denied_on", "id"], unique=False)
    op.create_index("ix_denial_patient_id", "denial", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "ix_denial_worklist",
        "denial",
        ["tenant_id", "priority", "id"],
        unique=False,
        postgresql_where="closed_at is null",
    )
    op.create_table(
        "period_journal",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=False),
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "period_id"],
            ["period_close.tenant_id", "period_close.id"],
            name=op.f("fk_period_journal_tenant_id_period_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "period_id", "journal_id", name=op.f("pk_period_journal")),
    )
    op.create_table(
        "period_proof",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("faults", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "period_id"],
            ["period_close.tenant_id", "period_close.id"],
            name=op.f("fk_period_proof_tenant_id_period_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_period_proof")),
    )
    op.create_index("ix_period_proof_period_id", "period_proof", ["tenant_id", "period_id", "proved_at"], unique=False)
    op.create_table(
        "plan_attempt",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("instalment", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payment_id"],
            ["payment.tenant_id", "payment.id"],
            name=op.f("fk_plan_attempt_tenant_id_payment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_id"],
            ["payment_plan.tenant_id", "payment_plan.id"],
            name=op.f("fk_plan_attempt_tenant_id_plan_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_plan_attempt")),
        sa.UniqueConstraint(
            "tenant_id",
            "plan_id",
            "instalment",
            "attempt",
            name=op.f("uq_plan_attempt_tenant_id_plan_id_instalment_attempt"),
        ),
    )
    op.create_table(
        "underpayment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("remittance_id", sa.Uuid(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("short_minor", sa.BigInteger(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("dispute_by", sa.Date(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("recovered_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "claim_id"], ["claim.tenant_id", "claim.id"], name=op.f("fk_underpayment_tenant_id_claim_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_underpayment")),
        sa.UniqueConstraint("tenant_id", "claim_id", name=op.f("uq_underpayment_tenant_id_claim_id")),
    )
    op.create_index("ix_underpayment_found_on", "underpayment", ["tenant_id", "found_on", "id"], unique=False)
    op.create_index("ix_underpayment_patient_id", "underpayment", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "ix_underpayment_worklist",
        "underpayment",
        ["tenant_id", "priority", "id"],
        unique=False,
        postgresql_where="closed_at is null",
    )
    op.create_table(
        "appeal",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("denial_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("template_code", sa.Text(), nullable=False),
        sa.Column("template_number", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("sent_how", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "denial_id"], ["denial.tenant_id", "denial.id"], name=op.f("fk_appeal_tenant_id_denial_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_appeal")),
        sa.UniqueConstraint("tenant_id", "denial_id", "level", name=op.f("uq_appeal_tenant_id_denial_id_level")),
    )
    op.create_index("ix_appeal_patient_id", "appeal", ["tenant_id", "patient_id"], unique=False)
    protect("appeal_template")
    protect("bank_deposit")
    protect("collection_case", patient_column="patient_id")
    protect("collection_policy")
    protect("denial_playbook")
    protect("invoice", patient_column="patient_id")
    protect("payment_plan", patient_column="patient_id")
    protect("period_close", append_only=True)
    protect("stored_card", patient_column="patient_id")
    protect("denial", patient_column="patient_id")
    protect("period_journal", append_only=True)
    protect("period_proof")
    protect("plan_attempt", patient_column="patient_id")
    protect("underpayment", patient_column="patient_id")
    protect("appeal", patient_column="patient_id")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
