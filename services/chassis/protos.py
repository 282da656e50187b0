"""Conversions between protobuf's values and Python's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from google.protobuf import timestamp_pb2
from google.type import date_pb2

from chassis.errors import InvalidInput, Violation

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 86_400
_NANOS_OF_A_MICROSECOND = 1_000


def instant(value: timestamp_pb2.Timestamp) -> datetime:
    """Timestamp → aware UTC datetime, microseconds kept."""
    return value.ToDatetime(tzinfo=UTC)


def optional_instant(value: timestamp_pb2.Timestamp) -> datetime | None:
    """Timestamp → aware UTC datetime; None for the unset (zero) timestamp."""
    return instant(value) if value.seconds or value.nanos else None


def timestamp(value: datetime | None) -> timestamp_pb2.Timestamp | None:
    """Aware datetime → Timestamp; None stays None. A naive datetime raises ValueError."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a naive datetime has no place here")
    since = value - _EPOCH
    return timestamp_pb2.Timestamp(
        seconds=since.days * _DAY_SECONDS + since.seconds, nanos=since.microseconds * _NANOS_OF_A_MICROSECOND
    )


def to_date(value: date_pb2.Date, field: str = "date") -> date:
    """google.type.Date → date. Raises InvalidInput for a day that does not exist."""
    try:
        return date(value.year, value.month, value.day)
    except ValueError as error:
        raise InvalidInput([Violation(field, str(error))]) from None


def optional_date(value: date_pb2.Date, field: str = "date") -> date | None:
    """google.type.Date → date; None when it is unset (all zero)."""
    return to_date(value, field) if value.year or value.month or value.day else None


def date_message(value: date | None) -> date_pb2.Date | None:
    """date → google.type.Date; None stays None."""
    return None if value is None else date_pb2.Date(year=value.year, month=value.month, day=value.day)


def identifier(text: str, field: str = "id") -> UUID:
    """Text → UUID. Raises InvalidInput."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput([Violation(field, "must be a UUID")]) from None


def optional_identifier(text: str, field: str = "id") -> UUID | None:
    """Text → UUID; None for the empty text."""
    return identifier(text, field) if text else None


def money(minor_units: int | None, currency: str = "USD"):  # type: ignore[no-untyped-def]
    """Minor units and ISO 4217 currency → polyclinic.types.v1.Money; None stays None."""
    from polyclinic.types.v1 import types_pb2

    return None if minor_units is None else types_pb2.Money(minor_units=minor_units, currency=currency)
