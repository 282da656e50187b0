"""Payers and price lists, as a manager keeps them."""

from __future__ import annotations

from io import BytesIO

from tests.console.house import Browser, House

RULES = {
    "rules[0].effective.start": "1/1/2026",
    "rules[0].timely_filing_days": "180",
    "rules[0].corrected_filing_days": "90",
    "rules[0].silence_alarm_days": "30",
    "rules[0].claim_provider": "CLAIM_PROVIDER_RENDERING",
}
IMPORT = "/console/settings/fees/import"


def add_payer(house: House, code: str) -> Browser:
    """A new payer, made on the page."""
    browser = house.browser("manager").get("/console/settings/payers/new")
    fields = {
        "code": code,
        "name": "Bay Health",
        "kind": "PAYER_KIND_COMMERCIAL",
        "x12_payer_id": "BH001",
        "filing_indicator": "CI",
        "active_from": "1/1/2026",
    }
    return browser.post("/console/settings/payers/new", **fields, **RULES)


def test_a_payer_is_added_and_its_rules_change_from_a_day_on(house: House) -> None:
    """A second period of rules is added and the first left out again; each time the payer has what the page showed."""
    browser = add_payer(house, "BAY1")
    assert "Saved." in browser.text
    path = "/console/settings/payers/BAY1"
    assert browser.path == path
    second = {name.replace("[0]", "[1]"): value for name, value in RULES.items()} | {
        "rules[1].effective.start": "7/1/2026",
        "rules[1].timely_filing_days": "95",
    }
    browser.post(path, **{"rules[0].effective.end": "6/30/2026"}, **second)
    assert "Saved." in browser.text, browser.text[-400:]
    rules = house.api()("GET", "/v1/payers/BAY1")["rules"]
    assert [each["timely_filing_days"] for each in rules] == [180, 95]
    browser.get(path).post(path, leave_out="1", **{"rules[0].effective.end": ""})
    assert "Saved." in browser.text
    assert [each["timely_filing_days"] for each in house.api()("GET", "/v1/payers/BAY1")["rules"]] == [180]


def test_what_is_wrong_with_a_payer_stands_at_its_field(house: House) -> None:
    """Days that are none and periods that overlap are refused, with what was typed kept."""
    add_payer(house, "BAY2")
    path = "/console/settings/payers/BAY2"
    browser = house.browser("manager").get(path)
    browser.post(path, **{"rules[0].timely_filing_days": "5000", "name": "Bay Mutual"})
    assert browser.status == 400
    assert 'id="rules-0-timely_filing_days-wrong"' in browser.html
    assert 'value="Bay Mutual"' in browser.html
    assert house.api()("GET", "/v1/payers/BAY2")["name"] == "Bay Health"


def test_payers_are_found_and_given_out_as_a_file(house: House) -> None:
    """The list is searched by code or name and comes as CSV."""
    add_payer(house, "BAY3")
    browser = house.browser("biller").get("/console/settings/payers?q=bay3")
    assert "BAY3" in browser.text
    assert "COMM1" not in browser.text
    assert "Nothing here fits what you asked for." in browser.get("/console/settings/payers?q=nobody").text
    assert "COMM1,Harbor Mutual,Commercial,HM001" in browser.get("/console/settings/payers?format=csv").html


def send(browser: Browser, content: bytes, then: str, **more: str) -> Browser:
    """Sends the import's form with a file."""
    values = {name: value[0] for name, value in browser.get(IMPORT).fields(IMPORT).items() if name != "file"}
    values |= {"code": "BLUE-26", "name": "Blue 2026", "kind": "FEE_SCHEDULE_KIND_CONTRACT", "payer_code": "COMM1"}
    values |= {"effective_from": "2/1/2026", "then": then} | more
    answer = browser.client.post(IMPORT, data=values | {"file": (BytesIO(content), "blue.csv")}, follow_redirects=True)
    browser.html, browser.status, browser.path = answer.get_data(as_text=True), answer.status_code, answer.request.path
    return browser


def test_a_price_list_is_tried_then_taken(house: House) -> None:
    """A file is looked at first and changes nothing; its bad rows are said and given back; mended it is taken."""
    browser = house.browser("manager")
    bad = b"procedure,amount\n99213,101.50\n9921,10\n"
    send(browser, bad, "try")
    assert "1 row cannot be used" in browser.text
    assert house.api()("GET", "/v1/fee-schedules?code=BLUE-26").get("fee_schedules", []) == []
    assert "9921" in send(browser, bad, "rows").html
    send(browser, b"procedure,amount\n99213,101.50\n99214,140\n", "try")
    assert "Every row can be used." in browser.text
    send(browser, b"procedure,amount\n99213,101.50\n99214,140\n", "take")
    assert "2 prices are in force." in browser.text
    assert "$140.00" in browser.text
    browser.get(IMPORT).post(IMPORT, code="X", name="X", then="try")
    assert browser.status == 400
    assert 'id="file-wrong"' in browser.html


def test_single_prices_change_from_a_day_on(house: House) -> None:
    """A typed price makes the next version of the list; the version before keeps its own, and a code that is not there is said."""
    add_payer(house, "BAY4")
    content = b"procedure,amount\n99213,90\n99214,120\n"
    browser = send(house.browser("manager"), content, "take", code="GREEN", payer_code="BAY4")
    path = browser.path
    browser.post(path, **{"change[0].procedure": "99213", "change[0].amount": "ninety"})
    assert browser.status == 400
    assert 'aria-invalid="true"' in browser.html
    typed = {"change[0].procedure": "99213", "change[0].amount": "95.25", "change[1].procedure": "99214"}
    browser.get(path).post(path, effective_from="t+30", **typed)
    assert "The new prices are in force from then on." in browser.text
    assert "$95.25" in browser.text
    assert "99214" not in browser.text
    assert "$90.00" in browser.get(path).text


def test_a_biller_reads_prices_and_payers_only(house: House) -> None:
    """Who may not change them is shown no button, and is refused all the same."""
    browser = house.browser("desk").get("/console/settings/payers/COMM1")
    assert browser.status in (200, 403)
    assert "Save" not in browser.text
    answer = browser.client.post("/console/settings/payers/COMM1", data=browser.token | {"name": "Mine"})
    assert answer.status_code == 403
