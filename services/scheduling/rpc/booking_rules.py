"""Policies, bookings beyond the rules, visits of a group."""

from __future__ import annotations

from uuid import UUID

from polyclinic.scheduling.v1 import booking_policy_pb2, group_visits_pb2, overrides_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, optional_identifier, optional_instant, timestamp
from scheduling.domain.policy import BookingPolicy
from scheduling.published import number
from scheduling.rpc import messages
from scheduling.rpc.booking import booking_of
from scheduling.stores.booking_rules import EVERYWHERE, policy_of
from scheduling.tables_booking_rules import BookingPolicyRow
from scheduling.usecases import groups, overrides, policies
from scheduling.usecases.groups import GroupView
from scheduling.usecases.placing import Wanted

FIELDS = tuple(vars(BookingPolicy()))
DEFAULTS = BookingPolicy()


class BookingPoliciesRpc:
    """Every RPC of polyclinic.scheduling.v1.BookingPolicies."""

    def GetBookingPolicy(
        self, request: booking_policy_pb2.GetBookingPolicyRequest, call: Call
    ) -> booking_policy_pb2.BookingPolicy:
        location_id = optional_identifier(request.location_id)
        return _policy(location_id, policies.get_policy(call, location_id))

    def SetBookingPolicy(
        self, request: booking_policy_pb2.BookingPolicy, call: Call
    ) -> booking_policy_pb2.BookingPolicy:
        location_id = optional_identifier(request.location_id)
        given = {name: getattr(request, name) for name in FIELDS}
        for name in ("late_tell_minutes", "late_again_minutes"):
            given[name] = given[name] or getattr(DEFAULTS, name)
        return _policy(location_id, policies.set_policy(call, location_id, BookingPolicy(**given), request.version))


class BookingOverridesRpc:
    """Every RPC of polyclinic.scheduling.v1.BookingOverrides."""

    def BookWithOverride(
        self, request: overrides_pb2.BookWithOverrideRequest, call: Call
    ) -> overrides_pb2.OverriddenBooking:
        done = overrides.book_with_override(call, booking_of(request.booking, "booking."), request.reason)
        return overrides_pb2.OverriddenBooking(
            appointment=messages.appointment(done.view), overridden=[number(rule.value) for rule in done.rules]
        )

    def ListBookingOverrides(
        self, request: overrides_pb2.ListBookingOverridesRequest, call: Call
    ) -> overrides_pb2.ListBookingOverridesResponse:
        rows, token = overrides.list_overrides(
            call, optional_identifier(request.location_id), request.page_size, request.page_token
        )
        return overrides_pb2.ListBookingOverridesResponse(
            overrides=[
                overrides_pb2.BookingOverride(
                    booking_override_id=str(row.id),
                    appointment_id=str(row.appointment_id),
                    patient_id=str(row.patient_id),
                    location_id=str(row.location_id),
                    overridden=[number(rule) for rule in row.rules],
                    reason=row.reason,
                    overridden_by=row.overridden_by,
                    overridden_at=timestamp(row.overridden_at),
                )
                for row in rows
            ],
            next_page_token=token,
        )


class GroupVisitsRpc:
    """Every RPC of polyclinic.scheduling.v1.GroupVisits."""

    def OpenGroupVisit(
        self, request: group_visits_pb2.OpenGroupVisitRequest, call: Call
    ) -> group_visits_pb2.GroupVisit:
        wanted = Wanted(
            identifier(request.appointment_type_id),
            identifier(request.practitioner_id),
            identifier(request.location_id),
            messages.moment(request.start_time),
        )
        return _group(groups.open_group(call, wanted, request.seats, request.title))

    def BookSeat(self, request: group_visits_pb2.BookSeatRequest, call: Call) -> pb.Appointment:
        group_id, patient_id = identifier(request.group_visit_id), identifier(request.patient_id)
        return messages.appointment(groups.book_seat(call, group_id, patient_id, request.reason))

    def CancelGroupVisit(
        self, request: group_visits_pb2.CancelGroupVisitRequest, call: Call
    ) -> group_visits_pb2.GroupVisit:
        group_id = identifier(request.group_visit_id)
        return _group(groups.cancel_group(call, group_id, request.reason, request.note, request.version))

    def GetGroupVisit(self, request: group_visits_pb2.GetGroupVisitRequest, call: Call) -> group_visits_pb2.GroupVisit:
        return _group(groups.get_group(call, identifier(request.group_visit_id)))

    def ListGroupVisits(
        self, request: group_visits_pb2.ListGroupVisitsRequest, call: Call
    ) -> group_visits_pb2.ListGroupVisitsResponse:
        found, token = groups.list_groups(
            call,
            identifier(request.location_id),
            optional_instant(request.start_from),
            request.page_size,
            request.page_token,
        )
        return group_visits_pb2.ListGroupVisitsResponse(
            group_visits=[_group(one) for one in found], next_page_token=token
        )


def _policy(location_id: UUID | None, row: BookingPolicyRow | None) -> booking_policy_pb2.BookingPolicy:
    own = row is not None and row.id == (location_id or EVERYWHERE)
    return booking_policy_pb2.BookingPolicy(
        location_id=messages.text(location_id),
        version=row.version if row is not None and own else 0,
        **vars(policy_of(row)),
    )


def _group(view: GroupView) -> group_visits_pb2.GroupVisit:
    row = view.row
    return group_visits_pb2.GroupVisit(
        group_visit_id=str(row.id),
        appointment_type_id=str(row.appointment_type_id),
        practitioner_id=str(row.practitioner_id),
        location_id=str(row.location_id),
        start_time=timestamp(row.start_time),
        end_time=timestamp(row.end_time),
        time_zone=row.time_zone,
        title=row.title,
        seats=row.seats,
        seats_left=view.seats_left,
        room_id=messages.text(row.room_id),
        equipment_ids=row.equipment_ids,
        cancelled_at=timestamp(row.cancelled_at),
        version=row.version,
    )
