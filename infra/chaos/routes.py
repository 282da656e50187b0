"""Which RPC of which service answers a request, as the contracts say."""

from __future__ import annotations

import re
from dataclasses import dataclass

from google.api import annotations_pb2

from infra.day.invariants.audit import contracts

FHIR = "/fhir/"


@dataclass(frozen=True)
class Route:
    """An RPC behind a method and a path."""

    service: str
    rpc: str


class Routes:
    """All REST bindings of all contracts."""

    def __init__(self) -> None:
        self._known: list[tuple[str, re.Pattern[str], Route]] = []
        for contract in contracts():
            for service in contract.services_by_name.values():
                for method in service.methods:
                    binding = method.GetOptions().Extensions[annotations_pb2.http]
                    for http in (binding, *binding.additional_bindings):
                        verb = http.WhichOneof("pattern")
                        if verb in {"get", "post", "put", "patch", "delete"}:
                            route = Route(contract.package.split(".")[1], method.name)
                            self._known.append((verb.upper(), pattern_of(getattr(http, verb)), route))

    def find(self, method: str, path: str) -> Route:
        """The route of a request. LookupError when no contract knows it."""
        bare = path.partition("?")[0]
        if bare.startswith(FHIR):
            return Route("patient_registry", "ImportFhir" if method == "POST" else "SearchFhirPatients")
        for verb, pattern, route in self._known:
            if verb == method and pattern.fullmatch(bare):
                return route
        raise LookupError(f"no contract answers {method} {bare}")


def pattern_of(template: str) -> re.Pattern[str]:
    """A path template (``/v1/appointments/{appointment_id}:move``) as what matches its requests below ``/api``."""
    parts = re.split(r"\{[^}]+\}", template)
    return re.compile("/api" + "[^/:]+".join(re.escape(part) for part in parts))
