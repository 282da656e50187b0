"""Foreign FHIR files taken in by the running system, when POLYCLINIC_SAMPLE_DATA names a folder that has them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.journeys.house import House

FILES = sorted(Path(os.environ["POLYCLINIC_SAMPLE_DATA"]).glob("synthea/*.json"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_sample_file_makes_its_patient_once(house: House, path: Path) -> None:
    """The file is taken unchanged, its patient is found by name without the digits, and a second time adds nobody."""
    content = path.read_bytes()
    people = [
        entry["resource"] for entry in json.loads(content)["entry"] if entry["resource"]["resourceType"] == "Patient"
    ]
    house.owner.post_raw("/fhir/R4", content, "application/fhir+json")
    house.settle()
    before = house.rows()
    house.owner.post_raw("/fhir/R4", content, "application/fhir+json")
    house.settle()
    after = house.rows()
    assert after["patient_registry.patient"] == before["patient_registry.patient"]
    assert after["patient_registry.coverage"] == before["patient_registry.coverage"]
    for person in people:
        family = "".join(letter for letter in person["name"][0]["family"] if not letter.isdigit())
        found = house.ask(
            house.owner, "GET", "/fhir/R4/Patient", params={"family": family, "birthdate": person["birthDate"]}
        )
        assert len(found.body["entry"]) == 1
