"""The biller's rules on their pages: drafted in a form, judged, tried on past claims, made live."""

from __future__ import annotations

from tests.console.house import Browser, House

RULES = "/console/billing/rules"
LAB = {
    "rule.key": "lab-notes",
    "rule.name": "Laboratory needs the order",
    "rule.line_tests[0].field": "line.procedure",
    "rule.line_tests[0].operator": "RULE_OPERATOR_STARTS_WITH",
    "rule.line_tests[0].values": "99, 85",
    "rule.actions[0].kind": "RULE_ACTION_KIND_HOLD",
    "rule.actions[0].reason": "the order is missing",
    "rule.examples[0].name": "a blood count",
    "rule.examples[0].payer_code": "AETNA",
    "rule.examples[0].lines[0].procedure": "85025",
    "rule.examples[0].lines[0].charge": "25",
    "rule.examples[0].fires": "true",
    "rule.examples[0].held": "true",
}


def drafted(house: House) -> tuple[Browser, str]:
    """A biller with a draft of one rule, and the draft's address."""
    browser = house.browser("biller").get(RULES)
    browser.post(RULES, name="Ours")
    address = browser.path
    browser.get(f"{address}/rules/new").post(f"{address}/rules/new", **LAB)
    return browser, address


def test_a_rule_is_written_in_a_form_and_shown_in_words(house: House) -> None:
    """What was typed stands on the set's page, its example is run, and the rule can be opened again with it."""
    browser, address = drafted(house)
    assert "Saved." in browser.text, browser.text[-600:]
    assert browser.path == address
    for told in ("Laboratory needs the order", "starts with", "99, 85", "the order is missing", "a blood count"):
        assert told in browser.text
    browser.get(f"{address}/rules/lab-notes")
    assert 'value="the order is missing"' in browser.html
    browser.post(f"{address}/rules/lab-notes", **{"rule.actions[0].reason": "ask for the order"})
    assert "ask for the order" in browser.text
    assert "a blood count" in browser.text


def test_what_is_wrong_with_a_rule_stands_at_its_field(house: House) -> None:
    """A value that does not fit is refused at its input, and what was typed is kept."""
    browser, address = drafted(house)
    wrong = {
        **LAB,
        "rule.key": "bad",
        "rule.actions[0].kind": "RULE_ACTION_KIND_CARVE_OUT",
        "rule.actions[0].value": "NOBODY",
    }
    browser.get(f"{address}/rules/new").post(f"{address}/rules/new", **wrong)
    assert browser.status == 400
    assert "is not the code of a payer" in browser.text
    assert 'value="Laboratory needs the order"' in browser.html


def test_a_set_is_tried_on_past_claims_before_it_goes_live(house: House) -> None:
    """The replay names claims and money; going live retires nothing else; the set cannot be changed any more."""
    browser, address = drafted(house)
    browser.get(f"{address}/replay")
    assert "claims looked at" in browser.text
    browser.get(address).post(f"{address}/publish")
    assert "Live" in browser.text
    assert "Add a rule" not in browser.text
    browser.post(f"{address}/retire")
    assert "Retired" in browser.text


def test_an_example_that_fails_keeps_the_set_from_going_live(house: House) -> None:
    """The page says which example and why."""
    browser = house.browser("biller").get(RULES)
    browser.post(RULES, name="Wrong")
    address = browser.path
    wrong = {name: value for name, value in LAB.items() if not name.endswith(".held")}
    browser.get(f"{address}/rules/new").post(f"{address}/rules/new", **wrong)
    assert "a blood count: the claim is held" in browser.text
    browser.post(f"{address}/publish")
    assert browser.status == 400


def test_a_rule_is_taken_out_and_a_copy_begun(house: House) -> None:
    """Removing leaves the draft; a copy of a set has its rules."""
    browser, address = drafted(house)
    browser.get(RULES).post(RULES, name="Copy", copy_of_id=address.rsplit("/", 1)[1])
    assert "Laboratory needs the order" in browser.text
    copy = browser.path
    browser.post(f"{copy}/rules/lab-notes/remove")
    assert "No rule yet." in browser.text
