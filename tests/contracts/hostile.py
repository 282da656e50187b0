"""Requests as nobody means them: each field of a good one, one at a time, gets what a stranger's program might send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)

_F = FieldDescriptor
_32 = (-(2**31), 2**31 - 1)
_64 = (-(2**63), 2**63 - 1)
_U32, _U64 = (0, 2**32 - 1), (0, 2**64 - 1)
_RANGES = {
    _F.TYPE_INT32: _32,
    _F.TYPE_SINT32: _32,
    _F.TYPE_SFIXED32: _32,
    _F.TYPE_UINT32: _U32,
    _F.TYPE_FIXED32: _U32,
    _F.TYPE_INT64: _64,
    _F.TYPE_SINT64: _64,
    _F.TYPE_SFIXED64: _64,
    _F.TYPE_UINT64: _U64,
    _F.TYPE_FIXED64: _U64,
}
TEXTS = (
    "",
    "x",
    " ",
    "0",
    "-1",
    "1e9",
    "2026-13-45",
    "9999-12-31",
    "a\x00b",
    "line\r\nbreak\x1b",
    "Zoë \u202e\U0001f9ea e\u0301",
    "%_\\'\";--",
    "{{ 7*7 }}",
    "../../etc/passwd",
    "[^(",
    "01a2027b-4e79-7bc2-a328-82b238ac6c72",
    "01A2027B-4E79-7BC2-A328-82B238AC6C72",
    "9" * 40,
    "A" * 2_000,
    "\U0001f9ea" * 100_000,
)
BYTES = (b"", b"\x00\xff\xfe", b"ISA*", b"%PDF-", b"BEGIN:VCALENDAR\r\n", b"A" * 70_000)
# (seconds, nanos): the first and last instants that RFC 3339 can write, and beyond them.
INSTANTS = (
    (0, 0),
    (1, 1),
    (-62135596800, 0),
    (253402300799, 999_999_999),
    (253402300800, 0),
    (2**62, 0),
    (1_772_467_200, -1),
    (1_772_467_201, 500),
)
SPANS = ((0, 0), (-1, 0), (315_576_000_000, 0), (2**62, 0), (1, -1))
DAYS = ((0, 0, 0), (1, 1, 1), (9999, 12, 31), (2026, 2, 30), (2026, 0, 0), (0, 5, 17), (2**31 - 1, 1, 1), (-5, 13, 99))
# How deep into messages that the good request does not have.
NEW_DEPTH = 2
MANY = 300
_SCALAR_VALUES = {_F.TYPE_STRING: TEXTS, _F.TYPE_BYTES: BYTES, _F.TYPE_BOOL: (False, True)}
_INSTANT, _SPAN, _DAY = "google.protobuf.Timestamp", "google.protobuf.Duration", "google.type.Date"


def variants(good: M) -> Iterator[tuple[str, M]]:
    """(what was changed, the request with that change) for every field of a request and everything inside it."""
    for what, change in _changes(good, "", NEW_DEPTH):
        changed = type(good)()
        changed.CopyFrom(good)
        change(changed)
        yield what, changed


def _changes(message: Message, path: str, new_depth: int) -> Iterator[tuple[str, Any]]:
    """(label, what does it to a copy of this message)."""
    for field in message.DESCRIPTOR.fields:
        name, label = field.name, f"{path}{field.name}"
        if field.is_repeated:
            yield from _of_a_list(message, field, label, new_depth)
        elif field.message_type is None:
            for value in _scalars(field):
                yield f"{label}={_short(value)}", lambda copy, name=name, value=value: setattr(copy, name, value)
        else:
            yield from _of_a_message(message, field, label, new_depth)


def _of_a_message(message: Message, field: FieldDescriptor, label: str, new_depth: int) -> Iterator[tuple[str, Any]]:
    name = field.name
    given = message.HasField(name)
    if given:
        yield f"{label} left out", lambda copy: copy.ClearField(name)
    else:
        yield f"{label} empty", lambda copy: getattr(copy, name).SetInParent()
    if not given and not new_depth:
        return
    inner = getattr(message, name)
    for what, change in _whole_or_inside(inner, f"{label}.", new_depth if given else new_depth - 1):
        yield what, lambda copy, change=change: change(getattr(copy, name))


def _of_a_list(message: Message, field: FieldDescriptor, label: str, new_depth: int) -> Iterator[tuple[str, Any]]:
    name = field.name
    items = getattr(message, name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return
    if len(items):
        yield f"{label} emptied", lambda copy: copy.ClearField(name)
        yield f"{label} twice", lambda copy: getattr(copy, name).extend(list(getattr(copy, name)))
        yield f"{label} x{MANY}", lambda copy: getattr(copy, name).extend([getattr(copy, name)[0]] * MANY)
    if field.message_type is None:
        for value in _scalars(field):
            yield f"{label}[]={_short(value)}", lambda copy, value=value: getattr(copy, name).append(value)
        return
    if len(items):
        for what, change in _whole_or_inside(items[0], f"{label}[0].", new_depth):
            yield what, lambda copy, change=change: change(getattr(copy, name)[0])
    elif new_depth:
        yield f"{label}[] empty", lambda copy: getattr(copy, name).add()
        blank = type(message)()
        for what, change in _whole_or_inside(getattr(blank, name).add(), f"{label}[].", new_depth - 1):
            yield what, lambda copy, change=change: change(getattr(copy, name).add())


def _whole_or_inside(inner: Message, path: str, new_depth: int) -> Iterator[tuple[str, Any]]:
    """Messages that stand for one value are changed as one."""
    kind = inner.DESCRIPTOR.full_name
    if kind == _DAY:
        for year, month, day in DAYS:
            yield (
                f"{path[:-1]}={year}-{month}-{day}",
                lambda copy, y=year, m=month, d=day: (
                    copy.MergeFrom(type(copy)(year=y, month=m, day=d)) or _put(copy, y, m, d)
                ),
            )
    elif kind in (_INSTANT, _SPAN):
        for seconds, nanos in INSTANTS if kind == _INSTANT else SPANS:
            yield f"{path[:-1]}={seconds}s+{nanos}", lambda copy, s=seconds, n=nanos: _put_time(copy, s, n)
    else:
        yield from _changes(inner, path, new_depth)


def _put(copy: Any, year: int, month: int, day: int) -> None:
    copy.SetInParent()
    copy.year, copy.month, copy.day = year, month, day


def _put_time(copy: Any, seconds: int, nanos: int) -> None:
    copy.SetInParent()
    copy.seconds, copy.nanos = seconds, nanos


def _scalars(field: FieldDescriptor) -> tuple[Any, ...]:
    if field.enum_type is not None:
        numbers = [value.number for value in field.enum_type.values]
        return (*numbers, 987_654, -1)
    if field.type in _RANGES:
        low, high = _RANGES[field.type]
        return tuple(sorted({0, 1, 2, 7, 1_000_000, 2**31 - 1, low, high, max(low, -1)}))
    if field.type in (_F.TYPE_DOUBLE, _F.TYPE_FLOAT):
        return (0.0, -1.0, 1e30, float("nan"), float("inf"))
    return _SCALAR_VALUES[field.type]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 50 else f"{text[:30]}…({len(text)})"
