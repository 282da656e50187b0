"""A patient prepares a visit and writes to the clinic, on a phone and at a desk; looked over by axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.clinic import Clinic
from tests.browser.conftest import NARROW, WIDE
from tests.browser.patients import Someone, at_the_portal, look, someone
from tests.patient_registry.cases_intake import photo

pytestmark = pytest.mark.browser
Keep = Callable[[Page, str], None]


@pytest.fixture(params=[NARROW, WIDE], ids=["390", "1440"])
def paula(request: Any, chromium: Browser, clinic: Clinic) -> Iterator[tuple[Page, Someone]]:
    """A patient signed in to the portal."""
    who = someone(clinic)
    with at_the_portal(chromium, clinic, who, request.param) as page:
        yield page, who


def test_a_visit_is_prepared_on_a_phone_and_at_a_desk(paula: tuple[Page, Someone], clinic: Clinic, keep: Keep) -> None:
    """Steps, camera, signature drawn by hand, questions that appear when they are asked; then nothing is left to do."""
    page, who = paula
    here = f"/portal/{clinic.tenant}"
    page.goto(here)
    page.get_by_role("link", name="Prepare your visit").click()
    page.wait_for_url(re.compile(f"/prepare/{who.appointment_id}$"))
    look(page, keep, "prepare")
    page.get_by_role("link", name="Begin").click()
    look(page, keep, "contact")
    page.get_by_label("What should we call you?").fill("Pau")
    page.get_by_role("button", name="This is right").click()
    page.wait_for_url(re.compile("/insurance$"))
    look(page, keep, "insurance")
    page.get_by_role("button", name="I pay myself").click()
    page.wait_for_url(re.compile("/card$"))
    look(page, keep, "card")
    picture = {"name": "card.jpg", "mimeType": "image/jpeg", "buffer": photo(1600, 1000)}
    page.locator("#picture-front").set_input_files(picture)
    page.get_by_role("button", name="Send the picture").first.click()
    expect(page.get_by_text("Can everything be read?")).to_be_visible()
    look(page, keep, "card-sent")
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("button", name="I will bring it").click()
    for n in range(3):
        page.wait_for_url(re.compile("/consent/"))
        page.get_by_label("Type your full name").fill("Paula Portal")
        if not n:
            sign_by_hand(page)
            look(page, keep, "consent")
        page.get_by_role("button", name="Sign", exact=True).click()
        page.wait_for_load_state()
    page.wait_for_url(re.compile("/form/health-history$"))
    look(page, keep, "form-begin")
    page.get_by_role("button", name="Begin").click()
    hidden = page.get_by_label("To what, and what happens?")
    expect(hidden).to_be_hidden()
    page.get_by_role("group", name="Are you allergic to anything?").get_by_text("Yes").click()
    expect(hidden).to_be_visible()
    hidden.fill("Penicillin: a rash")
    page.get_by_role("group", name="Do you take any medicines?").get_by_text("No").click()
    look(page, keep, "form-section")
    page.reload()
    expect(page.get_by_label("To what, and what happens?")).to_have_value("Penicillin: a rash")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("section=1"))
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("section=2"))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("page 2 of 3")).to_be_visible()
    look(page, keep, "form-missing")
    page.locator("[name='answers.had_surgery'][value=no]").check()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("section=2"))
    page.locator("[name='answers.tobacco'][value=never]").check()
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(re.compile("/form/reason-for-visit$"))
    page.get_by_role("button", name="Begin").click()
    page.locator("[name='answers.reason']").fill("My knee")
    page.locator("[name='answers.since_accident'][value=no]").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Everything is done.")).to_be_visible()
    look(page, keep, "prepared")
    page.goto(here)
    expect(page.get_by_role("link", name="Prepare your visit")).to_have_count(0)


def sign_by_hand(page: Page) -> None:
    """Draws on the signature's field with the mouse."""
    pad = page.locator("canvas.pad")
    pad.evaluate("each => each.scrollIntoView({block: 'center'})")
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] * 0.7)
    page.mouse.down()
    for n in range(1, 9):
        page.mouse.move(box["x"] + 20 + n * 25, box["y"] + box["height"] * (0.3 if n % 2 else 0.7))
    page.mouse.up()
    assert page.locator("[name=drawn]").input_value().startswith("data:image/png")


def test_messages_papers_and_bills_stand_at_both_widths(
    paula: tuple[Page, Someone], clinic: Clinic, keep: Keep
) -> None:
    """A message is written and answered; papers and bills are readable, empty and filled."""
    page, _ = paula
    here = f"/portal/{clinic.tenant}"
    for name in ("messages", "papers", "bills"):
        page.goto(f"{here}/{name}")
        look(page, keep, f"{name}-empty")
    page.goto(f"{here}/messages/new")
    look(page, keep, "message-new")
    page.get_by_label("Subject").fill("A question about my bill")
    page.get_by_label("Message").fill("Was I charged twice for the visit in March?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Was I charged twice")).to_be_visible()
    thread = page.url.rsplit("/", 1)[1]
    clinic.call("POST", f"/v1/threads/{thread}/messages", text="No: the first one was reversed the same day.")
    page.reload()
    expect(page.get_by_text("the first one was reversed")).to_be_visible()
    look(page, keep, "thread")
    page.goto(f"{here}/messages")
    look(page, keep, "messages")
