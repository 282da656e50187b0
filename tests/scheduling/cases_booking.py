"""Valid requests for the RPCs of recurring, linked, group and overridden bookings and of the day, for the set tests."""

from __future__ import annotations

from typing import Any

from polyclinic.scheduling.v1 import (
    booking_policy_pb2,
    group_visits_pb2,
    linked_visits_pb2,
    no_show_risk_pb2,
    overrides_pb2,
    rebooking_pb2,
    recalls_pb2,
    running_late_pb2,
    series_pb2,
    walk_ins_pb2,
)
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.protos import date_message
from chassis.testing import Case


def recurring(w: Any, days: int = 4) -> series_pb2.BookSeriesRequest:
    """Three visits, one each day, at four in the afternoon."""
    return series_pb2.BookSeriesRequest(
        patient_id=w.patient_id,
        appointment_type_id=w.type_id,
        practitioner_id=w.practitioner_id,
        location_id=w.location_id,
        first_date=date_message(w.clinic.day(days)),
        start_minute=960,
        rule="FREQ=DAILY;COUNT=3",
    )


def series_id(w: Any) -> str:
    """A series that has been booked."""
    return str(w.clinic.staff.call("BookSeries", recurring(w)).series.series_id)


def planned(w: Any) -> str:
    """A leave that has been planned."""
    return str(w.clinic.staff.call("PlanRebooking", leave(w)).rebooking_id)


def applied(w: Any) -> str:
    """A leave that has been applied."""
    request = rebooking_pb2.ApplyRebookingRequest(rebooking_id=planned(w))
    return str(w.clinic.staff.call("ApplyRebooking", request).rebooking_id)


def leave(w: Any) -> rebooking_pb2.PlanRebookingRequest:
    """The practitioner is away the day after tomorrow."""
    day = date_message(w.clinic.day(2))
    exception = pb.ScheduleException(
        kind=pb.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE,
        practitioner_id=w.practitioner_id,
        dates=types_pb2.DateRange(start=day, end=day),
    )
    return rebooking_pb2.PlanRebookingRequest(create_exception=pb.CreateScheduleExceptionRequest(exception=exception))


def group(w: Any, hour: int = 15) -> str:
    """A group visit with eight seats."""
    request = group_visits_pb2.OpenGroupVisitRequest(seats=8, **w.free(hour))
    return str(w.clinic.staff.call("OpenGroupVisit", request).group_visit_id)


def queued(w: Any) -> walk_ins_pb2.WalkIn:
    """Somebody in the queue."""
    return w.clinic.staff.call("JoinQueue", joining(w))


def joining(w: Any) -> walk_ins_pb2.JoinQueueRequest:
    """A known patient who comes without an appointment."""
    return walk_ins_pb2.JoinQueueRequest(
        location_id=w.location_id, appointment_type_id=w.type_id, patient_id=str(w.clinic.patient())
    )


def call_next(w: Any) -> walk_ins_pb2.CallNextRequest:
    """The practitioner calls somebody who waits."""
    queued(w)
    return walk_ins_pb2.CallNextRequest(location_id=w.location_id, practitioner_id=w.practitioner_id)


def served(w: Any) -> walk_ins_pb2.ServeWalkInRequest:
    """A walk-in who is served by somebody who has time."""
    other = w.clinic.practitioner("Larsen", hours=(0, 24))
    return walk_ins_pb2.ServeWalkInRequest(walk_in_id=queued(w).walk_in_id, practitioner_id=str(other))


def recall(w: Any) -> str:
    """Somebody who is due."""
    return str(w.clinic.staff.call("CreateRecall", due(w)).recall_id)


def due(w: Any) -> recalls_pb2.CreateRecallRequest:
    """Somebody is due tomorrow."""
    return recalls_pb2.CreateRecallRequest(
        patient_id=w.patient_id, appointment_type_id=w.type_id, due_on=date_message(w.clinic.day(1))
    )


def together(w: Any) -> pb.BookAppointmentsRequest:
    """Two visits one after the other."""
    visits = [pb.BookAppointmentRequest(patient_id=w.patient_id, **w.free(hour)) for hour in (15, 16)]
    return pb.BookAppointmentsRequest(bookings=visits)


