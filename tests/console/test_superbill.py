"""Entry of charges: what is at hand for a visit, favourites, earlier codes; and what must be ready before it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.console.house import JANUARY, Browser, House, patient, visit

LINE = {"procedure": "99213", "units": 1, "diagnosis_pointers": [1]}


@pytest.fixture(scope="module")
def offered(house: House) -> None:
    """A superbill of the kind of visit: one service chosen beforehand, one offered, a diagnosis."""
    house.api()(
        "POST",
        "/v1/superbill-templates",
        appointment_type_code="visit",
        effective_from=JANUARY,
        services=[
            {"procedure": "99213", "units": 1, "chosen": True},
            {"procedure": "36415", "modifiers": ["59"], "units": 2},
        ],
        diagnoses=["I10"],
    )


def opened(house: House, family: str) -> Browser:
    """The clinician on the superbill of a new patient's visit that is under way."""
    seen = visit(house, patient(house, family, "Sue"), "checkIn", "seen")["appointment_id"]
    return house.browser("doctor").get(f"/console/visits/{seen}/superbill")


def test_a_visit_begins_with_its_kind_s_superbill(house: House, offered: None) -> None:
    """What the superbill chooses stands on the form; what it offers is picked by a digit, with its modifiers and units."""
    browser = opened(house, "Offered")
    assert browser.fields(browser.path)["lines[0].procedure"] == ["99213"]
    assert browser.fields(browser.path)["diagnoses[0]"] == [""]
    picks = re.findall(r'<button[^>]*data-pick="(\w+)" data-code="(\w+)"([^>]*)', browser.html)
    assert picks[0][:2] == ("diagnosis", "I10")
    assert picks[0][2].strip() == 'data-digit="1"'
    service = next(rest for kind, code, rest in picks if kind == "service" and code == "36415")
    assert 'data-modifiers="59" data-units="2" data-digit="2" data-key="2"' in service


def test_what_is_saved_wins_over_the_superbill(house: House, offered: None) -> None:
    """A visit with codes of its own shows those, also when it has diagnoses alone."""
    browser = opened(house, "Saved")
    path = browser.path
    browser.post(path, **{"diagnoses[0]": "E11.9", "lines[0].procedure": "", "lines[0].units": "", "then": "save"})
    assert "Saved; not signed yet." in browser.text
    assert browser.fields(path)["diagnoses[0]"] == ["E11.9"]
    assert browser.fields(path)["lines[0].procedure"] == [""]


def test_favourites_are_kept_and_dropped_where_codes_are_entered(house: House, offered: None) -> None:
    """A code is made a favourite beside the form and stands among the picks; taken off it is gone; a wrong one is refused."""
    browser = opened(house, "Favourite")
    keep = f"{browser.path}/favourites"
    path = browser.path
    assert 'data-code="J45.909"' not in browser.html
    browser.post(keep, kind="CODE_KIND_DIAGNOSIS", code="J45.909")
    assert 'data-code="J45.909"' in browser.html
    drop = re.search(rf'action="({path}/favourites/[0-9a-f-]{{36}}/remove)"', browser.html)
    assert drop
    browser.post(drop[1])
    assert 'data-code="J45.909"' not in browser.html
    browser.get(path).post(keep, kind="CODE_KIND_DIAGNOSIS", code="not a code")
    assert browser.status == 400


def test_earlier_codes_are_copied_by_whose_they_were(house: House, offered: None) -> None:
    """The clinician's last codes can be copied to a patient who was never here; the patient's own, once they were."""
    doctor = house.api("doctor")
    person = patient(house, "Copied", "Cy")
    first = visit(house, person, "checkIn", "seen")["appointment_id"]
    encounter = house.api()("GET", f"/v1/encounters?appointment_ids={first}")["encounters"][0]
    at = f"/v1/encounters/{encounter['encounter_id']}"
    coded = doctor("POST", f"{at}:saveCodes", diagnoses=["E78.5"], lines=[LINE], version=encounter["version"])
    doctor("POST", f"{at}:sign", version=coded["version"])
    house.carry()
    again = visit(house, person, "checkIn", "seen")["appointment_id"]
    browser = house.browser("doctor").get(f"/console/visits/{again}/superbill")
    assert "This patient's last visit" in browser.text
    browser.get(f"{browser.path}?copy=patient")
    assert "nothing is saved yet" in browser.text
    assert browser.fields(browser.path)["diagnoses[0]"] == ["E78.5"]
    stranger = visit(house, patient(house, "Never", "Ned"), "checkIn", "seen")["appointment_id"]
    browser = house.browser("doctor").get(f"/console/visits/{stranger}/superbill")
    assert "This patient's last visit" not in browser.text
    assert "This clinician's last visit" in browser.text
    browser.get(f"{browser.path}?copy=own")
    assert browser.fields(browser.path)["lines[0].procedure"] == ["99213"]


def test_the_desk_sees_what_must_be_ready(house: House) -> None:
    """The checklist of a visit says what is done and what is to do, leads to where it is done, and speaks Spanish."""
    booked = visit(house, patient(house, "Ready", "Rae"))["appointment_id"]
    desk = house.browser("desk").get(f"/console/visits/{booked}/arrive")
    assert f'hx-get="/console/visits/{booked}/preparation"' in desk.html
    part = desk.get(f"/console/visits/{booked}/preparation", **{"HX-Request": "true", "HX-Target": "preparation"})
    assert part.html.strip().startswith('<section class="card" id="preparation"')
    assert "Nobody insures the visit: the patient pays." in part.text
    assert "The registry tells which forms are due." in part.text
    spanish = house.browser("desk", language="es").get(f"/console/visits/{booked}/preparation")
    assert "Nobody insures" not in spanish.text
    assert "paga el paciente" in spanish.text


def test_the_script_knows_the_parts_of_the_form() -> None:
    """Each name that the superbill's script looks for stands in its template."""
    root = Path(__file__).resolve().parents[2] / "services" / "gateway"
    script = (root / "web" / "js" / "superbill.js").read_text()
    template = (root / "console" / "templates" / "clinician" / "superbill.html").read_text()
    cells = json.loads(re.search(r"CELLS = (\[.*?\])", script)[1])  # type: ignore[index]
    assert cells == re.findall(r'data-cell="(\w+)"', template)
    for name in re.findall(r"\[(data-[a-z]+)", script):
        assert name in template or name == "data-key", name
