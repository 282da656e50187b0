"""A patient prepares a visit, writes, sees their bills and pays, on a phone and at a desk; looked over by axe."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from infra.assets import packages
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chassis.clock import monotonic, real_now
from tests.browser.clinic import Clinic
from tests.browser.conftest import NARROW, WIDE
from tests.browser.test_console import RULES
from tests.patient_registry.cases_intake import photo

pytestmark = pytest.mark.browser
Keep = Callable[[Page, str], None]
PATIENCE_SECONDS = 60


@dataclass
class Someone:
    """A patient with an account and a visit ahead; a statement too, once they were billed."""

    login: str
    patient_id: str
    appointment_id: str
    statement_id: str = ""


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, from the locked packages."""
    return Path(packages() / "axe-core" / "axe.min.js").read_text()


def wait_for(found: Callable[[], Any]) -> Any:
    """What is found once events have come around. Raises AssertionError when it is not there in a minute."""
    until = monotonic() + PATIENCE_SECONDS
    while True:
        if value := found():
            return value
        assert monotonic() < until, "it did not come"


def someone(clinic: Clinic) -> Someone:
    """A new patient with an account, booked for one of the next days."""
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
    kind = clinic.call("GET", "/v1/appointment-types")["appointment_types"][0]["appointment_type_id"]
    today = real_now().date()
    dates = {
        name: {"year": each.year, "month": each.month, "day": each.day}
        for name, each in (("start", today + timedelta(days=1)), ("end", today + timedelta(days=10)))
    }

    def booked() -> Any:
        wish = {"appointment_type_ids": [kind], "limit": 1, "patient_id": who, "dates": dates}
        slots = clinic.call("POST", "/v1/slots:search", **wish).get("slots")
        if not slots:
            return None
        names = ("appointment_type_id", "practitioner_id", "location_id", "start_time")
        return clinic.call("POST", "/v1/appointments", patient_id=who, **{name: slots[0][name] for name in names})

    visit = wait_for(booked)["appointment_id"]
    path = f"/v1/patients/{who}/visits/{visit}/intake-checklist"
    wait_for(lambda: clinic.accepts("GET", path))
    return Someone(login, who, visit)


@pytest.fixture(params=[NARROW, WIDE], ids=["phone", "desk"])
def paula(request: Any, chromium: Browser, clinic: Clinic) -> Iterator[tuple[Page, Someone]]:
    """A patient signed in to the portal; a test fails at its end on anything a page complained of in its console."""
    who = someone(clinic)
    context: BrowserContext = chromium.new_context(viewport=request.param, locale="en-US", base_url=clinic.url)
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    page.goto(f"/portal/{clinic.tenant}/sign-in")
    if not page.locator("#login").is_visible():
        page.get_by_text("With a password").click()
    page.fill("#login", who.login)
    page.fill("#password", clinic.password)
    page.press("#password", "Enter")
    page.wait_for_url(re.compile(rf"/portal/{clinic.tenant}(?!/sign-in)"))
    yield page, who
    context.close()
    assert complaints == []


def look(page: Page, axe: str, keep: Keep, name: str) -> None:
    """Keeps a picture of the page; nothing is to be found by axe, and nothing stands beyond the window's edge."""
    keep(page, f"portal-{name}")
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    told = [f"{each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"][:3]]
    assert told == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the window"


def test_a_visit_is_prepared_on_a_phone_and_at_a_desk(
    paula: tuple[Page, Someone], clinic: Clinic, axe: str, keep: Keep
) -> None:
    """Steps, camera, signature drawn by hand, questions that appear when they are asked; then nothing is left to do."""
    page, who = paula
    here = f"/portal/{clinic.tenant}"
    page.goto(f"{here}/prepare/{who.appointment_id}")
    look(page, axe, keep, "prepare")
    page.get_by_role("link", name="Begin").click()
    look(page, axe, keep, "contact")
    page.get_by_label("What should we call you?").fill("Pau")
    page.get_by_role("button", name="This is right").click()
    page.wait_for_url(re.compile("/insurance$"))
    look(page, axe, keep, "insurance")
    page.get_by_role("button", name="I pay myself").click()
    page.wait_for_url(re.compile("/card$"))
    look(page, axe, keep, "card")
    picture = {"name": "card.jpg", "mimeType": "image/jpeg", "buffer": photo(1600, 1000)}
    page.locator("#picture-front").set_input_files(picture)
    page.get_by_role("button", name="Send the picture").first.click()
    expect(page.get_by_text("Can everything be read?")).to_be_visible()
    look(page, axe, keep, "card-sent")
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("button", name="I will bring it").click()
    for n in range(3):
        page.wait_for_url(re.compile("/consent/"))
        page.get_by_label("Type your full name").fill("Paula Portal")
        if not n:
            sign_by_hand(page)
            look(page, axe, keep, "consent")
        page.get_by_role("button", name="Sign", exact=True).click()
        page.wait_for_load_state()
    page.wait_for_url(re.compile("/form/health-history$"))
    look(page, axe, keep, "form-begin")
    page.get_by_role("button", name="Begin").click()
    hidden = page.get_by_label("To what, and what happens?")
    expect(hidden).to_be_hidden()
    page.get_by_role("group", name="Are you allergic to anything?").get_by_text("Yes").click()
    expect(hidden).to_be_visible()
    hidden.fill("Penicillin: a rash")
    page.get_by_role("group", name="Do you take any medicines?").get_by_text("No").click()
    look(page, axe, keep, "form-section")
    page.reload()
    expect(page.get_by_label("To what, and what happens?")).to_have_value("Penicillin: a rash")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("section=1"))
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("section=2"))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("page 2 of 3")).to_be_visible()
    look(page, axe, keep, "form-missing")


def sign_by_hand(page: Page) -> None:
    """Draws on the signature's field with the mouse."""
    pad = page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] * 0.7)
    page.mouse.down()
    for n in range(1, 9):
        page.mouse.move(box["x"] + 20 + n * 25, box["y"] + box["height"] * (0.3 if n % 2 else 0.7))
    page.mouse.up()
    assert page.locator("[name=drawn]").input_value().startswith("data:image/png")


def test_messages_papers_and_bills_stand_at_both_widths(
    paula: tuple[Page, Someone], clinic: Clinic, axe: str, keep: Keep
) -> None:
    """A message is written and answered; papers and bills are readable, empty and filled."""
    page, _ = paula
    here = f"/portal/{clinic.tenant}"
    for name in ("messages", "papers", "bills"):
        page.goto(f"{here}/{name}")
        look(page, axe, keep, f"{name}-empty")
    page.goto(f"{here}/messages/new")
    look(page, axe, keep, "message-new")
    page.get_by_label("Subject").fill("A question about my bill")
    page.get_by_label("Message").fill("Was I charged twice for the visit in March?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Was I charged twice")).to_be_visible()
    thread = page.url.rsplit("/", 1)[1]
    clinic.call("POST", f"/v1/threads/{thread}/messages", text="No: the first one was reversed the same day.")
    page.reload()
    expect(page.get_by_text("the first one was reversed")).to_be_visible()
    look(page, axe, keep, "thread")
    page.goto(f"{here}/messages")
    look(page, axe, keep, "messages")
