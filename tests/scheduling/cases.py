"""A valid request for each of scheduling's RPCs, for the set tests."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from polyclinic.notifications.v1 import events_pb2 as notifications
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.protos import date_message
from chassis.testing import Case
from chassis.testing.harness import Harness
from tests.contracts.growth import Bound
from tests.scheduling import cases_availability, cases_booking, cases_calendars
from tests.scheduling.clinic import at, open_clinic, stamp


class World:
    """A clinic with one of everything, through the API and the events that it hears: each made when an example asks for it."""

    def __init__(self, harness: Harness, tenant: UUID) -> None:
        self.tenant_id = tenant
        self.clinic = open_clinic(harness, tenant_id=tenant)
        self.template = self.clinic.template(self.clinic.practitioner_ids[0], (0, 24))
        now = self.clinic.now.replace(second=0, microsecond=0)
        self._now = now - timedelta(minutes=now.minute % 5)

    def complete(self) -> World:
        """Makes everything that nobody has asked for yet."""
        for name, value in vars(World).items():
            if isinstance(value, cached_property):
                getattr(self, name)
        return self

    @cached_property
    def exception(self) -> pb.ScheduleException:
        """The location is closed on a day."""
        closed = pb.ScheduleException(
            kind=pb.SCHEDULE_EXCEPTION_KIND_CLOSED,
            location_id=self.location_id,
            dates=types_pb2.DateRange(start=date_message(self.clinic.day(20)), end=date_message(self.clinic.day(20))),
        )
        request = pb.CreateScheduleExceptionRequest(exception=closed)
        return self.clinic.staff.call("CreateScheduleException", request).exception

    @cached_property
    def past(self) -> pb.Appointment:
        """A visit whose time has come."""
        return self._visit(0)

    @cached_property
    def arrived(self) -> pb.Appointment:
        """A visit whose patient is there."""
        return self._visit(1, "Arrive")

    @cached_property
    def checked_in(self) -> pb.Appointment:
        """A visit whose patient is checked in."""
        return self._visit(2, "CheckIn")

    @cached_property
    def roomed(self) -> pb.Appointment:
        """A visit whose patient is in a room."""
        visit = self._visit(3, "CheckIn")
        self.clinic.staff.call("Room", pb.RoomRequest(appointment_id=visit.appointment_id))
        return visit

    @cached_property
    def seen(self) -> pb.Appointment:
        """A visit whose patient is with the practitioner."""
        return self._visit(4, "CheckIn", "Seen")

    @cached_property
    def request_id(self) -> str:
        """Of a patient's wish, sent by text, to come at another time."""
        visit = self._visit(5)
        self.clinic.harness.deliver(
            self.tenant_id,
            notifications.AppointmentReplyReceived(
                reply_id=str(self.tenant_id),
                appointment_id=visit.appointment_id,
                patient_id=visit.patient_id,
                intent=notifications.REPLY_INTENT_RESCHEDULE,
            ),
        )
        listed = self.clinic.staff.call("ListRescheduleRequests", pb.ListRescheduleRequestsRequest())
        return str(listed.requests[0].reschedule_request_id)

    @cached_property
    def entry(self) -> pb.WaitlistEntry:
        """Somebody waits for a time."""
        request = pb.JoinWaitlistRequest(
            patient_id=str(self.clinic.patient()),
            appointment_type_id=self.type_id,
            dates=types_pb2.DateRange(end=date_message(self.clinic.day(30))),
        )
        return self.clinic.staff.call("JoinWaitlist", request)

    @cached_property
    def offer(self) -> pb.WaitlistOffer:
        """To whom waits, of a time that somebody gave up."""
        assert self.entry.waitlist_entry_id
        given_up = self.clinic.book(at(self.clinic.day(3), 12))
        self.clinic.cancel(given_up.appointment_id)
        self.clinic.harness.run_due()
        (offer,) = self.clinic.staff.call("ListOffers", pb.ListOffersRequest()).offers
        return offer

    @cached_property
    def hold(self) -> pb.Hold:
        """A time that is kept for a moment."""
        return self.clinic.hold(at(self.clinic.day(2), 10))

    @cached_property
    def booked(self) -> pb.Appointment:
        """A visit ahead."""
        return self.clinic.book(at(self.clinic.day(2), 11))

    def _visit(self, number: int, *steps: str) -> pb.Appointment:
        """A visit of today, taken so far."""
        visit = self.clinic.book(self._now + timedelta(minutes=30 * number))
        for step in steps:
            self.clinic.step(step, visit.appointment_id)
        return visit

    @property
    def type_id(self) -> str:
        return self.clinic.type_ids["visit"]

    @property
    def location_id(self) -> str:
        return str(self.clinic.location_id)

    @property
    def practitioner_id(self) -> str:
        return str(self.clinic.practitioner_ids[0])

    @property
    def patient_id(self) -> str:
        if not self.clinic.patient_ids:
            self.clinic.patient()
        return str(self.clinic.patient_ids[0])

    def free(self, hour: int = 15) -> dict[str, Any]:
        """A free time."""
        return self.clinic.wanted(at(self.clinic.day(2), hour))


