"""Queries about coverages, eligibility, claims, batches and work items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from billing.store_money import MoneyStore
from billing.tables_claims import (
    Claim,
    ClaimBatch,
    ClaimHappening,
    ClaimLine,
    Coverage,
    EligibilityCheck,
    WorkItem,
)
from billing.tables_directory import PatientCopy
from billing.tables_money import ChargeLine


class ClaimsStore(MoneyStore):
    """Coverages, eligibility, claims, batches, work items."""

    # ---- coverages and eligibility

    def coverage(self, coverage_id: UUID) -> Coverage | None:
        return self.get(Coverage, coverage_id)

    def coverages_of(self, patient_id: UUID) -> list[Coverage]:
        """A patient's active coverages in order of payment (merged records included)."""
        query = (
            select(Coverage)
            .where(
                Coverage.tenant_id == self.tenant_id,
                Coverage.patient_id.in_(self.with_merged([self.canonical_patient(patient_id)]) or [patient_id]),
                Coverage.active,
            )
            .order_by(Coverage.priority, Coverage.id)
        )
        return list(self.session.scalars(query))

    def coverages_of_many(self, patient_ids: Iterable[UUID]) -> dict[UUID, list[Coverage]]:
        """Active coverages in order of payment by patient; those of records merged into one count as its own."""
        found: dict[UUID, list[Coverage]] = {patient_id: [] for patient_id in patient_ids}
        merged = self.session.execute(
            select(PatientCopy.id, PatientCopy.merged_into).where(
                PatientCopy.tenant_id == self.tenant_id, PatientCopy.merged_into.in_(list(found))
            )
        )
        owner = {row.id: row.merged_into for row in merged} | {patient_id: patient_id for patient_id in found}
        query = (
            select(Coverage)
            .where(Coverage.tenant_id == self.tenant_id, Coverage.patient_id.in_(list(owner)), Coverage.active)
            .order_by(Coverage.priority, Coverage.id)
        )
        for row in self.session.scalars(query):
            found[owner[row.patient_id]].append(row)
        return found

    def last_answer(self, coverage_id: UUID) -> EligibilityCheck | None:
        """The last good answer about a coverage; a refusal or silence does not replace it."""
        query = (
            select(EligibilityCheck)
            .where(
                EligibilityCheck.tenant_id == self.tenant_id,
                EligibilityCheck.coverage_id == coverage_id,
                EligibilityCheck.outcome.in_(["active", "inactive"]),
            )
            .order_by(EligibilityCheck.answered_at.desc())
            .limit(1)
        )
        return self.session.scalar(query)

    def check_by_trace(self, trace: str) -> EligibilityCheck | None:
        query = select(EligibilityCheck).where(
            EligibilityCheck.tenant_id == self.tenant_id, EligibilityCheck.trace == trace
        )
        return self.session.scalar(query)

    def recent_check(self, coverage_id: UUID, service_date: date) -> EligibilityCheck | None:
        """A check of this coverage for this very day that is planned, asked or answered."""
        query = (
            select(EligibilityCheck)
            .where(
                EligibilityCheck.tenant_id == self.tenant_id,
                EligibilityCheck.coverage_id == coverage_id,
                EligibilityCheck.service_date == service_date,
                EligibilityCheck.state != "failed",
                EligibilityCheck.outcome != "rejected",
            )
            .limit(1)
        )
        return self.session.scalar(query)

    def check_page(
        self, *, patient_id: UUID | None, coverage_id: UUID | None, outcome: str, page_size: int, page_token: str
    ) -> tuple[list[EligibilityCheck], str]:
        query = select(EligibilityCheck).where(EligibilityCheck.tenant_id == self.tenant_id)
        if patient_id is not None:
            query = query.where(EligibilityCheck.patient_id == patient_id)
        if coverage_id is not None:
            query = query.where(EligibilityCheck.coverage_id == coverage_id)
        if outcome:
            query = query.where(EligibilityCheck.outcome == outcome)
        return self.page(query, [EligibilityCheck.id], page_size, page_token, descending=True)

    # ---- claims

    def claim_by_control(self, control: str) -> Claim | None:
        return self.session.scalar(select(Claim).where(Claim.tenant_id == self.tenant_id, Claim.control == control))

    def claims_by_control(self, controls: Iterable[str]) -> dict[str, Claim]:
        """Claims by CLM01, locked in the order of their ids, fresh."""
        query = (
            select(Claim)
            .where(Claim.tenant_id == self.tenant_id, Claim.control.in_(list(set(controls))))
            .order_by(Claim.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return {row.control: row for row in self.session.scalars(query)}

    def claims_after(self, claim_ids: Iterable[UUID]) -> list[Claim]:
        """The claims to later payers that follow these, locked."""
        query = (
            select(Claim)
            .where(Claim.tenant_id == self.tenant_id, Claim.previous_claim_id.in_(list(claim_ids)))
            .order_by(Claim.id)
            .with_for_update()
        )
        return list(self.session.scalars(query))

    def claim_lines(self, claim_ids: Iterable[UUID]) -> dict[UUID, list[ClaimLine]]:
        """Lines by claim, in their order."""
        query = (
            select(ClaimLine)
            .where(ClaimLine.tenant_id == self.tenant_id, ClaimLine.claim_id.in_(list(claim_ids)))
            .order_by(ClaimLine.claim_id, ClaimLine.number)
        )
        found: dict[UUID, list[ClaimLine]] = {}
        for row in self.session.scalars(query):
            found.setdefault(row.claim_id, []).append(row)
        return found

    def retire_lines(self, claim_id: UUID) -> None:
        """The claim no longer carries its charge lines: another one may."""
        self.session.execute(
            update(ClaimLine)
            .where(ClaimLine.tenant_id == self.tenant_id, ClaimLine.claim_id == claim_id)
            .values(live=False)
        )

    def live_claim_of(self, charge_line_id: UUID) -> Claim | None:
        """The live claim of the lowest rank reached so far that carries the charge line."""
        query = (
            select(Claim)
            .join(ClaimLine, (ClaimLine.tenant_id == Claim.tenant_id) & (ClaimLine.claim_id == Claim.id))
            .where(ClaimLine.tenant_id == self.tenant_id, ClaimLine.charge_line_id == charge_line_id, ClaimLine.live)
            .order_by(Claim.created_at.desc())
            .limit(1)
        )
        return self.session.scalar(query)

    def live_claims_of(self, charge_line_ids: Iterable[UUID], responsibility: str) -> list[Claim]:
        """The claims of one rank that carry any of these charge lines at present, locked."""
        carrying = select(ClaimLine.claim_id).where(
            ClaimLine.tenant_id == self.tenant_id,
            ClaimLine.charge_line_id.in_(list(charge_line_ids)),
            ClaimLine.responsibility == responsibility,
            ClaimLine.live,
        )
        query = (
            select(Claim)
            .where(Claim.tenant_id == self.tenant_id, Claim.id.in_(carrying))
            .order_by(Claim.id)
            .with_for_update()
        )
        return list(self.session.scalars(query))

    def duplicates_of(self, claim_id: UUID, payer_id: UUID) -> dict[str, str]:
        """Our line number → number of another live claim to the payer with the same patient, service and day.

        Lines of the same visit are not compared: the claim itself is asked about those.
        """
        mine, theirs = aliased(ChargeLine), aliased(ChargeLine)
        my_line, their_line = aliased(ClaimLine), aliased(ClaimLine)
        query = (
            select(my_line.line_control, Claim.control)
            .select_from(my_line)
            .join(mine, (mine.tenant_id == my_line.tenant_id) & (mine.id == my_line.charge_line_id))
            .join(
                theirs,
                (theirs.tenant_id == mine.tenant_id)
                & (theirs.patient_id == mine.patient_id)
                & (theirs.service_date == mine.service_date)
                & (theirs.procedure == mine.procedure)
                & (theirs.encounter_id != mine.encounter_id),
            )
            .join(
                their_line,
                (their_line.tenant_id == theirs.tenant_id)
                & (their_line.charge_line_id == theirs.id)
                & their_line.live
                & (their_line.claim_id != my_line.claim_id),
            )
            .join(Claim, (Claim.tenant_id == their_line.tenant_id) & (Claim.id == their_line.claim_id))
            .where(
                my_line.tenant_id == self.tenant_id,
                my_line.claim_id == claim_id,
                Claim.payer_id == payer_id,
                Claim.state.not_in(["voided", "closed"]),
                # Modifiers that say it is meant twice are asked about by the edit itself.
                mine.modifiers == theirs.modifiers,
            )
        )
        return {row[0]: row[1] for row in self.session.execute(query)}

    def ready_payers(self) -> list[UUID]:
        """Payers that have claims ready to be sent."""
        query = (
            select(Claim.payer_id)
            .where(Claim.tenant_id == self.tenant_id, Claim.state == "ready")
            .distinct()
            .order_by(Claim.payer_id)
        )
        return list(self.session.scalars(query))

    def ready_claims(self, payer_id: UUID, limit: int) -> list[Claim]:
        """Ready claims of a payer, the oldest first, locked; those somebody else is sending are left out."""
        query = (
            select(Claim)
            .where(Claim.tenant_id == self.tenant_id, Claim.state == "ready", Claim.payer_id == payer_id)
            .order_by(Claim.billing_entity_id, Claim.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list(self.session.scalars(query))

    def claims_of_batch(self, batch_id: UUID) -> list[Claim]:
        """The claims whose last file this is, locked."""
        query = (
            select(Claim)
            .where(Claim.tenant_id == self.tenant_id, Claim.batch_id == batch_id)
            .order_by(Claim.id)
            .with_for_update()
        )
        return list(self.session.scalars(query))

    def claims_of_encounter(self, encounter_id: UUID) -> list[Claim]:
        """All claims of a visit, in the order they were made."""
        query = (
            select(Claim)
            .where(Claim.tenant_id == self.tenant_id, Claim.encounter_id == encounter_id)
            .order_by(Claim.created_at, Claim.id)
        )
        return list(self.session.scalars(query))

    def claim_page(
        self, filters: Mapping[str, object], page_size: int, page_token: str, location_ids: Sequence[UUID] = ()
    ) -> tuple[list[Claim], str]:
        """Claims, newest first. `filters`: column → value (None and '' are not asked for)."""
        query = select(Claim).where(Claim.tenant_id == self.tenant_id)
        for column, value in filters.items():
            if value not in (None, "", []):
                attribute = getattr(Claim, column)
                query = query.where(attribute.in_(value) if isinstance(value, list) else attribute == value)
        if location_ids:
            query = query.where(Claim.location_id.in_(location_ids))
        return self.page(query, [Claim.id], page_size, page_token, descending=True)

    def happenings(self, claim_id: UUID) -> list[ClaimHappening]:
        """A claim's life, in order."""
        query = (
            select(ClaimHappening)
            .where(ClaimHappening.tenant_id == self.tenant_id, ClaimHappening.claim_id == claim_id)
            .order_by(ClaimHappening.number)
        )
        return list(self.session.scalars(query))

    def claim_counts(self) -> list[tuple[str, int, int]]:
        """(state, number, charge in minor units) of all claims."""
        query = (
            select(Claim.state, func.count(), func.coalesce(func.sum(Claim.charge_minor), 0))
            .where(Claim.tenant_id == self.tenant_id)
            .group_by(Claim.state)
            .order_by(Claim.state)
        )
        return [(row[0], row[1], int(row[2])) for row in self.session.execute(query)]

    # ---- batches

    def batch_by_interchange(self, control: int) -> ClaimBatch | None:
        query = select(ClaimBatch).where(
            ClaimBatch.tenant_id == self.tenant_id, ClaimBatch.interchange_control == control
        )
        return self.session.scalar(query)

    def batch_by_reference(self, reference: str) -> ClaimBatch | None:
        query = select(ClaimBatch).where(ClaimBatch.tenant_id == self.tenant_id, ClaimBatch.reference == reference)
        return self.session.scalar(query)

    def batch_page(self, payer_id: UUID | None, page_size: int, page_token: str) -> tuple[list[ClaimBatch], str]:
        query = select(ClaimBatch).where(ClaimBatch.tenant_id == self.tenant_id)
        if payer_id is not None:
            query = query.where(ClaimBatch.payer_id == payer_id)
        return self.page(query, [ClaimBatch.id], page_size, page_token, descending=True)

    # ---- work items

    def work_item_by_key(self, kind: str, key: str) -> WorkItem | None:
        query = (
            select(WorkItem)
            .where(WorkItem.tenant_id == self.tenant_id, WorkItem.kind == kind, WorkItem.key == key)
            .with_for_update()
        )
        return self.session.scalar(query)

    def open_items_of_claim(self, claim_id: UUID, kinds: Sequence[str]) -> list[WorkItem]:
        query = select(WorkItem).where(
            WorkItem.tenant_id == self.tenant_id,
            WorkItem.claim_id == claim_id,
            WorkItem.state == "open",
            WorkItem.kind.in_(kinds),
        )
        return list(self.session.scalars(query.with_for_update()))

    def open_items_of_patient(self, patient_id: UUID, kinds: Sequence[str]) -> list[WorkItem]:
        query = select(WorkItem).where(
            WorkItem.tenant_id == self.tenant_id,
            WorkItem.patient_id == patient_id,
            WorkItem.state == "open",
            WorkItem.kind.in_(kinds),
        )
        return list(self.session.scalars(query.with_for_update()))

    def work_item_page(
        self,
        *,
        kinds: Sequence[str],
        state: str,
        owner_id: str | None,
        claim_id: UUID | None,
        patient_id: UUID | None,
        page_size: int,
        page_token: str,
    ) -> tuple[list[WorkItem], str]:
        """Work items, the oldest first; `owner_id` '' means: nobody's."""
        query = select(WorkItem).where(WorkItem.tenant_id == self.tenant_id)
        if kinds:
            query = query.where(WorkItem.kind.in_(list(kinds)))
        if state:
            query = query.where(WorkItem.state == state)
        if owner_id is not None:
            query = query.where(WorkItem.owner_id == owner_id)
        if claim_id is not None:
            query = query.where(WorkItem.claim_id == claim_id)
        if patient_id is not None:
            query = query.where(WorkItem.patient_id == patient_id)
        return self.page(query, [WorkItem.id], page_size, page_token)
