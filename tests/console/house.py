"""A clinic behind a real gateway: every service in this process, events carried from one to the others by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from polyclinic.identity.v1 import identity_pb2
from sqlalchemy import select

from chassis.clock import real_now
from chassis.ids import uuid7
from chassis.tables import Outbox
from chassis.testing.harness import Harness
from gateway.app import create_app
from gateway.settings import Settings

SERVICES = ("identity", "patient_registry", "scheduling", "billing", "notifications", "telehealth")
PASSWORD = "correct horse battery"
# Visits are booked for what is left of the day and lived through at once, so there must be enough left of it: in the small
# hours of UTC it is evening in New York and afternoon in Honolulu.
EVENING_UTC, MIDNIGHT_UTC = 20, 5
ZONE = "America/New_York" if MIDNIGHT_UTC <= real_now().hour < EVENING_UTC else "Pacific/Honolulu"
# How a page names the zone.
ZONE_WORD = {"America/New_York": "Eastern", "Pacific/Honolulu": "Hawaii"}[ZONE]
WEEKDAYS = range(1, 8)
JANUARY = {"year": 2026, "month": 1, "day": 1}


def parts(day: date) -> dict[str, int]:
    """A day as JSON carries it."""
    return {"year": day.year, "month": day.month, "day": day.day}


@dataclass
class House:
    """Every service, one gateway, and one tenant with a small clinic in it."""

    harnesses: dict[str, Harness]
    gateway: Flask
    tenant_id: UUID
    slug: str
    ids: dict[str, str] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)

    # ---- the API, to set things up ----

    def api(self, login: str = "owner") -> Callable[..., Any]:
        """``api(verb, path, **body)`` as somebody, over REST; the JSON of the answer, which must be a success."""
        client = self.gateway.test_client()
        answer = client.post("/api/v1/sessions", json={"tenant": self.slug, "login": login, "password": PASSWORD})
        token = answer.get_json()["access_token"]

        def call(verb: str, path: str, **body: Any) -> Any:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid7())}
            found = client.open(
                f"/api{path}", method=verb, json=body if verb not in ("GET", "DELETE") else None, headers=headers
            )
            assert found.status_code < 300, f"{verb} {path}: {found.get_data(as_text=True)}"
            return found.get_json()

        return call

    def carry(self) -> int:
        """Delivers every event that was committed since the last time to every service that listens; rounds until all is still."""
        total = 0
        while True:
            found = [each for name in SERVICES for each in self._new(name)]
            if not found:
                return total
            for publisher, row in found:
                for name, harness in self.harnesses.items():
                    if name != publisher:
                        total += harness.receive(self.tenant_id, row.message_id, row.headers["ce-type"], row.payload)

    def _new(self, name: str) -> list[tuple[str, Outbox]]:
        with self.harnesses[name].session(self.tenant_id) as session:
            query = (
                select(Outbox)
                .where(Outbox.tenant_id == self.tenant_id, Outbox.id > self._seen.get(name, 0))
                .order_by(Outbox.id)
            )
            rows = list(session.scalars(query))
            session.expunge_all()
        if rows:
            self._seen[name] = rows[-1].id
        return [(name, row) for row in rows if not row.subject.startswith("audit.")]

    # ---- the pages ----

    def browser(self, login: str | None = None, language: str = "en") -> Browser:
        """A browser; signed in when a login is given."""
        browser = Browser(self.gateway.test_client(), self.slug, language)
        if login is not None:
            browser.sign_in(login)
        return browser


class Browser:
    """What a person's browser does: follows redirects, keeps cookies, sends a form with the fields the page gave it."""

    # The cookie that holds the site's CSRF token.
    CSRF_COOKIE, COOKIE_PATH = "polyclinic_csrf", "/"

    def __init__(self, client: FlaskClient, slug: str, language: str) -> None:
        self.client = client
        self.slug = slug
        self.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        self.html = ""
        self.status = 0
        self.path = ""
        self.headers: Any = {}

    def sign_in(self, login: str, password: str = PASSWORD) -> Browser:
        """Signs in on the sign-in page."""
        self.get("/console/sign-in")
        return self.post("/console/sign-in", tenant=self.slug, login=login, password=password)

    def get(self, path: str, **headers: str) -> Browser:
        """Opens a page, following redirects."""
        return self._keep(self.client.get(path, follow_redirects=True, headers=headers))

    def post(self, action: str, follow: bool = True, **fields: Any) -> Browser:
        """Sends this page's form that leads to `action` as a browser would, with these values typed (``__`` is a dot)."""
        values: dict[str, Any] = self.fields(action) | {
            name.replace("__", "."): value for name, value in fields.items()
        }
        return self._keep(self.client.post(action, data=values, follow_redirects=follow))

    def fields(self, action: str) -> dict[str, list[str]]:
        """What a browser would send of the page's form that leads to `action`, buttons left out."""
        found = Forms(self.path)
        found.feed(self.html)
        return found.forms.get(action, {})

    @property
    def token(self) -> dict[str, str]:
        """What proves a form that no page has shown, and a key for its effect."""
        cookie = self.client.get_cookie(self.CSRF_COOKIE, path=self.COOKIE_PATH)
        return {"csrf_token": cookie.value if cookie else "", "idempotency_key": str(uuid7())}

    @property
    def text(self) -> str:
        """What a person reads, without markup."""
        body = re.sub(r"<(script|style)\b.*?</\1>", " ", self.html, flags=re.DOTALL)
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))

    def _keep(self, answer: Any) -> Browser:
        self.html, self.status, self.headers = answer.get_data(as_text=True), answer.status_code, answer.headers
        self.path = answer.request.path
        return self