def world(harness: Harness, tenant: UUID) -> World:
    """A clinic in this tenant, in which the examples find what they ask for."""
    return World(harness, tenant)


def step_of(name: str) -> Case:
    """A step of the flow on the world's visit of this name."""
    return Case(lambda w: pb.VisitStepRequest(appointment_id=getattr(w, name).appointment_id), names_resource=True)


def booking(w: World, hour: int = 15) -> pb.BookAppointmentRequest:
    """A booking of a free time."""
    return pb.BookAppointmentRequest(patient_id=w.patient_id, **w.free(hour))


CASES = {
    "CreateAppointmentType": Case(
        lambda w: pb.CreateAppointmentTypeRequest(
            appointment_type=pb.AppointmentType(code="new", name="New", duration_minutes=20)
        )
    ),
    "UpdateAppointmentType": Case(
        lambda w: pb.UpdateAppointmentTypeRequest(
            appointment_type_id=w.type_id,
            appointment_type=pb.AppointmentType(name="Renamed"),
            update_mask={"paths": ["name"]},
        ),
        names_resource=True,
    ),
    "GetAppointmentType": Case(
        lambda w: pb.GetAppointmentTypeRequest(appointment_type_id=w.type_id), names_resource=True
    ),
    "ListAppointmentTypes": Case(lambda w: pb.ListAppointmentTypesRequest()),
    "CreateScheduleTemplate": Case(
        lambda w: pb.CreateScheduleTemplateRequest(
            template=pb.ScheduleTemplate(
                practitioner_id=w.practitioner_id,
                location_id=w.location_id,
                windows=[pb.WeeklyWindow(weekday=1, starts_minute=540, ends_minute=600)],
            )
        ),
        names_resource=True,
    ),
    "UpdateScheduleTemplate": Case(
        lambda w: pb.UpdateScheduleTemplateRequest(
            schedule_template_id=w.template.schedule_template_id,
            template=pb.ScheduleTemplate(),
            update_mask={"paths": ["windows"]},
        ),
        names_resource=True,
    ),
    "DeleteScheduleTemplate": Case(
        lambda w: pb.DeleteScheduleTemplateRequest(schedule_template_id=w.template.schedule_template_id),
        names_resource=True,
    ),
    "GetScheduleTemplate": Case(
        lambda w: pb.GetScheduleTemplateRequest(schedule_template_id=w.template.schedule_template_id),
        names_resource=True,
    ),
    "ListScheduleTemplates": Case(lambda w: pb.ListScheduleTemplatesRequest()),
    "CreateScheduleException": Case(
        lambda w: pb.CreateScheduleExceptionRequest(
            exception=pb.ScheduleException(
                kind=pb.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE,
                practitioner_id=w.practitioner_id,
                dates=types_pb2.DateRange(start=date_message(w.clinic.day(9)), end=date_message(w.clinic.day(9))),
            )
        ),
        names_resource=True,
    ),
    "DeleteScheduleException": Case(
        lambda w: pb.DeleteScheduleExceptionRequest(schedule_exception_id=w.exception.schedule_exception_id),
        names_resource=True,
    ),
    "ListScheduleExceptions": Case(lambda w: pb.ListScheduleExceptionsRequest()),
    "ListOnlineVisits": Case(lambda w: pb.ListOnlineVisitsRequest(tenant_id=str(w.tenant_id))),
    "SearchSlots": Case(lambda w: pb.SearchSlotsRequest(appointment_type_ids=[w.type_id]), names_resource=True),
    "HoldSlot": Case(lambda w: pb.HoldSlotRequest(patient_id=w.patient_id, **w.free()), names_resource=True),
    "ListHolds": Case(lambda w: pb.ListHoldsRequest(location_id=w.location_id)),
    "RenewHold": Case(lambda w: pb.RenewHoldRequest(hold_id=w.hold.hold_id), names_resource=True),
    # Releasing a hold that is not there (any more) is no error.
    "ReleaseHold": Case(lambda w: pb.ReleaseHoldRequest(hold_id=w.hold.hold_id)),
    "BookAppointment": Case(booking, names_resource=True),
    "BookAppointments": Case(
        lambda w: pb.BookAppointmentsRequest(bookings=[booking(w), booking(w, 16)]), names_resource=True
    ),
    "MoveAppointment": Case(
        lambda w: pb.MoveAppointmentRequest(
            appointment_id=w.booked.appointment_id, start_time=stamp(at(w.clinic.day(2), 16))
        ),
        names_resource=True,
    ),
    "CancelAppointment": Case(
        lambda w: pb.CancelAppointmentRequest(
            appointment_id=w.booked.appointment_id, reason=pb.CANCELLATION_REASON_OTHER
        ),
        names_resource=True,
    ),
    "ConfirmAppointment": Case(
        lambda w: pb.ConfirmAppointmentRequest(appointment_id=w.booked.appointment_id), names_resource=True
    ),
    "GetAppointment": Case(
        lambda w: pb.GetAppointmentRequest(appointment_id=w.booked.appointment_id), names_resource=True
    ),
    "BatchGetAppointments": Case(lambda w: pb.BatchGetAppointmentsRequest(appointment_ids=[w.booked.appointment_id])),
    "ListAppointments": Case(lambda w: pb.ListAppointmentsRequest(location_id=w.location_id)),
    "Arrive": step_of("past"),
    "CheckIn": step_of("arrived"),
    "Room": Case(lambda w: pb.RoomRequest(appointment_id=w.checked_in.appointment_id), names_resource=True),
    "Seen": step_of("roomed"),
    "CheckOut": step_of("seen"),
    "NoShow": step_of("past"),
    "Left": step_of("arrived"),
    "UndoVisitStep": step_of("seen"),
    "GetDay": Case(lambda w: pb.GetDayRequest(location_id=w.location_id), names_resource=True),
    "JoinWaitlist": Case(
        lambda w: pb.JoinWaitlistRequest(
            patient_id=w.patient_id,
            appointment_type_id=w.type_id,
            dates=types_pb2.DateRange(end=date_message(w.clinic.day(9))),
        ),
        names_resource=True,
    ),
    "LeaveWaitlist": Case(
        lambda w: pb.LeaveWaitlistRequest(waitlist_entry_id=w.entry.waitlist_entry_id), names_resource=True
    ),
    "GetWaitlistEntry": Case(
        lambda w: pb.GetWaitlistEntryRequest(waitlist_entry_id=w.entry.waitlist_entry_id), names_resource=True
    ),
    "ListWaitlist": Case(lambda w: pb.ListWaitlistRequest()),
    "AcceptOffer": Case(
        lambda w: pb.AcceptOfferRequest(waitlist_offer_id=w.offer.waitlist_offer_id), names_resource=True
    ),
    "DeclineOffer": Case(
        lambda w: pb.DeclineOfferRequest(waitlist_offer_id=w.offer.waitlist_offer_id), names_resource=True
    ),
    "ListOffers": Case(lambda w: pb.ListOffersRequest()),
    "ListRescheduleRequests": Case(lambda w: pb.ListRescheduleRequestsRequest()),
    "CloseRescheduleRequest": Case(
        lambda w: pb.CloseRescheduleRequestRequest(reschedule_request_id=w.request_id), names_resource=True
    ),
    "Snapshot": Case(lambda w: types_pb2.SnapshotRequest(event="polyclinic.scheduling.v1.AppointmentBooked")),
    **cases_availability.CASES,
    **cases_booking.CASES,
    **cases_calendars.CASES,
}

