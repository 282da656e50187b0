"""Calendars that go out, and calendars that make practitioners busy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar
from polyclinic.scheduling.v1 import calendars_pb2 as pb
from polyclinic.scheduling.v1 import scheduling_pb2

from chassis.testing.harness import Harness, expect_error
from scheduling.adapters.icalendars import NotACalendar, read_busy
from scheduling.adapters.web_calendars import NotRead, WebCalendars
from scheduling.usecases.feeds import uid_of
from tests.scheduling.cases_calendars import token_of
from tests.scheduling.clinic import Clinic, at, open_clinic, stamp


def feed_of(clinic: Clinic, **owner: str) -> pb.CalendarFeed:
    """A feed."""
    return clinic.staff.call("CreateCalendarFeed", pb.CreateCalendarFeedRequest(**owner))


def read(clinic: Clinic, feed: pb.CalendarFeed) -> bytes:
    """What anybody who knows the path reads, without a token."""
    request = pb.ReadCalendarFeedRequest(token=token_of(feed.path))
    answer = clinic.harness.anonymous().call("ReadCalendarFeed", request)
    assert answer.content_type.startswith("text/calendar")
    return answer.data


def events(content: bytes) -> dict[str, Any]:
    """The events of a calendar by UID."""
    return {str(event["uid"]): event for event in Calendar.from_ical(content).walk("VEVENT")}


def ical(*lines: str) -> bytes:
    """An iCalendar file with these lines inside."""
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *lines, "END:VCALENDAR", ""]).encode()


def event(uid: str, *lines: str) -> tuple[str, ...]:
    """An event with these properties."""
    return (
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20260101T000000Z",
        *lines,
        "SUMMARY:Golf with the mayor",
        "END:VEVENT",
    )


def local(moment: datetime) -> str:
    """An instant as New York's wall clock, as iCalendar writes it."""
    from zoneinfo import ZoneInfo

    return moment.astimezone(ZoneInfo("America/New_York")).strftime("%Y%m%dT%H%M%S")


def busy_calendar(clinic: Clinic, **more: str) -> pb.BusyCalendar:
    """An outside calendar of the clinic's practitioner."""
    request = pb.CreateBusyCalendarRequest(practitioner_id=str(clinic.practitioner_ids[0]), name="Rota", **more)
    return clinic.staff.call("CreateBusyCalendar", request)


def upload(clinic: Clinic, calendar: pb.BusyCalendar, content: bytes) -> pb.BusyCalendarChange:
    """The file is uploaded."""
    request = pb.UploadBusyTimesRequest(busy_calendar_id=calendar.busy_calendar_id, content=content)
    return clinic.staff.call("UploadBusyTimes", request)


# ---- feeds ---------------------------------------------------------------------------------------------------------------


def test_a_feed_follows_the_visits_and_tells_nobody_who_comes_for_what(clinic: Clinic) -> None:
    """Booked visits are in a practitioner's feed with a lasting UID, a move raises SEQUENCE, cancelled ones are gone; no name, number,
    type or reason is in it."""
    feed = feed_of(clinic, practitioner_id=str(clinic.practitioner_ids[0]))
    patient = clinic.patient("Featherstone", "Lucinda", mrn="MRN-4711")
    request = clinic.booking(at(clinic.day(1), 10), patient_id=patient)
    request.reason = "itching"
    visit = clinic.staff.call("BookAppointment", request)
    other = clinic.book(at(clinic.day(2), 10))
    uid = uid_of(UUID(visit.appointment_id))
    content = read(clinic, feed)
    first = events(content)
    assert set(first) == {uid, uid_of(UUID(other.appointment_id))}
    assert (first[uid].start, first[uid].end) == (at(clinic.day(1), 10), at(clinic.day(1), 10, 30))
    for secret in (
        b"Featherstone",
        b"Lucinda",
        b"4711",
        b"itching",
        b"Visit",
        b"visit",
        str(patient).encode(),
        visit.appointment_id.encode(),
    ):
        assert secret not in content
    moved = scheduling_pb2.MoveAppointmentRequest(
        appointment_id=visit.appointment_id, start_time=stamp(at(clinic.day(1), 14))
    )
    clinic.staff.call("MoveAppointment", moved)
    clinic.cancel(other.appointment_id)
    later = events(read(clinic, feed))
    assert set(later) == {uid}
    assert later[uid].start == at(clinic.day(1), 14)
    assert later[uid]["sequence"] > first[uid]["sequence"]


