"""Settings of the organisation: locations and rooms, clinicians, users and roles, programs, and the audit."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask import Response

from gateway import errors as problems
from gateway.console import words
from gateway.web.calls import Refused
from gateway.web.page import PAGE_SIZE, Page

NEW = "new"


def index(page: Page) -> Response:
    """What can be set, for this person."""
    tenant = page.together(tenant=page.ask("Identity.GetTenant"))["tenant"]
    return page.show("settings/index.html", tenant=tenant, tab="")


def locations(page: Page) -> Response:
    """Every location, with its rooms counted."""
    parts = page.together(
        locations=page.ask("Identity.ListLocations", page_size=500), rooms=page.ask("Identity.ListRooms", page_size=500)
    )
    rooms = parts["rooms"].value.rooms if parts["rooms"].value is not None else ()
    return page.show("settings/locations.html", tab="locations", found=parts["locations"].need().locations, rooms=rooms)


def location(page: Page, problem: problems.Problem | None = None) -> Response:
    """One location, or a new one."""
    location_id = page.values["location_id"]
    new = location_id == NEW
    asks = {"entities": page.ask("Identity.ListBillingEntities", page_size=100)}
    if not new:
        asks |= {
            "location": page.ask("Identity.GetLocation", location_id=location_id),
            "rooms": page.ask("Identity.ListRooms", location_id=location_id, page_size=500),
            "equipment": page.ask("Identity.ListEquipment", location_id=location_id, page_size=500),
        }
    parts = page.together(**asks)
    entities = parts["entities"].value.billing_entities if parts["entities"].value is not None else ()
    zones = sorted(each for each in available_timezones() if each.startswith(("America/", "Pacific/", "US/")))
    return page.show(
        "settings/location.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="locations",
        words=words,
        zones=zones,
        place=None if new else parts["location"].need(),
        entities=[(each.billing_entity_id, each.name) for each in entities],
        rooms=() if new or parts["rooms"].value is None else parts["rooms"].value.rooms,
        equipment=() if new or parts["equipment"].value is None else parts["equipment"].value.equipment,
    )


def save_location(page: Page) -> Response:
    """Saves it."""
    location_id = page.values["location_id"]
    try:
        if location_id == NEW:
            location_id = page.submit("Identity.CreateLocation", location__active=True).location_id
        else:
            page.submit("Identity.UpdateLocation", location_id=location_id)
    except Refused as refused:
        return location(page, refused.problem)
    return page.go(f"/console/settings/locations/{location_id}", page.gettext("Saved."))


def add_room(page: Page) -> Response:
    """Adds a room to a location."""
    location_id = page.values["location_id"]
    try:
        page.submit("Identity.CreateRoom", room__location_id=location_id, room__active=True)
    except Refused as refused:
        return location(page, refused.problem)
    return page.go(f"/console/settings/locations/{location_id}", page.gettext("The room is added."))


def people(page: Page) -> Response:
    """Every clinician."""
    found = page.call("Identity.ListPractitioners", page_size=500).practitioners
    return page.show(
        "settings/people.html", tab="people", found=sorted(found, key=lambda each: (each.name.family, each.name.given))
    )


def person(page: Page, problem: problems.Problem | None = None) -> Response:
    """One clinician, or a new one."""
    practitioner_id = page.values["practitioner_id"]
    parts = page.together(
        accounts=page.ask("Identity.ListAccounts", page_size=500),
        **(
            {}
            if practitioner_id == NEW
            else {"person": page.ask("Identity.GetPractitioner", practitioner_id=practitioner_id)}
        ),
    )
    accounts = parts["accounts"].value.accounts if parts["accounts"].value is not None else ()
    return page.show(
        "settings/person.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="people",
        words=words,
        person=parts["person"].need() if "person" in parts else None,
        accounts=[(each.account_id, f"{each.name} ({each.login})") for each in accounts if each.active],
    )


def save_person(page: Page) -> Response:
    """Saves them."""
    practitioner_id = page.values["practitioner_id"]
    try:
        if practitioner_id == NEW:
            practitioner_id = page.submit("Identity.CreatePractitioner", practitioner__active=True).practitioner_id
        else:
            page.submit("Identity.UpdatePractitioner", practitioner_id=practitioner_id)
    except Refused as refused:
        return person(page, refused.problem)
    return page.go(f"/console/settings/people/{practitioner_id}", page.gettext("Saved."))


def users(page: Page) -> Response:
    """Every account, by login."""
    answer = page.call("Identity.ListAccounts", page_size=PAGE_SIZE, page_token=page.arg("page_token"))
    if page.arg("format") == "csv":
        return page.csv(
            "users",
            ["login", "name", "email", "roles", "active"],
            (
                [
                    each.login,
                    each.name,
                    each.email,
                    " ".join(words.ROLE.get(role, "") for role in each.roles),
                    each.active,
                ]
                for each in page.pages("Identity.ListAccounts", "accounts")
            ),
        )
    return page.show(
        "settings/users.html", tab="users", words=words, accounts=answer.accounts, next_token=answer.next_page_token
    )


def user(page: Page, problem: problems.Problem | None = None) -> Response:
    """One account, or a new one."""
    account_id = page.values["account_id"]
    found = None if account_id == NEW else page.call("Identity.GetAccount", account_id=account_id)
    return page.show(
        "settings/user.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="users",
        words=words,
        account=found,
    )


def save_user(page: Page) -> Response:
    """Saves it."""
    account_id = page.values["account_id"]
    try:
        if account_id == NEW:
            account_id = page.submit("Identity.CreateAccount").account_id
        else:
            page.submit("Identity.UpdateAccount", account_id=account_id)
    except Refused as refused:
        return user(page, refused.problem)
    return page.go(f"/console/settings/users/{account_id}", page.gettext("Saved."))


def disable_user(page: Page) -> Response:
    """Disables an account: its sessions end everywhere."""
    account_id = page.values["account_id"]
    try:
        page.submit("Identity.DisableAccount", account_id=account_id)
    except Refused as refused:
        return user(page, refused.problem)
    return page.go(f"/console/settings/users/{account_id}", page.gettext("The account is disabled."))


def reset_password(page: Page) -> Response:
    """Sets another person's password."""
    account_id = page.values["account_id"]
    try:
        page.submit("Identity.SetPassword", account_id=account_id)
    except Refused as refused:
        return user(page, refused.problem)
    return page.go(
        f"/console/settings/users/{account_id}",
        page.gettext("The password is set; all sessions of the account have ended."),
    )


