"""Times that are none are refused before a use case meets them, wherever in the request they lie."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry
from polyclinic.scheduling.v1 import scheduling_pb2 as scheduling
from polyclinic.scheduling.v1 import series_pb2 as series

from chassis import protos, times

ANY_32 = st.integers(-(2**31), 2**31 - 1)
ANY_64 = st.integers(-(2**63), 2**63 - 1)


def wrong(message: Any) -> list[str]:
    """The fields that are refused."""
    return [each.field for each in times.violations(message)]


NO_DAYS = [
    (2026, 2, 30),
    (2026, 0, 0),
    (0, 5, 17),
    (1, 1, 1),
    (1799, 12, 31),
    (2200, 1, 1),
    (9999, 12, 31),
    (-5, 13, 99),
]
NO_INSTANTS = [
    (-62_135_596_800, 0),
    (7_258_118_400, 0),
    (253_402_300_799, 0),
    (253_402_300_800, 0),
    (2**62, 0),
    (1, -1),
]


@pytest.mark.parametrize(("year", "month", "day"), NO_DAYS)
def test_a_day_that_is_none_is_named(year: int, month: int, day: int) -> None:
    """Days that no calendar has, those before anybody's birth and those that stand for never are refused with their path."""
    patient = registry.PatientInput(birth_date=Date(year=year, month=month, day=day))
    assert wrong(registry.RegisterPatientRequest(patient=patient)) == ["patient.birth_date"]


@pytest.mark.parametrize(("seconds", "nanos"), NO_INSTANTS)
def test_an_instant_that_is_none_is_named(seconds: int, nanos: int) -> None:
    """Instants that RFC 3339 cannot write, and the years 1 and 9999 that programs send for none, are refused."""
    request = scheduling.BookAppointmentRequest(start_time=Timestamp(seconds=seconds, nanos=nanos))
    assert wrong(request) == ["start_time"]


def test_times_in_lists_are_named_by_their_place() -> None:
    """All that are wrong are said at once, each by its index."""
    good, bad = Date(year=2026, month=3, day=2), Date(year=2026, month=2, day=30)
    request = series.BookSeriesRequest(skip_dates=[bad, good, bad])
    assert wrong(request) == ["skip_dates[0]", "skip_dates[2]"]


def test_what_is_not_said_is_no_problem() -> None:
    """An unset day or instant, one that is all zero, and the last of both pass."""
    assert wrong(registry.RegisterPatientRequest(patient=registry.PatientInput(birth_date=Date()))) == []
    assert wrong(scheduling.BookAppointmentRequest(start_time=Timestamp())) == []
    assert (
        wrong(scheduling.BookAppointmentRequest(start_time=Timestamp(seconds=7_258_118_399, nanos=999_999_999))) == []
    )
    assert (
        wrong(
            registry.RegisterPatientRequest(patient=registry.PatientInput(birth_date=Date(year=2199, month=12, day=31)))
        )
        == []
    )


@given(ANY_64, ANY_32)
def test_every_instant_that_passes_can_be_read(seconds: int, nanos: int) -> None:
    """What is let through becomes a datetime without an error."""
    request = scheduling.BookAppointmentRequest(start_time=Timestamp(seconds=seconds, nanos=nanos))
    assert wrong(request) or protos.instant(request.start_time).year >= times.FIRST_YEAR


@given(ANY_32, st.integers(-1, 14), st.integers(-1, 33))
def test_every_day_that_passes_can_be_read(year: int, month: int, day: int) -> None:
    """What is let through becomes a date, or nothing, without an error."""
    patient = registry.PatientInput(birth_date=Date(year=year, month=month, day=day))
    assert (
        wrong(registry.RegisterPatientRequest(patient=patient))
        or protos.optional_date(patient.birth_date) is None
        or (protos.to_date(patient.birth_date).year >= times.FIRST_YEAR)
    )
