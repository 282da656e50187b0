"""Properties of the transcoding: what json_format reads and writes, we read and write."""

from __future__ import annotations

import json
from typing import Any

import ijson
import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, ServiceDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.errors import InvalidInput
from gateway.fhir.scanner import EntryScanner
from gateway.transcoding.json_in import parse_json
from gateway.transcoding.json_out import Renderer, to_dict
from gateway.transcoding.problems import MalformedJson, Problems
from gateway.transcoding.reader import RequestReader
from gateway.transcoding.shapes import Shapes

_T = FieldDescriptor
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=12)
INSTANTS = st.datetimes().map(lambda at: at.isoformat() + "Z")


def json_values(integers: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    """Any JSON, with these integers."""
    return st.recursive(
        st.none() | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=6,
    )


JSON = json_values(st.integers())
# FHIR's integers have 32 bits; the parser refuses what 64 cannot hold (and their least number).
SMALL_JSON = json_values(st.integers(1 - 2**63, 2**63 - 1))
NUMBERS = {
    _T.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    _T.TYPE_UINT32: st.integers(0, 2**32 - 1),
    _T.TYPE_FIXED32: st.integers(0, 2**32 - 1),
    _T.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    _T.TYPE_SINT64: st.integers(-(2**63), 2**63 - 1),
    _T.TYPE_UINT64: st.integers(0, 2**64 - 1),
    # json_format cannot read back its own shortest decimal of the very largest float.
    _T.TYPE_FLOAT: st.floats(-(2.0**127), 2.0**127, width=32),
    _T.TYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    _T.TYPE_BOOL: st.booleans(),
    _T.TYPE_STRING: TEXTS,
    _T.TYPE_BYTES: st.binary(max_size=8),
}
WELL_KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "google.protobuf.Timestamp": INSTANTS,
    "google.protobuf.Duration": st.integers(-(10**6), 10**6).map(lambda seconds: f"{seconds}s"),
    "google.protobuf.FieldMask": st.sampled_from(["", "name", "name,price.minorUnits"]),
    "google.protobuf.Struct": st.dictionaries(TEXTS, JSON, max_size=3),
    "google.protobuf.Value": JSON,
    "google.protobuf.ListValue": st.lists(JSON, max_size=3),
    "google.protobuf.StringValue": TEXTS,
    "google.protobuf.Int64Value": st.integers(-(2**63), 2**63 - 1).map(str),
    "google.protobuf.BoolValue": st.booleans(),
}


@pytest.fixture(scope="session")
def kinds(gallery: ServiceDescriptor) -> Descriptor:
    """The message with a field of every kind."""
    return gallery.methods_by_name["Echo"].input_type


def messages(descriptor: Descriptor, depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """JSON objects that are a valid message of this type."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in descriptor.fields:
        if field.containing_oneof is not None and field != field.containing_oneof.fields[0]:
            continue
        made = _field(field, depth)
        if made is not None:
            fields[field.name] = made
    return st.fixed_dictionaries({}, optional=fields)


def _field(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any] | None:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        value = _single(message.fields_by_name["value"], depth)
        key = {_T.TYPE_STRING: TEXTS, _T.TYPE_BOOL: st.sampled_from(["true", "false"])}.get(
            message.fields_by_name["key"].type, st.integers(-100, 100).map(str)
        )
        return None if value is None else st.dictionaries(key, value, max_size=2)
    single = _single(field, depth)
    return st.lists(single, max_size=2) if single is not None and field.is_repeated else single


def _single(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any] | None:
    import base64

    if field.message_type is not None:
        if field.message_type.full_name in WELL_KNOWN:
            return WELL_KNOWN[field.message_type.full_name]
        return messages(field.message_type, depth - 1) if depth else None
    if field.enum_type is not None:
        return st.sampled_from(sorted(field.enum_type.values_by_name))
    made = NUMBERS[field.type]
    if field.type == _T.TYPE_BYTES:
        return made.map(lambda raw: base64.b64encode(raw).decode())
    if field.type in (_T.TYPE_INT64, _T.TYPE_UINT64, _T.TYPE_SINT64):
        return made.map(str) | made
    return made


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_valid_messages_round_trip(kinds: Descriptor, data: st.DataObject) -> None:
    """What is valid is read as json_format reads it, and printed as json_format prints it."""
    value = data.draw(messages(kinds))
    made = message_factory.GetMessageClass(kinds)
    reader = RequestReader(made, (), "*", Shapes())
    message = reader.read((), (), json.dumps(value).encode(), "application/json", None)
    assert message == json_format.ParseDict(value, made())
    printed = json.loads(Renderer().of(kinds)(message))
    assert printed == json.loads(json.dumps(to_dict(message)))
    assert json_format.ParseDict(printed, made()) == message


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_what_passes_the_check_is_read(kinds: Descriptor, data: st.DataObject) -> None:
    """For arbitrary values in arbitrary fields: refused with violations, or read without any complaint of json_format."""
    names = sorted([*kinds.fields_by_name, *kinds.fields_by_camelcase_name, "nope"])
    value = data.draw(st.dictionaries(st.sampled_from(names), JSON, max_size=3))
    problems = Problems()
    Shapes().of(kinds)(value, "", 0, problems)
    try:
        problems.refuse()
    except InvalidInput as error:
        assert error.violations
        return
    json_format.ParseDict(value, message_factory.GetMessageClass(kinds)())


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes(raw: bytes) -> None:
    """Any bytes are read as Python's strict JSON reads them, or refused as malformed."""
    try:
        value = parse_json(raw)
    except MalformedJson:
        return
    assert value == json.loads(raw.decode())


ENTRIES = st.fixed_dictionaries(
    {"resource": st.fixed_dictionaries({"resourceType": st.sampled_from(["Patient", "Observation"]), "x": SMALL_JSON})},
    optional={"fullUrl": TEXTS, "request": SMALL_JSON},
)


@settings(max_examples=200, deadline=None)
@given(entries=st.lists(ENTRIES | SMALL_JSON, max_size=5), before=SMALL_JSON, after=SMALL_JSON, cut=st.integers(1, 50))
def test_scanner_finds_the_entries(entries: list[Any], before: Any, after: Any, cut: int) -> None:
    """The entries found in a stream are those a whole parse finds; of unwanted resources only the type is kept."""
    bundle = {"meta": before, "resourceType": "Bundle", "entry": entries, "type": "batch", "link": after}
    raw = json.dumps(bundle, ensure_ascii=False).encode()
    found: list[Any] = []
    scanner = EntryScanner(found.append, frozenset({"Patient"}))
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events, use_float=True)
    for start in range(0, len(raw), cut):
        parser.send(raw[start : start + cut])
        scanner.feed(events)
        del events[:]
    parser.close()
    scanner.feed(events)
    assert scanner.top == {"resourceType": "Bundle", "type": "batch"}
    assert found == [_without_the_unwanted(entry) for entry in entries]


def _without_the_unwanted(entry: Any) -> Any:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or kind == "Patient":
        return entry
    kept = dict(list(resource.items())[: list(resource).index("resourceType") + 1])
    return {name: kept if name == "resource" else value for name, value in entry.items()}
