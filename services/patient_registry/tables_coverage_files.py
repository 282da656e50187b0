"""Files of coverages that were taken over from another system: each file once, each of its rows once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, TenantOnly
from patient_registry.tables_base import Base


class CoverageFile(Tenanted, Base):
    """A file that was taken in whole, with the totals that proved it."""

    __tablename__ = "coverage_file"
    # SHA-256 of its bytes, hexadecimal.
    digest: Mapped[str]
    name: Mapped[str]
    rows: Mapped[int]
    # Payer code → rows, as the user gave them, the file has them and the database holds them.
    totals: Mapped[dict]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("tenant_id", "digest"),
        Index("ix_coverage_file_imported_at", "tenant_id", "imported_at", "id"),
    )


class CoverageFileRow(TenantOnly, Base):
    """A row of a file by the other system's own key: the coverage that it became."""

    __tablename__ = "coverage_file_row"
    row_key: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[UUID]
    line: Mapped[int]
    coverage_id: Mapped[UUID]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "file_id"], ["coverage_file.tenant_id", "coverage_file.id"]),
        ForeignKeyConstraint(["tenant_id", "coverage_id"], ["coverage.tenant_id", "coverage.id"]),
        Index("ix_coverage_file_row_file", "tenant_id", "file_id"),
        Index("ix_coverage_file_row_coverage", "tenant_id", "coverage_id"),
    )
