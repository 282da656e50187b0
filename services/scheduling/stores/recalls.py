"""Who is due for a visit."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import delete, exists, select

from chassis.principal import Principal
from chassis.store import BaseStore
from scheduling.domain.visits import Status
from scheduling.tables import Appointment
from scheduling.tables_booking_rules import Recall, RecallRule

# A visit that was called off or missed leaves its patient due.
NOT_HAD = (Status.CANCELLED.value, Status.NO_SHOW.value, Status.LEFT.value)


class RecallStore(BaseStore):
    """Reads and writes recalls."""

    def open_recall(self, patient_id: UUID, type_id: UUID) -> Recall | None:
        """The open recall of a patient for a type, locked."""
        query = select(Recall).where(
            Recall.tenant_id == self.tenant_id,
            Recall.patient_id == patient_id,
            Recall.appointment_type_id == type_id,
            Recall.closed_at.is_(None),
        )
        return self.session.scalars(query.order_by(Recall.id).limit(1).with_for_update()).one_or_none()

    def due_recalls(
        self,
        due_before: date,
        patient_id: UUID | None,
        location_id: UUID | None,
        principal: Principal,
        page_size: int,
        page_token: str,
    ) -> tuple[list[Recall], str]:
        """A page of those who are due and have no visit of the type since, the longest overdue first."""
        booked = exists().where(
            Appointment.tenant_id == Recall.tenant_id,
            Appointment.patient_id == Recall.patient_id,
            Appointment.appointment_type_id == Recall.appointment_type_id,
            Appointment.start_time >= Recall.made_at,
            Appointment.id.is_distinct_from(Recall.after_appointment_id),
            Appointment.status.not_in(NOT_HAD),
        )
        query = select(Recall).where(
            Recall.tenant_id == self.tenant_id, Recall.closed_at.is_(None), Recall.due_on <= due_before, ~booked
        )
        if patient_id:
            query = query.where(Recall.patient_id == patient_id)
        if location_id:
            query = query.where(Recall.location_id.is_(None) | (Recall.location_id == location_id))
        if principal.location_ids:
            query = query.where(Recall.location_id.is_(None) | Recall.location_id.in_(principal.location_ids))
        return self.page(query, [Recall.due_on, Recall.id], page_size, page_token)

    def drop_recalls_after(self, appointment_id: UUID) -> None:
        """The visit after which they were made has not ended after all."""
        self.session.execute(
            delete(Recall).where(
                Recall.tenant_id == self.tenant_id,
                Recall.after_appointment_id == appointment_id,
                Recall.closed_at.is_(None),
            )
        )

    def list_recall_rules(self, page_size: int, page_token: str) -> tuple[list[RecallRule], str]:
        """A page of rules."""
        query = select(RecallRule).where(RecallRule.tenant_id == self.tenant_id)
        return self.page(query, [RecallRule.id], page_size, page_token)
