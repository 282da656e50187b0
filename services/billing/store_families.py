"""Queries about people: copies of their records, merges, who pays for whom. All of them answer for many at once."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from billing.store_directory import DirectoryStore
from billing.tables_directory import PatientCopy
from chassis.store import among, remembered

# Records are merged into records that are merged in turn; longer chains than this do not occur.
MERGE_DEPTH = 8
# Built once: whatever touches an account asks whose it is.
_PATIENTS = select(PatientCopy).where(
    PatientCopy.tenant_id == bindparam("tenant_id"), among(PatientCopy.id, bindparam("ids"))
)
_MERGED_INTO = select(PatientCopy.id, PatientCopy.merged_into).where(
    PatientCopy.tenant_id == bindparam("tenant_id"), among(PatientCopy.merged_into, bindparam("ids"))
)
_PAID_FOR_BY = select(PatientCopy.id, PatientCopy.guarantor_id).where(
    PatientCopy.tenant_id == bindparam("tenant_id"),
    among(PatientCopy.guarantor_id, bindparam("ids")),
    PatientCopy.merged_into.is_(None),
)


class FamilyStore(DirectoryStore):
    """Patients, guarantors, families."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._at_hand: dict[UUID, PatientCopy] = {}

    def patient(self, patient_id: UUID) -> PatientCopy | None:
        return self.get(PatientCopy, patient_id)

    def patients(self, patient_ids: Iterable[UUID]) -> dict[UUID, PatientCopy]:
        """The copies of these records; unknown ones are left out. What this store has read once is at hand."""
        wanted = set(patient_ids)
        if missing := wanted - self._at_hand.keys():
            rows = self.session.scalars(_PATIENTS, {"tenant_id": self.tenant_id, "ids": missing})
            self._at_hand.update((row.id, row) for row in rows)
        return {patient_id: self._at_hand[patient_id] for patient_id in wanted & self._at_hand.keys()}

    def canonical_patients(self, patient_ids: Iterable[UUID]) -> dict[UUID, UUID]:
        """For each record the one it was merged into (through several merges), or itself."""
        found = {patient_id: patient_id for patient_id in patient_ids}
        pending = set(found)
        for _ in range(MERGE_DEPTH):
            merged = {
                row.id: row.merged_into
                for row in self.patients(pending).values()
                if row.merged_into is not None and row.merged_into != row.id
            }
            if not merged:
                break
            found = {record: merged.get(survivor, survivor) for record, survivor in found.items()}
            pending = set(merged.values())
        return found

    def canonical_patient(self, patient_id: UUID) -> UUID:
        """As `canonical_patients`, for one."""
        return self.canonical_patients([patient_id])[patient_id]

    def guarantors_of(self, patient_ids: Iterable[UUID]) -> dict[UUID, UUID]:
        """Who is billed for each patient; the patient when nobody else is known."""
        survivors = self.canonical_patients(patient_ids)
        copies = self.patients(set(survivors.values()))
        named = {
            record: copies[survivor].guarantor_id if survivor in copies else record
            for record, survivor in survivors.items()
        }
        canonical = self.canonical_patients(set(named.values()))
        return {record: canonical[guarantor] for record, guarantor in named.items()}

    def guarantor_of(self, patient_id: UUID) -> UUID:
        """As `guarantors_of`, for one."""
        return self.guarantors_of([patient_id])[patient_id]

    def merged_into(self, patient_ids: Iterable[UUID]) -> dict[UUID, UUID]:
        """The records and every record that was merged into one of them: record → the one of the given it belongs to."""
        return dict(self._merged_into(frozenset(patient_ids)))

    @remembered
    def _merged_into(self, patient_ids: frozenset[UUID]) -> dict[UUID, UUID]:
        found = {patient_id: patient_id for patient_id in patient_ids}
        newest = list(found)
        while newest:
            rows = self.session.execute(_MERGED_INTO, {"tenant_id": self.tenant_id, "ids": newest})
            added = {row.id: found[row.merged_into] for row in rows if row.id not in found}
            found |= added
            newest = list(added)
        return found

    def with_merged(self, patient_ids: Iterable[UUID]) -> list[UUID]:
        """The records and every record that was merged into one of them, sorted."""
        return sorted(self.merged_into(patient_ids))

    def families_of(self, guarantor_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
        """For each guarantor all records whose money they answer for."""
        return dict(self._families_of(frozenset(guarantor_ids)))

    @remembered
    def _families_of(self, asked: frozenset[UUID]) -> dict[UUID, list[UUID]]:
        aliases = self.merged_into(asked)
        rows = self.session.execute(_PAID_FOR_BY, {"tenant_id": self.tenant_id, "ids": aliases})
        answers_for = {row.id: aliases[row.guarantor_id] for row in rows}
        known = self.patients(asked)
        # Somebody of whom nothing is known yet answers for themselves.
        answers_for |= {guarantor_id: guarantor_id for guarantor_id in asked if guarantor_id not in known}
        families: dict[UUID, list[UUID]] = {guarantor_id: [] for guarantor_id in asked}
        for record, member in self.merged_into(answers_for).items():
            families[answers_for[member]].append(record)
        return {guarantor_id: sorted(members) or [guarantor_id] for guarantor_id, members in families.items()}

    def family_of(self, guarantor_id: UUID) -> list[UUID]:
        """As `families_of`, for one."""
        return self.families_of([guarantor_id])[guarantor_id]
