"""The OpenAPI document and its page, over all real contracts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import protovalidate
import pytest
from flask.testing import FlaskClient
from google.protobuf.descriptor import ServiceDescriptor
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from gateway.transcoding.contracts import find_services
from gateway.transcoding.routes import collect_bindings
from tests.depth import deep

SOME_ID = "01a2027b-4e79-7bc2-a328-82b238ac6c72"


@pytest.fixture(scope="module")
def document(plain: Any) -> dict[str, Any]:
    return plain.test_client().get("/api/openapi.json").json


@deep
def test_valid(document: dict[str, Any]) -> None:
    """The document is valid OpenAPI 3.1, by an outside judge."""
    assert document["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_valid_for_the_viewer(plain: Any) -> None:
    """What the page reads is valid OpenAPI 3.0."""
    document = plain.test_client().get("/api/docs/openapi-3.0.json").json
    assert document["openapi"] == "3.0.3"
    assert [str(error) for error in OpenAPIV30SpecValidator(document).iter_errors()] == []


def test_every_rpc_has_an_operation(document: dict[str, Any]) -> None:
    """Each RPC of each service has an operation that says its permission, audit category and PHI."""
    operations = {
        operation["x-rpc"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
        if "x-rpc" in operation
    }
    for service in find_services():
        for method in service.methods:
            operation = operations[f"{service.full_name}/{method.name}"]
            assert {"x-permission", "x-audit", "x-phi", "x-patient-self"} <= set(operation), method.full_name


def test_every_operation_is_served(document: dict[str, Any], plain: Any) -> None:
    """Each documented path and method has a route, and each route of the API is documented."""
    served = {rule.endpoint for rule in plain.url_map.iter_rules()}
    documented = {f"{verb.upper()} {path}" for path, methods in document["paths"].items() for verb in methods}
    assert documented <= served
    api = {name for name in served if " /api/v1" in name}
    assert api <= documented


def test_constraints(document: dict[str, Any]) -> None:
    """Validation rules are JSON Schema constraints."""
    thing = document["components"]["schemas"]["gallery.v1.Thing"]
    assert thing["properties"]["name"] == {"type": "string", "minLength": 1, "maxLength": 60}
    assert thing["properties"]["tags"] == {
        "type": "array",
        "items": {"type": "string", "maxLength": 20},
        "maxItems": 5,
        "uniqueItems": True,
    }
    assert thing["required"] == ["name"]
    money = document["components"]["schemas"]["types.v1.Money"]
    assert money["properties"]["currency"]["pattern"] == "^$|(?:^[A-Z]{3}$)"
    assert money["properties"]["minor_units"]["type"] == "string"


def test_parameters(document: dict[str, Any]) -> None:
    """Path variables, query parameters, keys and versions are parameters."""
    listing = {each["name"]: each for each in document["paths"]["/api/v1/things"]["get"]["parameters"]}
    assert listing["page_size"]["schema"] == {"type": "integer", "format": "int32", "minimum": 0, "maximum": 500}
    assert listing["day"]["schema"] == {"type": "string", "format": "date"}
    assert listing["colours"]["schema"]["items"]["enum"] == ["COLOUR_UNSPECIFIED", "COLOUR_RED", "COLOUR_BLUE"]
    assert listing["like.price.minor_units"]["in"] == "query"
    create = document["paths"]["/api/v1/things"]["post"]["parameters"]
    assert {"$ref": "#/components/parameters/IdempotencyKeyRequired"} in create
    replace = document["paths"]["/api/v1/things/{thing_id}"]["put"]
    assert {"$ref": "#/components/parameters/IfMatchRequired"} in replace["parameters"]
    body = document["components"]["schemas"]["gallery.v1.ReplaceThingRequest.Body"]
    assert "thing_id" not in body["properties"]


def test_comments_and_reasons(document: dict[str, Any]) -> None:
    """Comments of the contracts are descriptions, and the errors they name are listed."""
    operation = document["paths"]["/api/v1/patients/{patient_id}"]["get"]
    assert operation["description"].startswith("One patient")
    assert "NOT_FOUND" in operation["x-reasons"]
    schema = document["components"]["schemas"]["types.v1.Money"]
    assert schema["description"].startswith("An amount of money")


def test_descriptions_say_errors_and_access_apart(document: dict[str, Any]) -> None:
    """What an operation may answer and who may call it stand in paragraphs of their own."""
    operation = document["paths"]["/api/v1/appointments"]["post"]
    paragraphs = operation["description"].split("\n\n")
    assert paragraphs[0].startswith("Books a held time")
    assert paragraphs[1].startswith("**Errors:** `SLOT_TAKEN` (409)")
    assert paragraphs[-1] == (
        "**Access:** needs the permission `appointment.book`; patients may call it for themselves; writes health information."
    )
    assert operation["tags"] == ["Scheduling"]


def test_groups_have_a_name_and_a_purpose(document: dict[str, Any]) -> None:
    """Operations are grouped by service, under names people write, each with a sentence about it."""
    groups = {tag["name"]: tag["description"] for tag in document["tags"] if tag["name"] != "Gallery"}
    assert next(iter(groups)) == "Identity"
    assert "Patient registry" in groups
    assert [name for name, text in groups.items() if len(text) < 20] == []


def test_every_example_is_a_valid_request(services: list[ServiceDescriptor], document: dict[str, Any]) -> None:
    """The examples of the contracts are read and pass every rule, so that a newcomer can send them as they are."""
    validator, seen = protovalidate.Validator(), 0
    for binding in collect_bindings(services):
        operation = document["paths"][binding.url][binding.verb.lower()]
        example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        if example is None:
            continue
        assert "Example:" not in operation["description"]
        ids = ["2026" if path == ("year",) else SOME_ID for path in binding.path.variables]
        request = binding.reader.read(ids, (), json.dumps(example).encode(), "application/json", 1)
        assert list(validator.collect_violations(request)) == [], binding.rpc.full_name
        seen += 1
    assert seen >= 15
    # A browser signs in with the same body as a program.
    bodies = [
        document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
        for path in ("/auth/sign-in", "/api/v1/sessions")
    ]
    assert bodies[0] == bodies[1]


def test_a_read_takes_no_version(document: dict[str, Any]) -> None:
    """If-Match is for changes: a read whose `version` says which one is wanted does not ask for it."""
    for path, methods in document["paths"].items():
        references = [each.get("$ref", "") for each in methods.get("get", {}).get("parameters", ())]
        assert not [each for each in references if "IfMatch" in each], path


def test_the_viewer_asks_for_a_token_only(plain: Any) -> None:
    """The browser sends cookies by itself, so the page's sign-in box has one field: the bearer token."""
    document = plain.test_client().get("/api/docs/openapi-3.0.json").json
    assert list(document["components"]["securitySchemes"]) == ["bearer"]
    assert document["paths"]["/api/v1/me"]["get"]["security"] == [{"bearer": []}]


