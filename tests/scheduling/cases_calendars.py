"""A valid request for each RPC of Calendars, for the set tests."""

from __future__ import annotations

from typing import Any

from polyclinic.scheduling.v1 import calendars_pb2 as pb

from chassis.testing import Case

NOTHING = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nEND:VCALENDAR\r\n"


def feed(w: Any) -> pb.CalendarFeed:
    """A feed of the world's practitioner."""
    request = pb.CreateCalendarFeedRequest(practitioner_id=str(w.clinic.practitioner_ids[0]))
    return w.clinic.staff.call("CreateCalendarFeed", request)


def busy_calendar(w: Any) -> pb.BusyCalendar:
    """An outside calendar of the world's practitioner."""
    request = pb.CreateBusyCalendarRequest(practitioner_id=str(w.clinic.practitioner_ids[0]), name="Rota")
    return w.clinic.staff.call("CreateBusyCalendar", request)


def token_of(path: str) -> str:
    """The secret in a feed's path."""
    return path.split("/")[-2]


CASES = {
    "CreateCalendarFeed": Case(
        lambda w: pb.CreateCalendarFeedRequest(practitioner_id=w.practitioner_id), names_resource=True
    ),
    "RotateCalendarFeed": Case(
        lambda w: pb.RotateCalendarFeedRequest(calendar_feed_id=feed(w).calendar_feed_id), names_resource=True
    ),
    "DeleteCalendarFeed": Case(
        lambda w: pb.DeleteCalendarFeedRequest(calendar_feed_id=feed(w).calendar_feed_id), names_resource=True
    ),
    "ListCalendarFeeds": Case(lambda w: pb.ListCalendarFeedsRequest(practitioner_id=w.practitioner_id)),
    "GetVisitCalendar": Case(
        lambda w: pb.GetVisitCalendarRequest(appointment_id=w.booked.appointment_id), names_resource=True
    ),
    "ReadCalendarFeed": Case(lambda w: pb.ReadCalendarFeedRequest(token=token_of(feed(w).path))),
    "CreateBusyCalendar": Case(
        lambda w: pb.CreateBusyCalendarRequest(practitioner_id=w.practitioner_id, name="Rota"), names_resource=True
    ),
    "UploadBusyTimes": Case(
        lambda w: pb.UploadBusyTimesRequest(busy_calendar_id=busy_calendar(w).busy_calendar_id, content=NOTHING),
        names_resource=True,
    ),
    "DeleteBusyCalendar": Case(
        lambda w: pb.DeleteBusyCalendarRequest(busy_calendar_id=busy_calendar(w).busy_calendar_id), names_resource=True
    ),
    "ListBusyCalendars": Case(lambda w: pb.ListBusyCalendarsRequest()),
}
