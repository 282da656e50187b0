"""Queries about files of coverages."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select, text

from chassis.store import BaseStore, among
from patient_registry.tables import Coverage, Patient
from patient_registry.tables_coverage_files import CoverageFile, CoverageFileRow


class CoverageFileStore(BaseStore):
    """Files, their rows, and people by record number."""

    def one_file_at_a_time(self) -> None:
        """Files are taken in one after the other, so that neither a file nor a row of it is taken in twice."""
        key = f"coverage-file|{self.tenant_id}"
        self.session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})

    def coverage_file(self, digest: str) -> CoverageFile | None:
        """The file with these bytes, if it was taken in."""
        query = select(CoverageFile).where(CoverageFile.tenant_id == self.tenant_id, CoverageFile.digest == digest)
        return self.session.scalar(query)

    def coverage_files(self, page_size: int, page_token: str) -> tuple[list[CoverageFile], str]:
        query = select(CoverageFile).where(CoverageFile.tenant_id == self.tenant_id)
        return self.page(query, [CoverageFile.imported_at, CoverageFile.id], page_size, page_token, descending=True)

    def coverage_rows_taken(self, keys: Iterable[str]) -> frozenset[str]:
        """Of these rows' keys those that were taken in before."""
        query = select(CoverageFileRow.row_key).where(
            CoverageFileRow.tenant_id == self.tenant_id, among(CoverageFileRow.row_key, keys)
        )
        return frozenset(self.session.scalars(query))

    def patients_of_numbers(self, numbers: Iterable[str], *, lock: bool) -> dict[str, Patient]:
        """People by record number; locked in the order of their ids when `lock`."""
        query = select(Patient).where(Patient.tenant_id == self.tenant_id, among(Patient.mrn, numbers))
        query = query.order_by(Patient.id)
        return {row.mrn: row for row in self.session.scalars(query.with_for_update() if lock else query)}

    def payers_of_file(self, file_id: UUID) -> dict[str, int]:
        """Coverages that stand on file out of this file, by payer code."""
        query = (
            select(Coverage.payer_code, func.count())
            .join(
                CoverageFileRow,
                (CoverageFileRow.tenant_id == Coverage.tenant_id) & (CoverageFileRow.coverage_id == Coverage.id),
            )
            .where(Coverage.tenant_id == self.tenant_id, CoverageFileRow.file_id == file_id)
            .group_by(Coverage.payer_code)
        )
        return {code: int(count) for code, count in self.session.execute(query)}
