"""Holidays of locations and of countries."""

from __future__ import annotations

from collections.abc import Iterable

from polyclinic.scheduling.v1 import holidays_pb2 as pb

from chassis.call import Call
from chassis.protos import date_message, identifier, to_date
from scheduling.adapters.public_holidays import public_holidays
from scheduling.domain.holidays import Holiday
from scheduling.usecases import holidays
from scheduling.usecases.holidays import SetHolidays


class HolidaysRpc:
    """Every RPC of polyclinic.scheduling.v1.Holidays."""

    def ListHolidays(self, request: pb.ListHolidaysRequest, call: Call) -> pb.ListHolidaysResponse:
        found, year = holidays.list_holidays(call, identifier(request.location_id), request.year)
        return pb.ListHolidaysResponse(holidays=_messages(found), year=year)

    def SetHolidays(self, request: pb.SetHolidaysRequest, call: Call) -> pb.SetHolidaysResponse:
        command = SetHolidays(
            tuple(map(identifier, request.location_ids)),
            request.year,
            tuple(
                Holiday(to_date(one.date, f"holidays[{n}].date"), one.name, one.starts_minute, one.ends_minute)
                for n, one in enumerate(request.holidays)
            ),
        )
        found, affected = holidays.set_holidays(call, command, validate_only=request.validate_only)
        return pb.SetHolidaysResponse(
            holidays=_messages(found), affected_appointment_ids=[str(visit) for visit in affected]
        )

    def ListPublicHolidays(self, request: pb.ListPublicHolidaysRequest, call: Call) -> pb.ListPublicHolidaysResponse:
        return pb.ListPublicHolidaysResponse(
            holidays=_messages(public_holidays(request.country, request.subdivision, request.year))
        )


def _messages(found: Iterable[Holiday]) -> list[pb.Holiday]:
    return [
        pb.Holiday(
            date=date_message(one.day), name=one.name, starts_minute=one.starts_minute, ends_minute=one.ends_minute
        )
        for one in found
    ]
