"""Queries about discounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import select

from billing.domain.poverty_guidelines import Guideline, Region
from billing.tables_discounts import DiscountPolicy, PovertyGuideline, SlidingFee
from chassis.store import BaseStore, among


class DiscountStore(BaseStore):
    """Policies, guidelines, households."""

    def discount_policy(self, day: date) -> DiscountPolicy | None:
        """The policy in force on a day."""
        query = (
            select(DiscountPolicy)
            .where(DiscountPolicy.tenant_id == self.tenant_id, DiscountPolicy.start_date <= day)
            .order_by(DiscountPolicy.start_date.desc())
            .limit(1)
        )
        return self.session.scalar(query)

    def discount_policy_from(self, start: date) -> DiscountPolicy | None:
        """The policy that begins on that day, locked."""
        query = select(DiscountPolicy).where(
            DiscountPolicy.tenant_id == self.tenant_id, DiscountPolicy.start_date == start
        )
        return self.session.scalar(query.with_for_update())

    def discount_policies(self, page_size: int, page_token: str) -> tuple[list[DiscountPolicy], str]:
        """Every version, the newest first."""
        query = select(DiscountPolicy).where(DiscountPolicy.tenant_id == self.tenant_id)
        return self.page(query, [DiscountPolicy.start_date, DiscountPolicy.id], page_size, page_token, descending=True)

    def poverty_guideline_from(self, region: Region, start: date) -> PovertyGuideline | None:
        """The tenant's own guideline that begins on that day, locked."""
        query = select(PovertyGuideline).where(
            PovertyGuideline.tenant_id == self.tenant_id,
            PovertyGuideline.region == region.value,
            PovertyGuideline.start_date == start,
        )
        return self.session.scalar(query.with_for_update())

    def poverty_guidelines(self) -> list[Guideline]:
        """The tenant's own guidelines."""
        rows = self.session.scalars(select(PovertyGuideline).where(PovertyGuideline.tenant_id == self.tenant_id))
        return [
            Guideline(Region(row.region), row.start_date, row.first_person_minor, row.each_more_minor) for row in rows
        ]

    def sliding_fee_of(self, patient_ids: Iterable[UUID], day: date) -> SlidingFee | None:
        """The household's determination in force on a day, the latest first; `patient_ids`: the patient and the guarantor."""
        query = (
            select(SlidingFee)
            .where(
                SlidingFee.tenant_id == self.tenant_id,
                among(SlidingFee.patient_id, patient_ids),
                SlidingFee.start_date <= day,
                SlidingFee.end_date >= day,
            )
            .order_by(SlidingFee.start_date.desc(), SlidingFee.id.desc())
            .limit(1)
        )
        return self.session.scalar(query)

    def sliding_fee_page(
        self, patient_id: UUID | None, page_size: int, page_token: str
    ) -> tuple[list[SlidingFee], str]:
        """Determinations, the newest first."""
        query = select(SlidingFee).where(SlidingFee.tenant_id == self.tenant_id)
        if patient_id is not None:
            query = query.where(SlidingFee.patient_id == patient_id)
        return self.page(query, [SlidingFee.id], page_size, page_token, descending=True)
