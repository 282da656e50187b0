"""Bad input is refused with one clear error, never with a 500, and reaches no service."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.gateway.backend import Backend

ECHO = "/api/v1/things:echo"
DEEP = b'{"inner":' * 40 + b"{}" + b"}" * 40
VERY_DEEP = b'{"facts":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"

MALFORMED = {
    "truncated": b'{"a_string": "x',
    "trailing comma": b'{"a_int32": 1,}',
    "two values": b"{} {}",
    "single quotes": b"{'a_int32': 1}",
    "comment": b'{"a_int32": 1} // x',
    "NaN": b'{"a_double": NaN}',
    "Infinity": b'{"a_double": -Infinity}',
    "invalid UTF-8": b'{"a_string": "\xff\xfe"}',
    "UTF-8 surrogate": b'{"a_string": "\xed\xa0\x80"}',
    "UTF-16": '{"a_string": "x"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"a_int32": 1}',
    "raw control character": b'{"a_string": "a\x00b"}',
    "doubled key": b'{"a_int32": 1, "a_int32": 2}',
    "endless integer": b'{"a_int64": ' + b"9" * 5000 + b"}",
    "nested a hundred thousand deep": VERY_DEEP,
}

# (body, field of the violation)
WRONG: dict[str, tuple[Any, str]] = {
    "not an object": ([], ""),
    "a text": ("x", ""),
    "null": (None, ""),
    "unknown field": ({"nope": 1}, "nope"),
    "unknown field inside": ({"a_thing": {"nope": 1}}, "a_thing.nope"),
    "unknown field in a list": ({"things": [{}, {"nope": 1}]}, "things[1].nope"),
    "unknown field in a map": ({"by_name": {"k": {"nope": 1}}}, "by_name[k].nope"),
    "text for integer": ({"a_int32": "twelve"}, "a_int32"),
    "fraction for integer": ({"a_int32": 1.5}, "a_int32"),
    "boolean for integer": ({"a_int32": True}, "a_int32"),
    "too large for int32": ({"a_int32": 2**31}, "a_int32"),
    "too large for int64": ({"a_int64": str(2**63)}, "a_int64"),
    "negative unsigned": ({"a_uint32": -1}, "a_uint32"),
    "spaces in integer": ({"a_int64": " 1"}, "a_int64"),
    "underscores in integer": ({"a_int64": "1_000"}, "a_int64"),
    "other digits": ({"a_int64": "\u0661"}, "a_int64"),
    "text for number": ({"a_double": "much"}, "a_double"),
    "number out of range": ({"a_float": 1e39}, "a_float"),
    "integer out of the range of a number": ({"a_double": 10**400}, "a_double"),
    "number for text": ({"a_string": 5}, "a_string"),
    "number for boolean": ({"a_bool": 1}, "a_bool"),
    "text for boolean": ({"a_bool": "true"}, "a_bool"),
    "not base64": ({"a_bytes": "%%%"}, "a_bytes"),
    "impossible base64": ({"a_bytes": "abcde"}, "a_bytes"),
    "unknown enum name": ({"a_colour": "COLOUR_GREEN"}, "a_colour"),
    "unknown enum number": ({"a_colour": 99}, "a_colour"),
    "enum in a list": ({"colours": ["COLOUR_RED", "red"]}, "colours[1]"),
    "object for list": ({"things": {}}, "things"),
    "list for object": ({"a_thing": []}, "a_thing"),
    "null in a list": ({"things": [None]}, "things[0]"),
    "null in a map": ({"by_name": {"k": None}}, "by_name[k]"),
    "map key": ({"by_number": {"one": "x"}}, "by_number[one]"),
    "boolean map key": ({"by_flag": {"yes": "COLOUR_RED"}}, "by_flag[yes]"),
    "both of a oneof": ({"chosen_text": "x", "chosen_thing": {}}, "chosen_thing"),
    "both spellings": ({"a_string": "x", "aString": "y"}, "a_string"),
    "NUL": ({"a_string": "a\u0000b"}, "a_string"),
    "lone surrogate": ({"a_string": "\ud800"}, "a_string"),
    "instant without zone": ({"at": "2026-03-02T14:00:00"}, "at"),
    "impossible instant": ({"at": "2026-02-30T14:00:00Z"}, "at"),
    "instant as number": ({"at": 5}, "at"),
    "duration without unit": ({"lasting": "5"}, "lasting"),
    "mask": ({"mask": "a b"}, "mask"),
    "wrapper": ({"maybe_long": "x"}, "maybe_long"),
    "struct": ({"facts": []}, "facts"),
    "NUL in a struct": ({"facts": {"a": {"b": "\u0000"}}}, "facts.a.b"),
    "NUL in a struct's key": ({"facts": {"\u0000": 1}}, "facts"),
    "huge number in a struct": ({"facts": {"a": 10**309}}, "facts.a"),
    "too deep": (json.loads(DEEP), ".".join(["inner"] * 33)),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_json(client: FlaskClient, backend: Backend, body: bytes) -> None:
    """What is not JSON is one 400 that says what and where."""
    answer = client.post(ECHO, data=body, content_type="application/json")
    assert (answer.status_code, answer.json["reason"]) == (400, "MALFORMED_JSON")
    assert answer.content_type == "application/problem+json"
    assert "violations" not in answer.json
    assert backend.of("Echo") == []


@pytest.mark.parametrize(("body", "field"), WRONG.values(), ids=WRONG.keys())
def test_wrong_values(client: FlaskClient, backend: Backend, body: Any, field: str) -> None:
    """A value of the wrong kind is one violation with the field's path."""
    answer = client.post(ECHO, data=json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json["reason"]) == (400, "INVALID_INPUT"), answer.json
    assert [each["field"] for each in answer.json["violations"]] == [field]
    assert backend.of("Echo") == []


