"""What patients and employers owe beyond care: statements held, small balances, the agency, fees, invoices, taking over."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from chassis.testing.harness import Harness
from infra import assets
from tests.console.house import JANUARY, Browser, House, build, patient, visit
from tests.identity.conftest import SECRETS

FROM = "/console/billing"
RULE = {
    "effective": {"start": JANUARY},
    "timely_filing_days": 365,
    "corrected_filing_days": 180,
    "claim_provider": "CLAIM_PROVIDER_RENDERING",
    "silence_alarm_days": 45,
}
LINE = {"procedure": "99213", "units": 1, "diagnosis_pointers": [1]}


@pytest.fixture(scope="module")
def house(service_harness: Callable[..., Harness]) -> Iterator[House]:
    """A clinic of this file's own: days pass in it, and its policy is the clinic's. A drawer is open."""
    assets.build()
    made = build(service_harness, {"identity": SECRETS}, instance="collecting")
    made.api()("POST", "/v1/drawers", location_id=made.ids["location"])
    yield made
    for name in ("polyclinic.backends", "polyclinic.streams"):
        made.gateway.extensions[name].close()


def usd(cents: int) -> dict[str, str]:
    """An amount as JSON carries it."""
    return {"minor_units": str(cents), "currency": "USD"}


def owing(house: House, family: str, paid: int = 0, payer: str = "") -> str:
    """A patient whose visit cost $155.00 and is owed, by an employer when one is named, less what was paid."""
    call, doctor = house.api(), house.api("doctor")
    patient_id = patient(house, family, "Owen")
    if payer:
        coverage = {
            "kind": "COVERAGE_KIND_HEALTH",
            "priority": 1,
            "payer_code": payer,
            "payer_name": payer,
            "member_id": "E1",
            "subscriber_relation": "SUBSCRIBER_RELATION_SELF",
            "period": {"start": JANUARY},
        }
        call("POST", f"/v1/patients/{patient_id}/coverages", coverage=coverage)
        house.carry()
    seen = visit(house, patient_id, "checkIn", "seen")["appointment_id"]
    encounter = call("GET", f"/v1/encounters?appointment_ids={seen}")["encounters"][0]
    at = f"/v1/encounters/{encounter['encounter_id']}"
    coded = doctor("POST", f"{at}:saveCodes", diagnoses=["I10"], lines=[LINE], version=encounter["version"])
    doctor("POST", f"{at}:sign", version=coded["version"])
    if paid:
        body = {"location_id": house.ids["location"], "method": "PAYMENT_METHOD_CASH", "amount": usd(paid)}
        call("POST", "/v1/payments", patient_id=patient_id, **body)
    house.carry()
    return patient_id


def set_policy(house: House, **changes: str) -> Browser:
    """The biller changes the policy on its page."""
    path = "/console/settings/collections"
    browser = house.browser("biller").get(path)
    return browser.post(path, **changes)


def link(browser: Browser, pattern: str) -> str:
    """The first address of the page that looks like this."""
    found = re.search(rf'href="({pattern})"', browser.html)
    assert found, browser.text[:2000]
    return found[1]


def test_the_policy_is_set_whole_and_says_what_is_wrong(house: House) -> None:
    """Its numbers and notices are kept; a rule of hand-off without an agency is refused, and what was typed stays."""
    browser = set_policy(house, hand_off_days="10", agency="")
    assert browser.status == 400
    assert 'value="10"' in browser.html
    notice = {"texts[0].level": "1", "texts[0].language": "en", "texts[0].text": "Please pay soon."}
    browser = set_policy(house, small_balance="10.00", small_balance_days="0", **notice)
    assert "Saved; the next statements follow it." in browser.text
    assert 'value="10.00"' in browser.html
    assert "Please pay soon." in browser.html
    assert set_policy(house, **{"texts[0].level": "", "texts[0].language": "", "texts[0].text": ""}).status == 200


def test_small_balances_are_written_off_as_they_were_seen(house: House) -> None:
    """What is ticked and its sum are sent; a balance that has changed since is refused, then written off as it is."""
    set_policy(house, small_balance="10.00", small_balance_days="0")
    patient_id = owing(house, "Small", paid=15000)
    path = f"{FROM}/collections"
    browser = house.browser("biller").get(path)
    assert "Owen Small" in browser.text
    assert f'name="seen-{patient_id}" value="500"' in browser.html
    ticked = {"patient_ids[0]": patient_id, "reason": "not worth a stamp"}
    stale = browser.fields(path) | ticked | {f"seen-{patient_id}": "501"}
    assert browser.client.post(path, data=stale).status_code == 409
    browser.get(path).post(path, **ticked)
    assert "1 balances are written off: $5.00." in browser.text
    assert "Owen Small" not in browser.get(path).text
    assert house.api()("GET", f"/v1/accounts/{patient_id}")["patient_owes"]["minor_units"] == "0"


def test_statements_are_held_and_released(house: House) -> None:
    """Without a reason nobody is held; held a guarantor is in the list with a way to undo it, and released they are not."""
    patient_id = owing(house, "Held")
    path = f"{FROM}/statements/holds"
    browser = house.browser("biller").get(f"{path}?patient={patient_id}")
    browser.post(path, reason="")
    assert browser.status == 400
    assert 'id="reason-wrong"' in browser.html
    assert "Hold the statements of" in browser.text
    browser.post(path, reason="asked for time", until="t+30")
    assert "Held: no statement goes to Owen Held." in browser.text
    assert f'action="{path}/{patient_id}/release"' in browser.html
    assert "asked for time" in browser.text
    browser.post(f"{path}/{patient_id}/release")
    assert "Released; statements go on where they were." in browser.text
    assert "Nobody is held." in browser.text


def test_statements_that_are_due_are_looked_at_and_put_on_paper(house: House) -> None:
    """The run is previewed before it is made; issued, the statements whose time for paper has come are one file."""
    patient_id = owing(house, "Paper")
    set_policy(house, portal_first_days="0", small_balance="0")
    days_pass(house, 1)
    browser = house.browser("biller").get(f"{FROM}/statements")
    planned = house.api()("GET", "/v1/statement-runs:preview")["statements"]
    assert all(each["name"] in browser.text for each in planned)
    house.api()("POST", "/v1/statements:issue", patient_ids=[patient_id])
    path = f"{FROM}/statements/mailings"
    browser.get(path).post(path)
    assert "statements are in the file." in browser.text
    content = browser.client.get(link(browser, rf"{path}/[0-9a-f-]{{36}}")).get_data()
    assert any(name.endswith(".pdf") for name in zipfile.ZipFile(io.BytesIO(content)).namelist())
    browser.get(path).post(path)
    assert browser.status == 409, "there is nothing more to mail, and the page says so"


def days_pass(house: House, days: int) -> None:
    """So many days pass for billing."""
    clock = house.harnesses["billing"].clock
    clock.set(clock.now() + timedelta(days=days))


def test_a_balance_goes_to_the_agency_and_comes_back(house: House) -> None:
    """Handed off by the rule, the case has its file; what the agency pays over is posted once, the rest is taken back."""
    patient_id = owing(house, "Agency")
    browser = set_policy(house, last_cycle="1", hand_off_days="1", hand_off_minimum="10", agency="Northern Recovery")
    assert "Saved" in browser.text
    house.api()("POST", "/v1/statements:issue", patient_ids=[patient_id])
    days_pass(house, 3)
    path = f"{FROM}/collections/hand-off"
    browser.get(f"{path}?q=agency")
    assert "Owen Agency" in browser.text
    browser.post(path, **{"patient_ids[0]": patient_id, "reason": "never answered"})
    assert "1 cases are with Northern Recovery; send them this file." in browser.text
    told = browser.client.get(link(browser, rf"{FROM}/collections/files/[0-9a-f-]{{36}}")).get_data(as_text=True)
    assert any("155.00" in row for row in csv.reader(io.StringIO(told)))
    browser.get(f"{FROM}/collections/cases?state=handed_off")
    at = link(browser, rf"{FROM}/collections/cases/[0-9a-f-]{{36}}")
    browser.get(at).post(f"{at}/payment", collected="55.00", fee="60.00", reference="NR-1")
    assert browser.status == 400, "a fee above what was collected"
    browser.get(at).post(f"{at}/payment", collected="55.00", fee="11.00", reference="NR-1")
    assert "The agency's payment is posted." in browser.text
    assert "$100.00" in browser.text
    browser.post(f"{at}/recall", reason="pays us now")
    assert "Taken back; a file tells the agency." in browser.text
    assert house.api()("GET", f"/v1/accounts/{patient_id}")["patient_owes"]["minor_units"] == "10000"


def test_a_fee_for_a_missed_visit_is_waived(house: House) -> None:
    """A missed visit has its fee by the payer's rule; waived with a reason it is owed no more."""
    call = house.api()
    call(
        "PUT",
        "/v1/payers/MISSED",
        name="Missed Mutual",
        kind="PAYER_KIND_COMMERCIAL",
        x12_payer_id="MM001",
        filing_indicator="CI",
        active_from=JANUARY,
        rules=[RULE | {"no_show_fee": usd(2500)}],
    )
    patient_id = patient(house, "Missed", "Owen")
    coverage = {
        "kind": "COVERAGE_KIND_HEALTH",
        "payer_code": "MISSED",
        "payer_name": "Missed Mutual",
        "member_id": "M1",
        "subscriber_relation": "SUBSCRIBER_RELATION_SELF",
        "period": {"start": JANUARY},
    }
    call("POST", f"/v1/patients/{patient_id}/coverages", coverage=coverage)
    house.carry()
    missed = visit(house, patient_id)["appointment_id"]
    clock = house.harnesses["scheduling"].clock
    clock.set(clock.now() + timedelta(days=2))
    call("POST", f"/v1/appointments/{missed}:noShow", version="0")
    house.carry()
    browser = house.browser("desk").get(f"{FROM}/visit-fees?q=missed")
    assert "Owen Missed" in browser.text
    assert "$25.00" in browser.text
    at = link(browser, rf"{FROM}/visit-fees/[0-9a-f-]{{36}}")
    assert f'action="{at}/waive"' not in browser.get(at).html, "the desk may look, not waive"
    biller = house.browser("biller").get(at)
    biller.post(f"{at}/waive", reason="x")
    assert biller.status == 400
    biller.get(at).post(f"{at}/waive", reason="was in hospital")
    assert "The fee is waived." in biller.text
    assert "Owen Missed" in biller.get(f"{FROM}/visit-fees?state=waived").text


