"""The day: stages of a location's visits, what patients were told, the walk-in queue."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from chassis.store import BaseStore, among
from scheduling.domain.walk_ins import QueueStatus
from scheduling.tables import Appointment
from scheduling.tables_day import DelayNotice, WalkIn, WalkInCounter

# Built once: every step of a visit looks at the day anew.
_VISITS_OF_DAY = (
    select(Appointment)
    .where(
        Appointment.tenant_id == bindparam("tenant_id"),
        Appointment.location_id == bindparam("location_id"),
        Appointment.start_time >= bindparam("start"),
        Appointment.start_time < bindparam("end"),
    )
    .order_by(Appointment.start_time, Appointment.id)
)
_NOTICES = select(DelayNotice).where(
    DelayNotice.tenant_id == bindparam("tenant_id"), among(DelayNotice.id, bindparam("ids"))
)


class DayStore(BaseStore):
    """Reads and writes what a day keeps beside its visits."""

    def notices(self, appointment_ids: Iterable[UUID]) -> dict[UUID, DelayNotice]:
        """What was told about these visits."""
        about = {"tenant_id": self.tenant_id, "ids": appointment_ids}
        return {row.id: row for row in self.session.scalars(_NOTICES, about)}

    def visits_of_day(self, location_id: UUID, start: datetime, end: datetime) -> list[Appointment]:
        """Every visit of a location that starts in [start, end), in order of start, whoever asks."""
        about = {"tenant_id": self.tenant_id, "location_id": location_id, "start": start, "end": end}
        return list(self.session.scalars(_VISITS_OF_DAY, about))

    def next_of_practitioner(self, practitioner_id: UUID, start: datetime, end: datetime) -> list[Appointment]:
        """The visits of a practitioner's day, wherever, in order of start."""
        query = select(Appointment).where(
            Appointment.tenant_id == self.tenant_id,
            Appointment.practitioner_id == practitioner_id,
            Appointment.start_time >= start,
            Appointment.start_time < end,
        )
        return list(self.session.scalars(query.order_by(Appointment.start_time, Appointment.id)))

    # ---- walk-ins ----

    def next_number(self, location_id: UUID, day: date) -> int:
        """The next token of a location on a local day; two who ask at once get two."""
        written = insert(WalkInCounter).values(tenant_id=self.tenant_id, location_id=location_id, day=day, number=1)
        counted = written.on_conflict_do_update(
            index_elements=["tenant_id", "location_id", "day"], set_={"number": WalkInCounter.number + 1}
        ).returning(WalkInCounter.number)
        return int(self.session.execute(counted).scalar_one())

    def queue(
        self, location_id: UUID, day: date, statuses: Collection[QueueStatus], *, lock: bool = False
    ) -> list[WalkIn]:
        """Who has a token of this day with one of these statuses, by number."""
        query = select(WalkIn).where(
            WalkIn.tenant_id == self.tenant_id,
            WalkIn.location_id == location_id,
            WalkIn.day == day,
            WalkIn.status.in_([status.value for status in statuses]),
        )
        query = query.order_by(WalkIn.number)
        if lock:
            query = query.with_for_update(skip_locked=True)
        return list(self.session.scalars(query))

    def walk_in_by_code(self, code: str) -> WalkIn | None:
        """The ticket with this secret."""
        query = select(WalkIn).where(WalkIn.tenant_id == self.tenant_id, WalkIn.code == code)
        return self.session.scalars(query).one_or_none()
