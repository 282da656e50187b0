"""The room's page: public, since whoever comes proves themselves by the token of their link alone.

The token stands behind the address's #: browsers do not send that part, so no log, proxy or referrer ever has it.
"""

from __future__ import annotations

from flask import Response

from gateway.video.states import STATES
from gateway.video.texts import TEXTS
from gateway.web.i18n import LANGUAGES
from gateway.web.page import LANGUAGE_COOKIE, POLICY, Page

# What a camera's picture and a shared screen need beside what every page may do; nothing else of the browser's powers.
POWERS = (
    "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), geolocation=(), payment=()"
)


def room(page: Page) -> Response:
    """The page; everything that is of one visit comes by the token."""
    said = {key: page.gettext(text) for key, text in TEXTS.items()}
    response = page.show("room.html", said=said, states=STATES)
    response.headers["Content-Security-Policy"] = f"{POLICY}; media-src 'self' blob:"
    response.headers["Permissions-Policy"] = POWERS
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def language(page: Page) -> Response:
    """Keeps the language that was chosen in this browser; the visit is found again by the page itself."""
    chosen = page.sent("language")
    if chosen in LANGUAGES:
        page.remember(LANGUAGE_COOKIE, chosen)
    return page.go("/video")
