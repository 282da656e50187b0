"""Protobuf answers → JSON bytes: proto field names, int64 as strings, unset scalars printed.

``json_format.MessageToDict`` looks at every descriptor again for every field of every message. Answers are most of
what this process does, so the printer of each message type is compiled once; the tests hold it equal to
``json_format``.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.internal import type_checkers
from google.protobuf.message import Message

Printer = Callable[[Any], Any]
_T = FieldDescriptor
_LONG = frozenset({_T.TYPE_INT64, _T.TYPE_UINT64, _T.TYPE_SINT64, _T.TYPE_FIXED64, _T.TYPE_SFIXED64})
_FLOATING = frozenset({_T.TYPE_DOUBLE, _T.TYPE_FLOAT})
_INSTANT = "google.protobuf.Timestamp"
_AS_TEXT = ("google.protobuf.Duration", "google.protobuf.FieldMask")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (of what is UTC and says so by its Z)
_encoder = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))


def dumps(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return _encoder.encode(value).encode()


def instant_text(message: Any) -> str:
    """A Timestamp as RFC 3339 in UTC, with as many digits of the second as it needs: 0, 3, 6 or 9."""
    seconds, nanos = message.seconds, message.nanos
    whole = (_EPOCH + timedelta(seconds=seconds)).isoformat()
    if not nanos:
        return f"{whole}Z"
    if nanos % 1_000:
        return f"{whole}.{nanos:09d}Z"
    micros = nanos // 1_000
    return f"{whole}.{micros:06d}Z" if micros % 1_000 else f"{whole}.{micros // 1_000:03d}Z"


def to_dict(message: Message) -> Any:
    """A message as json_format prints it, in our spelling. Slow and right: well-known types, and the tests' measure."""
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


class Renderer:
    """The compiled printers of all message types."""

    def __init__(self) -> None:
        self._printers: dict[str, _MessagePrinter] = {}

    def of(self, descriptor: Descriptor) -> Callable[[Message], bytes]:
        """Message of this type → UTF-8 JSON."""
        printer = self.printer(descriptor)
        return lambda message: orjson.dumps(printer(message))

    def printer(self, descriptor: Descriptor) -> Printer:
        """Message of this type → JSON value (dict of plain values; well-known types may be anything JSON)."""
        if descriptor.full_name == _INSTANT:
            return instant_text
        if descriptor.full_name in _AS_TEXT:
            return lambda message: message.ToJsonString()
        if descriptor.full_name.startswith("google.protobuf."):
            return to_dict
        printer = self._printers.get(descriptor.full_name)
        if printer is None:
            printer = self._printers[descriptor.full_name] = _MessagePrinter()
            printer.compile(descriptor, self)
        return printer


class _MessagePrinter:
    """Prints one message type: first the fields that are always there, then those that know whether they are set."""

    def __init__(self) -> None:
        self._fields: list[tuple[str, Printer | None, bool]] = []

    def compile(self, descriptor: Descriptor, renderer: Renderer) -> None:
        for field in descriptor.fields:
            self._fields.append((field.name, _field_printer(field, renderer), bool(field.has_presence)))

    def __call__(self, message: Any) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for name, convert, presence in self._fields:
            if presence and not message.HasField(name):
                continue
            item = getattr(message, name)
            value[name] = item if convert is None else convert(item)
        return value


def _field_printer(field: FieldDescriptor, renderer: Renderer) -> Printer | None:
    """How a field's value becomes JSON; None when it is JSON already."""
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return _map_printer(message, renderer)
    single = _single_printer(field, renderer)
    if not field.is_repeated:
        return single
    if single is None:
        return list
    convert = single
    return lambda items: [convert(item) for item in items]


def _map_printer(entry: Descriptor, renderer: Renderer) -> Printer:
    key = entry.fields_by_name["key"]
    convert = _single_printer(entry.fields_by_name["value"], renderer) or (lambda item: item)
    if key.type == _T.TYPE_BOOL:
        return lambda items: {("true" if name else "false"): convert(items[name]) for name in items}
    return lambda items: {str(name): convert(items[name]) for name in items}


def _single_printer(field: FieldDescriptor, renderer: Renderer) -> Printer | None:
    if field.message_type is not None:
        return renderer.printer(field.message_type)
    if field.enum_type is not None:
        if field.enum_type.full_name == "google.protobuf.NullValue":
            return lambda number: None
        names = {number: value.name for number, value in field.enum_type.values_by_number.items()}
        return lambda number: names.get(number, number)
    if field.type in _LONG:
        return str
    if field.type == _T.TYPE_BYTES:
        return lambda data: base64.b64encode(data).decode()
    if field.type in _FLOATING:
        short = field.type == _T.TYPE_FLOAT
        return lambda number: _floating(number, short)
    return None


def _floating(number: float, short: bool) -> Any:
    """Numbers that JSON has no sign for are written as protobuf writes them; a float as its shortest decimal."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return type_checkers.ToShortestFloat(number) if short else number
