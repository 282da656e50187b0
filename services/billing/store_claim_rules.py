"""Queries about the biller's rules."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import delete, func, select

from billing.tables_claim_rules import ClaimRuleSet
from billing.tables_claims import Claim, ClaimLine
from billing.tables_directory import BillingEntity, Location, Practitioner
from chassis.store import BaseStore, among


class ClaimRulesStore(BaseStore):
    """Rule sets, and the claims that rules are replayed over."""

    def live_rule_set(self) -> ClaimRuleSet | None:
        """The live set, locked."""
        query = select(ClaimRuleSet).where(ClaimRuleSet.tenant_id == self.tenant_id, ClaimRuleSet.state == "live")
        return self.session.scalar(query.with_for_update())

    def rule_set_page(self, state: str, page_size: int, page_token: str) -> tuple[list[ClaimRuleSet], str]:
        """Sets, the newest first."""
        query = select(ClaimRuleSet).where(ClaimRuleSet.tenant_id == self.tenant_id)
        if state:
            query = query.where(ClaimRuleSet.state == state)
        return self.page(query, [ClaimRuleSet.number], page_size, page_token, descending=True)

    def surroundings(
        self, billing_entity_id: UUID, location_id: UUID, practitioner_id: UUID
    ) -> tuple[BillingEntity, Location, Practitioner | None, int, list[dict[str, object]]] | None:
        """Who bills, where, who saw the patient, and the number and rules of the live set (0 and none without one): what
        every claim needs when it is written, in one statement. None while entity or location are not known."""
        query = (
            select(BillingEntity, Location, Practitioner, ClaimRuleSet.number, ClaimRuleSet.rules)
            .join(Location, (Location.tenant_id == BillingEntity.tenant_id) & (Location.id == location_id))
            .outerjoin(
                Practitioner,
                (Practitioner.tenant_id == BillingEntity.tenant_id) & (Practitioner.id == practitioner_id),
            )
            .outerjoin(
                ClaimRuleSet, (ClaimRuleSet.tenant_id == BillingEntity.tenant_id) & (ClaimRuleSet.state == "live")
            )
            .where(BillingEntity.tenant_id == self.tenant_id, BillingEntity.id == billing_entity_id)
        )
        row = self.session.execute(query).one_or_none()
        return None if row is None else (row[0], row[1], row[2], row[3] or 0, row[4] or [])

    def take_lines_off(self, claim_id: UUID, charge_line_ids: list[UUID]) -> None:
        """Takes lines off a claim that was never sent, so that another one may carry them."""
        self.session.execute(
            delete(ClaimLine).where(
                ClaimLine.tenant_id == self.tenant_id,
                ClaimLine.claim_id == claim_id,
                among(ClaimLine.charge_line_id, charge_line_ids),
            )
        )

    def written_claims(
        self, payer_id: UUID | None, first: date | None, last: date | None, page_size: int, page_token: str
    ) -> tuple[list[Claim], str]:
        """Claims that have been written, the newest first."""
        query = select(Claim).where(Claim.tenant_id == self.tenant_id, func.jsonb_typeof(Claim.content) == "object")
        if payer_id is not None:
            query = query.where(Claim.payer_id == payer_id)
        if first is not None:
            query = query.where(Claim.service_date >= first)
        if last is not None:
            query = query.where(Claim.service_date <= last)
        return self.page(query, [Claim.id], page_size, page_token, descending=True)