def test_the_viewer_fills_in_nothing_by_itself(plain: Any) -> None:
    """A filter that nobody has typed is empty on the page; made-up answers show values that occur."""
    document = plain.test_client().get("/api/docs/openapi-3.0.json").json
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                assert "example" not in parameter.get("schema", {}), (path, parameter["name"])
    modality = document["components"]["schemas"]["scheduling.v1.Appointment"]["properties"]["modality"]
    assert modality["example"] == "MODALITY_IN_PERSON"


def test_problem_types_lead_somewhere(plain: Any) -> None:
    """The type of a problem names the operations that answer it."""
    answer = plain.test_client().get("/api/problems/SLOT_TAKEN").json
    assert "Scheduling.BookAppointment" in [each["operation"] for each in answer["operations"]]


def test_page(gateway: Callable[..., FlaskClient]) -> None:
    """The page and its assets come from here, under a policy that allows no inline script."""
    client = gateway()
    page = client.get("/api/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    text = page.get_data(as_text=True)
    assert "<script>" not in text
    assert "https://" not in text
    for part in text.split('"'):
        if part.startswith("/api/docs/assets/"):
            assert client.get(part).status_code == 200, part
    assert client.get("/api/docs/assets/index.html").status_code == 404


def test_document_is_cached_by_its_etag(gateway: Callable[..., FlaskClient]) -> None:
    """A client that has the document does not get it again."""
    client = gateway()
    etag = client.get("/api/openapi.json").headers["ETag"]
    assert client.get("/api/openapi.json", headers={"If-None-Match": etag}).status_code == 304


def test_no_two_operations_share_a_route(services: list[ServiceDescriptor]) -> None:
    """No contract takes another one's method and path."""
    seen: dict[str, str] = {}
    for binding in collect_bindings(services):
        key = f"{binding.verb} {mounted(binding.url)}"
        assert key not in seen, f"{binding.rpc.full_name} and {seen[key]} both take {key}"
        seen[key] = binding.rpc.full_name


def mounted(url: str) -> str:
    """A path with its variables' names left out: two that differ only there are the same to a router."""
    import re

    return re.sub(r"\{[^}]*\}", "{}", url)