def test_every_violation_at_once(client: FlaskClient) -> None:
    """All that is wrong is told at once, in path and body alike."""
    body = {"a_int32": "x", "nope": 1, "things": [{"colour": "GREEN"}, 5], "inner": {"a_bool": 1}}
    answer = client.post(ECHO, json=body)
    fields = {each["field"] for each in answer.json["violations"]}
    assert fields == {"a_int32", "nope", "things[0].colour", "things[1]", "inner.a_bool"}


def test_violations_are_counted_past_a_hundred(client: FlaskClient) -> None:
    """More than a hundred violations are counted, not listed."""
    answer = client.post(ECHO, json={"int64s": ["x"] * 250})
    assert len(answer.json["violations"]) == 101
    assert answer.json["violations"][-1]["description"] == "and 150 more"


def test_megabyte_names(client: FlaskClient) -> None:
    """A name of a megabyte is over the limit; just below it the service's own rules decide."""
    answer = client.post("/api/v1/things", json={"name": "x" * 1024 * 1024})
    assert (answer.status_code, answer.json["reason"]) == (413, "BODY_TOO_LARGE")
    assert client.post("/api/v1/things", json={"name": "x" * 1_000_000}).status_code == 200


def test_long_unknown_names_are_not_echoed_whole(client: FlaskClient) -> None:
    """A hostile field name comes back short and printable."""
    answer = client.post(ECHO, data=b'{"' + b"\\u0007\\ud800" * 5000 + b'": 1}', content_type="application/json")
    assert answer.status_code == 400
    assert len(answer.json["violations"][0]["field"]) <= 600


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "", "json"])
def test_content_type(client: FlaskClient, kind: str) -> None:
    """A body that is not announced as JSON is 415."""
    answer = client.post(ECHO, data=b"{}", content_type=kind)
    assert (answer.status_code, answer.json["reason"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_compressed_body(client: FlaskClient) -> None:
    """A compressed body is refused as what it is, not as broken JSON."""
    answer = client.post(
        ECHO, data=gzip.compress(b"{}"), content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert (answer.status_code, answer.json["reason"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "Content-Encoding" in answer.json["detail"]


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/merge-patch+json", "APPLICATION/JSON"]
)
def test_json_content_types(client: FlaskClient, kind: str) -> None:
    """Every spelling of JSON is read."""
    assert client.post(ECHO, data=b'{"a_int32": 7}', content_type=kind).json["a_int32"] == 7


def test_no_body_where_one_may_be(client: FlaskClient, backend: Backend) -> None:
    """An empty body is the empty request."""
    assert client.post(ECHO).status_code == 200
    assert backend.last.request.ByteSize() == 0


def test_body_where_none_may_be(client: FlaskClient) -> None:
    """A body on an operation without one is refused, not ignored."""
    answer = client.get("/api/v1/things", data=b"{}", content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("nope=1", "nope"),
        ("like.nope=1", "like.nope"),
        ("page_size=many", "page_size"),
        ("page_size=1&page_size=2", "page_size"),
        ("colours=RED", "colours[0]"),
        ("since=yesterday", "since"),
        ("day=2026-02-30", "day"),
        ("day=02/03/2026", "day"),
        ("archived=1", "archived"),
        ("page_token=%00", "page_token"),
        ("like=%7B%7D", "like"),
        ("like.tags=%00", "like.tags[0]"),
        ("day=2026-03-02&day.year=2026&day.year=2027", "day.year"),
        ("page_token.x=1", "page_token.x"),
    ],
)
def test_query(client: FlaskClient, query: str, field: str) -> None:
    """A wrong query parameter is one violation with its name."""
    answer = client.get(f"/api/v1/things?{query}")
    assert answer.status_code == 400, answer.json
    assert [each["field"] for each in answer.json["violations"]] == [field]


def test_query_beside_a_whole_body(client: FlaskClient) -> None:
    """With body "*" a field in the query is unknown."""
    assert client.post(f"{ECHO}?a_int32=1", json={}).status_code == 400


@pytest.mark.parametrize("identifier", ["%00", "a%00b", "%ff"])
def test_path_characters(client: FlaskClient, identifier: str) -> None:
    """NUL in a path is a violation; bytes that are no UTF-8 reach the service as a replacement it will not find."""
    assert client.get(f"/api/v1/things/{identifier}").status_code in (200, 400)
    if "%00" in identifier:
        assert client.get(f"/api/v1/things/{identifier}").status_code == 400


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "x" * 201),
        ("Idempotency-Key", "schlüssel"),
        ("Idempotency-Key", "a b"),
        ("If-Match", "*, *"),
        ("If-Match", '"-1"'),
        ("If-Match", '"99999999999999999999"'),
    ],
)
def test_headers(client: FlaskClient, header: str, value: str) -> None:
    """A header that cannot be passed on is a 400 that names it."""
    answer = client.post("/api/v1/things/x:cancel", json={}, headers={header: value})
    assert (answer.status_code, answer.json["reason"]) == (400, "INVALID_HEADER")
    assert answer.json["violations"][0]["field"] == header


