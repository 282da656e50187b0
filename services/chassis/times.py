"""The times that a request holds: instants that exist and days of the calendar, wherever in the message they lie.

The messages of google.protobuf.Timestamp and google.type.Date hold numbers that are no time, and no rule of a contract says so of
each of their uses. Behind this check ``chassis.protos`` never meets one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from chassis.errors import Violation

INSTANT: Final = "google.protobuf.Timestamp"
DAY: Final = "google.type.Date"
# Nobody who is treated was born before, and nothing is planned after. Programs that mean no time send the years 1 and 9999,
# at which a day more or less is an overflow: an open end is left out.
FIRST_YEAR: Final = 1800
LAST_YEAR: Final = 2199
_FIRST: Final = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
_END: Final = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())
_NO_INSTANT: Final = f"must be an instant of the years {FIRST_YEAR} to {LAST_YEAR}, or left out"
_NO_DAY: Final = f"must be a day of the years {FIRST_YEAR} to {LAST_YEAR}, or left out"


def violations(message: Message, path: str = "") -> Iterator[Violation]:
    """A violation for each instant and each day in the message that is none. An unset one (all zero) is no time, and no problem."""
    if not _holds_times(message.DESCRIPTOR):
        return
    for field, value in message.ListFields():
        if field.message_type is None or not _is_or_holds_times(field.message_type):
            continue
        label = f"{path}{field.name}"
        if not field.is_repeated:
            yield from _of(field.message_type, value, label)
        elif _is_map(field.message_type):
            for key in value:
                yield from _of(value[key].DESCRIPTOR, value[key], f'{label}["{key}"]')
        else:
            for index, one in enumerate(value):
                yield from _of(field.message_type, one, f"{label}[{index}]")


def _of(kind: Descriptor, value: Any, label: str) -> Iterator[Violation]:
    if kind.full_name == INSTANT:
        if not (_FIRST <= value.seconds < _END and 0 <= value.nanos < 1_000_000_000):
            yield Violation(label, _NO_INSTANT)
    elif kind.full_name == DAY:
        if (value.year or value.month or value.day) and not _is_day(value.year, value.month, value.day):
            yield Violation(label, _NO_DAY)
    else:
        yield from violations(value, f"{label}.")


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        return FIRST_YEAR <= date(year, month, day).year <= LAST_YEAR
    except (ValueError, OverflowError):
        return False


@cache
def _holds_times(descriptor: Descriptor) -> bool:
    """Whether an instant or a day may lie anywhere below a message of this type."""
    seen = {descriptor.full_name}
    waiting = [descriptor]
    while waiting:
        for field in waiting.pop().fields:
            kind = field.message_type
            if kind is None or kind.full_name in seen:
                continue
            if kind.full_name in (INSTANT, DAY):
                return True
            seen.add(kind.full_name)
            waiting.append(kind)
    return False


def _is_or_holds_times(kind: Descriptor) -> bool:
    return kind.full_name in (INSTANT, DAY) or _holds_times(kind)


def _is_map(kind: Descriptor) -> bool:
    return bool(kind.GetOptions().map_entry)
