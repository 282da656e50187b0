"""Signing in to the portal and out of it: by a code that is sent, or by a password."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from gateway import errors as problems
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
        """The sign-in page; who is signed in already goes on."""
        if page.is_patient and not page.arg("ended"):
            return page.go(inside(page, page.arg("next")))
        return show(page)

    def ask_code(self, page: PortalPage) -> Response:
        """Asks for a code at an address; the page that follows is the same whether anybody is there or not."""
        refuse_foreign(page)
        try:
            answer = page.submit("PortalAccess.RequestPortalCode", tenant_id=page.clinic.tenant_id)
        except Refused as refused:
            return show(page, status=refused.problem.status, problem=refused.problem)
        return code_form(page, answer.portal_code_id)

    def verify(self, page: PortalPage) -> Response:
        """By the code that was sent."""
        refuse_foreign(page)
        code_id = page.sent("portal_code_id")
        if not is_id(code_id):
            return page.go(f"{page.here}/sign-in")
        page.exchange.token = ""
        try:
            answer = page.call(
                "PatientAccess.SignInWithCode",
                tenant=page.clinic.slug,
                portal_code_id=code_id,
                code="".join(page.sent("code").split()),
            )
        except Refused as refused:
            return code_form(page, code_id, refused.problem)
        return self._begin(page, answer)

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
            return show(page, status=refused.problem.status, problem=refused.problem, by_password=True)
        return self._begin(page, answer)

    def _begin(self, page: PortalPage, answer: Any) -> Response:
        """Starts a session with identity's tokens and leads to where the person was going. A session that was open here ends."""
        before = page.exchange.session
        if before is not None:
            page.together(out=page.ask("Identity.SignOut", refresh_token=before.refresh_token))
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

    def set_password(self, page: PortalPage) -> Response:
        """Sets the person's own password; all their sessions end, this one too, and they sign in with the new one."""
        try:
            page.submit("Identity.SetPassword", account_id=page.user.id)
        except Refused as refused:
            return password_form(page, refused.problem)
        page.exchange.renewed, page.exchange.session_ended = None, False
        response = page.go(f"{page.here}/sign-in", page.gettext("The password is set; sign in with it now."))
        self._sessions.clear(response)
        return response


def show(page: PortalPage, **context: Any) -> Response:
    """The sign-in page, with where the person was going."""
    return page.show(
        "sign_in.html",
        clinic=page.clinic,
        next=inside(page, page.arg("next") or page.sent("next")),
        **{"by_password": False} | context,
    )


def code_form(page: PortalPage, code_id: str, problem: problems.Problem | None = None) -> Response:
    """Where the code is typed in."""
    return page.show(
        "code.html",
        status=problem.status if problem else 200,
        problem=problem,
        clinic=page.clinic,
        code_id=code_id,
        next=inside(page, page.sent("next")),
    )


def password_form(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """The person's own password, and the user name that goes with it."""
    return page.show("password.html", status=problem.status if problem else 200, problem=problem)


def inside(page: PortalPage, path: str) -> str:
    """A path of this clinic's portal to lead to; anything else is its start."""
    plain = path.startswith(page.here + "/") and "\\" not in path and not path.startswith(f"{page.here}/sign")
    return path if plain else page.here


def is_id(text: str) -> bool:
    """Whether it can be an id at all."""
    try:
        return bool(UUID(text))
    except ValueError:
        return False


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
