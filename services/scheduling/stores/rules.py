"""Rules and copies: appointment types, templates, exceptions, rules of single resources, and what other services told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Date, Select, and_, cast, inspect, literal, null, or_, select, union_all

from chassis.store import BaseStore, among
from scheduling.domain.appointment_types import ROLES_OF_HELPERS, ROLES_OF_THINGS, AppointmentType, ResourceKind, Role
from scheduling.domain.availability import DayException, ExceptionKind, WorkingRules
from scheduling.domain.cells import Span, day_cell
from scheduling.domain.limits import ResourceRule, VisitLimits
from scheduling.domain.people import INTERPRETER, Clinician
from scheduling.domain.resources import Resource
from scheduling.stores.rows import (
    clinician_of,
    exception_of,
    resource_of,
    rule_of,
    template_of,
    type_of,
    windows_of,
)
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
from scheduling.tables_availability import PractitionerPool, ResourceRuleRow
from scheduling.tables_calendars import BusyTime

__all__ = ["type_of"]

# In the query of all that narrows a practitioner's time: rows that are no exceptions.
_BUSY, _RULE = -1, -2
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
    # Of single practitioners, rooms, devices and locations; those without are left out.
    rules: dict[UUID, ResourceRule] = field(default_factory=dict)
    # The directory's facts of the practitioners.
    clinicians: dict[UUID, Clinician] = field(default_factory=dict)
    # Weights by practitioner, by pool.
    practitioner_pools: dict[UUID, dict[UUID, int]] = field(default_factory=dict)


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
        return self.rules_for(practitioner_id, location, from_day)[0]

    def rules_for(
        self, practitioner_id: UUID, location: LocationCopy, from_day: date
    ) -> tuple[WorkingRules, ResourceRule, ResourceRule]:
        """The working rules from this day on, and the rules of the practitioner and of the location; in two queries."""
        templates = select(ScheduleTemplateRow).where(
            ScheduleTemplateRow.tenant_id == self.tenant_id,
            ScheduleTemplateRow.practitioner_id == practitioner_id,
            ScheduleTemplateRow.location_id == location.id,
        )
        exceptions, busy, rules = [], [], {}
        for row in self.session.execute(self._narrowing(practitioner_id, location.id, from_day)):
            if row.kind == _BUSY:
                busy.append(Span(row.one, row.two))
            elif row.kind == _RULE:
                rules[row.id] = ResourceRule(row.one, row.two, VisitLimits(row.three, row.four))
            else:
                exceptions.append((row.id, row.practitioner_id, _exception(row)))
        working = WorkingRules(
            zone=location.time_zone,
            hours=windows_of(location.hours),
            templates=tuple(template_of(t) for t in sorted(self.session.scalars(templates), key=lambda t: t.id)),
            location_exceptions=tuple(e for _, owner, e in sorted(exceptions, key=lambda x: x[0]) if owner is None),
            practitioner_exceptions=tuple(e for _, owner, e in sorted(exceptions, key=lambda x: x[0]) if owner),
            busy=tuple(sorted(busy)),
        )
        return working, rules.get(practitioner_id, rule_of(None)), rules.get(location.id, rule_of(None))

    def _narrowing(self, practitioner_id: UUID, location_id: UUID, from_day: date) -> Select[Any]:
        """Everything beside templates that narrows a practitioner's time at a location, as rows of one shape: a booking asks once."""
        exception, rule = ScheduleExceptionRow, ResourceRuleRow
        no_day = cast(null(), Date)
        found = union_all(
            select(
                exception.kind.label("kind"),
                exception.id.label("id"),
                exception.practitioner_id.label("practitioner_id"),
                exception.first_day.label("first_day"),
                exception.last_day.label("last_day"),
                exception.starts_minute.label("one"),
                exception.ends_minute.label("two"),
                literal(0).label("three"),
                literal(0).label("four"),
            ).where(
                exception.tenant_id == self.tenant_id,
                or_(
                    exception.location_id == location_id,
                    and_(exception.location_id.is_(None), exception.practitioner_id == practitioner_id),
                ),
                or_(exception.practitioner_id.is_(None), exception.practitioner_id == practitioner_id),
                exception.last_day >= from_day,
            ),
            select(
                literal(_BUSY), BusyTime.id, BusyTime.practitioner_id, no_day, no_day,
                BusyTime.first_cell, BusyTime.end_cell, literal(0), literal(0),
            ).where(
                BusyTime.tenant_id == self.tenant_id,
                BusyTime.practitioner_id == practitioner_id,
                BusyTime.end_cell > day_cell(from_day),
            ),
            select(
                literal(_RULE), rule.id, rule.id, no_day, no_day,
                rule.buffer_before_minutes, rule.buffer_after_minutes, rule.visits_per_day, rule.visits_per_week,
            ).where(rule.tenant_id == self.tenant_id, among(rule.id, [practitioner_id, location_id])),
        ).subquery()  # fmt: skip
        return select(found)

    def pools(self, location_id: UUID, roles: Sequence[Role]) -> dict[Role, list[Resource]]:
        """The live rooms and devices of a location that can fill these roles."""
        things = [role for role in roles if role.kind in ROLES_OF_THINGS]
        if not things:
            return {}
        query = (
            select(ResourceCopy, ResourceRuleRow)
            .outerjoin(
                ResourceRuleRow,
                and_(ResourceRuleRow.tenant_id == ResourceCopy.tenant_id, ResourceRuleRow.id == ResourceCopy.id),
            )
            .where(
                ResourceCopy.tenant_id == self.tenant_id,
                ResourceCopy.location_id == location_id,
                ResourceCopy.active,
                among(ResourceCopy.resource_class, [role.resource_class for role in things]),
            )
        )
        found: dict[Role, list[Resource]] = {role: [] for role in things}
        for row, rule in self.session.execute(query):
            found.get(Role(row.kind, row.resource_class), []).append(resource_of(row, rule_of(rule)))
        return found

    def helpers(self, roles: Sequence[Role]) -> list[PractitionerCopy]:
        """The live practitioners who could fill one of these roles beside the visit's own; few, so they are read whole."""
        wanted = {
            INTERPRETER if role.kind is ResourceKind.INTERPRETER else role.resource_class.casefold()
            for role in roles
            if role.kind in ROLES_OF_HELPERS
        }
        if not wanted:
            return []
        everybody: Sequence[PractitionerCopy] = self._copies(PractitionerCopy)
        return [one for one in everybody if wanted & {specialty.casefold() for specialty in one.specialties}]

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
        busy = self.busy_from(from_day, people)
        return {
            person: _rules(
                location,
                templates.get(person, []),
                [one for one in exceptions if one.practitioner_id in (None, person)],
                busy.get(person, ()),
            )
            for person in people
        }

    def catalogue(self, from_day: date) -> Catalogue:
        """Every rule of the tenant; exceptions that ended before ``from_day`` are left out."""
        types = select(AppointmentTypeRow).where(
            AppointmentTypeRow.tenant_id == self.tenant_id, AppointmentTypeRow.active
        )
        locations = {row.id: _kept(row) for row in self._copies(LocationCopy)}
        practitioners = {row.id: _kept(row) for row in self._copies(PractitionerCopy)}
        rules = {
            row.id: rule_of(row)
            for row in self.session.scalars(select(ResourceRuleRow).where(ResourceRuleRow.tenant_id == self.tenant_id))
        }
        pools: dict[tuple[UUID, Role], list[Resource]] = {}
        for row in self._copies(ResourceCopy):
            resource = resource_of(row, rules.get(row.id, rule_of(None)))
            pools.setdefault((row.location_id, Role(row.kind, row.resource_class)), []).append(resource)
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
        busy = self.busy_from(from_day)
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
                location,
                templates.get((practitioner_id, location_id), []),
                relevant,
                busy.get(practitioner_id, ()),
            )
        return Catalogue(
            types={row.id: type_of(row) for row in self.session.scalars(types)},
            locations=locations,
            practitioners=practitioners,
            pools={key: tuple(resources) for key, resources in pools.items()},
            working=working,
            rules=rules,
            clinicians={row.id: clinician_of(row) for row in practitioners.values()},
            practitioner_pools={
                row.id: {UUID(member): weight for member, weight in row.members}
                for row in self.session.scalars(
                    select(PractitionerPool).where(PractitionerPool.tenant_id == self.tenant_id)
                )
            },
        )

    def busy_from(self, from_day: date, people: Iterable[UUID] | None = None) -> dict[UUID, list[Span]]:
        """When practitioners (None: all) are busy elsewhere from this day on, by practitioner."""
        query = select(BusyTime.practitioner_id, BusyTime.first_cell, BusyTime.end_cell).where(
            BusyTime.tenant_id == self.tenant_id, BusyTime.end_cell > day_cell(from_day)
        )
        if people is not None:
            query = query.where(among(BusyTime.practitioner_id, people))
        found: dict[UUID, list[Span]] = {}
        for practitioner_id, first, end in self.session.execute(query):
            found.setdefault(practitioner_id, []).append(Span(first, end))
        return found

    def _copies(self, model: type[Any]) -> Sequence[Any]:
        return self.session.scalars(select(model).where(model.tenant_id == self.tenant_id, model.active)).all()

    def tenant_copy(self) -> TenantCopy | None:
        """The tenant's own copy."""
        return self.session.get(TenantCopy, (self.tenant_id,))

    def names(self, model: type[LocationCopy] | type[PractitionerCopy], ids: Iterable[UUID]) -> dict[UUID, str]:
        """Names by id, of those that are known."""
        wanted = list(set(ids))
        query = select(model.id, model.name).where(model.tenant_id == self.tenant_id, among(model.id, wanted))
        return {row.id: row.name for row in self.session.execute(query)} if wanted else {}

    def patients(self, ids: Iterable[UUID]) -> dict[UUID, PatientCopy]:
        """Copies of patients by id, of those that are known."""
        wanted = list(set(ids))
        query = select(PatientCopy).where(PatientCopy.tenant_id == self.tenant_id, among(PatientCopy.id, wanted))
        return {row.id: row for row in self.session.scalars(query)} if wanted else {}


def _kept(row: Copy) -> Copy:
    """The row as a process may keep it: one that its session has let go of, and that a rollback there takes nothing away from."""
    return type(row)(**{attribute.key: getattr(row, attribute.key) for attribute in inspect(type(row)).column_attrs})


def _rules(
    location: LocationCopy,
    templates: Sequence[ScheduleTemplateRow],
    exceptions: Sequence[ScheduleExceptionRow],
    busy: Sequence[Span] = (),
) -> WorkingRules:
    """Rows are put in the order of their ids, so that equal rules are equal values."""
    ordered = sorted(exceptions, key=lambda row: row.id)
    return WorkingRules(
        zone=location.time_zone,
        hours=windows_of(location.hours),
        templates=tuple(template_of(row) for row in sorted(templates, key=lambda row: row.id)),
        location_exceptions=tuple(exception_of(row) for row in ordered if row.practitioner_id is None),
        practitioner_exceptions=tuple(exception_of(row) for row in ordered if row.practitioner_id is not None),
        busy=tuple(sorted(busy)),
    )


def _exception(row: Any) -> DayException:
    return DayException(ExceptionKind(row.kind), row.first_day, row.last_day, row.one, row.two)
