"""Feeds, outside calendars and what they say is busy."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select

from chassis.store import BaseStore, among
from scheduling.domain.cells import Span
from scheduling.domain.visits import LIVE, Status
from scheduling.tables import Appointment
from scheduling.tables_calendars import BusyCalendar, BusyTime, CalendarFeed


class CalendarStore(BaseStore):
    """Reads and writes calendars."""

    def feeds_page(
        self, practitioner_id: UUID | None, patient_id: UUID | None, page_size: int, page_token: str
    ) -> tuple[list[CalendarFeed], str]:
        """A page of feeds, oldest first."""
        query = select(CalendarFeed).where(CalendarFeed.tenant_id == self.tenant_id)
        if practitioner_id:
            query = query.where(CalendarFeed.practitioner_id == practitioner_id)
        if patient_id:
            query = query.where(CalendarFeed.patient_id == patient_id)
        return self.page(query, [CalendarFeed.id], page_size, page_token)

    def count_feeds(self, practitioner_id: UUID | None, patient_id: UUID | None) -> int:
        """How many feeds a practitioner or a patient has."""
        query = select(func.count()).where(CalendarFeed.tenant_id == self.tenant_id)
        query = query.where(
            CalendarFeed.practitioner_id == practitioner_id
            if practitioner_id
            else CalendarFeed.patient_id == patient_id
        )
        return int(self.session.scalar(query) or 0)

    def visits_of_feed(self, feed: CalendarFeed, start: datetime, end: datetime, most: int) -> list[Appointment]:
        """The visits that a feed shows, in order of start, whoever reads it."""
        query = select(Appointment).where(
            Appointment.tenant_id == self.tenant_id,
            Appointment.start_time >= start,
            Appointment.start_time < end,
            among(Appointment.status, [status.value for status in (*LIVE, Status.CHECKED_OUT)]),
        )
        if feed.practitioner_id:
            query = query.where(Appointment.practitioner_id == feed.practitioner_id)
        else:
            query = query.where(Appointment.patient_id == feed.patient_id)
        return list(self.session.scalars(query.order_by(Appointment.start_time, Appointment.id).limit(most)))

    def busy_calendars_page(
        self, practitioner_id: UUID | None, page_size: int, page_token: str
    ) -> tuple[list[BusyCalendar], str]:
        """A page of outside calendars, oldest first."""
        query = select(BusyCalendar).where(BusyCalendar.tenant_id == self.tenant_id)
        if practitioner_id:
            query = query.where(BusyCalendar.practitioner_id == practitioner_id)
        return self.page(query, [BusyCalendar.id], page_size, page_token)

    def busy_of(self, calendar_id: UUID) -> list[Span]:
        """What a calendar blocks out."""
        query = select(BusyTime.first_cell, BusyTime.end_cell).where(
            BusyTime.tenant_id == self.tenant_id, BusyTime.calendar_id == calendar_id
        )
        return sorted(Span(first, end) for first, end in self.session.execute(query))

    def replace_busy(self, calendar: BusyCalendar, spans: Iterable[Span]) -> None:
        """Puts these times in place of those that the calendar blocked out before."""
        self.session.execute(
            delete(BusyTime).where(BusyTime.tenant_id == self.tenant_id, BusyTime.calendar_id == calendar.id)
        )
        self.session.add_all(
            BusyTime(
                calendar_id=calendar.id,
                practitioner_id=calendar.practitioner_id,
                first_cell=span.first,
                end_cell=span.end,
            )
            for span in spans
        )
        self.session.flush()