@pytest.fixture(scope="module")
def employer(house: House) -> str:
    """An employer that pays for a visit by invoice."""
    house.api()(
        "PUT", "/v1/payers/WORKS", name="Iron Works", kind="PAYER_KIND_EMPLOYER", active_from=JANUARY, rules=[RULE]
    )
    owing(house, "Works", payer="WORKS")
    return "WORKS"


def test_an_invoice_is_seen_issued_paid_and_taken_back(house: House, employer: str) -> None:
    """The preview says what it would ask for, the invoice asks for just that; money is posted once and can be taken back."""
    path = f"{FROM}/invoices/new"
    browser = house.browser("biller").get(path)
    browser.post(path, then="preview")
    assert browser.status == 400, "nobody to write to"
    browser.get(path).post(path, payer_code=employer, then="preview")
    assert "$155.00" in browser.text
    assert "Owen Works" in browser.text
    browser.post(path, payer_code=employer, then="issue", reference="PO 17")
    assert "is issued." in browser.text
    at = browser.path
    assert browser.client.get(f"{at}/pdf").get_data().startswith(b"%PDF")
    browser.get(at).post(f"{at}/payment", amount="200.00", reference="CHK 1")
    assert browser.status in (400, 409), "more than is due"
    browser.get(at).post(f"{at}/payment", amount="55.00", reference="CHK 1")
    assert "The payment is posted." in browser.text
    assert "$100.00" in browser.text
    assert f'action="{at}/void"' not in browser.html, "paid invoices stay"
    assert "Iron Works" in browser.get(f"{FROM}/invoices/ages").text
    browser.get(at).post(f"{at}/reverse", reason="the check was returned")
    assert "The payment is taken back." in browser.text
    browser.post(f"{at}/void", reason="wrong employer")
    assert "The invoice is void" in browser.text
    assert "Void" in browser.get(f"{FROM}/invoices?state=void").text


