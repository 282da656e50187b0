"""Query parameters → the fields of a request that neither the path nor the body holds (google/api/http.proto, rule
3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.transcoding.problems import Problems
from gateway.transcoding.scalars import WELL_KNOWN, Test, scalar_test

_DATE = "google.type.Date"
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class Parameter:
    """One query parameter: the path of its field and how its text becomes a JSON value."""

    path: tuple[str, ...]
    repeated: bool
    test: Test
    convert: Callable[[str], object]


class QueryReader:
    """Reads the query parameters of one binding; ``bound`` are the top-level fields that path and body already hold."""

    def __init__(self, descriptor: Descriptor, bound: Iterable[tuple[str, ...]]) -> None:
        self._descriptor = descriptor
        self._bound = frozenset(bound)
        # Filled with the names that resolve, so it stays as small as the contract.
        self._parameters: dict[str, Parameter] = {}

    def read(self, pairs: Iterable[tuple[str, list[str]]], value: dict[str, object], problems: Problems) -> None:
        """Puts each parameter into the JSON object ``value``; notes unknown names, repeated singles and wrong types."""
        for name, texts in pairs:
            parameter = self._parameters.get(name) or self._resolve(name)
            if parameter is None:
                problems.add(
                    name[:80].encode("ascii", "backslashreplace").decode(), "is not a parameter of this request"
                )
                continue
            label = ".".join(parameter.path)
            if len(texts) > 1 and not parameter.repeated:
                problems.add(label, "is given more than once")
                continue
            converted = []
            for index, text in enumerate(texts):
                item = parameter.convert(text)
                wrong = parameter.test(item)
                if wrong is not None:
                    problems.add(f"{label}[{index}]" if parameter.repeated else label, wrong)
                converted.append(item)
            holder = value
            for part in parameter.path[:-1]:
                inner = holder.setdefault(part, {})
                if not isinstance(inner, dict):
                    problems.add(label, "is given twice in different forms")
                    break
                holder = inner
            else:
                holder[parameter.path[-1]] = converted if parameter.repeated else converted[0]

    def _resolve(self, name: str) -> Parameter | None:
        descriptor, path = self._descriptor, []
        parts = name.split(".")
        for position, part in enumerate(parts):
            field = descriptor.fields_by_name.get(part) or descriptor.fields_by_camelcase_name.get(part)
            if field is None:
                return None
            path.append(field.name)
            if tuple(path) in self._bound:
                return None
            if position == len(parts) - 1:
                return self._remember(name, field, tuple(path))
            if field.message_type is None or field.is_repeated:
                return None
            descriptor = field.message_type
        return None

    def _remember(self, name: str, field: FieldDescriptor, path: tuple[str, ...]) -> Parameter | None:
        reader = parameter_reader(field)
        if reader is None:
            return None
        test, convert = reader
        parameter = self._parameters[name] = Parameter(path, bool(field.is_repeated), test, convert)
        return parameter


def parameter_reader(field: FieldDescriptor) -> tuple[Test, Callable[[str], object]] | None:
    """How a field is read from a query parameter: (test, conversion), or None when only a body can hold it."""
    if field.message_type is None:
        if field.type == FieldDescriptor.TYPE_BOOL:
            return scalar_test(field), _boolean
        return scalar_test(field), _number_if_digits if field.enum_type is not None else _as_it_is
    if field.message_type.full_name in WELL_KNOWN:
        return WELL_KNOWN[field.message_type.full_name], _as_it_is
    if field.message_type.full_name == _DATE:
        return _date_problem, _date
    return None


def _as_it_is(text: str) -> object:
    return text


def _boolean(text: str) -> object:
    return {"true": True, "false": False}.get(text, text)


def _number_if_digits(text: str) -> object:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text


def _date(text: str) -> object:
    """A calendar day as ISO 8601 writes it; bodies use the message's own three fields."""
    try:
        day = date.fromisoformat(text) if _ISO_DATE.fullmatch(text) else None
    except ValueError:
        day = None
    return text if day is None else {"year": day.year, "month": day.month, "day": day.day}


def _date_problem(value: object) -> str | None:
    return None if isinstance(value, dict) else "must be a date like 2026-03-02"