def test_a_patients_feed_says_only_when(clinic: Clinic) -> None:
    """A patient makes a feed of their own visits; it names neither place nor practitioner, and others cannot make or end it."""
    patient, other = clinic.patient(), clinic.patient()
    own = clinic.harness.client(clinic.tenant_id, [], patient_ids=[patient])
    feed = own.call("CreateCalendarFeed", pb.CreateCalendarFeedRequest(patient_id=str(patient)))
    clinic.book(at(clinic.day(1), 10), patient_id=patient)
    clinic.book(at(clinic.day(1), 11), patient_id=other)
    content = read(clinic, feed)
    assert len(events(content)) == 1
    assert b"Main Street" not in content
    assert b"Okafor" not in content
    with expect_error("NOT_FOUND"):
        own.call("CreateCalendarFeed", pb.CreateCalendarFeedRequest(patient_id=str(other)))
    with expect_error("NOT_FOUND"):
        own.call("CreateCalendarFeed", pb.CreateCalendarFeedRequest(practitioner_id=str(clinic.practitioner_ids[0])))
    stranger = clinic.harness.client(clinic.tenant_id, [], patient_ids=[other])
    with expect_error("NOT_FOUND"):
        stranger.call("DeleteCalendarFeed", pb.DeleteCalendarFeedRequest(calendar_feed_id=feed.calendar_feed_id))
    listed = own.call("ListCalendarFeeds", pb.ListCalendarFeedsRequest(patient_id=str(patient))).feeds
    assert [(one.calendar_feed_id, one.path) for one in listed] == [(feed.calendar_feed_id, "")]


def test_a_rotated_or_ended_feed_is_read_no_more(clinic: Clinic) -> None:
    """Rotating gives a new path and stops the old one, ending stops both; guesses and other tenants' ids read nothing."""
    feed = feed_of(clinic, practitioner_id=str(clinic.practitioner_ids[0]))
    rotated = clinic.staff.call(
        "RotateCalendarFeed", pb.RotateCalendarFeedRequest(calendar_feed_id=feed.calendar_feed_id)
    )
    assert rotated.path != feed.path
    with expect_error("NOT_FOUND"):
        read(clinic, feed)
    read(clinic, rotated)
    clinic.staff.call("DeleteCalendarFeed", pb.DeleteCalendarFeedRequest(calendar_feed_id=feed.calendar_feed_id))
    for token in (token_of(rotated.path), "guess", "A" * 75, "é"):
        with expect_error("NOT_FOUND"):
            clinic.harness.anonymous().call("ReadCalendarFeed", pb.ReadCalendarFeedRequest(token=token))
    with expect_error("INVALID_INPUT"):
        feed_of(clinic)


# ---- busy elsewhere --------------------------------------------------------------------------------------------------------


def test_an_outside_calendar_blocks_out_what_it_says(clinic: Clinic) -> None:
    """Every other day from ten to eleven, but for one of them: offered and booked around it; who is booked there is named."""
    first = clinic.day(1)
    in_the_way = clinic.book(at(first, 10, 30))
    clinic.book(at(first, 14))
    calendar = busy_calendar(clinic)
    change = upload(
        clinic,
        calendar,
        ical(
            *event(
                "rota",
                f"DTSTART;TZID=America/New_York:{local(at(first, 10))}",
                f"DTEND;TZID=America/New_York:{local(at(first, 11))}",
                "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3",
                f"EXDATE;TZID=America/New_York:{local(at(clinic.day(3), 10))}",
            )
        ),
    )
    assert list(change.affected_appointment_ids) == [in_the_way.appointment_id]
    assert (change.calendar.busy_count, change.calendar.problem) == (2, "")
    for day, busy in ((first, True), (clinic.day(2), False), (clinic.day(3), False), (clinic.day(5), True)):
        assert (at(day, 10, 15) in clinic.starts(day)) is not busy
    with expect_error("OUTSIDE_WORKING_TIME"):
        clinic.book(at(clinic.day(5), 9, 45))
    clinic.book(at(clinic.day(3), 10))
    upload(clinic, calendar, ical())
    clinic.book(at(clinic.day(5), 9, 45))
    upload(clinic, calendar, ical(*event("x", f"DTSTART:{at(clinic.day(6), 9):%Y%m%dT%H%M%SZ}", "DURATION:PT8H")))
    assert clinic.starts(clinic.day(6)) == []
    clinic.staff.call("DeleteBusyCalendar", pb.DeleteBusyCalendarRequest(busy_calendar_id=calendar.busy_calendar_id))
    assert clinic.starts(clinic.day(6)) != []


def test_what_the_practitioner_does_elsewhere_is_not_kept(clinic: Clinic) -> None:
    """Of an outside calendar only the times are stored."""
    calendar = busy_calendar(clinic)
    day = clinic.day(1)
    upload(clinic, calendar, ical(*event("x", f"DTSTART;VALUE=DATE:{day:%Y%m%d}")))
    assert clinic.starts(day) == [], "an event of a whole day is the location's day"
    assert clinic.starts(clinic.day(2)) != []
    with clinic.harness.session(clinic.tenant_id) as session:
        from sqlalchemy import text

        stored = session.execute(text("select * from busy_time, busy_calendar")).all()
    assert "Golf" not in str(stored)


