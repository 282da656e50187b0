"""The gateway in front of the real patient registry: REST and FHIR to the database and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient
from flask.testing import FlaskClient

from chassis.ids import uuid7
from chassis.principal import Principal
from chassis.testing import Harness

JSON = "application/fhir+json"


@pytest.fixture
def registry(service_harness: Callable[..., Harness]) -> Harness:
    return service_harness("patient_registry")


@pytest.fixture
def clinic(in_front_of: Callable[..., FlaskClient], registry: Harness) -> Callable[[], FlaskClient]:
    """Makes clients, each of a tenant of its own, of a gateway that cannot ask identity: the service alone verifies."""

    def make() -> FlaskClient:
        principal = Principal(
            kind="user", id=str(uuid7()), name="Ada", tenant_id=registry.tenant(), permissions=frozenset({"*"})
        )
        client = in_front_of({"patient_registry": f"127.0.0.1:{registry.service.port}"})
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {registry.token(principal)}"
        return client

    return make


def family() -> dict[str, Any]:
    """A mother, her child and what they are insured by, as another system sends them."""
    mother = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.4.3", "value": "D-77"}],
        "name": [{"family": "Muñoz", "given": ["Ana"]}],
        "gender": "female",
        "birthDate": "1984-02-29",
        "telecom": [{"system": "phone", "value": "+1 212 555 0123", "use": "mobile"}],
    }
    child = mother | {
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.4.3", "value": "D-78"}],
        "name": [{"family": "Muñoz", "given": ["Leo"]}],
        "gender": "male",
        "birthDate": "2019-07-01",
    }
    claim = {
        "resourceType": "Claim",
        "status": "active",
        "created": "2025-11-02",
        "patient": {"reference": "urn:uuid:ana"},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "Humana"}}],
    }
    entries = [("urn:uuid:claim", claim), ("urn:uuid:ana", mother), ("urn:uuid:leo", child)]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
            for url, resource in entries
        ],
    }


def summary(answer: Any) -> dict[str, str]:
    """Resource type → what became of its entries."""
    issues = answer.json["entry"][-1]["resource"]["issue"]
    return {each["details"]["text"]: each["diagnostics"] for each in issues}


def test_import_read_and_search(clinic: Callable[[], FlaskClient]) -> None:
    """A bundle makes patients once however often it comes; they are read and found as valid FHIR."""
    client = clinic()
    first = client.post("/fhir/R4", data=json.dumps(family()), content_type=JSON)
    assert first.status_code == 200, first.get_data(as_text=True)
    assert summary(first)["Patient"] == "2 created"
    again = client.post("/fhir/R4", data=json.dumps(family()), content_type=JSON)
    assert summary(again)["Patient"] == "2 unchanged"
    location = first.json["entry"][1]["response"]["location"]
    read = client.get(f"/fhir/R4/{location}")
    assert Patient.model_validate(read.json).name[0].family == "Muñoz"
    found = client.get("/fhir/R4/Patient?family=mu%C3%B1oz&birthdate=1984-02-29")
    assert [each.resource.id for each in Bundle.model_validate(found.json).entry] == [location.removeprefix("Patient/")]


def test_broken_transaction_leaves_nothing(clinic: Callable[[], FlaskClient]) -> None:
    """One wrong date refuses the whole transaction, with its place, and nobody is registered."""
    client = clinic()
    broken = family()
    broken["entry"][2]["resource"]["birthDate"] = "2019-13-01"
    answer = client.post("/fhir/R4", data=json.dumps(broken), content_type=JSON)
    assert answer.status_code == 400
    assert answer.json["resourceType"] == "OperationOutcome"
    assert answer.json["issue"][0]["expression"] == ["Bundle.entry[2].resource.birthDate"]
    found = client.get("/fhir/R4/Patient?family=mu%C3%B1oz")
    assert Bundle.model_validate(found.json).entry in (None, [])


def test_a_total_is_told_to_whom_asks(clinic: Callable[[], FlaskClient]) -> None:
    """A summary counts and shows nobody; a total counts what all pages hold."""
    client = clinic()
    client.post("/fhir/R4", json=family(), content_type=JSON)
    counted = Bundle.model_validate(client.get("/fhir/R4/Patient?family=mu&_summary=count").json)
    assert (counted.total, counted.entry) == (2, None)
    page = Bundle.model_validate(client.get("/fhir/R4/Patient?_total=accurate&_count=1").json)
    assert (page.total, len(page.entry)) == (2, 1)
    assert Bundle.model_validate(client.get("/fhir/R4/Patient").json).total is None


@pytest.mark.parametrize(
    ("change", "expression"),
    [
        ({"name": None}, "name"),
        ({"deceasedDateTime": 5}, "deceasedDateTime"),
        ({"deceasedBoolean": "false"}, "deceasedBoolean"),
        ({"active": 1}, "active"),
        ({"name": [{"family": "Muñoz", "given": ["Ana"], "period": {"start": 5}}]}, "name[0].period.start"),
    ],
)
def test_what_is_no_fhir_is_refused_with_its_place(
    clinic: Callable[[], FlaskClient], change: dict[str, Any], expression: str
) -> None:
    """Nulls are what is left out; numbers are no dates, and a text that says "false" makes nobody die."""
    mother = family()["entry"][1]["resource"] | change
    raw = {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": mother}]}
    answer = clinic().post("/fhir/R4", json=raw, content_type=JSON)
    refused = answer.json["entry"][0]["response"]
    assert (answer.status_code, refused["status"]) == (200, "400 Bad Request")
    assert refused["outcome"]["issue"][0]["expression"] == [f"Bundle.entry[0].resource.{expression}"]


def test_nulls_are_left_out(clinic: Callable[[], FlaskClient]) -> None:
    """Other systems write null for what they do not know, also in lists."""
    mother = family()["entry"][1]["resource"]
    mother |= {
        "deceasedDateTime": None,
        "address": [None],
        "name": [{"family": "Muñoz", "given": ["Ana", None], "prefix": [None]}],
    }
    raw = {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": mother}]}
    answer = clinic().post("/fhir/R4", json=raw, content_type=JSON)
    assert answer.json["entry"][0]["response"]["status"] == "201 Created"


def test_unknown_search_parameter(clinic: Callable[[], FlaskClient]) -> None:
    """A parameter that is not searched by is an OperationOutcome, not an empty result."""
    answer = clinic().get("/fhir/R4/Patient?shoe-size=42")
    assert (answer.status_code, answer.json["resourceType"]) == (400, "OperationOutcome")


def register(client: FlaskClient, key: str) -> Any:
    """Registers a patient over REST."""
    patient = {"name": {"family": "Okafor", "given": "Ife"}, "birth_date": {"year": 1990, "month": 5, "day": 17}}
    return client.post("/api/v1/patients", json={"patient": patient}, headers={"Idempotency-Key": key})


def test_rest_with_versions_and_keys(clinic: Callable[[], FlaskClient]) -> None:
    """A create is repeated safely by its key, a change is made on the version that was seen."""
    client = clinic()
    made = register(client, "k-1")
    assert made.status_code == 200, made.json
    assert register(client, "k-1").json == made.json
    path = f"/api/v1/patients/{made.json['patient']['patient_id']}"
    seen = client.get(path)
    change = {"patient": {"language": "es"}}
    done = client.patch(path, json=change, headers={"If-Match": seen.headers["ETag"]})
    assert (done.status_code, done.json["language"]) == (200, "es")
    stale = client.patch(path, json={"patient": {"language": "fr"}}, headers={"If-Match": seen.headers["ETag"]})
    assert (stale.status_code, stale.json["reason"]) == (412, "STALE_VERSION")
    other = client.post("/api/v1/patients", json={"patient": {}}, headers={"Idempotency-Key": "k-1"})
    assert other.status_code in (400, 409)
    keyless = client.post("/api/v1/patients", json={"patient": {}})
    assert keyless.status_code == 400


def test_tenants_do_not_meet(clinic: Callable[[], FlaskClient]) -> None:
    """Another tenant's patient is 404, over REST and over FHIR."""
    ours, theirs = clinic(), clinic()
    patient_id = register(ours, "k-2").json["patient"]["patient_id"]
    assert ours.get(f"/fhir/R4/Patient/{patient_id}").status_code == 200
    assert theirs.get(f"/fhir/R4/Patient/{patient_id}").status_code == 404
    assert theirs.get(f"/api/v1/patients/{patient_id}").json["reason"] == "NOT_FOUND"
