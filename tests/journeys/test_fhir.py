"""FHIR R4 in and out, judged by fhir.resources."""

from __future__ import annotations

import copy
import json
import uuid
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.patient import Patient

from tests.journeys.house import Answer, House

FHIR = {"Content-Type": "application/fhir+json"}


def test_importing_twice_makes_no_second_patient(house: House) -> None:
    """A family's bundle makes its people and coverages once; the same file again changes nothing that can be counted."""
    bundle = family_bundle("Twofold")
    first = import_bundle(house, bundle)
    assert first.status == 200
    Bundle.model_validate(first.body)
    house.settle()
    before = house.rows()
    assert before["patient_registry.patient"] > 0
    again = import_bundle(house, bundle)
    assert again.status == 200
    house.settle()
    assert house.rows()["patient_registry.patient"] == before["patient_registry.patient"]
    assert house.rows()["patient_registry.coverage"] == before["patient_registry.coverage"]
    found = house.ask(house.owner, "GET", "/fhir/R4/Patient", params={"family": "Twofold"})
    assert len(found.body["entry"]) == 2


def test_what_was_imported_is_read_back_as_fhir(house: House) -> None:
    """Read and search answer resources that the outside judge accepts, with the identifiers that came in."""
    bundle = family_bundle("Readback")
    import_bundle(house, bundle)
    house.settle()
    found = house.ask(house.owner, "GET", "/fhir/R4/Patient", params={"family": "Readback", "birthdate": "1984-02-29"})
    assert found.kind == "application/fhir+json"
    Bundle.model_validate(found.body)
    (entry,) = found.body["entry"]
    mother = bundle["entry"][0]["resource"]
    number = mother["identifier"][0]["value"]
    assert number in {identifier["value"] for identifier in entry["resource"]["identifier"]}
    read = house.ask(house.owner, "GET", f"/fhir/R4/Patient/{entry['resource']['id']}")
    patient = Patient.model_validate(read.body)
    assert patient.name[0].family == "Readback"
    assert str(patient.birthDate) == "1984-02-29"
    assert read.headers["ETag"].startswith('W/"')
    missing = house.ask(house.owner, "GET", f"/fhir/R4/Patient/{uuid.uuid4()}")
    assert missing.status == 404
    OperationOutcome.model_validate(missing.body)


def test_metadata(house: House) -> None:
    """The capability statement is valid and public, and names what the endpoint really serves."""
    answer = house.ask(None, "GET", "/fhir/R4/metadata")
    assert answer.status == 200
    CapabilityStatement.model_validate(answer.body)
    (rest,) = answer.body["rest"]
    (patient,) = [resource for resource in rest["resource"] if resource["type"] == "Patient"]
    assert {"read", "search-type"} <= {interaction["code"] for interaction in patient["interaction"]}


def broken(part: str, value: Any) -> dict[str, Any]:
    """A family's transaction in which one thing is wrong in its last patient."""
    bundle = family_bundle("Broken")
    bundle["entry"][1]["resource"][part] = value
    return bundle


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("birthDate", "yesterday"),
        ("birthDate", "2016-02-30"),
        ("gender", "neuter-ish"),
        ("name", "Broken"),
        ("name", [{"family": "Bro\u0000ken", "given": ["N"]}]),
        ("name", [{"family": "B" * 1_000_000, "given": ["N"]}]),
        ("telecom", {"system": "phone"}),
    ],
    ids=["no-date", "no-such-day", "no-code", "no-list", "nul", "a-megabyte", "no-object"],
)
def test_one_broken_resource_refuses_the_transaction_whole(house: House, part: str, value: Any) -> None:
    """A transaction with one broken resource is refused with one OperationOutcome and leaves nothing of the good ones."""
    with house.nothing_written():
        answer = import_bundle(house, broken(part, value))
    assert refused(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"resourceType": "Bundle", "type": "transaction", "entry": [',
        b'{"resourceType": "Patient"}',
        b'{"resourceType": "Bundle", "type": "transaction", "entry": {}}',
        b'{"resourceType": "Bundle", "type": "nonsense", "entry": []}',
        b'{"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": 5}]}',
        b"\x00\x01\x02",
        b"<Bundle/>",
    ],
    ids=["empty", "cut", "cut-later", "no-bundle", "entries-no-list", "type", "no-resource", "binary", "xml"],
)
def test_what_is_no_bundle_is_refused(house: House, body: bytes) -> None:
    """Bytes that are no bundle are refused with one OperationOutcome."""
    with house.nothing_written():
        answer = house.ask(house.owner, "POST", "/fhir/R4", data=body, headers=FHIR)
    assert refused(answer)


def refused(answer: Answer) -> list[str]:
    """Asserts one clear refusal in FHIR's own words; returns what it says."""
    assert 400 <= answer.status < 500, answer
    assert answer.kind == "application/fhir+json"
    outcome = OperationOutcome.model_validate(answer.body)
    assert {issue.severity for issue in outcome.issue} == {"error"}
    return [issue.diagnostics for issue in outcome.issue]


def import_bundle(house: House, bundle: dict[str, Any]) -> Answer:
    """POST a bundle as any FHIR client does."""
    return house.ask(house.owner, "POST", "/fhir/R4", data=json.dumps(bundle).encode(), headers=FHIR)


def family_bundle(family: str) -> dict[str, Any]:
    """A mother with insurance, her child, who they are to each other, and an observation that is not kept here."""
    mother, child, coverage = (f"urn:uuid:{uuid.uuid4()}" for _ in range(3))
    people = [
        (mother, person(family, "Nora", "1984-02-29", "female")),
        (child, person(family, "Niels", "2016-07-01", "male")),
    ]
    resources: list[tuple[str, dict[str, Any]]] = [
        *people,
        (
            f"urn:uuid:{uuid.uuid4()}",
            {
                "resourceType": "RelatedPerson",
                "patient": {"reference": child},
                "relationship": [
                    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]}
                ],
                "name": [{"family": family, "given": ["Nora"]}],
            },
        ),
        (
            coverage,
            {
                "resourceType": "Coverage",
                "status": "active",
                "beneficiary": {"reference": mother},
                "subscriberId": f"W{uuid.uuid4().int % 10**9:09d}",
                "payor": [{"display": "Blue Ridge Health Plan"}],
                "period": {"start": "2025-01-01"},
            },
        ),
        (
            f"urn:uuid:{uuid.uuid4()}",
            {
                "resourceType": "Observation",
                "status": "final",
                "code": {"text": "Body height"},
                "subject": {"reference": mother},
            },
        ),
    ]
    entries = [
        {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
        for url, resource in resources
    ]
    return copy.deepcopy({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def person(family: str, given: str, born: str, gender: str) -> dict[str, Any]:
    """A Patient with a number of its own."""
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "https://hospital.example/mrn", "value": f"H{uuid.uuid4().int % 10**8}"}],
        "name": [{"use": "official", "family": family, "given": [given]}],
        "birthDate": born,
        "gender": gender,
        "address": [{"line": ["3 Elm"], "city": "Boston", "state": "MA", "postalCode": "02210"}],
        "telecom": [{"system": "phone", "value": "+16175550977", "use": "mobile"}],
    }
