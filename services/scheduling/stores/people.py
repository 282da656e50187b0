"""What rules ask about patients: whether they were seen, how they are insured, what they were cleared for, what they have ahead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from chassis.store import BaseStore, among
from scheduling.domain.cells import cell_containing
from scheduling.domain.visits import LIVE
from scheduling.tables import Appointment, CoverageCopy, Occupation
from scheduling.tables_availability import Clearance


class PeopleStore(BaseStore):
    """Facts of patients."""

    def seen_since(self, patient_id: UUID, since: datetime, until: datetime) -> bool:
        """Whether the patient was seen by anybody in a visit that started in [since, until)."""
        query = (
            select(Appointment.id)
            .where(
                Appointment.tenant_id == self.tenant_id,
                Appointment.patient_id == patient_id,
                Appointment.start_time >= since,
                Appointment.start_time < until,
                Appointment.seen_at.is_not(None),
            )
            .limit(1)
        )
        return self.session.scalars(query).first() is not None

    def visits_with(self, patient_id: UUID, since: datetime) -> dict[UUID, tuple[int, datetime]]:
        """How often the patient was seen by each practitioner since then, and when last."""
        query = (
            select(Appointment.practitioner_id, func.count(), func.max(Appointment.start_time))
            .where(
                Appointment.tenant_id == self.tenant_id,
                Appointment.patient_id == patient_id,
                Appointment.start_time >= since,
                Appointment.seen_at.is_not(None),
            )
            .group_by(Appointment.practitioner_id)
        )
        return {practitioner: (count, last) for practitioner, count, last in self.session.execute(query)}

    def upcoming_of(self, patient_id: UUID, type_id: UUID, now: datetime) -> list[UUID]:
        """Live visits of this type that the patient has ahead."""
        query = select(Appointment.id).where(
            Appointment.tenant_id == self.tenant_id,
            Appointment.patient_id == patient_id,
            Appointment.appointment_type_id == type_id,
            Appointment.start_time >= now,
            among(Appointment.status, [status.value for status in LIVE]),
        )
        return list(self.session.scalars(query))

    def payers_of(self, patient_id: UUID, day: date) -> frozenset[str]:
        """The payers that insure the patient on this day."""
        query = select(CoverageCopy.payer_code).where(
            CoverageCopy.tenant_id == self.tenant_id,
            CoverageCopy.patient_id == patient_id,
            CoverageCopy.active,
            or_(CoverageCopy.first_day.is_(None), CoverageCopy.first_day <= day),
            or_(CoverageCopy.last_day.is_(None), CoverageCopy.last_day >= day),
        )
        return frozenset(self.session.scalars(query))

    def clearances_of(self, patient_id: UUID, day: date) -> list[Clearance]:
        """What the patient is cleared for on this day."""
        query = self._clearances(patient_id).where(
            or_(Clearance.first_day.is_(None), Clearance.first_day <= day),
            or_(Clearance.last_day.is_(None), Clearance.last_day >= day),
        )
        return list(self.session.scalars(query))

    def clearances_page(self, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[Clearance], str]:
        """A page of what the patient has been cleared for and was not taken back, oldest first."""
        return self.page(self._clearances(patient_id), [Clearance.id], page_size, page_token)

    def _clearances(self, patient_id: UUID) -> Select[tuple[Clearance]]:
        return select(Clearance).where(
            Clearance.tenant_id == self.tenant_id, Clearance.patient_id == patient_id, Clearance.revoked_at.is_(None)
        )

    def loads_of(self, practitioner_ids: Iterable[UUID], start: datetime, end: datetime) -> dict[UUID, int]:
        """Minutes of live and past visits of these practitioners that start in [start, end)."""
        minutes = func.extract("epoch", func.sum(Appointment.end_time - Appointment.start_time)) / 60
        query = (
            select(Appointment.practitioner_id, minutes)
            .where(
                Appointment.tenant_id == self.tenant_id,
                among(Appointment.practitioner_id, practitioner_ids),
                Appointment.start_time >= start,
                Appointment.start_time < end,
                Appointment.cancelled_at.is_(None),
            )
            .group_by(Appointment.practitioner_id)
        )
        return {practitioner: int(total or 0) for practitioner, total in self.session.execute(query)}

    def counted_from(self, since: datetime, column: str, owner_id: UUID) -> list[Appointment]:
        """Every visit that starts from then on and was not cancelled, of one practitioner_id, location_id or appointment_type_id
        (``column``): what counts for its limits. Locked against being cancelled meanwhile: a cancellation gives back what it sees."""
        query = select(Appointment).where(
            Appointment.tenant_id == self.tenant_id,
            Appointment.start_time >= since,
            Appointment.cancelled_at.is_(None),
            getattr(Appointment, column) == owner_id,
        )
        return list(self.session.scalars(query.order_by(Appointment.id).with_for_update(read=True)))

    def helped_by(self, practitioner_id: UUID, start: datetime) -> list[Appointment]:
        """Live visits from then on in which a practitioner takes part beside another."""
        claims = select(Occupation.claim_id).where(
            Occupation.tenant_id == self.tenant_id,
            Occupation.resource_id == practitioner_id,
            Occupation.end_cell > cell_containing(start),
        )
        query = select(Appointment).where(
            Appointment.tenant_id == self.tenant_id,
            Appointment.id.in_(claims),
            Appointment.practitioner_id != practitioner_id,
            Appointment.start_time >= start,
            among(Appointment.status, [status.value for status in LIVE]),
        )
        return list(self.session.scalars(query.order_by(Appointment.start_time, Appointment.id)))