def roles(page: Page) -> Response:
    """What each role may do."""
    return page.show("settings/roles.html", tab="roles", words=words, roles=page.call("Identity.ListRoles").roles)


def programs(page: Page, made: Any = None, problem: problems.Problem | None = None) -> Response:
    """API clients: a new one's secret is shown once, here."""
    page.call("Identity.ListRoles")
    return page.show(
        "settings/programs.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="programs",
        words=words,
        made=made,
    )


def add_program(page: Page) -> Response:
    """Makes an API client."""
    try:
        made = page.submit("Identity.CreateApiClient")
    except Refused as refused:
        return programs(page, problem=refused.problem)
    return programs(page, made)


def audit(page: Page) -> Response:
    """The audit trail, by patient, person, request."""
    fields: dict[str, Any] = {
        "patient_id": page.arg("patient"),
        "principal_id": page.arg("person"),
        "request_id": page.arg("request"),
    }
    parts = page.together(
        entries=page.ask("Identity.SearchAudit", page_size=PAGE_SIZE, page_token=page.arg("page_token"), **fields),
        accounts=page.ask("Identity.ListAccounts", page_size=500),
    )
    if page.arg("format") == "csv":
        return page.csv(
            "audit",
            ["at", "who", "what", "phi", "outcome", "patients", "from", "request"],
            (
                [
                    each.occurred_at.ToJsonString(),
                    each.principal_name or each.principal_id,
                    each.rpc,
                    each.phi,
                    each.outcome,
                    " ".join(each.patient_ids),
                    each.client_address,
                    each.request_id,
                ]
                for each in page.pages("Identity.SearchAudit", "entries", **fields)
            ),
        )
    accounts = parts["accounts"].value.accounts if parts["accounts"].value is not None else ()
    return page.show(
        "settings/audit.html",
        tab="audit",
        words=words,
        entries=parts["entries"].need(),
        people=[(each.account_id, each.name) for each in accounts],
    )
