"""Signing in and out, and the fast change of users at a shared workstation."""

from __future__ import annotations

import base64
import json
from typing import Any

from flask import Response

from gateway.edge import CsrfRefused
from gateway.identity import expiry
from gateway.sessions import Sessions
from gateway.web import places
from gateway.web.calls import Refused
from gateway.web.i18n import LANGUAGES
from gateway.web.page import LANGUAGE_COOKIE, Page

# Who has signed in at this workstation: names and logins, so that the next one only types a password.
DESK_COOKIE = "polyclinic_desk"
REMEMBERED = 6
START = "/console"


class Signing:
    """The handlers that make and end sessions."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def form(self, page: Page) -> Response:
        """The sign-in page; with people who have worked here before, to choose from."""
        return show(page)

    def sign_in(self, page: Page) -> Response:
        """Starts a session and leads to where the person was going. A session that was open here ends."""
        site = page.exchange.request.headers.get("Sec-Fetch-Site")
        if site not in (None, "same-origin", "none"):
            raise CsrfRefused
        tenant, login = page.sent("tenant").lower(), page.sent("login")
        if ":" in login and not tenant:
            tenant, login = login.split(":", 1)
        before = page.exchange.session
        page.exchange.token = ""
        try:
            answer = page.call(
                "Identity.SignIn", tenant=tenant, login=login, password=page.exchange.request.form.get("password", "")
            )
        except Refused as refused:
            return show(page, status=refused.problem.status, problem=refused.problem)
        if before is not None:
            page.together(out=page.ask("Identity.SignOut", refresh_token=before.refresh_token))
        session = self._sessions.new(answer.access_token, answer.refresh_token, expiry(answer))
        page.exchange.token, page.exchange.renewed, page.exchange.session_ended = answer.access_token, None, False
        me = page.call("Identity.WhoAmI")
        others = [each for each in desk(page) if (each["tenant"], each["login"]) != (tenant, login)]
        known = [{"tenant": tenant, "login": login, "name": me.name}, *others][:REMEMBERED]
        page.remember(DESK_COOKIE, base64.urlsafe_b64encode(json.dumps(known).encode()).decode())
        open_at_own_place(page, me)
        response = page.go(inside(page.sent("next")))
        self._sessions.write(response, session)
        return response

    def sign_out(self, page: Page) -> Response:
        """Ends the session here and at identity."""
        session = page.exchange.session
        if session is not None:
            page.together(out=page.ask("Identity.SignOut", refresh_token=session.refresh_token))
        page.exchange.renewed, page.exchange.session_ended = None, False
        response = page.go("/console/sign-in", page.gettext("You are signed out."))
        self._sessions.clear(response)
        return response


def open_at_own_place(page: Page, me: Any) -> None:
    """A clinician who has not worked in this browser before begins at the first location that they see patients at."""
    cookie = page.exchange.request.cookies.get(places.COOKIE, "")
    if places.last_place(cookie, me.principal_id) or "encounter.sign" not in me.permissions:
        return
    try:
        found = page.call("Identity.ListPractitioners", page_size=500).practitioners
    except Refused:
        return
    own = next((each for each in found if each.account_id == me.principal_id and each.location_ids), None)
    if own is not None:
        page.remember(places.COOKIE, places.with_place(cookie, me.principal_id, own.location_ids[0]))


def show(page: Page, **context: Any) -> Response:
    """The sign-in page, chosen for the last person or the one asked for."""
    return page.show("sign_in.html", desk=desk(page), next=inside(page.arg("next") or page.sent("next")), **context)


def desk(page: Page) -> list[dict[str, str]]:
    """Who has signed in at this workstation, the last first."""
    try:
        found = json.loads(base64.urlsafe_b64decode(page.exchange.request.cookies.get(DESK_COOKIE, "")))
        return [{key: str(each[key]) for key in ("tenant", "login", "name")} for each in found][:REMEMBERED]
    except (ValueError, KeyError, TypeError):
        return []


def inside(path: str) -> str:
    """A path of the console to lead to; anything else is the start."""
    plain = path.startswith("/console") and "\\" not in path and not path.startswith("/console/sign")
    return path if plain else START


def language(page: Page) -> Response:
    """Keeps the language a person chose in this browser."""
    chosen = page.sent("language")
    if chosen in LANGUAGES:
        page.remember(LANGUAGE_COOKIE, chosen)
    return page.go(inside(page.sent("next")) if page.signed_in else "/console/sign-in")


def password_form(page: Page) -> Response:
    """The person's own password."""
    return page.show("password.html")


def set_password(page: Page) -> Response:
    """Changes the person's own password; all their sessions end."""
    try:
        page.submit("Identity.SetPassword", account_id=page.user.id)
    except Refused as refused:
        return page.show("password.html", status=refused.problem.status, problem=refused.problem)
    return page.go("/console/sign-in", page.gettext("The password is changed; sign in with the new one."))
