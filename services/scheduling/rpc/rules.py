"""Appointment types, templates, exceptions."""

from __future__ import annotations

from google.protobuf.field_mask_pb2 import FieldMask
from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from chassis.masks import merged
from chassis.protos import identifier, optional_date, optional_identifier
from scheduling.domain.appointment_types import (
    DEFAULT_START_EVERY_MINUTES,
    AppointmentType,
    ClearanceKind,
    Modality,
    OnlineRules,
    PatientKind,
    Role,
)
from scheduling.domain.availability import DEFAULT_HORIZON_DAYS, ExceptionKind, WeeklyWindow
from scheduling.domain.limits import VisitLimits
from scheduling.rpc import messages, rule_messages
from scheduling.usecases import appointment_types, schedules
from scheduling.usecases.schedules import NewException, NewTemplate, TemplateView

FIXED_IN_TYPE = frozenset({"appointment_type_id", "version"})
FIXED_IN_TEMPLATE = frozenset({"schedule_template_id", "practitioner_id", "location_id", "version"})


class RulesRpc:
    """What can be booked, and when people work."""

    def CreateAppointmentType(self, request: pb.CreateAppointmentTypeRequest, call: Call) -> pb.AppointmentType:
        request.appointment_type.appointment_type_id = str(call.new_id())
        request.appointment_type.active = True
        return rule_messages.appointment_type(appointment_types.create(call, _type(request.appointment_type)))

    def UpdateAppointmentType(self, request: pb.UpdateAppointmentTypeRequest, call: Call) -> pb.AppointmentType:
        type_id = identifier(request.appointment_type_id)
        current = rule_messages.appointment_type(appointment_types.get(call, type_id))
        whole = merged(current, request.appointment_type, request.update_mask, fixed=FIXED_IN_TYPE)
        return rule_messages.appointment_type(appointment_types.update(call, _type(whole), request.version))

    def GetAppointmentType(self, request: pb.GetAppointmentTypeRequest, call: Call) -> pb.AppointmentType:
        return rule_messages.appointment_type(appointment_types.get(call, identifier(request.appointment_type_id)))

    def ListAppointmentTypes(
        self, request: pb.ListAppointmentTypesRequest, call: Call
    ) -> pb.ListAppointmentTypesResponse:
        rows, token = appointment_types.list_types(
            call,
            include_inactive=request.include_inactive,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListAppointmentTypesResponse(
            appointment_types=[rule_messages.appointment_type(row) for row in rows], next_page_token=token
        )

    def ListOnlineVisits(self, request: pb.ListOnlineVisitsRequest, call: Call) -> pb.ListOnlineVisitsResponse:
        tenant_id = identifier(request.tenant_id)
        rows, token = appointment_types.list_online(call, tenant_id, request.page_size, request.page_token)
        return pb.ListOnlineVisitsResponse(
            online_visits=[rule_messages.online_visit(row) for row in rows], next_page_token=token
        )

    def CreateScheduleTemplate(self, request: pb.CreateScheduleTemplateRequest, call: Call) -> pb.ScheduleTemplate:
        return rule_messages.template(schedules.create_template(call, _new_template(request.template)))

    def UpdateScheduleTemplate(
        self, request: pb.UpdateScheduleTemplateRequest, call: Call
    ) -> pb.ScheduleTemplateChange:
        view, affected = schedules.update_template(
            call,
            identifier(request.schedule_template_id),
            request.version,
            lambda current: _changed_template(current, request.template, request.update_mask),
            validate_only=request.validate_only,
        )
        return pb.ScheduleTemplateChange(template=rule_messages.template(view), **messages.affected(affected))

    def DeleteScheduleTemplate(
        self, request: pb.DeleteScheduleTemplateRequest, call: Call
    ) -> pb.ScheduleTemplateChange:
        view, affected = schedules.delete_template(
            call, identifier(request.schedule_template_id), request.version, validate_only=request.validate_only
        )
        return pb.ScheduleTemplateChange(template=rule_messages.template(view), **messages.affected(affected))

    def GetScheduleTemplate(self, request: pb.GetScheduleTemplateRequest, call: Call) -> pb.ScheduleTemplate:
        return rule_messages.template(schedules.get_template(call, identifier(request.schedule_template_id)))

    def ListScheduleTemplates(
        self, request: pb.ListScheduleTemplatesRequest, call: Call
    ) -> pb.ListScheduleTemplatesResponse:
        views, token = schedules.list_templates(
            call,
            optional_identifier(request.practitioner_id),
            optional_identifier(request.location_id),
            request.page_size,
            request.page_token,
        )
        return pb.ListScheduleTemplatesResponse(
            templates=[rule_messages.template(view) for view in views], next_page_token=token
        )

    def CreateScheduleException(
        self, request: pb.CreateScheduleExceptionRequest, call: Call
    ) -> pb.ScheduleExceptionChange:
        new = _new_exception(request.exception)
        view, affected = schedules.create_exception(call, new, validate_only=request.validate_only)
        return pb.ScheduleExceptionChange(exception=messages.exception(view), **messages.affected(affected))

    def DeleteScheduleException(
        self, request: pb.DeleteScheduleExceptionRequest, call: Call
    ) -> pb.ScheduleExceptionChange:
        view, affected = schedules.delete_exception(call, identifier(request.schedule_exception_id))
        return pb.ScheduleExceptionChange(exception=messages.exception(view), **messages.affected(affected))

    def ListScheduleExceptions(
        self, request: pb.ListScheduleExceptionsRequest, call: Call
    ) -> pb.ListScheduleExceptionsResponse:
        first_day, last_day = messages.days_of(request.dates)
        views, token = schedules.list_exceptions(
            call,
            optional_identifier(request.practitioner_id),
            optional_identifier(request.location_id),
            first_day,
            last_day,
            request.page_size,
            request.page_token,
        )
        return pb.ListScheduleExceptionsResponse(
            exceptions=[messages.exception(view) for view in views], next_page_token=token
        )


def _type(message: pb.AppointmentType) -> AppointmentType:
    return AppointmentType(
        id=identifier(message.appointment_type_id),
        code=message.code,
        name=message.name,
        duration_minutes=message.duration_minutes,
        modality=Modality(message.modality or Modality.IN_PERSON.value),
        practitioner_durations={
            identifier(one.practitioner_id): one.duration_minutes for one in message.practitioner_durations
        },
        practitioner_new_patient_minutes={
            identifier(one.practitioner_id): one.new_patient_minutes
            for one in message.practitioner_durations
            if one.new_patient_minutes
        },
        buffer_before_minutes=message.buffer_before_minutes,
        buffer_after_minutes=message.buffer_after_minutes,
        roles=tuple(
            Role(role.kind, role.resource_class, role.buffer_before_minutes, role.buffer_after_minutes)
            for role in message.roles
        ),
        online_bookable=message.online_bookable,
        minimum_notice_minutes=message.minimum_notice_minutes,
        horizon_days=message.horizon_days or DEFAULT_HORIZON_DAYS,
        start_every_minutes=message.start_every_minutes or DEFAULT_START_EVERY_MINUTES,
        practitioner_ids=frozenset(map(identifier, message.practitioner_ids)),
        active=message.active,
        new_patient_minutes=message.new_patient_minutes,
        sessions=frozenset(message.sessions),
        session_only=message.session_only,
        practitioner_limits=VisitLimits(message.practitioner_limits.per_day, message.practitioner_limits.per_week),
        patient_limits=VisitLimits(message.patient_limits.per_day, message.patient_limits.per_week),
        patient_upcoming=message.patient_upcoming,
        online=OnlineRules(
            min_age=message.online_rules.min_age,
            max_age=message.online_rules.max_age,
            patients=PatientKind(message.online_rules.patients),
            payer_codes=frozenset(message.online_rules.payer_codes),
            clearances=tuple((ClearanceKind(one.kind), one.code) for one in message.online_rules.clearances),
        ),
    )


def _new_template(message: pb.ScheduleTemplate) -> NewTemplate:
    required = [
        Violation(f"template.{field}", "is required")
        for field in ("practitioner_id", "location_id")
        if not getattr(message, field)
    ]
    if required:
        raise InvalidInput(required)
    first, last = messages.days_of(message.effective, "template.effective")
    return NewTemplate(
        practitioner_id=identifier(message.practitioner_id),
        location_id=identifier(message.location_id),
        effective_from=first,
        effective_to=last,
        windows=tuple(
            WeeklyWindow(w.weekday, w.starts_minute, w.ends_minute, w.week, w.session, w.release_minutes)
            for w in message.windows
        ),
        cycle_weeks=message.cycle_weeks or 1,
        cycle_starts=optional_date(message.cycle_starts, "template.cycle_starts"),
        overbooking=message.overbooking,
        overbooking_by_risk=message.overbooking_by_risk,
    )


def _changed_template(current: TemplateView, update: pb.ScheduleTemplate, mask: FieldMask) -> NewTemplate:
    return _new_template(merged(rule_messages.template(current), update, mask, fixed=FIXED_IN_TEMPLATE))


def _new_exception(message: pb.ScheduleException) -> NewException:
    first, last = messages.days_of(message.dates, "exception.dates")
    if first is None or last is None:
        missing = [name for name, day in (("start", first), ("end", last)) if day is None]
        raise InvalidInput([Violation(f"exception.dates.{name}", "is required") for name in missing])
    return NewException(
        kind=ExceptionKind(message.kind),
        practitioner_id=optional_identifier(message.practitioner_id),
        location_id=optional_identifier(message.location_id),
        first_day=first,
        last_day=last,
        starts_minute=message.starts_minute,
        ends_minute=message.ends_minute,
        reason=message.reason,
    )
