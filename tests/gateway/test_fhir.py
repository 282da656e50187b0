"""FHIR R4: bundles in, patients out, everything wrong as an OperationOutcome."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from flask.testing import FlaskClient
from google.api import httpbody_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb2

from chassis import errors
from gateway.fhir.bundle import read_bundle
from tests.gateway.backend import Backend

FHIR = "application/fhir+json"
PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Muñoz", "given": ["Ana"]}]}


@pytest.fixture
def registry(backend: Backend) -> Backend:
    """A registry that takes everything as new."""

    def take(request: Any) -> Any:
        answer = registry_pb2.ImportFhirResponse()
        for entry in request.entries:
            resource = json.loads(entry.resource)
            kind = resource["resourceType"]
            status = "IGNORED" if kind == "Organization" else "CREATED"
            answer.outcomes.add(
                index=entry.index,
                full_url=entry.full_url,
                resource_type=kind,
                status=registry_pb2.FhirOutcomeStatus.Value(f"FHIR_OUTCOME_STATUS_{status}"),
                resource_id=f"r-{entry.index}",
                lacking=["member_id"] if kind == "Coverage" else [],
            )
        return answer

    backend.answers["ImportFhir"] = take
    return backend


def entry(resource: dict[str, Any], full_url: str = "", **request: Any) -> dict[str, Any]:
    """A bundle entry."""
    made: dict[str, Any] = {"resource": resource}
    if full_url:
        made["fullUrl"] = full_url
    if request:
        made["request"] = request
    return made


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    """A bundle."""
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def claim(number: int, payer: str, created: str, kind: str = "Claim") -> dict[str, Any]:
    """A claim that names its payer in the way Synthea's do, with more than we take."""
    return {
        "resourceType": kind,
        "id": f"c{number}",
        "status": "active",
        "patient": {"reference": "urn:uuid:p1"},
        "created": created,
        "diagnosis": [{"sequence": 1, "diagnosisReference": {"reference": "urn:uuid:secret-diagnosis"}}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": payer}}],
        "contained": [
            {"resourceType": "ServiceRequest", "id": "referral"},
            {"resourceType": "Coverage", "id": "coverage", "payor": [{"display": payer}]},
        ],
    }


def post(client: FlaskClient, body: Any, **headers: str) -> Any:
    """Sends a bundle."""
    return client.post("/fhir/R4", data=json.dumps(body), content_type=FHIR, headers=headers)


def outcome_of(answer: Any) -> dict[str, Any]:
    """The answer as an OperationOutcome that the outside judge accepts."""
    assert answer.content_type == FHIR
    OperationOutcome.model_validate(answer.json)
    return answer.json


def test_transaction(client: FlaskClient, registry: Backend) -> None:
    """A transaction is one call: people first, claims reduced to what tells the payer, the rest counted."""
    body = bundle(
        entry({"resourceType": "Observation", "id": "o1", "status": "final"}, method="POST", url="Observation"),
        entry({"resourceType": "Coverage", "id": "k1", "beneficiary": {"reference": "urn:uuid:p1"}}, "urn:uuid:k1"),
        entry(claim(1, "Humana", "2019-01-01"), "urn:uuid:c1", method="POST", url="Claim"),
        entry(claim(2, "Humana", "2021-05-01"), "urn:uuid:c2", method="POST", url="Claim"),
        entry(claim(3, "Medicare", "2020-01-01"), "urn:uuid:c3", method="POST", url="Claim"),
        entry(PATIENT, "urn:uuid:p1", method="POST", url="Patient", ifNoneExist="identifier=x|1"),
    )
    answer = post(client, body)
    assert answer.status_code == 200
    calls = registry.of("ImportFhir")
    assert len(calls) == 1
    sent = calls[0].request
    assert sent.bundle_type == "transaction"
    assert [(one.index, one.full_url) for one in sent.entries] == [
        (5, "urn:uuid:p1"),
        (1, "urn:uuid:k1"),
        (3, "urn:uuid:c2"),
        (4, "urn:uuid:c3"),
    ]
    assert sent.entries[0].if_none_exist == "identifier=x|1"
    assert json.loads(sent.entries[0].resource) == PATIENT
    reduced = json.loads(sent.entries[2].resource)
    assert reduced["contained"] == [{"resourceType": "Coverage", "id": "coverage", "payor": [{"display": "Humana"}]}]
    assert "secret-diagnosis" not in json.dumps(reduced)
    Bundle.model_validate(answer.json)
    assert answer.json["type"] == "transaction-response"
    statuses = [one["response"]["status"][:3] for one in answer.json["entry"]]
    assert statuses == ["202", "201", "202", "201", "201", "201", "200"]
    assert answer.json["entry"][5]["response"]["location"] == "Patient/r-5"
    said = {one["details"]["text"]: one["diagnostics"] for one in answer.json["entry"][-1]["resource"]["issue"]}
    assert said == {
        "Patient": "1 created",
        "Coverage": "1 created",
        "Claim": "2 created, 1 said the same as another",
        "Observation": "1 ignored",
    }


def test_collection_goes_in_parts(client: FlaskClient, registry: Backend) -> None:
    """A collection is sent in parts of a hundred, patients before what refers to them, and answered in its own order."""
    people = [entry(PATIENT | {"id": f"p{n}"}, f"urn:uuid:p{n}") for n in range(150)]
    covers = [entry({"resourceType": "Coverage", "id": f"k{n}"}, f"urn:uuid:k{n}") for n in range(150)]
    mixed = [each for pair in zip(covers, people, strict=True) for each in pair]
    answer = post(client, bundle(*mixed, kind="collection"), **{"Idempotency-Key": "file-7"})
    calls = registry.of("ImportFhir")
    assert [len(call.request.entries) for call in calls] == [100, 100, 100]
    assert [call.metadata["idempotency-key"] for call in calls] == ["file-7.0", "file-7.1", "file-7.2"]
    kinds = [json.loads(one.resource)["resourceType"] for call in calls for one in call.request.entries]
    assert kinds == ["Patient"] * 150 + ["Coverage"] * 150
    Bundle.model_validate(answer.json)
    assert answer.json["type"] == "batch-response"
    assert len(answer.json["entry"]) == 301
    assert answer.json["entry"][1]["response"]["location"] == "Patient/r-1"
    assert "member_id" in answer.json["entry"][0]["response"]["outcome"]["issue"][0]["diagnostics"]


def test_payers_go_along(client: FlaskClient, registry: Backend) -> None:
    """An Organization that a coverage names as payer is sent beside it, reduced, and is still told as ignored."""
    payer = {"resourceType": "Organization", "id": "o1", "name": "Humana", "telecom": [{"value": "555"}]}
    other = {"resourceType": "Organization", "id": "o2", "name": "A hospital"}
    cover = {"resourceType": "Coverage", "id": "k", "payor": [{"reference": "urn:uuid:o1"}]}
    answer = post(client, bundle(entry(payer, "urn:uuid:o1"), entry(other, "urn:uuid:o2"), entry(cover, "urn:uuid:k")))
    sent = [json.loads(one.resource) for one in registry.last.request.entries]
    assert sent == [{"resourceType": "Organization", "id": "o1", "name": "Humana"}, cover]
    assert answer.json["entry"][0]["response"]["status"] == "202 Accepted"
    said = {one["details"]["text"]: one["diagnostics"] for one in answer.json["entry"][-1]["resource"]["issue"]}
    assert said == {"Coverage": "1 created", "Organization": "2 ignored"}


def test_refused_entries(client: FlaskClient, backend: Backend) -> None:
    """An entry that the registry refuses in a batch is 400 in its place, with the expression; the others are taken."""

    def take(request: Any) -> Any:
        answer = registry_pb2.ImportFhirResponse()
        answer.outcomes.add(
            index=0, resource_type="Patient", status=registry_pb2.FHIR_OUTCOME_STATUS_REFUSED
        ).issues.add(expression="Bundle.entry[0].resource.birthDate", message="is not a date")
        answer.outcomes.add(index=1, resource_type="Patient", status=registry_pb2.FHIR_OUTCOME_STATUS_UNCHANGED)
        return answer

    backend.answers["ImportFhir"] = take
    answer = post(client, bundle(entry(PATIENT), entry(PATIENT), kind="batch"))
    first, second, summary = answer.json["entry"]
    assert first["response"]["status"] == "400 Bad Request"
    assert first["response"]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[0].resource.birthDate"]
    assert second["response"]["status"] == "200 OK"
    assert summary["resource"]["issue"][0]["diagnostics"] == "1 refused, 1 unchanged"


def test_refused_transaction(client: FlaskClient, backend: Backend) -> None:
    """A transaction that the registry refuses is one OperationOutcome with every expression."""

    def refuse(_request: Any) -> Any:
        raise errors.InvalidInput([errors.Violation("Bundle.entry[0].resource.birthDate", "is not a date")])

    backend.answers["ImportFhir"] = refuse
    answer = post(client, bundle(entry(PATIENT)))
    issue = outcome_of(answer)["issue"][0]
    assert (answer.status_code, issue["expression"]) == (400, ["Bundle.entry[0].resource.birthDate"])


ENVELOPES: dict[str, tuple[bytes, int, str]] = {
    "truncated": (json.dumps(bundle(entry(PATIENT))).encode()[:-3], 400, "invalid"),
    "not JSON": (b"<Bundle/>", 400, "invalid"),
    "empty": (b"", 400, "invalid"),
    "a list": (b"[]", 400, "invalid"),
    "null": (b"null", 400, "invalid"),
    "invalid UTF-8": (b'{"resourceType": "\xff"}', 400, "invalid"),
    "two values": (json.dumps(bundle(entry(PATIENT))).encode() + b"{}", 400, "invalid"),
    "not a bundle": (json.dumps(PATIENT).encode(), 400, "invalid"),
    "a searchset": (json.dumps(bundle(entry(PATIENT), kind="searchset")).encode(), 400, "invalid"),
    "no type": (b'{"resourceType": "Bundle", "entry": []}', 400, "invalid"),
    "no entries": (json.dumps(bundle()).encode(), 400, "invalid"),
    "entry is a text": (b'{"resourceType": "Bundle", "type": "batch", "entry": ["x"]}', 400, "invalid"),
    "no resource": (json.dumps(bundle({"fullUrl": "x"})).encode(), 400, "invalid"),
    "no resource type": (json.dumps(bundle(entry({"id": "x"}))).encode(), 400, "invalid"),
    "a delete": (json.dumps(bundle(entry(PATIENT, method="DELETE", url="Patient/1"))).encode(), 400, "invalid"),
    "a NUL": (json.dumps(bundle(entry(PATIENT | {"id": "a\u0000"}))).encode(), 400, "invalid"),
    "a number as URL": (json.dumps(bundle({"resource": PATIENT, "fullUrl": 5})).encode(), 400, "invalid"),
    "nested deeply": (
        b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient","x":'
        + b"[" * 50_000
        + b"]" * 50_000
        + b"}}]}",
        400,
        "invalid",
    ),
    "one huge entry": (
        b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Binary","data":"'
        + b"A" * (9 * 1024 * 1024)
        + b'"}}]}',
        413,
        "too-costly",
    ),
    "a resource too large to take": (
        json.dumps(bundle(entry(PATIENT | {"text": {"div": "x" * 1_100_000}}))).encode(),
        400,
        "invalid",
    ),
}


@pytest.mark.parametrize(("raw", "status", "code"), ENVELOPES.values(), ids=ENVELOPES.keys())
def test_bad_bundles(client: FlaskClient, registry: Backend, raw: bytes, status: int, code: str) -> None:
    """A bundle that is wrong anywhere is one OperationOutcome, and nothing of it reaches the registry."""
    answer = client.post("/fhir/R4", data=raw, content_type=FHIR)
    assert (answer.status_code, outcome_of(answer)["issue"][0]["code"]) == (status, code)
    assert registry.of("ImportFhir") == []


def test_errors_hold_no_content(client: FlaskClient) -> None:
    """What is said of a broken bundle never repeats what stood in it."""
    raw = b'{"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {"name": "Muster" "x"}}]}'
    assert b"Muster" not in client.post("/fhir/R4", data=raw, content_type=FHIR).data


def test_transaction_over_the_limit(client: FlaskClient, registry: Backend) -> None:
    """A transaction too large for one call is refused whole, with the way out."""
    big = [entry(PATIENT | {"id": f"p{n}", "text": {"div": "x" * 400_000}}) for n in range(9)]
    answer = post(client, bundle(*big))
    assert answer.status_code == 413
    assert "batch" in outcome_of(answer)["issue"][0]["diagnostics"]
    assert registry.of("ImportFhir") == []
    assert post(client, bundle(*big, kind="batch")).status_code == 200


class Endless:
    """A bundle of many observations and a few patients, made while it is read."""

    def __init__(self, megabytes: int) -> None:
        self._parts = self._make(megabytes)
        self._rest = b""
        self.size = 0

    def _make(self, megabytes: int) -> Iterator[bytes]:
        observation = json.dumps(entry({"resourceType": "Observation", "note": [{"text": "x" * 2000}]})).encode()
        yield b'{"resourceType":"Bundle","entry":['
        yield json.dumps(entry(PATIENT)).encode()
        for _ in range(megabytes * 1024 * 1024 // len(observation)):
            yield b"," + observation
        yield b'],"type":"batch"}'

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            part = next(self._parts, None)
            if part is None:
                break
            self._rest += part
        part, self._rest = self._rest[:size], self._rest[size:]
        self.size += len(part)
        return part


def test_memory_is_bounded() -> None:
    """A bundle of 40 MB, its type at the very end, is read in little memory."""
    source = Endless(40)
    tracemalloc.start()
    try:
        spooled = read_bundle(source)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert source.size > 35 * 1024 * 1024
    assert (spooled.bundle_type, [one.index for one in spooled.taken()]) == ("batch", [0])
    assert peak < 6 * 1024 * 1024
    spooled.close()


def test_many_different_claims_are_kept_on_disk() -> None:
    """More different payer hints than are remembered at a time all arrive."""
    from gateway.fhir import bundle as module

    count = module.MAX_HINTS + 50
    entries = [entry(claim(n, f"payer {n}", "2020-01-01")) for n in range(count)]
    spooled = read_bundle(io.BytesIO(json.dumps(bundle(*entries, kind="batch")).encode()))
    assert sum(1 for _ in spooled.taken()) == count
    spooled.close()


@pytest.mark.parametrize(
    ("kind", "accept", "status"),
    [("text/plain", FHIR, 415), ("application/fhir+xml", FHIR, 415), (FHIR, "application/fhir+xml", 406)],
)
def test_formats(client: FlaskClient, kind: str, accept: str, status: int) -> None:
    """JSON only, said as an OperationOutcome."""
    answer = client.post("/fhir/R4", data=b"{}", content_type=kind, headers={"Accept": accept})
    assert answer.status_code == status
    outcome_of(answer)


def test_metadata(gateway: Any) -> None:
    """The CapabilityStatement is public and valid."""
    answer = gateway(public_url="https://clinic.example.org").get("/fhir/R4/metadata")
    CapabilityStatement.model_validate(answer.json)
    assert answer.json["fhirVersion"] == "4.0.1"
    assert answer.json["implementation"]["url"] == "https://clinic.example.org/fhir/R4"


def test_read(client: FlaskClient, backend: Backend) -> None:
    """A patient is answered as the registry maps it, with its version as ETag."""
    body = httpbody_pb2.HttpBody(content_type=FHIR, data=json.dumps(PATIENT).encode())
    backend.answers["GetFhirPatient"] = lambda request: registry_pb2.FhirResource(body=body, version=4)
    answer = client.get("/fhir/R4/Patient/0192F0AA-7000-7000-8000-000000000001")
    assert (answer.json, answer.content_type, answer.headers["ETag"]) == (PATIENT, FHIR, 'W/"4"')
    assert backend.last.request.patient_id == "0192f0aa-7000-7000-8000-000000000001"


@pytest.mark.parametrize(
    "path", ["/fhir/R4/Patient/not-a-uuid", "/fhir/R4/Observation", "/fhir/R4/Patient/a/b", "/fhir"]
)
def test_not_found(client: FlaskClient, path: str) -> None:
    """What is not there is an OperationOutcome too."""
    answer = client.get(path)
    assert (answer.status_code, outcome_of(answer)["issue"][0]["code"]) == (404, "not-found")


def test_search(client: FlaskClient, backend: Backend) -> None:
    """Search parameters go to the registry as they are, from the query or from a form."""
    body = httpbody_pb2.HttpBody(data=json.dumps({"resourceType": "Bundle", "type": "searchset"}).encode())
    backend.answers["SearchFhirPatients"] = lambda request: registry_pb2.FhirSearchset(body=body)
    answer = client.get("/fhir/R4/Patient?family:exact=Mu%C3%B1oz&birthdate=ge1970&birthdate=lt1980&_format=json")
    assert answer.json["type"] == "searchset"
    request = backend.last.request
    assert [(each.name, each.value) for each in request.parameters] == [
        ("family:exact", "Muñoz"),
        ("birthdate", "ge1970"),
        ("birthdate", "lt1980"),
    ]
    assert request.base_url == "http://localhost/fhir/R4"
    client.post("/fhir/R4/Patient/_search", data={"name": "smith"})
    assert backend.last.request.parameters[0].value == "smith"


def test_unknown_parameters_are_left_out_for_whom_prefers_so(client: FlaskClient, backend: Backend) -> None:
    """With Prefer: handling=lenient a parameter that is not served is left out, and the answer says which; strict refuses it."""
    body = httpbody_pb2.HttpBody(data=json.dumps({"resourceType": "Bundle", "type": "searchset"}).encode())
    backend.answers["SearchFhirPatients"] = lambda request: registry_pb2.FhirSearchset(body=body)
    path = "/fhir/R4/Patient?family=smith&shoe-size=42&_pretty=true"
    answer = client.get(path, headers={"Prefer": "respond-async; handling=lenient"})
    (said,) = answer.json["entry"]
    assert (said["search"], said["resource"]["issue"][0]["expression"]) == ({"mode": "outcome"}, ["shoe-size"])
    Bundle.model_validate(answer.json)
    assert [each.name for each in backend.last.request.parameters] == ["family"]
    client.get(path, headers={"Prefer": "handling=strict"})
    assert [each.name for each in backend.last.request.parameters] == ["family", "shoe-size"]


def test_a_search_names_the_parameter_that_is_too_long(client: FlaskClient) -> None:
    """What is wrong is said of the parameter, not of a field of ours."""
    answer = client.get(f"/fhir/R4/Patient?name={'a' * 256}")
    assert (answer.status_code, outcome_of(answer)["issue"][0]["expression"]) == (400, ["name"])


def test_a_byte_order_mark_is_no_content(client: FlaskClient, registry: Backend) -> None:
    """Some systems begin their exports with one."""
    raw = b"\xef\xbb\xbf" + json.dumps(bundle(entry(PATIENT))).encode()
    assert client.post("/fhir/R4", data=raw, content_type=FHIR).status_code == 200


def test_a_compressed_bundle_is_refused_as_such(client: FlaskClient) -> None:
    """It is told to come uncompressed, not that it is no JSON."""
    headers = {"Content-Encoding": "gzip"}
    answer = client.post("/fhir/R4", data=b"\x1f\x8b", content_type=FHIR, headers=headers)
    assert (answer.status_code, "uncompressed" in outcome_of(answer)["issue"][0]["diagnostics"]) == (415, True)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
def test_a_bundle_that_asks_is_told_what_a_bundle_may_do(client: FlaskClient, method: str) -> None:
    """Entries that read or delete are named by their method."""
    raw = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": method, "url": "Patient?name=x"}}],
    }
    (said,) = outcome_of(client.post("/fhir/R4", json=raw, content_type=FHIR))["issue"]
    assert (said["expression"], method in said["diagnostics"]) == (["Bundle.entry[0].request.method"], True)


@pytest.mark.parametrize("query", ["name=%00", "%00=x"])
def test_search_characters(client: FlaskClient, query: str) -> None:
    """NUL in a search is refused."""
    answer = client.get(f"/fhir/R4/Patient?{query}")
    assert (answer.status_code, outcome_of(answer)["issue"][0]["code"]) == (400, "invalid")


def test_unauthenticated(gateway: Any) -> None:
    """Without a token FHIR answers 401 as an OperationOutcome, before it reads the bundle."""
    answer = gateway().post("/fhir/R4", data=b"{", content_type=FHIR)
    assert (answer.status_code, outcome_of(answer)["issue"][0]["code"]) == (401, "login")


def test_registry_goes_away_in_the_middle(client: FlaskClient, registry: Backend) -> None:
    """When the registry fails after some parts, the answer says so and to send the same again."""
    take = registry.answers["ImportFhir"]

    def fail_second(request: Any) -> Any:
        if len(registry.of("ImportFhir")) == 2:
            raise errors.Unavailable
        return take(request)

    registry.answers["ImportFhir"] = fail_second
    people = [entry(PATIENT | {"id": f"p{n}"}) for n in range(150)]
    answer = post(client, bundle(*people, kind="batch"))
    assert answer.status_code == 503
    assert outcome_of(answer)["issue"][0]["code"] == "transient"
    assert "Retry-After" in answer.headers
