"""The OpenAPI document that the running gateway serves."""

from __future__ import annotations

from google.api import annotations_pb2
from google.protobuf import descriptor_pb2
from infra.local.plan import ROOT
from openapi_spec_validator import OpenAPIV31SpecValidator
from polyclinic.options.v1 import options_pb2

from tests.depth import deep
from tests.journeys.house import House

VERBS = ("get", "put", "post", "delete", "patch")
HTTP, ACCESS = annotations_pb2.http, options_pb2.access


@deep
def test_the_document_is_valid(house: House) -> None:
    """The served document is valid OpenAPI 3.1, and its page is there without any other host."""
    answer = house.ask(None, "GET", "/api/openapi.json")
    assert answer.status == 200
    assert [str(error) for error in OpenAPIV31SpecValidator(answer.body).iter_errors()] == []
    page = house.page("/api/docs")
    assert "://" not in page.replace(house.url, "").replace("http://www.w3.org", "")


def test_every_rpc_with_a_binding_has_its_operation(house: House) -> None:
    """Each binding of each contract is one operation that names its RPC, and there are no others below /api/v1."""
    bound = bindings()
    assert len(bound) > 150
    document = house.ask(None, "GET", "/api/openapi.json").body
    operations = {
        (verb, path): operation
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
        if verb in VERBS and "x-rpc" in operation
    }
    assert {(verb, path): operation["x-rpc"] for (verb, path), operation in operations.items()} == bound


def bindings() -> dict[tuple[str, str], str]:
    """(verb, path as served) → full RPC name, read from the built contracts and from nothing else."""
    image = descriptor_pb2.FileDescriptorSet.FromString((ROOT / "build" / "protos" / "image.binpb").read_bytes())
    found: dict[tuple[str, str], str] = {}
    for file in image.file:
        for service in file.service:
            for method in service.method:
                rule = method.options.Extensions[HTTP]
                verb = rule.WhichOneof("pattern")
                if verb is None:
                    continue
                path = getattr(rule, verb)
                webhook = method.options.Extensions[ACCESS].webhook
                served = path.removeprefix("/v1") if webhook else f"/api{path}"
                found[verb, served] = f"{file.package}.{service.name}/{method.name}"
    return found
