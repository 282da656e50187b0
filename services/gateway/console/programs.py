"""Settings of the outside: programs that sign in (API clients), and the clinic's public page."""

from __future__ import annotations

from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words
from gateway.console.organisation import in_use
from gateway.web.calls import Refused
from gateway.web.i18n import LANGUAGES, N_
from gateway.web.lists import Column, paged
from gateway.web.page import Page

PATH = "/console/settings/programs"
# Roles that a program may be given here; an owner's rights are a person's.
ROLES = (10, 3, 4, 5, 8)
PAGE_MASK = "published,about,phone,email,takes_new_patients,location_ids,practitioner_ids"


def programs(page: Page, made: Any = None, problem: problems.Problem | None = None) -> Response:
    """API clients by name; a new one's secret is shown once, here."""
    columns = (
        Column("name", N_("Name"), "name", searched=True),
        Column("client_id", N_("Client id"), "client_id", searched=True),
        Column("roles", N_("Roles"), lambda each: ", ".join(page.label(words.ROLE, held) for held in each.roles)),
        Column("made", N_("Made"), "made_at"),
        Column("secret", N_("Secret of"), "secret_at"),
        Column("active", N_("State"), "active"),
    )
    listing = paged(page, "programs", "ApiClients.ListApiClients", "api_clients", columns, [in_use(page)])
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show(
        "settings/programs.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="programs",
        words=words,
        listing=listing,
        made=made,
        choices=[(number, f"ROLE_{_ROLE_NAMES[number]}") for number in ROLES],
    )


_ROLE_NAMES = {10: "SERVICE_CLIENT", 3: "FRONT_DESK", 4: "SCHEDULER", 5: "BILLER", 8: "AUDITOR"}


def add_program(page: Page) -> Response:
    """Makes an API client."""
    try:
        made = page.submit("Identity.CreateApiClient")
    except Refused as refused:
        return programs(page, problem=refused.problem)
    return programs(page, made)


def program(page: Page, secret: str = "", problem: problems.Problem | None = None) -> Response:
    """One program: its rights, a new secret, its end."""
    found = page.call("ApiClients.GetApiClient", api_client_id=page.values["api_client_id"])
    return page.show(
        "settings/program.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="programs",
        words=words,
        client=found,
        secret=secret,
    )


def rotate(page: Page) -> Response:
    """Gives it a new secret, shown once."""
    try:
        answer = page.submit("ApiClients.RotateApiClientSecret", api_client_id=page.values["api_client_id"])
    except Refused as refused:
        return program(page, problem=refused.problem)
    return program(page, answer.client_secret)


def revoke(page: Page) -> Response:
    """Ends it for good."""
    api_client_id = page.values["api_client_id"]
    try:
        page.submit("ApiClients.RevokeApiClient", api_client_id=api_client_id)
    except Refused as refused:
        return program(page, problem=refused.problem)
    return page.go(f"{PATH}/{api_client_id}", page.gettext("Revoked: its tokens are refused from now on."))


def clinic(page: Page, problem: problems.Problem | None = None) -> Response:
    """What the clinic shows of itself to anybody."""
    parts = page.together(
        shown=page.ask("Clinics.GetClinicPage"),
        tenant=page.ask("Identity.GetTenant"),
        locations=page.ask("Identity.ListLocations", page_size=500),
        people=page.ask("Identity.ListPractitioners", page_size=500),
    )
    locations = parts["locations"].value.locations if parts["locations"].value is not None else ()
    people = parts["people"].value.practitioners if parts["people"].value is not None else ()
    return page.show(
        "settings/clinic.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="clinic",
        shown=parts["shown"].need(),
        tenant=parts["tenant"].value,
        locations=sorted((each for each in locations if each.active), key=lambda each: str(each.name)),
        people=sorted((each for each in people if each.active), key=lambda each: str(each.name.family)),
        mask=PAGE_MASK,
    )


def save_clinic(page: Page) -> Response:
    """Saves what is shown; published at once when it is ticked."""
    reading = page.read("Clinics.UpdateClinicPage")
    for language in LANGUAGES:
        text = page.sent(f"about_{language}")
        if text:
            reading.message.clinic_page.about[language] = text
    try:
        page.send("Clinics.UpdateClinicPage", reading)
    except Refused as refused:
        return clinic(page, refused.problem)
    return page.go("/console/settings/clinic", page.gettext("Saved."))
