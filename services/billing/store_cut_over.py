"""Queries about what was taken over from another system, and what its rows refer to."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select

from billing.domain.ledger import Account
from billing.tables_claims import Claim
from billing.tables_cut_over import CutOverFile, CutOverRow
from billing.tables_directory import PatientCopy, Practitioner
from billing.tables_ledger import LedgerEntry
from chassis.store import BaseStore, among


class CutOverStore(BaseStore):
    """Files, rows, and people by what the other system calls them."""

    def cut_over_file(self, kind: str, digest: str) -> CutOverFile | None:
        """The file with these bytes, if it was taken in."""
        query = select(CutOverFile).where(
            CutOverFile.tenant_id == self.tenant_id, CutOverFile.kind == kind, CutOverFile.digest == digest
        )
        return self.session.scalar(query)

    def cut_over_files(self, page_size: int, page_token: str) -> tuple[list[CutOverFile], str]:
        query = select(CutOverFile).where(CutOverFile.tenant_id == self.tenant_id)
        return self.page(query, [CutOverFile.imported_at, CutOverFile.id], page_size, page_token, descending=True)

    def rows_taken(self, kind: str, keys: Iterable[str]) -> frozenset[str]:
        """Of these rows' keys those that were taken in before."""
        query = select(CutOverRow.row_key).where(
            CutOverRow.tenant_id == self.tenant_id, CutOverRow.kind == kind, among(CutOverRow.row_key, keys)
        )
        return frozenset(self.session.scalars(query))

    def patients_by_mrn(self, numbers: Iterable[str]) -> dict[str, PatientCopy]:
        """People by record number."""
        query = select(PatientCopy).where(PatientCopy.tenant_id == self.tenant_id, among(PatientCopy.mrn, numbers))
        return {row.mrn: row for row in self.session.scalars(query)}

    def practitioners_by_npi(self, numbers: Iterable[str]) -> dict[str, UUID]:
        """Practitioners by NPI."""
        query = select(Practitioner.npi, Practitioner.id).where(
            Practitioner.tenant_id == self.tenant_id, among(Practitioner.npi, numbers)
        )
        return {row.npi: row.id for row in self.session.execute(query)}

    def claim_numbers_known(self, controls: Iterable[str]) -> frozenset[str]:
        """Of these claim numbers those that are there already."""
        query = select(Claim.control).where(Claim.tenant_id == self.tenant_id, among(Claim.control, controls))
        return frozenset(self.session.scalars(query))

    def opened_by(self, journal_id: UUID) -> list[tuple[str, UUID | None, int, int]]:
        """(account, payer, entries, minor units) of a journal of opening balances, without the opening account itself."""
        query = (
            select(LedgerEntry.account, LedgerEntry.payer_id, func.count(), func.sum(LedgerEntry.amount_minor))
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                LedgerEntry.journal_id == journal_id,
                LedgerEntry.account != Account.OPENING_BALANCES.value,
            )
            .group_by(LedgerEntry.account, LedgerEntry.payer_id)
        )
        return [
            (account, payer_id, int(count), int(amount))
            for account, payer_id, count, amount in self.session.execute(query)
        ]
