"""The running system that the journeys go through: the day's network in a stack of its own, and the hands on it.

Everything is done over REST. SQL is read for two things only: to know when the system has come to rest, and to prove
that a refusal left no row behind. Business time only goes forward, so each journey books relative to ``House.now`` and
has a clinician of its own.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
from infra.day.accounts import Doorman
from infra.day.client import Api, Json, RequestLog
from infra.day.clock import BusinessTime, RealTime, Time
from infra.day.context import Day, Options, Person, Visit, wall_clock
from infra.day.observe import Observer
from infra.day.outside import Outside
from infra.day.progress import Progress
from infra.day.steps import step_01_network
from infra.day.steps.coding import encounter_of
from infra.day.steps.step_04_booking import visit_of
from infra.day.world import CHARGES, CLINICIANS, INSURERS, PLACES, TENANT, Clinician, Place, address, day_message
from infra.local.stack import Stack
from rich.console import Console

# A Monday in winter; the journeys that need a change of clocks travel to the next one.
START = datetime(2026, 2, 2, 6, tzinfo=ZoneInfo("America/New_York"))
# Coarse steps for the weeks in which only batches, answers and statements happen.
HALF_DAY = timedelta(hours=12)
# Real seconds.
PATIENCE_SECONDS = 30.0
# What changes with every request, refused or not, and what a service learns of identity's keys in its own time.
BOOKKEEPING = frozenset(
    {"audit_entry", "audited_patient", "audit_outbox", "outbox", "inbox", "due", "session", "idempotency", "token_key"}
)
TABLES = """
    SELECT schemaname, relname FROM pg_stat_user_tables
    WHERE schemaname = 'public' AND relname NOT IN (SELECT inhrelid::regclass::text FROM pg_inherits)
"""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever the status."""

    status: int
    kind: str
    headers: Mapping[str, str]
    body: Json

    @property
    def reason(self) -> str:
        """The stable public reason of a problem document."""
        return str(self.body.get("reason", ""))


