"""Settings of the organisation: locations and rooms, clinicians, users and roles, programs, and the audit."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask import Response

from chassis.protos import timestamp
from gateway import errors as problems
from gateway.console import words, words_roles
from gateway.console.audited import AUDITED, refused
from gateway.web.calls import Refused
from gateway.web.dates import read_date
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged, whole
from gateway.web.page import Page

NEW = "new"


def index(page: Page) -> Response:
    """What can be set, for this person."""
    tenant = page.together(tenant=page.ask("Identity.GetTenant"))["tenant"]
    return page.show("settings/index.html", tenant=tenant, tab="")


IN_USE = {"yes": N_("In use"), "no": N_("Out of use")}


def in_use(page: Page) -> Filter:
    """Keeps what is in use, or what is not."""
    choices = [(value, page.gettext(text)) for value, text in IN_USE.items()]
    return Filter("use", N_("State"), choices, N_("All"), lambda each, value: each.active == (value == "yes"))


def locations(page: Page) -> Response:
    """Every location, with its rooms counted."""
    parts = page.together(
        locations=page.ask("Identity.ListLocations", page_size=500), rooms=page.ask("Identity.ListRooms", page_size=500)
    )
    rooms = Counter(each.location_id for each in parts["rooms"].value.rooms) if parts["rooms"].value else Counter()
    columns = (
        Column("name", N_("Name"), "name", searched=True),
        Column("address", N_("Address"), address_line, searched=True),
        Column("phone", N_("Phone"), "phone", searched=True),
        Column("zone", N_("Zone"), "time_zone"),
        Column("rooms", N_("Rooms"), lambda each: rooms[each.location_id], number=True),
        Column("active", N_("State"), "active"),
    )
    found = parts["locations"].need().locations
    listing = whole(page, "locations", found, columns, [in_use(page)], order="name")
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show("settings/locations.html", tab="locations", listing=listing, rooms=rooms)


def address_line(place: Any) -> str:
    """``1 Main Street, New York NY``."""
    return ", ".join([*place.address.lines, f"{place.address.city} {place.address.state}"])


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


PEOPLE = (
    Column("name", N_("Name"), lambda each: f"{each.name.family}, {each.name.given}", searched=True),
    Column("npi", "NPI", "npi", searched=True),
    Column("specialties", N_("Specialties"), lambda each: ", ".join(each.specialties), searched=True),
    Column(
        "licences", N_("Licences"), lambda each: ", ".join(licence.state for licence in each.licences), searched=True
    ),
    Column("active", N_("State"), "active"),
)


def people(page: Page) -> Response:
    """Every clinician."""
    found = page.call("Identity.ListPractitioners", page_size=500).practitioners
    listing = whole(page, "clinicians", found, PEOPLE, [in_use(page)], order="name")
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show("settings/people.html", tab="people", listing=listing)


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
    """Every account; the service finds them by a part of login, name or e-mail, and by role."""
    roles = [(value, page.gettext(text)) for value, text in words.ROLE.items()]
    role = page.arg("role")
    columns = (
        Column("login", N_("Login"), "login", searched=True),
        Column("name", N_("Name"), "name", searched=True),
        Column("email", N_("E-mail"), "email", searched=True),
        Column("roles", N_("Roles"), lambda each: ", ".join(page.label(words.ROLE, held) for held in each.roles)),
        Column("active", N_("State"), "active"),
    )
    listing = paged(
        page,
        "users",
        "Identity.ListAccounts",
        "accounts",
        columns,
        [Filter("role", N_("Role"), roles, N_("All")), in_use(page)],
        role=int(role) if role.isdecimal() and int(role) in words.ROLE else 0,
        query=page.arg("q"),
    )
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show("settings/users.html", tab="users", words=words, listing=listing)


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
    found = page.call("Identity.ListRoles").roles
    told = [(each.role, words_roles.told(page, each.permissions)) for each in found]
    return page.show("settings/roles.html", tab="roles", words=words, roles=told)


def audit(page: Page) -> Response:
    """The audit trail, by patient, person, request, days."""
    accounts = page.together(accounts=page.ask("Identity.ListAccounts", page_size=500))["accounts"].value
    fields: dict[str, Any] = {
        "patient_id": page.arg("patient"),
        "principal_id": page.arg("person"),
        "request_id": page.arg("request"),
    }
    for name, typed, days in (("from_time", page.arg("from"), 0), ("to_time", page.arg("to"), 1)):
        day = read_date(typed, page.today) if typed else None
        if day is not None:
            begins = datetime.combine(day + timedelta(days=days), time(), ZoneInfo(page.zone))
            fields[name] = timestamp(begins)
    people = [(each.account_id, each.name) for each in accounts.accounts] if accounts is not None else []
    listing = paged(
        page,
        "audit",
        "Identity.SearchAudit",
        "entries",
        AUDITED,
        [
            Filter("person", N_("Who"), people, N_("Everybody")),
            refused(page),
        ],
        hidden={"patient": page.arg("patient")},
        **fields,
    )
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show("settings/audit.html", tab="audit", words=words, listing=listing)
