"""Where a patient begins: what is next, and what is to be done."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from gateway.portal import visits, words
from gateway.portal.page import PortalPage
from gateway.web.i18n import N_

# (path behind /portal/<clinic>, icon, text, the RPC the section cannot be without)
SECTIONS = (
    ("", "home", N_("Home"), "Scheduling.ListAppointments"),
    ("/visits", "calendar", N_("Visits"), "Scheduling.ListAppointments"),
    ("/book", "add", N_("Book"), "Scheduling.BookAppointment"),
    ("/messages", "message", N_("Messages"), "Conversations.ListThreads"),
    ("/bills", "money", N_("Bills"), "Billing.GetAccount"),
)
SHOWN = 3
# Statements that are looked at for one to be paid.
LATELY = 3


def sections(page: PortalPage) -> Sequence[tuple[str, str, str]]:
    """The sections that are open to the person: (address, icon, text)."""
    return [(page.here + path, icon, text) for path, icon, text, rpc in SECTIONS if page.may(rpc)]


def start(page: PortalPage) -> Response:
    """The next visits, what is offered from the waitlist, what is to be done."""
    parts = page.together(
        ahead=page.ask("Scheduling.ListAppointments", **visits.ahead_fields(page)),
        offers=page.ask("Scheduling.ListOffers", patient_id=page.patient_id, page_size=10),
        patient=page.ask("PatientRegistry.GetPatient", patient_id=page.patient_id),
        statements=page.ask("Billing.ListStatements", patient_id=page.patient_id, page_size=LATELY),
    )
    ahead = list(parts["ahead"].value.appointments) if parts["ahead"].value is not None else []
    first = ahead[0] if ahead else None
    near = {}
    if first is not None:
        near = page.together(
            place=page.ask("Identity.GetLocation", location_id=first.location_id),
            expected=page.ask("RunningLate.GetExpectedStart", appointment_id=first.appointment_id),
            **visits.steps_ask(page, first),
        )
    statements = parts["statements"].value.statements if parts["statements"].value is not None else ()
    return page.show(
        "home.html",
        words=words,
        patient=parts["patient"].need(),
        part=parts["ahead"],
        first=first,
        others=ahead[1:SHOWN],
        more=len(ahead) > SHOWN,
        now=visits.state_of(page, first, near["expected"]) if first is not None else None,
        place=near["place"].value if near else None,
        steps=visits.steps_of(near),
        bill=next((each for each in statements if each.still_due.minor_units > 0), None),
        directions=visits.directions(near["place"]) if near else "",
        offers=parts["offers"].value.offers if parts["offers"].value is not None else (),
    )
