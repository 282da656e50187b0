"""The shape a JSON value must have to be read as a message, compiled once per message type from its descriptor.

``json_format`` stops at the first problem; people who fill in forms and programs that send them want all of them, each
with its path. So a request is checked here first, field by field, and read by ``json_format`` only when nothing is
wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.transcoding.problems import Problems
from gateway.transcoding.scalars import WELL_KNOWN, Test, number_problem, scalar_test, text_problem

# Levels of objects and arrays; json_format itself stops at 100, our contracts need fewer than ten.
MAX_DEPTH = 32
_TOO_DEEP = "is nested too deeply"

# (value, path, depth, problems) → notes what is wrong with the value
Check = Callable[[object, str, int, Problems], None]


class Shapes:
    """The compiled checks of all messages; filled on first use, shared by all requests of a process."""

    def __init__(self) -> None:
        self._checks: dict[str, MessageShape] = {}

    def of(self, descriptor: Descriptor) -> MessageShape:
        """The check of one message type. Recursive types refer to themselves."""
        shape = self._checks.get(descriptor.full_name)
        if shape is None:
            shape = self._checks[descriptor.full_name] = MessageShape()
            shape.compile(descriptor, self)
        return shape


class MessageShape:
    """An object with the fields of a message, by proto name or by lowerCamelCase name."""

    def __init__(self) -> None:
        self._fields: dict[str, tuple[str, Check, str | None, bool]] = {}
        self._json_names: frozenset[str] = frozenset()

    def compile(self, descriptor: Descriptor, shapes: Shapes) -> None:
        """Builds the table of fields: name → (proto name, check, real oneof, whether null is a value)."""
        for field in descriptor.fields:
            oneof = field.containing_oneof
            real = oneof.name if oneof is not None and not oneof.name.startswith("_") else None
            entry = (field.name, _field_check(field, shapes), real, _takes_null(field))
            self._fields[field.json_name] = entry
            self._fields[field.name] = entry
        self._json_names = frozenset(f.json_name for f in descriptor.fields if f.json_name != f.name)

    def __call__(self, value: object, path: str, depth: int, problems: Problems) -> None:
        """Notes every unknown field, wrong type, wrong enum value and doubled oneof, with its path."""
        if type(value) is not dict:
            problems.add(path, "must be an object")
            return
        if depth > MAX_DEPTH:
            problems.add(path, _TOO_DEEP)
            return
        fields = self._fields
        prefix = path + "." if path else ""
        taken: dict[str, str] = {}
        for key, item in value.items():
            entry = fields.get(key)
            if entry is None:
                problems.add(prefix + _shown(key), "is not a field of this request")
                continue
            name, check, oneof, null_is_value = entry
            if key in self._json_names and name in value:
                problems.add(prefix + name, "is given twice, under both its names")
            if item is None and not null_is_value:
                continue
            if oneof is not None:
                if oneof in taken:
                    problems.add(prefix + name, f"cannot be given together with {taken[oneof]}")
                taken[oneof] = name
            check(item, prefix + name, depth + 1, problems)


def _shown(key: str) -> str:
    """A field name as a violation may repeat it: printable, short."""
    return key[:80].encode("ascii", "backslashreplace").decode()


def _takes_null(field: FieldDescriptor) -> bool:
    message = field.message_type
    return message is not None and not field.is_repeated and message.full_name == "google.protobuf.Value"


def _field_check(field: FieldDescriptor, shapes: Shapes) -> Check:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return _map(scalar_test(message.fields_by_name["key"]), _single(message.fields_by_name["value"], shapes))
    single = _single(field, shapes)
    return _list(single) if field.is_repeated else single


def _single(field: FieldDescriptor, shapes: Shapes) -> Check:
    message = field.message_type
    if message is None:
        return _test(scalar_test(field))
    if message.full_name in WELL_KNOWN:
        return _test(WELL_KNOWN[message.full_name])
    if message.full_name in _DYNAMIC:
        return _DYNAMIC[message.full_name]
    return shapes.of(message)


def _test(test: Test) -> Check:
    def check(value: object, path: str, depth: int, problems: Problems) -> None:
        text = test(value)
        if text is not None:
            problems.add(path, text)

    return check


def _list(single: Check) -> Check:
    def check(value: object, path: str, depth: int, problems: Problems) -> None:
        if type(value) is not list:
            problems.add(path, "must be an array")
            return
        for index, item in enumerate(value):
            if item is None:
                problems.add(f"{path}[{index}]", "must not be null")
            else:
                single(item, f"{path}[{index}]", depth + 1, problems)

    return check


def _map(key_test: Test, single: Check) -> Check:
    def check(value: object, path: str, depth: int, problems: Problems) -> None:
        if type(value) is not dict:
            problems.add(path, "must be an object")
            return
        for key, item in value.items():
            place = f"{path}[{_shown(key)}]"
            text = key_test({"true": True, "false": False}.get(key, key) if key_test("") is not None else key)
            if text is not None:
                problems.add(place, f"the key {text}")
            if item is None:
                problems.add(place, "must not be null")
            else:
                single(item, place, depth + 1, problems)

    return check


def _any_json(value: object, path: str, depth: int, problems: Problems) -> None:
    """google.protobuf.Value: any JSON, but no deeper than the rest and with clean texts."""
    if depth > MAX_DEPTH:
        problems.add(path, _TOO_DEEP)
    elif type(value) is dict:
        for key, item in value.items():
            text = text_problem(key)
            if text is not None:
                problems.add(path, f"a key {text}")
            _any_json(item, f"{path}.{_shown(key)}", depth + 1, problems)
    elif type(value) is list:
        for index, item in enumerate(value):
            _any_json(item, f"{path}[{index}]", depth + 1, problems)
    elif isinstance(value, str):
        text = text_problem(value)
        if text is not None:
            problems.add(path, text)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        text = number_problem(math.inf, value)
        if text is not None:
            problems.add(path, text)


def _object(value: object, path: str, depth: int, problems: Problems) -> None:
    if type(value) is dict:
        _any_json(value, path, depth, problems)
    else:
        problems.add(path, "must be an object")


def _array(value: object, path: str, depth: int, problems: Problems) -> None:
    if type(value) is list:
        _any_json(value, path, depth, problems)
    else:
        problems.add(path, "must be an array")


def _refused(value: object, path: str, depth: int, problems: Problems) -> None:
    problems.add(path, "cannot be sent as JSON")


# Messages that hold any JSON; `Any` would need its type's descriptor from the sender and no contract of ours takes it.
_DYNAMIC: dict[str, Check] = {
    "google.protobuf.Value": _any_json,
    "google.protobuf.Struct": _object,
    "google.protobuf.ListValue": _array,
    "google.protobuf.Any": _refused,
}
