"""Changes of availability that move visits."""

from __future__ import annotations

from uuid import UUID

from google.protobuf import json_format
from google.protobuf.message import Message
from polyclinic.scheduling.v1 import rebooking_pb2 as pb
from polyclinic.scheduling.v1 import scheduling_pb2

from chassis.call import Call
from chassis.protos import identifier, timestamp
from scheduling.published import number
from scheduling.rpc import messages
from scheduling.rpc.rules import RulesRpc
from scheduling.tables_rebooking import Rebooking
from scheduling.usecases import rebooking
from scheduling.usecases.rebooking import Change, ChangeKind, Made, PlanView

RULES = RulesRpc()


class RebookingsRpc:
    """Every RPC of polyclinic.scheduling.v1.Rebookings."""

    def PlanRebooking(self, request: pb.PlanRebookingRequest, call: Call) -> pb.Rebooking:
        view = rebooking.plan(call, _change(request), request.within_days, others=request.others_allowed)
        return _plan(view)

    def ApplyRebooking(self, request: pb.ApplyRebookingRequest, call: Call) -> pb.Rebooking:
        leave = {identifier(one) for one in request.leave_appointment_ids}
        rebooking_id = identifier(request.rebooking_id)
        return _plan(rebooking.apply(call, rebooking_id, request.version, leave, lambda row: _change(_asked(row))))

    def UndoRebooking(self, request: pb.UndoRebookingRequest, call: Call) -> pb.Rebooking:
        return _plan(rebooking.undo(call, identifier(request.rebooking_id), request.version))

    def GetRebooking(self, request: pb.GetRebookingRequest, call: Call) -> pb.Rebooking:
        return _plan(rebooking.get(call, identifier(request.rebooking_id)))

    def ListRebookings(self, request: pb.ListRebookingsRequest, call: Call) -> pb.ListRebookingsResponse:
        rows, token = rebooking.list_rebookings(call, request.page_size, request.page_token)
        return pb.ListRebookingsResponse(rebookings=[_summary(row) for row in rows], next_page_token=token)


def _change(request: pb.PlanRebookingRequest) -> Change:
    """The change as something that can be made, taken back and made again."""
    stored = json_format.MessageToDict(request, preserving_proto_field_name=True)
    asked = request.WhichOneof("change")
    if asked == "create_exception":
        create = request.create_exception
        return Change(ChangeKind.CREATE_EXCEPTION, stored, None, lambda call: _made_exception(call, create))
    change = request.update_template if asked == "update_template" else request.delete_template
    kind = ChangeKind.UPDATE_TEMPLATE if asked == "update_template" else ChangeKind.DELETE_TEMPLATE
    template_id = identifier(change.schedule_template_id)
    return Change(kind, stored, template_id, lambda call: _made_template(call, change, template_id))


def _made_exception(call: Call, asked: scheduling_pb2.CreateScheduleExceptionRequest) -> Made:
    change = RULES.CreateScheduleException(_for_real(asked), call)
    return identifier(change.exception.schedule_exception_id), list(map(UUID, change.affected_appointment_ids))


def _made_template(call: Call, asked: Message, template_id: UUID) -> Made:
    if isinstance(asked, scheduling_pb2.UpdateScheduleTemplateRequest):
        change = RULES.UpdateScheduleTemplate(_for_real(asked), call)
    else:
        change = RULES.DeleteScheduleTemplate(_for_real(asked), call)
    return template_id, list(map(UUID, change.affected_appointment_ids))


def _for_real(asked: Message) -> Message:
    """The same request, not only to be validated."""
    request = type(asked)()
    request.CopyFrom(asked)
    request.validate_only = False
    return request


def _asked(row: Rebooking) -> pb.PlanRebookingRequest:
    request = pb.PlanRebookingRequest()
    json_format.ParseDict(row.change, request)
    return request


def _summary(row: Rebooking) -> pb.Rebooking:
    return pb.Rebooking(
        rebooking_id=str(row.id),
        status=number(row.status),
        planned_at=timestamp(row.planned_at),
        applied_at=timestamp(row.applied_at),
        undone_at=timestamp(row.undone_at),
        version=row.version,
        change=_asked(row),
    )


def _plan(view: PlanView) -> pb.Rebooking:
    found = _summary(view.row)
    found.items.extend(
        pb.RebookingItem(
            appointment=messages.appointment(visit),
            from_start=timestamp(item.from_start),
            from_practitioner_id=str(item.from_practitioner_id),
            from_location_id=str(item.from_location_id),
            to_start=timestamp(item.to_start),
            to_practitioner_id=messages.text(item.to_practitioner_id),
            to_location_id=messages.text(item.to_location_id),
            explanation=item.explanation,
            outcome=number(item.outcome),
        )
        for item, visit in view.items
    )
    return found
