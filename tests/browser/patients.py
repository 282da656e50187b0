"""People who use the portal in a browser: made over the API, signed in, and looked over their shoulder."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from infra.assets import packages
from playwright.sync_api import Browser, BrowserContext, Page

from chassis.clock import monotonic, real_now
from tests.browser.clinic import Clinic

# Somebody may be checked in half a day before the visit (scheduling: NOT_TODAY).
LONGEST_AHEAD = timedelta(hours=12)
PATIENCE_SECONDS = 120
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PRICE = "99213"


@dataclass(frozen=True)
class Someone:
    """A patient with an account and a visit ahead."""

    login: str
    patient_id: str
    appointment_id: str


def wait_for(found: Callable[[], Any]) -> Any:
    """What is found once events have come around. Raises AssertionError when it is not there in time."""
    until = monotonic() + PATIENCE_SECONDS
    while True:
        if value := found():
            return value
        assert monotonic() < until, "it did not come"


def someone(clinic: Clinic, *, days: int = 1) -> Someone:
    """A new patient with an account, booked for the first free time from so many days on."""
    tag = uuid.uuid4().hex[:8]
    phone = "+1212555" + f"{int(tag, 16) % 10000:04d}"
    who = clinic.call(
        "POST",
        "/v1/patients",
        accept_duplicates=True,
        patient={
            "name": {"family": "Portal" + "".join(c for c in tag if c.isalpha()), "given": "Paula"},
            "birth_date": {"year": 1979, "month": 4, "day": 5},
            "sex": "SEX_FEMALE",
            "contact_points": [{"kind": "CONTACT_KIND_MOBILE", "value": phone}],
        },
    )["patient"]["patient_id"]
    login = f"paula-{tag}"
    account = {"login": login, "name": "Paula Portal", "password": clinic.password, "roles": ["ROLE_PATIENT"]}
    clinic.call("POST", "/v1/users", patient_ids=[who], **account)
    visit = wait_for(lambda: _booked(clinic, who, days))["appointment_id"]
    wait_for(lambda: clinic.accepts("GET", f"/v1/patients/{who}/visits/{visit}/intake-checklist"))
    return Someone(login, who, visit)


def _booked(clinic: Clinic, patient_id: str, days: int) -> Any:
    """The visit; None while scheduling has not heard of the patient yet, or when somebody else was faster."""
    kinds = clinic.call("GET", "/v1/appointment-types")["appointment_types"]
    kind = next(each for each in kinds if each.get("modality") == "MODALITY_IN_PERSON")
    first = real_now().date() + timedelta(days=days)
    dates = {
        name: {"year": each.year, "month": each.month, "day": each.day}
        for name, each in (("start", first), ("end", first + timedelta(days=9)))
    }
    wish = {"appointment_type_ids": [kind["appointment_type_id"]], "limit": 1, "patient_id": patient_id, "dates": dates}
    slots = clinic.call("POST", "/v1/slots:search", **wish).get("slots")
    if not slots:
        return None
    names = ("appointment_type_id", "practitioner_id", "location_id", "start_time")
    taken = {"patient_id": patient_id, **{name: slots[0][name] for name in names}}
    try:
        if days or datetime.fromisoformat(taken["start_time"]) < real_now() + LONGEST_AHEAD:
            return clinic.call("POST", "/v1/appointments", **taken)
    except requests.HTTPError:
        return None
    return _after_hours(clinic, taken)


def _after_hours(clinic: Clinic, wanted: dict[str, Any]) -> Any:
    """A visit of today when everybody has gone home: the owner has the clinician come in, at the first time that is free; None
    without one."""
    soon = real_now().replace(second=0, microsecond=0)
    soon += timedelta(minutes=10 - soon.minute % 5)
    for minutes in range(0, 300, 30):
        start = soon + timedelta(minutes=minutes)
        booking = wanted | {"start_time": start.isoformat().replace("+00:00", "Z")}
        try:
            made = clinic.call(
                "POST", "/v1/appointments:bookWithOverride", booking=booking, reason="An emergency in the evening"
            )
        except requests.HTTPError:
            continue
        return made["appointment"]
    return None


def billed(clinic: Clinic, who: Someone) -> str:
    """The patient is seen today, pays by themselves, and is sent a statement; its id."""
    visit = who.appointment_id
    for step in ("checkIn", "seen"):
        clinic.call("POST", f"/v1/appointments/{visit}:{step}")
    lines = [{"procedure": PRICE, "units": 1, "diagnosis_pointers": [1]}]
    wait_for(lambda: _changed(clinic, visit, "saveCodes", diagnoses=["I10"], lines=lines))
    wait_for(lambda: _changed(clinic, visit, "sign"))

    def issued() -> Any:
        return clinic.call("POST", "/v1/statements:issue", patient_ids=[who.patient_id]).get("statement_ids")

    return str(wait_for(issued)[0])


def _changed(clinic: Clinic, visit: str, verb: str, **body: Any) -> bool:
    """Whether the visit's encounter took a change on its present version; news of the visit may still be on the way to it."""
    found = clinic.call("GET", f"/v1/encounters?appointment_ids={visit}").get("encounters")
    if not found:
        return False
    path = f"/v1/encounters/{found[0]['encounter_id']}:{verb}"
    return clinic.accepts("POST", path, version=found[0]["version"], **body)


@contextmanager
def at_the_portal(browser: Browser, clinic: Clinic, who: Someone, size: Any) -> Iterator[Page]:
    """Somebody's page, signed in by password. Fails at its end on anything the page complained of in its console."""
    context: BrowserContext = browser.new_context(viewport=size, locale="en-US", base_url=clinic.url)
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    # What a form or the card company refuses is an answer of status 400 or 402, which the browser notes.
    page.on(
        "console",
        lambda told: complaints.append(told.text) if told.type == "error" and " 40" not in told.text else None,
    )
    page.goto(f"/portal/{clinic.tenant}/sign-in")
    if not page.locator("#login").is_visible():
        page.get_by_text("With a password").click()
    page.fill("#login", who.login)
    page.fill("#password", clinic.password)
    page.press("#password", "Enter")
    page.wait_for_url(re.compile(rf"/portal/{clinic.tenant}(?!/sign-in)"))
    yield page
    context.close()
    assert complaints == [], complaints


def look(page: Page, keep: Callable[[Page, str], None], name: str) -> None:
    """Keeps a picture of the page; nothing is to be found by axe, and nothing stands beyond the window's edge."""
    keep(page, f"portal-{name}")
    page.evaluate((Path(packages()) / "axe-core" / "axe.min.js").read_text())
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    told = [f"{each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"][:3]]
    assert told == [], (name, told)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the window"
