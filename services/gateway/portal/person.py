"""The person: their own details, how they want to be reached, and whom they look after."""

from __future__ import annotations

from typing import Any

from flask import Response
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry

from gateway import errors as problems
from gateway.portal.page import PERSON_COOKIE, PortalPage
from gateway.web.calls import Refused
from gateway.web.i18n import N_

CHANNELS = (
    (registry.CONTACT_CHANNEL_EMAIL, N_("E-mail")),
    (registry.CONTACT_CHANNEL_SMS, N_("Text message")),
    (registry.CONTACT_CHANNEL_VOICE, N_("Phone call")),
    (registry.CONTACT_CHANNEL_POST, N_("Letter")),
)
PURPOSES = (
    (registry.CONTACT_PURPOSE_VISIT, N_("My visits"), N_("reminders, changes, earlier times")),
    (registry.CONTACT_PURPOSE_BILLING, N_("My bills"), N_("statements and receipts")),
    (registry.CONTACT_PURPOSE_OUTREACH, N_("Check-ups and news"), N_("when a check-up is due, what is new")),
)
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
)
# Minutes after midnight that quiet hours may begin and end at.
HOURS = range(0, 24 * 60, 60)
# Whose names are asked for at once.
AT_ONCE = 8


def details(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """Name, phones, e-mail and address, as the clinic has them."""
    return page.show("person/details.html", status=problem.status if problem else 200, problem=problem, p=page.patient)


def save_details(page: PortalPage) -> Response:
    """Saves what a person may change about themselves, on the version that was seen."""
    try:
        page.submit("PatientRegistry.UpdatePatient", patient_id=page.patient_id)
    except Refused as refused:
        return details(page, refused.problem)
    return page.go(f"{page.here}/details", page.gettext("Saved."))


def preferences(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """By which way one wants to hear of what, and in which language."""
    parts = page.together(
        patient=page.ask("PatientRegistry.GetPatient", patient_id=page.patient_id),
        consent=page.ask("PatientRegistry.GetContactConsent", patient_id=page.patient_id),
    )
    consent, person = parts["consent"].need(), parts["patient"].need()
    quiet = person.quiet_hours if person.HasField("quiet_hours") else None
    # What another program has set need not be a full hour.
    hours = sorted({*HOURS, *((quiet.from_minute, quiet.until_minute) if quiet else ())})
    return page.show(
        "person/preferences.html",
        status=problem.status if problem else 200,
        problem=problem,
        p=person,
        quiet=quiet,
        hours=[(each, page.filters["wall"](each)) for each in hours],
        granted={(each.channel, each.purpose): each.granted for each in consent.entries},
        channels=CHANNELS,
        purposes=PURPOSES,
        zones=ZONES,
    )


def save_channels(page: PortalPage) -> Response:
    """Grants and refuses what was changed; each change is on record as the person's own word."""
    consent = page.call("PatientRegistry.GetContactConsent", patient_id=page.patient_id)
    before = {(each.channel, each.purpose): each.granted for each in consent.entries}
    wished = set(page.exchange.request.form.getlist("allow"))
    for channel, _name in CHANNELS:
        for purpose, _text, _hint in PURPOSES:
            granted = f"{channel}-{purpose}" in wished
            if before.get((channel, purpose)) != granted:
                page.call(
                    "PatientRegistry.SetContactConsent",
                    patient_id=page.patient_id,
                    channel=channel,
                    purpose=purpose,
                    granted=granted,
                )
    return page.go(f"{page.here}/preferences", page.gettext("Saved."))


def save_language(page: PortalPage) -> Response:
    """The language one is written to in, the zone whose evenings and nights are left in peace, and one's own quiet hours."""
    try:
        page.submit("PatientRegistry.UpdatePatient", patient_id=page.patient_id)
    except Refused as refused:
        return preferences(page, refused.problem)
    return page.go(f"{page.here}/preferences", page.gettext("Saved."))


def family(page: PortalPage) -> Response:
    """Whom one may act for: oneself, and those one is proxy for."""
    people: list[Any] = []
    ids = page.patient_ids
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        parts = page.together(**{each: page.ask("PatientRegistry.GetPatient", patient_id=each) for each in batch})
        people += [parts[each].value for each in batch if parts[each].value is not None]
    return page.show("person/family.html", people=people)


def choose(page: PortalPage) -> Response:
    """Whom the pages are about from now on, in this browser."""
    wished = page.sent("patient_id")
    if wished in page.patient_ids:
        page.remember(PERSON_COOKIE, wished, None)
    return page.go(page.here)
