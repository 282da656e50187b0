"""Appointments, their steps, and the requests to reschedule them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, update

from chassis.principal import Principal
from chassis.store import BaseStore, among
from scheduling.domain.visits import LIVE, Status
from scheduling.tables import Appointment, RescheduleRequest, VisitStep


@dataclass(frozen=True)
class AppointmentFilter:
    """What a list of appointments is narrowed to; None and empty do not narrow."""

    location_id: UUID | None = None
    practitioner_id: UUID | None = None
    patient_id: UUID | None = None
    start_from: datetime | None = None
    start_to: datetime | None = None
    statuses: frozenset[int] = frozenset()


class VisitStore(BaseStore):
    """Reads and writes visits. Reads are narrowed to the locations that the principal is confined to, if any."""

    def appointment(self, appointment_id: UUID, principal: Principal) -> Appointment | None:
        """The appointment, if it is at a location that the principal may see."""
        row = self.get(Appointment, appointment_id)
        return row if row is not None and self.may_see(row, principal) else None

    def appointments(self, ids: Collection[UUID], principal: Principal) -> list[Appointment]:
        """Those of the ids that exist and may be seen, in order of start."""
        query = self._scoped(select(Appointment), principal).where(among(Appointment.id, ids))
        return list(self.session.scalars(query.order_by(Appointment.start_time, Appointment.id)))

    def list_appointments(
        self, wanted: AppointmentFilter, principal: Principal, page_size: int, page_token: str
    ) -> tuple[list[Appointment], str]:
        """A page in order of start."""
        query = self._filtered(wanted, principal)
        return self.page(query, [Appointment.start_time, Appointment.id], page_size, page_token)

    def all_appointments(self, wanted: AppointmentFilter, principal: Principal) -> list[Appointment]:
        """Everything of one location's or practitioner's day, in order of start."""
        query = self._filtered(wanted, principal).order_by(Appointment.start_time, Appointment.id)
        return list(self.session.scalars(query))

    def live_from(
        self, start: datetime, practitioner_id: UUID | None, location_id: UUID | None, end: datetime | None = None
    ) -> list[Appointment]:
        """Live visits of a practitioner and/or location that start in [start, end), whoever asks: for edits of working time."""
        query = select(Appointment).where(
            Appointment.tenant_id == self.tenant_id,
            Appointment.start_time >= start,
            among(Appointment.status, [status.value for status in LIVE]),
        )
        if practitioner_id:
            query = query.where(Appointment.practitioner_id == practitioner_id)
        if location_id:
            query = query.where(Appointment.location_id == location_id)
        if end:
            query = query.where(Appointment.start_time < end)
        return list(self.session.scalars(query.order_by(Appointment.start_time, Appointment.id)))

    def of_patient(self, patient_id: UUID) -> list[Appointment]:
        """All appointments of a patient, whoever asks."""
        query = select(Appointment).where(Appointment.tenant_id == self.tenant_id, Appointment.patient_id == patient_id)
        return list(self.session.scalars(query.order_by(Appointment.id)))

    def starts_of(self, ids: Collection[UUID]) -> dict[UUID, tuple[datetime, Status]]:
        """Start and status by appointment id."""
        query = select(Appointment.id, Appointment.start_time, Appointment.status).where(
            Appointment.tenant_id == self.tenant_id, among(Appointment.id, ids)
        )
        return {row_id: (start, Status(status)) for row_id, start, status in self.session.execute(query)}

    def page_of_all(self, page_size: int, page_token: str) -> tuple[list[Appointment], str]:
        """A page of every appointment, oldest first: for projections."""
        query = select(Appointment).where(Appointment.tenant_id == self.tenant_id)
        return self.page(query, [Appointment.id], page_size, page_token)

    def last_step(self, appointment_id: UUID) -> VisitStep | None:
        """The last step that has not been undone."""
        query = (
            select(VisitStep)
            .where(
                VisitStep.tenant_id == self.tenant_id,
                VisitStep.appointment_id == appointment_id,
                VisitStep.undone_at.is_(None),
            )
            .order_by(VisitStep.id.desc())
            .limit(1)
        )
        return self.session.scalars(query).one_or_none()

    def open_requests(self, appointment_ids: Iterable[UUID]) -> list[RescheduleRequest]:
        """Open requests of these appointments."""
        query = select(RescheduleRequest).where(
            RescheduleRequest.tenant_id == self.tenant_id,
            among(RescheduleRequest.appointment_id, appointment_ids),
            RescheduleRequest.closed_at.is_(None),
        )
        return list(self.session.scalars(query))

    def close_requests(self, appointment_id: UUID, at: datetime) -> None:
        """Closes the open requests of an appointment."""
        self.session.execute(
            update(RescheduleRequest)
            .where(
                RescheduleRequest.tenant_id == self.tenant_id,
                RescheduleRequest.appointment_id == appointment_id,
                RescheduleRequest.closed_at.is_(None),
            )
            .values(closed_at=at)
        )

    def list_requests(
        self, location_id: UUID | None, include_closed: bool, principal: Principal, page_size: int, page_token: str
    ) -> tuple[list[RescheduleRequest], str]:
        """A page of requests, oldest first."""
        query = select(RescheduleRequest).where(RescheduleRequest.tenant_id == self.tenant_id)
        if location_id:
            query = query.where(RescheduleRequest.location_id == location_id)
        if principal.location_ids:
            query = query.where(among(RescheduleRequest.location_id, principal.location_ids))
        if not include_closed:
            query = query.where(RescheduleRequest.closed_at.is_(None))
        return self.page(query, [RescheduleRequest.requested_at, RescheduleRequest.id], page_size, page_token)

    def _filtered(self, wanted: AppointmentFilter, principal: Principal) -> Select[tuple[Appointment]]:
        query = self._scoped(select(Appointment), principal)
        if wanted.location_id:
            query = query.where(Appointment.location_id == wanted.location_id)
        if wanted.practitioner_id:
            query = query.where(Appointment.practitioner_id == wanted.practitioner_id)
        if wanted.patient_id:
            query = query.where(Appointment.patient_id == wanted.patient_id)
        if wanted.start_from:
            query = query.where(Appointment.start_time >= wanted.start_from)
        if wanted.start_to:
            query = query.where(Appointment.start_time < wanted.start_to)
        if wanted.statuses:
            query = query.where(among(Appointment.status, wanted.statuses))
        return query

    def _scoped(self, query: Select[tuple[Appointment]], principal: Principal) -> Select[tuple[Appointment]]:
        query = query.where(Appointment.tenant_id == self.tenant_id)
        return query.where(among(Appointment.location_id, principal.location_ids)) if principal.location_ids else query

    @staticmethod
    def may_see(row: Appointment, principal: Principal) -> bool:
        """Whether the visit is at a location that the principal is not kept from."""
        return not principal.location_ids or row.location_id in principal.location_ids
