"""A clinic organisation, opened over the public API: locations, practitioners with hours, rooms, one type of visit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from infra.day.accounts import DEMO_PASSWORD, Doorman
from infra.day.client import Api, RequestLog
from infra.day.observe import Observer
from infra.day.world import address, day_message, npi
from infra.local.stack import Stack

ZONES = (
    ("America/New_York", "NY", "New York"),
    ("America/Denver", "CO", "Denver"),
    ("America/Phoenix", "AZ", "Phoenix"),
)
OPENS, CLOSES = 480, 1020
VISIT_MINUTES = 20
DESKS = 6


@dataclass
class Organisation:
    """One tenant and what can be booked in it. Practitioner number n works at location number n modulo their count."""

    slug: str
    owner: Api
    tenant_id: str
    location_ids: list[str] = field(default_factory=list)
    practitioner_ids: list[str] = field(default_factory=list)
    appointment_type_id: str = ""

    def location_of(self, practitioner: int) -> str:
        """Where a practitioner (by number) works."""
        return self.location_ids[practitioner % len(self.location_ids)]


def zone_of(location: int) -> str:
    """The time zone of a location (by number)."""
    return ZONES[location % len(ZONES)][0]


def token(stack: Stack, slug: str) -> str:
    """A fresh bearer token of a tenant's owner."""
    body = {"tenant": slug, "login": "owner", "password": DEMO_PASSWORD}
    return str(Doorman(stack.url, RequestLog()).stranger().post("/api/v1/sessions", body)["access_token"])


def open_organisation(
    stack: Stack, slug: str, locations: int, practitioners: int, tell: Callable[[str], None] = lambda line: None
) -> Organisation:
    """Makes a tenant with its network. Returns when every service has heard of all of it."""
    doorman = Doorman(stack.url, RequestLog())
    operator = doorman.program("operator", stack.plan.secrets.get("operator"))
    body = {
        "slug": slug,
        "name": slug.title(),
        "owner_login": "owner",
        "owner_name": "Owner",
        "owner_password": DEMO_PASSWORD,
    }
    made = operator.post("/api/v1/tenants", body)
    organisation = Organisation(slug, doorman.person(slug, "owner"), made["tenant"]["tenant_id"])
    tell(f"{locations} locations and {practitioners} practitioners with hours and rooms")
    _places(organisation, locations)
    _people(organisation, practitioners)
    settle(stack)  # scheduling has to have heard of everybody before it takes their hours
    _hours(organisation)
    settle(stack)
    return organisation


def settle(stack: Stack, pause: float = 0.015) -> None:
    """Returns when every event has reached everybody; looks again each `pause` seconds, which costs the databases something."""
    observer = Observer(stack)
    try:
        observer.settle(datetime.now(UTC), pause=pause)
    finally:
        observer.databases.close()


def _places(organisation: Organisation, count: int) -> None:
    owner = organisation.owner
    home = address("1 Main Street", "Denver", "CO", "802021234")
    entity = owner.post(
        "/api/v1/billing-entities",
        {
            "name": f"{organisation.slug} PLLC",
            "tax_id": "123456789",
            "npi": npi("123456789"),
            "taxonomy": "261QP2300X",
            "address": home,
            "phone": "+13035550100",
        },
    )
    hours = [{"weekday": weekday, "opens_minute": OPENS, "closes_minute": CLOSES} for weekday in range(1, 8)]

    def location(number: int) -> str:
        zone, _state, city = ZONES[number % len(ZONES)]
        body = {
            "billing_entity_id": entity["billing_entity_id"],
            "name": f"{city} {number}",
            "address": home,
            "time_zone": zone,
            "phone": "+13035550101",
            "hours": hours,
        }
        location_id = str(owner.post("/api/v1/locations", body)["location_id"])
        room = {"location_id": location_id, "name": "R1", "room_class": "exam", "capacity": 2}
        owner.post("/api/v1/rooms", room)
        return location_id

    with ThreadPoolExecutor(DESKS) as pool:
        organisation.location_ids = list(pool.map(location, range(count)))


def _people(organisation: Organisation, count: int) -> None:
    owner = organisation.owner

    def practitioner(number: int) -> str:
        body = {
            "name": {"family": f"Provider{number}", "given": "Ana"},
            "npi": npi(f"1{number:08d}"),
            "taxonomy": "207Q00000X",
            "specialties": ["family medicine"],
            "languages": ["en"],
            "sex": "SEX_FEMALE",
            "location_ids": [organisation.location_of(number)],
        }
        return str(owner.post("/api/v1/practitioners", body)["practitioner_id"])

    with ThreadPoolExecutor(DESKS) as pool:
        organisation.practitioner_ids = list(pool.map(practitioner, range(count)))
    kind = {
        "code": "visit",
        "name": "Visit",
        "duration_minutes": VISIT_MINUTES,
        "modality": "MODALITY_IN_PERSON",
        "online_bookable": True,
        "start_every_minutes": VISIT_MINUTES,
        "horizon_days": 120,
    }
    organisation.appointment_type_id = owner.post("/api/v1/appointment-types", kind)["appointment_type_id"]


def _hours(organisation: Organisation) -> None:
    windows = [{"weekday": weekday, "starts_minute": OPENS, "ends_minute": CLOSES} for weekday in range(1, 8)]
    start = day_message((datetime.now(UTC) - timedelta(days=30)).date())

    def template(number: int) -> None:
        body = {
            "practitioner_id": organisation.practitioner_ids[number],
            "location_id": organisation.location_of(number),
            "effective": {"start": start},
            "windows": windows,
        }
        organisation.owner.post("/api/v1/schedule-templates", body)

    with ThreadPoolExecutor(DESKS) as pool:
        list(pool.map(template, range(len(organisation.practitioner_ids))))
