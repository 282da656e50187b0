"""From the superbill to the claim, the account and the reports."""

from __future__ import annotations

import re
from io import BytesIO

import pytest

from tests.console.house import Browser, House, patient, visit


@pytest.fixture
def seen(house: House) -> tuple[str, str]:
    """A patient with insurance whose visit is over and not signed: (patient, appointment)."""
    patient_id = patient(house, "Billson", "Bea")
    return patient_id, insured_visit(house, patient_id)


def insured_visit(house: House, patient_id: str) -> str:
    """Insures a patient with the commercial payer and brings them through a visit until it is to be signed."""
    house.api()(
        "POST",
        f"/v1/patients/{patient_id}/coverages",
        coverage={
            "kind": "COVERAGE_KIND_HEALTH",
            "priority": 1,
            "payer_code": "COMM1",
            "payer_name": "Harbor Mutual",
            "member_id": "W9",
            "subscriber_relation": "SUBSCRIBER_RELATION_SELF",
            "period": {"start": {"year": 2026, "month": 1, "day": 1}},
        },
    )
    house.carry()
    return str(visit(house, patient_id, "checkIn", "seen")["appointment_id"])


def sign(house: House, appointment_id: str) -> Browser:
    """Codes and signs the visit as the clinician, on the superbill."""
    browser = house.browser("doctor").get(f"/console/visits/{appointment_id}/superbill")
    path = browser.path
    codes = {
        "diagnoses[0]": "I10",
        "lines[0].procedure": "99213",
        "lines[0].units": "1",
        "lines[0].diagnosis_pointers": "1",
        "then": "sign",
    }
    browser.post(path, **codes)
    house.carry()
    house.harnesses["billing"].run_due()
    return browser


def test_my_day_leads_to_the_superbill(house: House, seen: tuple[str, str]) -> None:
    """The clinician's own account opens their own day; what is not signed stands beside it."""
    browser = house.browser("doctor")
    assert browser.path == "/console/my-day"
    assert "Billson, Bea" in browser.text
    assert "To be signed" in browser.text
    browser.get(f"/console/visits/{seen[1]}/superbill")
    assert browser.path.startswith("/console/encounters/")


def test_a_wrong_code_is_said_at_its_line(house: House, seen: tuple[str, str]) -> None:
    """Billing refuses an unknown diagnosis and a pointer to nothing; the superbill says so where they were typed and keeps them."""
    browser = house.browser("doctor").get(f"/console/visits/{seen[1]}/superbill")
    bad = {
        "diagnoses[0]": "Z99.999",
        "lines[2].procedure": "99213",
        "lines[2].units": "1",
        "lines[2].diagnosis_pointers": "4",
        "then": "save",
    }
    browser.post(browser.path, **bad)
    assert browser.status == 400
    assert 'value="Z99.999"' in browser.html
    assert 'aria-invalid="true"' in browser.html


def test_signing_makes_the_claim_that_a_biller_sees(house: House, seen: tuple[str, str]) -> None:
    """A signed superbill is a charge on the account and a claim with its life; the next visit copies its codes."""
    patient_id, appointment_id = seen
    assert "Signed; the charges are posted." in sign(house, appointment_id).text
    biller = house.browser("biller").get("/console/billing/claims")
    assert "Harbor Mutual" in biller.text
    assert "Billson, Bea" in biller.text
    claim = re.search(r'href="(/console/billing/claims/[0-9a-f-]{36})', biller.html)
    assert claim
    biller.get(claim[1])
    assert biller.status == 200
    assert "$155.00" in biller.text
    assert "Its life" in biller.text
    assert "Checked, nothing found" in biller.text
    assert "scrubbed_clean" not in biller.text
    account = biller.get(f"/console/patients/{patient_id}/account")
    assert "$155.00" in account.text
    assert "with insurance" in account.text
    assert (
        biller.client.get(f"/console/patients/{patient_id}/account?format=csv").get_data(as_text=True).count("155.00")
        >= 1
    )
    again = visit(house, patient_id, "checkIn", "seen")["appointment_id"]
    doctor = house.browser("doctor").get(f"/console/visits/{again}/superbill")
    assert "This patient's last visit" in doctor.text
    doctor.get(doctor.path + "?copy=patient")
    assert 'value="I10"' in doctor.html
    assert 'value="99213"' in doctor.html


def test_no_charge_needs_a_reason(house: House, seen: tuple[str, str]) -> None:
    """A visit that is not charged says why, and leaves the list of missing charges."""
    browser = house.browser("doctor").get(f"/console/visits/{seen[1]}/superbill")
    path = browser.path
    browser.post(f"{path}/no-charge", reason="")
    assert browser.status == 400
    browser.get(path).post(f"{path}/no-charge", reason="courtesy")
    assert "Noted: no charge." in browser.text


