"""Every address of the portal: the table of contents of its screens. One table a noun; a new noun is a new table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask, Response
from google.protobuf.descriptor import ServiceDescriptor

from gateway.edge import Edge
from gateway.portal import booking, home, signing, visits, waiting
from gateway.portal.page import PREFIX, PortalPage, patients_only
from gateway.sessions import Sessions
from gateway.web.assets import Assets
from gateway.web.site import Route, Site

TEMPLATES = Path(__file__).resolve().parent / "templates"
CLINIC = f"{PREFIX}/{{clinic}}"

# Handlers take a PortalPage.
Handler = Callable[[Any], Response]
Table = Sequence[tuple[str, str, Handler]]

# Paths here stand behind /portal/<clinic>. Only who is signed in as a patient of the clinic comes to them.
HOME: Table = (("GET", "", home.start),)
VISIT = "/visits/{appointment_id}"
VISITS: Table = (
    ("GET", "/visits", visits.listing),
    ("GET", "/visits/past", visits.past),
    ("GET", VISIT, visits.one),
    ("GET", f"{VISIT}/visit.ics", visits.calendar),
    ("POST", f"{VISIT}/arrive", visits.arrive),
    ("POST", f"{VISIT}/confirm", visits.confirm),
    ("GET", f"{VISIT}/cancel", visits.cancel_form),
    ("POST", f"{VISIT}/cancel", visits.cancel),
    ("GET", f"{VISIT}/move", booking.move_form),
    ("POST", f"{VISIT}/move", booking.move),
)
BOOK: Table = (
    ("GET", "/book", booking.kinds),
    ("GET", "/book/times", booking.times),
    ("POST", "/book/hold", booking.hold),
    ("POST", "/book/renew", booking.renew),
    ("POST", "/book/release", booking.release),
    ("POST", "/book", booking.book),
)
WAITLIST: Table = (
    ("GET", "/waitlist", waiting.listing),
    ("GET", "/waitlist/join", waiting.form),
    ("POST", "/waitlist/join", waiting.join),
    ("POST", "/waitlist/{entry_id}/leave", waiting.leave),
    ("POST", "/waitlist/offers/{offer_id}/accept", waiting.accept),
    ("POST", "/waitlist/offers/{offer_id}/decline", waiting.decline),
)

TABLES: Sequence[Table] = (HOME, VISITS, BOOK, WAITLIST)


def add_portal(
    app: Flask, edge: Edge, services: Iterable[ServiceDescriptor], assets: Assets, sessions: Sessions
) -> None:
    """Adds the portal's routes."""
    site = Site(
        services,
        assets,
        [TEMPLATES],
        sign_in_page,
        home.sections,
        admit=patients_only,
        make_page=PortalPage,
        sessions=sessions,
    )
    doors = signing.Signing(sessions)
    public: Table = (
        ("GET", "/sign-in", doors.form),
        ("POST", "/sign-in", doors.sign_in),
        ("POST", "/sign-out", doors.sign_out),
        ("POST", "/language", signing.language),
    )
    site.add(app, edge, (Route(verb, CLINIC + path, handler, public=True) for verb, path, handler in public))
    for table in TABLES:
        site.add(app, edge, (Route(verb, CLINIC + path, handler) for verb, path, handler in table))


def sign_in_page(path: str) -> str:
    """The sign-in page of the clinic that a path belongs to."""
    return "/".join([*path.split("/")[:3], "sign-in"])
