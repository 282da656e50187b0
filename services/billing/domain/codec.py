"""Frozen values to JSON and back, by their type hints: what is kept of a claim stays readable in the database."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Hashable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

T = TypeVar("T")
_PLAIN = frozenset({str, int, bool, float, type(None)})


def to_json(value: Any) -> Any:
    """Dataclasses become objects, tuples lists, enums their values; dates, decimals and ids become text."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple or kind is list:
        return [item if type(item) in _PLAIN else to_json(item) for item in value]
    fields = getattr(kind, "__dataclass_fields__", None)
    if fields is not None:
        # Most fields are plain: a remittance of a thousand claims has a hundred thousand of them.
        return {name: one if type(one := getattr(value, name)) in _PLAIN else to_json(one) for name in fields}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    return value


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def from_json(kind: type[T], data: Any) -> T:
    """The value of dataclass `kind` that `to_json` wrote. KeyError or ValueError when it is not one.

    Fields that the stored value lacks take their defaults, so that values written by an older release can be read.
    """
    return typing.cast(T, _read(kind, data))


def _read(kind: Any, data: Any) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{f.name: _read(hints[f.name], data[f.name]) for f in dataclasses.fields(kind) if f.name in data})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        [inner] = [argument for argument in arguments if argument is not type(None)]
        return None if data is None else _read(inner, data)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return tuple(_read(arguments[0], item) for item in data)
        return tuple(_read(argument, item) for argument, item in zip(arguments, data, strict=True))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if kind is date:
        return date.fromisoformat(data)
    if kind is datetime:
        return datetime.fromisoformat(data)
    if kind in (Decimal, UUID):
        return kind(data)
    return data
