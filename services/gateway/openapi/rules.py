"""``buf.validate`` rules as JSON Schema constraints (https://protovalidate.com/reference/rules/)."""

from __future__ import annotations

from typing import Any

from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor

Schema = dict[str, Any]
_TEXT_FORMATS = {
    "uuid": "uuid",
    "email": "email",
    "hostname": "hostname",
    "uri": "uri",
    "uri_ref": "uri-reference",
    "ipv4": "ipv4",
    "ipv6": "ipv6",
}
_NUMBERS = (("gte", "minimum"), ("gt", "exclusiveMinimum"), ("lte", "maximum"), ("lt", "exclusiveMaximum"))
# 64-bit integers are strings in JSON, which know no minimum: their limits are told beside the schema.
_LONG = ("int64", "uint64", "sint64", "fixed64", "sfixed64")


def rules_of(field: FieldDescriptor) -> Any:
    """The field's rules (FieldRules; empty when it has none)."""
    options: Any = field.GetOptions()
    return options.Extensions[validate_pb2.field]


def constrain(schema: Schema, rules: Any) -> Schema:
    """A copy of the schema of one field with the rules as constraints."""
    kind = rules.WhichOneof("type")
    result = dict(schema)
    if kind is not None:
        part = getattr(rules, kind)
        if kind == "string":
            _text(result, part, may_be_empty=_ignores_zero(rules))
        elif kind == "enum":
            _enum(result, part)
        elif kind == "repeated":
            _repeated(result, part)
        elif kind == "map":
            _sizes(result, part, (("min_pairs", "minProperties"), ("max_pairs", "maxProperties")))
        elif kind == "bytes":
            _sizes(result, part, (("min_len", "x-min-bytes"), ("max_len", "x-max-bytes")))
        elif hasattr(part, "gte") and kind not in ("timestamp", "duration"):
            _number(result, part, may_be_zero=_ignores_zero(rules), prefix="x-" if kind in _LONG else "")
    custom = [each.message or each.expression for each in rules.cel]
    if custom:
        result["x-rules"] = custom
    return result


def refuses_zero(field: FieldDescriptor) -> bool:
    """Whether a request without this field is refused: it is required, or its zero value breaks a rule."""
    rules = rules_of(field)
    if rules.required:
        return True
    kind = rules.WhichOneof("type")
    if kind is None or _ignores_zero(rules) or field.has_presence:
        return False
    part = getattr(rules, kind)
    if kind == "string":
        return bool(part.min_len or part.len or part.WhichOneof("well_known") or getattr(part, "in"))
    if kind == "repeated":
        return bool(part.min_items)
    if kind == "map":
        return bool(part.min_pairs)
    if kind == "bytes":
        return bool(part.min_len)
    if kind == "enum":
        return 0 in part.not_in or (len(getattr(part, "in")) > 0 and 0 not in getattr(part, "in"))
    return _limit(part, "gte", 0) > 0 or (_has(part, "gt") and part.gt >= 0)


def message_rules(options: Any) -> list[str]:
    """What must hold between the fields of a message, in words."""
    rules = options.Extensions[validate_pb2.message]
    return [each.message or each.expression for each in rules.cel]


def _text(schema: Schema, rules: Any, *, may_be_empty: bool) -> None:
    _sizes(
        schema, rules, (("min_len", "minLength"), ("max_len", "maxLength"), ("len", "minLength"), ("len", "maxLength"))
    )
    if rules.pattern:
        schema["pattern"] = f"^$|(?:{rules.pattern})" if may_be_empty else rules.pattern
    if may_be_empty:
        schema.pop("minLength", None)
    known = rules.WhichOneof("well_known")
    if known in _TEXT_FORMATS and getattr(rules, known):
        schema["format"] = _TEXT_FORMATS[known]
        if may_be_empty:
            schema["x-may-be-empty"] = True
    allowed = list(getattr(rules, "in"))
    if rules.const:
        allowed = [rules.const]
    if allowed:
        schema["enum"] = [*([""] if may_be_empty else []), *allowed]


def _enum(schema: Schema, rules: Any) -> None:
    """Leaves out the values that are not allowed; the schema's ``enum`` is a list of names in the order of numbers."""
    numbers = schema.get("x-numbers")
    if not numbers:
        return
    allowed = set(getattr(rules, "in")) or set(numbers.values())
    names = [name for name, number in numbers.items() if number in allowed and number not in rules.not_in]
    schema["enum"] = names


def _repeated(schema: Schema, rules: Any) -> None:
    _sizes(schema, rules, (("min_items", "minItems"), ("max_items", "maxItems")))
    if rules.unique:
        schema["uniqueItems"] = True
    if rules.HasField("items"):
        schema["items"] = constrain(schema["items"], rules.items)


def _number(schema: Schema, rules: Any, *, may_be_zero: bool, prefix: str) -> None:
    for name, word in _NUMBERS:
        if _has(rules, name):
            limit = getattr(rules, name)
            if may_be_zero:
                limit = min(0, limit) if name in ("gte", "gt") else max(0, limit)
            schema[prefix + word] = limit
    allowed = list(getattr(rules, "in", ()))
    if allowed and not prefix:
        schema["enum"] = sorted({*allowed, *((0,) if may_be_zero else ())})


def _sizes(schema: Schema, rules: Any, names: tuple[tuple[str, str], ...]) -> None:
    for name, word in names:
        if _has(rules, name):
            schema[word] = getattr(rules, name)


def _ignores_zero(rules: Any) -> bool:
    return bool(rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE)


def _has(rules: Any, name: str) -> bool:
    field = rules.DESCRIPTOR.fields_by_name.get(name)
    return field is not None and field.has_presence and rules.HasField(name)


def _limit(rules: Any, name: str, default: float) -> float:
    return float(getattr(rules, name)) if _has(rules, name) else default
