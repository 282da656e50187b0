"""Running late, swaps and the walk-in queue."""

from __future__ import annotations

from polyclinic.scheduling.v1 import running_late_pb2, walk_ins_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, optional_identifier, optional_instant, timestamp
from scheduling.domain.walk_ins import token
from scheduling.published import number
from scheduling.rpc import messages
from scheduling.usecases import delays, walk_ins
from scheduling.usecases.delays import ExpectedView, SwapView
from scheduling.usecases.walk_ins import TicketView


class RunningLateRpc:
    """Every RPC of polyclinic.scheduling.v1.RunningLate."""

    def GetExpectedStarts(
        self, request: running_late_pb2.GetExpectedStartsRequest, call: Call
    ) -> running_late_pb2.ExpectedStarts:
        found = delays.list_expected(call, identifier(request.location_id))
        return running_late_pb2.ExpectedStarts(
            expected_starts=[_expected(one) for one in found], as_of=timestamp(call.now)
        )

    def GetExpectedStart(
        self, request: running_late_pb2.GetExpectedStartRequest, call: Call
    ) -> running_late_pb2.ExpectedStart:
        return _expected(delays.get_expected(call, identifier(request.appointment_id)))

    def ProposeSwaps(
        self, request: running_late_pb2.ProposeSwapsRequest, call: Call
    ) -> running_late_pb2.ProposeSwapsResponse:
        found = delays.propose_swaps(
            call, identifier(request.appointment_id), optional_instant(request.expected_arrival)
        )
        call.touch(*(row.patient_id for one in found for row in one.visits.values()))
        return running_late_pb2.ProposeSwapsResponse(swaps=[_swap(one) for one in found])


class WalkInsRpc:
    """Every RPC of polyclinic.scheduling.v1.WalkIns."""

    def JoinQueue(self, request: walk_ins_pb2.JoinQueueRequest, call: Call) -> walk_ins_pb2.WalkIn:
        location_id, type_id = identifier(request.location_id), identifier(request.appointment_type_id)
        patient_id = optional_identifier(request.patient_id)
        return _walk_in(call, walk_ins.join(call, location_id, type_id, patient_id, request.priority))

    def CallNext(self, request: walk_ins_pb2.CallNextRequest, call: Call) -> walk_ins_pb2.WalkIn:
        view = walk_ins.call_next(call, identifier(request.location_id), identifier(request.practitioner_id))
        return _walk_in(call, view)

    def ServeWalkIn(self, request: walk_ins_pb2.ServeWalkInRequest, call: Call) -> pb.Appointment:
        patient_id, practitioner_id = (
            optional_identifier(request.patient_id),
            optional_identifier(request.practitioner_id),
        )
        return messages.appointment(walk_ins.serve(call, identifier(request.walk_in_id), patient_id, practitioner_id))

    def LeaveQueue(self, request: walk_ins_pb2.LeaveQueueRequest, call: Call) -> walk_ins_pb2.WalkIn:
        return _walk_in(call, walk_ins.leave(call, identifier(request.walk_in_id)))

    def GetQueue(self, request: walk_ins_pb2.GetQueueRequest, call: Call) -> walk_ins_pb2.WalkInQueue:
        found = walk_ins.get_queue(call, identifier(request.location_id))
        return walk_ins_pb2.WalkInQueue(walk_ins=[_walk_in(call, one) for one in found], as_of=timestamp(call.now))

    def GetTicket(self, request: walk_ins_pb2.GetTicketRequest, call: Call) -> walk_ins_pb2.Ticket:
        return _ticket(call, walk_ins.get_ticket(call, request.code))


def _expected(one: ExpectedView) -> running_late_pb2.ExpectedStart:
    return running_late_pb2.ExpectedStart(
        appointment_id=str(one.row.id),
        patient_id=str(one.row.patient_id),
        practitioner_id=str(one.row.practitioner_id),
        start_time=timestamp(one.row.start_time),
        expected_start=timestamp(one.expected.start),
        delay_minutes=one.expected.delay_minutes,
        told_minutes=one.told_minutes,
    )


def _swap(one: SwapView) -> running_late_pb2.Swap:
    return running_late_pb2.Swap(
        appointment_id=str(one.swap.first),
        passes=[str(passed) for passed in one.swap.passes],
        saves_minutes=one.swap.saves_minutes,
        explanation=one.explanation,
        starts=[
            running_late_pb2.SwappedStart(
                appointment_id=str(visit_id),
                promised=timestamp(one.visits[visit_id].start_time),
                before=timestamp(one.swap.before[visit_id]),
                after=timestamp(after),
            )
            for visit_id, after in one.swap.after.items()
        ],
    )


def _ticket(call: Call, view: TicketView) -> walk_ins_pb2.Ticket:
    return walk_ins_pb2.Ticket(
        token=token(view.row.number),
        status=number(view.row.status),
        ahead=view.ahead,
        expected_start=timestamp(view.expected),
        wait_minutes=view.wait_minutes,
        location_name=view.location_name,
        as_of=timestamp(call.now),
    )


def _walk_in(call: Call, view: TicketView) -> walk_ins_pb2.WalkIn:
    row = view.row
    return walk_ins_pb2.WalkIn(
        walk_in_id=str(row.id),
        ticket=_ticket(call, view),
        code=row.code,
        location_id=str(row.location_id),
        appointment_type_id=str(row.appointment_type_id),
        patient_id=messages.text(row.patient_id),
        patient_name=view.patient_name,
        priority=row.priority,
        joined_at=timestamp(row.joined_at),
        called_at=timestamp(row.called_at),
        practitioner_id=messages.text(row.practitioner_id),
        appointment_id=messages.text(row.appointment_id),
        version=row.version,
    )
