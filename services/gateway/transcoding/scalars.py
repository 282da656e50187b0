"""Whether a JSON value can be read as a protobuf scalar, enum or well-known type; if not, what it should be.

Each test takes a parsed JSON value (never ``None``) and returns ``None`` or the violation's text. They are a little
stricter than the canonical mapping (https://protobuf.dev/programming-guides/json): integers are plain decimal
digits, base64 is well-formed, enums are values the contract names, so that whatever passes is read by
``json_format`` without a surprise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial

from google.protobuf import duration_pb2, timestamp_pb2
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

Test = Callable[[object], str | None]

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,19})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,308})(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_DURATION = re.compile(r"-?\d{1,12}(\.\d{1,9})?s", re.ASCII)
_MASK_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*", re.ASCII)
_FLOAT_MAX = 3.4028234663852886e38
_NOT_A_STRING = "must be a string"
_CONTROL = "must not contain NUL characters"
_SURROGATE = "must be valid Unicode (a lone surrogate was sent)"

_T = FieldDescriptor
_RANGES = {
    _T.TYPE_INT32: (-(2**31), 2**31 - 1),
    _T.TYPE_SINT32: (-(2**31), 2**31 - 1),
    _T.TYPE_SFIXED32: (-(2**31), 2**31 - 1),
    _T.TYPE_UINT32: (0, 2**32 - 1),
    _T.TYPE_FIXED32: (0, 2**32 - 1),
    _T.TYPE_INT64: (-(2**63), 2**63 - 1),
    _T.TYPE_SINT64: (-(2**63), 2**63 - 1),
    _T.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    _T.TYPE_UINT64: (0, 2**64 - 1),
    _T.TYPE_FIXED64: (0, 2**64 - 1),
}


def text_problem(value: object) -> str | None:
    """A string: Unicode without NUL (PostgreSQL stores none) and without lone surrogates (UTF-8 has none)."""
    if not isinstance(value, str):
        return _NOT_A_STRING
    if "\x00" in value:
        return _CONTROL
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return _SURROGATE
    return None


def scalar_test(field: FieldDescriptor) -> Test:
    """The test for one value of a scalar or enum field (of a repeated field: for one element)."""
    if field.enum_type is not None:
        if field.enum_type.full_name == "google.protobuf.NullValue":
            return lambda value: "must be null"
        return enum_test(field.enum_type)
    if field.type in _RANGES:
        return partial(_integer_problem, *_RANGES[field.type])
    if field.type == _T.TYPE_BOOL:
        return _bool_problem
    if field.type == _T.TYPE_BYTES:
        return _bytes_problem
    if field.type in (_T.TYPE_DOUBLE, _T.TYPE_FLOAT):
        limit = _FLOAT_MAX if field.type == _T.TYPE_FLOAT else math.inf
        return partial(number_problem, limit)
    return text_problem


def enum_test(enum: EnumDescriptor) -> Test:
    """A value of an enum: its name, or its number."""
    names = frozenset(enum.values_by_name)
    numbers = frozenset(enum.values_by_number)
    shown = ", ".join(list(enum.values_by_name)[:20])
    text = f"must be one of {shown}" + (", …" if len(names) > 20 else "")

    def problem(value: object) -> str | None:
        if isinstance(value, str):
            return None if value in names else text
        return None if type(value) is int and value in numbers else text

    return problem


def _bool_problem(value: object) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _integer_problem(low: int, high: int, value: object) -> str | None:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        number = int(value)
    elif type(value) is int:
        number = value
    elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        number = int(value)
    else:
        return "must be an integer"
    return None if low <= number <= high else f"must be between {low} and {high}"


def number_problem(limit: float, value: object) -> str | None:
    """A finite number of at most this size, as a JSON number or as text."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return "must be a number"
        value = float(value)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    try:
        number = float(value)
    except OverflowError:
        return "is out of range"
    return None if math.isfinite(number) and abs(number) <= limit else "is out of range"


def _bytes_problem(value: object) -> str | None:
    if not isinstance(value, str):
        return "must be a string in base64"
    if not _BASE64.fullmatch(value):
        return "must be base64"
    # One character over a multiple of four holds six bits, which are no byte.
    return "must be base64" if len(value.rstrip("=")) % 4 == 1 else None


def _timestamp_problem(value: object) -> str | None:
    text = "must be an instant like 2026-03-02T14:00:00Z (RFC 3339, with a zone)"
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return text
    try:
        timestamp_pb2.Timestamp().FromJsonString(value)
    except (ValueError, OverflowError):
        return text
    return None


def _duration_problem(value: object) -> str | None:
    text = 'must be a duration in seconds like "900s"'
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        return text
    try:
        duration_pb2.Duration().FromJsonString(value)
    except (ValueError, OverflowError):
        return text
    return None


def _mask_problem(value: object) -> str | None:
    text = 'must be field paths separated by commas, like "phone,name.family"'
    if not isinstance(value, str):
        return text
    return None if all(_MASK_PATH.fullmatch(path) for path in value.split(",") if path) else text


# Messages that JSON writes as one value.
WELL_KNOWN: dict[str, Test] = {
    "google.protobuf.Timestamp": _timestamp_problem,
    "google.protobuf.Duration": _duration_problem,
    "google.protobuf.FieldMask": _mask_problem,
    "google.protobuf.StringValue": text_problem,
    "google.protobuf.BoolValue": _bool_problem,
    "google.protobuf.BytesValue": _bytes_problem,
    "google.protobuf.Int32Value": partial(_integer_problem, *_RANGES[_T.TYPE_INT32]),
    "google.protobuf.Int64Value": partial(_integer_problem, *_RANGES[_T.TYPE_INT64]),
    "google.protobuf.UInt32Value": partial(_integer_problem, *_RANGES[_T.TYPE_UINT32]),
    "google.protobuf.UInt64Value": partial(_integer_problem, *_RANGES[_T.TYPE_UINT64]),
    "google.protobuf.FloatValue": partial(number_problem, _FLOAT_MAX),
    "google.protobuf.DoubleValue": partial(number_problem, math.inf),
}
