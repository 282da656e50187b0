"""The flow of visits, the day's board, requests to reschedule."""

from __future__ import annotations

from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, optional_date, optional_identifier
from scheduling.domain.visits import Step
from scheduling.rpc import messages
from scheduling.usecases import reschedules, visits


class VisitsRpc:
    """From arrival to check-out."""

    def Arrive(self, request: pb.VisitStepRequest, call: Call) -> pb.Appointment:
        return _step(call, Step.ARRIVE, request)

    def CheckIn(self, request: pb.VisitStepRequest, call: Call) -> pb.Appointment:
        return _step(call, Step.CHECK_IN, request)

    def Room(self, request: pb.RoomRequest, call: Call) -> pb.Appointment:
        room_id = optional_identifier(request.room_id)
        appointment_id = identifier(request.appointment_id)
        return messages.appointment(visits.take_step(call, Step.ROOM, appointment_id, request.version, room_id))

    def Seen(self, request: pb.VisitStepRequest, call: Call) -> pb.Appointment:
        return _step(call, Step.SEE, request)

    def CheckOut(self, request: pb.VisitStepRequest, call: Call) -> pb.Appointment:
        return _step(call, Step.CHECK_OUT, request)

    def NoShow(self, request: pb.VisitStepRequest, call: Call) -> pb.Appointment:
        return _step(call, Step.NO_SHOW, request)

    def Left(self, request: pb.VisitStepRequest, call: Call) -> pb.Appointment:
        return _step(call, Step.LEAVE, request)

    def UndoVisitStep(self, request: pb.VisitStepRequest, call: Call) -> pb.Appointment:
        return messages.appointment(visits.undo(call, identifier(request.appointment_id), request.version))

    def GetDay(self, request: pb.GetDayRequest, call: Call) -> pb.Day:
        return messages.day(visits.get_day(call, identifier(request.location_id), optional_date(request.date)))

    def ListRescheduleRequests(
        self, request: pb.ListRescheduleRequestsRequest, call: Call
    ) -> pb.ListRescheduleRequestsResponse:
        found, token = reschedules.list_requests(
            call,
            optional_identifier(request.location_id),
            request.include_closed,
            request.page_size,
            request.page_token,
        )
        return pb.ListRescheduleRequestsResponse(
            requests=[messages.reschedule_request(row, view) for row, view in found], next_page_token=token
        )

    def CloseRescheduleRequest(self, request: pb.CloseRescheduleRequestRequest, call: Call) -> pb.RescheduleRequest:
        row, view = reschedules.close_request(call, identifier(request.reschedule_request_id))
        return messages.reschedule_request(row, view)


def _step(call: Call, step: Step, request: pb.VisitStepRequest) -> pb.Appointment:
    return messages.appointment(visits.take_step(call, step, identifier(request.appointment_id), request.version))