@pytest.mark.parametrize(
    "token", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer a b", "Bearer \u00e9", "Bearer a.b.c"]
)
def test_authorization(gateway: Any, token: str) -> None:
    """Whatever is no token is 401 with the way to authenticate."""
    answer = gateway().get("/api/v1/things/x", headers={"Authorization": token})
    assert (answer.status_code, answer.json["reason"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("given", ["x", "a" * 200, "a b c d e f g h", "é" * 20, "line\u2028break-here"])
def test_request_ids_of_others_are_not_believed_blindly(client: FlaskClient, given: str) -> None:
    """A request id that is not short plain text is replaced."""
    answer = client.get("/api/v1/things/x", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] != given
    assert len(answer.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("path", ["/nope", "/api", "/api/v1", "/api/v1/things/", "/api//v1/things", "/api/v2/things"])
def test_unknown_paths(client: FlaskClient, path: str) -> None:
    """A path that is not there is a problem, never a redirect or a page."""
    answer = client.get(path)
    assert (answer.status_code, answer.json["reason"]) == (404, "NO_SUCH_PATH")
    assert answer.headers["X-Request-Id"] == answer.json["request_id"]


def test_method_not_allowed(client: FlaskClient) -> None:
    """A method that a path does not take is 405 and names those that it takes."""
    answer = client.put("/api/v1/things")
    assert (answer.status_code, answer.json["reason"]) == (405, "METHOD_NOT_ALLOWED")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].replace(" ", "").split(","))