# For the bounds of reads (tests/contracts/test_bounds.py): tables of which one patient has few …
FEW: frozenset[str] = frozenset()
# Of tables about patients those that the world above has no row of.
NOT_MADE = frozenset(
    {
        "calendar_feed",
        "clearance",
        "clock_shift",
        "coverage_copy",
        "delay_notice",
        "rebooking_item",
        "recall",
        "rule_override",
        "walk_in",
    }
)
# … and those that describe the network rather than what happened in it.
SETTLED = frozenset(
    {
        "appointment_type",
        "schedule_template",
        "tenant_copy",
        "location_copy",
        "practitioner_copy",
        "resource_copy",
        "availability_floor",
    }
)
# Reads that may cost more on a long history, each with its bound and the reason.
BOUNDS: dict[str, Bound] = {
    "GetDay": Bound("the exceptions that are still to come are read to say who works", rows=60),
    "GetTicket": Bound(
        "the visits of the place's day are gone through to say how long it takes", visits_all=True, by_hour=True
    ),
    "GetOutreachList": Bound("two years of the day's patients are counted to say how they came", visits_all=True),
    "GetOverbookingAdvice": Bound(
        "the same, and the exceptions that are still to come say who works", rows=60, visits_all=True
    ),
    "ReportFairness": Bound(
        "the visits of the days asked for, and of two years before, are what it is about", rows=100_000, visits_all=True
    ),
    "ReadCalendarFeed": Bound(
        "the visits of the past month and of the coming year are the answer", rows=5_100, visits_all=True
    ),
}
