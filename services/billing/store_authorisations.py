"""Queries about authorisations and referrals, and about what was charged under them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import select

from billing.domain.authorisations import Use
from billing.tables_authorisations import Authorisation
from billing.tables_claims import Claim, ClaimLine
from billing.tables_money import ChargeLine, Encounter
from chassis.store import BaseStore, among

# Claims that take nothing from a payer any more.
GONE = ("voided", "closed")


class AuthorisationStore(BaseStore):
    """Authorisations and referrals."""

    def authorisation_page(
        self, *, patient_id: UUID | None, state: str, page_size: int, page_token: str
    ) -> tuple[list[Authorisation], str]:
        """Authorisations, the newest first."""
        query = select(Authorisation).where(Authorisation.tenant_id == self.tenant_id)
        if patient_id is not None:
            query = query.where(Authorisation.patient_id == patient_id)
        if state:
            query = query.where(Authorisation.state == state)
        return self.page(query, [Authorisation.id], page_size, page_token, descending=True)

    def approved_authorisations(self, patient_id: UUID, payer_ids: Iterable[UUID]) -> list[Authorisation]:
        """What these payers approved for a patient."""
        query = select(Authorisation).where(
            Authorisation.tenant_id == self.tenant_id,
            Authorisation.patient_id == patient_id,
            among(Authorisation.payer_id, payer_ids),
            Authorisation.state == "approved",
        )
        return list(self.session.scalars(query))

    def authorised_uses(
        self, patient_id: UUID, payer_ids: Iterable[UUID], first: date, last: date
    ) -> list[tuple[UUID, Use]]:
        """(payer, service) of what stands on a patient's live claims to these payers, by day of service."""
        query = (
            select(
                Claim.payer_id,
                ChargeLine.id,
                ChargeLine.encounter_id,
                ChargeLine.service_date,
                ChargeLine.procedure,
                ChargeLine.units,
                ChargeLine.location_id,
                Encounter.practitioner_id,
            )
            .join(ClaimLine, (ClaimLine.tenant_id == Claim.tenant_id) & (ClaimLine.claim_id == Claim.id))
            .join(
                ChargeLine, (ChargeLine.tenant_id == ClaimLine.tenant_id) & (ChargeLine.id == ClaimLine.charge_line_id)
            )
            .join(Encounter, (Encounter.tenant_id == ChargeLine.tenant_id) & (Encounter.id == ChargeLine.encounter_id))
            .where(
                Claim.tenant_id == self.tenant_id,
                Claim.patient_id == patient_id,
                among(Claim.payer_id, payer_ids),
                Claim.state.not_in(GONE),
                Claim.service_date.between(first, last),
                ClaimLine.live,
            )
        )
        return [
            (
                row.payer_id,
                Use(
                    line_id=row.id,
                    visit_id=row.encounter_id,
                    service_date=row.service_date,
                    procedure=row.procedure,
                    units=row.units,
                    practitioner_id=row.practitioner_id,
                    location_id=row.location_id,
                ),
            )
            for row in self.session.execute(query)
        ]

    def booked_days(self, patient_id: UUID, first: date, last: date) -> list[date]:
        """Days of a patient's visits that are booked or open and not charged yet."""
        query = select(Encounter.service_date).where(
            Encounter.tenant_id == self.tenant_id,
            Encounter.patient_id == patient_id,
            Encounter.state.in_(["expected", "open", "in_review"]),
            Encounter.service_date.between(first, last),
        )
        return list(self.session.scalars(query))
