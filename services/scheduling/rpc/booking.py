"""Searching, holding, booking, changing and reading appointments."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from polyclinic.scheduling.v1 import events_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from chassis.protos import identifier, optional_date, optional_identifier, optional_instant
from scheduling import published
from scheduling.cache import AvailabilityCache
from scheduling.domain.places import Place
from scheduling.rpc import messages
from scheduling.stores.holds import HoldFilter
from scheduling.stores.visits import AppointmentFilter
from scheduling.usecases import appointments, booking, holds, linked, slots
from scheduling.usecases.appointments import Cancel, Move
from scheduling.usecases.booking import Booking, HoldSlot
from scheduling.usecases.placing import Wanted
from scheduling.usecases.slots import SlotSearch

SNAPSHOT_EVENT = events_pb2.AppointmentBooked.DESCRIPTOR.full_name


class BookingRpc:
    """Time of practitioners, rooms, devices and patients."""

    cache: AvailabilityCache

    def SearchSlots(self, request: pb.SearchSlotsRequest, call: Call) -> pb.SearchSlotsResponse:
        found = slots.search(call, self.cache, _search(request))
        return pb.SearchSlotsResponse(
            slots=[messages.slot(one) for one in found.slots],
            alternatives=[
                pb.SlotAlternative(given_up=published.number(wish.value), slots=[messages.slot(one) for one in others])
                for wish, others in found.alternatives
            ],
        )

    def HoldSlot(self, request: pb.HoldSlotRequest, call: Call) -> pb.Hold:
        command = HoldSlot(_wanted(request), optional_identifier(request.patient_id), request.minutes)
        return messages.hold(booking.hold(call, command))

    def RenewHold(self, request: pb.RenewHoldRequest, call: Call) -> pb.Hold:
        return messages.hold(booking.renew(call, identifier(request.hold_id)))

    def ReleaseHold(self, request: pb.ReleaseHoldRequest, call: Call) -> Empty:
        booking.release(call, identifier(request.hold_id))
        return Empty()

    def ListHolds(self, request: pb.ListHoldsRequest, call: Call) -> pb.ListHoldsResponse:
        start_from = optional_instant(request.start_from) or call.now
        wanted = HoldFilter(
            location_id=optional_identifier(request.location_id),
            practitioner_id=optional_identifier(request.practitioner_id),
            start_from=start_from,
            start_to=optional_instant(request.start_to) or start_from + holds.MOST_DAYS,
            now=call.now,
        )
        found, token = holds.list_holds(call, wanted, request.page_size, request.page_token)
        return pb.ListHoldsResponse(holds=[messages.held_time(one) for one in found], next_page_token=token)

    def BookAppointment(self, request: pb.BookAppointmentRequest, call: Call) -> pb.Appointment:
        return messages.appointment(booking.book(call, booking_of(request)))

    def BookAppointments(self, request: pb.BookAppointmentsRequest, call: Call) -> pb.BookAppointmentsResponse:
        bookings = [booking_of(one, f"bookings[{index}].") for index, one in enumerate(request.bookings)]
        batch = booking.book_all(call, bookings, validate_only=request.validate_only)
        return pb.BookAppointmentsResponse(
            appointments=messages.appointments(batch.views),
            conflicts=[messages.conflict(index, found) for index, found in batch.conflicts],
            alternatives=messages.alternatives(linked.instead(call, self.cache, bookings, batch.conflicts)),
        )

    def MoveAppointment(self, request: pb.MoveAppointmentRequest, call: Call) -> pb.Appointment:
        command = Move(
            identifier(request.appointment_id),
            messages.moment(request.start_time),
            optional_identifier(request.practitioner_id),
            optional_identifier(request.location_id),
            request.version,
        )
        return messages.appointment(appointments.move(call, command))

    def CancelAppointment(self, request: pb.CancelAppointmentRequest, call: Call) -> pb.Appointment:
        command = Cancel(identifier(request.appointment_id), request.reason, request.note, request.version)
        return messages.appointment(appointments.cancel(call, command))

    def ConfirmAppointment(self, request: pb.ConfirmAppointmentRequest, call: Call) -> pb.Appointment:
        return messages.appointment(appointments.confirm(call, identifier(request.appointment_id), request.version))

    def GetAppointment(self, request: pb.GetAppointmentRequest, call: Call) -> pb.Appointment:
        return messages.appointment(appointments.get(call, identifier(request.appointment_id)))

    def BatchGetAppointments(
        self, request: pb.BatchGetAppointmentsRequest, call: Call
    ) -> pb.BatchGetAppointmentsResponse:
        views = appointments.batch_get(call, [identifier(one) for one in request.appointment_ids])
        return pb.BatchGetAppointmentsResponse(appointments=messages.appointments(views))

    def ListAppointments(self, request: pb.ListAppointmentsRequest, call: Call) -> pb.ListAppointmentsResponse:
        wanted = AppointmentFilter(
            location_id=optional_identifier(request.location_id),
            practitioner_id=optional_identifier(request.practitioner_id),
            patient_id=optional_identifier(request.patient_id),
            start_from=optional_instant(request.start_from),
            start_to=optional_instant(request.start_to),
            statuses=frozenset(request.statuses),
        )
        views, token = appointments.list_appointments(
            call, wanted, optional_date(request.date), request.page_size, request.page_token
        )
        return pb.ListAppointmentsResponse(appointments=messages.appointments(views), next_page_token=token)

    def Snapshot(self, request: types_pb2.SnapshotRequest, call: Call) -> types_pb2.SnapshotResponse:
        if request.event != SNAPSHOT_EVENT:
            raise InvalidInput([Violation("event", f"must be {SNAPSHOT_EVENT}")])
        rows, token = appointments.snapshot(call, request.page_size, request.page_token)
        call.touch(*(row.patient_id for row in rows))
        events = [events_pb2.AppointmentBooked(appointment=published.state(row)).SerializeToString() for row in rows]
        return types_pb2.SnapshotResponse(events=events, next_page_token=token)


def _search(request: pb.SearchSlotsRequest) -> SlotSearch:
    first_day, last_day = messages.days_of(request.dates)
    return SlotSearch(
        type_ids=tuple(map(identifier, request.appointment_type_ids)),
        practitioner_ids=frozenset(map(identifier, request.practitioner_ids)),
        location_ids=frozenset(map(identifier, request.location_ids)),
        specialty=request.specialty,
        language=request.language,
        practitioner_sex=request.practitioner_sex,
        modality=request.modality,
        first_day=first_day,
        last_day=last_day,
        earliest_minute=request.earliest_minute,
        latest_minute=request.latest_minute,
        weekdays=tuple(request.weekdays),
        patient_id=optional_identifier(request.patient_id),
        limit=request.limit,
        limit_per_practitioner=request.limit_per_practitioner,
        order=request.order,
        near=Place(request.near.latitude, request.near.longitude) if request.HasField("near") else None,
        within_kilometres=request.near.kilometres,
        pool_id=optional_identifier(request.practitioner_pool_id),
        moving_id=optional_identifier(request.moving_appointment_id),
        start_from=optional_instant(request.start_from),
        start_to=optional_instant(request.start_to),
    )


def _wanted(request: pb.HoldSlotRequest | pb.BookAppointmentRequest) -> Wanted:
    return Wanted(
        identifier(request.appointment_type_id),
        identifier(request.practitioner_id),
        identifier(request.location_id),
        messages.moment(request.start_time),
    )


def booking_of(request: pb.BookAppointmentRequest, path: str = "") -> Booking:
    """A booking from a hold or at a time of its own. Raises InvalidInput naming what is missing of the latter."""
    needed = ("appointment_type_id", "practitioner_id", "location_id", "start_time")
    if request.hold_id:
        return Booking(identifier(request.patient_id), identifier(request.hold_id), request.reason)
    given = {field.name for field, _ in request.ListFields()}
    missing = [Violation(f"{path}{name}", "is required without a hold_id") for name in needed if name not in given]
    if missing:
        raise InvalidInput(missing)
    return Booking(identifier(request.patient_id), _wanted(request), request.reason)
