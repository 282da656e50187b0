"""Errors of services → problem+json."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from flask.testing import FlaskClient

from chassis import errors
from tests.gateway.backend import Backend


class SlotTaken(errors.Conflict):
    reason = "SLOT_TAKEN"
    message = "That time has just been taken."


class VersionRequired(errors.FailedPrecondition):
    reason = "VERSION_REQUIRED"


ERRORS: list[tuple[errors.Error, int]] = [
    (errors.InvalidInput([errors.Violation("name", "is too long")]), 400),
    (errors.NotFound("thing"), 404),
    (errors.Conflict(), 409),
    (SlotTaken(internal="cell 12"), 409),
    (errors.AlreadyExists(), 409),
    (errors.FailedPrecondition(), 409),
    (errors.StaleVersion(), 412),
    (VersionRequired(), 428),
    (errors.Unauthenticated(), 401),
    (errors.PermissionDenied(), 403),
    (errors.IdempotencyKeyRequired(), 400),
    (errors.IdempotencyKeyReused(), 409),
    (errors.RateLimited(retry_after=7), 429),
    (errors.Unavailable(retry_after=2.2), 503),
    (errors.DeadlineExceeded(), 503),
    (errors.Unprocessable(), 422),
]


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=[type(error).__name__ for error, _ in ERRORS])
def test_family(client: FlaskClient, backend: Backend, error: errors.Error, status: int) -> None:
    """Each error of the family has its status, its stable reason and its public message."""
    backend.answers["GetThing"] = _raises(error)
    answer = client.get("/api/v1/things/x", headers={"X-Request-Id": "request-0001"})
    body = answer.json
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert (body["status"], body["reason"], body["detail"]) == (status, error.reason, error.message)
    assert body["request_id"] == "request-0001"
    assert body["type"] == f"/api/problems/{error.reason}"
    assert "internal" not in body
    assert b"cell 12" not in answer.data


def test_violations(client: FlaskClient, backend: Backend) -> None:
    """A service's violations keep their paths."""
    found = [errors.Violation("lines[2].units", "must be at least 1"), errors.Violation("name", "is required")]
    backend.answers["GetThing"] = _raises(errors.InvalidInput(found))
    assert client.get("/api/v1/things/x").json["violations"] == [
        {"field": "lines[2].units", "description": "must be at least 1"},
        {"field": "name", "description": "is required"},
    ]


def test_retry_after(client: FlaskClient, backend: Backend) -> None:
    """Retry-After is the service's delay in whole seconds, rounded up."""
    backend.answers["GetThing"] = _raises(errors.Unavailable(retry_after=2.2))
    assert client.get("/api/v1/things/x").headers["Retry-After"] == "3"
    backend.answers["GetThing"] = _raises(errors.RateLimited(retry_after=7))
    assert client.get("/api/v1/things/x").headers["Retry-After"] == "7"


def test_bug_in_a_service(client: FlaskClient, backend: Backend) -> None:
    """An exception nobody foresaw is a 500 with an incident number and nothing of its text."""

    def bug(_request: Any) -> Any:
        raise RuntimeError("select * from patient where name = 'Smith'")

    backend.answers["GetThing"] = bug
    answer = client.get("/api/v1/things/x")
    assert (answer.status_code, answer.json["reason"]) == (500, "INTERNAL")
    assert "incident" in answer.json["detail"]
    assert b"Smith" not in answer.data


def test_service_is_down(gateway: Callable[..., FlaskClient], settings: Any, keys: Any) -> None:
    """A service that is not there is 503 with Retry-After, and others go on."""
    client = gateway(addresses={**settings.addresses, "gallery": "127.0.0.1:1"})
    headers = {"Authorization": f"Bearer {keys.token()}"}
    answer = client.get("/api/v1/things/x", headers=headers)
    assert (answer.status_code, answer.json["reason"]) == (503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1
    assert client.get("/api/v1/key-set").status_code == 200


def test_identity_is_away(gateway: Callable[..., FlaskClient], backend: Backend, keys: Any) -> None:
    """A gateway that cannot get the key set passes tokens on, and does not ask again for each of them."""
    backend.answers["GetKeySet"] = _raises(errors.Unavailable())
    client = gateway(limit_address_per_second=0.0)
    for _ in range(5):
        token = keys.token()
        assert client.get("/api/v1/things/x", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert backend.last.metadata["authorization"] == f"Bearer {token}"
    assert len(backend.of("GetKeySet")) == 1


def test_address_is_not_configured(gateway: Callable[..., FlaskClient], settings: Any, keys: Any) -> None:
    """A service without an address is 503 too: the installation may not have it."""
    rest = {name: address for name, address in settings.addresses.items() if name != "gallery"}
    answer = gateway(addresses=rest).get("/api/v1/things/x", headers={"Authorization": f"Bearer {keys.token()}"})
    assert answer.status_code == 503


def test_deadline(gateway: Callable[..., FlaskClient], backend: Backend, keys: Any) -> None:
    """A call that takes longer than its deadline is 503, to be sent again after a moment like any other of them."""
    import threading

    gate = threading.Event()
    backend.answers["GetThing"] = lambda request: gate.wait(5) and None
    client = gateway(rpc_deadline_seconds=0.2)
    answer = client.get("/api/v1/things/x", headers={"Authorization": f"Bearer {keys.token()}"})
    gate.set()
    assert (answer.status_code, answer.json["reason"]) == (503, "DEADLINE_EXCEEDED")
    assert answer.headers["Retry-After"] == "1"


def test_answer_over_the_limit(client: FlaskClient, backend: Backend) -> None:
    """An answer larger than we take is 413 and no crash."""
    from google.api import httpbody_pb2

    backend.answers["GetPicture"] = lambda request: httpbody_pb2.HttpBody(data=b"x" * (33 * 1024 * 1024))
    assert client.get("/api/v1/things/x/picture").status_code == 413


def test_every_grpc_code_has_a_status() -> None:
    """No gRPC code but the two that mean a bug is answered as 500."""
    from gateway.errors import _BY_CODE

    unmapped = set(grpc.StatusCode) - set(_BY_CODE)
    assert unmapped == {
        grpc.StatusCode.OK,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.DATA_LOSS,
    }


def test_security_headers(client: FlaskClient) -> None:
    """Every answer, also a problem, carries the security headers and is not stored."""
    for path in ("/api/v1/things/x", "/nope", "/livez"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def _raises(error: errors.Error) -> Callable[[Any], Any]:
    def answer(_request: Any) -> Any:
        raise error

    return answer
