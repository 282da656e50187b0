"""files of coverages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.migrating import protect

revision = "patient_registry_0006"
down_revision = "patient_registry_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coverage_file",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("totals", postgresql.JSONB(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_coverage_file")),
        sa.UniqueConstraint("tenant_id", "digest", name=op.f("uq_coverage_file_tenant_id_digest")),
    )
    op.create_index("ix_coverage_file_imported_at", "coverage_file", ["tenant_id", "imported_at", "id"], unique=False)
    op.create_table(
        "coverage_file_row",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("coverage_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "coverage_id"],
            ["coverage.tenant_id", "coverage.id"],
            name=op.f("fk_coverage_file_row_tenant_id_coverage_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["coverage_file.tenant_id", "coverage_file.id"],
            name=op.f("fk_coverage_file_row_tenant_id_file_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "row_key", name=op.f("pk_coverage_file_row")),
    )
    op.create_index("ix_coverage_file_row_coverage", "coverage_file_row", ["tenant_id", "coverage_id"], unique=False)
    op.create_index("ix_coverage_file_row_file", "coverage_file_row", ["tenant_id", "file_id"], unique=False)
    protect("coverage_file")
    protect("coverage_file_row")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
