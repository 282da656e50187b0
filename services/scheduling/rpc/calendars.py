"""Feeds and outside calendars."""

from __future__ import annotations

from google.api import httpbody_pb2
from polyclinic.scheduling.v1 import calendars_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, optional_identifier, timestamp
from scheduling.adapters.web_calendars import WebCalendars
from scheduling.rpc import messages
from scheduling.tables_calendars import BusyCalendar, CalendarFeed
from scheduling.usecases import busy_calendars, feeds


class CalendarsRpc:
    """Every RPC of polyclinic.scheduling.v1.Calendars."""

    def __init__(self, web: WebCalendars) -> None:
        self._web = web

    def CreateCalendarFeed(self, request: pb.CreateCalendarFeedRequest, call: Call) -> pb.CalendarFeed:
        practitioner, patient = optional_identifier(request.practitioner_id), optional_identifier(request.patient_id)
        return _feed(*feeds.create(call, practitioner, patient))

    def RotateCalendarFeed(self, request: pb.RotateCalendarFeedRequest, call: Call) -> pb.CalendarFeed:
        return _feed(*feeds.rotate(call, identifier(request.calendar_feed_id)))

    def DeleteCalendarFeed(self, request: pb.DeleteCalendarFeedRequest, call: Call) -> pb.CalendarFeed:
        return _feed(feeds.delete(call, identifier(request.calendar_feed_id)))

    def ListCalendarFeeds(self, request: pb.ListCalendarFeedsRequest, call: Call) -> pb.ListCalendarFeedsResponse:
        practitioner, patient = optional_identifier(request.practitioner_id), optional_identifier(request.patient_id)
        rows, token = feeds.list_feeds(call, practitioner, patient, request.page_size, request.page_token)
        return pb.ListCalendarFeedsResponse(feeds=[_feed(row) for row in rows], next_page_token=token)

    def ReadCalendarFeed(self, request: pb.ReadCalendarFeedRequest, call: Call) -> httpbody_pb2.HttpBody:
        return httpbody_pb2.HttpBody(content_type="text/calendar; charset=utf-8", data=feeds.read(call, request.token))

    def GetVisitCalendar(self, request: pb.GetVisitCalendarRequest, call: Call) -> httpbody_pb2.HttpBody:
        content = feeds.one_visit(call, identifier(request.appointment_id))
        return httpbody_pb2.HttpBody(content_type="text/calendar; charset=utf-8", data=content)

    def CreateBusyCalendar(self, request: pb.CreateBusyCalendarRequest, call: Call) -> pb.BusyCalendar:
        practitioner_id = identifier(request.practitioner_id)
        return _busy(busy_calendars.create(call, self._web, practitioner_id, request.name, request.url))

    def UploadBusyTimes(self, request: pb.UploadBusyTimesRequest, call: Call) -> pb.BusyCalendarChange:
        row, affected = busy_calendars.upload(call, identifier(request.busy_calendar_id), request.content)
        return pb.BusyCalendarChange(calendar=_busy(row), **messages.affected(affected))

    def DeleteBusyCalendar(self, request: pb.DeleteBusyCalendarRequest, call: Call) -> pb.BusyCalendar:
        return _busy(busy_calendars.delete(call, identifier(request.busy_calendar_id)))

    def ListBusyCalendars(self, request: pb.ListBusyCalendarsRequest, call: Call) -> pb.ListBusyCalendarsResponse:
        practitioner_id = optional_identifier(request.practitioner_id)
        rows, token = busy_calendars.list_calendars(call, practitioner_id, request.page_size, request.page_token)
        return pb.ListBusyCalendarsResponse(calendars=[_busy(row) for row in rows], next_page_token=token)


def _feed(row: CalendarFeed, path: str = "") -> pb.CalendarFeed:
    return pb.CalendarFeed(
        calendar_feed_id=str(row.id),
        practitioner_id=messages.text(row.practitioner_id),
        patient_id=messages.text(row.patient_id),
        path=path,
        made_at=timestamp(row.made_at),
        rotated_at=timestamp(row.rotated_at),
        version=row.version,
    )


def _busy(row: BusyCalendar) -> pb.BusyCalendar:
    return pb.BusyCalendar(
        busy_calendar_id=str(row.id),
        practitioner_id=str(row.practitioner_id),
        name=row.name,
        has_url=bool(row.url),
        read_at=timestamp(row.read_at),
        problem=row.problem,
        busy_count=row.busy_count,
        version=row.version,
    )
