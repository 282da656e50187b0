"""What is measured on: a tenant of 100,000 patients and 200 practitioners, made over the public API and by COPY."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from infra.day.client import Api
from infra.load import network
from infra.load.people import Loader, people
from infra.local.stack import Stack

TENANT = "bench"
LOCATIONS = 3
KNOWN = 2_000


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
        return network.token(self.stack, TENANT)


def make(stack: Stack, count: int, practitioners: int, tell: Callable[[str], None]) -> World:
    """Makes the tenant, its network and its people."""
    made = network.open_organisation(stack, TENANT, LOCATIONS, practitioners, tell)
    tell(f"{count:,} patients")
    loader = Loader(stack.postgres.admin_url)
    loader.register(made, 0, count)
    loader.analyze()
    return World(
        stack=stack,
        owner=made.owner,
        tenant_id=made.tenant_id,
        patient_ids=[str(one.id) for one in people(made, 0, min(count, KNOWN))],
        location_ids=made.location_ids,
        practitioner_ids=made.practitioner_ids,
        appointment_type_id=made.appointment_type_id,
    )


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
    network.settle(world.stack)
    return ids
