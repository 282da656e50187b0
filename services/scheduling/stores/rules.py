"""Rules and copies: appointment types, templates, exceptions, and what other services told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import or_, select

from chassis.store import BaseStore
from scheduling.domain.appointment_types import AppointmentType, Modality, ResourceKind, Role
from scheduling.domain.availability import DayException, ExceptionKind, Template, WeeklyWindow, WorkingRules
from scheduling.domain.claims import Resource
from scheduling.tables import (
    AppointmentTypeRow,
    LocationCopy,
    PatientCopy,
    PractitionerCopy,
    ResourceCopy,
    ScheduleExceptionRow,
    ScheduleTemplateRow,
    TenantCopy,
)

Copy = TypeVar("Copy", TenantCopy, LocationCopy, PractitionerCopy, ResourceCopy, PatientCopy)


@dataclass(frozen=True)
class Catalogue:
    """All rules of a tenant, as a search reads them."""

    types: dict[UUID, AppointmentType]
    locations: dict[UUID, LocationCopy]
    practitioners: dict[UUID, PractitionerCopy]
    # Of live rooms and devices, by (location, role).
    pools: dict[tuple[UUID, Role], tuple[Resource, ...]]
    # Who works where, by (practitioner, location).
    working: dict[tuple[UUID, UUID], WorkingRules]


def type_of(row: AppointmentTypeRow) -> AppointmentType:
    """The domain's value of a stored appointment type."""
    return AppointmentType(
        id=row.id,
        code=row.code,
        name=row.name,
        duration_minutes=row.duration_minutes,
        modality=Modality(row.modality),
        practitioner_durations={UUID(key): minutes for key, minutes in row.practitioner_durations.items()},
        buffer_before_minutes=row.buffer_before_minutes,
        buffer_after_minutes=row.buffer_after_minutes,
        roles=tuple(Role(kind, name) for kind, name in row.roles),
        online_bookable=row.online_bookable,
        minimum_notice_minutes=row.minimum_notice_minutes,
        horizon_days=row.horizon_days,
        start_every_minutes=row.start_every_minutes,
        practitioner_ids=frozenset(map(UUID, row.practitioner_ids)),
        active=row.active,
    )


def windows_of(rows: Iterable[Any]) -> tuple[WeeklyWindow, ...]:
    """[[weekday, starts, ends]] → windows."""
    return tuple(WeeklyWindow(*row) for row in rows)


def template_of(row: ScheduleTemplateRow) -> Template:
    """The domain's value of a stored template."""
    return Template(windows_of(row.windows), row.effective_from, row.effective_to)


def exception_of(row: ScheduleExceptionRow) -> DayException:
    """The domain's value of a stored exception."""
    return DayException(ExceptionKind(row.kind), row.first_day, row.last_day, row.starts_minute, row.ends_minute)


def resource_of(row: ResourceCopy) -> Resource:
    """The domain's value of a room or device."""
    return Resource(row.id, ResourceKind(row.kind), row.capacity, row.resource_class)


