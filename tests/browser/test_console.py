"""The console as people use it: by keys, live, on a phone, after a session's end; looked over by axe."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from infra.assets import packages
from playwright.sync_api import Page, expect

from tests.browser.clinic import Clinic

pytestmark = pytest.mark.browser
Desk = Callable[..., Page]
Keep = Callable[[Page, str], None]

PAGES = {
    "today": "/console/today",
    "calendar": "/console/calendar",
    "week": "/console/calendar?view=week",
    "rooms": "/console/calendar?by=room",
    "patients": "/console/patients",
    "register": "/console/patients/new",
    "drawer": "/console/drawer",
    "my-day": "/console/my-day",
    "billing": "/console/billing",
    "work": "/console/billing/work",
    "claims": "/console/billing/claims",
    "remittances": "/console/billing/remittances",
    "aging": "/console/billing/aging",
    "missing": "/console/billing/missing",
    "denials": "/console/billing/denials",
    "follow-ups": "/console/billing/follow-ups",
    "claim-rules": "/console/billing/rules",
    "files": "/console/billing/files",
    "reports": "/console/reports",
    "reports-day": "/console/reports/day",
    "reports-months": "/console/reports/months",
    "journals": "/console/reports/journals?from=t-30&to=t",
    "inbox": "/console/messages",
    "settings": "/console/settings",
    "locations": "/console/settings/locations",
    "people": "/console/settings/people",
    "types": "/console/settings/types",
    "hours": "/console/settings/hours",
    "payers": "/console/settings/payers",
    "fees": "/console/settings/fees",
    "fee-import": "/console/settings/fees/import",
    "holidays": "/console/settings/holidays",
    "pools": "/console/settings/pools",
    "forms": "/console/settings/forms",
    "consents": "/console/settings/consents",
    "clinic": "/console/settings/clinic",
    "texts": "/console/settings/texts",
    "users": "/console/settings/users",
    "roles": "/console/settings/roles",
    "programs": "/console/settings/programs",
    "audit": "/console/settings/audit",
    "components": "/console/components",
    "password": "/console/password",
}
PATIENT = {
    "overview": "",
    "details": "/edit",
    "insurance": "/coverage",
    "visits": "/visits",
    "messages": "/messages",
    "message-new": "/messages/new",
    "log": "/messages/log",
    "documents": "/documents",
    "account": "/account",
    "pay": "/pay",
    "looked": "/looked",
}
# Lists whose first entry is opened: a page of its own kind.
ENTRIES = ("locations", "people", "types", "payers", "fees", "texts", "users", "programs", "pools", "forms", "consents")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, from the locked packages."""
    return Path(packages() / "axe-core" / "axe.min.js").read_text()


def look_over(page: Page, axe: str) -> list[str]:
    """What axe finds wrong with a page, one line each."""
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    return [f"{each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"][:3]]


def first_entry(page: Page, path: str) -> str:
    """The address of the first entry of a list; "" of an empty one."""
    page.goto(path)
    found = page.locator(f"main a[href^='{path}/']:not([href$='/new']):not([href$='/import'])")
    return str(found.first.get_attribute("href")) if found.count() else ""


def a_patient(clinic: Clinic) -> str:
    """A patient with a visit today."""
    return str(
        clinic.call("GET", f"/v1/locations/{clinic.harbor['location_id']}/day")["visits"][0]["appointment"][
            "patient_id"
        ]
    )


@pytest.mark.parametrize("narrow", [False, True], ids=["1440", "390"])
def test_every_page_is_accessible_and_fits(desk: Desk, clinic: Clinic, axe: str, keep: Keep, narrow: bool) -> None:
    """No page has an accessibility violation, none is wider than its window, at a desk and on a phone; a picture of each is kept."""
    page = desk("owner", narrow=narrow)
    base = f"/console/patients/{a_patient(clinic)}"
    wrong = []
    patient = {f"patient-{name}": base + path for name, path in PATIENT.items()}
    entries = {f"{name}-entry": first_entry(page, PAGES[name]) for name in ENTRIES}
    for name, path in {**PAGES, **patient, **{name: path for name, path in entries.items() if path}}.items():
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        page.wait_for_timeout(150)
        keep(page, name)
        wrong += [f"{name} {each}" for each in look_over(page, axe)]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append(f"{name} is wider than the window")
    assert wrong == [], "\n".join(wrong)


