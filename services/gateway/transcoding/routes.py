"""The REST bindings of all services (``option (google.api.http)``), collected once at start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from chassis import descriptors
from gateway.transcoding.contracts import service_key
from gateway.transcoding.reader import RequestReader
from gateway.transcoding.shapes import Shapes
from gateway.transcoding.templates import PathTemplate, parse_template

API_PREFIX = "/api"
_PATTERNS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True)
class Binding:
    """One way to call an RPC over HTTP."""

    rpc: descriptors.Rpc
    method: MethodDescriptor
    # The deployed service that answers it, e.g. "billing".
    service: str
    verb: str
    path: PathTemplate
    # "" none, "*" the whole request, else the field that the body is.
    body: str
    # The field of the answer that is the body; "" is the whole answer.
    response_body: str
    reader: RequestReader
    # False for additional_bindings.
    primary: bool

    @property
    def url(self) -> str:
        """The path template as it is served, e.g. ``/api/v1/patients/{patient_id}``."""
        return mount(self.path.label, self.rpc.webhook)


def collect_bindings(services: Iterable[ServiceDescriptor]) -> list[Binding]:
    """Every binding of every RPC. Raises TemplateError or ValueError when a contract cannot be served."""
    shapes = Shapes()
    found: list[Binding] = []
    for service in services:
        for method in service.methods:
            found.extend(_bindings(method, service_key(service), shapes))
    return found


def mount(template: str, webhook: bool) -> str:
    """Where a template is served: under /api, webhooks at the root without their version (outside parties keep URLs
    for years)."""
    if webhook:
        return template.removeprefix("/v1")
    return API_PREFIX + template


def _bindings(method: MethodDescriptor, service: str, shapes: Shapes) -> Iterator[Binding]:
    options = method.GetOptions()
    if not options.HasExtension(annotations_pb2.http):
        return
    rule = options.Extensions[annotations_pb2.http]
    for index, each in enumerate([rule, *rule.additional_bindings]):
        verb, template = _pattern(method, each)
        path = parse_template(template)
        rpc = descriptors.rpc(method)
        yield Binding(
            rpc=rpc,
            method=method,
            service=service,
            verb=verb,
            path=path,
            body=each.body,
            response_body=each.response_body,
            reader=RequestReader(rpc.request_class, path.variables, each.body, shapes, derive_mask=verb == "PATCH"),
            primary=index == 0,
        )


def _pattern(method: MethodDescriptor, rule: http_pb2.HttpRule) -> tuple[str, str]:
    kind = rule.WhichOneof("pattern")
    if kind in _PATTERNS:
        return kind.upper(), getattr(rule, kind)
    if kind == "custom":
        return rule.custom.kind.upper(), rule.custom.path
    raise ValueError(f"{method.full_name}: its HTTP rule has no path")
