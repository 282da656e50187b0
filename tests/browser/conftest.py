"""Chromium on a running, seeded system: one stack for all browser tests, with a clinic day of today in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from infra.local.passwords import Secrets
from infra.local.plan import OFFSETS
from infra.local.seed import seed_demo
from infra.local.stack import Stack
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser.clinic import Clinic

SHOTS = Path(__file__).resolve().parents[2] / "out" / "screens"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """The demo system with visits around now; ``POLYCLINIC_BROWSER_URL`` takes one that runs already and has them (with its data
    folder in ``POLYCLINIC_BROWSER_DATA`` the relay's secret is known too)."""
    running = os.environ.get("POLYCLINIC_BROWSER_URL")
    if running:
        data = os.environ.get("POLYCLINIC_BROWSER_DATA")
        secret = Secrets(Path(data) / "secrets.json").get("turn") if data else ""
        yield Clinic(running, turn_port=int(running.rsplit(":", 1)[1]) + OFFSETS["turn"], turn_secret=secret)
        return
    # Who is silent in a video visit has dropped after seconds here, not after a minute and a half.
    os.environ.setdefault("POLYCLINIC_HEARTBEAT_SECONDS", "4")
    os.environ.setdefault("POLYCLINIC_PRESENCE_TIMEOUT_SECONDS", "20")
    stack = Stack(tmp_path_factory.mktemp("stack"), durable=False)
    stack.start()
    try:
        list(seed_demo(stack))
        yield Clinic(stack.url, turn_port=stack.plan.ports["turn"], turn_secret=stack.plan.secrets.get("turn"))
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of every browser; there can be one in a process."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def desk(chromium: Browser, clinic: Clinic) -> Iterator[Callable[..., Page]]:
    """Makes signed-in pages; a test fails at its end on anything a page complained of in its console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def sign_in(login: str = "desk-harbor", *, narrow: bool = False, language: str = "en-US") -> Page:
        context = chromium.new_context(viewport=NARROW if narrow else WIDE, locale=language, base_url=clinic.url)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text) if message.type == "error" and "400" not in message.text else None
            ),
        )
        page.goto("/console/sign-in")
        page.fill("#tenant", clinic.tenant)
        page.fill("#login", login)
        page.fill("#password", clinic.password)
        page.press("#password", "Enter")
        page.wait_for_url(re.compile(r"/console/(?!sign-in)"))
        # The browser keeps where one works.
        page.goto(f"/console/today?location={clinic.harbor['location_id']}")
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert [each for each in complaints if "ERR_FAILED" not in each] == []  # what a test itself cuts off


@pytest.fixture
def keep() -> Callable[[Page, str], None]:
    """Keeps a screenshot for a person to look at."""

    def shoot(page: Page, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        size = page.viewport_size or WIDE
        page.screenshot(path=SHOTS / f"{name}-{size['width']}.png", full_page=True)

    return shoot