BALANCES = "key,mrn,location,practitioner npi,service date,owed by,amount\n"


def upload(browser: Browser, content: str, **fields: str) -> Any:
    """Sends a file on the page of the cut-over."""
    path = "/console/settings/cut-over/new"
    browser.get(path)
    values = {name: value[0] for name, value in browser.fields(path).items()} | {
        "kind": "CUT_OVER_KIND_BALANCES",
        "as_of": "1/31/26",
        "control_totals[0].bucket": "patient",
    }
    values |= fields | {"file": (io.BytesIO(content.encode()), "balances.csv")}
    return browser.client.post(path, data=values, follow_redirects=True)


def test_open_balances_are_tried_proved_and_taken_over(house: House) -> None:
    """A bad row and a wrong total are said and given as a file; what agrees is taken in, once, and stands in the ledger."""
    patient_id = patient(house, "Moved", "Owen")
    mrn = house.api()("GET", f"/v1/patients/{patient_id}")["mrn"]
    good = f"{BALANCES}1,{mrn},Harbor,1245319599,2025-11-03,patient,12.50\n"
    bad = f"{good}2,NOBODY,Harbor,1245319599,2025-11-03,patient,1.00\n"
    totals = {"control_totals[0].rows": "1", "control_totals[0].amount": "12.50"}
    browser = house.browser("biller")
    assert "Choose a file first." in upload(browser, "", then="try", **totals).get_data(as_text=True)
    tried = upload(browser, bad, then="try", **totals).get_data(as_text=True)
    assert "The bad rows as a file" in tried
    rows = upload(browser, bad, then="rows", **totals).get_data(as_text=True)
    assert "NOBODY" in rows
    differs = upload(browser, good, then="try", **(totals | {"control_totals[0].amount": "13.00"}))
    assert "The totals differ" in differs.get_data(as_text=True)
    agrees = upload(browser, good, then="try", **totals).get_data(as_text=True)
    assert "the totals agree to the cent" in agrees
    assert house.api()("GET", f"/v1/accounts/{patient_id}")["patient_owes"]["minor_units"] == "0"
    taken = upload(browser, good, then="take", **totals).get_data(as_text=True)
    assert "1 rows are taken in" in taken
    assert house.api()("GET", f"/v1/accounts/{patient_id}")["patient_owes"]["minor_units"] == "1250"
    assert "taken in before" in upload(browser, good, then="take", **totals).get_data(as_text=True)