def test_a_visit_is_booked_by_keys_alone(desk: Desk, clinic: Clinic) -> None:
    """Slash, the name, down, Enter finds the patient; then four keys book: B, the kind, the time, Enter."""
    page = desk()
    page.goto("/console/today")
    page.keyboard.press("/")
    page.keyboard.type("m,", delay=30)
    page.wait_for_selector("#found a")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/console/patients/[0-9a-f-]{36}$"))
    page.keyboard.press("b")
    page.wait_for_url(re.compile(r"/console/book\?"))
    page.keyboard.press("1")
    page.wait_for_url(re.compile(r"/console/book/times\?"))
    page.keyboard.press("1")
    expect(page.locator("[data-until]")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/console/patients/[0-9a-f-]{36}$"))
    expect(page.locator(".flash")).to_contain_text("Booked.")


def test_two_desks_see_each_other_s_steps(desk: Desk) -> None:
    """One desk arrives a patient by A; the other's board shows it without a reload, and Z takes it back."""
    mine, theirs = desk(), desk("owner")
    mine.goto("/console/today?show=expected")
    theirs.goto("/console/today")
    expect(mine.locator(".live")).to_have_attribute("data-state", "on")
    expect(theirs.locator(".live")).to_have_attribute("data-state", "on")
    mine.keyboard.press("j")
    row = mine.locator("tr.current")
    where = row.get_attribute("id")
    mine.keyboard.press("a")
    expect(theirs.locator(f"#{where}")).to_contain_text("Arrived", timeout=8000)
    mine.goto("/console/today?show=waiting")
    mine.locator(f"#{where}").focus()
    mine.locator(f"#{where} details.more summary").click()
    mine.locator(f"#{where}").get_by_role("button", name="Undo the last step").click()
    expect(theirs.locator(f"#{where}")).to_contain_text(re.compile("Booked|Confirmed"), timeout=8000)


def test_what_was_typed_survives_the_end_of_a_session(desk: Desk, clinic: Clinic) -> None:
    """The session ends while a form is being filled; after signing in again everything typed is there."""
    page = desk("owner")
    page.goto("/console/patients/new")
    page.fill("[name='name.family']", "Halfway")
    page.fill("[name='name.given']", "Hanna")
    page.fill("[name='birth_date']", "040591")
    page.fill("[name='phone']", "2125550123")
    page.context.clear_cookies(name="polyclinic_session")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile("/console/sign-in"))
    page.fill("#tenant", clinic.tenant)
    page.fill("#login", "owner")
    page.fill("#password", clinic.password)
    page.press("#password", "Enter")
    page.wait_for_url(re.compile("/console/patients/new"))
    expect(page.locator("[name='name.family']")).to_have_value("Halfway")
    expect(page.locator("[name='name.given']")).to_have_value("Hanna")
    expect(page.locator("[data-restored]")).to_be_visible()


def test_the_desk_of_a_visit_by_keys(desk: Desk, keep: Keep) -> None:
    """From the board P opens the desk; the drawer is opened, money is taken with Ctrl-Enter, and the receipt is one key away."""
    page = desk()
    page.goto("/console/today?show=waiting")
    page.keyboard.press("j")
    page.keyboard.press("p")
    page.wait_for_url(re.compile("/arrive$"))
    keep(page, "arrive")
    if page.get_by_role("button", name="Open my drawer").is_visible():
        page.get_by_role("button", name="Open my drawer").click()
        page.wait_for_url(re.compile("/arrive$"))
    page.fill("#amount", "20")
    page.select_option("#method", "PAYMENT_METHOD_CASH")
    page.locator("[data-key='ctrl-enter']").click()
    page.wait_for_url(re.compile("/console/payments/"))
    expect(page.locator("main")).to_contain_text("Received")
    keep(page, "payment")
    receipt = page.locator("[data-key='r']").get_attribute("href")
    answer = page.request.get(str(receipt))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF")


def test_spanish_from_the_first_page(desk: Desk, keep: Keep) -> None:
    """A browser in Spanish is answered in Spanish, dates included."""
    page = desk(language="es-US")
    page.goto("/console/today")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator(".side")).to_contain_text("Calendario")
    keep(page, "today-es")


def test_a_lost_stream_is_said(desk: Desk) -> None:
    """When the live connection is lost the board says so."""
    page = desk("owner")
    page.route("**/stream", lambda route: route.abort())
    page.goto("/console/today")
    expect(page.locator(".live")).to_have_attribute("data-state", "off", timeout=12000)
    page.unroute_all()