@dataclass
class House:
    """One running stack with the day's network in it."""

    day: Day
    time: Time
    doorman: Doorman
    other: Api

    @property
    def url(self) -> str:
        return self.day.stack.url

    @property
    def owner(self) -> Api:
        return self.day.accounts.owner

    @property
    def biller(self) -> Api:
        return self.day.accounts.biller

    @property
    def now(self) -> datetime:
        """Business time, UTC."""
        return self.time.now

    def close(self) -> None:
        """Let go of the stack; whoever started it stops it."""
        if isinstance(self.time, BusinessTime):
            self.time.close()
        self.day.observer.databases.close()

    # ---- business time ----

    def settle(self, *, trail: bool = False) -> None:
        """Return when events have reached everybody and nothing is due; with ``trail`` also what was audited is kept."""
        self.time.settle(trail=trail)

    def live_to(self, target: datetime, *, grid: timedelta = timedelta(minutes=1)) -> None:
        """Live on to ``target``; a target that has passed is now."""
        self.time.to(max(target, self.now), grid=grid)

    def workday(self, place: Place, *, days: int) -> date:
        """The first Monday to Friday at least ``days`` days after today at a place."""
        day = self.now.astimezone(ZoneInfo(place.time_zone)).date() + timedelta(days=days)
        while day.isoweekday() > 5:
            day += timedelta(days=1)
        return day

    # ---- people ----

    def register(
        self, family: str, given: str = "Ada", *, phone: str = "", email: str = "", state: str = "MA", born: int = 1980
    ) -> Person:
        """A person at the front desk, known to every service when this returns."""
        points = [{"kind": "CONTACT_KIND_MOBILE", "value": phone, "preferred": True}] if phone else []
        points += [{"kind": "CONTACT_KIND_EMAIL", "value": email}] if email else []
        answer = self.owner.post(
            "/api/v1/patients",
            {
                "patient": {
                    "name": {"family": family, "given": given},
                    "birth_date": {"year": born, "month": 4, "day": 17},
                    "sex": "SEX_FEMALE",
                    "addresses": [
                        {"use": "ADDRESS_USE_HOME", "address": address("9 Elm St", "Boston", state, "02210")}
                    ],
                    "contact_points": points,
                },
                "accept_duplicates": True,
            },
        )
        self.settle()
        patient_id = answer["patient"]["patient_id"]
        return Person(patient_id, family, given, date(born, 4, 17), "SEX_FEMALE", state, phone, email)

    def insure(self, person: Person, payer_code: str = "COMM1") -> str:
        """A coverage for a person, verified with its payer when this returns; answers the member id."""
        member = f"W{uuid.uuid4().int % 10**9:09d}"
        self.owner.post(
            f"/api/v1/patients/{person.patient_id}/coverages",
            {
                "coverage": {
                    "kind": "COVERAGE_KIND_HEALTH",
                    "payer_code": payer_code,
                    "payer_name": next(payer.name for payer in INSURERS if payer.code == payer_code),
                    "member_id": member,
                    "subscriber_relation": "SUBSCRIBER_RELATION_SELF",
                    "period": {"start": day_message(date(2025, 1, 1))},
                }
            },
        )
        self.settle()
        return member

    def portal(self, person: Person) -> Api:
        """The patient's own account."""
        login = f"patient-{person.patient_id[-12:]}"
        name = f"{person.given} {person.family}"
        step_01_network.make_account(self.owner, login, name, ["ROLE_PATIENT"], [person.patient_id])
        return self.doorman.person(TENANT, login)

    # ---- visits ----

    def slots(self, clinician: str, kind: str, day: date, *, patient_id: str = "") -> list[Json]:
        """The free times of one clinician on one day; they begin every five minutes, so neighbours overlap."""
        body: Json = {
            "appointment_type_ids": [self.day.cast.appointment_types[kind]],
            "practitioner_ids": [self.day.cast.practitioners[clinician]],
            "dates": {"start": day_message(day), "end": day_message(day)},
            "limit": 500,
        }
        if patient_id:
            body["patient_id"] = patient_id
        slots: list[Json] = self.owner.post("/api/v1/slots:search", body)["slots"]
        return slots

    def book(self, person: Person, clinician: str, *, kind: str = "follow-up", days: int = 7, hour: int = 8) -> Visit:
        """The first free time of a clinician from a local hour on, on the first working day from ``days`` days on."""
        place = place_of(clinician)
        day = self.workday(place, days=days)
        earliest = wall_clock(place, day, hour)
        free = self.slots(clinician, kind, day, patient_id=person.patient_id)
        slot = next(slot for slot in free if datetime.fromisoformat(slot["start_time"]) >= earliest)
        made = self.owner.post("/api/v1/appointments", booking(person, slot))
        self.settle()
        return visit_of(self.day, made, person)

    def book_when_known(self, patient_id: str, clinician: str, kind: str) -> Json:
        """Book somebody who has just been registered, while part of the house is dark and never comes to rest.

        Scheduling hears of people by event, usually within milliseconds; until then it does not know them.
        """
        slot = self.slots(clinician, kind, self.workday(place_of(clinician), days=7))[0]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.ask(
                self.owner, "POST", "/api/v1/appointments", json={"patient_id": patient_id} | of_slot(slot)
            )
            if answer.status != 404 or time.monotonic() > deadline:
                assert answer.status == 200, answer
                return answer.body

    def appointment(self, visit: Visit) -> Json:
        """The appointment as scheduling knows it now."""
        return self.owner.get(f"/api/v1/appointments/{visit.appointment_id}")

    def step(self, visit: Visit, verb: str, api: Api | None = None, body: Json | None = None) -> Json:
        """One step of the visit flow, and what follows from it everywhere."""
        desk = api or self.day.accounts.front_desks[visit.place.key]
        answer = desk.post(f"/api/v1/appointments/{visit.appointment_id}:{verb}", body)
        self.settle()
        return answer

    def charges(self, visit: Visit) -> list[Json]:
        """What a signed visit is charged, line by line."""
        encounter_id = encounter_of(self.day, visit)["encounter_id"]
        charges: list[Json] = self.biller.get(f"/api/v1/encounters/{encounter_id}")["charges"]
        return charges

    def claim(self, visit: Visit) -> Json:
        """The one claim of a visit, as it stands now."""
        (claim,) = self.biller.get("/api/v1/claims", appointment_id=visit.appointment_id)["claims"]
        found: Json = claim
        return found

    # ---- raw HTTP ----

    def ask(self, api: Api | None, method: str, path: str, **more: Any) -> Answer:
        """One request as it is, without retries; ``api`` lends its token."""
        headers = {"Idempotency-Key": str(uuid.uuid4()), **more.pop("headers", {})}
        if api is not None:
            headers["Authorization"] = f"Bearer {token_of(api)}"
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, f"{self.url}{path}", headers=headers, timeout=60, **more)
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        body = answer.json() if "json" in kind and answer.content else {}
        return Answer(answer.status_code, kind, answer.headers, body)

    def page(self, path: str) -> str:
        """A page that anybody may see, as text."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{self.url}{path}", timeout=60)
        answer.raise_for_status()
        return answer.text

    # ---- proofs past the API ----

    def rows(self) -> dict[str, int]:
        """How many rows each table of each service holds, bookkeeping of the chassis left out."""
        databases = self.day.observer.databases
        counted: dict[str, int] = {}
        for service in self.day.stack.services:
            names = [row["relname"] for row in databases.rows(service, TABLES)]
            wanted = sorted(name for name in names if name not in BOOKKEEPING)
            counts = " UNION ALL ".join(f"SELECT '{name}' AS name, count(*) AS n FROM \"{name}\"" for name in wanted)
            for row in databases.rows(service, counts):
                counted[f"{service}.{row['name']}"] = row["n"]
        return counted

    @contextmanager
    def nothing_written(self) -> Iterator[None]:
        """Within it no service may keep a row more or less."""
        self.settle()
        before = self.rows()
        yield
        self.settle()
        after = self.rows()
        changed = {name: (before.get(name), count) for name, count in after.items() if before.get(name) != count}
        assert changed == {}, changed


def token_of(api: Api) -> str:
    """A bearer token of an account that is good for minutes."""
    api.get("/api/v1/me")
    token = api._bearer()
    assert token is not None
    return token


def place_of(clinician: str) -> Place:
    """Where a clinician works."""
    works_at = clinician_named(clinician).place
    return next(place for place in PLACES if place.key == works_at)


def zone_of(place: Place) -> ZoneInfo:
    """The zone a place's wall clock follows."""
    return ZoneInfo(place.time_zone)


