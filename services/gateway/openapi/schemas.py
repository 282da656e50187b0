"""Messages as JSON Schema, in the spelling in which they are served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.openapi.comments import Comments
from gateway.openapi.rules import constrain, message_rules, refuses_zero, rules_of

Schema = dict[str, Any]
_T = FieldDescriptor
_INT64: Schema = {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,20}$"}
_SCALARS: dict[int, Schema] = {
    _T.TYPE_INT32: {"type": "integer", "format": "int32"},
    _T.TYPE_SINT32: {"type": "integer", "format": "int32"},
    _T.TYPE_SFIXED32: {"type": "integer", "format": "int32"},
    _T.TYPE_UINT32: {"type": "integer", "format": "int64", "minimum": 0},
    _T.TYPE_FIXED32: {"type": "integer", "format": "int64", "minimum": 0},
    _T.TYPE_INT64: _INT64,
    _T.TYPE_SINT64: _INT64,
    _T.TYPE_SFIXED64: _INT64,
    _T.TYPE_UINT64: {"type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$"},
    _T.TYPE_FIXED64: {"type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$"},
    _T.TYPE_FLOAT: {"type": "number", "format": "float"},
    _T.TYPE_DOUBLE: {"type": "number", "format": "double"},
    _T.TYPE_BOOL: {"type": "boolean"},
    _T.TYPE_STRING: {"type": "string"},
    _T.TYPE_BYTES: {"type": "string", "format": "byte", "contentEncoding": "base64"},
}
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time", "examples": ["2026-03-10T14:00:00Z"]},
    "google.protobuf.Duration": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$", "examples": ["900s"]},
    "google.protobuf.FieldMask": {"type": "string", "description": "Field paths, separated by commas."},
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Any": {"type": "object", "additionalProperties": True},
    "google.protobuf.StringValue": {"type": "string"},
    "google.protobuf.BytesValue": _SCALARS[_T.TYPE_BYTES],
    "google.protobuf.BoolValue": {"type": "boolean"},
    "google.protobuf.Int32Value": _SCALARS[_T.TYPE_INT32],
    "google.protobuf.UInt32Value": _SCALARS[_T.TYPE_UINT32],
    "google.protobuf.Int64Value": _INT64,
    "google.protobuf.UInt64Value": _SCALARS[_T.TYPE_UINT64],
    "google.protobuf.FloatValue": _SCALARS[_T.TYPE_FLOAT],
    "google.protobuf.DoubleValue": _SCALARS[_T.TYPE_DOUBLE],
}
DATE = "google.type.Date"


class Schemas:
    """Collects the schemas of all messages that are referred to; ``components`` is what the document carries."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments
        self.components: dict[str, Schema] = {}

    def reference(self, descriptor: Descriptor) -> Schema:
        """A reference to a message's schema (or the schema itself of a well-known type)."""
        if descriptor.full_name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[descriptor.full_name])
        name = component_name(descriptor.full_name)
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self._message(descriptor, frozenset())
        return {"$ref": f"#/components/schemas/{name}"}

    def body(self, descriptor: Descriptor, without: Iterable[str]) -> Schema:
        """The schema of a request body: the message without the fields that the path holds."""
        left_out = frozenset(without) & set(descriptor.fields_by_name)
        if not left_out:
            return self.reference(descriptor)
        name = component_name(descriptor.full_name) + ".Body"
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self._message(descriptor, left_out)
        return {"$ref": f"#/components/schemas/{name}"}

    def field(self, field: FieldDescriptor) -> Schema:
        """The schema of one field with its rules and its comment."""
        message = field.message_type
        if message is not None and message.GetOptions().map_entry:
            value = self._single(message.fields_by_name["value"])
            schema: Schema = {"type": "object", "additionalProperties": value}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._single(field)}
        else:
            schema = self._single(field)
        schema = constrain(schema, rules_of(field))
        _drop_numbers(schema)
        comment = self._comments.of(field.full_name)
        if comment:
            schema["description"] = comment
        return schema

    def _single(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.reference(field.message_type)
        if field.enum_type is not None:
            numbers = {value.name: number for number, value in sorted(field.enum_type.values_by_number.items())}
            return {"type": "string", "enum": list(numbers), "x-numbers": numbers}
        return dict(_SCALARS[field.type])

    def _message(self, descriptor: Descriptor, without: frozenset[str]) -> Schema:
        fields = [field for field in descriptor.fields if field.name not in without]
        schema: Schema = {"type": "object", "properties": {field.name: self.field(field) for field in fields}}
        # A mask that is not sent is what the body names (transcoding/reader.py).
        required = [field.name for field in fields if refuses_zero(field) and not _is_mask(field)]
        if required:
            schema["required"] = required
        comment = self._comments.of(descriptor.full_name)
        if comment:
            schema["description"] = comment
        rules = message_rules(descriptor.GetOptions())
        if rules:
            schema["x-rules"] = rules
        choices = [
            [field.name for field in oneof.fields] for oneof in descriptor.oneofs if not oneof.name.startswith("_")
        ]
        if choices:
            schema["x-one-of"] = choices
        return schema


def component_name(full_name: str) -> str:
    """``polyclinic.billing.v1.Payer`` → ``billing.v1.Payer``."""
    return full_name.removeprefix("polyclinic.")


def _is_mask(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.full_name == "google.protobuf.FieldMask"


def _drop_numbers(schema: Schema) -> None:
    schema.pop("x-numbers", None)
    items = schema.get("items")
    if isinstance(items, dict):
        items.pop("x-numbers", None)
    values = schema.get("additionalProperties")
    if isinstance(values, dict):
        values.pop("x-numbers", None)
