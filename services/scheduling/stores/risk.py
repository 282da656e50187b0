"""History for learning who comes, and what was learned."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Integer, and_, case, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from chassis.store import BaseStore
from scheduling.domain.no_show import Record
from scheduling.domain.visits import Status
from scheduling.tables import Appointment
from scheduling.tables_day import RiskModel

# Visits whose patient came, or did not.
DECIDED = (Status.SEEN.value, Status.CHECKED_OUT.value, Status.LEFT.value, Status.NO_SHOW.value)
MOST_ROWS = 100_000


@dataclass(frozen=True)
class PastVisit:
    """What history tells of a visit."""

    patient_id: UUID
    practitioner_id: UUID
    start: datetime
    end: datetime
    booked_at: datetime
    zone: str
    modality: int
    reschedules: int
    missed: bool
    overbooked: bool
    waited_minutes: float | None


class RiskStore(BaseStore):
    """Reads history, reads and writes models."""

    def history(self, since: datetime, until: datetime) -> list[PastVisit]:
        """The newest hundred thousand decided visits that started in [since, until), oldest first."""
        query = (
            select(
                Appointment.patient_id,
                Appointment.practitioner_id,
                Appointment.start_time,
                Appointment.end_time,
                Appointment.booked_at,
                Appointment.time_zone,
                Appointment.modality,
                Appointment.reschedule_count,
                Appointment.status,
                Appointment.overbooked,
                Appointment.arrived_at,
                Appointment.seen_at,
            )
            .where(
                Appointment.tenant_id == self.tenant_id,
                Appointment.start_time >= since,
                Appointment.start_time < until,
                Appointment.status.in_(DECIDED),
            )
            .order_by(Appointment.start_time.desc(), Appointment.id.desc())
            .limit(MOST_ROWS)
        )
        found = [
            PastVisit(
                row.patient_id,
                row.practitioner_id,
                row.start_time,
                row.end_time,
                row.booked_at,
                row.time_zone,
                row.modality,
                row.reschedule_count,
                row.status == Status.NO_SHOW.value,
                bool(row.overbooked),
                _waited(row.start_time, row.arrived_at, row.seen_at),
            )
            for row in self.session.execute(query)
        ]
        return found[::-1]

    def records(self, patient_ids: Collection[UUID], since: datetime, before: datetime) -> dict[UUID, Record]:
        """How these patients came to their visits that started in [since, before)."""
        if not patient_ids:
            return {}
        missed = case((Appointment.status == Status.NO_SHOW.value, 1), else_=0)
        last = func.array_agg(aggregate_order_by(missed, Appointment.start_time.desc()), type_=ARRAY(Integer))
        query = (
            select(Appointment.patient_id, func.count(), func.sum(missed), last[1])
            .where(
                and_(
                    Appointment.tenant_id == self.tenant_id,
                    Appointment.patient_id.in_(list(patient_ids)),
                    Appointment.start_time >= since,
                    Appointment.start_time < before,
                    Appointment.status.in_(DECIDED),
                )
            )
            .group_by(Appointment.patient_id)
        )
        return {patient: Record(int(n), int(m), bool(latest)) for patient, n, m, latest in self.session.execute(query)}

    def newest_model(self) -> RiskModel | None:
        """The model in use."""
        query = (
            select(RiskModel)
            .where(RiskModel.tenant_id == self.tenant_id)
            .order_by(RiskModel.trained_at.desc(), RiskModel.id.desc())
            .limit(1)
        )
        return self.session.scalars(query).one_or_none()


def _waited(start: datetime, arrived: datetime | None, seen: datetime | None) -> float | None:
    if arrived is None or seen is None:
        return None
    return max((seen - max(arrived, start)).total_seconds() / 60, 0.0)
