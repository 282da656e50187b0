"""Browser sessions: sign-in, the sealed cookie, CSRF, renewal, sign-out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from polyclinic.identity.v1 import identity_pb2

from chassis import errors
from gateway.sessions import COOKIE, CSRF_COOKIE, CSRF_HEADER, Session, Sessions
from tests.gateway.backend import Backend

CREDENTIALS = {"tenant": "riverside", "login": "ada", "password": "correct horse"}


@pytest.fixture
def browser(gateway: Callable[..., FlaskClient], backend: Backend, keys: Any) -> FlaskClient:
    """A browser in front of a gateway whose identity signs anybody in."""
    backend.answers["SignIn"] = lambda request: tokens(keys, "refresh-1")
    return gateway()


def tokens(keys: Any, refresh: str, seconds: int = 300) -> identity_pb2.TokenResponse:
    """What identity answers to a sign-in."""
    return identity_pb2.TokenResponse(
        access_token=keys.token(seconds), refresh_token=refresh, expires_in_seconds=seconds
    )


def test_sign_in(browser: FlaskClient, backend: Backend) -> None:
    """Signing in sets a cookie that scripts cannot read, and the session's requests carry its token."""
    answer = browser.post("/auth/sign-in", json=CREDENTIALS)
    assert answer.status_code == 200
    assert backend.of("SignIn")[0].request.login == "ada"
    set_cookies = {line.split("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}
    assert "HttpOnly" in set_cookies[COOKIE]
    assert "SameSite=Lax" in set_cookies[COOKIE]
    assert "HttpOnly" not in set_cookies[CSRF_COOKIE]
    assert "access_token" not in answer.get_data(as_text=True)
    assert browser.get("/api/v1/things/x").status_code == 200
    assert backend.last.metadata["authorization"].startswith("Bearer ey")


def test_who_is_signed_in(browser: FlaskClient) -> None:
    """The page can ask who is signed in; nobody is before."""
    assert browser.get("/auth/session").status_code == 401
    browser.post("/auth/sign-in", json=CREDENTIALS)
    assert browser.get("/auth/session").json["name"] == "Ada"


def test_secure_cookie(gateway: Callable[..., FlaskClient], backend: Backend, keys: Any) -> None:
    """Behind TLS the cookies are Secure and the browser is told to stay on TLS."""
    backend.answers["SignIn"] = lambda request: tokens(keys, "r")
    answer = gateway(public_url="https://clinic.example.org").post("/auth/sign-in", json=CREDENTIALS)
    assert all("Secure" in line for line in answer.headers.getlist("Set-Cookie") if "Max-Age=0" not in line)
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_wrong_password(browser: FlaskClient, backend: Backend) -> None:
    """Identity's refusal is passed on and no cookie is set."""

    class Refused(errors.Unauthenticated):
        reason = "SIGN_IN_REFUSED"

    def refuse(_request: Any) -> Any:
        raise Refused

    backend.answers["SignIn"] = refuse
    answer = browser.post("/auth/sign-in", json=CREDENTIALS)
    assert (answer.status_code, answer.json["reason"]) == (401, "SIGN_IN_REFUSED")
    assert answer.headers.getlist("Set-Cookie") == []


def test_sign_in_from_a_foreign_page(browser: FlaskClient, backend: Backend) -> None:
    """A page of another site cannot sign a browser in (as somebody else)."""
    answer = browser.post("/auth/sign-in", json=CREDENTIALS, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert backend.of("SignIn") == []


def test_csrf(browser: FlaskClient, backend: Backend) -> None:
    """A change with the cookie alone is refused; with the session's token in the header it goes through."""
    csrf = browser.post("/auth/sign-in", json=CREDENTIALS).json["csrf_token"]
    for headers in ({}, {CSRF_HEADER: "wrong"}, {CSRF_HEADER: "ü"}):
        answer = browser.post("/api/v1/things", json={}, headers=headers)
        assert (answer.status_code, answer.json["reason"]) == (403, "CSRF_TOKEN_REQUIRED")
    assert backend.of("CreateThing") == []
    assert browser.post("/api/v1/things", json={}, headers={CSRF_HEADER: csrf}).status_code == 200
    assert browser.get_cookie(CSRF_COOKIE).value == csrf


def test_tampered_cookie(browser: FlaskClient) -> None:
    """A cookie that we did not seal is no session."""
    browser.post("/auth/sign-in", json=CREDENTIALS)
    sealed = browser.get_cookie(COOKIE).value
    for forged in (sealed[:-4] + "AAAA", "x", "", "é", "A" * 3900, sealed[::-1]):
        browser.set_cookie(COOKIE, forged)
        assert browser.get("/api/v1/things/x").status_code == 401


def test_bearer_wins_over_cookie(browser: FlaskClient, backend: Backend, keys: Any) -> None:
    """A request with a bearer token is a machine's: the cookie plays no part and no CSRF token is asked for."""
    browser.post("/auth/sign-in", json=CREDENTIALS)
    token = keys.token()
    browser.post("/api/v1/things", json={}, headers={"Authorization": f"Bearer {token}"})
    assert backend.last.metadata["authorization"] == f"Bearer {token}"


def test_renewal(browser: FlaskClient, backend: Backend, keys: Any) -> None:
    """When the access token has run out it is renewed on the way and the browser gets the new cookie."""
    backend.answers["SignIn"] = lambda request: tokens(keys, "refresh-1", seconds=1)
    backend.answers["RefreshSession"] = lambda request: tokens(keys, "refresh-2")
    browser.post("/auth/sign-in", json=CREDENTIALS)
    answer = browser.get("/api/v1/things/x")
    assert answer.status_code == 200
    assert backend.of("RefreshSession")[0].request.refresh_token == "refresh-1"
    assert any(line.startswith(COOKIE) for line in answer.headers.getlist("Set-Cookie"))
    browser.get("/api/v1/things/x")
    assert len(backend.of("RefreshSession")) == 1


def test_renewal_of_a_page_that_asks_much_at_once(browser: FlaskClient, backend: Backend, keys: Any) -> None:
    """Many requests with the same old cookie renew it once, because using a refresh token twice ends the session."""
    backend.answers["SignIn"] = lambda request: tokens(keys, "refresh-crowd", seconds=1)
    backend.answers["RefreshSession"] = lambda request: tokens(keys, "refresh-2")
    browser.post("/auth/sign-in", json=CREDENTIALS)
    old = browser.get_cookie(COOKIE).value

    def ask(_number: int) -> int:
        tab = browser.application.test_client()
        tab.set_cookie(COOKIE, old)
        return tab.get("/api/v1/things/x").status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(16))) == {200}
    assert len(backend.of("RefreshSession")) == 1


def test_another_replica_was_first(browser: FlaskClient, backend: Backend, keys: Any) -> None:
    """When identity gives no new refresh token, the request goes through and the newer cookie is left alone."""
    backend.answers["SignIn"] = lambda request: tokens(keys, "refresh-late", seconds=1)
    backend.answers["RefreshSession"] = lambda request: tokens(keys, "")
    browser.post("/auth/sign-in", json=CREDENTIALS)
    answer = browser.get("/api/v1/things/x")
    assert answer.status_code == 200
    assert answer.headers.getlist("Set-Cookie") == []


def test_ended_session(browser: FlaskClient, backend: Backend, keys: Any) -> None:
    """When identity has ended the session, the answer is 401 and the cookie is taken away."""

    class Ended(errors.Unauthenticated):
        reason = "SESSION_ENDED"

    def end(_request: Any) -> Any:
        raise Ended

    backend.answers["SignIn"] = lambda request: tokens(keys, "refresh-ended", seconds=1)
    backend.answers["RefreshSession"] = end
    browser.post("/auth/sign-in", json=CREDENTIALS)
    assert browser.get("/api/v1/things/x").status_code == 401
    assert browser.get_cookie(COOKIE) is None


def test_explicit_refresh_and_sign_out(browser: FlaskClient, backend: Backend, keys: Any) -> None:
    """A page may renew at once; signing out ends the session at identity and takes the cookies away."""
    backend.answers["RefreshSession"] = lambda request: tokens(keys, "refresh-2")
    csrf = browser.post("/auth/sign-in", json=CREDENTIALS).json["csrf_token"]
    headers = {CSRF_HEADER: csrf}
    assert browser.post("/auth/refresh", headers=headers).status_code == 200
    assert browser.post("/auth/sign-out", headers=headers).status_code == 204
    assert backend.of("SignOut")[0].request.refresh_token == "refresh-2"
    assert browser.get_cookie(COOKIE) is None
    assert browser.post("/auth/sign-out").status_code == 204


def test_long_sessions_are_split() -> None:
    """A session longer than a cookie may be is kept in several, and read back whole."""
    from flask import Response

    sessions = Sessions(b"k" * 32, secure=False, real_seconds=lambda: 0.0, refresh=lambda *_: ("", "", 0))
    session = Session("a" * 6000, "refresh", 10, "csrf")
    response = Response()
    sessions.write(response, session)
    cookies = {}
    for line in response.headers.getlist("Set-Cookie"):
        name, value = line.split(";")[0].split("=", 1)
        assert len(line) < 4096
        if value:
            cookies[name] = value
    assert len([name for name in cookies if name.startswith(COOKIE)]) == 3
    assert sessions.read(cookies) == session


def test_cookie_of_another_installation() -> None:
    """A cookie sealed with another key is no session of ours."""
    make = [
        Sessions(key * 32, secure=False, real_seconds=lambda: 0.0, refresh=lambda *_: ("", "", 0))
        for key in (b"a", b"b")
    ]
    assert make[1].open(make[0].seal(Session("a", "r", 1, "c"))) is None
