"""Recurring visits."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from chassis.principal import Principal
from chassis.store import BaseStore
from scheduling.tables import Appointment
from scheduling.tables_series import AppointmentSeries


class SeriesStore(BaseStore):
    """Reads series and their occurrences."""

    def occurrences(self, series_id: UUID) -> list[Appointment]:
        """The occurrences of a series in order of time, whoever asks, locked."""
        query = (
            select(Appointment)
            .where(Appointment.tenant_id == self.tenant_id, Appointment.series_id == series_id)
            .order_by(Appointment.id)
            .with_for_update()
        )
        rows = self.session.scalars(query, execution_options={"populate_existing": True})
        return sorted(rows, key=lambda row: (row.start_time, row.id))

    def seen_occurrences(self, series_id: UUID, principal: Principal) -> list[Appointment]:
        """Those that the principal may see, in order of time."""
        query = select(Appointment).where(Appointment.tenant_id == self.tenant_id, Appointment.series_id == series_id)
        if principal.location_ids:
            query = query.where(Appointment.location_id.in_(principal.location_ids))
        return list(self.session.scalars(query.order_by(Appointment.start_time, Appointment.id)))

    def list_series(
        self, patient_id: UUID, principal: Principal, page_size: int, page_token: str
    ) -> tuple[list[AppointmentSeries], str]:
        """A page of a patient's series, newest first."""
        query = select(AppointmentSeries).where(
            AppointmentSeries.tenant_id == self.tenant_id, AppointmentSeries.patient_id == patient_id
        )
        if principal.location_ids:
            query = query.where(AppointmentSeries.location_id.in_(principal.location_ids))
        return self.page(query, [AppointmentSeries.id], page_size, page_token, descending=True)
