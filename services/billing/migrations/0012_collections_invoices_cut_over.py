"""collections invoices cut over."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "billing_0012"
down_revision = "billing_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "collection_file",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("cases", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("stored_file_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_collection_file")),
    )
    op.create_index("ix_collection_file_made_at", "collection_file", ["tenant_id", "made_at", "id"], unique=False)
    op.create_table(
        "cut_over_file",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("totals", postgresql.JSONB(), nullable=False),
        sa.Column("journal_id", sa.Uuid(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cut_over_file")),
        sa.UniqueConstraint("tenant_id", "kind", "digest", name=op.f("uq_cut_over_file_tenant_id_kind_digest")),
    )
    op.create_index("ix_cut_over_file_imported_at", "cut_over_file", ["tenant_id", "imported_at", "id"], unique=False)
    op.create_table(
        "statement_mailing",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("statements", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_statement_mailing")),
    )
    op.create_index("ix_statement_mailing_made_at", "statement_mailing", ["tenant_id", "made_at", "id"], unique=False)
    op.create_table(
        "visit_fee",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("charge_line_id", sa.Uuid(), nullable=True),
        sa.Column("journal_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_visit_fee_amount")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_visit_fee")),
        sa.UniqueConstraint(
            "tenant_id", "appointment_id", "kind", name=op.f("uq_visit_fee_tenant_id_appointment_id_kind")
        ),
    )
    op.create_index("ix_visit_fee_happened_at", "visit_fee", ["tenant_id", "happened_at", "id"], unique=False)
    op.create_index("ix_visit_fee_patient_id", "visit_fee", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "collection_payment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "gross_minor > 0 and fee_minor >= 0 and fee_minor <= gross_minor",
            name=op.f("ck_collection_payment_amounts"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "case_id"],
            ["collection_case.tenant_id", "collection_case.id"],
            name=op.f("fk_collection_payment_tenant_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payment_id"],
            ["payment.tenant_id", "payment.id"],
            name=op.f("fk_collection_payment_tenant_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_collection_payment")),
        sa.UniqueConstraint(
            "tenant_id", "case_id", "reference", name=op.f("uq_collection_payment_tenant_id_case_id_reference")
        ),
    )
    op.create_table(
        "cut_over_row",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("charge_line_id", sa.Uuid(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["cut_over_file.tenant_id", "cut_over_file.id"],
            name=op.f("fk_cut_over_row_tenant_id_file_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "row_key", name=op.f("pk_cut_over_row")),
    )
    op.create_table(
        "invoice_payment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reverse_reason", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_invoice_payment_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["invoice.tenant_id", "invoice.id"],
            name=op.f("fk_invoice_payment_tenant_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_invoice_payment")),
        sa.UniqueConstraint(
            "tenant_id", "invoice_id", "reference", name=op.f("uq_invoice_payment_tenant_id_invoice_id_reference")
        ),
    )
    op.create_table(
        "invoice_line",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("charge_line_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_invoice_line_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "charge_line_id"],
            ["charge_line.tenant_id", "charge_line.id"],
            name=op.f("fk_invoice_line_tenant_id_charge_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["invoice.tenant_id", "invoice.id"],
            name=op.f("fk_invoice_line_tenant_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", "number", name=op.f("pk_invoice_line")),
    )
    op.create_index(
        "uq_invoice_line_live", "invoice_line", ["tenant_id", "charge_line_id"], unique=True, postgresql_where="live"
    )
    op.add_column("collection_case", sa.Column("lines", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("collection_case", sa.Column("file_id", sa.Uuid(), nullable=True))
    op.add_column("collection_policy", sa.Column("agency_client", sa.Text(), server_default="", nullable=False))
    op.add_column("collection_policy", sa.Column("texts", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("guarantor_account", sa.Column("hold_reason", sa.Text(), server_default="", nullable=False))
    op.add_column("guarantor_account", sa.Column("hold_until", sa.Date(), nullable=True))
    op.add_column("guarantor_account", sa.Column("held_by", sa.Text(), server_default="", nullable=False))
    op.add_column("invoice", sa.Column("reference", sa.Text(), server_default="", nullable=False))
    op.add_column("invoice", sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("invoice", sa.Column("voided_by", sa.Text(), server_default="", nullable=False))
    op.add_column("invoice", sa.Column("void_reason", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_invoice_payer_id", "invoice", ["tenant_id", "payer_id", "issued_on", "id"], unique=False)
    op.add_column("statement", sa.Column("mail_on", sa.Date(), nullable=True))
    op.add_column("statement", sa.Column("mailing_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_statement_mail_on",
        "statement",
        ["tenant_id", "mail_on", "id"],
        unique=False,
        postgresql_where="mail_on is not null and mailing_id is null",
    )
    protect("collection_file")
    protect("cut_over_file")
    protect("statement_mailing")
    protect("visit_fee", patient_column="patient_id")
    protect("collection_payment", patient_column="patient_id")
    protect("cut_over_row")
    protect("invoice_payment")
    protect("invoice_line")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
