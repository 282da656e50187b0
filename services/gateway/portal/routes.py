"""Every address of the portal: the table of contents of its screens. One table a noun; a new noun is a new table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask, Response
from google.protobuf.descriptor import ServiceDescriptor

from chassis.clock import monotonic
from gateway.edge import Edge
from gateway.portal import booking, forms, home, messages, person, preparing, signing, visits, waiting
from gateway.portal.bills import Bills, CardEntry
from gateway.portal.clinics import ClinicPages
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
    ("POST", "/waitlist/{waitlist_entry_id}/leave", waiting.leave),
    ("POST", "/waitlist/offers/{waitlist_offer_id}/accept", waiting.accept),
    ("POST", "/waitlist/offers/{waitlist_offer_id}/decline", waiting.decline),
)

PREPARE = "/prepare/{appointment_id}"
PREPARING: Table = (
    ("GET", PREPARE, preparing.overview),
    ("GET", f"{PREPARE}/next", preparing.go_on),
    ("GET", f"{PREPARE}/{{step}}", preparing.step),
    ("POST", f"{PREPARE}/{{step}}", preparing.answer),
    ("POST", f"{PREPARE}/{{step}}/leave-out", preparing.leave_out),
    ("GET", f"{PREPARE}/{{step}}/{{code}}", preparing.step),
    ("POST", f"{PREPARE}/{{step}}/{{code}}", preparing.answer),
)
FORMS: Table = (
    ("GET", "/papers", forms.papers),
    ("POST", "/forms", forms.begin),
    ("GET", "/forms/{response_id}", forms.section),
    ("POST", "/forms/{response_id}", forms.save),
    ("GET", "/consents/{consent_id}/pdf", forms.consent_pdf),
    ("POST", "/consents/{consent_id}/revoke", forms.revoke),
    ("GET", "/documents/{document_id}", forms.picture),
    ("POST", "/documents/{document_id}/remove", forms.remove_picture),
)
MESSAGES: Table = (
    ("GET", "/messages", messages.listing),
    ("GET", "/messages/new", messages.new),
    ("POST", "/messages/new", messages.begin),
    ("GET", "/messages/{thread_id}", messages.thread),
    ("POST", "/messages/{thread_id}", messages.reply),
)
PERSON: Table = (
    ("GET", "/details", person.details),
    ("POST", "/details", person.save_details),
    ("GET", "/preferences", person.preferences),
    ("POST", "/preferences/channels", person.save_channels),
    ("POST", "/preferences/language", person.save_language),
    ("GET", "/family", person.family),
    ("POST", "/person", person.choose),
    ("GET", "/password", signing.password_form),
)

TABLES: Sequence[Table] = (HOME, VISITS, BOOK, WAITLIST, PREPARING, FORMS, MESSAGES, PERSON)


def add_portal(
    app: Flask,
    edge: Edge,
    services: Iterable[ServiceDescriptor],
    assets: Assets,
    sessions: Sessions,
    cards: CardEntry,
    public_url: str,
) -> None:
    """Adds the portal's routes. `cards`: where browsers hand a card's number over; `public_url`: how the outside reaches us, "" unknown."""
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
        ("POST", "/sign-in/code", doors.ask_code),
        ("POST", "/sign-in/verify", doors.verify),
        ("POST", "/sign-out", doors.sign_out),
        ("POST", "/language", signing.language),
    )
    site.add(app, edge, (Route(verb, CLINIC + path, handler, public=True) for verb, path, handler in public))
    shown = ClinicPages(public_url, monotonic)
    open_to_all: Table = (
        ("GET", "/clinics/{clinic}", shown.show),
        ("GET", "/sitemap.xml", shown.sitemap),
        ("GET", "/robots.txt", shown.robots),
    )
    site.add(app, edge, (Route(verb, path, handler, public=True) for verb, path, handler in open_to_all))
    own: Table = (("POST", "/password", doors.set_password),)
    for table in (*TABLES, Bills(cards).table(), own):
        site.add(app, edge, (Route(verb, CLINIC + path, handler) for verb, path, handler in table))


def sign_in_page(path: str) -> str:
    """The sign-in page of the clinic that a path belongs to."""
    return "/".join([*path.split("/")[:3], "sign-in"])