class RuleStore(BaseStore):
    """Reads and writes rules and copies."""

    def type_by_code(self, code: str) -> AppointmentTypeRow | None:
        """The appointment type with this code."""
        query = select(AppointmentTypeRow).where(
            AppointmentTypeRow.tenant_id == self.tenant_id, AppointmentTypeRow.code == code
        )
        return self.session.scalars(query).one_or_none()

    def list_types(
        self, *, include_inactive: bool, online_only: bool, page_size: int, page_token: str
    ) -> tuple[list[AppointmentTypeRow], str]:
        """A page of appointment types by name."""
        query = select(AppointmentTypeRow).where(AppointmentTypeRow.tenant_id == self.tenant_id)
        if not include_inactive:
            query = query.where(AppointmentTypeRow.active)
        if online_only:
            query = query.where(AppointmentTypeRow.online_bookable)
        return self.page(query, [AppointmentTypeRow.name, AppointmentTypeRow.id], page_size, page_token)

    def list_templates(
        self, practitioner_id: UUID | None, location_id: UUID | None, page_size: int, page_token: str
    ) -> tuple[list[ScheduleTemplateRow], str]:
        """A page of templates, oldest first."""
        query = select(ScheduleTemplateRow).where(ScheduleTemplateRow.tenant_id == self.tenant_id)
        if practitioner_id:
            query = query.where(ScheduleTemplateRow.practitioner_id == practitioner_id)
        if location_id:
            query = query.where(ScheduleTemplateRow.location_id == location_id)
        return self.page(query, [ScheduleTemplateRow.id], page_size, page_token)

    def list_exceptions(
        self,
        practitioner_id: UUID | None,
        location_id: UUID | None,
        first_day: date | None,
        last_day: date | None,
        page_size: int,
        page_token: str,
    ) -> tuple[list[ScheduleExceptionRow], str]:
        """A page of exceptions that touch the practitioner, the location and the days, by their first day."""
        query = select(ScheduleExceptionRow).where(ScheduleExceptionRow.tenant_id == self.tenant_id)
        if practitioner_id:
            query = query.where(
                or_(
                    ScheduleExceptionRow.practitioner_id == practitioner_id,
                    ScheduleExceptionRow.practitioner_id.is_(None),
                )
            )
        if location_id:
            query = query.where(
                or_(ScheduleExceptionRow.location_id == location_id, ScheduleExceptionRow.location_id.is_(None))
            )
        if first_day:
            query = query.where(ScheduleExceptionRow.last_day >= first_day)
        if last_day:
            query = query.where(ScheduleExceptionRow.first_day <= last_day)
        return self.page(query, [ScheduleExceptionRow.first_day, ScheduleExceptionRow.id], page_size, page_token)

    def working_rules(self, practitioner_id: UUID, location: LocationCopy, from_day: date) -> WorkingRules:
        """What decides when the practitioner works at the location from this day on (and a day before, for time zones)."""
        templates = select(ScheduleTemplateRow).where(
            ScheduleTemplateRow.tenant_id == self.tenant_id,
            ScheduleTemplateRow.practitioner_id == practitioner_id,
            ScheduleTemplateRow.location_id == location.id,
        )
        exceptions = select(ScheduleExceptionRow).where(
            ScheduleExceptionRow.tenant_id == self.tenant_id,
            or_(
                ScheduleExceptionRow.location_id == location.id,
                ScheduleExceptionRow.location_id.is_(None) & (ScheduleExceptionRow.practitioner_id == practitioner_id),
            ),
            or_(
                ScheduleExceptionRow.practitioner_id.is_(None),
                ScheduleExceptionRow.practitioner_id == practitioner_id,
            ),
            ScheduleExceptionRow.last_day >= from_day,
        )
        return _rules(location, self.session.scalars(templates).all(), self.session.scalars(exceptions).all())

    def pools(self, location_id: UUID, roles: Sequence[Role]) -> dict[Role, list[Resource]]:
        """The live rooms and devices of a location that can fill these roles."""
        if not roles:
            return {}
        query = select(ResourceCopy).where(
            ResourceCopy.tenant_id == self.tenant_id,
            ResourceCopy.location_id == location_id,
            ResourceCopy.active,
            ResourceCopy.resource_class.in_([role.resource_class for role in roles]),
        )
        found: dict[Role, list[Resource]] = {role: [] for role in roles}
        for row in self.session.scalars(query):
            found.get(Role(row.kind, row.resource_class), []).append(resource_of(row))
        return found

    def rooms(self, location_id: UUID) -> list[ResourceCopy]:
        """The live rooms of a location, by name."""
        query = (
            select(ResourceCopy)
            .where(
                ResourceCopy.tenant_id == self.tenant_id,
                ResourceCopy.location_id == location_id,
                ResourceCopy.kind == ResourceKind.ROOM.value,
                ResourceCopy.active,
            )
            .order_by(ResourceCopy.name, ResourceCopy.id)
        )
        return list(self.session.scalars(query))

    def working_rules_at(self, location: LocationCopy, from_day: date) -> dict[UUID, WorkingRules]:
        """The rules of everybody who has a template or an extra opening at the location, by practitioner, in two queries."""
        templates: dict[UUID, list[ScheduleTemplateRow]] = {}
        query = select(ScheduleTemplateRow).where(
            ScheduleTemplateRow.tenant_id == self.tenant_id, ScheduleTemplateRow.location_id == location.id
        )
        for template in self.session.scalars(query):
            templates.setdefault(template.practitioner_id, []).append(template)
        exceptions = self.session.scalars(
            select(ScheduleExceptionRow).where(
                ScheduleExceptionRow.tenant_id == self.tenant_id,
                or_(ScheduleExceptionRow.location_id == location.id, ScheduleExceptionRow.location_id.is_(None)),
                ScheduleExceptionRow.last_day >= from_day,
            )
        ).all()
        people = {*templates, *(e.practitioner_id for e in exceptions if e.location_id and e.practitioner_id)}
        return {
            person: _rules(
                location,
                templates.get(person, []),
                [one for one in exceptions if one.practitioner_id in (None, person)],
            )
            for person in people
        }

    def catalogue(self, from_day: date) -> Catalogue:
        """Every rule of the tenant; exceptions that ended before ``from_day`` are left out."""
        types = select(AppointmentTypeRow).where(
            AppointmentTypeRow.tenant_id == self.tenant_id, AppointmentTypeRow.active
        )
        locations = {row.id: row for row in self._copies(LocationCopy)}
        practitioners = {row.id: row for row in self._copies(PractitionerCopy)}
        pools: dict[tuple[UUID, Role], list[Resource]] = {}
        for row in self._copies(ResourceCopy):
            pools.setdefault((row.location_id, Role(row.kind, row.resource_class)), []).append(resource_of(row))
        templates: dict[tuple[UUID, UUID], list[ScheduleTemplateRow]] = {}
        for template in self.session.scalars(
            select(ScheduleTemplateRow).where(ScheduleTemplateRow.tenant_id == self.tenant_id)
        ):
            templates.setdefault((template.practitioner_id, template.location_id), []).append(template)
        exceptions = self.session.scalars(
            select(ScheduleExceptionRow).where(
                ScheduleExceptionRow.tenant_id == self.tenant_id, ScheduleExceptionRow.last_day >= from_day
            )
        ).all()
        by_owner: dict[tuple[UUID | None, UUID | None], list[ScheduleExceptionRow]] = {}
        for exception in exceptions:
            by_owner.setdefault((exception.practitioner_id, exception.location_id), []).append(exception)
        pairs = set(templates) | {
            (exception.practitioner_id, exception.location_id)
            for exception in exceptions
            if exception.practitioner_id and exception.location_id
        }
        working = {}
        for practitioner_id, location_id in pairs:
            location = locations.get(location_id)
            if location is None or practitioner_id not in practitioners:
                continue
            relevant = [
                *by_owner.get((None, location_id), ()),
                *by_owner.get((practitioner_id, location_id), ()),
                *by_owner.get((practitioner_id, None), ()),
            ]
            working[practitioner_id, location_id] = _rules(
                location, templates.get((practitioner_id, location_id), []), relevant
            )
        return Catalogue(
            types={row.id: type_of(row) for row in self.session.scalars(types)},
            locations=locations,
            practitioners=practitioners,
            pools={key: tuple(resources) for key, resources in pools.items()},
            working=working,
        )

    def _copies(self, model: type[Any]) -> Sequence[Any]:
        return self.session.scalars(select(model).where(model.tenant_id == self.tenant_id, model.active)).all()

    def tenant_copy(self) -> TenantCopy | None:
        """The tenant's own copy."""
        return self.session.get(TenantCopy, (self.tenant_id,))

    def names(self, model: type[LocationCopy] | type[PractitionerCopy], ids: Iterable[UUID]) -> dict[UUID, str]:
        """Names by id, of those that are known."""
        wanted = list(set(ids))
        query = select(model.id, model.name).where(model.tenant_id == self.tenant_id, model.id.in_(wanted))
        return {row.id: row.name for row in self.session.execute(query)} if wanted else {}

    def patients(self, ids: Iterable[UUID]) -> dict[UUID, PatientCopy]:
        """Copies of patients by id, of those that are known."""
        wanted = list(set(ids))
        query = select(PatientCopy).where(PatientCopy.tenant_id == self.tenant_id, PatientCopy.id.in_(wanted))
        return {row.id: row for row in self.session.scalars(query)} if wanted else {}


def _rules(
    location: LocationCopy, templates: Sequence[ScheduleTemplateRow], exceptions: Sequence[ScheduleExceptionRow]
) -> WorkingRules:
    """Rows are put in the order of their ids, so that equal rules are equal values."""
    ordered = sorted(exceptions, key=lambda row: row.id)
    return WorkingRules(
        zone=location.time_zone,
        hours=windows_of(location.hours),
        templates=tuple(template_of(row) for row in sorted(templates, key=lambda row: row.id)),
        location_exceptions=tuple(exception_of(row) for row in ordered if row.practitioner_id is None),
        practitioner_exceptions=tuple(exception_of(row) for row in ordered if row.practitioner_id is not None),
    )
