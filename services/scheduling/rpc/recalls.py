"""Who is due for a visit, and visits that belong together."""

from __future__ import annotations

from polyclinic.scheduling.v1 import linked_visits_pb2, recalls_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.call import Call
from chassis.protos import date_message, identifier, optional_date, optional_identifier, timestamp, to_date
from scheduling.cache import AvailabilityCache
from scheduling.domain.linked import Following
from scheduling.published import number
from scheduling.rpc import messages
from scheduling.rpc.booking import booking_of
from scheduling.tables_booking_rules import RecallRule
from scheduling.usecases import linked, recalls
from scheduling.usecases.linked import Leg, LinkedSearch
from scheduling.usecases.recalls import NewRecall, RecallView


class RecallsRpc:
    """Every RPC of polyclinic.scheduling.v1.Recalls."""

    def CreateRecall(self, request: recalls_pb2.CreateRecallRequest, call: Call) -> recalls_pb2.Recall:
        new = NewRecall(
            identifier(request.patient_id),
            identifier(request.appointment_type_id),
            to_date(request.due_on, "due_on"),
            optional_identifier(request.practitioner_id),
            optional_identifier(request.location_id),
            request.reason,
        )
        return _recall(recalls.create(call, new))

    def ListRecalls(self, request: recalls_pb2.ListRecallsRequest, call: Call) -> recalls_pb2.ListRecallsResponse:
        found, token = recalls.list_due(
            call,
            optional_date(request.due_before, "due_before"),
            optional_identifier(request.patient_id),
            optional_identifier(request.location_id),
            request.page_size,
            request.page_token,
        )
        return recalls_pb2.ListRecallsResponse(recalls=[_recall(one) for one in found], next_page_token=token)

    def NoteRecallContact(self, request: recalls_pb2.NoteRecallContactRequest, call: Call) -> recalls_pb2.Recall:
        return _recall(recalls.note_contact(call, identifier(request.recall_id), request.version))

    def CloseRecall(self, request: recalls_pb2.CloseRecallRequest, call: Call) -> recalls_pb2.Recall:
        return _recall(recalls.close(call, identifier(request.recall_id), request.outcome, request.version))

    def SetRecallRule(self, request: recalls_pb2.RecallRule, call: Call) -> recalls_pb2.RecallRule:
        type_id, recall_type_id = (
            identifier(request.appointment_type_id),
            optional_identifier(request.recall_type_id),
        )
        return _rule(recalls.set_rule(call, type_id, recall_type_id, request.months))

    def ListRecallRules(
        self, request: recalls_pb2.ListRecallRulesRequest, call: Call
    ) -> recalls_pb2.ListRecallRulesResponse:
        rows, token = recalls.list_rules(call, request.page_size, request.page_token)
        return recalls_pb2.ListRecallRulesResponse(rules=[_rule(row) for row in rows], next_page_token=token)


class LinkedVisitsRpc:
    """Every RPC of polyclinic.scheduling.v1.LinkedVisits."""

    def __init__(self, cache: AvailabilityCache) -> None:
        self.cache = cache

    def SearchLinkedSlots(
        self, request: linked_visits_pb2.SearchLinkedSlotsRequest, call: Call
    ) -> linked_visits_pb2.SearchLinkedSlotsResponse:
        first, last = messages.days_of(request.dates)
        wanted = LinkedSearch(
            tuple(
                Leg(
                    identifier(one.appointment_type_id),
                    frozenset(map(identifier, one.practitioner_ids)),
                    optional_identifier(one.patient_id),
                )
                for one in request.visits
            ),
            Following(request.gap.least_minutes, request.gap.most_minutes, request.same_practitioner),
            frozenset(map(identifier, request.location_ids)),
            first,
            last,
            request.limit,
        )
        rows = linked.search(call, self.cache, wanted)
        return linked_visits_pb2.SearchLinkedSlotsResponse(
            rows=[linked_visits_pb2.LinkedSlots(slots=[messages.slot(one) for one in row]) for row in rows]
        )

    def BookLinkedVisits(self, request: pb.BookAppointmentsRequest, call: Call) -> linked_visits_pb2.LinkedVisitsAnswer:
        bookings = [booking_of(one, f"bookings[{index}].") for index, one in enumerate(request.bookings)]
        answer = linked.book(call, self.cache, bookings, validate_only=request.validate_only)
        return linked_visits_pb2.LinkedVisitsAnswer(
            link_id=messages.text(answer.link_id),
            appointments=messages.appointments(answer.views),
            conflicts=[messages.conflict(index, found) for index, found in answer.conflicts],
            alternatives=messages.alternatives(answer.alternatives),
        )


def _recall(view: RecallView) -> recalls_pb2.Recall:
    row = view.row
    return recalls_pb2.Recall(
        recall_id=str(row.id),
        patient_id=str(row.patient_id),
        patient_name=view.patient_name,
        appointment_type_id=str(row.appointment_type_id),
        practitioner_id=messages.text(row.practitioner_id),
        location_id=messages.text(row.location_id),
        due_on=date_message(row.due_on),
        reason=row.reason,
        made_at=timestamp(row.made_at),
        after_appointment_id=messages.text(row.after_appointment_id),
        contacted_at=timestamp(row.contacted_at),
        contacts=row.contacts,
        closed_at=timestamp(row.closed_at),
        outcome=number(row.outcome),
        version=row.version,
    )


def _rule(row: RecallRule) -> recalls_pb2.RecallRule:
    return recalls_pb2.RecallRule(
        appointment_type_id=str(row.id), recall_type_id=str(row.recall_type_id), months=row.months
    )
