"""Scheduling as the FHIR endpoint calls it: its RPCs by name, as the caller, and a tenant's appointment types by what FHIR calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Request, Response
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from chassis import descriptors
from chassis.errors import InvalidInput, NotFound, Unavailable, Violation
from gateway.api import read_body
from gateway.edge import Exchange
from gateway.fhir import references
from gateway.fhir.outcome import fhir_response
from gateway.transcoding.problems import UnsupportedMediaType
from gateway.transcoding.scalars import text_problem

SCHEDULING = "polyclinic.scheduling.v1.Scheduling"
SERVICE = "scheduling"
MAX_SEARCH_BYTES = 16 * 1024
FORM = "application/x-www-form-urlencoded"
# Types are few; a page of them is all of them.
TYPES_PAGE = 500


class Clinic:
    """Calls scheduling for one request after the other; holds nothing of any of them."""

    def __init__(self, services: Iterable[ServiceDescriptor], base: Callable[[Request], str]) -> None:
        found = next((service for service in services if service.full_name == SCHEDULING), None)
        self._methods: Mapping[str, MethodDescriptor] = dict(found.methods_by_name) if found is not None else {}
        self.base = base

    def request(self, method: str, **fields: Any) -> Any:
        """A request of an RPC."""
        return self._rpc(method).request_class(**fields)

    def call(self, exchange: Exchange, method: str, request: Any, key: str = "") -> Any:
        """The answer of an RPC, as the caller. Raises grpc.RpcError, Unavailable."""
        return exchange.call(SERVICE, self._rpc(method), request, key)

    def types(self, exchange: Exchange) -> list[Any]:
        """The appointment types that the caller may see."""
        request = self.request("ListAppointmentTypes", page_size=TYPES_PAGE)
        return list(self.call(exchange, "ListAppointmentTypes", request).appointment_types)

    def enum(self, method: str, field: str, number: int) -> str:
        """The name of an enum's value in an RPC's answer, without what all its names begin with."""
        message: Any = self._methods[method].output_type
        enum = message.fields_by_name[field].enum_type
        return str(enum.values_by_number[number].name).removeprefix(_prefix(enum))

    def number(self, method: str, field: str, name: str) -> int:
        """The number of such a name in an RPC's request. Raises KeyError."""
        message: Any = self._methods[method].input_type
        enum = message.fields_by_name[field].enum_type
        return int(enum.values_by_name[_prefix(enum) + name].number)

    def _rpc(self, method: str) -> descriptors.Rpc:
        if method not in self._methods:
            raise Unavailable(internal=f"scheduling's contract has no {method}")
        return descriptors.rpc(self._methods[method])


def _prefix(enum: Any) -> str:
    """What the names of an enum begin with: its zero's name ends in UNSPECIFIED."""
    return str(enum.values_by_number[0].name).removesuffix("UNSPECIFIED")


def parameters_of(incoming: Request) -> list[tuple[str, str]]:
    """A search's parameters from the query and, for POST, from the form. Raises InvalidInput, UnsupportedMediaType, BodyTooLarge."""
    pairs = list(incoming.args.items(multi=True))
    if incoming.method == "POST":
        if incoming.mimetype != FORM:
            raise UnsupportedMediaType("Send the search as application/x-www-form-urlencoded.")
        pairs += form(read_body(incoming, MAX_SEARCH_BYTES))
    wrong = [
        Violation(name[:64].encode("ascii", "backslashreplace").decode(), problem)
        for name, value in pairs
        for problem in [text_problem(name) or text_problem(value)]
        if problem is not None
    ]
    if wrong:
        raise InvalidInput(wrong)
    return pairs


def form(raw: bytes) -> list[tuple[str, str]]:
    """The fields of a form. Raises InvalidInput."""
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError:
        raise InvalidInput([Violation("", "the form cannot be read")]) from None


def link(base: str, path: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The URL of a search with these parameters."""
    query = urlencode([(name, value) for name, value in pairs if name != "_format"])
    return f"{base}/{path}?{query}" if query else f"{base}/{path}"


def versioned(resource: dict[str, Any], status: int = 200) -> Response:
    """A resource with its version as ETag."""
    response = fhir_response(resource, status)
    version = resource.get("meta", {}).get("versionId")
    if version:
        response.headers["ETag"] = f'W/"{version}"'
    return response


def type_of(types: Iterable[Any], *, tail: bytes = b"", code: str = "") -> Any:
    """The type with this end of its id or this code. Raises NotFound."""
    for one in types:
        if (tail and references.tail(one.appointment_type_id) == tail) or (code and one.code == code):
            return one
    raise NotFound("appointment type")
