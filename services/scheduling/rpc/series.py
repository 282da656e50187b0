"""Recurring visits."""

from __future__ import annotations

from polyclinic.scheduling.v1 import series_pb2 as pb

from chassis.call import Call
from chassis.protos import date_message, identifier, optional_identifier, timestamp, to_date
from scheduling.cache import AvailabilityCache
from scheduling.rpc import messages
from scheduling.tables_series import AppointmentSeries
from scheduling.usecases import series
from scheduling.usecases.series import BookSeries, CancelSeries, ChangeSeries, Clash, Scope, SeriesView


class SeriesRpc:
    """Every RPC of polyclinic.scheduling.v1.Series."""

    def __init__(self, cache: AvailabilityCache) -> None:
        self.cache = cache

    def BookSeries(self, request: pb.BookSeriesRequest, call: Call) -> pb.SeriesAnswer:
        command = BookSeries(
            patient_id=identifier(request.patient_id),
            type_id=identifier(request.appointment_type_id),
            practitioner_id=identifier(request.practitioner_id),
            location_id=identifier(request.location_id),
            first_date=to_date(request.first_date, "first_date"),
            start_minute=request.start_minute,
            rule=request.rule,
            skip=frozenset(to_date(day, "skip_dates") for day in request.skip_dates),
            reason=request.reason,
        )
        return _answer(series.book_series(call, self.cache, command, validate_only=request.validate_only))

    def ChangeSeries(self, request: pb.ChangeSeriesRequest, call: Call) -> pb.SeriesAnswer:
        command = ChangeSeries(
            series_id=identifier(request.series_id),
            scope=Scope(request.scope),
            appointment_id=optional_identifier(request.appointment_id),
            start_minute=request.start_minute if request.HasField("start_minute") else None,
            days_later=request.days_later,
            practitioner_id=optional_identifier(request.practitioner_id),
            location_id=optional_identifier(request.location_id),
            skip=frozenset(to_date(day, "skip_dates") for day in request.skip_dates),
            version=request.version,
        )
        return _answer(series.change_series(call, self.cache, command, validate_only=request.validate_only))

    def CancelSeries(self, request: pb.CancelSeriesRequest, call: Call) -> pb.SeriesAnswer:
        command = CancelSeries(
            identifier(request.series_id),
            Scope(request.scope),
            optional_identifier(request.appointment_id),
            request.reason,
            request.note,
            request.version,
        )
        return _answer(series.cancel_series(call, command))

    def GetSeries(self, request: pb.GetSeriesRequest, call: Call) -> pb.SeriesAnswer:
        return _answer(series.get_series(call, identifier(request.series_id)))

    def ListSeries(self, request: pb.ListSeriesRequest, call: Call) -> pb.ListSeriesResponse:
        rows, token = series.list_series(call, identifier(request.patient_id), request.page_size, request.page_token)
        return pb.ListSeriesResponse(series=[_series(row) for row in rows], next_page_token=token)


def _series(row: AppointmentSeries) -> pb.AppointmentSeries:
    return pb.AppointmentSeries(
        series_id=str(row.id),
        patient_id=str(row.patient_id),
        appointment_type_id=str(row.appointment_type_id),
        practitioner_id=str(row.practitioner_id),
        location_id=str(row.location_id),
        rule=row.rule,
        first_date=date_message(row.first_date),
        days_later=row.days_later,
        start_minute=row.start_minute,
        time_zone=row.time_zone,
        reason=row.reason,
        booked_at=timestamp(row.booked_at),
        cancelled_at=timestamp(row.cancelled_at),
        following_of=messages.text(row.following_of),
        version=row.version,
    )


def _clash(index: int, clash: Clash) -> pb.OccurrenceConflicts:
    return pb.OccurrenceConflicts(
        date=date_message(clash.day),
        start_time=timestamp(clash.wanted.start),
        conflicts=[messages.conflict(index, found) for found in clash.conflicts],
        alternatives=[messages.slot(one) for one in clash.alternatives],
    )


def _answer(view: SeriesView) -> pb.SeriesAnswer:
    return pb.SeriesAnswer(
        series=_series(view.row) if view.row is not None else None,
        appointments=messages.appointments(view.occurrences),
        conflicts=[_clash(view.dates.index(clash.day), clash) for clash in view.clashes],
        dates=[date_message(day) for day in view.dates],
    )
