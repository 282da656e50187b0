"""Contracts that cannot be served are refused at start, by name."""

from __future__ import annotations

import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import ServiceDescriptor

from gateway.transcoding.contracts import find_services, service_key
from gateway.transcoding.reader import RequestReader
from gateway.transcoding.routes import collect_bindings
from gateway.transcoding.shapes import Shapes
from gateway.transcoding.templates import TemplateError, parse_template


def test_services_are_found_without_being_named() -> None:
    """Every service of the generated package is found under the name it is deployed by."""
    names = {service_key(service) for service in find_services()}
    assert {"identity", "patient_registry", "scheduling", "billing", "notifications", "telehealth"} <= names


def test_every_rpc_of_every_service_has_a_binding() -> None:
    """No RPC is out of reach over REST."""
    services = find_services()
    bound = {binding.rpc.full_name for binding in collect_bindings(services)}
    every = {f"{service.full_name}/{method.name}" for service in services for method in service.methods}
    assert every - bound == set()


@pytest.mark.parametrize(
    "template", ["v1/things", "/v1/th ings", "/v1/{a", "/v1/{a=b{c}}", "/v1/ünicode", "/v1/{a=x y}"]
)
def test_malformed_templates(template: str) -> None:
    """A template outside its grammar is refused."""
    with pytest.raises(TemplateError):
        parse_template(template)


@pytest.mark.parametrize(
    ("variables", "body"),
    [((("nope",),), ""), ((("thing", "nope"),), ""), ((("thing",),), ""), ((("thing", "tags"),), ""), ((), "nope")],
)
def test_bindings_that_name_missing_fields(
    gallery: ServiceDescriptor, variables: tuple[tuple[str, ...], ...], body: str
) -> None:
    """A path or a body that names a field which is not there, or cannot be in a path, is refused."""
    made = message_factory.GetMessageClass(gallery.methods_by_name["UpdateThing"].input_type)
    with pytest.raises(ValueError, match=r"polyclinic\.gallery\.v1\.UpdateThingRequest"):
        RequestReader(made, variables, body, Shapes())
