"""HTTP in → protobuf → HTTP out, over every kind of binding and field."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from polyclinic.types.v1 import types_pb2

from tests.gateway.backend import Backend

ID = "0192f0aa-7000-7000-8000-000000000001"


def test_path_variable(client: FlaskClient, backend: Backend) -> None:
    """A path variable becomes the request's field."""
    assert client.get(f"/api/v1/things/{ID}").status_code == 200
    assert backend.last.request.thing_id == ID


def test_answers_print_unset_scalars_int64_as_text_and_proto_names(client: FlaskClient, backend: Backend) -> None:
    """An answer shows every scalar, int64 as a string, enums by name and fields under their proto names."""
    backend.answers["GetThing"] = lambda request: _thing(
        backend, name="Été", price=types_pb2.Money(minor_units=1250, currency="USD")
    )
    answer = client.get(f"/api/v1/things/{ID}")
    assert answer.json == {
        "thing_id": "",
        "name": "Été",
        "colour": "COLOUR_UNSPECIFIED",
        "price": {"minor_units": "1250", "currency": "USD"},
        "tags": [],
        "version": "0",
    }
    assert answer.content_type == "application/json"


def test_body_field(client: FlaskClient, backend: Backend) -> None:
    """With a body field the rest of the request comes from the query."""
    client.post(
        "/api/v1/things?check_first=true", json={"name": "lamp", "made_on": {"year": 2026, "month": 3, "day": 2}}
    )
    assert backend.last.request.thing.name == "lamp"
    assert backend.last.request.thing.made_on.day == 2
    assert backend.last.request.check_first is True


def test_nested_path_variable_and_mask(client: FlaskClient, backend: Backend) -> None:
    """A nested path variable fills the nested field, and the mask of a PATCH is what the body names."""
    client.patch(f"/api/v1/things/{ID}", json={"name": "lamp", "madeOn": {"year": 2026, "month": 3, "day": 2}})
    request = backend.last.request
    assert (request.thing.thing_id, request.thing.name) == (ID, "lamp")
    assert sorted(request.update_mask.paths) == ["made_on", "name"]


@pytest.mark.parametrize("mask", ["name,made_on", "name,madeOn"])
def test_mask_in_the_query(client: FlaskClient, backend: Backend, mask: str) -> None:
    """A mask given in the query, in either spelling, is the mask."""
    client.patch(f"/api/v1/things/{ID}?update_mask={mask}", json={"name": "lamp"})
    assert list(backend.last.request.update_mask.paths) == ["name", "made_on"]


def test_mask_of_a_flat_request(client: FlaskClient, backend: Backend) -> None:
    """When the request itself is the resource, the derived mask leaves out what the path and If-Match hold."""
    client.patch(f"/api/v1/things/{ID}/revision", json={"name": "x", "version": 3, "thing_id": ID})
    assert list(backend.last.request.update_mask.paths) == ["name"]
    client.patch(f"/api/v1/things/{ID}/revision", json={"name": "x", "update_mask": "colour"})
    assert list(backend.last.request.update_mask.paths) == ["colour"]


def test_colon_verbs_and_additional_bindings(client: FlaskClient, backend: Backend) -> None:
    """A custom verb and an additional binding reach the same RPC."""
    client.post(f"/api/v1/things/{ID}:cancel", json={"reason": "broken"})
    assert (backend.last.method, backend.last.request.thing_id, backend.last.request.reason) == (
        "CancelThing",
        ID,
        "broken",
    )
    client.delete(f"/api/v1/things/{ID}?reason=lost")
    assert (backend.last.method, backend.last.request.thing_id, backend.last.request.reason) == (
        "CancelThing",
        ID,
        "lost",
    )


def test_query_of_every_kind(client: FlaskClient, backend: Backend) -> None:
    """Query parameters fill scalars, repeated fields, enums, nested fields, timestamps, durations and dates."""
    query = (
        "page_size=5&colours=COLOUR_RED&colours=2&tags=a&tags=b&since=2026-03-02T14:00:00Z&day=2026-03-02&like.name=lamp"
        "&like.price.minor_units=5&archived=true&above=9007199254740993&within=90s&owner=&ratio=0.5"
    )
    answer = client.get(f"/api/v1/things?{query}")
    assert answer.status_code == 200, answer.json
    request = backend.last.request
    assert (request.page_size, list(request.colours), list(request.tags)) == (5, [1, 2], ["a", "b"])
    assert (request.since.seconds, request.day.month, request.within.seconds) == (1772460000, 3, 90)
    assert (request.like.name, request.like.price.minor_units) == ("lamp", 5)
    assert (request.archived, request.above, request.HasField("owner"), request.ratio) == (
        True,
        9007199254740993,
        True,
        0.5,
    )


def test_dates_in_nested_form_and_camel_case(client: FlaskClient, backend: Backend) -> None:
    """A date may also be given by its parts, and parameters in lowerCamelCase."""
    client.get("/api/v1/things?day.year=2026&day.month=3&pageSize=7")
    assert (backend.last.request.day.year, backend.last.request.page_size) == (2026, 7)


def test_typed_path_variables(client: FlaskClient, backend: Backend) -> None:
    """Path variables may be enums, integers and booleans; a wrong one is a violation with its name."""
    client.get("/api/v1/kinds/COLOUR_BLUE/42/true")
    assert (backend.last.request.kind, backend.last.request.number, backend.last.request.flag) == (2, 42, True)
    answer = client.get("/api/v1/kinds/GREEN/many/perhaps")
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json["violations"]] == ["kind", "number", "flag"]


