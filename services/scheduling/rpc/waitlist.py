"""The waitlist and its offers."""

from __future__ import annotations

from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, optional_identifier
from scheduling.rpc import messages
from scheduling.usecases import waitlist
from scheduling.usecases.waitlist import Join


class WaitlistRpc:
    """Who would take another time, and what they are offered."""

    def JoinWaitlist(self, request: pb.JoinWaitlistRequest, call: Call) -> pb.WaitlistEntry:
        first_day, last_day = messages.days_of(request.dates)
        command = Join(
            patient_id=identifier(request.patient_id),
            type_id=identifier(request.appointment_type_id),
            practitioner_ids=tuple(map(identifier, request.practitioner_ids)),
            location_ids=tuple(map(identifier, request.location_ids)),
            first_day=first_day,
            last_day=last_day,
            weekdays=tuple(request.weekdays),
            earliest_minute=request.earliest_minute,
            latest_minute=request.latest_minute,
            priority=request.priority,
            appointment_id=optional_identifier(request.appointment_id),
        )
        return messages.waitlist_entry(*waitlist.join(call, command))

    def LeaveWaitlist(self, request: pb.LeaveWaitlistRequest, call: Call) -> pb.WaitlistEntry:
        return messages.waitlist_entry(*waitlist.leave(call, identifier(request.waitlist_entry_id)))

    def GetWaitlistEntry(self, request: pb.GetWaitlistEntryRequest, call: Call) -> pb.WaitlistEntry:
        return messages.waitlist_entry(*waitlist.get(call, identifier(request.waitlist_entry_id)))

    def ListWaitlist(self, request: pb.ListWaitlistRequest, call: Call) -> pb.ListWaitlistResponse:
        found, token = waitlist.list_entries(
            call,
            optional_identifier(request.patient_id),
            optional_identifier(request.location_id),
            list(request.statuses),
            request.page_size,
            request.page_token,
        )
        return pb.ListWaitlistResponse(
            entries=[messages.waitlist_entry(row, name) for row, name in found], next_page_token=token
        )

    def AcceptOffer(self, request: pb.AcceptOfferRequest, call: Call) -> pb.Appointment:
        return messages.appointment(waitlist.accept(call, identifier(request.waitlist_offer_id)))

    def DeclineOffer(self, request: pb.DeclineOfferRequest, call: Call) -> pb.WaitlistOffer:
        return messages.offer(waitlist.decline(call, identifier(request.waitlist_offer_id)))

    def ListOffers(self, request: pb.ListOffersRequest, call: Call) -> pb.ListOffersResponse:
        views, token = waitlist.list_offers(
            call,
            optional_identifier(request.patient_id),
            request.include_settled,
            request.page_size,
            request.page_token,
        )
        return pb.ListOffersResponse(offers=[messages.offer(view) for view in views], next_page_token=token)