def clinician_named(key: str) -> Clinician:
    """A clinician of the day's network."""
    return next(found for found in CLINICIANS if found.key == key)


def booking(person: Person, slot: Json) -> Json:
    """The body that books a free time for somebody."""
    return {"patient_id": person.patient_id} | of_slot(slot)


def of_slot(slot: Json) -> Json:
    """What a booking takes over from an offered time."""
    return {name: slot[name] for name in ("appointment_type_id", "practitioner_id", "location_id", "start_time")}


def build(stack: Stack, out: Path) -> House:
    """Build the day's network in a stack that has just started with simulated time."""
    observer = Observer(stack)
    return _build(stack, observer, BusinessTime(stack, observer, START), START.date(), out)


def build_on_the_real_clock(stack: Stack, out: Path) -> House:
    """Build the day's network in a stack that has just started with the machine's clock."""
    observer = Observer(stack)
    time = RealTime(observer)
    return _build(stack, observer, time, time.now.date(), out)


def _build(stack: Stack, observer: Observer, time: Time, today: date, out: Path) -> House:
    options = Options(visits=0, seed=7, patients=None, chaos=False, keep=False, out=out)
    log = RequestLog()
    day = Day(options, stack, observer, time, Outside.of(stack.plan), log, Progress(Console(quiet=True)))
    # The network's one exception to the weekly hours lies in the past then.
    day.visit_day = today
    time.settle()
    step_01_network.run(day)
    doorman = Doorman(stack.url, log)
    house = House(day, time, doorman, doorman.person(step_01_network.IDLE_TENANT, "owner"))
    predictable_payers(house)
    return house


def predictable_payers(house: House) -> None:
    """Payers who follow their contracts and leave nothing to chance: no random denials, reversals or lost members."""
    nothing = dict.fromkeys(
        ("rejection_fraction", "denial_fraction", "reversal_fraction", "drop_modifier_fraction"), 0.0
    ) | {"drop_line_reference_fraction": 0.0, "days_to_payment": [14, 14], "deductible": 0, "coinsurance": 0.2}
    fees = {
        insurer.code: {code: cents * insurer.allows // 100 for code, cents in CHARGES.items()} for insurer in INSURERS
    }
    payers = {
        insurer.code: {**nothing, "fees": fees[insurer.code], "copay": insurer.copay}
        for insurer in INSURERS
        if insurer.filing_indicator
    }
    house.day.outside.clearinghouse.put(
        "/_sim/config", {"payers": payers, "unknown_member_fraction": 0.0, "inactive_member_fraction": 0.0}
    )
