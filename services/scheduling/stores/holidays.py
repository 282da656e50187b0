"""Holidays of locations: closures among their schedule exceptions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import select

from chassis.store import BaseStore, among
from scheduling.tables import ScheduleExceptionRow


class HolidayStore(BaseStore):
    """Reads of holidays."""

    def holidays_of(self, location_ids: Collection[UUID], year: int) -> list[ScheduleExceptionRow]:
        """The holidays of these locations that begin in the year, by day."""
        query = select(ScheduleExceptionRow).where(
            ScheduleExceptionRow.tenant_id == self.tenant_id,
            among(ScheduleExceptionRow.location_id, location_ids),
            ScheduleExceptionRow.holiday,
            ScheduleExceptionRow.first_day >= date(year, 1, 1),
            ScheduleExceptionRow.first_day <= date(year, 12, 31),
        )
        order = (ScheduleExceptionRow.first_day, ScheduleExceptionRow.starts_minute, ScheduleExceptionRow.id)
        return list(self.session.scalars(query.order_by(*order)))
