"""Payers, prices, visits, charges, payments, the ledger, statements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "billing_0001"
down_revision = None
branch_labels = ("billing",)
depends_on = "chassis_0001"


def upgrade() -> None:
    op.create_table(
        "billing_entity",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tax_id", sa.Text(), nullable=False),
        sa.Column("npi", sa.Text(), nullable=False),
        sa.Column("taxonomy", sa.Text(), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.Column("pay_to", postgresql.JSONB(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_billing_entity")),
    )
    op.create_table(
        "card_event",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "event_id", name=op.f("pk_card_event")),
    )
    op.create_table(
        "counter",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_counter")),
    )
    op.create_table(
        "day_close",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("totals", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_day_close")),
        sa.UniqueConstraint(
            "tenant_id", "location_id", "business_date", name=op.f("uq_day_close_tenant_id_location_id_business_date")
        ),
    )
    op.create_table(
        "drawer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opening_float_minor", sa.BigInteger(), nullable=False),
        sa.Column("counted_cash_minor", sa.BigInteger(), nullable=True),
        sa.Column("counted_checks_minor", sa.BigInteger(), nullable=True),
        sa.Column("over_short_minor", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_drawer")),
    )
    op.create_index("ix_drawer_location_id", "drawer", ["tenant_id", "location_id", "business_date"], unique=False)
    op.create_index(
        "uq_drawer_open",
        "drawer",
        ["tenant_id", "location_id", "user_id"],
        unique=True,
        postgresql_where="closed_at is null",
    )
    op.create_table(
        "encounter",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_code", sa.Text(), nullable=False),
        sa.Column("modality", sa.Text(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("diagnoses", postgresql.JSONB(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("telehealth", postgresql.JSONB(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("no_charge_reason", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_encounter")),
        sa.UniqueConstraint("tenant_id", "appointment_id", name=op.f("uq_encounter_tenant_id_appointment_id")),
    )
    op.create_index(
        "ix_encounter_missing",
        "encounter",
        ["tenant_id", "service_date", "id"],
        unique=False,
        postgresql_where="state = 'open' and seen_at is not null",
    )
    op.create_index("ix_encounter_patient_id", "encounter", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "ix_encounter_service_date", "encounter", ["tenant_id", "service_date", "start_time", "id"], unique=False
    )
    op.create_table(
        "guarantor_account",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cycle", sa.BigInteger(), nullable=False),
        sa.Column("next_statement_on", sa.Date(), nullable=True),
        sa.Column("last_statement_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_guarantor_account")),
    )
    op.create_index(
        "ix_guarantor_account_next_statement_on", "guarantor_account", ["tenant_id", "next_statement_on"], unique=False
    )
    op.create_table(
        "journal",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_by", sa.Text(), nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_journal")),
        sa.UniqueConstraint("tenant_id", "reverses_id", name=op.f("uq_journal_tenant_id_reverses_id")),
        sa.UniqueConstraint(
            "tenant_id", "source_kind", "source_key", name=op.f("uq_journal_tenant_id_source_kind_source_key")
        ),
    )
    op.create_index("ix_journal_patient_id", "journal", ["tenant_id", "patient_id"], unique=False)
    op.create_index("ix_journal_posted_on", "journal", ["tenant_id", "posted_on", "id"], unique=False)
    op.create_table(
        "location",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("billing_entity_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("npi", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("place_of_service", sa.Text(), nullable=False),
        sa.Column("clia", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_location")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_location_tenant_id_number")),
    )
    op.create_table(
        "patient_copy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mrn", sa.Text(), nullable=False),
        sa.Column("last", sa.Text(), nullable=False),
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("guarantor_id", sa.Uuid(), nullable=False),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("deceased", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_patient_copy")),
    )
    op.create_index("ix_patient_copy_guarantor_id", "patient_copy", ["tenant_id", "guarantor_id"], unique=False)
    op.create_index("ix_patient_copy_merged_into", "patient_copy", ["tenant_id", "merged_into"], unique=False)
    op.create_table(
        "payer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("x12_payer_id", sa.Text(), nullable=False),
        sa.Column("filing_indicator", sa.Text(), nullable=False),
        sa.Column("active_from", sa.Date(), nullable=False),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_payer")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_payer_tenant_id_code")),
    )
    op.create_index("ix_payer_x12_payer_id", "payer", ["tenant_id", "x12_payer_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("drawer_id", sa.Uuid(), nullable=True),
        sa.Column("encounter_id", sa.Uuid(), nullable=True),
        sa.Column("statement_id", sa.Uuid(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("receipt_number", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("check_number", sa.Text(), nullable=False),
        sa.Column("card_token", sa.Text(), nullable=False),
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("decline_code", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_amount")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_payment")),
    )
    op.create_index("ix_payment_drawer_id", "payment", ["tenant_id", "drawer_id"], unique=False)
    op.create_index("ix_payment_encounter_id", "payment", ["tenant_id", "encounter_id"], unique=False)
    op.create_index("ix_payment_intent_id", "payment", ["tenant_id", "intent_id"], unique=False)
    op.create_index("ix_payment_patient_id", "payment", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "uq_payment_receipt_number",
        "payment",
        ["tenant_id", "receipt_number"],
        unique=True,
        postgresql_where="receipt_number <> ''",
    )
    op.create_table(
        "practitioner",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("last", sa.Text(), nullable=False),
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("middle", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("npi", sa.Text(), nullable=False),
        sa.Column("taxonomy", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_practitioner")),
    )
    op.create_table(
        "session_record",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("patient_at_home", sa.Boolean(), nullable=False),
        sa.Column("audio_only", sa.Boolean(), nullable=False),
        sa.Column("seconds_together", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "appointment_id", name=op.f("pk_session_record")),
    )
    op.create_table(
        "statement",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("statement_date", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("cycle", sa.BigInteger(), nullable=False),
        sa.Column("amount_due_minor", sa.BigInteger(), nullable=False),
        sa.Column("unapplied_minor", sa.BigInteger(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("aging", postgresql.JSONB(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_statement")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_statement_tenant_id_number")),
        sa.UniqueConstraint(
            "tenant_id", "patient_id", "statement_date", name=op.f("uq_statement_tenant_id_patient_id_statement_date")
        ),
    )
    op.create_table(
        "statement_hold",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("charge_line_id", sa.Uuid(), nullable=True),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_statement_hold")),
        sa.UniqueConstraint(
            "tenant_id",
            "patient_id",
            "kind",
            "charge_line_id",
            "source",
            name=op.f("uq_statement_hold_tenant_id_patient_id_kind_charge_line_id_source"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_statement_hold_patient_id", "statement_hold", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "tenant_copy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("default_language", sa.Text(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenant_copy")),
    )
    op.create_table(
        "fee_schedule",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payer_id"], ["payer.tenant_id", "payer.id"], name=op.f("fk_fee_schedule_tenant_id_payer_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_fee_schedule")),
        sa.UniqueConstraint("tenant_id", "code", "start_date", name=op.f("uq_fee_schedule_tenant_id_code_start_date")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("charge_line_id", sa.Uuid(), nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("drawer_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("billing_entity_id", sa.Uuid(), nullable=True),
        sa.Column("service_date", sa.Date(), nullable=True),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_ledger_entry_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "journal_id"],
            ["journal.tenant_id", "journal.id"],
            name=op.f("fk_ledger_entry_tenant_id_journal_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "journal_id", "number", name=op.f("pk_ledger_entry")),
    )
    op.create_index("ix_ledger_entry_account", "ledger_entry", ["tenant_id", "account", "posted_on"], unique=False)
    op.create_index("ix_ledger_entry_charge_line_id", "ledger_entry", ["tenant_id", "charge_line_id"], unique=False)
    op.create_index(
        "ix_ledger_entry_drawer_id",
        "ledger_entry",
        ["tenant_id", "drawer_id"],
        unique=False,
        postgresql_where="drawer_id is not null",
    )
    op.create_index("ix_ledger_entry_patient_id", "ledger_entry", ["tenant_id", "patient_id", "account"], unique=False)
    op.create_index("ix_ledger_entry_payment_id", "ledger_entry", ["tenant_id", "payment_id"], unique=False)
    op.create_table(
        "payer_rule",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("timely_filing_days", sa.BigInteger(), nullable=False),
        sa.Column("corrected_filing_days", sa.BigInteger(), nullable=False),
        sa.Column("silence_alarm_days", sa.BigInteger(), nullable=False),
        sa.Column("claim_provider", sa.Text(), nullable=False),
        sa.Column("crosses_over", sa.Boolean(), nullable=False),
        sa.Column("sequestration", sa.Boolean(), nullable=False),
        sa.Column("eligibility", sa.Boolean(), nullable=False),
        sa.Column("video_modifier", sa.Text(), nullable=False),
        sa.Column("audio_modifier", sa.Text(), nullable=False),
        sa.Column("home_place", sa.Text(), nullable=False),
        sa.Column("other_place", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payer_id"], ["payer.tenant_id", "payer.id"], name=op.f("fk_payer_rule_tenant_id_payer_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "payer_id", "start_date", name=op.f("pk_payer_rule")),
    )
    op.create_table(
        "refund",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("drawer_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refunded_by", sa.Text(), nullable=False),
        sa.Column("processor_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payment_id"],
            ["payment.tenant_id", "payment.id"],
            name=op.f("fk_refund_tenant_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_refund")),
    )
    op.create_index("ix_refund_payment_id", "refund", ["tenant_id", "payment_id"], unique=False)
    op.create_table(
        "charge_line",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("billing_entity_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.BigInteger(), nullable=False),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("modifiers", postgresql.JSONB(), nullable=False),
        sa.Column("diagnosis_pointers", postgresql.JSONB(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("charge_minor", sa.BigInteger(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("place_of_service", sa.Text(), nullable=False),
        sa.Column("ndc", sa.Text(), nullable=False),
        sa.Column("ndc_quantity", sa.Text(), nullable=False),
        sa.Column("ndc_unit", sa.Text(), nullable=False),
        sa.Column("fee_schedule_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=False),
        sa.CheckConstraint("charge_minor >= 0 and units > 0", name=op.f("ck_charge_line_amounts")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "encounter_id"],
            ["encounter.tenant_id", "encounter.id"],
            name=op.f("fk_charge_line_tenant_id_encounter_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "fee_schedule_id"],
            ["fee_schedule.tenant_id", "fee_schedule.id"],
            name=op.f("fk_charge_line_tenant_id_fee_schedule_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_charge_line")),
        sa.UniqueConstraint(
            "tenant_id", "encounter_id", "line_number", name=op.f("uq_charge_line_tenant_id_encounter_id_line_number")
        ),
    )
    op.create_index("ix_charge_line_fee_schedule_id", "charge_line", ["tenant_id", "fee_schedule_id"], unique=False)
    op.create_index("ix_charge_line_patient_id", "charge_line", ["tenant_id", "patient_id"], unique=False)
    op.create_table(
        "fee",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("fee_schedule_id", sa.Uuid(), nullable=False),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("modifier", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "fee_schedule_id"],
            ["fee_schedule.tenant_id", "fee_schedule.id"],
            name=op.f("fk_fee_tenant_id_fee_schedule_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "fee_schedule_id", "procedure", "modifier", name=op.f("pk_fee")),
    )
    op.create_index("ix_fee_procedure", "fee", ["tenant_id", "procedure"], unique=False)
    protect("billing_entity")
    protect("card_event")
    protect("counter")
    protect("day_close")
    protect("drawer")
    protect("encounter", patient_column="patient_id")
    protect("guarantor_account", patient_column="id")
    protect("journal", append_only=True)
    protect("location")
    protect("patient_copy", patient_column="id")
    protect("payer")
    protect("payment", patient_column="patient_id")
    protect("practitioner")
    protect("session_record", patient_column="patient_id")
    protect("statement", patient_column="patient_id")
    protect("statement_hold", patient_column="patient_id")
    protect("tenant_copy")
    protect("fee_schedule")
    protect("ledger_entry", patient_column="patient_id", append_only=True)
    protect("payer_rule")
    protect("refund", patient_column="patient_id")
    protect("charge_line", patient_column="patient_id")
    protect("fee")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