def test_what_is_no_calendar_is_refused(clinic: Clinic) -> None:
    """Garbage, another component and a calendar without end are refused, and what was known before stays."""
    calendar, day = busy_calendar(clinic), clinic.day(1)
    upload(clinic, calendar, ical(*event("x", f"DTSTART;VALUE=DATE:{day:%Y%m%d}")))
    endless = event("y", f"DTSTART:{at(day, 9):%Y%m%dT%H%M%SZ}", "DURATION:PT5M", "RRULE:FREQ=MINUTELY;INTERVAL=10")
    for wrong in (b"golf", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", b"\xff\xfe", ical(*endless)):
        with expect_error("INVALID_INPUT", field="content"):
            upload(clinic, calendar, wrong)
    assert clinic.starts(day) == []


def test_transparent_and_cancelled_events_leave_time_free() -> None:
    """Only what the calendar's owner shows as busy is, in UTC, and floating times are in the zone they are read in."""
    begin, end = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 12, tzinfo=UTC)
    content = ical(
        *event("1", "DTSTART:20260303T100000Z", "DTEND:20260303T110000Z", "TRANSP:TRANSPARENT"),
        *event("2", "DTSTART:20260303T120000Z", "DTEND:20260303T130000Z", "STATUS:CANCELLED"),
        *event("3", "DTSTART:20260309T090000", "DTEND:20260309T100000"),
        *event("4", "DTSTART:20260301T230000Z", "DTEND:20260302T010000Z"),
    )
    assert read_busy(content, "America/New_York", begin, end) == [
        (begin, begin + timedelta(hours=1)),
        (datetime(2026, 3, 9, 13, tzinfo=UTC), datetime(2026, 3, 9, 14, tzinfo=UTC)),
    ]
    with pytest.raises(NotACalendar):
        read_busy(b"", "UTC", begin, end)


class Served:
    """What a web server answers, and to what."""

    def __init__(self) -> None:
        self.status, self.body = 200, b""
        self.headers: dict[str, str] = {}
        self.asked = 0


@contextmanager
def serving(served: Served) -> Iterator[str]:
    """A web server on this machine; yields the url of its calendar."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked += 1
            self.send_response(served.status)
            for name, value in served.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(served.body)))
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/rota.ics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_calendar_is_read_from_its_url_again_and_again(service_harness: Callable[..., Harness]) -> None:
    """A calendar with a url is read at once and every quarter of an hour; a failed reading is told and leaves what was known."""
    clinic = open_clinic(service_harness("scheduling", POLYCLINIC_PRIVATE_CALENDARS="true"))
    served, day = Served(), clinic.day(1)
    served.body = ical(*event("x", f"DTSTART;VALUE=DATE:{day:%Y%m%d}"))

    def state() -> pb.BusyCalendar:
        clinic.harness.run_due()
        (found,) = clinic.staff.call("ListBusyCalendars", pb.ListBusyCalendarsRequest()).calendars
        return found

    with serving(served) as url:
        made = busy_calendar(clinic, url=url)
        assert made.has_url
        assert (state().busy_count, served.asked) == (1, 1)
        assert clinic.starts(day) == []
        served.status = 500
        clinic.harness.advance(minutes=15)
        assert state().problem == "was answered with status 500"
        assert clinic.starts(day) == []
        served.status, served.body = 200, ical()
        clinic.harness.advance(minutes=15)
        assert (state().problem, served.asked) == ("", 3)
        assert clinic.starts(day) != []
    clinic.staff.call("DeleteBusyCalendar", pb.DeleteBusyCalendarRequest(busy_calendar_id=made.busy_calendar_id))
    clinic.harness.advance(minutes=15)
    clinic.harness.run_due()
    assert not clinic.staff.call("ListBusyCalendars", pb.ListBusyCalendarsRequest()).calendars


def test_urls_lead_to_public_hosts_by_https(clinic: Clinic) -> None:
    """Our own network cannot be looked at through a calendar's url, nor be reached by a redirect."""
    for url in (
        "http://example.org/a.ics",
        "https://user@example.org/a",
        "ftp://x",
        "https://",
        "https://x:8443/",
        "x",
    ):
        with expect_error("INVALID_INPUT", field="url"):
            busy_calendar(clinic, url=url)
    for url in (
        "https://127.0.0.1/a.ics",
        "https://10.0.0.1/a.ics",
        "https://169.254.169.254/latest",
        "https://[::1]/",
    ):
        with pytest.raises(NotRead, match="public host"):
            WebCalendars().fetch(url)
    served = Served()
    served.status, served.headers = 302, {"Location": "http://127.0.0.1:1/"}
    with serving(served) as url, pytest.raises(NotRead, match="status 302"):
        WebCalendars(private=True).fetch(url)
    served.status, served.headers, served.body = 200, {}, b"x" * 2_000_001
    with serving(served) as url, pytest.raises(NotRead, match="larger"):
        WebCalendars(private=True).fetch(url)


def test_feeds_are_enough_at_ten(clinic: Clinic) -> None:
    """Nobody collects secret paths without end."""
    owner = str(clinic.practitioner_ids[0])
    ids = {UUID(feed_of(clinic, practitioner_id=owner).calendar_feed_id) for _ in range(10)}
    assert len(ids) == 10
    with expect_error("TOO_MANY_FEEDS"):
        feed_of(clinic, practitioner_id=owner)
