"""``/auth``: a browser signs in and out; its tokens live in the sealed session cookie and never reach a script."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response

from chassis.errors import Unauthenticated
from gateway.api import read_body
from gateway.edge import CsrfRefused, Edge, Exchange
from gateway.identity import Identity, expiry
from gateway.sessions import Session, Sessions
from gateway.transcoding.json_in import MAX_JSON_BYTES
from gateway.transcoding.json_out import dumps
from gateway.transcoding.reader import RequestReader
from gateway.transcoding.shapes import Shapes

_HOME = frozenset({"same-origin", "none"})


class Auth:
    """The handlers of sign-in, refresh, sign-out and "who is signed in"."""

    def __init__(self, identity: Identity, sessions: Sessions) -> None:
        self._identity = identity
        self._sessions = sessions

    def sign_in(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """``{"tenant", "login", "password"}`` → a session. Errors: identity's own (SIGN_IN_REFUSED, ACCOUNT_LOCKED,
        …)."""
        _refuse_foreign_page(exchange)
        rpc = self._identity.rpc("SignIn")
        incoming = exchange.request
        reader = RequestReader(rpc.request_class, (), "*", Shapes())
        message = reader.read((), (), read_body(incoming, MAX_JSON_BYTES), incoming.content_type, None)
        answer = exchange.call("identity", rpc, message)
        session = self._sessions.new(answer.access_token, answer.refresh_token, expiry(answer))
        response = _signed_in(session)
        self._sessions.write(response, session)
        return response

    def refresh(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Renews the tokens now; any request does so by itself when they have run out. 401 when the session has
        ended."""
        session = exchange.session
        if session is None:
            raise Unauthenticated
        access, refresh, expires_at = self._identity.refresh(
            session.refresh_token, exchange.address, exchange.request_id
        )
        renewed = Session(access, refresh or session.refresh_token, expires_at, session.csrf)
        exchange.renewed = renewed if refresh else None
        return _signed_in(renewed)

    def sign_out(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Ends the session at identity and takes the cookies away; succeeds without a session."""
        response = Response(status=204)
        if exchange.session is not None:
            rpc = self._identity.rpc("SignOut")
            exchange.call("identity", rpc, rpc.request_class(refresh_token=exchange.session.refresh_token))
            exchange.renewed = None
        exchange.session_ended = False
        self._sessions.clear(response)
        return response

    def session(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Who is signed in, from the verified token; 401 without a session."""
        if exchange.session is None or exchange.principal is None:
            raise Unauthenticated
        return _signed_in(exchange.session, exchange)


def add_auth(app: Flask, edge: Edge, identity: Identity, sessions: Sessions) -> None:
    """Adds the routes of ``/auth``."""
    auth = Auth(identity, sessions)
    for path, verb, handler in (
        ("/auth/sign-in", "POST", auth.sign_in),
        ("/auth/refresh", "POST", auth.refresh),
        ("/auth/sign-out", "POST", auth.sign_out),
        ("/auth/session", "GET", auth.session),
    ):
        view = edge.view(handler, path, public=True)
        app.add_url_rule(path, f"{verb} {path}", view, methods=[verb], provide_automatic_options=False)


def _refuse_foreign_page(exchange: Exchange) -> None:
    """Sign-in has no session yet whose token could be asked for; the browser says itself which page sent it (Fetch
    Metadata)."""
    site = exchange.request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in _HOME:
        raise CsrfRefused("Sign in from our own page.")


def _signed_in(session: Session, exchange: Exchange | None = None) -> Response:
    body: dict[str, Any] = {"expires_at": session.expires_at, "csrf_token": session.csrf}
    principal = exchange.principal if exchange is not None else None
    if principal is not None:
        body |= {
            "kind": principal.kind,
            "principal_id": principal.id,
            "name": principal.name,
            "tenant_id": str(principal.tenant_id or ""),
            "permissions": sorted(principal.permissions),
        }
    return Response(dumps(body), content_type="application/json")
