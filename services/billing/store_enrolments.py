"""Queries about enrolments."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from billing.tables_enrolments import Enrolment
from chassis.store import BaseStore


class EnrolmentStore(BaseStore):
    """Enrolments with payers."""

    def enrolment_page(
        self,
        *,
        payer_id: UUID | None,
        practitioner_id: UUID | None,
        location_id: UUID | None,
        state: str,
        page_size: int,
        page_token: str,
    ) -> tuple[list[Enrolment], str]:
        """Enrolments, the newest first."""
        query = select(Enrolment).where(Enrolment.tenant_id == self.tenant_id)
        if payer_id is not None:
            query = query.where(Enrolment.payer_id == payer_id)
        if practitioner_id is not None:
            query = query.where(Enrolment.practitioner_id == practitioner_id)
        if location_id is not None:
            query = query.where(Enrolment.location_id == location_id)
        if state:
            query = query.where(Enrolment.state == state)
        return self.page(query, [Enrolment.id], page_size, page_token, descending=True)
