"""Streams on pods of their own: the API's pods send a stream's path below /streams, the streams' pods serve both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient

from chassis.settings import Secret, Url
from gateway.streams.apart import PATHS, PREFIX


def day_of(location: str) -> str:
    return f"/api/v1/locations/{location}/stream"


def test_the_api_sends_streams_elsewhere(gateway: Callable[..., FlaskClient]) -> None:
    """Role "api" answers 307 with the same path and query below /streams, and takes no stream itself."""
    client = gateway(gateway_role="api")
    for path in PATHS:
        concrete = path.format(location_id=uuid4(), session_id=uuid4())
        answer = client.get(concrete, query_string={"since": "a b"})
        assert answer.status_code == 307
        assert answer.headers["Location"] == f"{PREFIX}{concrete}?since=a+b"
        assert answer.headers["Cache-Control"] == "no-store"
        assert client.get(f"{PREFIX}{concrete}").status_code == 404


def test_the_streams_pods_serve_both_paths(gateway: Callable[..., FlaskClient], nats_server: Any, keys: Any) -> None:
    """Role "streams" knows a stream under its own path and below /streams, and none of the rest of the API."""
    client = gateway(
        gateway_role="streams",
        nats_url=Url(nats_server.url("gateway")),
        nats_user="gateway",
        nats_password=Secret(nats_server.password("gateway")),
    )
    location = str(uuid4())
    for path in (day_of(location), f"{PREFIX}{day_of(location)}"):
        assert client.get(path).status_code == 401
        token = keys.token(prm=["nothing"])
        assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 403
    assert client.get("/api/v1/patients/x").status_code == 404
    assert client.get("/readyz").status_code == 200
