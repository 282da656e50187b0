"""Rows ↔ the domain's values of rules: what JSON columns hold is written and read here only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from scheduling.domain.appointment_types import (
    AppointmentType,
    ClearanceKind,
    Modality,
    OnlineRules,
    PatientKind,
    ResourceKind,
    Role,
)
from scheduling.domain.availability import DayException, ExceptionKind, Template, WeeklyWindow
from scheduling.domain.cells import cells_of
from scheduling.domain.limits import ResourceRule, VisitLimits
from scheduling.domain.people import Clinician, Licence, primary
from scheduling.domain.resources import Resource
from scheduling.tables import (
    AppointmentTypeRow,
    PractitionerCopy,
    ResourceCopy,
    ScheduleExceptionRow,
    ScheduleTemplateRow,
)
from scheduling.tables_availability import ResourceRuleRow

NO_RULE = ResourceRule()


def type_of(row: AppointmentTypeRow) -> AppointmentType:
    """The domain's value of a stored appointment type."""
    rules = row.rules or {}
    online = rules.get("online", {})
    return AppointmentType(
        id=row.id,
        code=row.code,
        name=row.name,
        duration_minutes=row.duration_minutes,
        modality=Modality(row.modality),
        practitioner_durations=_by_id(row.practitioner_durations),
        buffer_before_minutes=row.buffer_before_minutes,
        buffer_after_minutes=row.buffer_after_minutes,
        roles=tuple(Role(*role) for role in row.roles),
        online_bookable=row.online_bookable,
        minimum_notice_minutes=row.minimum_notice_minutes,
        horizon_days=row.horizon_days,
        start_every_minutes=row.start_every_minutes,
        practitioner_ids=frozenset(map(UUID, row.practitioner_ids)),
        active=row.active,
        new_patient_minutes=rules.get("new_patient_minutes", 0),
        practitioner_new_patient_minutes=_by_id(rules.get("practitioner_new_patient_minutes", {})),
        sessions=frozenset(rules.get("sessions", ())),
        session_only=rules.get("session_only", False),
        practitioner_limits=VisitLimits(*rules.get("practitioner_limits", ())),
        patient_limits=VisitLimits(*rules.get("patient_limits", ())),
        patient_upcoming=rules.get("patient_upcoming", 0),
        online=OnlineRules(
            min_age=online.get("min_age", 0),
            max_age=online.get("max_age", 0),
            patients=PatientKind(online.get("patients", 0)),
            payer_codes=frozenset(online.get("payer_codes", ())),
            clearances=tuple((ClearanceKind(kind), code) for kind, code in online.get("clearances", ())),
        ),
    )


def columns_of(kind: AppointmentType) -> dict[str, Any]:
    """The stored columns of a type."""
    online = kind.online
    return {
        "code": kind.code,
        "name": kind.name.strip(),
        "duration_minutes": kind.duration_minutes,
        "modality": kind.modality.value,
        "practitioner_durations": {str(key): minutes for key, minutes in kind.practitioner_durations.items()},
        "buffer_before_minutes": kind.buffer_before_minutes,
        "buffer_after_minutes": kind.buffer_after_minutes,
        "roles": [
            [role.kind_number, role.resource_class, role.buffer_before_minutes, role.buffer_after_minutes]
            for role in kind.roles
        ],
        "online_bookable": kind.online_bookable,
        "minimum_notice_minutes": kind.minimum_notice_minutes,
        "horizon_days": kind.horizon_days,
        "start_every_minutes": kind.start_every_minutes,
        "practitioner_ids": sorted(map(str, kind.practitioner_ids)),
        "active": kind.active,
        "rules": {
            "new_patient_minutes": kind.new_patient_minutes,
            "practitioner_new_patient_minutes": {
                str(key): minutes for key, minutes in kind.practitioner_new_patient_minutes.items()
            },
            "sessions": sorted(kind.sessions),
            "session_only": kind.session_only,
            "practitioner_limits": [kind.practitioner_limits.per_day, kind.practitioner_limits.per_week],
            "patient_limits": [kind.patient_limits.per_day, kind.patient_limits.per_week],
            "patient_upcoming": kind.patient_upcoming,
            "online": {
                "min_age": online.min_age,
                "max_age": online.max_age,
                "patients": online.patients.value,
                "payer_codes": sorted(online.payer_codes),
                "clearances": [[clearance.value, code] for clearance, code in online.clearances],
            },
        },
    }


def windows_of(rows: Iterable[Any]) -> tuple[WeeklyWindow, ...]:
    """[[weekday, starts, ends, …]] → windows."""
    return tuple(WeeklyWindow(*row) for row in rows)


def stored_windows(windows: Iterable[WeeklyWindow]) -> list[list[Any]]:
    """Windows → [[weekday, starts, ends, week, session, release]]."""
    return [[w.weekday, w.starts_minute, w.ends_minute, w.week, w.session, w.release_minutes] for w in windows]


def template_of(row: ScheduleTemplateRow) -> Template:
    """The domain's value of a stored template."""
    return Template(
        windows_of(row.windows),
        row.effective_from,
        row.effective_to,
        cycle_weeks=row.cycle_weeks,
        cycle_starts=row.cycle_starts,
        overbooking=row.overbooking,
        overbooking_by_risk=row.overbooking_by_risk,
    )


def exception_of(row: ScheduleExceptionRow) -> DayException:
    """The domain's value of a stored exception."""
    return DayException(ExceptionKind(row.kind), row.first_day, row.last_day, row.starts_minute, row.ends_minute)


def rule_of(row: ResourceRuleRow | None) -> ResourceRule:
    """The domain's value of what a clinic set for one resource; none is no rule."""
    if row is None:
        return NO_RULE
    limits = VisitLimits(row.visits_per_day, row.visits_per_week)
    return ResourceRule(row.buffer_before_minutes, row.buffer_after_minutes, limits)


def resource_of(row: ResourceCopy, rule: ResourceRule = NO_RULE) -> Resource:
    """The domain's value of a room or device."""
    before, after = cells_of(rule.buffer_before_minutes), cells_of(rule.buffer_after_minutes)
    return Resource(row.id, ResourceKind(row.kind), row.capacity, row.resource_class, before, after)


def person_of(practitioner_id: UUID, rule: ResourceRule = NO_RULE) -> Resource:
    """A practitioner as something that can be taken."""
    before, after = cells_of(rule.buffer_before_minutes), cells_of(rule.buffer_after_minutes)
    return Resource(practitioner_id, ResourceKind.PRACTITIONER, before=before, after=after)


def clinician_of(row: PractitionerCopy) -> Clinician:
    """What the directory tells of a practitioner."""
    return Clinician(
        row.id,
        frozenset(specialty.casefold() for specialty in row.specialties),
        frozenset(map(primary, row.languages)),
        tuple(Licence(state, _day(first), _day(last)) for state, first, last in row.licences or ()),
    )


def stored_licences(licences: Iterable[Licence]) -> list[list[str | None]]:
    """Licences → [[state, first day, last day]]."""
    return [
        [
            one.state,
            one.first_day.isoformat() if one.first_day else None,
            one.last_day.isoformat() if one.last_day else None,
        ]
        for one in licences
    ]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _by_id(stored: dict[str, int]) -> dict[UUID, int]:
    return {UUID(key): minutes for key, minutes in stored.items()}
