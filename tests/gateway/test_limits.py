"""Throughput limits and the request log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from chassis import errors
from chassis.errors import RateLimited
from gateway.limits import MAX_BUCKETS, Buckets, Limits
from tests.gateway.backend import Backend


class Time:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0, 0.3), min_size=1, max_size=200))
def test_never_more_than_rate_and_burst(gaps: list[float]) -> None:
    """In any stretch of time no more requests pass than the burst and the rate allow."""
    time = Time()
    buckets = Buckets(10.0, time)
    passed = 0
    for gap in gaps:
        time.now += gap
        try:
            buckets.take("k")
        except RateLimited as error:
            assert error.retry_after is not None
            assert 0 < error.retry_after <= 0.1 + 1e-9
            continue
        passed += 1
    assert passed <= 20 + time.now * 10 + 1e-6


def test_buckets_are_apart_and_refill() -> None:
    """One key's use is not another's, and a drained bucket fills again."""
    time = Time()
    buckets = Buckets(1.0, time)
    buckets.take("a")
    buckets.take("a")
    with pytest.raises(RateLimited):
        buckets.take("a")
    buckets.take("b")
    time.now += 1.0
    buckets.take("a")


def test_full_buckets_are_forgotten() -> None:
    """A flood of different keys does not fill the memory."""
    time = Time()
    buckets = Buckets(1.0, time)
    for number in range(MAX_BUCKETS + 10):
        time.now += 1
        buckets.take(str(number))
    assert len(buckets._buckets) < MAX_BUCKETS


def test_replicas_share() -> None:
    """Each replica allows its share of the limit."""
    limits = Limits(principal=4.0, tenant=0.0, address=0.0, webhook=0.0, replicas=4, monotonic=Time())
    limits.take("p", "t", "a")
    limits.take("p", "t", "a")
    with pytest.raises(RateLimited):
        limits.take("p", "t", "a")


def test_limit_over_http(gateway: Callable[..., FlaskClient], backend: Backend, keys: Any) -> None:
    """Past its limit a principal gets 429 with Retry-After and reaches no service; another one goes on."""
    client = gateway(limit_principal_per_second=1.0)
    headers = {"Authorization": f"Bearer {keys.token()}"}
    statuses = [client.get("/api/v1/things/x", headers=headers).status_code for _ in range(4)]
    assert statuses[:2] == [200, 200]
    assert statuses[-1] == 429
    answer = client.get("/api/v1/things/x", headers=headers)
    assert (answer.json["reason"], int(answer.headers["Retry-After"]) >= 1) == ("RATE_LIMITED", True)
    assert len(backend.of("GetThing")) == statuses.count(200)
    assert client.get("/api/v1/things/x", headers={"Authorization": f"Bearer {keys.token()}"}).status_code == 200


def test_bad_tokens_are_limited_by_address(gateway: Callable[..., FlaskClient]) -> None:
    """Who guesses tokens is slowed down by address."""
    client = gateway(limit_address_per_second=1.0)
    statuses = {client.get("/api/v1/things/x", headers={"Authorization": "Bearer a.b.c"}).status_code for _ in range(6)}
    assert statuses == {401, 429}


def test_webhooks_have_a_limit_of_their_own(gateway: Callable[..., FlaskClient], backend: Backend) -> None:
    """A provider's receipts come in floods from one address: they are limited by webhook and tenant."""
    client = gateway(limit_address_per_second=1.0, limit_webhook_per_second=4.0)
    statuses = [client.post("/webhooks/things/t-1", data=b"x").status_code for _ in range(12)]
    assert statuses[:8] == [204] * 8
    assert 429 in statuses
    assert client.post("/webhooks/things/t-2", data=b"x").status_code == 204


def test_client_address_behind_proxies(gateway: Callable[..., FlaskClient], backend: Backend, keys: Any) -> None:
    """Only what trusted proxies say of the client's address is believed."""
    headers = {"Authorization": f"Bearer {keys.token()}", "X-Forwarded-For": "6.6.6.6, 10.0.0.1, 10.0.0.2"}
    gateway().get("/api/v1/things/x", headers=headers)
    assert backend.last.metadata["x-client-address"] == "127.0.0.1"
    gateway(trusted_proxies=2).get("/api/v1/things/x", headers=headers)
    assert backend.last.metadata["x-client-address"] == "10.0.0.1"
    gateway(trusted_proxies=5).get("/api/v1/things/x", headers=headers)
    assert backend.last.metadata["x-client-address"] == "127.0.0.1"


def test_request_log(gateway: Callable[..., FlaskClient], backend: Backend, keys: Any, tmp_path: Path) -> None:
    """Every API request is one line with who, which RPC, how often and how it ended, and without the path's ids."""
    log = tmp_path / "requests.log"
    client = gateway(request_log=str(log))
    token = keys.token(sub="u-1", tid="0192f0aa-7000-7000-8000-00000000000a")
    headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "request-0001"}
    client.get("/api/v1/things/secret-name", headers=headers)
    client.post("/api/v1/things:echo", json={"a_int32": "x"}, headers=headers)

    def refuse(_request: Any) -> Any:
        raise errors.NotFound("thing")

    backend.answers["GetThing"] = refuse
    client.get("/api/v1/things/secret-name", headers=headers)
    client.get("/api/v1/things/secret-name")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert "secret-name" not in log.read_text()
    assert [(line["status"], line["calls"]) for line in lines] == [(200, 1), (400, 0), (404, 1), (401, 0)]
    assert lines[0] | {"time": ""} == {
        "time": "",
        "request_id": "request-0001",
        "verb": "GET",
        "path": "/api/v1/things/{thing_id}",
        "rpc": "polyclinic.gallery.v1.Gallery/GetThing",
        "calls": 1,
        "principal_id": "u-1",
        "tenant_id": "0192f0aa-7000-7000-8000-00000000000a",
        "status": 200,
    }
    assert lines[0]["time"].endswith("+00:00")