CASES = {
    "CreateRecall": Case(due, names_resource=True),
    "ListRecalls": Case(lambda w: recalls_pb2.ListRecallsRequest()),
    "NoteRecallContact": Case(lambda w: recalls_pb2.NoteRecallContactRequest(recall_id=recall(w)), names_resource=True),
    "CloseRecall": Case(
        lambda w: recalls_pb2.CloseRecallRequest(recall_id=recall(w), outcome=recalls_pb2.RECALL_OUTCOME_DECLINED),
        names_resource=True,
    ),
    "SetRecallRule": Case(
        lambda w: recalls_pb2.RecallRule(appointment_type_id=w.type_id, months=12), names_resource=True
    ),
    "ListRecallRules": Case(lambda w: recalls_pb2.ListRecallRulesRequest()),
    "SearchLinkedSlots": Case(
        lambda w: linked_visits_pb2.SearchLinkedSlotsRequest(
            visits=[linked_visits_pb2.LinkedVisit(appointment_type_id=w.type_id)] * 2, same_practitioner=True
        ),
        names_resource=True,
    ),
    "BookLinkedVisits": Case(together, names_resource=True),
    "GetNoShowModel": Case(lambda w: no_show_risk_pb2.GetNoShowModelRequest()),
    "TrainNoShowModel": Case(lambda w: no_show_risk_pb2.TrainNoShowModelRequest()),
    "GetOutreachList": Case(
        lambda w: no_show_risk_pb2.GetOutreachListRequest(location_id=w.location_id), names_resource=True
    ),
    "GetOverbookingAdvice": Case(
        lambda w: no_show_risk_pb2.GetOverbookingAdviceRequest(location_id=w.location_id), names_resource=True
    ),
    "ReportFairness": Case(
        lambda w: no_show_risk_pb2.ReportFairnessRequest(
            start=date_message(w.clinic.day(-30)),
            end=date_message(w.clinic.day(0)),
            groups=[no_show_risk_pb2.PatientGroup(name="language: es", patient_ids=[w.patient_id])],
        )
    ),
    "GetExpectedStarts": Case(
        lambda w: running_late_pb2.GetExpectedStartsRequest(location_id=w.location_id), names_resource=True
    ),
    "GetExpectedStart": Case(
        lambda w: running_late_pb2.GetExpectedStartRequest(appointment_id=w.booked.appointment_id), names_resource=True
    ),
    "ProposeSwaps": Case(
        lambda w: running_late_pb2.ProposeSwapsRequest(appointment_id=w.booked.appointment_id), names_resource=True
    ),
    "JoinQueue": Case(joining, names_resource=True),
    "CallNext": Case(call_next, names_resource=True),
    "ServeWalkIn": Case(served, names_resource=True),
    "LeaveQueue": Case(lambda w: walk_ins_pb2.LeaveQueueRequest(walk_in_id=queued(w).walk_in_id), names_resource=True),
    "GetQueue": Case(lambda w: walk_ins_pb2.GetQueueRequest(location_id=w.location_id), names_resource=True),
    "GetTicket": Case(lambda w: walk_ins_pb2.GetTicketRequest(code=queued(w).code)),
    "GetBookingPolicy": Case(
        lambda w: booking_policy_pb2.GetBookingPolicyRequest(location_id=w.location_id),
        names_resource=True,
        any_patient=True,
    ),
    "SetBookingPolicy": Case(
        lambda w: booking_policy_pb2.BookingPolicy(location_id=w.location_id, cancel_cutoff_minutes=60),
        names_resource=True,
    ),
    "BookWithOverride": Case(
        lambda w: overrides_pb2.BookWithOverrideRequest(
            booking=pb.BookAppointmentRequest(patient_id=w.patient_id, **w.free()), reason="agreed with the doctor"
        ),
        names_resource=True,
    ),
    "ListBookingOverrides": Case(lambda w: overrides_pb2.ListBookingOverridesRequest()),
    "OpenGroupVisit": Case(lambda w: group_visits_pb2.OpenGroupVisitRequest(seats=8, **w.free()), names_resource=True),
    "BookSeat": Case(
        lambda w: group_visits_pb2.BookSeatRequest(group_visit_id=group(w), patient_id=w.patient_id),
        names_resource=True,
    ),
    "CancelGroupVisit": Case(
        lambda w: group_visits_pb2.CancelGroupVisitRequest(
            group_visit_id=group(w), reason=pb.CANCELLATION_REASON_PRACTITIONER
        ),
        names_resource=True,
    ),
    "GetGroupVisit": Case(
        lambda w: group_visits_pb2.GetGroupVisitRequest(group_visit_id=group(w)), names_resource=True
    ),
    "ListGroupVisits": Case(lambda w: group_visits_pb2.ListGroupVisitsRequest(location_id=w.location_id)),
    "PlanRebooking": Case(leave, names_resource=True),
    "ApplyRebooking": Case(lambda w: rebooking_pb2.ApplyRebookingRequest(rebooking_id=planned(w)), names_resource=True),
    "UndoRebooking": Case(lambda w: rebooking_pb2.UndoRebookingRequest(rebooking_id=applied(w)), names_resource=True),
    "GetRebooking": Case(lambda w: rebooking_pb2.GetRebookingRequest(rebooking_id=planned(w)), names_resource=True),
    "ListRebookings": Case(lambda w: rebooking_pb2.ListRebookingsRequest()),
    "BookSeries": Case(lambda w: recurring(w), names_resource=True),
    "ChangeSeries": Case(
        lambda w: series_pb2.ChangeSeriesRequest(
            series_id=series_id(w), scope=series_pb2.SERIES_SCOPE_ALL, start_minute=900
        ),
        names_resource=True,
    ),
    "CancelSeries": Case(
        lambda w: series_pb2.CancelSeriesRequest(
            series_id=series_id(w), scope=series_pb2.SERIES_SCOPE_ALL, reason=pb.CANCELLATION_REASON_OTHER
        ),
        names_resource=True,
    ),
    "GetSeries": Case(lambda w: series_pb2.GetSeriesRequest(series_id=series_id(w)), names_resource=True),
    "ListSeries": Case(lambda w: series_pb2.ListSeriesRequest(patient_id=w.patient_id)),
}
