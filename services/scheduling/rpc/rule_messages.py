"""Appointment types and templates as messages."""

from __future__ import annotations

from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.protos import date_message
from scheduling.domain.appointment_types import AppointmentType, OnlineRules
from scheduling.domain.limits import VisitLimits
from scheduling.published import number
from scheduling.rpc.messages import dates
from scheduling.stores.rows import type_of
from scheduling.tables import AppointmentTypeRow
from scheduling.usecases.schedules import TemplateView


def online_visit(row: AppointmentTypeRow) -> pb.OnlineVisit:
    return pb.OnlineVisit(
        appointment_type_id=str(row.id),
        name=row.name,
        duration_minutes=row.duration_minutes,
        modality=number(row.modality),
        practitioner_ids=list(map(str, row.practitioner_ids)),
    )


def appointment_type(row: AppointmentTypeRow) -> pb.AppointmentType:
    kind = type_of(row)
    return pb.AppointmentType(
        appointment_type_id=str(kind.id),
        code=kind.code,
        name=kind.name,
        duration_minutes=kind.duration_minutes,
        practitioner_durations=_durations(kind),
        modality=number(kind.modality.value),
        buffer_before_minutes=kind.buffer_before_minutes,
        buffer_after_minutes=kind.buffer_after_minutes,
        roles=[
            pb.ResourceRole(
                kind=number(role.kind_number),
                resource_class=role.resource_class,
                buffer_before_minutes=role.buffer_before_minutes,
                buffer_after_minutes=role.buffer_after_minutes,
            )
            for role in kind.roles
        ],
        online_bookable=kind.online_bookable,
        minimum_notice_minutes=kind.minimum_notice_minutes,
        horizon_days=kind.horizon_days,
        start_every_minutes=kind.start_every_minutes,
        practitioner_ids=sorted(map(str, kind.practitioner_ids)),
        active=kind.active,
        version=row.version,
        new_patient_minutes=kind.new_patient_minutes,
        sessions=sorted(kind.sessions),
        session_only=kind.session_only,
        practitioner_limits=limits(kind.practitioner_limits),
        patient_limits=limits(kind.patient_limits),
        patient_upcoming=kind.patient_upcoming,
        online_rules=_online(kind.online),
    )


def _durations(kind: AppointmentType) -> list[pb.PractitionerDuration]:
    people = sorted({*kind.practitioner_durations, *kind.practitioner_new_patient_minutes})
    return [
        pb.PractitionerDuration(
            practitioner_id=str(person),
            duration_minutes=kind.practitioner_durations.get(person, kind.duration_minutes),
            new_patient_minutes=kind.practitioner_new_patient_minutes.get(person, 0),
        )
        for person in people
    ]


def limits(value: VisitLimits) -> pb.VisitLimits | None:
    """Limits, unset when there are none."""
    return pb.VisitLimits(per_day=value.per_day, per_week=value.per_week) if value else None


def _online(rules: OnlineRules) -> pb.OnlineRules | None:
    if not rules:
        return None
    return pb.OnlineRules(
        min_age=rules.min_age,
        max_age=rules.max_age,
        patients=number(rules.patients.value),
        payer_codes=sorted(rules.payer_codes),
        clearances=[pb.ClearanceNeed(kind=number(kind.value), code=code) for kind, code in rules.clearances],
    )


def template(view: TemplateView) -> pb.ScheduleTemplate:
    return pb.ScheduleTemplate(
        schedule_template_id=str(view.id),
        practitioner_id=str(view.practitioner_id),
        location_id=str(view.location_id),
        effective=dates(view.effective_from, view.effective_to),
        windows=[
            pb.WeeklyWindow(
                weekday=w.weekday,
                starts_minute=w.starts_minute,
                ends_minute=w.ends_minute,
                week=w.week,
                session=w.session,
                release_minutes=w.release_minutes,
            )
            for w in view.windows
        ],
        version=view.version,
        cycle_weeks=view.cycle_weeks if view.cycle_weeks > 1 else 0,
        cycle_starts=date_message(view.cycle_starts),
        overbooking=view.overbooking,
        overbooking_by_risk=view.overbooking_by_risk,
    )
