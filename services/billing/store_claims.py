"""Queries about claims, batches and work items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, text, update
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import set_committed_value

from billing.store_coverages import CoverageStore
from billing.tables_claims import (
    Claim,
    ClaimBatch,
    ClaimHappening,
    ClaimLine,
    WorkItem,
)
from billing.tables_money import ChargeLine
from chassis.store import among

# The columns of a claim that the answer of a payer changes.
_ANSWERED = ("state", "paid_minor", "patient_minor", "payer_control", "happenings", "changed_at")
_SAVE_ANSWERS = text(
    """
    update claim set state = a.state, paid_minor = a.paid_minor, patient_minor = a.patient_minor,
        payer_control = a.payer_control, happenings = a.happenings, changed_at = a.changed_at,
        version = claim.version + 1
    from unnest(
        cast(:id as uuid[]), cast(:state as text[]), cast(:paid_minor as bigint[]), cast(:patient_minor as bigint[]),
        cast(:payer_control as text[]), cast(:happenings as bigint[]), cast(:changed_at as timestamptz[]))
    as a(id, state, paid_minor, patient_minor, payer_control, happenings, changed_at)
    where claim.tenant_id = :tenant_id and claim.id = a.id
    """
)


def _duplicates() -> Select[str, str]:
    """Built once: every claim is asked about its duplicates."""
    mine, theirs = aliased(ChargeLine), aliased(ChargeLine)
    my_line, their_line = aliased(ClaimLine), aliased(ClaimLine)
    return (
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
            my_line.tenant_id == bindparam("tenant_id"),
            my_line.claim_id == bindparam("claim_id"),
            Claim.payer_id == bindparam("payer_id"),
            Claim.state.not_in(["voided", "closed"]),
            # Modifiers that say it is meant twice are asked about by the edit itself.
            mine.modifiers == theirs.modifiers,
        )
    )


_DUPLICATES = _duplicates()
_OPEN_ITEMS_OF_PATIENT = (
    select(WorkItem)
    .where(
        WorkItem.tenant_id == bindparam("tenant_id"),
        WorkItem.patient_id == bindparam("patient_id"),
        WorkItem.state == "open",
        among(WorkItem.kind, bindparam("kinds")),
    )
    .with_for_update()
)


class ClaimsStore(CoverageStore):
    """Claims, batches, work items."""

    # ---- claims

    def claims_by_control(self, controls: Iterable[str]) -> dict[str, Claim]:
        """Claims by CLM01, locked in the order of their ids, fresh."""
        query = (
            select(Claim)
            .where(Claim.tenant_id == self.tenant_id, among(Claim.control, set(controls)))
            .order_by(Claim.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return {row.control: row for row in self.session.scalars(query)}

    def save_answers(self, claims: Sequence[Claim]) -> None:
        """Writes what a remittance changed on (locked) claims by one statement instead of one per claim.

        Their versions rise as they would one by one; the objects are left clean, so that no flush writes them again.
        """
        if not claims:
            return
        self.session.execute(
            _SAVE_ANSWERS,
            {
                "tenant_id": self.tenant_id,
                "id": [claim.id for claim in claims],
                **{column: [getattr(claim, column) for claim in claims] for column in _ANSWERED},
            },
        )
        for claim in claims:
            for column in _ANSWERED:
                set_committed_value(claim, column, getattr(claim, column))
            set_committed_value(claim, "version", claim.version + 1)

    def claims_after(self, claim_ids: Iterable[UUID]) -> list[Claim]:
        """The claims to later payers that follow these, locked."""
        query = (
            select(Claim)
            .where(Claim.tenant_id == self.tenant_id, among(Claim.previous_claim_id, claim_ids))
            .order_by(Claim.id)
            .with_for_update()
        )
        return list(self.session.scalars(query))

    def claim_lines(self, claim_ids: Iterable[UUID]) -> dict[UUID, list[ClaimLine]]:
        """Lines by claim, in their order."""
        query = (
            select(ClaimLine)
            .where(ClaimLine.tenant_id == self.tenant_id, among(ClaimLine.claim_id, claim_ids))
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
            among(ClaimLine.charge_line_id, charge_line_ids),
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
        about = {"tenant_id": self.tenant_id, "claim_id": claim_id, "payer_id": payer_id}
        return {row[0]: row[1] for row in self.session.execute(_DUPLICATES, about)}

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
            query = query.where(among(Claim.location_id, location_ids))
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

    def work_items_of_claims(self, claim_ids: Iterable[UUID]) -> list[WorkItem]:
        """All items of these claims, open or not, locked in the order of their ids."""
        query = (
            select(WorkItem)
            .where(WorkItem.tenant_id == self.tenant_id, among(WorkItem.claim_id, claim_ids))
            .order_by(WorkItem.id)
            .with_for_update()
        )
        return list(self.session.scalars(query))

    def open_items_of_patient(self, patient_id: UUID, kinds: Sequence[str]) -> list[WorkItem]:
        about = {"tenant_id": self.tenant_id, "patient_id": patient_id, "kinds": kinds}
        return list(self.session.scalars(_OPEN_ITEMS_OF_PATIENT, about))

    def work_item_page(
        self,
        *,
        kinds: Sequence[str],
        state: str,
        owner_id: str | None,
        claim_id: UUID | None,
        patient_id: UUID | None,
        exception: str = "",
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
        if exception:
            query = query.where(WorkItem.detail["exception"].astext == exception)
        return self.page(query, [WorkItem.id], page_size, page_token)
