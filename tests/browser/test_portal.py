"""The portal in Chromium: a patient's journey on a phone and at a desk, and the clinic's public page, with axe at each step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from infra.assets import packages
from playwright.sync_api import Browser, Page, expect

from tests.browser.clinic import Clinic
from tests.browser.conftest import NARROW, WIDE

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(chromium: Browser, clinic: Clinic) -> Iterator[Callable[..., Page]]:
    """Makes pages of a browser of its own; a test fails at its end on anything a page complained of in its console."""
    contexts, complaints = [], []

    def open_page(*, narrow: bool = True, language: str = "en-US") -> Page:
        context = chromium.new_context(viewport=NARROW if narrow else WIDE, locale=language, base_url=clinic.url)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def looked_at(page: Page, keep: Callable[[Page, str], None], name: str) -> None:
    """Keeps a picture, and asks axe whether anybody is left out; nothing is wider than the screen."""
    keep(page, f"portal-{name}")
    page.evaluate((Path(packages()) / "axe-core" / "axe.min.js").read_text())
    found = page.evaluate(
        "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
    )
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]] == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name


@pytest.mark.parametrize("narrow", [True, False], ids=["390", "1440"])
def test_a_patient_books_moves_and_cancels(
    phone: Callable[..., Page], clinic: Clinic, keep: Callable[[Page, str], None], narrow: bool
) -> None:
    """Sign in, look around, find a time, see it held while the minutes run, book, move, cancel, sign out."""
    page = phone(narrow=narrow)
    here = f"/portal/{clinic.tenant}"
    page.goto(f"{here}/sign-in")
    looked_at(page, keep, "sign-in")
    page.locator("summary", has_text="With a password").click()
    page.fill("#login", "patient")
    page.fill("#password", clinic.password)
    page.press("#password", "Enter")
    page.wait_for_url(re.compile(rf"{here}$"))
    looked_at(page, keep, "home")
    page.goto(f"{here}/visits")
    looked_at(page, keep, "visits")
    page.goto(f"{here}/book")
    looked_at(page, keep, "kinds")
    page.locator(".choice.big").first.click()
    expect(page.locator(".slot").first).to_be_visible()
    looked_at(page, keep, "times")
    page.locator(".slot").last.click()
    timer = page.locator("hold-timer [data-left]")
    expect(timer).to_have_text(re.compile(r"^[45]:\d\d$"))
    looked_at(page, keep, "confirm")
    page.get_by_role("button", name="I need more time").click()
    expect(timer).to_have_text(re.compile(r"^[45]:\d\d$"))
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("status")).to_contain_text("Your visit is booked.")
    looked_at(page, keep, "visit")
    visit = page.url
    page.get_by_role("link", name="Another time").click()
    looked_at(page, keep, "move")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator(".slot").last.click()
    expect(page.get_by_role("status")).to_contain_text("Moved")
    page.goto(f"{visit}/cancel")
    looked_at(page, keep, "cancel")
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("status")).to_contain_text("is cancelled")
    for path in ("details", "preferences", "family", "waitlist", "password"):
        page.goto(f"{here}/{path}")
        looked_at(page, keep, path)
    page.locator("summary", has=page.locator("svg")).first.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("sign-in"))


@pytest.mark.parametrize("narrow", [True, False], ids=["390", "1440"])
def test_anybody_reads_the_clinics_page(
    phone: Callable[..., Page], clinic: Clinic, keep: Callable[[Page, str], None], narrow: bool
) -> None:
    """The clinic's page stands without sign-in, in both languages, and leads to booking by way of the sign-in."""
    page = phone(narrow=narrow)
    page.goto(f"/clinics/{clinic.tenant}")
    looked_at(page, keep, "clinic")
    page.get_by_role("link", name="Español").click()
    looked_at(page, keep, "clinic-es")
    page.get_by_role("link", name="Reservar ahora").click()
    page.wait_for_url(re.compile(r"/sign-in\?next="))
    assert page.locator("#birth_date").is_visible()
