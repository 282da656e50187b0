"""Holidays of locations: chosen from a country's calendar or written by hand, and closed for searching and booking alike."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from polyclinic.scheduling.v1 import holidays_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.errors import Error, InvalidInput
from chassis.protos import to_date
from scheduling.adapters.public_holidays import public_holidays
from scheduling.domain.holidays import Holiday, defects
from tests.scheduling.clinic import Clinic, at

YEAR = 2026


def holiday(day: date, name: str = "Founders' Day", starts: int = 0, ends: int = 0) -> holidays_pb2.Holiday:
    """A holiday as it is sent."""
    stamp = {"year": day.year, "month": day.month, "day": day.day}
    return holidays_pb2.Holiday(date=stamp, name=name, starts_minute=starts, ends_minute=ends)


def close(clinic: Clinic, *days: holidays_pb2.Holiday, **more: Any) -> holidays_pb2.SetHolidaysResponse:
    """Makes these the holidays of the clinic's present year."""
    fields = {"location_ids": [str(clinic.location_id)], "year": clinic.today().year} | more
    return clinic.staff.call("SetHolidays", holidays_pb2.SetHolidaysRequest(holidays=days, **fields))


def listed(clinic: Clinic, year: int = 0) -> list[tuple[date, str]]:
    """The location's holidays."""
    request = holidays_pb2.ListHolidaysRequest(location_id=str(clinic.location_id), year=year)
    return [(to_date(one.date), one.name) for one in clinic.staff.call("ListHolidays", request).holidays]


def test_a_holiday_closes_its_location_for_searches_and_bookings(clinic: Clinic) -> None:
    """What is booked stays and is named; nothing more is offered or booked on the day, at that location alone."""
    day, main = clinic.day(3), clinic.location_id
    visit = clinic.book(at(day, 10))
    assert list(close(clinic, holiday(day)).affected_appointment_ids) == [visit.appointment_id]
    assert clinic.starts(day) == []
    with pytest.raises(Error) as refused:
        clinic.book(at(day, 11))
    assert refused.value.reason == "OUTSIDE_WORKING_TIME"
    clinic.location()
    clinic.template(clinic.practitioner_ids[0])
    elsewhere = clinic.search(day, location_ids=[str(clinic.location_id)])
    assert elsewhere
    assert str(main) not in {slot.location_id for slot in clinic.search(day)}


def test_half_a_day_is_closed_by_its_wall_clock(clinic: Clinic) -> None:
    """From noon on nothing is offered; the morning is as always."""
    day = clinic.day(3)
    close(clinic, holiday(day, "Christmas Eve", 720, 1440))
    assert max(clinic.starts(day)) == at(day, 11, 30)


def test_a_years_list_is_replaced_and_other_closures_stay(clinic: Clinic) -> None:
    """What is no longer in the list is open again, what stays keeps its identity, a closure that is no holiday is left alone."""
    first, second, third = (clinic.day(n) for n in (3, 4, 5))
    closure = pb.ScheduleException(
        kind=pb.SCHEDULE_EXCEPTION_KIND_CLOSED,
        location_id=str(clinic.location_id),
        dates={
            "start": {"year": third.year, "month": third.month, "day": third.day},
            "end": {"year": third.year, "month": third.month, "day": third.day},
        },
        reason="water damage",
    )
    clinic.staff.call("CreateScheduleException", pb.CreateScheduleExceptionRequest(exception=closure))
    close(clinic, holiday(first), holiday(second, "Second"))
    before = exceptions(clinic)
    close(clinic, holiday(second, "Second"))
    after = exceptions(clinic)
    assert listed(clinic) == [(second, "Second")]
    assert clinic.starts(first)
    assert clinic.starts(second) == clinic.starts(third) == []
    assert set(after.items()) < set(before.items())


def exceptions(clinic: Clinic) -> dict[str, str]:
    """Reasons of all exceptions by id."""
    request = pb.ListScheduleExceptionsRequest(location_id=str(clinic.location_id))
    found = clinic.staff.call("ListScheduleExceptions", request).exceptions
    return {one.schedule_exception_id: one.reason for one in found}


def test_a_preview_says_who_is_affected_and_closes_nothing(clinic: Clinic) -> None:
    """With validate_only the visits are named and the day stays open."""
    day = clinic.day(3)
    visit = clinic.book(at(day, 10))
    answer = close(clinic, holiday(day), validate_only=True)
    assert list(answer.affected_appointment_ids) == [visit.appointment_id]
    assert listed(clinic) == []
    assert clinic.starts(day)


def test_every_mistake_of_a_list_is_told_at_once(clinic: Clinic) -> None:
    """Another year, a day twice and odd minutes are refused together, each with its field."""
    day = clinic.day(3)
    with pytest.raises(Error) as refused:
        close(clinic, holiday(day), holiday(day), holiday(day.replace(year=day.year + 1), "Later", 601, 600))
    fields = [violation.field for violation in refused.value.violations]
    assert fields == ["holidays[1].date", "holidays[2].date", "holidays[2].starts_minute", "holidays[2].ends_minute"]


def test_a_countrys_calendar_is_proposed(clinic: Clinic) -> None:
    """The calendar of the United States and of one of its states, and nothing is closed by asking."""
    request = holidays_pb2.ListPublicHolidaysRequest(country="US", year=YEAR)
    found = {to_date(one.date): one.name for one in clinic.staff.call("ListPublicHolidays", request).holidays}
    assert found[date(YEAR, 7, 4)] == "Independence Day"
    # The fourth of July 2026 is a Saturday: the day that is kept is the Friday before (5 U.S.C. 6103).
    assert date(YEAR, 7, 3) in found
    assert date(YEAR, 3, 31) not in found
    request.subdivision = "CA"
    assert date(YEAR, 3, 31) in {to_date(one.date) for one in clinic.staff.call("ListPublicHolidays", request).holidays}
    assert listed(clinic, YEAR) == []


@pytest.mark.parametrize(("country", "subdivision"), [("XX", ""), ("US", "XX")])
def test_a_country_that_has_no_calendar_is_refused(country: str, subdivision: str) -> None:
    """What is not known is said, not answered with an empty list."""
    with pytest.raises(InvalidInput):
        public_holidays(country, subdivision, YEAR)


def test_a_sound_list_has_no_defects() -> None:
    """Two halves of one day are two holidays."""
    day = date(YEAR, 12, 24)
    assert defects([Holiday(day, "Morning", 0, 600), Holiday(day, "Evening", 1200, 1440)], YEAR) == []
