"""Charges that somebody looks at before they are posted: rules, queue, approval, return."""

from __future__ import annotations

import re

import pytest

from tests.console.house import Browser, House, patient, visit

QUEUE, RULES = "/console/billing/reviews", "/console/settings/review-rules"


@pytest.fixture(scope="module")
def rule(house: House) -> str:
    """A rule, made on its page, that holds visits about counselling: no other test's."""
    browser = house.browser("biller").get(f"{RULES}/new")
    browser.post(f"{RULES}/new", name="Counselling", diagnoses="Z71", effective__start="01/01/2026")
    assert "Saved; visits signed from now on are asked about it." in browser.text
    assert "Counselling" in browser.text
    return "Counselling"


def held(house: House, family: str) -> Browser:
    """The clinician after signing a visit that the rule holds."""
    seen = visit(house, patient(house, family, "Cal"), "checkIn", "seen")["appointment_id"]
    browser = house.browser("doctor").get(f"/console/visits/{seen}/superbill")
    codes = {"lines[0].procedure": "99213", "lines[0].units": "1", "lines[0].diagnosis_pointers": "1"}
    browser.post(browser.path, **{"diagnoses[0]": "Z71.3", "then": "sign"}, **codes)
    assert "somebody looks at the charges" in browser.text
    house.carry()
    return browser.get(f"/console/visits/{seen}/superbill")


def review_of(browser: Browser, name: str) -> str:
    """The address of the review of the patient's visit, from the queue."""
    row = next(row for row in browser.get(f"{QUEUE}?q={name}").html.split("<tr data-row")[1:] if name in row)
    found = re.search(rf'href="({QUEUE}/[0-9a-f-]{{36}})"', row)
    assert found
    return found[1]


def test_an_approved_visit_is_charged(house: House, rule: str) -> None:
    """A held visit shows its codes and what it would cost; approved it is charged and has left the queue."""
    superbill = held(house, "Approve")
    assert "In review" in superbill.text
    assert "A rule holds this visit" in superbill.text
    browser = house.browser("biller")
    path = review_of(browser, "Approve")
    browser.get(path)
    for told in ("Counselling", "Z71.3", "99213", "$155.00", "Okafor"):
        assert told in browser.text or told in browser.html, told
    browser.post(f"{path}/approve", note="fine")
    assert "Approved; the charges are posted." in browser.text
    assert "Cal Approve" not in browser.get(QUEUE).text
    assert "Cal Approve" in browser.get(f"{QUEUE}?state=2").text
    assert "$155.00" in superbill.get(superbill.path).text
    stale = browser.get(path)
    assert "Approved" in stale.text
    assert f'action="{path}/approve"' not in stale.html


def test_a_returned_visit_is_open_again(house: House, rule: str) -> None:
    """Without a word of what is to be done nothing is given back; with one the visit is open and a work item names it."""
    superbill = held(house, "Return")
    browser = house.browser("biller")
    path = review_of(browser, "Return")
    browser.get(path).post(f"{path}/return", reason="")
    assert browser.status == 400
    assert 'id="reason-wrong"' in browser.html
    browser.get(path).post(f"{path}/return", reason="the modifier is missing")
    assert "Given back to be coded anew." in browser.text
    assert "To be signed" in superbill.get(superbill.path).text
    assert "Charges to code anew" in browser.get("/console/billing/work").text


def test_nobody_approves_what_they_signed(house: House, rule: str) -> None:
    """Who signed a visit and may approve charges is told that somebody else does, and is refused all the same."""
    seen = visit(house, patient(house, "Own", "Cal"), "checkIn", "seen")["appointment_id"]
    call = house.api()
    encounter = call("GET", f"/v1/encounters?appointment_ids={seen}")["encounters"][0]
    at = f"/v1/encounters/{encounter['encounter_id']}"
    line = {"procedure": "99213", "units": 1, "diagnosis_pointers": [1]}
    coded = call("POST", f"{at}:saveCodes", diagnoses=["Z71.3"], lines=[line], version=encounter["version"])
    call("POST", f"{at}:sign", version=coded["version"])
    browser = house.browser("owner")
    path = review_of(browser, "Own")
    assert "somebody else approves its charges" in browser.get(path).text
    refused = browser.client.post(f"{path}/approve", data=browser.token)
    assert refused.status_code == 409
    assert call("GET", at)["state"] == "ENCOUNTER_STATE_IN_REVIEW"


def test_a_rule_that_asks_nothing_is_refused(house: House) -> None:
    """A rule names at least one thing; a wrong range of codes is said at its field, and what was typed stays."""
    browser = house.browser("biller").get(f"{RULES}/new")
    browser.post(f"{RULES}/new", name="All", effective__start="01/01/2026")
    assert browser.status == 400
    browser.get(f"{RULES}/new").post(f"{RULES}/new", name="Odd", effective__start="01/01/2026", procedures="99215 9x")
    assert browser.status == 400
    assert 'id="procedures-wrong"' in browser.html
    assert 'value="99215 9x"' in browser.html


def test_a_rule_is_changed_and_found(house: House, rule: str) -> None:
    """A rule opens with what it names; ended it is found among those that are over."""
    browser = house.browser("biller").get(RULES)
    path = re.search(rf'href="({RULES}/[0-9a-f-]{{36}})"[^>]*>{rule}', browser.html)
    assert path
    browser.get(path[1])
    assert browser.fields(path[1])["diagnoses"] == ["Z71"]
    browser.post(path[1], name="Counselling, sampled", sample_percent="50")
    assert "50 of a hundred" in browser.text
    browser.get(path[1]).post(path[1], name="Counselling", sample_percent="", effective__end="01/02/2026")
    assert "Counselling" in browser.get(f"{RULES}?state=over").text
    assert "Counselling" not in browser.get(f"{RULES}?state=live").text
