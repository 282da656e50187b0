"""A valid request for each of scheduling's RPCs, for the set tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
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
from tests.scheduling.clinic import Clinic, at, open_clinic, stamp


@dataclass
class World:
    """A clinic with one of everything."""

    clinic: Clinic
    tenant_id: UUID
    template: pb.ScheduleTemplate
    exception: pb.ScheduleException
    hold: pb.Hold
    booked: pb.Appointment
    arrived: pb.Appointment
    checked_in: pb.Appointment
    roomed: pb.Appointment
    seen: pb.Appointment
    past: pb.Appointment
    request_id: str
    entry: pb.WaitlistEntry
    offer: pb.WaitlistOffer

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
        return str(self.clinic.patient_ids[0])

    def free(self, hour: int = 15) -> dict[str, Any]:
        """A free time."""
        return self.clinic.wanted(at(self.clinic.day(2), hour))


def world(harness: Harness, tenant: UUID) -> World:
    """Makes one of everything in this tenant, through the API and the events that it hears."""
    clinic = open_clinic(harness, tenant_id=tenant)
    who = clinic.practitioner_ids[0]
    template = clinic.template(who, (0, 24))
    exception = clinic.staff.call(
        "CreateScheduleException",
        pb.CreateScheduleExceptionRequest(
            exception=pb.ScheduleException(
                kind=pb.SCHEDULE_EXCEPTION_KIND_CLOSED,
                location_id=str(clinic.location_id),
                dates=types_pb2.DateRange(start=date_message(clinic.day(20)), end=date_message(clinic.day(20))),
            )
        ),
    ).exception
    now = clinic.now.replace(second=0, microsecond=0)
    now -= timedelta(minutes=now.minute % 5)
    visits = [clinic.book(now + timedelta(minutes=30 * n)) for n in range(6)]
    for index, steps in enumerate((["Arrive"], ["CheckIn"], ["CheckIn", "Room"], ["CheckIn", "Seen"]), start=1):
        for step in steps:
            if step == "Room":
                clinic.staff.call("Room", pb.RoomRequest(appointment_id=visits[index].appointment_id))
            else:
                clinic.step(step, visits[index].appointment_id)
    harness.deliver(
        tenant,
        notifications.AppointmentReplyReceived(
            reply_id=str(tenant),
            appointment_id=visits[5].appointment_id,
            patient_id=visits[5].patient_id,
            intent=notifications.REPLY_INTENT_RESCHEDULE,
        ),
    )
    requests = clinic.staff.call("ListRescheduleRequests", pb.ListRescheduleRequestsRequest())
    wish = {
        "appointment_type_id": clinic.type_ids["visit"],
        "dates": types_pb2.DateRange(end=date_message(clinic.day(30))),
    }
    entry = clinic.staff.call("JoinWaitlist", pb.JoinWaitlistRequest(patient_id=str(clinic.patient()), **wish))
    given_up = clinic.book(at(clinic.day(3), 12))
    clinic.cancel(given_up.appointment_id)
    harness.run_due()
    (offer,) = clinic.staff.call("ListOffers", pb.ListOffersRequest()).offers
    return World(
        clinic=clinic,
        tenant_id=tenant,
        template=template,
        exception=exception,
        hold=clinic.hold(at(clinic.day(2), 10)),
        booked=clinic.book(at(clinic.day(2), 11)),
        past=visits[0],
        arrived=visits[1],
        checked_in=visits[2],
        roomed=visits[3],
        seen=visits[4],
        request_id=requests.requests[0].reschedule_request_id,
        entry=entry,
        offer=offer,
    )


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
    "GetTicket": Bound("the visits of the place's day are gone through to say how long it takes", visits_all=True),
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
