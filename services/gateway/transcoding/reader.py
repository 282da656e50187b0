"""One HTTP request → one protobuf request, by a plan that is made once per binding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from buf.validate import validate_pb2
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from chassis.errors import InvalidInput, Violation
from gateway.transcoding.json_in import MAX_JSON_BYTES, parse_json
from gateway.transcoding.problems import Problems, UnsupportedMediaType, VersionRequired
from gateway.transcoding.query import QueryReader
from gateway.transcoding.scalars import Test, scalar_test
from gateway.transcoding.shapes import Check, Shapes

FIELD_MASK = "google.protobuf.FieldMask"
HTTP_BODY = "google.api.HttpBody"
_VERSION_TYPES = (FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_UINT64)


class RequestReader:
    """Reads the requests of one binding. ``read`` raises only errors of the family that the caller is told about."""

    def __init__(
        self,
        request_class: type[Message],
        variables: tuple[tuple[str, ...], ...],
        body: str,
        shapes: Shapes,
        *,
        derive_mask: bool = False,
    ) -> None:
        descriptor: Descriptor = request_class.DESCRIPTOR  # type: ignore[assignment]
        if body not in ("", "*") and body not in descriptor.fields_by_name:
            raise ValueError(f"{descriptor.full_name} has no field {body} to be the body")
        self._class = request_class
        self._body = body
        self._variables = [_Variable(descriptor, path) for path in variables]
        self._shape: Check = shapes.of(descriptor)
        self._mask, self._mask_root = _mask_fields(descriptor, body)
        self._derive_mask = derive_mask
        bound = [*variables, *([(body,)] if body not in ("", "*") else [])]
        if body == "*":
            bound += [(field.name,) for field in descriptor.fields if field.name != self._mask]
        self._query = QueryReader(descriptor, bound)
        self._raw_body = body not in ("", "*") and _message_name(descriptor.fields_by_name[body]) == HTTP_BODY
        version = descriptor.fields_by_name.get("version")
        self.takes_version = version is not None and version.type in _VERSION_TYPES and not version.is_repeated
        self.needs_version = self.takes_version and version is not None and _must_be_positive(version)
        self.max_bytes = 3 * MAX_JSON_BYTES if self._raw_body else MAX_JSON_BYTES

    def read(
        self,
        path: Iterable[str],
        query: Iterable[tuple[str, list[str]]],
        raw: bytes,
        content_type: str | None,
        if_match: int | None,
    ) -> Message:
        """Builds the request. Raises InvalidInput (all violations), MalformedJson, UnsupportedMediaType,
        VersionRequired."""
        problems = Problems()
        value = self._read_body(raw, content_type, problems)
        if query:
            self._query.read(query, value, problems)
        texts = list(path)
        for variable, text in zip(self._variables, texts, strict=True):
            variable.check(text, value, problems)
        problems.refuse()
        mask = self._take_mask(value)
        request = self._class()
        if value:
            try:
                json_format.ParseDict(value, request)
            except json_format.ParseError as error:
                raise InvalidInput([Violation("", str(error)[:300])]) from None
        for variable, text in zip(self._variables, texts, strict=True):
            variable.put(text, request)
        if mask is not None:
            target: Any = getattr(request, self._mask)
            target.SetInParent()
            target.paths.extend(mask)
        if self._raw_body:
            target = getattr(request, self._body)
            target.data, target.content_type = raw, content_type or "application/octet-stream"
        if if_match is not None and self.takes_version:
            request.version = if_match  # type: ignore[attr-defined]
        if self.needs_version and not request.version:  # type: ignore[attr-defined]
            raise VersionRequired
        return request

    def _read_body(self, raw: bytes, content_type: str | None, problems: Problems) -> dict[str, object]:
        if self._raw_body:
            return {}
        if not raw:
            return {}
        if not self._body:
            problems.add("", "this operation takes no body")
            return {}
        if not _is_json(content_type):
            raise UnsupportedMediaType
        value = parse_json(raw)
        if self._body != "*":
            value = {self._body: value}
        self._shape(value, "", 0, problems)
        return value if isinstance(value, dict) else {}

    def _take_mask(self, value: dict[str, object]) -> list[str] | None:
        """The paths of the update mask as given, else (PATCH) the fields that the body names; removed from the JSON."""
        if not self._mask:
            return None
        given = [value.pop(name, None) for name in (self._mask, _camel(self._mask))]
        text = next((item for item in given if isinstance(item, str)), None)
        if text is not None:
            return [_snake(path) for path in text.split(",") if path]
        if not self._derive_mask:
            return None
        body = value.get(self._mask_root, value.get(_camel(self._mask_root))) if self._mask_root else value
        fixed = {variable.path[0] for variable in self._variables} | {"version"}
        names = [_snake(name) for name in body] if isinstance(body, dict) else []
        return names if self._mask_root else [name for name in names if name not in fixed]


class _Variable:
    """One variable of the path template and the field it fills."""

    def __init__(self, descriptor: Descriptor, path: tuple[str, ...]) -> None:
        self.path = path
        self._label = ".".join(path)
        field = _field_at(descriptor, path)
        self._test: Test = scalar_test(field)
        self._convert: Callable[[str], Any] = _path_conversion(field)

    def check(self, text: str, value: dict[str, object], problems: Problems) -> None:
        wrong = self._test(self._as_json(text))
        if wrong is not None:
            problems.add(self._label, wrong)
        inside: object = value
        for name in self.path:
            inside = inside.get(name, inside.get(_camel(name))) if isinstance(inside, dict) else None
        if inside is not None and not isinstance(inside, dict) and str(inside) != text:
            problems.add(self._label, "differs from the path")

    def put(self, text: str, request: Message) -> None:
        holder: Any = request
        for name in self.path[:-1]:
            holder = getattr(holder, name)
        setattr(holder, self.path[-1], self._convert(text))

    def _as_json(self, text: str) -> object:
        return {"true": True, "false": False}.get(text, text) if self._convert is _boolean else text


def _path_conversion(field: FieldDescriptor) -> Callable[[str], Any]:
    if field.enum_type is not None:
        numbers = {name: value.number for name, value in field.enum_type.values_by_name.items()}
        return lambda text: numbers[text]
    if field.type == FieldDescriptor.TYPE_STRING:
        return str
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _boolean
    return int


def _boolean(text: str) -> bool:
    return text == "true"


def _field_at(descriptor: Descriptor, path: tuple[str, ...]) -> FieldDescriptor:
    """The field a path names. Raises ValueError that says which contract names a field that does not exist."""
    current: Descriptor | None = descriptor
    field = None
    for name in path:
        field = current.fields_by_name.get(name) if current is not None else None
        if field is None:
            raise ValueError(
                f"the path of an RPC with {descriptor.full_name} names a field that it lacks: {'.'.join(path)}"
            )
        current = field.message_type
    if field is None or field.message_type is not None or field.is_repeated:
        raise ValueError(f"{descriptor.full_name}: {'.'.join(path)} cannot be part of a path")
    return field


def _mask_fields(descriptor: Descriptor, body: str) -> tuple[str, str]:
    """(name of the mask field, name of the field its paths are relative to or "" for the request itself)."""
    mask = next((field.name for field in descriptor.fields if _message_name(field) == FIELD_MASK), "")
    if not mask or body not in ("", "*"):
        return mask, body if mask else ""
    messages = [
        field.name
        for field in descriptor.fields
        if field.message_type is not None and not field.is_repeated and _message_name(field).startswith("polyclinic.")
    ]
    return mask, messages[0] if len(messages) == 1 else ""


def _must_be_positive(field: FieldDescriptor) -> bool:
    """Whether the contract demands a version: a rule `gte` or `gt` on it that zero does not meet, or `required`."""
    options: Any = field.GetOptions()
    rules = options.Extensions[validate_pb2.field]
    kind = rules.WhichOneof("type")
    numbers = getattr(rules, kind) if kind else None
    at_least = bool(numbers is not None and (getattr(numbers, "gte", 0) >= 1 or (numbers.HasField("gt"))))
    return bool(rules.required) or at_least


def _message_name(field: FieldDescriptor) -> str:
    return str(field.message_type.full_name) if field.message_type is not None else ""


def _is_json(content_type: str | None) -> bool:
    kind = (content_type or "").split(";", 1)[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _snake(path: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in path)
