"""Every address of the portal: the table of contents of its screens. One table a noun; a new noun is a new table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from flask import Flask
from google.protobuf.descriptor import ServiceDescriptor

from chassis.clock import monotonic
from gateway.edge import Edge
from gateway.portal import booking, forms, home, messages, person, preparing, signing, visits, waiting
from gateway.portal.bills import Bills, CardEntry
from gateway.portal.cards import Cards
from gateway.portal.clinics import ClinicPages
from gateway.portal.page import PREFIX, PortalPage, patients_only
from gateway.sessions import Sessions
from gateway.web.assets import Assets
from gateway.web.site import Site, Table, get, post, public, under

TEMPLATES = Path(__file__).resolve().parent / "templates"
CLINIC = f"{PREFIX}/{{clinic}}"

# Paths here stand behind /portal/<clinic>. Only who is signed in as a patient of the clinic comes to them.
HOME: Table = (get("", home.start),)
VISIT = "/visits/{appointment_id}"
VISITS: Table = (
    get("/visits", visits.listing),
    get("/visits/past", visits.past),
    get(VISIT, visits.one),
    get(f"{VISIT}/visit.ics", visits.calendar),
    post(f"{VISIT}/arrive", visits.arrive),
    post(f"{VISIT}/confirm", visits.confirm),
    get(f"{VISIT}/cancel", visits.cancel_form),
    post(f"{VISIT}/cancel", visits.cancel),
    get(f"{VISIT}/move", booking.move_form),
    post(f"{VISIT}/move", booking.move),
)
BOOK: Table = (
    get("/book", booking.kinds),
    get("/book/times", booking.times),
    post("/book/hold", booking.hold),
    post("/book/renew", booking.renew),
    post("/book/release", booking.release),
    post("/book", booking.book),
)
WAITLIST: Table = (
    get("/waitlist", waiting.listing),
    get("/waitlist/join", waiting.form),
    post("/waitlist/join", waiting.join),
    post("/waitlist/{waitlist_entry_id}/leave", waiting.leave),
    post("/waitlist/offers/{waitlist_offer_id}/accept", waiting.accept),
    post("/waitlist/offers/{waitlist_offer_id}/decline", waiting.decline),
)

PREPARE = "/prepare/{appointment_id}"
PREPARING: Table = (
    get(PREPARE, preparing.overview),
    get(f"{PREPARE}/next", preparing.go_on),
    get(f"{PREPARE}/{{step}}", preparing.step),
    post(f"{PREPARE}/{{step}}", preparing.answer),
    post(f"{PREPARE}/{{step}}/leave-out", preparing.leave_out),
    get(f"{PREPARE}/{{step}}/{{code}}", preparing.step),
    post(f"{PREPARE}/{{step}}/{{code}}", preparing.answer),
)
FORMS: Table = (
    get("/papers", forms.papers),
    post("/forms", forms.begin),
    get("/forms/{response_id}", forms.section),
    post("/forms/{response_id}", forms.save),
    get("/consents/{consent_id}/pdf", forms.consent_pdf),
    post("/consents/{consent_id}/revoke", forms.revoke),
    get("/documents/{document_id}", forms.picture),
    post("/documents/{document_id}/remove", forms.remove_picture),
)
MESSAGES: Table = (
    get("/messages", messages.listing),
    get("/messages/new", messages.new),
    post("/messages/new", messages.begin),
    get("/messages/{thread_id}", messages.thread),
    post("/messages/{thread_id}", messages.reply),
)
PERSON: Table = (
    get("/details", person.details),
    post("/details", person.save_details),
    get("/preferences", person.preferences),
    post("/preferences/channels", person.save_channels),
    post("/preferences/language", person.save_language),
    get("/family", person.family),
    post("/person", person.choose),
    get("/password", signing.password_form),
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
    at_the_door: Table = (
        get("/sign-in", doors.form),
        post("/sign-in", doors.sign_in),
        post("/sign-in/code", doors.ask_code),
        post("/sign-in/verify", doors.verify),
        post("/sign-out", doors.sign_out),
        post("/language", signing.language),
    )
    site.add(app, edge, public(under(CLINIC, at_the_door)))
    shown = ClinicPages(public_url, monotonic)
    open_to_all: Table = (
        get("/clinics/{clinic}", shown.show),
        get("/sitemap.xml", shown.sitemap),
        get("/robots.txt", shown.robots),
    )
    site.add(app, edge, public(open_to_all))
    own: Table = (post("/password", doors.set_password),)
    for table in (*TABLES, Bills(cards).table(), Cards(cards).table(), own):
        site.add(app, edge, under(CLINIC, table))


def sign_in_page(path: str) -> str:
    """The sign-in page of the clinic that a path belongs to."""
    return "/".join([*path.split("/")[:3], "sign-in"])
