"""The person's own details and how they want to be reached."""

from __future__ import annotations

import re

from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb2

from tests.console.house import House
from tests.portal.house import account, patient, reader


def test_own_details_are_changed_by_the_person(house: House) -> None:
    """Phone and address are the person's to change; what is wrong is said at its field."""
    patient_id = patient(house, "Mover", "Mia")
    account(house, "mia", patient_id)
    browser = reader(house, "mia")
    browser.open("/details")
    form = {"patient.contact_points[0].value": "12"}
    browser.send_values("/details", form)
    assert browser.status == 400
    assert 'aria-invalid="true"' in browser.html
    browser.open("/details")
    form = {"patient.contact_points[0].value": "+12125550177", "patient.addresses[0].address.city": "Albany"}
    browser.send_values("/details", form)
    assert "Saved." in browser.text
    found = house.api()("GET", f"/v1/patients/{patient_id}")
    assert found["contact_points"][0]["value"] == "+12125550177"
    assert found["addresses"][0]["address"]["city"] == "Albany"


def test_channels_are_refused_and_granted(house: House) -> None:
    """Every box that was changed is on record as the person's word from the portal."""
    patient_id = patient(house, "Chooser", "Cal")
    account(house, "cal", patient_id)
    browser = reader(house, "cal")
    browser.open("/preferences")
    checked = set(re.findall(r'name="allow" value="(\d-\d)" checked', browser.html))
    assert checked
    wished = sorted(checked - {"2-1"} | {"1-3"})
    browser.send("/preferences/channels", allow=wished)
    assert set(re.findall(r'name="allow" value="(\d-\d)" checked', browser.html)) == set(wished)
    history = house.api()("GET", f"/v1/patients/{patient_id}/contact-consent")["history"]
    assert {each["source"] for each in history} == {"portal"}


def test_the_language_of_letters_is_the_persons(house: House) -> None:
    """Language and zone are saved with the registry, where messages look them up."""
    patient_id = patient(house, "Hablante", "Inés")
    account(house, "ines", patient_id)
    browser = reader(house, "ines", language="es")
    assert "Hola, Inés" in browser.text
    browser.open("/preferences")
    browser.send_values("/preferences/language", {"patient.language": "es", "patient.time_zone": "America/Denver"})
    found = house.api()("GET", f"/v1/patients/{patient_id}")
    assert (found["language"], found["time_zone"]) == ("es", "America/Denver")


def test_quiet_hours_are_the_persons(house: House) -> None:
    """Hours are chosen by the clock, kept over midnight, taken back; half of them is told at its field."""
    patient_id = patient(house, "Sleeper", "Sue")
    account(house, "sue", patient_id)
    browser = reader(house, "sue").open("/preferences")
    hours = {"patient.quiet_hours.from_minute": "1320", "patient.quiet_hours.until_minute": "480"}
    browser.send_values("/preferences/language", hours)
    assert "Saved." in browser.text
    kept = house.api()("GET", f"/v1/patients/{patient_id}")["quiet_hours"]
    assert kept == {"from_minute": 1320, "until_minute": 480}
    assert '<option value="1320" selected>10:00' in browser.html
    told = house.harnesses["patient_registry"].client(house.tenant_id, ["*"], service="notifications")
    (contact,) = told.call("GetContacts", registry_pb2.GetContactsRequest(patient_ids=[patient_id])).contacts
    assert (contact.quiet_hours.from_minute, contact.quiet_hours.until_minute) == (1320, 480)
    browser.send_values("/preferences/language", hours | {"patient.quiet_hours.until_minute": ""})
    assert browser.status == 400
    assert (
        'id="patient-quiet_hours-until_minute" name="patient.quiet_hours.until_minute" aria-invalid="true"'
        in browser.html
    )
    browser.open("/preferences")
    browser.send_values("/preferences/language", dict.fromkeys(hours, ""))
    assert "quiet_hours" not in house.api()("GET", f"/v1/patients/{patient_id}")


def test_another_persons_id_chooses_nobody(house: House) -> None:
    """Only whom the token reaches can be chosen: anybody else's id leaves the pages as they were."""
    patient_id = patient(house, "Own", "Olga")
    account(house, "olga", patient_id)
    browser = reader(house, "olga")
    browser.client.post(f"{browser.here}/person", data=browser.token | {"patient_id": house.ids["patient"]})
    assert "Hello, Olga" in browser.open().text
