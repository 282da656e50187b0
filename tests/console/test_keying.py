"""The payment grid and what follows a payer's answer: lines to the cent, denials with owner, letters and deadline."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.console.house import Browser, House, patient
from tests.console.test_money import insured_visit, sign

PATH = "/console/billing/payments/new"


@pytest.fixture
def claim(house: House) -> dict[str, Any]:
    """A claim of $155.00 that is on its way to the payer."""
    patient_id = patient(house, "Payable", "Pam")
    sign(house, insured_visit(house, patient_id))
    house.api()("POST", "/v1/claim-batches", payer_code="COMM1")
    house.carry()
    found: dict[str, Any] = house.api()("GET", f"/v1/claims?patient_id={patient_id}")["claims"][0]
    return found


def grid(house: House, claim: dict[str, Any]) -> Browser:
    """The grid with the claim in it, found by its number."""
    browser = house.browser("biller").get("/console/billing/remittances")
    assert PATH in browser.html
    head = {"payer_code": "COMM1", "method": "CHK", "trace": f"CK{claim['control']}", "paid_on": "t", "payment": "100"}
    return browser.get(PATH).post(PATH, **head, find=claim["control"], then="find")


def test_a_paper_answer_is_keyed_to_zero(house: House, claim: dict[str, Any]) -> None:
    """What does not balance is said at its line and posts nothing; when it does, the payment is posted and the claim is paid."""
    browser = grid(house, claim)
    assert claim["control"] in browser.text
    assert "Payable, Pam" in browser.text
    line = "claims[0].lines[0]."
    typed = {f"{line}allowed": "120", f"{line}paid": "100", f"{line}contractual": "35"}
    browser.post(PATH, **typed, then="check")
    assert browser.status == 400
    assert 'value="35"' in browser.html
    assert "wrong" in browser.html
    browser.post(PATH, **typed, **{f"{line}copay": "20"}, then="check")
    assert "Everything balances." in browser.text, browser.text[-900:]
    assert house.api()("GET", f"/v1/remittances?trace=CK{claim['control']}").get("remittances", []) == []
    browser.post(PATH, **typed, **{f"{line}copay": "20"}, then="post")
    assert "Posted: every line, to the cent." in browser.text
    house.carry()
    house.harnesses["billing"].run_due()
    paid = house.api()("GET", f"/v1/claims/{claim['claim_id']}")
    assert (paid["state"], paid["paid"]["minor_units"]) == ("paid", "10000")


def test_a_claim_is_found_by_its_patient_and_taken_out_again(house: House, claim: dict[str, Any]) -> None:
    """The patient's name leads to the claim, an unknown one to a word; × takes the claim out and keeps the others' places."""
    browser = grid(house, claim)
    browser.post(PATH, then="out 0")
    assert "data-line" not in browser.html
    assert f'value="CK{claim["control"]}"' in browser.html
    browser.post(PATH, find="payable,pam", then="find")
    assert "Which claim?" in browser.text
    browser.post(PATH, then=f"add {claim['claim_id']}")
    assert "data-line" in browser.html
    browser.get(PATH).post(PATH, payer_code="COMM1", find="nobody at all", then="find")
    assert "No open claim is found" in browser.text


def test_a_refused_line_is_a_denial_with_an_owner(house: House, claim: dict[str, Any]) -> None:
    """A line that is refused whole comes up among the denials; it is taken, a letter is written and sent, and it is closed with a word."""
    browser = grid(house, claim)
    line = "claims[0].lines[0].others[0]."
    refused = {
        f"{line}group": "CO",
        f"{line}reason_code": "50",
        f"{line}amount": "155",
        "payment": "0",
        "method": "NON",
    }
    browser.post(PATH, **refused, then="post")
    assert "Posted" in browser.text, browser.text[-900:]
    house.carry()
    house.harnesses["billing"].run_due()
    browser.get("/console/billing/denials?family=medical_necessity")
    link = re.search(rf'href="(/console/billing/denials/[0-9a-f-]{{36}})"[^>]*>{claim["control"]}<', browser.html)
    assert link, browser.text
    path = link[1]
    browser.get(path)
    assert "not held necessary" in browser.text
    browser.post(f"{path}/assign", owner_id=house.ids["biller"])
    assert "You" in browser.text
    browser.post(f"{path}/appeal")
    letter = re.search(rf'href="({path}/letters/[0-9a-f-]+)"', browser.html)
    assert letter
    assert browser.client.get(letter[1]).data.startswith(b"%PDF")
    browser.post(f"{path}/send", how="fax 212 555 0199")
    assert "Appealed" in browser.text
    browser.post(f"{path}/resolve", state="upheld", note="x")
    assert browser.status == 400
    browser.get(path).post(f"{path}/resolve", state="upheld", note="the payer keeps to it")
    assert "Done." in browser.text
    assert claim["control"] not in house.browser("biller").get("/console/billing/denials").text
    assert claim["control"] in house.browser("biller").get("/console/billing/denials?state=closed&format=csv").html


def test_a_claim_is_followed_up(house: House, claim: dict[str, Any]) -> None:
    """A note of a call says what is next, by whom and when; the claim comes up in the follow-ups, and many are put off at once."""
    path = f"/console/billing/claims/{claim['claim_id']}"
    browser = house.browser("biller").get(path)
    said = {"text": "Ana at the payer: still pending", "channel": "CLAIM_NOTE_CHANNEL_CALL", "reference": "CALL-77"}
    browser.post(f"{path}/note", **said, next_action="Call again", next_action_on="t", owner_id=house.ids["biller"])
    assert "Noted." in browser.text
    assert "still pending" in browser.text
    assert "CALL-77" in browser.text
    follow = "/console/billing/follow-ups"
    browser.get(f"{follow}?owner=me&due=today")
    assert claim["control"] in browser.text
    ticked = {name: value[0] for name, value in browser.fields(follow).items()}
    ticked |= {"claim_ids[0]": claim["claim_id"], "action": "CLAIM_ACTION_FOLLOW_UP", "next_action": "Appeal"}
    answer = browser.client.post(follow, data=ticked | {"next_action_on": "t+14"}, follow_redirects=True)
    assert "1 claims done." in answer.get_data(as_text=True)
    assert "Appeal" in browser.get(path).text
    assert claim["control"] not in browser.get(f"{follow}?due=today").text
    assert claim["control"] in browser.get(f"{follow}?format=csv").html
    assert browser.client.get(f"{path}/form").data.startswith(b"%PDF")


def test_the_queue_goes_on_after_a_claim_is_let_go(house: House) -> None:
    """Two held claims: releasing one with a word leads to the other, with the queue kept."""
    held = []
    for given in ("One", "Two"):
        patient_id = patient(house, "Held", given)
        sign(house, insured_visit(house, patient_id))
        found = house.api()("GET", f"/v1/claims?patient_id={patient_id}")["claims"][0]
        made = house.api()("POST", f"/v1/claims/{found['claim_id']}:hold", reason="look", version=found["version"])
        held.append(made)
    queue = house.api()("GET", "/v1/claims?state=held")["claims"]
    first, second = queue[0]["claim_id"], queue[1]["claim_id"]
    path = f"/console/billing/claims/{first}"
    browser = house.browser("biller").get(f"{path}?queue=held")
    assert f"/console/billing/claims/{second}?queue=held" in browser.html
    assert "Superbill" in browser.text
    browser.post(f"{path}/release", reason="looked at")
    assert browser.path == f"/console/billing/claims/{second}"
    assert house.api()("GET", f"/v1/claims/{first}")["state"] == "ready"