def test_pattern_variable(client: FlaskClient, backend: Backend) -> None:
    """A variable with a pattern spans segments, and only those that match."""
    client.get("/api/v1/documents/folders/7/files/a/b.txt")
    assert backend.last.request.name == "folders/7/files/a/b.txt"
    assert client.get("/api/v1/documents/elsewhere/7").status_code == 404


def test_path_and_body_must_agree(client: FlaskClient) -> None:
    """An id in the body that differs from the path's is refused."""
    answer = client.post(f"/api/v1/things/{ID}:cancel", json={"thing_id": "other"})
    assert answer.status_code == 400
    assert answer.json["violations"] == [{"field": "thing_id", "description": "differs from the path"}]


def test_raw_answer(client: FlaskClient, backend: Backend) -> None:
    """An HttpBody is answered as its bytes, under a policy that lets nothing in it run."""
    from google.api import httpbody_pb2

    backend.answers["GetPicture"] = lambda request: httpbody_pb2.HttpBody(content_type="image/png", data=b"\x89PNG\x00")
    answer = client.get(f"/api/v1/things/{ID}/picture")
    assert (answer.data, answer.content_type) == (b"\x89PNG\x00", "image/png")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_raw_body(client: FlaskClient, backend: Backend) -> None:
    """A body field of HttpBody takes the bytes as they are."""
    client.put(f"/api/v1/things/{ID}/picture", data=b"\x00\x01", content_type="image/png")
    assert (backend.last.request.picture.data, backend.last.request.picture.content_type) == (b"\x00\x01", "image/png")


def test_response_body_and_empty(client: FlaskClient, backend: Backend) -> None:
    """A response_body is answered alone; an empty message is 204."""
    backend.answers["GetNames"] = lambda request: _message(backend, "GetNames", first=_thing(backend, name="one"))
    assert client.get(f"/api/v1/things/{ID}/name").json["name"] == "one"
    assert client.post(f"/api/v1/things/{ID}:forget").status_code == 204


def test_etag_and_if_match(client: FlaskClient, backend: Backend) -> None:
    """A version is answered as ETag, If-Match becomes the request's version, and an unchanged read is 304."""
    backend.answers["GetThing"] = lambda request: _thing(backend, version=3)
    answer = client.get(f"/api/v1/things/{ID}")
    assert answer.headers["ETag"] == '"3"'
    assert client.get(f"/api/v1/things/{ID}", headers={"If-None-Match": '"3"'}).status_code == 304
    client.post(f"/api/v1/things/{ID}:cancel", json={}, headers={"If-Match": '"3"'})
    assert backend.last.request.version == 3
    assert client.post(f"/api/v1/things/{ID}:cancel", json={}, headers={"If-Match": '"x"'}).status_code == 400


def test_missing_if_match(client: FlaskClient, backend: Backend) -> None:
    """Where the contract demands a version, a request without one is 428 and reaches no service."""
    answer = client.put(f"/api/v1/things/{ID}", json={"name": "x"})
    assert (answer.status_code, answer.json["reason"]) == (428, "IF_MATCH_REQUIRED")
    assert backend.of("ReplaceThing") == []
    assert client.put(f"/api/v1/things/{ID}", json={"name": "x", "version": "2"}).status_code == 200


def test_metadata(client: FlaskClient, backend: Backend) -> None:
    """Token, key, request id, trace, client address and deadline reach the service."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"Idempotency-Key": "k-1", "X-Request-Id": "request-0001", "traceparent": trace}
    answer = client.post("/api/v1/things", json={"name": "x"}, headers=headers)
    metadata = backend.last.metadata
    assert metadata["authorization"] == client.environ_base["HTTP_AUTHORIZATION"]
    assert (metadata["idempotency-key"], metadata["x-request-id"]) == ("k-1", "request-0001")
    assert metadata["traceparent"].split("-")[1] == trace.split("-")[1]
    assert metadata["x-client-address"] == "127.0.0.1"
    assert 8 < backend.last.seconds_left < 10.5  # gRPC rounds up
    assert answer.headers["X-Request-Id"] == "request-0001"


def test_webhook(client: FlaskClient, backend: Backend, gateway: Any) -> None:
    """A webhook passes URL, tenant, lower-case headers and the raw body, and needs no token."""
    outside = gateway(public_url="https://clinic.example.org")
    answer = outside.post("/webhooks/things/t-1?x=%20y", data=b"To=%2B1\x00\xff", headers={"X-Twilio-Signature": "s"})
    request = backend.last.request
    assert answer.status_code == 204
    assert request.url == "https://clinic.example.org/webhooks/things/t-1?x=%20y"
    assert (request.tenant_id, request.headers["x-twilio-signature"], request.body) == ("t-1", "s", b"To=%2B1\x00\xff")


def _thing(backend: Backend, **fields: Any) -> Any:
    return _message(backend, "GetThing", **fields)


def _message(backend: Backend, method: str, **fields: Any) -> Any:
    from chassis import descriptors

    for service in backend.services:
        if method in service.methods_by_name:
            return descriptors.rpc(service.methods_by_name[method]).response_class(**fields)
    raise AssertionError(method)
