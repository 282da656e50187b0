"""Queries of who comes to the portal, and for whom."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from chassis.store import BaseStore
from patient_registry.tables import Patient, PortalCodeRequest, Relation


class PortalStore(BaseStore):
    """Beside `Store`, in the same transaction."""

    def proxied_by(self, holder_id: UUID) -> list[UUID]:
        """The patients whom this person, a patient too, may act for; in the order in which it was said."""
        query = (
            select(Relation.patient_id)
            .join(Patient, (Patient.tenant_id == Relation.tenant_id) & (Patient.id == Relation.patient_id))
            .where(
                Relation.tenant_id == self.tenant_id,
                Relation.related_patient_id == holder_id,
                Relation.proxy,
                Patient.merged_into.is_(None),
                Patient.active,
            )
            .order_by(Relation.id)
        )
        return list(dict.fromkeys(self.session.scalars(query)))

    def portal_codes_since(self, contact_digest: bytes, since: datetime) -> int:
        """How often a code was asked for at an address since then."""
        query = select(func.count()).where(
            PortalCodeRequest.tenant_id == self.tenant_id,
            PortalCodeRequest.contact_digest == contact_digest,
            PortalCodeRequest.requested_at > since,
        )
        return int(self.session.scalar(query) or 0)