class Forms(HTMLParser):
    """The forms of a page: where each leads → what it would send. The first of several that lead to one place counts."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, list[str]]] = {}
        self._path = path
        self._form: dict[str, list[str]] | None = None
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = {}
            if given.get("method") == "post":
                self.forms.setdefault(given.get("action") or self._path, self._form)
        if self._form is None:
            return
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self._form.setdefault(name, []).append(value or ("on" if given.get("type") == "checkbox" else ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or self._select not in self._form):
            self._form[self._select] = [value]
        elif tag == "textarea":
            self._area = name
            self._form[name] = [""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form[self._area][0] += data


def build(
    service_harness: Callable[..., Harness], environment: dict[str, dict[str, str]], instance: str = "console"
) -> House:
    """Starts every service (with its own environment) apart from those of other tests, and founds a clinic over the public API."""
    harnesses = {
        name: service_harness(name, POLYCLINIC_INSTANCE=instance, **environment.get(name, {})) for name in SERVICES
    }
    identity = harnesses["identity"]

    def key_set() -> dict[str, Any]:
        answer = identity.anonymous().call("GetKeySet", identity_pb2.GetKeySetRequest())
        return dict(json.loads(answer.jwks_json))

    now = real_now()
    for harness in harnesses.values():
        harness.clock.set(now)
        harness.service.verifier.add_keys(key_set)
        harness.service.verifier.learn()
        # Both kinds of key from the start: a verifier that knows identity's alone asks for others only now and then.
        harness.service.verifier.learn()
    slug = f"{instance}-" + uuid7().hex[-12:]
    operator = identity.client(None, ["platform.operate"])
    made = operator.call(
        "CreateTenant",
        identity_pb2.CreateTenantRequest(
            slug=slug, name="Harbor Clinic", owner_login="owner", owner_name="Olive Owner", owner_password=PASSWORD
        ),
    )
    tenant_id = UUID(made.tenant.tenant_id)
    registry = harnesses["patient_registry"]
    for method in ("GetBillingProfiles", "GetContacts", "FindByContact"):
        for asker in ("billing", "notifications"):
            peer = registry.client(tenant_id, ["*"], service=asker)
            harnesses[asker].stub_peer(
                "patient_registry", method, lambda request, peer=peer, method=method: peer.call(method, request)
            )
    accounts = identity.client(tenant_id, ["portal_code.draw", "user.read"], service="notifications")
    for method in ("DrawPortalCode", "GetAccount"):
        harnesses["notifications"].stub_peer(
            "identity", method, lambda request, method=method: accounts.call(method, request)
        )
    gateway = create_app(
        Settings(
            session_key=b"k" * 32,  # type: ignore[arg-type]
            addresses={name: f"127.0.0.1:{harness.service.port}" for name, harness in harnesses.items()},
            limit_address_per_second=0.0,
            limit_principal_per_second=0.0,
            card_browser_url="https://cards.example.org",  # type: ignore[arg-type]
            card_publishable_key="pk_test",
        )
    )
    house = House(harnesses, gateway, tenant_id, slug)
    found(house)
    return house


def found(house: House) -> None:
    """A billing entity, a location, two clinicians, rooms, kinds of visit, hours, a payer, prices, people who work there, a patient."""
    call = house.api()
    address = {"lines": ["1 Main Street"], "city": "New York", "state": "NY", "postal_code": "100010001"}
    entity = call(
        "POST",
        "/v1/billing-entities",
        name="Harbor Clinic",
        tax_id="123456789",
        npi="1234567893",
        taxonomy="261QP2300X",
        address=address,
        phone="+12125550100",
        active=True,
    )
    hours = [{"weekday": day, "opens_minute": 0, "closes_minute": 1440} for day in WEEKDAYS]
    place = call(
        "POST",
        "/v1/locations",
        billing_entity_id=entity["billing_entity_id"],
        name="Harbor",
        address=address,
        time_zone=ZONE,
        phone="+12125550101",
        hours=hours,
        active=True,
    )
    other = call(
        "POST",
        "/v1/locations",
        billing_entity_id=entity["billing_entity_id"],
        name="Mesa",
        address=address | {"state": "AZ"},
        time_zone="America/Phoenix",
        phone="+16025550101",
        hours=hours,
        active=True,
    )
    house.ids |= {"location": place["location_id"], "other_location": other["location_id"]}
    for login, role in (
        ("desk", "ROLE_FRONT_DESK"),
        ("biller", "ROLE_BILLER"),
        ("doctor", "ROLE_CLINICIAN"),
        ("nurse", "ROLE_NURSE"),
        ("manager", "ROLE_PRACTICE_MANAGER"),
        ("auditor", "ROLE_AUDITOR"),
        ("scheduler", "ROLE_SCHEDULER"),
    ):
        account = call("POST", "/v1/users", login=login, name=login.title(), password=PASSWORD, roles=[role])
        house.ids[login] = account["account_id"]
    call(
        "POST",
        "/v1/users",
        login="mesa-desk",
        name="Mesa Desk",
        password=PASSWORD,
        roles=["ROLE_FRONT_DESK"],
        location_ids=[other["location_id"]],
    )
    doctor = call(
        "POST",
        "/v1/practitioners",
        name={"family": "Okafor", "given": "Ada"},
        credential="MD",
        npi="1245319599",
        taxonomy="207Q00000X",
        location_ids=[place["location_id"]],
        licences=[{"state": "NY", "number": "A1", "valid_from": JANUARY}],
        account_id=house.ids["doctor"],
        active=True,
    )
    house.ids["practitioner"] = doctor["practitioner_id"]
    room = call(
        "POST", "/v1/rooms", location_id=place["location_id"], name="Exam 1", room_class="exam", capacity=1, active=True
    )
    house.ids["room"] = room["room_id"]
    house.carry()
    kind = call(
        "POST",
        "/v1/appointment-types",
        code="visit",
        name="Office visit",
        duration_minutes=10,
        modality="MODALITY_IN_PERSON",
        start_every_minutes=5,
        roles=[{"kind": "RESOURCE_KIND_ROOM", "resource_class": "exam"}],
    )
    house.ids["type"] = kind["appointment_type_id"]
    windows = [{"weekday": day, "starts_minute": 0, "ends_minute": 1440} for day in WEEKDAYS]
    call(
        "POST",
        "/v1/schedule-templates",
        practitioner_id=doctor["practitioner_id"],
        location_id=place["location_id"],
        windows=windows,
    )
    call(
        "PUT",
        "/v1/payers/COMM1",
        name="Harbor Mutual",
        kind="PAYER_KIND_COMMERCIAL",
        x12_payer_id="HM001",
        filing_indicator="CI",
        active_from=JANUARY,
        rules=[
            {
                "effective": {"start": JANUARY},
                "timely_filing_days": 365,
                "corrected_filing_days": 180,
                "claim_provider": "CLAIM_PROVIDER_RENDERING",
                "takes_eligibility_requests": True,
                "silence_alarm_days": 45,
            }
        ],
    )
    call(
        "PUT",
        "/v1/fee-schedules/CHARGES",
        name="Charges",
        kind="FEE_SCHEDULE_KIND_CHARGE_MASTER",
        effective_from=JANUARY,
        fees=[{"procedure": "99213", "amount": {"minor_units": "15500", "currency": "USD"}}],
    )
    house.ids["patient"] = patient(house, "Muñoz", "Ana")
    house.carry()


def patient(house: House, family: str, given: str, **more: Any) -> str:
    """Registers a person over the API."""
    person = {
        "name": {"family": family, "given": given},
        "birth_date": {"year": 1984, "month": 2, "day": 29},
        "sex": "SEX_FEMALE",
        "contact_points": [{"kind": "CONTACT_KIND_MOBILE", "value": "+12125550142"}],
        "addresses": [
            {
                "use": "ADDRESS_USE_HOME",
                "address": {"lines": ["12 Elm Street"], "city": "New York", "state": "NY", "postal_code": "10002"},
            }
        ],
    } | more
    answer = house.api()("POST", "/v1/patients", patient=person, accept_duplicates=True)
    house.carry()
    return str(answer["patient"]["patient_id"])


def visit(house: House, patient_id: str, *steps: str, begin: int = -1) -> dict[str, Any]:
    """Books the patient at the next free time from ``begin`` days after today on and takes the visit through these steps.

    A time of today may have begun a few minutes ago; one from tomorrow on lies ahead.
    """
    call = house.api()
    today = real_now().date()
    wish = {
        "appointment_type_ids": [house.ids["type"]],
        "location_ids": [house.ids["location"]],
        "limit": 1,
        "patient_id": patient_id,
    }
    slots = call(
        "POST",
        "/v1/slots:search",
        **wish,
        dates={"start": parts(today + timedelta(days=begin)), "end": parts(today + timedelta(days=2))},
    )["slots"]
    slot = slots[0]
    taken = {name: slot[name] for name in ("appointment_type_id", "practitioner_id", "location_id", "start_time")}
    made: dict[str, Any] = call("POST", "/v1/appointments", patient_id=patient_id, **taken)
    house.carry()
    for step in steps:
        made = call("POST", f"/v1/appointments/{made['appointment_id']}:{step}", version="0")
    house.carry()
    return made
