"""The tenants that work while everything is hurt: one with insurers and claims, one whose patients pay themselves.

Each is the day's own cast (``infra.day``), so that the day's proofs can be asked of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from infra.chaos.flow import FlowingTime
from infra.chaos.routes import Routes
from infra.chaos.system import ChaosStack
from infra.chaos.watch import Watch, WatchingDoorman
from infra.day.accounts import Doorman
from infra.day.client import Json, RequestLog
from infra.day.context import Day, Options, Person, Visit
from infra.day.invariants.events import count_rows
from infra.day.observe import Observer
from infra.day.outside import Outside
from infra.day.progress import Progress
from infra.day.steps import step_01_network, step_02_patients
from infra.day.world import CHARGES, INSURERS, PLACES, TENANT, day_message, dollars

NEIGHBOUR: Final = "brookside"
PEOPLE: Final = 120
NEIGHBOURS: Final = 40
FLOAT_CENTS: Final = 10_000
# Payers decide within days here, so that remittances come while somebody is looking.
DAYS_TO_PAYMENT: Final = [1, 2]


@dataclass
class Clinic:
    """A tenant at work: the day's context, what it has open, and whom it has yet to see."""

    day: Day
    has_insurers: bool
    drawers: dict[str, str] = field(default_factory=dict)
    ahead: list[Visit] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _proved: int = 0

    @property
    def name(self) -> str:
        """How people name it."""
        return self.day.cast.slug

    @property
    def today(self) -> date:
        """The business day at its first place."""
        return self.day.time.now.astimezone(ZoneInfo(PLACES[0].time_zone)).date()

    def on(self, day: date) -> Day:
        """The context with another day in view; everything else is shared."""
        return replace(self.day, visit_day=day)

    def since_last_proof(self) -> Day:
        """The context with the visits that were booked since this was asked last."""
        with self._lock:
            fresh = self.day.visits[self._proved :]
            self._proved = len(self.day.visits)
        return replace(self.day, visits=fresh)

    def keep(self, visit: Visit) -> None:
        """A visit was booked."""
        with self._lock:
            self.day.visits.append(visit)

    def put_off(self, visit: Visit) -> None:
        """A visit that lies ahead."""
        with self._lock:
            self.ahead.append(visit)

    def next_ahead(self, wanted: Callable[[Visit], bool]) -> Visit | None:
        """Takes the first visit ahead for which something can be done now."""
        with self._lock:
            for visit in self.ahead:
                if wanted(visit):
                    self.ahead.remove(visit)
                    return visit
        return None

    def open_drawers(self) -> None:
        """Each desk opens a drawer."""
        for place in PLACES:
            body = {"location_id": self.day.cast.locations[place.key], "opening_float": dollars(FLOAT_CENTS)}
            self.drawers[place.key] = self.day.accounts.front_desks[place.key].post("/api/v1/drawers", body)[
                "drawer_id"
            ]

    def close_drawers(self) -> None:
        """Each desk counts its drawer, and nothing is missing."""
        for place_key, drawer_id in self.drawers.items():
            desk = self.day.accounts.front_desks[place_key]
            drawer = desk.get(f"/api/v1/drawers/{drawer_id}")
            counted = {name: {"currency": "USD", **drawer[f"expected_{name}"]} for name in ("cash", "checks")}
            body = {"counted_cash": counted["cash"], "counted_checks": counted["checks"], "note": "end of a shift"}
            desk.post(f"/api/v1/drawers/{drawer_id}:close", body)
        self.drawers.clear()


@dataclass(frozen=True)
class Town:
    """What all clinics share."""

    stack: ChaosStack
    observer: Observer
    time: FlowingTime
    outside: Outside
    watch: Watch
    routes: Routes
    progress: Progress
    seed: int
    out: Path

    def doorman(self, tenant: str, log: RequestLog) -> Doorman:
        """Who signs a tenant's people in."""
        return WatchingDoorman(self.stack.url, log, self.watch, self.routes, tenant)


def found(town: Town) -> list[Clinic]:
    """Make the tenants through the public API: networks, people, prices; a third one stays idle."""
    log = RequestLog()
    options = Options(0, town.seed, None, chaos=True, keep=False, out=town.out)

    def context(slug: str) -> Day:
        day = Day(options, town.stack, town.observer, town.time, town.outside, log, town.progress)
        day.cast.slug = slug
        day.figures["messages"] = {}
        return day

    operator = town.doorman("", log).program("operator", town.stack.plan.secrets.get("operator"))
    idle = step_01_network.make_tenant(operator, step_01_network.IDLE_TENANT, "Quietwater Family Practice")
    clinics = [Clinic(context(TENANT), has_insurers=True), Clinic(context(NEIGHBOUR), has_insurers=False)]
    for clinic in clinics:
        day = clinic.day
        day.cast.tenant_id = step_01_network.make_tenant(operator, clinic.name, f"{clinic.name.title()} Clinics")
        day.cast.idle_tenant_id = idle
        doorman = town.doorman(clinic.name, log)
        build_network(clinic, doorman)
    first, neighbour = clinics
    connect(first.day)
    first.day.options = replace(options, patients=step_02_patients.generate(town.seed, PEOPLE))
    step_02_patients.run(first.day)
    neighbour.day.people = [register(neighbour.day, number) for number in range(NEIGHBOURS)]
    town.time.settle()
    for clinic in clinics:
        clinic.day.idle_rows = count_rows(clinic.day, idle)
    return clinics


def build_network(clinic: Clinic, doorman: Doorman) -> None:
    """Places, staff, visit types, hours, prices and messages, as on the day."""
    day = clinic.day
    owner = doorman.person(clinic.name, "owner")
    step_01_network.make_places(day, owner)
    step_01_network.make_staff(day, owner, doorman)
    day.time.settle()
    step_01_network.make_visit_types(day, owner)
    step_01_network.make_hours(day, owner)
    step_01_network.make_payers(day, owner)
    step_01_network.make_messages(day, owner)
    day.time.settle()


def connect(day: Day) -> None:
    """As on the day, with payers that decide sooner."""
    step_01_network.connect_outside_parties(day)
    payers: Json = {
        insurer.code: {
            "fees": {code: cents * insurer.allows // 100 for code, cents in CHARGES.items()},
            "copay": insurer.copay,
            "days_to_277ca": [1, 1],
            "days_to_payment": DAYS_TO_PAYMENT,
        }
        for insurer in INSURERS
        if insurer.filing_indicator
    }
    day.outside.clearinghouse.put("/_sim/config", {"payers": payers})


def register(day: Day, number: int) -> Person:
    """One of the neighbour's patients, who pay for themselves."""
    chance = day.chance(f"neighbour/{number}")
    born = date(1950, 1, 1) + timedelta(days=chance.randrange(20_000))
    family, given = f"Brook{_letters(number)}", f"Ada{_letters(chance.randrange(600))}"
    body = {
        "name": {"family": family, "given": given},
        "birth_date": day_message(born),
        "phone": f"+1617555{2000 + number}",
        "accept_duplicates": True,
    }
    made = day.accounts.owner.post("/api/v1/patients:quickRegister", body)["patient"]
    return Person(made["patient_id"], family, given, born, made.get("sex", ""), place=chance.choice(PLACES).key)


def _letters(number: int) -> str:
    """A number in letters, because names have no digits."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
