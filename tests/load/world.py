"""What is measured on: a tenant of 100,000 patients and 200 practitioners, made over the public API and by bulk SQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
from infra.day.accounts import DEMO_PASSWORD, Doorman
from infra.day.client import Api, RequestLog
from infra.day.observe import Observer
from infra.day.world import address, day_message, npi
from infra.local.stack import Stack

TENANT = "bench"
FAMILIES = [
    "smith",
    "johnson",
    "williams",
    "brown",
    "jones",
    "garcia",
    "miller",
    "davis",
    "rodriguez",
    "martinez",
    "hernandez",
    "lopez",
    "wilson",
    "anderson",
    "thomas",
    "taylor",
    "moore",
    "jackson",
    "martin",
    "lee",
    "perez",
    "thompson",
    "white",
    "harris",
    "sanchez",
    "clark",
    "ramirez",
    "lewis",
    "robinson",
    "walker",
    "young",
    "allen",
    "king",
    "wright",
    "scott",
    "torres",
    "nguyen",
    "hill",
    "flores",
    "green",
    "adams",
    "nelson",
    "baker",
    "hall",
    "rivera",
    "campbell",
    "mitchell",
    "carter",
    "roberts",
]
GIVENS = [
    "james",
    "mary",
    "robert",
    "patricia",
    "john",
    "jennifer",
    "michael",
    "linda",
    "david",
    "elizabeth",
    "william",
    "barbara",
    "richard",
    "susan",
    "joseph",
    "jessica",
    "thomas",
    "karen",
    "christopher",
    "sarah",
    "charles",
    "lisa",
    "daniel",
    "nancy",
    "matthew",
    "sandra",
    "anthony",
    "betty",
    "mark",
    "ashley",
]
ZONES = (
    ("America/New_York", "NY", "New York"),
    ("America/Denver", "CO", "Denver"),
    ("America/Phoenix", "AZ", "Phoenix"),
)

# Just the rows that registering writes, in one statement.
_PEOPLE = """
with people as materialized (
  select i, uuidv7() as id, date '1930-01-01' + (i * 13) % 33000 as birth,
    (%(families)s::text[])[1 + i % %(family_count)s] || to_char(i / 997, 'FMRN') as family,
    (%(givens)s::text[])[1 + (i / 7) % %(given_count)s] as given
  from generate_series(1, %(count)s) i),
patients as (
  insert into patient (tenant_id, id, mrn, family, given, middle, prefix, suffix, preferred_name, former_names, birth_date,
    sex, language, interpreter_needed, time_zone, addresses, contact_points, identifiers, ssn_last_four, payer_hint, deceased,
    active, guarantor_id, registered_at, updated_at, version)
  select %(tenant)s::uuid, id, 'B' || i, initcap(family), initcap(given), '', '', '', '', '[]', birth,
    case when i % 2 = 0 then 'female' else 'male' end, 'en', false, '', '[]', '[]', '[]', '', '', false,
    true, id, clock_timestamp(), clock_timestamp(), 1 from people),
names as (
  insert into patient_name (tenant_id, family_key, given_key, patient_id, in_use)
  select %(tenant)s::uuid, lower(family), given, id, true from people),
keys as (
  insert into patient_key (tenant_id, key, patient_id)
  select %(tenant)s::uuid, 'b:' || to_char(birth, 'YYYYMMDD'), id from people)
select id from people order by i limit 2000
""".replace(" % ", " %% ")


@dataclass
class World:
    """The tenant and who may do what in it."""

    stack: Stack
    owner: Api
    tenant_id: str
    patient_ids: list[str] = field(default_factory=list)
    location_ids: list[str] = field(default_factory=list)
    practitioner_ids: list[str] = field(default_factory=list)
    appointment_type_id: str = ""

    @property
    def port(self) -> int:
        """The gateway's port."""
        return int(self.stack.url.rsplit(":", 1)[1])

    def token(self) -> str:
        """A bearer token of the owner."""
        body = {"tenant": TENANT, "login": "owner", "password": DEMO_PASSWORD}
        return str(self.owner.post("/api/v1/sessions", body)["access_token"])


def make(stack: Stack, people: int, practitioners: int, tell: Callable[[str], None]) -> World:
    """Makes the tenant, its network and its people."""
    doorman = Doorman(stack.url, RequestLog())
    operator = doorman.program("operator", stack.plan.secrets.get("operator"))
    body = {
        "slug": TENANT,
        "name": "Bench",
        "owner_login": "owner",
        "owner_name": "Owner",
        "owner_password": DEMO_PASSWORD,
    }
    made = operator.post("/api/v1/tenants", body)
    world = World(stack, doorman.person(TENANT, "owner"), made["tenant"]["tenant_id"])
    tell(f"{people:,} patients")
    world.patient_ids = _people(world, people)
    tell(f"{practitioners} practitioners with hours and rooms")
    _network(world, practitioners)
    return world