def test_billing_pages_stand_without_data_and_with(house: House, seen: tuple[str, str]) -> None:
    """Every page of billing and reports answers, with empty states where there is nothing."""
    sign(house, seen[1])
    browser = house.browser("biller")
    for path in (
        "",
        "/work",
        "/work?state=resolved&owner=me",
        "/claims",
        "/claims?state=denied",
        "/remittances",
        "/aging",
        "/aging?basis=responsibility",
        "/missing",
        "/files",
    ):
        browser.get(f"/console/billing{path}")
        assert browser.status == 200, (path, browser.text[-300:])
    for path in ("", "?from=t-7&to=t", "/day", "/journals?from=t-1&to=t"):
        browser.get(f"/console/reports{path}")
        assert browser.status == 200, path
    assert "debits equal credits" in browser.get("/console/reports").text


def test_a_claim_is_held_and_released_with_a_reason(house: House, seen: tuple[str, str]) -> None:
    """A biller holds a ready claim and lets it go; the claim's life says both."""
    sign(house, seen[1])
    found = house.api()("GET", f"/v1/claims?patient_id={seen[0]}")["claims"]
    path = f"/console/billing/claims/{found[0]['claim_id']}"
    browser = house.browser("biller").get(path)
    if "Hold" not in browser.text:
        pytest.fail(f"the claim is {found[0]['state']}: {browser.text[-500:]}")
    browser.post(f"{path}/hold", reason="waiting for the referral")
    assert "waiting for the referral" in browser.text
    browser.post(f"{path}/release", reason="it came")
    assert "Ready to send" in browser.text


def test_a_file_that_came_another_way_is_taken(house: House) -> None:
    """A biller hands in a file; it is in the list of what came, and no file is said kindly."""
    browser = house.browser("biller").get("/console/billing/files?of=in")
    fields = {name: value[0] for name, value in browser.fields("/console/billing/upload").items()}
    content = (BytesIO(b"ISA*00*nothing of use~"), "from-the-bank.835")
    answer = browser.client.post("/console/billing/upload", data=fields | {"content": content}, follow_redirects=True)
    assert "The file is taken and will be read." in answer.get_data(as_text=True)
    assert "from-the-bank.835" in answer.get_data(as_text=True)
    browser.get("/console/billing/files?of=in").post("/console/billing/upload")
    assert "Choose a file first." in browser.text


def test_work_is_taken_and_done(house: House) -> None:
    """A work item is taken, resolved with a word, and the queue goes on; without a word it is refused at the field."""
    patient_id = patient(house, "Worker", "Wes")
    house.api()(
        "POST",
        f"/v1/patients/{patient_id}/coverages",
        coverage={
            "kind": "COVERAGE_KIND_HEALTH",
            "payer_code": "COMM1",
            "payer_name": "Harbor Mutual",
            "subscriber_relation": "SUBSCRIBER_RELATION_SELF",
        },
    )
    house.carry()
    sign(house, visit(house, patient_id, "checkIn", "seen")["appointment_id"])
    items = house.api()("GET", "/v1/work-items?state=open")["items"]
    assert items
    path = f"/console/billing/work/{items[0]['work_item_id']}"
    browser = house.browser("biller").get(path)
    assert items[0]["title"] in browser.text
    browser.post(f"{path}/assign", owner_id=house.ids["biller"])
    assert "You" in browser.text
    browser.post(f"{path}/resolve", resolution="x")
    assert browser.status == 400
    assert 'id="resolution-wrong"' in browser.html
    browser.post(f"{path}/resolve", resolution="called the payer")
    assert "Done." in browser.text
    assert house.api()("GET", f"/v1/work-items/{items[0]['work_item_id']}")["state"] == "resolved"


def test_codes_are_found_while_they_are_typed(house: House, seen: tuple[str, str]) -> None:
    """An input of the superbill asks for codes by their beginning or by words; what is chosen is the code, ready to be saved."""
    browser = house.browser("doctor").get(f"/console/visits/{seen[1]}/superbill")
    assert 'list="diagnosis-codes"' in browser.html
    address = re.search(r'name="diagnoses\[0\]"[^>]*hx-get="([^"]+)"', browser.html)
    assert address
    path = address[1].replace("&amp;", "&")
    assert "<option" not in browser.client.get(path).get_data(as_text=True), "nothing was typed"
    found = browser.client.get(f"{path}&diagnoses[0]=essential hypert").get_data(as_text=True)
    assert '<option value="I10">' in found
    assert "hypertension" in found.lower()
    assert '<option value="99213">' in browser.client.get(
        path.replace("kind=diagnosis", "kind=procedure") + "&lines[0].procedure=992"
    ).get_data(as_text=True)
