"""Signing in to the portal and out of it."""

from __future__ import annotations

from typing import Any

from flask import Response

from gateway.edge import CsrfRefused
from gateway.identity import expiry
from gateway.portal.page import PERSON_COOKIE, PortalPage
from gateway.sessions import Sessions
from gateway.web.calls import Refused
from gateway.web.i18n import LANGUAGES
from gateway.web.page import LANGUAGE_COOKIE


class Signing:
    """The handlers that make and end a patient's session."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def form(self, page: PortalPage) -> Response:
        """The sign-in page."""
        return show(page)

    def sign_in(self, page: PortalPage) -> Response:
        """By user name and password."""
        refuse_foreign(page)
        page.exchange.token = ""
        try:
            answer = page.call(
                "Identity.SignIn",
                tenant=page.clinic.slug,
                login=page.sent("login"),
                password=page.exchange.request.form.get("password", ""),
            )
        except Refused as refused:
            return show(page, status=refused.problem.status, problem=refused.problem)
        return self.begin(page, answer)

    def begin(self, page: PortalPage, answer: Any) -> Response:
        """Starts a session with identity's tokens and leads to where the person was going."""
        session = self._sessions.new(answer.access_token, answer.refresh_token, expiry(answer))
        page.exchange.token, page.exchange.renewed, page.exchange.session_ended = answer.access_token, None, False
        page.remember(PERSON_COOKIE, "", 0)
        response = page.go(inside(page, page.sent("next")))
        self._sessions.write(response, session)
        return response

    def sign_out(self, page: PortalPage) -> Response:
        """Ends the session here and at identity."""
        session = page.exchange.session
        if session is not None:
            page.together(out=page.ask("Identity.SignOut", refresh_token=session.refresh_token))
        page.exchange.renewed, page.exchange.session_ended = None, False
        page.remember(PERSON_COOKIE, "", 0)
        response = page.go(f"{page.here}/sign-in", page.gettext("You are signed out."))
        self._sessions.clear(response)
        return response


def show(page: PortalPage, **context: Any) -> Response:
    """The sign-in page, with where the person was going."""
    page.clinic  # noqa: B018  (a slug that nobody has is no door)
    return page.show("sign_in.html", next=inside(page, page.arg("next") or page.sent("next")), **context)


def inside(page: PortalPage, path: str) -> str:
    """A path of this clinic's portal to lead to; anything else is its start."""
    plain = path.startswith(page.here + "/") and "\\" not in path and not path.startswith(f"{page.here}/sign")
    return path if plain else page.here


def refuse_foreign(page: PortalPage) -> None:
    """A sign-in has no session yet whose token could prove the form: the browser says which page sent it (Fetch Metadata)."""
    if page.exchange.request.headers.get("Sec-Fetch-Site") not in (None, "same-origin", "none"):
        raise CsrfRefused


def language(page: PortalPage) -> Response:
    """Keeps the language a person chose in this browser."""
    chosen = page.sent("language")
    if chosen in LANGUAGES:
        page.remember(LANGUAGE_COOKIE, chosen)
    return page.go(inside(page, page.sent("next")) if page.signed_in else f"{page.here}/sign-in")
