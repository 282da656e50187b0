"""Queries about estimates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select, update

from billing.tables_claims import Coverage
from billing.tables_estimates import Estimate, EstimateDelivery
from billing.tables_money import Encounter
from chassis.store import BaseStore


@dataclass(frozen=True, slots=True)
class UninsuredVisit:
    """A booked visit that nobody insures, and its good-faith estimate if there is one."""

    encounter: Encounter
    estimate_id: UUID | None
    delivered_at: datetime | None


class EstimateStore(BaseStore):
    """Estimates and their deliveries."""

    def estimate_page(
        self, *, patient_id: UUID | None, encounter_id: UUID | None, page_size: int, page_token: str
    ) -> tuple[list[Estimate], str]:
        """Estimates, the newest first."""
        query = select(Estimate).where(Estimate.tenant_id == self.tenant_id)
        if patient_id is not None:
            query = query.where(Estimate.patient_id == patient_id)
        if encounter_id is not None:
            query = query.where(Estimate.encounter_id == encounter_id)
        return self.page(query, [Estimate.id], page_size, page_token, descending=True)

    def estimate_of_visit(self, encounter_id: UUID) -> Estimate | None:
        """The estimate that holds for a visit now."""
        query = select(Estimate).where(
            Estimate.tenant_id == self.tenant_id,
            Estimate.encounter_id == encounter_id,
            Estimate.superseded.is_(False),
        )
        return self.session.scalar(query.order_by(Estimate.id.desc()).limit(1))

    def supersede_estimates(self, encounter_id: UUID) -> None:
        """Earlier estimates of a visit hold no more."""
        self.session.execute(
            update(Estimate)
            .where(Estimate.tenant_id == self.tenant_id, Estimate.encounter_id == encounter_id)
            .values(superseded=True)
        )

    def deliveries_of(self, estimate_id: UUID) -> list[EstimateDelivery]:
        """Every time it was handed over, in order."""
        query = select(EstimateDelivery).where(
            EstimateDelivery.tenant_id == self.tenant_id, EstimateDelivery.estimate_id == estimate_id
        )
        return list(self.session.scalars(query.order_by(EstimateDelivery.number)))

    def next_delivery(self, estimate_id: UUID) -> int:
        """The number of an estimate's next delivery; the estimate is locked."""
        query = select(func.coalesce(func.max(EstimateDelivery.number), 0)).where(
            EstimateDelivery.tenant_id == self.tenant_id, EstimateDelivery.estimate_id == estimate_id
        )
        return int(self.session.scalar(query) or 0) + 1

    def uninsured_visits(self, after: date, limit: int, encounter_id: UUID | None = None) -> list[UninsuredVisit]:
        """Visits that are booked for later than `after`, without any coverage that holds on their day, by day; or only this one."""
        insured = exists().where(
            Coverage.tenant_id == Encounter.tenant_id,
            Coverage.patient_id == Encounter.patient_id,
            Coverage.active,
            Coverage.payer_code != "",
            or_(Coverage.start_date.is_(None), Coverage.start_date <= Encounter.service_date),
            or_(Coverage.end_date.is_(None), Coverage.end_date >= Encounter.service_date),
        )
        query = (
            select(Encounter, Estimate.id, Estimate.delivered_at)
            .outerjoin(
                Estimate,
                and_(
                    Estimate.tenant_id == Encounter.tenant_id,
                    Estimate.encounter_id == Encounter.id,
                    Estimate.kind == "good_faith",
                    Estimate.superseded.is_(False),
                ),
            )
            .where(
                Encounter.tenant_id == self.tenant_id,
                Encounter.service_date > after,
                Encounter.state == "expected",
                Encounter.booked_at.is_not(None),
                Estimate.delivered_at.is_(None),
                ~insured,
            )
            .order_by(Encounter.service_date, Encounter.id)
            .limit(limit)
        )
        if encounter_id is not None:
            query = query.where(Encounter.id == encounter_id)
        return [UninsuredVisit(*row) for row in self.session.execute(query)]