def _people(world: World, count: int) -> list[str]:
    """Bulk rows, as if they had been registered long ago; returns two thousand of their ids."""
    dsn = world.stack.postgres.url("patient_registry_app", "patient_registry")
    parameters = {
        "tenant": world.tenant_id,
        "count": count,
        "families": FAMILIES,
        "family_count": len(FAMILIES),
        "givens": GIVENS,
        "given_count": len(GIVENS),
    }
    with psycopg.connect(dsn) as connection:
        connection.execute("select set_config('app.tenant', %s, false)", (world.tenant_id,))
        ids = [str(row[0]) for row in connection.execute(_PEOPLE, parameters)]
    with psycopg.connect(world.stack.postgres.admin_url("patient_registry"), autocommit=True) as connection:
        connection.execute("analyze")
    return ids


def registered(world: World, count: int) -> list[str]:
    """People registered over the API, so that every service has heard of them."""

    def register(number: int) -> str:
        body = {
            "name": {"family": f"Bookable{number}", "given": "Ann"},
            "birth_date": {"year": 1940 + number % 60, "month": 1 + number % 12, "day": 1 + number % 28},
            "phone": f"+1212555{number % 10000:04d}",
            "accept_duplicates": True,
        }
        return str(world.owner.post("/api/v1/patients:quickRegister", body)["patient"]["patient_id"])

    with ThreadPoolExecutor(6) as pool:
        ids = list(pool.map(register, range(count)))
    _at_rest(world.stack)
    return ids


def _network(world: World, practitioners: int) -> None:
    owner = world.owner
    home = address("1 Main Street", "Denver", "CO", "802021234")
    entity = owner.post(
        "/api/v1/billing-entities",
        {
            "name": "Bench PLLC",
            "tax_id": "123456789",
            "npi": npi("123456789"),
            "taxonomy": "261QP2300X",
            "address": home,
            "phone": "+13035550100",
        },
    )
    hours = [{"weekday": weekday, "opens_minute": 480, "closes_minute": 1020} for weekday in range(1, 8)]
    for zone, _state, city in ZONES:
        body = {
            "billing_entity_id": entity["billing_entity_id"],
            "name": city,
            "address": home,
            "time_zone": zone,
            "phone": "+13035550101",
            "hours": hours,
        }
        world.location_ids.append(owner.post("/api/v1/locations", body)["location_id"])

    def practitioner(number: int) -> str:
        body = {
            "name": {"family": f"Provider{number}", "given": "Ana"},
            "npi": npi(f"1{number:08d}"),
            "taxonomy": "207Q00000X",
            "specialties": ["family medicine"],
            "languages": ["en"],
            "sex": "SEX_FEMALE",
            "location_ids": [world.location_ids[number % 3]],
        }
        return str(owner.post("/api/v1/practitioners", body)["practitioner_id"])

    with ThreadPoolExecutor(6) as pool:
        world.practitioner_ids = list(pool.map(practitioner, range(practitioners)))
    for number in range(0, practitioners, 2):
        room = {
            "location_id": world.location_ids[number % 3],
            "name": f"R{number}",
            "room_class": "exam",
            "capacity": 2,
        }
        owner.post("/api/v1/rooms", room)
    kind = {
        "code": "visit",
        "name": "Visit",
        "duration_minutes": 20,
        "modality": "MODALITY_IN_PERSON",
        "online_bookable": True,
        "start_every_minutes": 20,
    }
    world.appointment_type_id = owner.post("/api/v1/appointment-types", kind | {"horizon_days": 120})[
        "appointment_type_id"
    ]
    windows = [{"weekday": weekday, "starts_minute": 480, "ends_minute": 1020} for weekday in range(1, 8)]

    def template(number: int) -> None:
        start = day_message((datetime.now(UTC) - timedelta(days=30)).date())
        body = {
            "practitioner_id": world.practitioner_ids[number],
            "location_id": world.location_ids[number % 3],
            "effective": {"start": start},
            "windows": windows,
        }
        owner.post("/api/v1/schedule-templates", body)

    # Scheduling has to have heard of everybody.
    _at_rest(world.stack)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(template, range(practitioners)))


def _at_rest(stack: Stack) -> None:
    """Returns when every event has reached everybody."""
    observer = Observer(stack)
    try:
        observer.settle(datetime.now(UTC))
    finally:
        observer.databases.close()
