"""Queries about coverages and insurance checks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, bindparam, func, literal, select, true
from sqlalchemy.orm import aliased

from billing.store_money import MoneyStore
from billing.tables_claims import Coverage, EligibilityCheck
from billing.tables_directory import PatientCopy
from billing.tables_eligibility import EligibilityBatch, EligibilityPolicyRow
from chassis.store import among

# Built once: asked for every visit, and for every answer of a payer.
_COVERAGES = (
    select(Coverage)
    .where(
        Coverage.tenant_id == bindparam("tenant_id"),
        among(Coverage.patient_id, bindparam("patient_ids")),
        Coverage.active,
    )
    .order_by(Coverage.priority, Coverage.id)
)
_LAST_ANSWER = (
    select(EligibilityCheck)
    .where(
        EligibilityCheck.tenant_id == bindparam("tenant_id"),
        EligibilityCheck.coverage_id == bindparam("coverage_id"),
        EligibilityCheck.outcome.in_(["active", "inactive"]),
    )
    .order_by(EligibilityCheck.answered_at.desc())
    .limit(1)
)


class CoverageStore(MoneyStore):
    """Coverages and what payers said about them."""

    def coverage(self, coverage_id: UUID) -> Coverage | None:
        return self.get(Coverage, coverage_id)

    def coverages_of(self, patient_id: UUID) -> list[Coverage]:
        """A patient's active coverages in order of payment (merged records included)."""
        records = self.with_merged([self.canonical_patient(patient_id)]) or [patient_id]
        return list(self.session.scalars(_COVERAGES, {"tenant_id": self.tenant_id, "patient_ids": records}))

    def coverages_of_many(self, patient_ids: Iterable[UUID]) -> dict[UUID, list[Coverage]]:
        """Active coverages in order of payment by patient; those of records merged into one count as its own."""
        found: dict[UUID, list[Coverage]] = {patient_id: [] for patient_id in patient_ids}
        merged = self.session.execute(
            select(PatientCopy.id, PatientCopy.merged_into).where(
                PatientCopy.tenant_id == self.tenant_id, among(PatientCopy.merged_into, found)
            )
        )
        owner = {row.id: row.merged_into for row in merged} | {patient_id: patient_id for patient_id in found}
        query = (
            select(Coverage)
            .where(Coverage.tenant_id == self.tenant_id, among(Coverage.patient_id, owner), Coverage.active)
            .order_by(Coverage.priority, Coverage.id)
        )
        for row in self.session.scalars(query):
            found[owner[row.patient_id]].append(row)
        return found

    def last_answer(self, coverage_id: UUID) -> EligibilityCheck | None:
        """The last good answer about a coverage; a refusal or silence does not replace it."""
        return self.session.scalar(_LAST_ANSWER, {"tenant_id": self.tenant_id, "coverage_id": coverage_id})

    def last_answers(self, coverage_ids: Iterable[UUID]) -> dict[UUID, EligibilityCheck]:
        """As `last_answer`, for many: by coverage, those that have one."""
        ids = func.unnest(literal(list(coverage_ids), ARRAY(EligibilityCheck.coverage_id.type)))
        wanted = ids.table_valued("id", name="wanted").render_derived()
        last = (
            select(EligibilityCheck)
            .where(
                EligibilityCheck.tenant_id == self.tenant_id,
                EligibilityCheck.coverage_id == wanted.c.id,
                EligibilityCheck.outcome.in_(["active", "inactive"]),
            )
            .order_by(EligibilityCheck.answered_at.desc())
            .limit(1)
            .lateral("last")
        )
        answer = aliased(EligibilityCheck, last)
        rows = self.session.scalars(select(answer).select_from(wanted.join(last, true())))
        return {row.coverage_id: row for row in rows}

    def check_by_trace(self, trace: str) -> EligibilityCheck | None:
        query = select(EligibilityCheck).where(
            EligibilityCheck.tenant_id == self.tenant_id, EligibilityCheck.trace == trace
        )
        return self.session.scalar(query)

    def later_failure(self, answer: EligibilityCheck) -> EligibilityCheck | None:
        """The last question about a coverage that brought no good answer after `answer` came."""
        query = (
            select(EligibilityCheck)
            .where(
                EligibilityCheck.tenant_id == self.tenant_id,
                EligibilityCheck.coverage_id == answer.coverage_id,
                EligibilityCheck.answered_at > answer.answered_at,
                EligibilityCheck.outcome.in_(["rejected", "unknown"]),
            )
            .order_by(EligibilityCheck.answered_at.desc())
            .limit(1)
        )
        return self.session.scalar(query)

    def eligibility_policy(self) -> EligibilityPolicyRow | None:
        """The organisation's rule for asking ahead; None: it has set none."""
        return self.session.get(EligibilityPolicyRow, self.tenant_id)

    def queued_checks(self, payer_id: UUID, limit: int) -> list[EligibilityCheck]:
        """Questions that wait for the next file to a payer, the oldest first, locked; those somebody else is writing are left out."""
        query = (
            select(EligibilityCheck)
            .where(
                EligibilityCheck.tenant_id == self.tenant_id,
                EligibilityCheck.payer_id == payer_id,
                EligibilityCheck.state == literal("queued", literal_execute=True),
            )
            .order_by(EligibilityCheck.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list(self.session.scalars(query))

    def checks_of_batch(self, batch_id: UUID) -> list[EligibilityCheck]:
        """The questions of a file in the order of its sets, locked."""
        query = select(EligibilityCheck).where(
            EligibilityCheck.tenant_id == self.tenant_id, EligibilityCheck.batch_id == batch_id
        )
        return list(self.session.scalars(query.order_by(EligibilityCheck.id).with_for_update()))

    def eligibility_batch_by_interchange(self, control: int) -> EligibilityBatch | None:
        """The file of questions with this interchange control number."""
        query = select(EligibilityBatch).where(
            EligibilityBatch.tenant_id == self.tenant_id, EligibilityBatch.interchange_control == control
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
