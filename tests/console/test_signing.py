"""Signing in and out, switching users, and what a page carries to be safe."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tests.console.house import PASSWORD, House


def test_signing_in_leads_to_where_one_was_going(house: House) -> None:
    """Whoever is not signed in is led to the sign-in page and from there to the page asked for."""
    browser = house.browser()
    browser.get("/console/reports?from=t-7")
    assert browser.path == "/console/sign-in"
    browser.post("/console/sign-in", tenant=house.slug, login="manager", password=PASSWORD)
    assert browser.path == "/console/reports"
    assert browser.status == 200


def test_a_wrong_password_says_so_and_starts_nothing(house: House) -> None:
    """The refusal is shown on the form; no session begins, and the password is not sent back."""
    browser = house.browser().get("/console/sign-in")
    browser.post("/console/sign-in", tenant=house.slug, login="desk", password="wrong wrong")
    assert browser.status == 401
    assert "wrong wrong" not in browser.html
    assert browser.get("/console/today").path == "/console/sign-in"


def test_switching_users_at_one_workstation(house: House) -> None:
    """The next person finds the last ones' names, types a password, and is somebody else from then on; the first session has ended."""
    browser = house.browser("desk")
    first = browser.client.get_cookie("polyclinic_session").value
    browser.get("/console/switch?next=/console/patients")
    assert "Desk" in browser.text
    browser.post("/console/sign-in", tenant=house.slug, login="nurse", password=PASSWORD)
    assert browser.path == "/console/patients"
    browser.get("/console/switch")
    assert "Stay as Nurse" in browser.text
    assert {"Nurse", "Desk"} <= set(re.findall(r"<b>(\w+)</b><small>", browser.html))
    assert browser.client.get_cookie("polyclinic_session").value != first


def test_signing_out_ends_the_session(house: House) -> None:
    """After signing out the pages ask for a sign-in again."""
    browser = house.browser("desk").get("/console/today")
    browser.post("/console/sign-out")
    assert "You are signed out." in browser.text
    assert browser.get("/console/today").path == "/console/sign-in"


def test_a_form_of_another_page_is_refused(house: House) -> None:
    """A change without the session's token in the form does nothing."""
    browser = house.browser("desk")
    answer = browser.client.post(
        "/console/drawer/open", data={"location_id": house.ids["location"], "opening_float": "1"}
    )
    assert answer.status_code == 403
    assert b"CSRF_TOKEN_REQUIRED" in answer.data
    foreign = house.browser().client.post(
        "/console/sign-in", data={"tenant": "a"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 403


def test_pages_allow_no_inline_script_and_are_not_kept(house: House) -> None:
    """The policy allows our own files only, nothing on a page needs more, and no cache keeps it."""
    browser = house.browser("manager")
    for path in (
        "/console/today",
        "/console/patients",
        "/console/calendar",
        "/console/billing",
        "/console/settings",
        "/console/components",
    ):
        browser.get(path)
        assert browser.status == 200, path
        policy = browser.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert browser.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", browser.html), path


def test_assets_are_named_by_their_content(house: House) -> None:
    """Styles and scripts are served from here under hashed names that a browser may keep for ever."""
    browser = house.browser().get("/console/sign-in")
    links = re.findall(r'(?:href|src)="(/assets/web/[^"]+)"', browser.html)
    assert len(links) >= 4
    for link in links:
        answer = browser.client.get(link)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    assert browser.client.get("/assets/web/manifest.json").status_code == 404


def test_the_first_load_is_light(house: House) -> None:
    """Page, styles and scripts together stay under 250 kB compressed."""
    import gzip

    browser = house.browser("desk").get("/console/today")
    links = set(re.findall(r'(?:href|src)="(/assets/web/[^"]+)"', browser.html))
    size = len(gzip.compress(browser.html.encode())) + sum(
        len(gzip.compress(browser.client.get(link).data)) for link in links
    )
    assert size < 250_000


def test_the_language_is_kept(house: House) -> None:
    """A browser that asks for Spanish gets it; a person's own choice stays in the browser."""
    browser = house.browser("desk", language="es-MX,es;q=0.9").get("/console/today")
    assert 'lang="es"' in browser.html
    assert "Pacientes" in browser.text
    browser.post("/console/language", language="en")
    assert "Patients" in browser.get("/console/today").text


def test_leading_on_stays_inside(house: House) -> None:
    """The address to go on to after signing in cannot lead to another site."""
    browser = house.browser().get("/console/sign-in?next=https://elsewhere.example")
    browser.post("/console/sign-in", tenant=house.slug, login="desk", password=PASSWORD)
    assert browser.path.startswith("/console/")
    answer = house.browser().client.get("/console/sign-in?next=//elsewhere.example")
    assert "elsewhere" not in unquote(answer.get_data(as_text=True))


def test_htmx_is_led_to_the_sign_in_page(house: House) -> None:
    """A part that is fetched after the session's end takes the whole page to the sign-in."""
    answer = house.browser().client.get(
        "/console/today",
        headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/console/today?show=waiting"},
    )
    assert answer.headers["HX-Redirect"].startswith("/console/sign-in?next=/console/today")


def test_a_changed_password_is_the_one_that_works(house: House) -> None:
    """One changes one's own password with the old one, and signs in with the new one."""
    house.api()("POST", "/v1/users", login="changer", name="Changer", password=PASSWORD, roles=["ROLE_NURSE"])
    browser = house.browser("changer").get("/console/password")
    browser.post("/console/password", old_password="not this one", new_password="another horse battery")
    assert browser.status in (400, 401)
    browser.get("/console/password").post(
        "/console/password", old_password=PASSWORD, new_password="another horse battery"
    )
    assert "sign in with the new one" in browser.text
    browser.sign_in("changer", "another horse battery")
    assert browser.path.startswith("/console/")


def place_of(html: str) -> str:
    """The location that stands in the bar."""
    found = re.search(r'<summary><svg.*?</svg><span class="word">([^<]+)</span><span class="zone"', html, re.DOTALL)
    return found[1] if found else ""


def test_everybody_opens_at_their_own_location(house: House) -> None:
    """A clinician begins where they see patients; what one person chose is not the next one's, and is theirs again later."""
    call = house.api()
    account = call("POST", "/v1/users", login="mesa-doc", name="Mesa Doc", password=PASSWORD, roles=["ROLE_CLINICIAN"])
    call(
        "POST",
        "/v1/practitioners",
        name={"family": "Begay", "given": "Dana"},
        credential="MD",
        npi="1679576722",
        taxonomy="207Q00000X",
        location_ids=[house.ids["other_location"]],
        licences=[{"state": "AZ", "number": "B2", "valid_from": {"year": 2026, "month": 1, "day": 1}}],
        account_id=account["account_id"],
        active=True,
    )
    browser = house.browser("mesa-doc").get("/console/today")
    assert place_of(browser.html) == "Mesa"
    browser.get(f"/console/today?location={house.ids['location']}")
    assert place_of(browser.get("/console/today").html) == "Harbor"
    browser.sign_in("desk").get(f"/console/today?location={house.ids['other_location']}")
    assert place_of(browser.get("/console/today").html) == "Mesa"
    browser.sign_in("mesa-doc")
    assert place_of(browser.get("/console/today").html) == "Harbor"
